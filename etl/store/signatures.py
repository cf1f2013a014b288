"""Signature keys of articles: where a verdict on copies looks for candidates.

The locks make two copies that arrive at the same moment end in one story: whoever comes second waits for the first to
commit and then sees it. They are taken in sorted order, so that two batches cannot wait for each other, and they are
released with the transaction. One lock per key in a shared table of `max_locks_per_transaction × max_connections`
(6,400 by default): `flow.settle` keeps its batches small enough for eight writers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

LOCK_SPACE = 0x6E657773  # "news": keeps our advisory locks apart from those of others in the same database


@dataclass(frozen=True, slots=True)
class CandidateText:
    """A stored article that shares keys with a new one."""

    article_id: int
    story_id: int
    url: str
    title: str
    text: str
    published_at: datetime | None
    first_seen_at: datetime


def lock(conn: Connection, keys: Iterable[int]) -> None:
    """Lock the keys until the end of the transaction, in ascending order."""
    conn.execute(
        """
        SELECT pg_advisory_xact_lock(%(space)s, key)
        FROM (SELECT DISTINCT key FROM unnest(%(keys)s::int[]) AS key ORDER BY key) AS ordered
        """,
        {"space": LOCK_SPACE, "keys": sorted(set(keys))},
    )


def carriers(conn: Connection, keys: Iterable[int], *, per_key: int) -> list[tuple[int, int]]:
    """Return (key, article id) of stored articles that carry the keys, the *per_key* newest of each key."""
    return conn.execute(
        """
        SELECT k.key, c.article_id
        FROM unnest(%(keys)s::int[]) AS k (key)
        CROSS JOIN LATERAL (
            SELECT article_id
            FROM etl.article_keys
            WHERE article_keys.key = k.key
            ORDER BY article_id DESC
            LIMIT %(per_key)s
        ) c
        """,
        {"keys": sorted(set(keys)), "per_key": per_key},
    ).fetchall()


def texts(conn: Connection, article_ids: Iterable[int]) -> dict[int, CandidateText]:
    """Return the current texts of articles, by id."""
    with conn.cursor(row_factory=class_row(CandidateText)) as cursor:
        rows = cursor.execute(
            """
            SELECT a.id AS article_id, a.story_id, p.url, v.title, v.text, v.published_at, a.first_seen_at
            FROM etl.articles a
            JOIN etl.pages p ON p.id = a.page_id
            JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
            WHERE a.id = ANY (%(ids)s)
            """,
            {"ids": sorted(set(article_ids))},
        ).fetchall()
    return {row.article_id: row for row in rows}


def add(conn: Connection, keys: Sequence[tuple[int, int]]) -> None:
    """Add (key, article id) pairs."""
    with conn.cursor().copy("COPY etl.article_keys (key, article_id) FROM STDIN") as copy:
        for row in sorted(set(keys)):
            copy.write_row(row)
