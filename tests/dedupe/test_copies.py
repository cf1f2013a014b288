"""Copies, judged one after the other as they arrive: what joins a story, what opens one, and why."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.dedupe.likeness import compare, discounts, profile
from etl.dedupe.signature import signature_keys
from etl.dedupe.verdict import (
    ROWS_PER_KEY,
    TEXTS_MAX,
    Document,
    Finding,
    Stored,
    find_copy,
    keys_to_store,
    rank_candidates,
)
from etl.model import CopyOf, New

from .texts import STORIES

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
LANGUAGES = list(STORIES)


class Desk:
    """Articles as they arrive, with the store's tables as dictionaries."""

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = defaultdict(list)
        self.stored: dict[int, Stored] = {}

    def receive(self, title: str, text: str, *, host: str = "one.example", hours: float = 0.0) -> Finding:
        document = Document(title, text, host, NOON + timedelta(hours=hours))
        keys = signature_keys(title, text)
        rows = [(key, other) for key in keys for other in self.rows[key]]
        finding = find_copy(document, [self.stored[number] for number in rank_candidates(rows)])
        number = len(self.stored) + 1
        story = finding.verdict.story_id if isinstance(finding.verdict, CopyOf) else number
        self.stored[number] = Stored(number, story, document)
        for key in keys_to_store(keys, rows, finding.verdict):
            self.rows[key].append(number)
        return finding


