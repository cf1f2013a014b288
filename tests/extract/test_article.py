"""A whole page read in order, what counts as an article, and what a recipe changes."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import Unreadable
from etl.extract import article
from etl.model import Article
from etl.recipe.rules import LinkRule, Rules

URL = "https://paper.example/news/rain-in-the-hills-123"
FETCHED_AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEXT = (
    "Heavy rain fell over the northern hills on Tuesday night, and two roads were closed until the morning.",
    "The council said that nobody was hurt. Crews cleared the last of the mud by noon, according to its spokeswoman.",
    "More rain is expected on Friday, the weather service wrote, but less than this week. Farmers were relieved.",
    "Schools in the valley opened two hours late, and buses took the old road along the river for the rest of the day.",
    "It was the third time since autumn that the slope above the bridge gave way, and a wall is planned, the mayor said.",
    "Work on it may begin in May if the region pays its share, which has been promised before and never came so far.",
)
BODY = "".join(f"<p>{text}</p>" for text in TEXT)
HEAD = (
    '<html lang="en"><head><title>Rain in the hills | The Paper</title><meta property="og:type" content="article">'
    '<meta property="og:title" content="Rain in the hills"><meta property="og:site_name" content="The Paper">'
    '<meta property="article:published_time" content="2026-03-02T08:15:00+01:00"></head><body>'
)
BYLINE = "<p class=byline>By <a rel=author href=/by/ada>Ada Stone</a></p>"
PAGE = f"{HEAD}<article><h1>Rain in the hills</h1>{BYLINE}{BODY}</article></body></html>"


def read(html: str, *, url: str = URL, rules: Rules | None = None) -> Article:
    return article.read(html.encode(), url=url, fetched_at=FETCHED_AT, rules=rules)


def test_a_page_becomes_an_article_with_evidence_for_what_it_says() -> None:
    found = read(PAGE)
    assert found.title == "Rain in the hills"
    assert found.authors == ("Ada Stone",)
    assert [block.text for block in found.body if block.text in TEXT] == list(TEXT)
    assert found.language == "en"
    assert found.published is not None
    assert found.published.at == datetime(2026, 3, 2, 7, 15, tzinfo=UTC)
    assert found.is_article
    assert {"title", "authors", "body", "published_at", "language", "is_article"} <= set(found.evidence)


TEASERS = "".join(
    f"<div class=teaser><h3><a href=/news/story-number-{n}-of-the-day-{n}00>Story number {n} of the day in our town</a></h3></div>"
    for n in range(1, 16)
)


@pytest.mark.parametrize(
    ("html", "url", "is_article"),
    [
        pytest.param(PAGE, URL, True, id="an article"),
        pytest.param(
            f"{HEAD}<article><h1>Rain</h1><p>{TEXT[0]}</p></article>", URL, True, id="a stub that says it is an article"
        ),
        pytest.param(f"<body><h1>News</h1>{TEASERS}</body>", "https://paper.example/", False, id="a home page"),
        pytest.param(
            f"<body><h1>Politics</h1>{TEASERS}</body>", "https://paper.example/politics", False, id="a section"
        ),
        pytest.param("<body><h1>Nothing here</h1></body>", URL, False, id="no text"),
    ],
)
def test_fronts_are_no_articles(html: str, url: str, is_article: bool) -> None:
    found = read(html, url=url)
    assert found.is_article is is_article
    assert found.evidence["is_article"]


def test_a_section_keeps_its_links() -> None:
    assert len(read(f"<body><h1>Politics</h1>{TEASERS}</body>", url="https://paper.example/politics").links) == 15


RULED = (
    f"{HEAD}<div class=odd-title>What it said</div><div class=who>Ada Stone</div><div class=who>Ben Field</div>"
    f"<div class=when>2 March 2026, 9:30</div><div class=text>{BODY}<p class=promo>{TEXT[0]} Buy now.</p></div>"
    "<div class=more><a href=/news/another-story-about-the-hills-124>Another story about the hills</a></div></body></html>"
)
RULES = Rules(
    title=("h1.none", "div.odd-title"),
    authors=("div.who",),
    body=("div.text",),
    section=("p.nowhere",),
    published=("div.when",),
    image=("meta[property='og:image']@content",),
    drop=("p.promo",),
    links=(LinkRule(selector="div.more", kind="most_read"),),
    zone="Europe/Paris",
)


def test_a_recipe_wins_over_the_generic_rules() -> None:
    found = read(RULED, rules=RULES)
    assert found.title == "What it said"
    assert found.evidence["title"] == "recipe:div.odd-title"
    assert dict(found.losers)["title"][0] == (read(RULED).evidence["title"], read(RULED).title)
    assert found.authors == ("Ada Stone", "Ben Field")
    assert tuple(block.text for block in found.body) == TEXT
    assert found.published is not None
    assert found.published.at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert found.evidence["published_at"] == "recipe:div.when"
    assert [(link.url, link.kind) for link in found.links] == [
        ("https://paper.example/news/another-story-about-the-hills-124", "most_read")
    ]


def test_the_dates_of_a_block_are_read_in_the_zone_that_the_recipe_names() -> None:
    entry = '<li><a href="/news/another-story-about-the-hills-124">Another story about the hills</a> <i class=date>{}</i></li>'
    page = f"<html lang=en><body><h1>Hills</h1><div class=text>{BODY}</div><div class=more><ul>{entry}</ul></div></body></html>"
    rules = Rules(links=(LinkRule(selector="div.more", kind="latest", zone="America/New_York"),), zone="Europe/Paris")
    (link,) = read(page.format("1 March 2026, 9:30"), rules=rules).links
    assert link.rule == "recipe:div.more"
    assert link.date is not None
    assert link.date.at == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)


def test_a_recipe_names_people_not_what_is_written_around_them() -> None:
    page = RULED.replace("Ada Stone", "By Ada Stone, Senior Reporter")
    assert read(page, rules=RULES).authors == ("Ada Stone", "Ben Field")


def test_a_language_of_the_recipe_is_its_own_evidence() -> None:
    found = read(RULED, rules=Rules(language="fr"))
    assert (found.language, found.evidence["language"]) == ("fr", "recipe")


def test_what_says_the_same_did_not_lose() -> None:
    generic = read(PAGE)
    found = read(PAGE, rules=Rules(title=("h1",)))
    assert (found.title, found.evidence["title"]) == (generic.title, "recipe:h1")
    assert found.title not in [value for _, value in found.losers.get("title", ())]


def test_a_recipe_field_that_finds_nothing_falls_back_and_says_so() -> None:
    when = read(RULED, rules=Rules(published=("b.nowhere",))).evidence["published_at"]
    assert when.startswith("recipe found nothing; ")
    found = read(RULED, rules=RULES)
    assert found.evidence["section"].startswith("recipe found nothing")
    assert found.evidence["image"].startswith("recipe found nothing")


@given(st.binary(max_size=600))
def test_any_bytes_are_an_article_or_unreadable(body: bytes) -> None:
    try:
        found = article.read(body, url=URL, fetched_at=FETCHED_AT)
    except Unreadable:
        return
    assert "\n\n" not in found.text


CUTS = st.lists(
    st.tuples(st.integers(0, len(PAGE)), st.integers(0, 40), st.sampled_from(["", "<", "</p>", "<b>", '"', "<!--"])),
    max_size=6,
)


@given(CUTS)
def test_a_damaged_page_never_raises_anything_else(cuts: list[tuple[int, int, str]]) -> None:
    html = PAGE
    for at, length, put in cuts:
        html = html[:at] + put + html[at + length :]
    with suppress(Unreadable):
        assert read(html).evidence["is_article"]
