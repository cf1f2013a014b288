"""Hosts: when each may be asked again, and what its robots.txt said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Host:
    host: str
    free_at: datetime | None = None
    """None: nothing was asked of it yet."""
    latency_s: float = 0.0
    failures: int = 0
    robots_text: str | None = None
    robots_status: int | None = None
    robots_fetched_at: datetime | None = None
    budget_on: date | None = None
    """The UTC day that budget_used counts."""
    budget_used: int = 0
    """Requests of that day, those of quiet polls included."""
    quietly_used: int = 0
    """Of these, how many the rows of the host's sources count (`sources.keep_quiet_poll`)."""
    is_marked: bool = False
    """Whether somebody began a visit (`begin`) and has not ended it."""


def host_of_url(url: str) -> str:
    """Return the host as in etl.hosts: lower case, with its port when the URL names one."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def get(conn: Connection, host: str) -> Host:
    """Return what is known of *host*, remembering it when it is new."""
    conn.execute("INSERT INTO etl.hosts (host) VALUES (%(host)s) ON CONFLICT (host) DO NOTHING", {"host": host})
    known = find(conn, host)
    assert known is not None
    return known


def find(conn: Connection, host: str) -> Host | None:
    """Return what is known of *host*, or None where nothing ever was asked of it.

    What a poll in which nothing changed leaves behind stands in the row of its source: it is part of what is known.
    """
    with conn.cursor(row_factory=class_row(Host)) as cursor:
        return cursor.execute(
            """
            SELECT h.host, greatest(CASE WHEN isfinite(h.free_at) THEN h.free_at END, polls.free_at) AS free_at,
                   h.latency_s, h.failures, h.robots_text, h.robots_status, h.robots_fetched_at, day.budget_on,
                   CASE WHEN h.budget_on = day.budget_on THEN h.budget_used ELSE 0 END + used.quietly_used AS budget_used,
                   used.quietly_used, h.asked_since IS NOT NULL AS is_marked
            FROM etl.hosts h
            CROSS JOIN LATERAL (
                SELECT max(s.host_free_at) AS free_at, max(s.asked_on) AS asked_on FROM etl.sources s WHERE s.host = h.host
            ) AS polls
            CROSS JOIN LATERAL (SELECT greatest(h.budget_on, polls.asked_on) AS budget_on) AS day
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(s.asked_times), 0)::integer AS quietly_used
                FROM etl.sources s
                WHERE s.host = h.host AND s.asked_on = day.budget_on
            ) AS used
            WHERE h.host = %(host)s
            """,
            {"host": host},
        ).fetchone()


def hold(conn: Connection, host: str, *, waits: bool = False) -> bool:
    """Hold *host* in this session until `let_go` or the session's end; False when another session has it (never, if this *waits*).

    A session advisory lock: one visitor per host in the whole cluster, and none is left behind by a death.
    """
    lock = "pg_advisory_lock" if waits else "pg_try_advisory_lock"
    row = conn.execute(f"SELECT {lock}(hashtextextended(%(name)s, 0))".encode(), {"name": _lock_name(host)}).fetchone()
    return waits or bool(row and row[0])


def let_go(conn: Connection, host: str) -> None:
    """End what `hold` began."""
    conn.execute("SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0))", {"name": _lock_name(host)})


def _lock_name(host: str) -> str:
    return f"visit:{host}"


def begin(conn: Connection, host: str, *, now: datetime) -> datetime | None:
    """Write that *host* is being asked since *now*; return since when a predecessor that never ended was asking it, or None."""
    row = conn.execute(
        """
        WITH before AS (SELECT host, asked_since FROM etl.hosts WHERE host = %(host)s FOR UPDATE)
        UPDATE etl.hosts h
        SET asked_since = %(now)s
        FROM before
        WHERE h.host = before.host
        RETURNING before.asked_since
        """,
        {"host": host, "now": now},
    ).fetchone()
    return row[0] if row else None


def end(conn: Connection, host: str, *, pace: Host | None = None) -> None:
    """Write that nobody asks *host* any more and, in the same row, its *pace* (see `keep_pace`) when that is given."""
    if pace is not None:
        keep_pace(conn, pace, is_over=True)
        return
    conn.execute("UPDATE etl.hosts SET asked_since = NULL WHERE host = %(host)s", {"host": host})


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


def keep_pace(conn: Connection, host: Host, *, is_over: bool = False) -> None:
    """Write when the host may be asked again, how fast it answers, and what its budget of the day has left."""
    conn.execute(
        """
        UPDATE etl.hosts
        SET free_at = %(free_at)s, latency_s = %(latency_s)s, failures = %(failures)s,
            budget_on = %(budget_on)s, budget_used = %(budget_used)s,
            asked_since = CASE WHEN NOT %(is_over)s THEN asked_since END
        WHERE host = %(host)s
        """,
        {
            "host": host.host,
            "free_at": host.free_at,
            "latency_s": host.latency_s,
            "failures": host.failures,
            "budget_on": host.budget_on,
            "budget_used": host.budget_used - host.quietly_used,
            "is_over": is_over,
        },
    )


def usual_latency_s(conn: Connection) -> tuple[float | None, int]:
    """Return the median of the seconds in which hosts answer, of a thousand at most, and of how many that is."""
    row = conn.execute(
        """
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_s), count(*)
        FROM (SELECT latency_s FROM etl.hosts WHERE latency_s > 0 LIMIT 1000) AS known
        """
    ).fetchone()
    return (row[0], row[1]) if row else (None, 0)


def soonest_with_due(conn: Connection, *, now: datetime) -> tuple[datetime | None, int]:
    """Return when the first host that has due pages may be asked, and how many pages are due in all."""
    row = conn.execute(
        """
        SELECT min(greatest(h.free_at, p.next_visit_at)) FILTER (WHERE isfinite(h.free_at)), count(*)
        FROM etl.pages p
        JOIN etl.hosts h ON h.host = p.host
        WHERE p.next_visit_at <= %(now)s
        """,
        {"now": now},
    ).fetchone()
    return (row[0], row[1]) if row else (None, 0)
