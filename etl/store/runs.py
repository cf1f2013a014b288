"""Runs: finished units of work with their counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from psycopg import Connection
from psycopg.types.json import Jsonb

from .text import storable


def add(
    conn: Connection,
    kind: Literal["poll", "visit", "digest", "backfill", "clean"],
    *,
    started_at: datetime,
    ended_at: datetime,
    outcome: str,
    counts: Mapping[str, int],
    detail: str | None = None,
    source_id: int | None = None,
    host: str | None = None,
    backfill_id: int | None = None,
) -> None:
    """Remember a finished unit of work."""
    conn.execute(
        """
        INSERT INTO etl.runs (kind, source_id, host, backfill_id, started_at, ended_at, outcome, counts, detail)
        VALUES (%(kind)s, %(source_id)s, %(host)s, %(backfill_id)s, %(started_at)s, %(ended_at)s, %(outcome)s,
                %(counts)s, %(detail)s)
        """,
        {
            "kind": kind,
            "source_id": source_id,
            "host": host,
            "backfill_id": backfill_id,
            "started_at": started_at,
            "ended_at": ended_at,
            "outcome": outcome,
            "counts": Jsonb(dict(counts)),
            "detail": storable(detail) if detail else None,
        },
    )
