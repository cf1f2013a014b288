"""Sessions that ask hosts without a mark on each: who of them has ended, and was perhaps asking somebody just then.

A session says once that it may ask (`enter`), and holds an advisory lock while it lives, whatever ends it. So it costs a reader one
look at a table of a few rows to know that nobody has died who might have asked a moment ago; and when somebody has, each host
rests anew from the moment in which that was noticed, for the last request came before it (`etl.flow.manners.known`).

A process that ends well takes its sessions away (`leave`). One that does not costs each host a pause, once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg
from psycopg import Connection

PROCESS = secrets.randbits(63)
KEPT = timedelta(days=1)
"""Longer than any host rests after one request."""


def enter(conn: Connection, *, now: datetime) -> None:
    """Make this session known as one that asks, if it is not; outside of any transaction, for it must be seen at once."""
    row = conn.execute("SELECT current_setting('etl.asker', true)").fetchone()
    if row and row[0]:
        return
    token = secrets.randbits(63)
    conn.execute("SELECT pg_advisory_lock(%(token)s::bigint)", {"token": token})
    conn.execute("DELETE FROM etl.askers WHERE ended_at < %(long_ago)s", {"long_ago": now - KEPT})
    conn.execute(
        "INSERT INTO etl.askers (token, process, began_at) VALUES (%(token)s, %(process)s, %(now)s)",
        {"token": token, "process": PROCESS, "now": now},
    )
    conn.execute("SELECT set_config('etl.asker', %(token)s, false)", {"token": str(token)})


def last_end(conn: Connection, *, now: Callable[[], datetime]) -> datetime | None:
    """Return when the last end of a session was noticed, by us or by another; None when all of the last day live.

    Locks that are asked for are shared ones, so that two who look at once do not take each other for a living session.
    """
    row = conn.execute(
        """
        SELECT max(ended_at),
               count(*) FILTER (WHERE CASE WHEN ended_at IS NULL THEN pg_try_advisory_xact_lock_shared(token) ELSE false END)
        FROM etl.askers
        WHERE token::text IS DISTINCT FROM current_setting('etl.asker', true)
        """
    ).fetchone()
    last, unnoticed = row or (None, 0)
    if not unnoticed:
        return last
    at = now()
    conn.execute(
        """
        UPDATE etl.askers
        SET ended_at = %(at)s
        WHERE token::text IS DISTINCT FROM current_setting('etl.asker', true)
              AND CASE WHEN ended_at IS NULL THEN pg_try_advisory_xact_lock_shared(token) ELSE false END
        """,
        {"at": at},
    )
    return at


def leave(dsn: str) -> None:
    """Take away the sessions of this process that have ended: it has closed them, and asks nobody any more.

    Where the database cannot be asked they stay, which costs a pause.
    """
    with suppress(psycopg.OperationalError), psycopg.connect(dsn, autocommit=True, connect_timeout=5) as conn:
        conn.execute(
            """
            DELETE FROM etl.askers
            WHERE CASE WHEN process = %(process)s AND ended_at IS NULL THEN pg_try_advisory_xact_lock_shared(token) ELSE false END
            """,
            {"process": PROCESS},
        )
