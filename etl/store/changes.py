"""The feed of changes: who reads it, what holds it back, and its clock.

Triggers of the database write it (migrations, step 0006), so no writer can forget to. A change carries a cursor made of the number
of its transaction (the 64-bit xid) and of its place therein. Readers see what lies below the oldest transaction that still runs, in
any database of the server: all of that is committed or rolled back, and what commits later lies above. A sequence would not do:
its numbers are given before the commit, so a reader that has seen 7 never asks for 6, which commits a second later
(tests/store/test_changes_storm.py shows both).

Two things follow. A transaction that writes and stays open holds the feed back for everybody: `held_back` names it. And numbers of
transactions belong to one server: `wind_clock` makes cursors go on where they were after a restore, a failover or a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import Connection
from psycopg.rows import class_row

CHANNEL = "news_changes"
"""LISTEN to it: one notification per transaction that changed something."""

Kind = Literal["article", "version", "link", "story"]
Operation = Literal["insert", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    cursor: int
    changed_at: datetime
    kind: Kind
    operation: Operation
    id: int
    """Of the article, version, link or story."""
    article_id: int | None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Changes that are committed and not shown, and the transaction that they wait for."""

    waiting_since: datetime
    pid: int | None
    """None for a prepared transaction, and when it has just ended."""
    who: str
    """Application, user and database of its session, or the name of a prepared transaction."""
    running_since: datetime | None


def after(conn: Connection, cursor: int, *, limit: int) -> list[Change]:
    """Return the next changes after that cursor, 0 for the first; ask again with the cursor of the last one."""
    with conn.cursor(row_factory=class_row(Change)) as rows:
        return rows.execute(
            """
            SELECT cursor, changed_at, kind, operation, id, article_id
            FROM news.changes
            WHERE cursor > %(cursor)s
            ORDER BY cursor
            LIMIT %(limit)s
            """,
            {"cursor": cursor, "limit": limit},
        ).fetchall()


def held_back(conn: Connection) -> HeldBack | None:
    """Return the transaction that the feed waits for, or None when all committed changes are shown.

    Sessions of other users show their times only to a member of pg_read_all_stats.
    """
    with conn.cursor(row_factory=class_row(HeldBack)) as rows:
        return rows.execute(
            """
            SELECT s.waiting_since, oldest.pid,
                   coalesce(oldest.who, 'a transaction that has just ended') AS who, oldest.running_since
            FROM news.changes_state s
            LEFT JOIN LATERAL (
                SELECT pid, running_since, who
                FROM (
                    SELECT a.pid, a.xact_start AS running_since, a.backend_xid AS xid,
                           format('%s (%s, database %s)', coalesce(nullif(a.application_name, ''), 'a session'),
                                  a.usename, a.datname) AS who
                    FROM pg_stat_activity a
                    WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
                    UNION ALL
                    SELECT NULL, p.prepared, p.transaction, format('the prepared transaction %L', p.gid)
                    FROM pg_prepared_xacts p
                ) AS running
                ORDER BY age(xid) DESC
                LIMIT 1
            ) AS oldest ON true
            WHERE s.waiting_since IS NOT NULL
            """
        ).fetchone()


def wind_clock(conn: Connection) -> None:
    """Set the clock of cursors if the server was started since: the first writer would do it, and the others would wait for him."""
    conn.execute(
        """
        SELECT etl.wind_change_clock()
        FROM etl.change_clock
        WHERE server_started_at <> pg_postmaster_start_time() AND NOT pg_is_in_recovery()
        """
    )
