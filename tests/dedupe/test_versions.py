"""Versions: what changes an article, how much, and all that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.dedupe.verdict import Version, compare_versions, content_key, version_of
from etl.model import Article, Block, BlockKind, Changed, Image, Link, Moment, Same

from .texts import STORIES

AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
PUBLISHED = Moment(AT, "minute", "2026-03-03T12:00:00Z", "json-ld:datePublished", "UTC")


def article(language: str = "en") -> Article:
    title, text = STORIES[language]
    lines = text.splitlines()
    return Article(
        title=title,
        authors=("Ada Lind", "Norwick Agency"),
        lead=lines[0],
        body=tuple(Block("paragraph", line) for line in lines),
        section="Local",
        language=language,
        published=PUBLISHED,
        links=(Link("https://example.com/other", "related", "Storm closes the coastal railway for a third day", 0),),
    )


def with_block(old: Article, place: int, text: str, kind: BlockKind = "paragraph") -> Article:
    return replace(old, body=(*old.body[:place], Block(kind, text), *old.body[place:]))


def with_text(old: Article, before: str, after: str) -> Article:
    assert any(before in block.text for block in old.body) or before in old.title
    return replace(
        old,
        title=old.title.replace(before, after),
        lead=old.lead.replace(before, after) if old.lead else old.lead,
        body=tuple(replace(block, text=block.text.replace(before, after)) for block in old.body),
    )


SAME = {
    "nothing at all": lambda a: a,
    "straight quotes": lambda a: (
        with_text(with_text(a, "“", '"'), "”", '"') if "“" in a.text else with_text(a, '"', "”")
    ),
    "german quotes": lambda a: with_text(a, '"People', "„People"),
    "white space": lambda a: with_text(a, "council of", "council \u00a0 of"),
    "soft hyphens": lambda a: with_text(a, "engineers", "engi\u00adneers"),
    "dash for hyphen": lambda a: replace(a, title=a.title.replace(" ", " ", 1)),
    "ligature": lambda a: (
        with_text(a, "finance", "ﬁnance") if "finance" in a.text else with_text(a, "favour", "favour\u200b")
    ),
    "a counter in the text": lambda a: with_block(a, 3, "127 comments"),
    "an age in the text": lambda a: with_block(a, 0, "Updated 3 hours ago"),
    "a clock in the text": lambda a: with_block(a, 1, "Stand: 03.03.2026, 14:05 Uhr"),
    "a teaser of a linked article": lambda a: with_block(a, 4, "Storm closes the coastal railway for a third day"),
    "a teaser with an introduction": lambda a: with_block(
        a, 4, "Read also: Storm closes the coastal railway for a third day"
    ),
    "a heading that only names what comes next": lambda a: with_block(a, 3, "Background", "heading"),
    "a slot that stands twice in a list": lambda a: with_block(
        with_block(a, 3, "Advertisement", "list"), 5, "Advertisement", "list"
    ),
    "paragraphs broken elsewhere": lambda a: replace(
        a, body=(*a.body[:2], Block("paragraph", f"{a.body[2].text} {a.body[3].text}"), *a.body[4:])
    ),
    "other related links": lambda a: replace(a, links=()),
    "another image": lambda a: replace(a, image=Image("https://img.example/a.jpg?w=1200", "A ferry")),
    "tags and access": lambda a: replace(a, tags=("ferry",), access="metered"),
    "a newer modification date": lambda a: replace(a, modified=replace(PUBLISHED, at=AT + timedelta(hours=2))),
    "order of authors": lambda a: replace(a, authors=a.authors[::-1]),
    "case of a section": lambda a: replace(a, section="LOCAL"),
    "the same instant elsewhere": lambda a: replace(
        a, published=replace(PUBLISHED, at=AT.astimezone(timezone(timedelta(hours=1))), zone="+01:00")
    ),
    "seconds of the publication": lambda a: replace(a, published=replace(PUBLISHED, at=AT + timedelta(seconds=42))),
    "only the day of publication": lambda a: replace(
        a, published=Moment(AT.replace(hour=0), "day", "March 3, 2026", "label:absolute")
    ),
    "a relative date that drifts": lambda a: replace(
        a, published=Moment(AT + timedelta(hours=3), "minute", "2 hours ago", "label:relative")
    ),
    "a capture without date, author and section": lambda a: replace(a, published=None, authors=(), section=None),
    "a capture without body": lambda a: replace(a, body=()),
    "a capture without title": lambda a: replace(a, title=""),
    "a lead that no longer stands in the text": lambda a: replace(a, body=a.body[1:]),
    "a lead cut short": lambda a: replace(a, lead=(a.lead or "")[:60] + "…"),
    "a lead that is no longer marked": lambda a: replace(a, lead=None),
    "another paragraph of the text as lead": lambda a: replace(a, lead=a.body[1].text),
}

CHANGES = {
    "a corrected figure": (lambda a: with_text(a, "3,180", "3,810"), ("body",), "substantive"),
    "an edited sentence": (
        lambda a: with_text(a, "replace both engines", "replace one engine"),
        ("body",),
        "substantive",
    ),
    "one word that turns the meaning": (
        lambda a: with_text(a, "voted on", "refused on"),
        ("lead",),
        "substantive",
    ),
    "a new paragraph": (
        lambda a: with_block(a, 5, "The mayor resigned on Friday, her office said."),
        ("body",),
        "substantive",
    ),
    "a paragraph less": (lambda a: replace(a, body=a.body[:-1]), ("body",), "substantive"),
    "a new subheading": (lambda a: with_block(a, 3, "42 million too much", "heading"), ("body",), "substantive"),
    "a name in a list": (lambda a: with_block(a, 3, "Ada Lind", "list"), ("body",), "substantive"),
    "a heading in a script without spaces": (
        lambda a: with_block(a, 3, "市長は辞任せず", "heading"),
        ("body",),
        "substantive",
    ),
    "a figure in a list": (lambda a: with_block(a, 3, "Ferry: 9 votes", "list"), ("body",), "substantive"),
    "a corrected spelling": (lambda a: with_text(a, "collected", "colected"), ("body",), "minor"),
    "punctuation": (lambda a: with_text(a, "against after", "against, after"), ("body",), "minor"),
    "paragraphs in another order": (
        lambda a: replace(a, body=(*a.body[:3], a.body[4], a.body[3], *a.body[5:])),
        ("body",),
        "minor",
    ),
    "a new headline": (lambda a: replace(a, title="Norwick keeps ferry after midnight vote"), ("title",), "headline"),
    "case of the headline": (lambda a: replace(a, title=a.title.upper()), ("title",), "minor"),
    "headline and text": (
        lambda a: replace(with_text(a, "3,180", "4,000"), title="Norwick keeps its ferry"),
        ("title", "body"),
        "substantive",
    ),
    "another author": (lambda a: replace(a, authors=("Bo Kern",)), ("authors",), "minor"),
    "another section": (lambda a: replace(a, section="Politics"), ("section",), "minor"),
    "another time": (
        lambda a: replace(a, published=replace(PUBLISHED, at=AT + timedelta(minutes=30))),
        ("published",),
        "minor",
    ),
    "a new lead": (lambda a: replace(a, lead="A midnight vote saved the ferry of Norwick."), ("lead",), "substantive"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_belongs_to_the_page_makes_no_version(name):
    old = article()
    assert isinstance(compare_versions(version_of(old), SAME[name](old)), Same)


@pytest.mark.parametrize("name", CHANGES)
def test_an_edit_makes_one_version_that_says_what_and_how_much(name):
    edit, fields, materiality = CHANGES[name]
    old = article()
    new = edit(old)
    verdict = compare_versions(version_of(old), new)
    assert isinstance(verdict, Changed)
    assert (verdict.fields, verdict.materiality) == (fields, materiality)
    assert content_key(new) != content_key(old)
    assert isinstance(compare_versions(version_of(new), new), Same), "the next visit finds nothing new"


FIGURES = {
    "fr": ("87 400", "87 500"),
    "de": ("8,6", "9,6"),
    "es": ("6.200", "6.300"),
    "ja": ("640人", "660人"),
    "ar": ("112", "113"),
}


@pytest.mark.parametrize("language", FIGURES)
def test_a_figure_is_substantive_in_every_language(language):
    old = article(language)
    verdict = compare_versions(version_of(old), with_text(old, *FIGURES[language]))
    assert isinstance(verdict, Changed)
    assert verdict.materiality == "substantive"
    assert set(verdict.fields) <= {"lead", "body"}


@pytest.mark.parametrize(
    ("language", "typeset"),
    [
        pytest.param(
            "fr", lambda text: text.replace("« ", "“").replace(" »", "”").replace("’", "'"), id="french quotes"
        ),
        pytest.param("de", lambda text: text.replace("»", "„").replace("«", "“"), id="german quotes"),
        pytest.param("es", lambda text: text.replace("«", '"').replace("»", '"'), id="spanish quotes"),
        pytest.param("ja", lambda text: text.replace("2,300", "２，３００").replace("14", "１４"), id="full width"),
        pytest.param("ar", lambda text: text.replace(" ", "\u200f "), id="direction marks"),
    ],
)
def test_typesetting_makes_no_version_in_any_language(language, typeset):
    old = article(language)
    new = replace(
        old,
        lead=typeset(old.lead or ""),
        body=tuple(replace(block, text=typeset(block.text)) for block in old.body),
    )
    assert new.text != old.text
    assert isinstance(compare_versions(version_of(old), new), Same)
    assert content_key(new) == content_key(old)


@pytest.mark.parametrize(
    "label",
    [
        "12 Kommentare",
        "vor 2 Stunden",
        "Il y a 5 min",
        "Lesezeit 4 Min.",
        "1.2k shares",
        "٥ تعليقات",
        "3分前",
        "2026年3月3日 12:00",
    ],
)
def test_labels_of_the_page_make_no_version(label):
    old = article()
    assert isinstance(compare_versions(version_of(old), with_block(old, 2, label)), Same)


def test_a_slot_inside_a_quotation_makes_no_version():
    old = article()
    assert isinstance(compare_versions(version_of(old), with_block(old, 2, "Advertisement", "quote")), Same)


def test_a_paragraph_that_the_page_still_shows_was_not_withdrawn():
    old = article()
    gone = old.body[-1].text
    new = replace(old, body=old.body[:-1])
    assert isinstance(compare_versions(version_of(old), new), Changed)
    assert isinstance(compare_versions(version_of(old), replace(new, beside=(f"{gone} ",))), Same)
    other = replace(new, beside=(gone.replace(" ", " not ", 1),))
    assert isinstance(compare_versions(version_of(old), other), Changed), "edited, and left out of the reading"


LEADS = {
    "shown, then that of the markup": ("shown:place", "og:description", Same),
    "shown, then shown": ("shown:place", "shown:og:description", Changed),
    "of the markup, then shown": ("og:description", "shown:place", Changed),
    "of the markup, then of the markup": ("og:description", "og:description", Changed),
}


@pytest.mark.parametrize(("before", "after", "verdict"), LEADS.values(), ids=LEADS.keys())
def test_a_description_in_the_markup_does_not_replace_a_lead_that_was_shown(before, after, verdict):
    old = replace(article(), lead="Norwick votes at midnight", evidence={"lead": before})
    new = replace(old, lead="All the news of the coast", evidence={"lead": after})
    assert isinstance(compare_versions(version_of(old), new), verdict)


def test_a_teaser_that_only_the_old_capture_linked_to_makes_no_version():
    plain = article()
    old = with_block(plain, 4, "Storm closes the coastal railway for a third day")
    assert isinstance(compare_versions(version_of(old), replace(plain, links=())), Same)


_SENTENCES = st.lists(
    st.sampled_from(
        [
            "The ferry sailed.",
            "It cost 42 pounds.",
            "127 comments",
            "“Yes”, she said.",
            "2 hours ago",
            "Head",
            "湖は静かだ。",
            "",
        ]
    ),
    max_size=6,
)
_ARTICLES = st.builds(
    lambda title, lead, lines, authors, section, minutes: Article(
        title=title,
        lead=lead,
        body=tuple(Block("paragraph", line) for line in lines),
        authors=tuple(authors),
        section=section,
        published=None if minutes is None else replace(PUBLISHED, at=AT + timedelta(minutes=minutes)),
    ),
    st.sampled_from(["", "A ferry", "a ferry", "A “ferry”", 'A "ferry"']),
    st.sampled_from([None, "", "The ferry sailed."]),
    _SENTENCES,
    st.lists(st.sampled_from(["Ada", "ada", "Bo"]), max_size=2),
    st.sampled_from([None, "Local", "local", "World"]),
    st.sampled_from([None, 0, 30]),
)


@settings(max_examples=300, deadline=None)
@given(_ARTICLES, _ARTICLES)
def test_an_equal_content_key_means_same(old, new):
    if content_key(old) == content_key(new):
        assert isinstance(compare_versions(version_of(old), new), Same)


@settings(max_examples=200, deadline=None)
@given(_ARTICLES)
def test_an_article_is_the_same_as_itself(one):
    assert isinstance(compare_versions(version_of(one), one), Same)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_any_text_can_be_compared(title, lead, text):
    old = Article(title=title, lead=lead, body=(Block("paragraph", text),))
    assert len(content_key(old)) == 16
    assert isinstance(compare_versions(Version("", None, ()), old), Same | Changed)
