"""What came of a run, per source: read from what is stored, not counted on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source in a run. A page that several sources name counts for the first of them, in the order of the recipes."""

    slug: str
    found: int
    """Pages that the source named when it last said something new."""
    fetched: int
    new: int
    unchanged: int
    changed: int
    copies: int
    refused: int
    failed: int


def per_source(conn: Connection, *, since: datetime) -> list[SourceReport]:
    """Return what became, since then, of the pages of each source."""
    with conn.cursor(row_factory=class_row(SourceReport)) as cursor:
        return cursor.execute(
            """
            SELECT s.slug,
                   (
                       SELECT count(*)
                       FROM etl.sightings g
                       WHERE g.source_id = s.id
                             AND g.last_seen_at = (SELECT max(l.last_seen_at) FROM etl.sightings l WHERE l.source_id = s.id)
                   ) AS found,
                   count(p.id) FILTER (WHERE p.captured_at >= %(since)s OR p.outcome = ANY (%(kept)s)) AS fetched,
                   count(p.id) FILTER (WHERE p.outcome = 'stored') AS new,
                   count(p.id) FILTER (WHERE p.outcome = 'unchanged') AS unchanged,
                   count(p.id) FILTER (WHERE p.outcome = 'changed') AS changed,
                   count(p.id) FILTER (WHERE p.outcome = 'copy') AS copies,
                   count(p.id) FILTER (WHERE p.outcome = ANY (%(refused)s)) AS refused,
                   count(p.id) FILTER (WHERE p.outcome <> ALL (%(well)s || %(refused)s)) AS failed
            FROM etl.sources s
            LEFT JOIN LATERAL (
                SELECT p.*
                FROM etl.sightings g
                JOIN etl.pages p ON p.id = g.page_id
                WHERE g.source_id = s.id AND p.outcome_at >= %(since)s
                      AND NOT EXISTS (
                          SELECT
                          FROM etl.sightings earlier
                          WHERE earlier.page_id = g.page_id
                                AND earlier.source_id < g.source_id
                      )
            ) p ON true
            GROUP BY s.id, s.slug
            ORDER BY s.slug
            """,
            {"since": since, "kept": list(KEPT), "refused": list(REFUSED), "well": list(WELL)},
        ).fetchall()


KEPT: Sequence[str] = ("gone", "blocked", "empty", "not_html")
REFUSED: Sequence[str] = (
    "robots", "gone", "blocked", "bad_url", "address_refused", "http_401", "http_403", "http_451", "http_4xx", "http_3xx",
    "redirect_loop", "content_type", "too_large", "bomb", "not_html", "buried",
)  # fmt: skip
WELL: Sequence[str] = (
    "stored",
    "unchanged",
    "changed",
    "copy",
    "folded",
    "moved",
    "fetched",
    "not_an_article",
    "front",
)
