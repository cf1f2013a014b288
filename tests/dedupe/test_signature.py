"""Keys and shingles: the same for ever, shared by what is copied, few."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import compiled
from etl.dedupe import signature
from etl.dedupe.signature import KEYS_MAX, figures, is_unspaced, shingles, signature_keys, words

from .texts import STORIES

LANGUAGES = [pytest.param(*STORIES[language], id=language) for language in STORIES]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Don’t panic: it's 3,180!", ["don", "t", "panic", "it", "s", "3", "180"], id="english"),
        pytest.param("L’ÉTÉ à Orléans", ["l", "été", "à", "orléans"], id="accents and case"),
        pytest.param("Straße\u00adnbau", ["straßenbau"], id="soft hyphen"),
        pytest.param("كِتَابٌ جـديـد", ["كتاب", "جديد"], id="vowel signs and tatweel"),
        pytest.param("東京で3人", ["東", "京", "で", "3", "人"], id="characters and figures"),
        pytest.param("snake_case", ["snake", "case"], id="underscore"),
        pytest.param("ﬁnance", ["finance"], id="ligature"),
        pytest.param(" \n…— ", [], id="nothing"),
    ],
)
def test_words_are_what_copies_have_in_common(text, expected):
    assert list(words(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("at 1,080 dlrs, 6-3/16 pct, 12:30", {"1,080", "6-3/16", "12:30"}, id="separators inside"),
        pytest.param("in 1987. Then 5.", {"1987", "5"}, id="full stops outside"),
        pytest.param("２，３００万円", {"2,300"}, id="full width"),
        pytest.param("none", set(), id="none"),
    ],
)
def test_figures_keep_their_separators(text, expected):
    assert figures(text) == expected


@pytest.mark.parametrize(("title", "text"), LANGUAGES)
def test_a_teaser_a_truncated_copy_and_a_copy_with_another_opening_share_keys(title, text):
    keys = set(signature_keys(title, text))
    lines = text.splitlines()
    for copy in (
        "\n".join(lines[:1]),
        "\n".join(lines[: len(lines) // 2]),
        "\n".join(["Reuters - Today, from our desk.", *lines]),
    ):
        assert keys & set(signature_keys("another headline", copy))


def test_stories_share_no_keys():
    keys = [set(signature_keys(title, text)) for title, text in STORIES.values()]
    assert sum(map(len, keys)) == len(set.union(*keys))


@pytest.mark.parametrize(("title", "text"), LANGUAGES)
def test_keys_are_few_sorted_distinct_and_fit_an_int4(title, text):
    keys = signature_keys(title, text)
    assert list(keys) == sorted(set(keys))
    assert 7 <= len(keys) <= KEYS_MAX
    assert all(-(2**31) <= key < 2**31 for key in keys)


def test_keys_never_change():
    # Stored keys must meet those of every later release: this value may never be edited.
    assert signature_keys("", "The council voted on Tuesday to keep the old ferry running.") == (
        -1407431903,
        -972693512,
        -681743357,
        -61715648,
        611448709,
        1369509449,
        1541680330,
    )


def test_keys_are_the_same_in_every_process():
    code = "import sys; from etl.dedupe import signature as s; print(s.signature_keys(str(), sys.stdin.buffer.read().decode()))"
    text = STORIES["ja"][1]
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=text.encode(),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert answers == {f"{signature_keys('', text)}\n".encode()}


def test_without_a_text_the_title_is_the_text():
    assert signature_keys("Only a headline came with this video", "") == signature_keys(
        "", "Only a headline came with this video"
    )
    assert signature_keys("", " … ") == ()


@pytest.mark.parametrize(("language", "unspaced"), [(language, language == "ja") for language in STORIES])
def test_scripts_without_spaces_are_seen(language, unspaced):
    assert is_unspaced(words(STORIES[language][1])) is unspaced


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text_has_keys_and_shingles(text, title):
    keys = signature_keys(title, text)
    assert len(keys) <= KEYS_MAX
    assert bool(keys) == bool(words(text) or words(title))
    assert bool(shingles(words(text))) == bool(words(text))


def test_a_hostile_text_is_read_in_part():
    assert len(words("a " * 3_000_000)) == 5_000
    assert signature_keys("", "x" * 3_000_000)


@cache
def python_form():
    """Return the module without its compiled form: under another name it has none."""
    spec = spec_from_file_location("signature_in_python", signature.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Few words, so that runs of them come twice; long ones, other scripts, and what is no word.
WORDS = st.sampled_from(
    ["a", "rain", "été", "Straße", "12", "日本語", "ข่าว", "\u0640", "\ud800", "x_y", "z" * 300, "—"]
)
TEXTS = st.one_of(st.text(), st.lists(WORDS, max_size=300).map(" ".join), st.lists(WORDS, max_size=40).map("".join))


@settings(max_examples=300, deadline=None)
@given(title=TEXTS, text=TEXTS)
def test_the_compiled_form_gives_the_same_keys(title, text):
    if not compiled.in_use()["etl.dedupe.signature"]:
        pytest.skip("not compiled here: `python hatch_build.py`")
    assert signature_keys(title, text) == python_form().signature_keys(title, text)


@pytest.mark.parametrize("count", [1, 4, 5, 6, 4_999, 5_000, 5_001, 20_000])
def test_the_compiled_form_reads_as_many_words(count):
    if not compiled.in_use()["etl.dedupe.signature"]:
        pytest.skip("not compiled here: `python hatch_build.py`")
    text = " ".join(f"w{number}" for number in range(count))
    assert signature_keys("", text) == python_form().signature_keys("", text)
    assert signature_keys("", "日本" * count) == python_form().signature_keys("", "日本" * count)
