"""Backfills that run and stand still: what they wait for, in words, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import class_row

from .backfills import KINDS_OF_FLOW
from .text import storable

STILL = timedelta(seconds=30)
"""Who works on a backfill notes it every five seconds; while nobody has for so long, it waits."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A backfill that runs, on which nobody works."""

    backfill_id: int
    kind: str
    worked_at: datetime
    waits_for: str | None
    """In words, where a worker that looked knows it."""


def say(conn: Connection, backfill_id: int, words: str, *, now: datetime) -> bool:
    """Say what a running backfill waits for, unless somebody works on it; return whether that is new.

    `backfills.mark` takes it back as soon as somebody works.
    """
    return (
        conn.execute(
            """
            UPDATE etl.backfills
            SET detail = %(words)s
            WHERE id = %(id)s AND state = 'running' AND detail IS DISTINCT FROM %(words)s
                  AND coalesce(to_timestamp((marks -> -1 ->> 0)::float8), started_at, created_at) <= %(still_since)s
            """,
            {"id": backfill_id, "words": storable(words), "still_since": now - STILL},
        ).rowcount
        == 1
    )


def standing(conn: Connection, *, since: datetime) -> list[Standing]:
    """Return the running backfills of which is known what they wait for, or on which nobody has worked since then."""
    with conn.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(
            """
            SELECT backfill_id, kind, worked_at, waits_for
            FROM (
                SELECT id AS backfill_id, kind, detail AS waits_for,
                       coalesce(to_timestamp((marks -> -1 ->> 0)::float8), started_at, created_at) AS worked_at
                FROM etl.backfills
                WHERE state = 'running' AND kind = ANY (%(kinds)s)
            ) AS b
            WHERE waits_for IS NOT NULL OR worked_at <= %(since)s
            ORDER BY backfill_id
            """,
            {"since": since, "kinds": list(KINDS_OF_FLOW)},
        ).fetchall()
