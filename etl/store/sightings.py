"""Sightings: which source pointed at which page, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from . import arrays
from .text import storable


@dataclass(frozen=True, slots=True)
class Sighting:
    page_id: int
    found_by: str
    position: int | None = None
    title: str | None = None
    published_at: datetime | None = None
    published_text: str | None = None
    depth: int = 0
    """Links between what the source names itself and the page."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A source whose articles' links are followed, and one of these articles."""

    page_id: int
    source_id: int
    recipe: str
    follow: list[str]
    depth: int
    """Of the article."""
    follow_per_day: int


def add(conn: Connection, source_id: int, sightings: Sequence[Sighting], *, now: datetime) -> int:
    """Remember that the source named these pages at *now*; return how many it named for the first time."""
    rows = [s for _, s in sorted({s.page_id: s for s in reversed(sightings)}.items())]
    written = conn.execute(
        """
        INSERT INTO etl.sightings AS stored
            (page_id, source_id, found_by, first_seen_at, last_seen_at, position, title, published_at, published_text, depth)
        SELECT r.page_id, %(source_id)s, r.found_by, %(now)s, %(now)s, r.position, r.title, r.published_at,
               r.published_text, r.depth
        FROM unnest(%(page_id)s::bigint[], %(found_by)s::text[], %(position)s::int[], %(title)s::text[],
                    %(published_at)s::timestamptz[], %(published_text)s::text[], %(depth)s::int[])
             AS r (page_id, found_by, position, title, published_at, published_text, depth)
        ON CONFLICT (page_id, source_id) DO UPDATE
        SET last_seen_at = greatest(stored.last_seen_at, excluded.last_seen_at), position = excluded.position,
            title = coalesce(excluded.title, stored.title),
            published_at = coalesce(excluded.published_at, stored.published_at),
            published_text = coalesce(excluded.published_text, stored.published_text),
            depth = least(stored.depth, excluded.depth)
        RETURNING xmax = 0 AS is_new
        """,
        {
            "source_id": source_id,
            "now": now,
            "page_id": arrays.numbers(r.page_id for r in rows),
            "found_by": arrays.texts(r.found_by for r in rows),
            "position": arrays.numbers(r.position for r in rows),
            "title": arrays.texts(storable(r.title) if r.title else None for r in rows),
            "published_at": arrays.instants(r.published_at for r in rows),
            "published_text": arrays.texts(storable(r.published_text) if r.published_text else None for r in rows),
            "depth": arrays.numbers(r.depth for r in rows),
        },
    ).fetchall()
    return sum(1 for (is_new,) in written if is_new)


def followed(conn: Connection, captured: Sequence[tuple[int, datetime]]) -> list[Followed]:
    """Return the sources that follow links of these pages, given as (page, time of its capture), the smallest number first.

    A page counts as sighted where a page that was folded into it was. What is not the newest capture of its page says what
    was linked once: it is left out.
    """
    with conn.cursor(row_factory=class_row(Followed)) as cursor:
        return cursor.execute(
            """
            SELECT p.id AS page_id, s.id AS source_id, s.recipe, s.follow, min(g.depth) AS depth, s.follow_per_day
            FROM unnest(%(page_id)s::bigint[], %(captured_at)s::timestamptz[]) AS r (page_id, captured_at)
            JOIN etl.pages p ON p.id = r.page_id AND p.captured_at <= r.captured_at
            JOIN etl.page_urls u ON u.page_id = p.id
            JOIN etl.pages o ON o.url_key = u.url_key
            JOIN etl.sightings g ON g.page_id = o.id
            JOIN etl.sources s ON s.id = g.source_id
            WHERE s.is_active AND s.follow <> '{}' AND g.depth < s.follow_depth
            GROUP BY p.id, s.id
            ORDER BY s.id, p.id
            """,
            {"page_id": [page_id for page_id, _ in captured], "captured_at": [at for _, at in captured]},
        ).fetchall()


def hold_budgets(conn: Connection, source_ids: Sequence[int]) -> None:
    """Let nobody else find pages by links for these sources until the end of the transaction."""
    conn.execute(
        """
        SELECT pg_advisory_xact_lock(hashtextextended('follow:' || source_id, 0))
        FROM (SELECT unnest(%(ids)s::bigint[]) AS source_id ORDER BY 1) AS held
        """,
        {"ids": list(source_ids)},
    )


def found_by_link(conn: Connection, source_ids: Sequence[int], *, since: datetime) -> dict[int, int]:
    """Return source → pages found for it by links since then; a source without any is left out."""
    rows = conn.execute(
        """
        SELECT source_id, count(*)
        FROM etl.sightings
        WHERE source_id = ANY (%(ids)s) AND first_seen_at >= %(since)s AND found_by = 'link'
        GROUP BY source_id
        """,
        {"ids": list(source_ids), "since": since},
    ).fetchall()
    return dict(rows)


def newest(conn: Connection, source_id: int, *, limit: int) -> list[datetime]:
    """Return when the source first named its newest pages, the newest first; pages found by links of articles are not its own."""
    rows = conn.execute(
        """
        SELECT first_seen_at
        FROM etl.sightings
        WHERE source_id = %(source_id)s AND found_by <> 'link'
        ORDER BY first_seen_at DESC
        LIMIT %(limit)s
        """,
        {"source_id": source_id, "limit": limit},
    ).fetchall()
    return [first_seen_at for (first_seen_at,) in rows]
