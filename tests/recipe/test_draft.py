"""etl.recipe.draft: what it writes reads back to the same values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.recipe import SourceRule, draft, read_recipe

SOURCES = st.lists(
    st.builds(
        SourceRule,
        kind=st.sampled_from(["feed", "sitemap"]),
        url=st.from_regex(r"https://[a-z]{1,8}\.org/[!-~é日]{0,20}", fullmatch=True),
        name=st.none(),
        interval_s=st.sampled_from([45.0, 90.0, 900.0, 3600.0, 5400.0, 86_400.0]),
        slowest_s=st.sampled_from([None, 172_800.0]),
        cron=st.sampled_from([None, "0 6 * * *"]),
        follow=st.sampled_from([("related",), ("inline", "most_read")]),
        follow_depth=st.integers(1, 5),
        follow_per_day=st.sampled_from([1, 200, 5000]),
        zone=st.just("Europe/Paris"),
    ),
    max_size=4,
)


@given(SOURCES, st.lists(st.text(max_size=30), max_size=2))
def test_a_draft_reads_back_to_the_same_values(drawn: list[SourceRule], notes: list[str]):
    sources = [
        SourceRule(**{**{name: getattr(one, name) for name in one.__slots__}, "name": str(number)})
        for number, one in enumerate(drawn, start=1)
    ]
    text = draft("https://example.org/", sources=sources, language="fr", country="FR", zone="Europe/Paris", notes=notes)
    recipe = read_recipe(text, name="example", file="example.toml")
    assert recipe.sources == tuple(sources)
    assert (recipe.home, recipe.language, recipe.country) == ("https://example.org/", "fr", "FR")


@pytest.mark.parametrize("note", ["a\nb = 1", "a\rb = 1", "a\x00b", "a\u2028b = 1"])
def test_a_note_stays_a_comment(note: str):
    text = draft("https://example.org/", sources=(), notes=(note,))
    assert read_recipe(text, name="x", file="x.toml").home == "https://example.org/"


def test_what_is_not_known_stands_there_to_fill_in():
    text = draft("https://example.org/", sources=())
    assert '# zone = "Europe/Paris"' in text
    assert read_recipe(text, name="x", file="x.toml").zone is None
