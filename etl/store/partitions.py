"""Monthly partitions of captures, attempts and changes: made ahead, dropped when whole, and emptied in batches where not.

What has no partition stands in the default one (`captures_rest`). Postgres refuses a new partition while the default holds a row
of its month, so those rows move over in the transaction that makes it, if they are few: while they move, nobody can add rows to the
default. A month with many (MOVED_MAX) stays there and ages out in batches.

All of this takes locks that writers of pages and captures want too, in another order. The wait for a lock is shorter than
deadlock_timeout (1 s unless the operator says otherwise), so in a deadlock it is this module that gives up, never a worker.

Functions of the database that run with the rights of the tables' owner make and drop them: a writer needs to own nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from psycopg import Connection, sql
from psycopg.errors import DuplicateTable, LockNotAvailable, UniqueViolation
from psycopg.rows import class_row

Table = Literal["captures", "attempts", "changes"]
MONTHLY: Sequence[Table] = ("captures", "attempts", "changes")
"""The partitioned tables."""
MONTHS_AHEAD = 2
MOVED_MAX = 20_000
"""Rows that are moved out of the default partition at once.

20,000 captures with 15 headers each took 0.6 s, during which nobody could add one.
"""
LOCK_WAIT_MS = 500
IDLE_MAX_MS = 3_000


@dataclass(frozen=True, slots=True)
class Partition:
    table: Table
    starts_on: date

    @property
    def name(self) -> str:
        return f"{self.table}_{self.starts_on:%Y_%m}"

    @property
    def ends_on(self) -> date:
        """The first day that is no longer in it."""
        return month_after(self.starts_on)


def month_after(day: date) -> date:
    """Return the first day of the month after that of *day*."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def existing(conn: Connection, table: Table) -> list[Partition]:
    """Return the monthly partitions of the table, oldest first."""
    rows = conn.execute(
        """
        SELECT c.relname
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass('etl.' || %(table)s)
        ORDER BY c.relname
        """,
        {"table": table},
    ).fetchall()
    found = [re.fullmatch(rf"{table}_(\d{{4}})_(\d\d)", row[0]) for row in rows]
    return [Partition(table, date(int(match[1]), int(match[2]), 1)) for match in found if match]


def make_ahead(conn: Connection, *, now: datetime) -> tuple[int, int]:
    """Make the partitions of this month and the next ones; return how many were made, and how many could not be.

    The connection must not be in a transaction.
    """
    made, put_off = 0, 0
    for table in MONTHLY:
        known = set(existing(conn, table))
        starts_on = now.astimezone(UTC).date().replace(day=1)
        for _ in range(1 + MONTHS_AHEAD):
            if Partition(table, starts_on) not in known:
                is_made = add(conn, Partition(table, starts_on))
                made += is_made
                put_off += not is_made
            starts_on = month_after(starts_on)
    return made, put_off


def add(conn: Connection, partition: Partition) -> bool:
    """Make the partition of one month with what the default holds of it.

    False when that is too much to move, when it is locked, or when somebody else has just made it. The connection must not be in a
    transaction.
    """
    try:
        with conn.transaction():
            _wait_briefly(conn)
            row = conn.execute(
                "SELECT etl.add_partition(%(table)s, %(starts_on)s, %(moved_max)s)",
                {"table": partition.table, "starts_on": partition.starts_on, "moved_max": MOVED_MAX},
            ).fetchone()
    except (LockNotAvailable, DuplicateTable, UniqueViolation):
        return False
    assert row is not None
    return row[0]


def drop(conn: Connection, partition: Partition) -> bool:
    """Drop the partition with all its rows; False when it stayed locked. The connection must not be in a transaction."""
    try:
        with conn.transaction():
            _wait_briefly(conn)
            conn.execute(
                "SELECT etl.drop_partition(%(table)s, %(starts_on)s)",
                {"table": partition.table, "starts_on": partition.starts_on},
            )
    except LockNotAvailable:
        return False
    return True


