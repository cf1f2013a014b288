"""How long pages take to be digested: counts by step of time, over all workers and restarts."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Step:
    """Pages that took at most so long, and longer than the step before."""

    at_most_s: float
    """The last step's is infinite."""
    pages: int
    seconds: float
    """What they took together."""


def add(conn: Connection, *, pages: int, seconds: float) -> None:
    """Count a batch of so many pages that took so long; each page is taken to have had an equal share."""
    conn.execute(
        """
        UPDATE etl.digest_times
        SET pages = pages + %(pages)s, seconds = seconds + %(seconds)s
        WHERE at_most_s = (SELECT min(at_most_s) FROM etl.digest_times WHERE at_most_s >= %(each)s)
        """,
        {"pages": pages, "seconds": seconds, "each": seconds / pages},
    )


def steps(conn: Connection) -> list[Step]:
    """Return all steps, the shortest first."""
    with conn.cursor(row_factory=class_row(Step)) as cursor:
        return cursor.execute("SELECT at_most_s, pages, seconds FROM etl.digest_times ORDER BY at_most_s").fetchall()
