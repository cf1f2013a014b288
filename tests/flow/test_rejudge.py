"""Decisions on copies, made again: after a text was read otherwise, and after a change of rules."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from etl.fetch.archive import Archive
from etl.flow.redigest import Redigest, redigest_pages
from etl.store import redigests
from etl.store.redigests import Meant
from tests.flow.pages import DAY, SENTENCES, later, page
from tests.flow.redigesting import NOW, TITLE, Press
from tests.flow.test_settle import OTHER


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


@pytest.fixture
def archive(tmp_path):
    opened = Archive(tmp_path / "archive")
    yield opened
    opened.close()


@pytest.fixture
def press(conn, archive):
    return Press(conn, archive)


def test_a_text_that_reads_otherwise_is_judged_again_and_its_followers_come_along(press, conn):
    press.store(page(TITLE))
    press.store(page("Owl in the tower", OTHER), url="https://www.example.com/owl-1")
    quay = (*SENTENCES[:4], "Only two papers print this sentence, and it is why the second of them follows the first.")

    def as_quay(article):
        return replace(article, body=tuple(replace(article.body[0], text=text) for text in quay))

    press.store(page("An owl again", OTHER), url="https://www.example.net/owl-2", as_read=as_quay)
    press.store(page("An owl once more", OTHER), url="https://www.example.edu/owl-3", as_read=as_quay)
    groups = "SELECT array_agg(host ORDER BY host) FROM news.articles GROUP BY story_id ORDER BY min(article_id)"
    assert rows(conn, groups) == [
        (["www.example.edu", "www.example.net", "www.example.org"],),
        (["www.example.com"],),
    ]
    ids = redigests.meant_pages(conn, Meant(where="host = 'www.example.net'"), after=0, last=2**62, limit=9)
    (told,) = redigest_pages(conn, ids, Redigest(press.read, lambda: NOW))
    assert told.story is not None
    assert "copy of article" in told.story
    right = [(["www.example.org"],), (["www.example.com", "www.example.edu", "www.example.net"],)]
    assert rows(conn, groups) == right
    assert [one.outcome for one in press.again()] == ["same", "same", "same", "rewritten"]
    assert rows(conn, groups) == right
    assert rows(conn, "SELECT count(*) FROM etl.stories") == [(2,)]


WRONG = {
    "copies held for new ones": "UPDATE etl.articles SET story_id = {other}, copy_of = NULL, similarity = NULL WHERE id = {copy}",
    "a new one held for a copy": "UPDATE etl.articles SET story_id = {first}, copy_of = {first_id} WHERE id = {owl}",
}


@pytest.mark.parametrize("mistake", WRONG.values(), ids=WRONG.keys())
def test_decisions_of_older_rules_are_replayed(press, conn, mistake):
    press.store(page(TITLE))
    press.store(page("Owl in the tower", OTHER), url="https://www.example.com/owl-1")
    press.store(page("The quay"), url="https://www.example.net/quay-2", at=later(hours=1))
    press.store(
        page("Quay, rewritten", OTHER), at=later(hours=2)
    )  # A later edit of the first is no reason to part them.
    right = rows(conn, "SELECT id, copy_of FROM etl.articles ORDER BY id")
    grouped = "SELECT array_agg(id ORDER BY id) FROM etl.articles GROUP BY story_id ORDER BY 1"
    stories = rows(conn, grouped)
    (first, owl, copy) = (row[0] for row in right)
    ((story, other),) = rows(conn, "SELECT min(story_id), max(story_id) + 1 FROM etl.articles")
    conn.execute("INSERT INTO etl.stories (id, opened_at) VALUES (%s, %s)", (other + 100, DAY))
    conn.execute(mistake.format(first=story, first_id=first, other=other + 100, copy=copy, owl=owl))
    conn.commit()
    assert rows(conn, grouped) != stories
    assert "rewritten" not in [one.outcome for one in press.again()]
    assert sorted(one.outcome for one in press.again(rejudges_all=True)) == ["rewritten", "same", "same"]
    assert rows(conn, grouped) == stories
    assert rows(conn, "SELECT id, copy_of FROM etl.articles ORDER BY id") == right
