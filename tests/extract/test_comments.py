"""What stands under a heading that says "Comments" is no body, and gives no time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.extract import article
from etl.model import Article

TEXT = (
    "The council of the harbour town agreed on Friday to build a new quay for the ferries, after a debate of almost four hours.",
    "Residents had asked for a smaller plan, because the road along the water will be closed for a year and the bus too.",
    "The mayor said that the money had been set aside two years ago and that no further loan was needed, which others doubted.",
    "Work is to begin in spring, when the ice has gone, and the first ferry is expected at the new quay in the summer after next.",
)
FIRST = "This is the best thing that has happened to our town since the lighthouse was painted, if you ask me."
SECOND = "I doubt that the money is there, and the road will be closed for two years and not for one, as all of you will see."
LIST = f"<ul><li><p>Peter K. <time>3 hours ago</time></p><p>{FIRST}</p></li><li><p>Hanne</p><p>{SECOND}</p></li></ul>"
BOXES = f"<div><p>Peter K.</p><p>{FIRST}</p></div><div><p>Hanne</p><p>{SECOND}</p></div>"
PARAGRAPHS = "".join(f"<p>{text}</p>" for text in TEXT)


def read(inner: str, *, after: str = "") -> Article:
    page = f"<html lang=en><body><main><article><h1>Council agrees on new quay</h1>{inner}</article></main>{after}</body></html>"
    return article.read(
        page.encode(), url="https://www.example.org/news/a-1", fetched_at=datetime(2026, 3, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("entries", [LIST, BOXES], ids=["list", "boxes"])
@pytest.mark.parametrize(
    "heading", ["Comments", "Comments (3)", "3 Comments", "Kommentare", "Commentaires", "Комментарии (2)", "コメント"]
)
def test_comments_under_their_heading_are_not_body(heading: str, entries: str) -> None:
    comments = f"<h2>{heading}</h2>{entries}"
    for page in (read(PARAGRAPHS + comments), read(PARAGRAPHS, after=comments)):
        assert [block.text for block in page.body] == list(TEXT)
        assert page.published is None


def test_a_line_under_the_headline_that_leads_to_the_comments_ends_nothing() -> None:
    line = "<div><h4><a href=#talk>2 Comments</a></h4></div>"
    assert [block.text for block in read(f"<p>{TEXT[0]}</p>{line}<p>{TEXT[1]}</p><p>{TEXT[2]}</p>").body] == list(
        TEXT[:3]
    )


def test_a_chapter_about_comments_stays() -> None:
    guide = f"<h2>Strings</h2><p>{TEXT[0]}</p><p>{TEXT[1]}</p><h2>Comments</h2><p>{TEXT[2]}</p><h2>Loops</h2><p>{TEXT[3]}</p>"
    assert [block.text for block in read(guide).body] == [
        "Strings", TEXT[0], TEXT[1], "Comments", TEXT[2], "Loops", TEXT[3],
    ]  # fmt: skip
