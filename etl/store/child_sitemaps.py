"""Sitemaps that an index names: what their last answer said, so that the next request is a conditional one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import md5
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

KEPT = timedelta(days=90)
"""What was not new for so long is forgotten, and read once more if its index still names it."""


@dataclass(frozen=True, slots=True)
class ChildAnswer:
    """What is known of the last answer of one sitemap."""

    url_key: UUID
    etag: str | None
    last_modified: str | None
    body_sha256: bytes


def key_of(url: str) -> UUID:
    return UUID(bytes=md5(url.encode("utf-8", "replace"), usedforsecurity=False).digest())


def known(conn: Connection, source_id: int, urls: Sequence[str]) -> dict[UUID, ChildAnswer]:
    """Return what is known of these sitemaps of the index, by the key of their address."""
    with conn.cursor(row_factory=class_row(ChildAnswer)) as cursor:
        found = cursor.execute(
            """
            SELECT url_key, etag, last_modified, body_sha256
            FROM etl.child_sitemaps
            WHERE source_id = %(source_id)s AND url_key = ANY (%(keys)s)
            """,
            {"source_id": source_id, "keys": [key_of(url) for url in urls]},
        ).fetchall()
    return {answer.url_key: answer for answer in found}


def keep(conn: Connection, source_id: int, answers: Sequence[ChildAnswer], *, now: datetime) -> None:
    """Write what these sitemaps said, once all that they name is stored, and forget those of long ago."""
    conn.execute(
        """
        INSERT INTO etl.child_sitemaps (source_id, url_key, etag, last_modified, body_sha256, read_at)
        SELECT %(source_id)s, r.url_key, r.etag, r.last_modified, r.body_sha256, %(now)s
        FROM unnest(%(keys)s::uuid[], %(etags)s::text[], %(last_modified)s::text[], %(hashes)s::bytea[])
             AS r (url_key, etag, last_modified, body_sha256)
        ON CONFLICT (source_id, url_key) DO UPDATE
        SET etag = excluded.etag, last_modified = excluded.last_modified, body_sha256 = excluded.body_sha256,
            read_at = excluded.read_at
        """,
        {
            "source_id": source_id,
            "keys": [answer.url_key for answer in answers],
            "etags": [answer.etag for answer in answers],
            "last_modified": [answer.last_modified for answer in answers],
            "hashes": [answer.body_sha256 for answer in answers],
            "now": now,
        },
    )
    conn.execute(
        "DELETE FROM etl.child_sitemaps WHERE source_id = %(source_id)s AND read_at < %(long_ago)s",
        {"source_id": source_id, "long_ago": now - KEPT},
    )
