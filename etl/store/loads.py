"""Loads: a stream of another system's articles as a backfill with one part, which knows up to which line it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import Connection
from psycopg.types.json import Jsonb

PART = "lines"


def keep(conn: Connection, backfill_id: int, *, reached: int, counts: Mapping[str, int], prefix_sha256: str) -> None:
    """Say up to which line all is stored, and which lines those were: in the transaction that stores them."""
    conn.execute(
        """
        UPDATE etl.backfill_items
        SET state = 'running', reached = %(reached)s, counts = %(counts)s, detail = %(prefix)s
        WHERE backfill_id = %(id)s AND item = %(part)s
        """,
        {
            "id": backfill_id,
            "part": PART,
            "reached": reached,
            "counts": Jsonb(dict(counts)),
            "prefix": f"sha256 up to here: {prefix_sha256}",
        },
    )


def reached(conn: Connection, backfill_id: int) -> tuple[int, str, dict[str, int]]:
    """Return up to which line all is stored, the SHA-256 of the lines up to there, and the counts."""
    row = conn.execute(
        "SELECT reached, coalesce(detail, ''), counts FROM etl.backfill_items WHERE backfill_id = %(id)s AND item = %(part)s",
        {"id": backfill_id, "part": PART},
    ).fetchone()
    assert row is not None
    line, detail, counts = row
    return line, detail.rpartition(" ")[2], counts
