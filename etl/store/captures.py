"""Captures: one row per answer whose bytes stand in the archive; and the attempts that gave none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from etl.model import Capture, Place

from .text import storable


@dataclass(frozen=True, slots=True)
class CaptureEnd:
    capture_id: int
    outcome: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that gave no capture."""

    url: str
    host: str
    outcome: str
    attempted_at: datetime
    detail: str | None = None
    status: int | None = None
    took_s: float | None = None
    page_id: int | None = None
    source_id: int | None = None


def add(
    conn: Connection, captures: Sequence[Capture], *, ends: Sequence[CaptureEnd | None] | None = None, now: datetime
) -> list[int]:
    """Add captures (each with its page_id) and return their ids; those without an end wait for their digest."""
    ids = [
        row[0]
        for row in conn.execute(
            "SELECT nextval('etl.captures_id_seq') FROM generate_series(1, %(n)s)", {"n": len(captures)}
        )
    ]
    with conn.cursor().copy(
        """
        COPY etl.captures (id, stored_at, page_id, url, final_url, status, headers, redirects, body_sha256, body_bytes,
                           fetched_at, archive_file, archive_offset, archive_length, digested_at, outcome, outcome_detail)
        FROM STDIN
        """
    ) as copy:
        for number, capture in enumerate(captures):
            end = ends[number] if ends else None
            copy.write_row(_row(ids[number], capture, end, now))
    return ids


def _row(capture_id: int, capture: Capture, end: CaptureEnd | None, now: datetime) -> tuple[Any, ...]:
    assert capture.page_id is not None
    return (
        capture_id,
        now,
        capture.page_id,
        storable(capture.url),
        storable(capture.final_url),
        capture.status,
        Jsonb({storable(name): storable(value) for name, value in capture.headers.items()}),
        Jsonb([[status, storable(url)] for status, url in capture.redirects]),
        capture.body_sha256,
        capture.body_bytes,
        capture.fetched_at,
        capture.place.file,
        capture.place.offset,
        capture.place.length,
        now if end else None,
        end.outcome if end else None,
        storable(end.detail) if end and end.detail else None,
    )


def pending(conn: Connection, *, limit: int) -> list[Capture]:
    """Take up to *limit* captures that wait for their digest, oldest first, skipping those another worker holds."""
    rows = conn.execute(
        """
        SELECT id, page_id, url, final_url, status, headers, redirects, body_sha256, body_bytes, fetched_at,
               archive_file, archive_offset, archive_length
        FROM etl.captures
        WHERE digested_at IS NULL
        ORDER BY id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
        """,
        {"limit": limit},
    ).fetchall()
    return [capture_of(row) for row in rows]


def capture_of(row: tuple[Any, ...]) -> Capture:
    """Return a capture from its columns in the order of `pending`."""
    return Capture(
        id=row[0],
        page_id=row[1],
        url=row[2],
        final_url=row[3],
        status=row[4],
        headers=row[5],
        redirects=tuple((status, url) for status, url in row[6]),
        body_sha256=row[7],
        body_bytes=row[8],
        fetched_at=row[9],
        place=Place(row[10], row[11], row[12]),
    )


def latest(conn: Connection, page_id: int) -> Capture | None:
    """Return the newest capture of the page, or None."""
    row = conn.execute(
        """
        SELECT id, page_id, url, final_url, status, headers, redirects, body_sha256, body_bytes, fetched_at,
               archive_file, archive_offset, archive_length
        FROM etl.captures
        WHERE page_id = %(page_id)s
        ORDER BY fetched_at DESC
        LIMIT 1
        """,
        {"page_id": page_id},
    ).fetchone()
    return None if row is None else capture_of(row)


def waiting(conn: Connection, *, at_most: int) -> int:
    """Return how many captures wait for their digest, counting no further than *at_most*."""
    row = conn.execute(
        """
        SELECT count(*)
        FROM (SELECT FROM etl.captures WHERE digested_at IS NULL LIMIT %(at_most)s) AS counted
        """,
        {"at_most": at_most},
    ).fetchone()
    return row[0] if row else 0


def known(conn: Connection, page_ids: Sequence[int]) -> set[tuple[int, datetime, bytes]]:
    """Return (page, time, body hash) of the captures that are stored for these pages."""
    return {
        (page_id, fetched_at, bytes(sha256))
        for page_id, fetched_at, sha256 in conn.execute(
            "SELECT page_id, fetched_at, body_sha256 FROM etl.captures WHERE page_id = ANY (%(ids)s)",
            {"ids": list(page_ids)},
        )
    }


def next_after(conn: Connection, page_id: int, after: datetime, before: datetime | None) -> datetime | None:
    """Return the time of the first capture of the page inside the open interval, or None."""
    row = conn.execute(
        """
        SELECT min(fetched_at)
        FROM etl.captures
        WHERE page_id = %(page_id)s AND fetched_at > %(after)s AND (%(before)s::timestamptz IS NULL OR fetched_at < %(before)s)
        """,
        {"page_id": page_id, "after": after, "before": before},
    ).fetchone()
    return row[0] if row else None


def keep_ends(conn: Connection, ends: Sequence[CaptureEnd], *, now: datetime) -> None:
    """Write what became of captures."""
    conn.execute(
        """
        UPDATE etl.captures c
        SET digested_at = %(now)s, outcome = r.outcome, outcome_detail = r.detail
        FROM unnest(%(id)s::bigint[], %(outcome)s::text[], %(detail)s::text[]) AS r (id, outcome, detail)
        WHERE c.id = r.id
        """,
        {
            "id": [end.capture_id for end in ends],
            "outcome": [end.outcome for end in ends],
            "detail": [storable(end.detail) if end.detail else None for end in ends],
            "now": now,
        },
    )


def add_attempts(conn: Connection, attempts: Sequence[Attempt]) -> None:
    """Remember requests that gave no capture."""
    with conn.cursor().copy(
        """
        COPY etl.attempts (attempted_at, url, host, page_id, source_id, outcome, status, took_s, detail) FROM STDIN
        """
    ) as copy:
        for a in attempts:
            detail = storable(a.detail) if a.detail else None
            copy.write_row(
                (a.attempted_at, storable(a.url), a.host, a.page_id, a.source_id, a.outcome, a.status, a.took_s, detail)
            )
