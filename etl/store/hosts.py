"""Hosts: when each may be asked again, and what its robots.txt said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Host:
    host: str
    free_at: datetime | None
    """None: nothing was asked of it yet."""
    spacing_s: float | None
    failures: int
    robots_text: str | None
    robots_status: int | None
    robots_fetched_at: datetime | None
    budget_used: int
    """Requests made on the UTC day of the question."""


def get(conn: Connection, host: str, *, now: datetime) -> Host:
    """Return what is known of *host*, remembering it when it is new."""
    conn.execute("INSERT INTO etl.hosts (host) VALUES (%(host)s) ON CONFLICT (host) DO NOTHING", {"host": host})
    with conn.cursor(row_factory=class_row(Host)) as cursor:
        row = cursor.execute(
            """
            SELECT host, CASE WHEN isfinite(free_at) THEN free_at END AS free_at, spacing_s, failures,
                   robots_text, robots_status, robots_fetched_at,
                   CASE WHEN budget_on = (%(now)s AT TIME ZONE 'UTC')::date THEN budget_used ELSE 0 END AS budget_used
            FROM etl.hosts
            WHERE host = %(host)s
            """,
            {"host": host, "now": now},
        ).fetchone()
    assert row is not None
    return row


def keep_robots(conn: Connection, host: str, *, text: str, status: int, now: datetime) -> None:
    """Keep the robots.txt of *host* as answered at *now*."""
    conn.execute(
        """
        UPDATE etl.hosts
        SET robots_text = %(text)s, robots_status = %(status)s, robots_fetched_at = %(now)s
        WHERE host = %(host)s
        """,
        {"host": host, "text": text.replace("\0", ""), "status": status, "now": now},
    )


def free_from(
    conn: Connection, host: str, free_at: datetime, *, spacing_s: float, failures: int, requests: int, now: datetime
) -> None:
    """Say when *host* may be asked again, and count *requests* towards its budget of the day."""
    conn.execute(
        """
        UPDATE etl.hosts
        SET free_at = %(free_at)s, spacing_s = %(spacing_s)s, failures = %(failures)s,
            budget_used = %(requests)s
                + CASE WHEN budget_on = (%(now)s AT TIME ZONE 'UTC')::date THEN budget_used ELSE 0 END,
            budget_on = (%(now)s AT TIME ZONE 'UTC')::date
        WHERE host = %(host)s
        """,
        {
            "host": host,
            "free_at": free_at,
            "spacing_s": spacing_s,
            "failures": failures,
            "requests": requests,
            "now": now,
        },
    )
