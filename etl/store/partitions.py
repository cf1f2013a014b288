"""Monthly partitions of captures and attempts: made ahead, dropped when whole, and emptied in batches where not.

What has no partition stands in the default one (`captures_rest`). Postgres refuses a new partition while the default holds a row
of its month, so those rows move over in the transaction that makes it, if they are few: while they move, nobody can add rows to the
default. A month with many (MOVED_MAX) stays there and ages out in batches.

All of this takes locks that writers of pages and captures want too, in another order. The wait for a lock is shorter than
deadlock_timeout (1 s unless the operator says otherwise), so in a deadlock it is this module that gives up, never a worker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from psycopg import Connection, sql
from psycopg.errors import LockNotAvailable

Table = Literal["captures", "attempts"]
MONTHLY: Sequence[tuple[Table, str]] = (("captures", "stored_at"), ("attempts", "attempted_at"))
"""The partitioned tables, each with the column that says the month."""
MOVED_MAX = 20_000
"""Rows that are moved out of the default partition at once.

20,000 captures with 15 headers each took 0.6 s, during which nobody could add one.
"""
LOCK_WAIT_MS = 500


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


def add(conn: Connection, partition: Partition) -> bool:
    """Make the partition of one month with what the default holds of it; False when that is too much to move, or it is locked.

    The connection must not be in a transaction.
    """
    column = dict(MONTHLY)[partition.table]
    parts = {
        "parent": sql.Identifier("etl", partition.table),
        "rest": sql.Identifier("etl", f"{partition.table}_rest"),
        "new": sql.Identifier("etl", partition.name),
        "column": sql.Identifier(column),
        "starts": sql.Literal(_midnight(partition.starts_on)),
        "ends": sql.Literal(_midnight(partition.ends_on)),
        "at_most": sql.Literal(MOVED_MAX + 1),
    }
    in_rest = sql.SQL("SELECT FROM {rest} WHERE {column} >= {starts} AND {column} < {ends} LIMIT {at_most}")
    counted = sql.SQL("SELECT count(*) FROM (") + in_rest.format(**parts) + sql.SQL(") AS counted")
    try:
        with conn.transaction():
            _wait_briefly(conn)
            # The foreign key of captures needs this lock on pages at the end: taken first, it is waited for with nothing held.
            if partition.table == "captures":
                conn.execute("LOCK TABLE etl.pages IN SHARE ROW EXCLUSIVE MODE")
            conn.execute(sql.SQL("LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE").format(**parts))
            row = conn.execute(counted).fetchone()
            if row is None or row[0] > MOVED_MAX:
                return False
            for statement in MAKE:
                conn.execute(sql.SQL(statement).format(**parts))
    except LockNotAvailable:
        return False
    return True


MAKE = (
    "CREATE TABLE {new} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    """
    WITH moved AS (DELETE FROM {rest} WHERE {column} >= {starts} AND {column} < {ends} RETURNING *)
    INSERT INTO {new} SELECT * FROM moved
    """,
    "ALTER TABLE {parent} ATTACH PARTITION {new} FOR VALUES FROM ({starts}) TO ({ends})",
)
"""`SELECT *` is right here: the new table has the parent's columns; those of the default follow the same order (no migration
may add a column to one of them alone)."""


def drop(conn: Connection, partition: Partition) -> bool:
    """Drop the partition with all its rows; False when it stayed locked. The connection must not be in a transaction."""
    try:
        with conn.transaction():
            _wait_briefly(conn)
            if partition.table == "captures":
                conn.execute("LOCK TABLE etl.pages IN ACCESS EXCLUSIVE MODE")
            conn.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("etl", partition.name)))
    except LockNotAvailable:
        return False
    return True


def _wait_briefly(conn: Connection) -> None:
    conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_WAIT_MS)))


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


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
