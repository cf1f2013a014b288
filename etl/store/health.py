"""How the whole stands: what `doctor` and the status page ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Server:
    version: int
    """As in server_version_num: 180004."""
    now: datetime


@dataclass(frozen=True, slots=True)
class FailingSource:
    slug: str
    outcome: str | None
    outcome_detail: str | None
    failing_since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    pages_due: int
    captures: int
    """Fetched and not digested."""


def server(conn: Connection) -> Server:
    """Return version and clock of the database server."""
    with conn.cursor(row_factory=class_row(Server)) as cursor:
        row = cursor.execute(
            "SELECT current_setting('server_version_num')::int AS version, clock_timestamp() AS now"
        ).fetchone()
    assert row is not None
    return row


def failing_sources(conn: Connection) -> list[FailingSource]:
    """Return the active sources whose last poll failed, the longest failing first."""
    with conn.cursor(row_factory=class_row(FailingSource)) as cursor:
        return cursor.execute(
            """
            SELECT slug, outcome, outcome_detail, failing_since
            FROM etl.sources
            WHERE is_active AND failing_since IS NOT NULL
            ORDER BY failing_since
            """
        ).fetchall()


def waiting(conn: Connection, *, now: datetime) -> Waiting:
    """Return how much work waits."""
    with conn.cursor(row_factory=class_row(Waiting)) as cursor:
        row = cursor.execute(
            """
            SELECT (SELECT count(*) FROM etl.pages WHERE next_visit_at <= %(now)s) AS pages_due,
                   (SELECT count(*) FROM etl.captures WHERE digested_at IS NULL) AS captures
            """,
            {"now": now},
        ).fetchone()
    assert row is not None
    return row
