"""Copies among extracted pages: other publishers, other markup, six languages, with the reasons that are stored."""

from __future__ import annotations

from html import escape

import pytest

from etl.flow.settle import settle
from tests.dedupe.texts import STORIES
from tests.flow.pages import DAY, later, page, reading

URL = "https://www.example.org/news/first-1001"
EDITS = {
    "word for word": lambda lines: lines,
    "another opening": lambda lines: ("(TNA) - " + lines[0], *lines[1:]),
    "cut to its first half": lambda lines: lines[: (len(lines) + 1) // 2],
    "a paragraph of its own at the end": lambda lines: (*lines, "Norwick News 2026"),
}


def reposted(language: str, title: str, lines: tuple[str, ...]) -> bytes:
    """Return the text in the markup of another publisher: no article element, boxes between the paragraphs."""
    box = '<div class="promo"><a href="/abo">Abo</a></div>'
    text = f"{box}".join(f'<div class="txt"><p>{escape(line)}</p></div>' for line in lines)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)} | Other</title></head>'
        f'<body><header><a href="/">Other</a></header><div class="story"><h1>{escape(title)}</h1>{text}</div>'
        "<footer>Other 2026</footer></body></html>"
    ).encode()


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("language", STORIES)
def test_a_page_that_reposts_another_joins_its_story(conn, language, edit):
    for number, (title, text) in enumerate(STORIES.values()):
        settle(
            conn,
            [reading(f"https://www.example.org/news/story-{number}", page(title, tuple(text.splitlines())))],
            now=DAY,
        )
    _, text = STORIES[language]
    body = reposted(language, "»2026«", edit(tuple(text.splitlines())))
    (done,) = settle(conn, [reading("https://www.example.net/a/77", body, at=later(hours=5))], now=later(hours=5))
    assert done.outcome == "copy", done.detail
    row = conn.execute(
        """
        SELECT first.title, copy.story_id = first.story_id, copy.similarity > .8, copy.story_reason
        FROM news.articles copy
        JOIN news.articles first ON first.article_id = copy.copy_of
        """
    ).fetchone()
    assert row is not None
    assert row[:3] == (STORIES[language][0], True, True)
    assert row[3].startswith("a copy (+"), "the reason with its points is stored"


@pytest.mark.parametrize("language", STORIES)
def test_a_page_with_the_same_headline_and_another_text_is_a_story_of_its_own(conn, language):
    title, text = STORIES[language]
    others = [name for name in STORIES if name != language]
    settle(conn, [reading(URL, page(title, tuple(text.splitlines())))], now=DAY)
    body = reposted(language, title, tuple(STORIES[others[0]][1].splitlines()))
    (done,) = settle(conn, [reading("https://www.example.net/a/77", body)], now=DAY)
    assert done.outcome == "stored"
    assert conn.execute("SELECT count(DISTINCT story_id) FROM news.articles").fetchone() == (2,)


def test_stories_say_who_was_first_and_the_lag_of_each_copy(conn):
    title, text = STORIES["fr"]
    lines = tuple(text.splitlines())
    settle(conn, [reading(URL, page(title, lines))], now=DAY)
    for hours in (2, 26):
        url = f"https://site{hours}.example.net/a/77"
        settle(conn, [reading(url, reposted("fr", "Le café", lines), at=later(hours=hours))], now=later(hours=hours))
    assert conn.execute("SELECT articles, publishers, first_host, title FROM news.stories").fetchall() == [
        (3, 3, "www.example.org", title)
    ]
    lags = conn.execute(
        """
        SELECT copy.host, copy.first_seen_at - first.first_seen_at
        FROM news.articles copy
        JOIN news.stories s USING (story_id)
        JOIN news.articles first ON first.article_id = s.first_article_id
        WHERE copy.article_id <> first.article_id
        ORDER BY 2
        """
    ).fetchall()
    assert [(host, lag.total_seconds() / 3600) for host, lag in lags] == [
        ("site2.example.net", 2),
        ("site26.example.net", 26),
    ]