def _wait_briefly(conn: Connection) -> None:
    conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_WAIT_MS)))
    # Between the work and its commit the whole service waits for us: not for longer, should our connection go deaf just then.
    conn.execute(sql.SQL("SET LOCAL idle_in_transaction_session_timeout = {}").format(sql.Literal(IDLE_MAX_MS)))


def delete_captures(conn: Connection, *, before: datetime, limit: int) -> int:
    """Delete up to *limit* digested captures that were stored before then, oldest first; return how many."""
    return conn.execute(
        """
        DELETE FROM etl.captures c
        USING (
            SELECT id, stored_at
            FROM etl.captures
            WHERE stored_at < %(before)s AND digested_at IS NOT NULL
            ORDER BY id
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        ) AS old
        WHERE c.id = old.id AND c.stored_at = old.stored_at
        """,
        {"before": before, "limit": limit},
    ).rowcount


@dataclass(frozen=True, slots=True)
class OldCapture:
    """A digested capture that may go."""

    id: int
    stored_at: datetime
    url: str
    file: str
    offset: int
    length: int


def old_captures(
    conn: Connection, domains: Sequence[str], *, before: datetime, after: int, limit: int
) -> list[OldCapture]:
    """Return up to *limit* digested captures of these domains stored before then, by id, beginning above *after*."""
    with conn.cursor(row_factory=class_row(OldCapture)) as cursor:
        return cursor.execute(
            """
            SELECT c.id, c.stored_at, p.url, c.archive_file AS file, c.archive_offset AS offset, c.archive_length AS length
            FROM etl.captures c
            JOIN etl.pages p ON p.id = c.page_id
            WHERE c.id > %(after)s AND c.stored_at < %(before)s AND c.digested_at IS NOT NULL
              AND (p.host = ANY (%(domains)s) OR p.host LIKE ANY (%(below)s))
            ORDER BY c.id
            LIMIT %(limit)s
            """,
            {
                "domains": list(domains),
                "below": [f"%.{domain}" for domain in domains],
                "before": before,
                "after": after,
                "limit": limit,
            },
        ).fetchall()


def delete_these(conn: Connection, old: Sequence[OldCapture]) -> int:
    """Delete these captures; return how many."""
    return conn.execute(
        """
        DELETE FROM etl.captures c
        USING unnest(%(ids)s::bigint[], %(stored)s::timestamptz[]) AS r (id, stored_at)
        WHERE c.id = r.id AND c.stored_at = r.stored_at
        """,
        {"ids": [one.id for one in old], "stored": [one.stored_at for one in old]},
    ).rowcount


def delete_attempts(conn: Connection, *, before: datetime, limit: int) -> int:
    """Delete up to *limit* attempts of before then, oldest first; return how many."""
    return conn.execute(
        """
        DELETE FROM etl.attempts a
        USING (
            SELECT id, attempted_at
            FROM etl.attempts
            WHERE attempted_at < %(before)s
            ORDER BY id
            LIMIT %(limit)s
        ) AS old
        WHERE a.id = old.id AND a.attempted_at = old.attempted_at
        """,
        {"before": before, "limit": limit},
    ).rowcount


def delete_changes(conn: Connection, *, before: datetime, limit: int) -> int:
    """Delete up to *limit* changes of before then that have no monthly partition, oldest first; return how many."""
    return conn.execute(
        """
        WITH gone AS (
            DELETE FROM etl.changes_rest
            WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM etl.changes_rest WHERE changed_at < %(before)s ORDER BY cursor LIMIT %(limit)s
            ))
            RETURNING cursor
        ), told AS (
            UPDATE etl.change_clock
            SET dropped_to = greatest(dropped_to, (SELECT max(cursor) FROM gone))
            WHERE EXISTS (SELECT FROM gone)
        )
        SELECT FROM gone
        """,
        {"before": before, "limit": limit},
    ).rowcount
