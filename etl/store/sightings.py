"""Sightings: which source pointed at which page, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from .text import storable


@dataclass(frozen=True, slots=True)
class Sighting:
    page_id: int
    found_by: str
    position: int | None = None
    title: str | None = None
    published_at: datetime | None = None
    published_text: str | None = None


def add(conn: Connection, source_id: int, sightings: Sequence[Sighting], *, now: datetime) -> int:
    """Remember that the source named these pages at *now*; return how many it named for the first time."""
    rows = [s for _, s in sorted({s.page_id: s for s in reversed(sightings)}.items())]
    written = conn.execute(
        """
        INSERT INTO etl.sightings AS stored
            (page_id, source_id, found_by, first_seen_at, last_seen_at, position, title, published_at, published_text)
        SELECT r.page_id, %(source_id)s, r.found_by, %(now)s, %(now)s, r.position, r.title, r.published_at,
               r.published_text
        FROM unnest(%(page_id)s::bigint[], %(found_by)s::text[], %(position)s::int[], %(title)s::text[],
                    %(published_at)s::timestamptz[], %(published_text)s::text[])
             AS r (page_id, found_by, position, title, published_at, published_text)
        ON CONFLICT (page_id, source_id) DO UPDATE
        SET last_seen_at = greatest(stored.last_seen_at, excluded.last_seen_at), position = excluded.position,
            title = coalesce(excluded.title, stored.title),
            published_at = coalesce(excluded.published_at, stored.published_at),
            published_text = coalesce(excluded.published_text, stored.published_text)
        RETURNING xmax = 0 AS is_new
        """,
        {
            "source_id": source_id,
            "now": now,
            "page_id": [r.page_id for r in rows],
            "found_by": [r.found_by for r in rows],
            "position": [r.position for r in rows],
            "title": [storable(r.title) if r.title else None for r in rows],
            "published_at": [r.published_at for r in rows],
            "published_text": [storable(r.published_text) if r.published_text else None for r in rows],
        },
    ).fetchall()
    return sum(1 for (is_new,) in written if is_new)
