"""The questions of docs/questions, each asked of the demo's database: the answer is what the press has printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from etl.run.press import GoldArticle, GoldLink

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "questions"
HOUR = timedelta(hours=1)


def question(number: int) -> bytes:
    [path] = FOLDER.glob(f"{number:02}_*.sql")
    return path.read_bytes()


@pytest.fixture
def asked(pressed) -> Iterator[psycopg.Connection]:
    """A connection that reads as an analyst does, and takes back what the test writes."""
    with psycopg.connect(pressed.dsn, row_factory=namedtuple_row) as conn:
        conn.execute("SET search_path = news")
        yield conn
        conn.rollback()


def now_titles(pressed) -> dict[str, str]:
    """Return URL → headline as it reads now."""
    return {article.url: article.title for article in sorted(pressed.gold.articles, key=lambda one: one.edition)}


def links(pressed, kind: str) -> Iterator[tuple[GoldArticle, GoldLink]]:
    for article in pressed.gold.articles:
        for link in article.links:
            if link.kind == kind:
                yield article, link


def test_there_are_ten_questions_and_each_begins_with_its_words():
    files = sorted(FOLDER.glob("*.sql"))
    assert [path.name[:3] for path in files] == [f"{number:02}_" for number in range(1, 11)]
    for path in files:
        assert path.read_text().startswith("-- ")
        assert "?" in path.read_text().splitlines()[0]
        statement = "".join(line for line in path.read_text().splitlines() if not line.startswith("-- "))
        assert statement.count(";") == statement.endswith(";") == 1, "one statement, to be run by psql -f or pasted"


def test_who_re_posted_whom_within_the_hour(asked, pressed):
    by_url = {article.url: article for article in pressed.gold.articles}
    after = {copy: by_url[copy].published_at - by_url[first].published_at for copy, first in pressed.gold.copies}
    rows = asked.execute(question(1)).fetchall()
    assert [(row.url, row.first_url, row.after, row.within_the_hour) for row in rows] == [
        (copy, first, after[copy], after[copy] <= HOUR) for copy, first in pressed.gold.copies
    ]
    asked.execute("UPDATE etl.article_versions SET published_at = published_at + %s WHERE article_id IN "
                  "(SELECT copy_of FROM etl.articles)", [after[rows[0].url] - HOUR])  # fmt: skip
    assert [row.within_the_hour for row in asked.execute(question(1))] == [True]


def test_what_was_most_read_over_a_day(asked, pressed):
    titles = now_titles(pressed)
    best: dict[tuple[str, str], int] = {}
    for article, link in links(pressed, "most_read"):
        key = (pressed.hosts[article.paper], titles.get(link.url, link.title))
        best[key] = min(best.get(key, 99), link.rank or 99)
    rows = asked.execute(question(2)).fetchall()
    assert {(row.host, row.title): row.best_rank for row in rows} == best
    assert len(rows) == len(best)


def test_which_headlines_were_changed_in_silence(asked, pressed):
    by_url: dict[str, list[str]] = {}
    for article in sorted(pressed.gold.articles, key=lambda one: one.edition):
        by_url.setdefault(article.url, []).append(article.title)
    edited = [(url, *said) for url, said in by_url.items() if len(set(said)) > 1]
    assert len(edited) == 1
    assert [(row.url, row.was, row.became) for row in asked.execute(question(3))] == edited
    asked.execute("UPDATE etl.article_versions SET modified_at = now() WHERE follows IS NOT NULL")
    assert asked.execute(question(3)).fetchall() == []


def test_what_was_related_to_what(asked, pressed):
    titles = now_titles(pressed)
    printed = {(titles[article.url], link.block, titles[link.url]) for article, link in links(pressed, "related")}
    rows = asked.execute(question(4)).fetchall()
    assert {(row.title, row.block, row.related_to) for row in rows} == printed
    assert len(printed) > 90


def test_when_the_papers_publish(asked, pressed):
    at = {article.url: (article.paper, article.published_at.astimezone(UTC)) for article in pressed.gold.articles}
    rhythm = Counter((pressed.hosts[paper], moment.isoweekday(), moment.hour) for paper, moment in at.values())
    assert {row[:3]: row.articles for row in asked.execute(question(5))} == rhythm


def test_what_authors_point_at(asked, pressed):
    titles = now_titles(pressed)
    pointing: dict[str, set[str]] = {}
    for article, link in links(pressed, "inline"):
        pointing.setdefault(titles[link.url], set()).add(article.url)
    rows = asked.execute(question(6)).fetchall()
    assert {row.title: row.articles for row in rows} == {title: len(urls) for title, urls in pointing.items()}
    assert [row.articles for row in rows] == sorted((row.articles for row in rows), reverse=True)


def test_what_was_withdrawn(asked, pressed):
    first, second = pressed.gold.outcomes
    gone = {url for url, outcome in second.items() if outcome == "refused" and first.get(url) == "new"}
    rows = asked.execute(question(7)).fetchall()
    assert {row.url for row in rows} == gone
    assert [row.known_for >= HOUR for row in rows] == [True]


def test_who_was_first(asked, pressed):
    by_url = {article.url: article for article in pressed.gold.articles}
    [(copy, first)] = pressed.gold.copies
    assert [(row.place, row.host, row.published_at) for row in asked.execute(question(8))] == [
        (place, pressed.hosts[by_url[url].paper], by_url[url].published_at) for place, url in ((1, first), (2, copy))
    ]


def test_how_it_read_then(asked, pressed):
    [(old, new)] = [
        (one, other) for one in pressed.gold.articles for other in pressed.gold.articles
        if one.url == other.url and one.edition < other.edition
    ]  # fmt: skip
    rows = asked.execute(question(9)).fetchall()
    said = {change: {row.line for row in rows if row.change == change} for change in ("removed", "added")}
    assert said["removed"] == {old.title, *old.paragraphs, old.lead} - {new.title, *new.paragraphs, new.lead}
    assert said["added"] == {new.title, *new.paragraphs, new.lead} - {old.title, *old.paragraphs, old.lead}


def test_who_writes_about_it(asked, pressed):
    newest = {article.url: article for article in sorted(pressed.gold.articles, key=lambda one: one.edition)}
    meant = ("phare", "lighthouse")
    writing = {
        article.title
        for article in newest.values()
        if any(word in " ".join((article.title, article.lead, *article.paragraphs)).lower() for word in meant)
    }
    rows = asked.execute(question(10)).fetchall()
    assert {row.title for row in rows} == writing
    assert len(writing) >= 3
    assert any("<b>" in row.snippet for row in rows)
