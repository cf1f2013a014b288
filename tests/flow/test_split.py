"""A wrong join is undone: two pages, each with its own article and history, and they stay two."""

from __future__ import annotations

import psycopg
import pytest

from etl.errors import Misconfigured
from etl.flow.reading import read_capture
from etl.flow.settle import settle
from etl.flow.split import split
from etl.store import captures, pages
from tests.flow.pages import DAY, capture, later, page, reading
from tests.flow.test_settle import OTHER

RIGHT = "https://www.example.org/news/ferry-quay-12345"
WRONG = "https://www.example.org/live/ferry-quay-12345"
QUAY = page("Quay to be built in two parts")
OWL = page("Owl moves into the tower", OTHER)
DECLARED = page("Owl moves into the tower", OTHER, head=f'<link rel="canonical" href="{RIGHT}">')


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


def history(conn: psycopg.Connection) -> list[tuple]:
    return rows(
        conn,
        """
        SELECT p.url, v.title, v.valid_from, v.valid_to
        FROM etl.article_versions v JOIN etl.articles a ON a.id = v.article_id JOIN etl.pages p ON p.id = a.page_id
        ORDER BY p.url, v.valid_from
        """,
    )


def settle_one(conn: psycopg.Connection, url: str, body: bytes, hours: int) -> str:
    at = later(hours=hours)
    return settle(conn, [reading(url, body, at=at)], now=at)[0].outcome


def digest_again(conn: psycopg.Connection, bodies: dict[str, bytes]) -> list[str]:
    """Digest what waits, as the service does; the archive is a dictionary."""
    waiting = captures.pending(conn, limit=100)
    return [
        one.outcome for one in settle(conn, [read_capture(one, bodies[one.url]) for one in waiting], now=later(days=1))
    ]


def test_a_page_that_was_folded_is_its_own_again_and_due(conn):
    settle_one(conn, RIGHT, QUAY, 0)
    assert settle_one(conn, WRONG, DECLARED, 1) == "changed"
    assert len(rows(conn, "SELECT FROM etl.articles")) == 1
    done = split(conn, WRONG, now=later(hours=2))
    assert (done.url, done.out_of, done.rule, done.versions_taken_out) == (WRONG, RIGHT, "rel_canonical", 1)
    assert history(conn) == [(RIGHT, "Quay to be built in two parts", DAY, None)]
    due = rows(conn, "SELECT url, next_visit_at, etag, body_sha256 FROM etl.pages ORDER BY url")
    assert due == [(WRONG, later(hours=2), None, None), (RIGHT, later(hours=2), None, None)]
    assert digest_again(conn, {WRONG: DECLARED}) == ["stored"]
    assert history(conn) == [
        (WRONG, "Owl moves into the tower", later(hours=1), None),
        (RIGHT, "Quay to be built in two parts", DAY, None),
    ]


def test_the_join_is_not_made_again(conn):
    settle_one(conn, RIGHT, QUAY, 0)
    settle_one(conn, WRONG, DECLARED, 1)
    split(conn, WRONG, now=later(hours=2))
    assert settle_one(conn, WRONG, DECLARED, 3) == "stored"
    assert settle_one(conn, RIGHT, QUAY, 4) == "unchanged"
    assert [row[0] for row in history(conn)] == [WRONG, RIGHT]
    ids = dict(rows(conn, "SELECT url, id FROM etl.pages"))
    assert pages.fold_into(conn, ids[WRONG], ids[RIGHT], rule="redirect", now=later(hours=5)) is False


def test_a_version_between_two_of_the_other_page_leaves_no_hole(conn):
    settle_one(conn, RIGHT, QUAY, 0)
    settle_one(conn, WRONG, DECLARED, 1)
    settle_one(conn, RIGHT, page("Quay to be built in three parts"), 2)
    assert len(history(conn)) == 3
    split(conn, WRONG, now=later(hours=3))
    conn.commit()
    assert history(conn) == [
        (RIGHT, "Quay to be built in two parts", DAY, later(hours=2)),
        (RIGHT, "Quay to be built in three parts", later(hours=2), None),
    ]


def test_an_article_that_was_all_the_pages_own_comes_along_with_its_number(conn):
    settle_one(conn, WRONG, DECLARED, 1)
    before = rows(conn, "SELECT id, story_id FROM etl.articles")
    done = split(conn, WRONG, now=later(hours=2))
    assert done.article_moved
    assert rows(conn, "SELECT a.id, a.story_id FROM etl.articles a JOIN etl.pages p ON p.id = a.page_id "
                f"WHERE p.url = '{WRONG}'") == before  # fmt: skip
    assert digest_again(conn, {WRONG: DECLARED}) == ["unchanged"]


def test_a_dry_run_says_the_same_and_does_nothing(conn):
    settle_one(conn, RIGHT, QUAY, 0)
    settle_one(conn, WRONG, DECLARED, 1)
    before = history(conn), rows(conn, "SELECT * FROM etl.page_urls ORDER BY variant_key")
    would = split(conn, WRONG, now=later(hours=2), dry_run=True)
    assert (history(conn), rows(conn, "SELECT * FROM etl.page_urls ORDER BY variant_key")) == before
    assert split(conn, WRONG, now=later(hours=2)) == would


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param(RIGHT, "folded into no other page", id="a page of its own"),
        pytest.param("https://www.example.org/unheard-of", "no page is known", id="unknown"),
        pytest.param("mailto:x@example.org", "mailto", id="no address"),
    ],
)
def test_what_is_no_join_is_refused_by_name(conn, url, words):
    settle(conn, [read_capture(capture(RIGHT, QUAY), QUAY)], now=DAY)
    with pytest.raises(Misconfigured, match=words):
        split(conn, url, now=DAY)
