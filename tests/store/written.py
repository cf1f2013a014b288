"""Articles and sources of a test's own, as rows: what the views say about them is the test's matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import psycopg

numbers = count(1)


def source(conn: psycopg.Connection, slug: str, *, since: datetime, **other: object) -> int:
    """Add a source that was made at *since* and is polled well; *other* sets further columns."""
    row = {
        "slug": slug, "kind": "feed", "url": f"https://www.example.org/{slug}", "host": "www.example.org",
        "recipe": slug.split("/")[0], "interval_s": 600, "created_at": since, "next_poll_at": since + timedelta(days=36_500),
        "polled_at": since, "outcome": "ok", **other,
    }  # fmt: skip
    found = conn.execute(
        f"INSERT INTO etl.sources ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))}) RETURNING id".encode(),
        [*row.values()],
    ).fetchone()
    assert found is not None
    return found[0]


def page(
    conn: psycopg.Connection, *, at: datetime, host: str = "www.example.org", by: Sequence[int] = (), depth: int = 0
) -> int:
    """Add a page that the sources *by* named at *at*."""
    number = next(numbers)
    row = conn.execute(
        """
        INSERT INTO etl.pages (url, url_key, host, found_at, captured_at)
        VALUES (%(url)s, md5(%(url)s)::uuid, %(host)s, %(at)s, %(at)s)
        RETURNING id
        """,
        {"url": f"https://{host}/{number}", "host": host, "at": at},
    ).fetchone()
    assert row is not None
    for source_id in by:
        sighting(conn, row[0], source_id, at=at, depth=depth)
    return row[0]


def sighting(conn: psycopg.Connection, page_id: int, source_id: int, *, at: datetime, depth: int = 0) -> None:
    conn.execute(
        """
        INSERT INTO etl.sightings (page_id, source_id, found_by, first_seen_at, last_seen_at, depth)
        VALUES (%s, %s, 'feed', %s, %s, %s)
        """,
        [page_id, source_id, at, at, depth],
    )


def article(conn: psycopg.Connection, page_id: int, *, at: datetime) -> int:
    """Add an article that says nothing yet."""
    row = conn.execute(
        """
        WITH story AS (INSERT INTO etl.stories (opened_at) VALUES (%(at)s) RETURNING id)
        INSERT INTO etl.articles (page_id, story_id, story_reason, first_seen_at, changed_at)
        SELECT %(page)s, id, 'new', %(at)s, %(at)s FROM story
        RETURNING id
        """,
        {"page": page_id, "at": at},
    ).fetchone()
    assert row is not None
    return row[0]


def version(conn: psycopg.Connection, article_id: int, *, at: datetime, **said: object) -> int:
    """Let the article say something from *at* on; the version before ends there."""
    row = {
        "article_id": article_id,
        "valid_from": at,
        "content_key": b"",
        "extractor": "test",
        "title": "",
        "text": "",
        **said,
    }
    with conn.transaction():
        closed = conn.execute(
            "UPDATE etl.article_versions SET valid_to = %s WHERE article_id = %s AND valid_to IS NULL", [at, article_id]
        ).rowcount
        row["follows"] = at if closed else None
        found = conn.execute(
            f"INSERT INTO etl.article_versions ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))}) RETURNING id".encode(),
            [*row.values()],
        ).fetchone()
    assert found is not None
    return found[0]
