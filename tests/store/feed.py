"""Rows that make the feed of changes speak, and what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from etl.store import changes

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
Told = tuple[str, str, int]
"""Kind, operation and id."""


def one(conn: psycopg.Connection, query: str, *given: object) -> int:
    row = conn.execute(query.encode(), given).fetchone()
    assert row is not None
    return row[0]


def add_page(conn: psycopg.Connection, key: UUID) -> int:
    return one(
        conn,
        "INSERT INTO etl.pages (url, url_key, host, found_at) VALUES (%s, %s, 'a.example', now()) RETURNING id",
        f"https://a.example/{key}",
        key,
    )


def add_article(conn: psycopg.Connection, page_id: int, story_id: int, copy_of: int | None = None) -> int:
    return one(
        conn,
        """
        INSERT INTO etl.articles (page_id, story_id, copy_of, story_reason, first_seen_at, changed_at)
        VALUES (%s, %s, %s, 'new', now(), now()) RETURNING id
        """,
        page_id,
        story_id,
        copy_of,
    )


def add_version(
    conn: psycopg.Connection, article_id: int, valid_from: datetime, follows: datetime | None = None
) -> int:
    return one(
        conn,
        """
        INSERT INTO etl.article_versions (article_id, valid_from, follows, content_key, title, text, extractor)
        VALUES (%s, %s, %s, '', 'a title', 'a text', 'test') RETURNING id
        """,
        article_id,
        valid_from,
        follows,
    )


def add_links(conn: psycopg.Connection, page_id: int, count: int) -> list[int]:
    """Add links by COPY, as the service does, and return their ids."""
    known = {link for (link,) in conn.execute("SELECT id FROM etl.links WHERE page_id = %s", [page_id])}
    with conn.cursor().copy(
        "COPY etl.links (page_id, kind, url_key, url, first_observed_at, position, title, rule) FROM STDIN"
    ) as copy:
        for place in range(len(known), len(known) + count):
            key = UUID(int=place)
            copy.write_row((page_id, "inline", key, f"https://b.example/{place}", AT, place, "a link", "test"))
    rows = conn.execute("SELECT id FROM etl.links WHERE page_id = %s ORDER BY id", [page_id]).fetchall()
    return [link for (link,) in rows if link not in known]


def add_story(conn: psycopg.Connection) -> int:
    return one(conn, "INSERT INTO etl.stories (opened_at) VALUES (now()) RETURNING id")


def shown(conn: psycopg.Connection, after: int = 0) -> list[Told]:
    return [(change.kind, change.operation, change.id) for change in changes.after(conn, after, limit=100_000)]


def told(conn: psycopg.Connection, after: int = 0) -> list[Told]:
    """Return what is told once nothing waits: other tests write on the same server, and their open transactions count too."""
    eventually(lambda: changes.held_back(conn) is None)
    return shown(conn, after)


def newest(conn: psycopg.Connection) -> int:
    eventually(lambda: changes.held_back(conn) is None)
    return one(conn, "SELECT coalesce(max(cursor), 0) FROM news.changes")


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