def truncated(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines[: len(lines) // 2])


def framed(text: str) -> str:
    return f"NORWICK (Agency) - {text}\nReporting by the desk; editing by another desk.\nAll rights reserved. Do not republish."


def copy_edited(text: str) -> str:
    """Replace every twelfth word (every twentieth character where words are not spaced)."""
    parts = re.split(r"(\s+)", text) if " " in text else list(text)
    step = 24 if " " in text else 20
    for place in range(step, len(parts), step):
        if not any(map(str.isdigit, parts[place])) and parts[place].strip():
            parts[place] = "ゆ" if step == 20 else "edited"
    return "".join(parts)


def shuffled(text: str) -> str:
    lines = text.splitlines()
    random.Random(7).shuffle(lines)
    return "\n".join(lines)


def updated(text: str) -> str:
    return f"{text}\n{text.splitlines()[-1][::-1]}"


EDITS = [truncated, framed, copy_edited, shuffled, updated, str.upper]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_edited_copy_of_another_publisher_joins_the_story(language, edit):
    desk = Desk()
    for title, text in STORIES.values():
        assert isinstance(desk.receive(title, text).verdict, New)
    title, text = STORIES[language]
    verdict = desk.receive(title, edit(text), host="two.example", hours=5).verdict
    assert isinstance(verdict, CopyOf)
    assert verdict.article_id == verdict.story_id == LANGUAGES.index(language) + 1
    assert verdict.similarity > 0.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_full_story_joins_the_teaser_that_came_first(language):
    title, text = STORIES[language]
    desk = Desk()
    desk.receive(title, "\n".join(text.splitlines()[:2]))
    assert isinstance(desk.receive(title, text, host="two.example", hours=1).verdict, CopyOf)


TEMPLATES = {
    "en": "{town} will see a high of {a} degrees and a low of {b} on Wednesday, forecasters said. Winds from the west reach {c} "
    "kilometres an hour in the afternoon, with gusts of {d} on the coast. The chance of rain is {e} per cent before noon. The sun "
    "rises at 6:{f} and sets at 19:{g}. The outlook for the weekend remains unsettled in the whole region.",
    "de": "Der Aktienkurs von {town} ist am Mittwoch um {a},{b} Prozent auf {c},{d} Euro gestiegen. Das Handelsvolumen lag bei {e} "
    "Stück und damit über dem Durchschnitt der vergangenen {f} Tage. Analysten rechnen für das laufende Jahr mit einem Gewinn von "
    "{g} Cent je Aktie. Der Leitindex schloss am selben Tag kaum verändert, während der Nebenwerteindex leicht nachgab.",
    "ja": "{town}の水曜日の最高気温は{a}度、最低気温は{b}度の見込み。西の風が午後に毎時{c}キロ、海岸では{d}キロに達する。"
    "正午までの降水確率は{e}パーセント。日の出は6時{f}分、日の入りは19時{g}分。週末の天気は地域全体で不安定な状態が続くとみられている。",
    "ar": "تبلغ درجة الحرارة العظمى في {town} يوم الأربعاء {a} درجة والصغرى {b} درجة وفق خبراء الأرصاد. وتهب رياح غربية "
    "بسرعة {c} كيلومترا في الساعة بعد الظهر وتصل على الساحل إلى {d} كيلومترا. ويبلغ احتمال المطر {e} في المئة قبل الظهر. "
    "وتشرق الشمس عند 6:{f} وتغرب عند 19:{g}. وتبقى الأجواء غير مستقرة في المنطقة كلها في نهاية الأسبوع.",
}


@pytest.mark.parametrize("language", list(TEMPLATES))
def test_templates_with_other_figures_are_stories_of_their_own(language):
    dice = random.Random(language)
    desk = Desk()
    for day in range(12):
        town = ["Norwick", "Tarnby", "Eldham", "Oxmoor"][day % 4]
        figures = {name: dice.randint(10, 59) for name in "abcdefg"}
        finding = desk.receive(f"{town} {day}", TEMPLATES[language].format(town=town, **figures), hours=24 * day)
        assert isinstance(finding.verdict, New), finding.trials[0].reason


def test_a_template_has_copies_too():
    desk = Desk()
    texts = [
        TEMPLATES["en"].format(town=town, **{name: 10 + 7 * day + step for step, name in enumerate("abcdefg")})
        for day, town in enumerate(["Norwick", "Tarnby", "Eldham", "Oxmoor", "Harrow"])
    ]
    for day, text in enumerate(texts):
        desk.receive("Weather", text, hours=24 * day)
    verdict = desk.receive("Weather", framed(texts[4]), host="two.example", hours=97).verdict
    assert isinstance(verdict, CopyOf)
    assert verdict.story_id == 5


def test_other_texts_under_one_headline_are_no_copies():
    desk = Desk()
    for _, text in STORIES.values():
        assert isinstance(desk.receive("Correction", text).verdict, New)


def test_a_digest_that_quotes_stories_is_none_of_them():
    desk = Desk()
    for language in ("en", "fr", "de", "es"):
        desk.receive(*STORIES[language])
    digest = "\n".join("\n".join(STORIES[language][1].splitlines()[:2]) for language in ("en", "fr", "de", "es"))
    assert isinstance(desk.receive("The week in brief", digest, host="two.example").verdict, New)


def test_a_story_that_was_quoted_whole_in_a_long_digest_is_not_its_copy():
    short = STORIES["es"][1]
    digest = "\n".join([STORIES[language][1] for language in ("en", "fr", "de")] + [short])
    desk = Desk()
    desk.receive("The week in brief", digest)
    assert isinstance(desk.receive("Libros", short, host="two.example").verdict, New)


def test_a_follow_up_that_repeats_the_background_is_a_new_story():
    title, text = STORIES["en"]
    lines = text.splitlines()
    follow_up = "\n".join(
        [
            "Both engines of the Norwick ferry failed within an hour on Sunday, stranding 71 passengers in the strait.",
            "A fishing boat towed the vessel to the western quay shortly before dusk, and nobody was hurt.",
            "The operator blamed contaminated fuel and cancelled all crossings until Thursday at the earliest.",
            "Commuters now have to take the road around the bay, which is 58 kilometres longer.",
            lines[0],
        ]
    )
    desk = Desk()
    desk.receive(title, text)
    assert isinstance(desk.receive("Ferry breaks down days after vote", follow_up, hours=120).verdict, New)


def test_a_notice_of_the_site_is_no_text():
    desk = Desk()
    desk.receive("Harbour vote", "Please subscribe to read on.")
    assert isinstance(desk.receive("Bridge plan", "Please subscribe to read on.").verdict, New)


def test_every_candidate_has_a_line_that_says_why():
    title, text = STORIES["en"]
    desk = Desk()
    desk.receive(title, text)
    desk.receive("Brief", "\n".join(text.splitlines()[:1] + STORIES["de"][1].splitlines()))
    finding = desk.receive(title, framed(text), host="two.example", hours=3)
    assert isinstance(finding.verdict, CopyOf)
    assert [trial.taken for trial in finding.trials] == [True, False]
    assert [trial.article_id for trial in finding.trials] == [1, 2]
    assert finding.trials[0].points > 0 > finding.trials[1].points
    assert finding.trials[0].reason.startswith("a copy (+")
    assert "share" in finding.trials[1].reason
    assert finding.verdict.reason == finding.trials[0].reason


def test_candidates_are_ranked_by_rare_shared_keys():
    rows = [(1, 10), (1, 11), (1, 12), (2, 10), (3, 13), (3, 13), (4, 11), (4, 12)]
    assert rank_candidates(rows) == [10, 13, 11, 12]
    assert rank_candidates(rows, limit=2) == [10, 13]
    assert rank_candidates([]) == []
    assert len(rank_candidates([(key, key) for key in range(50)])) == TEXTS_MAX


def test_a_key_is_kept_until_it_has_its_rows_and_by_copies_only_when_nobody_has_it():
    rows = [(1, article) for article in range(ROWS_PER_KEY)] + [(2, 7)]
    assert keys_to_store([1, 2, 3], rows, New("")) == [2, 3]
    assert keys_to_store([1, 2, 3], rows, CopyOf(7, 7, 1.0, "")) == [3]


def test_template_pairs_count_less_the_more_stories_have_them():
    texts = [TEMPLATES["en"].format(town="Norwick", **dict.fromkeys("abcdefg", figure)) for figure in (11, 23, 37)]
    new, *others = [profile("", text) for text in texts]
    lost = discounts(new, [(1, others[0]), (2, others[1])])
    assert set(lost.values()) == {0.5}
    assert compare(new, others[0], lost).share < compare(new, others[0], {}).share
    assert not discounts(new, [(1, others[0]), (1, others[1])]), "one story is no template"


_WORDS = st.lists(
    st.sampled_from(["the", "ferry", "council", "12", "voted", "3,180", "quay", "on", "it", "湖", "明"]), max_size=60
)


@settings(max_examples=200, deadline=None)
@given(_WORDS, _WORDS)
def test_likeness_is_symmetric_and_bounded(one, other):
    first, second = profile("a b", " ".join(one)), profile("a c", " ".join(other))
    likeness, mirrored = compare(first, second, {}), compare(second, first, {})
    assert likeness.points == pytest.approx(mirrored.points) or first.length == second.length
    for part in (likeness.share, likeness.figures, likeness.headline, likeness.middle, likeness.similarity):
        assert 0 <= part <= 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=30))
def test_any_two_texts_are_judged(one, other, title):
    finding = find_copy(Document(title, one), [Stored(1, 1, Document(title, other)), Stored(2, 2, Document("", ""))])
    assert len(finding.trials) == 2
