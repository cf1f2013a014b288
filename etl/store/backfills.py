"""Backfills: one-off jobs that can be killed and started again; each part remembers up to where all is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from . import backfill_items
from .backfill_items import NewItem
from .text import storable

KINDS_OF_FLOW = ("urls", "sitemap", "warc", "ccnews", "wayback")
"""Kinds that any worker can go on with (`etl.flow.backfill`); the others run in the command that began them."""
MARK_EVERY_S = 5.0
MARKS_KEPT = 36
MARK_GAP_S = 60.0
"""Nobody worked for so long: the speed is measured anew."""
State = Literal["planned", "running", "paused", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Backfill:
    id: int
    kind: str
    plan: Mapping[str, Any]
    state: State
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None
    detail: str | None
    hosts_max: int | None = None
    bytes_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is, as `news.backfills` says it."""

    backfill_id: int
    kind: str
    state: State
    plan: Mapping[str, Any]
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None
    detail: str | None
    items: int
    items_done: int
    items_failed: int
    outcomes: Mapping[str, int]
    units: int
    units_done: int
    units_per_second: float | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a backfill. `reached` is the offset or line up to which everything is stored."""

    item: str
    number: int
    state: str
    reached: int
    counts: Mapping[str, int]
    detail: str | None
    kind: str = "file"
    outcome: str | None = None
    tries: int = 0
    size: int | None = None
    due_at: datetime | None = None


def begin(
    conn: Connection,
    kind: str,
    plan: Mapping[str, Any],
    items: Sequence[str] | Sequence[NewItem],
    *,
    by: str,
    now: datetime,
) -> tuple[Backfill, bool]:
    """Return the backfill of this plan and whether it is new: the same plan again is the same backfill, resumed."""
    plan_key = hashlib.sha256(f"{kind} {json.dumps(plan, sort_keys=True)}".encode()).hexdigest()
    row = conn.execute(
        """
        INSERT INTO etl.backfills (kind, plan_key, plan, state, created_at, created_by)
        VALUES (%(kind)s, %(plan_key)s, %(plan)s, 'planned', %(now)s, %(by)s)
        ON CONFLICT (plan_key) DO NOTHING
        RETURNING id
        """,
        {"kind": kind, "plan_key": plan_key, "plan": Jsonb(dict(plan)), "now": now, "by": by},
    ).fetchone()
    if row is not None:
        planned = [item if isinstance(item, NewItem) else NewItem(item, "file") for item in items]
        backfill_items.add(conn, row[0], planned)
    with conn.cursor(row_factory=class_row(Backfill)) as cursor:
        backfill = cursor.execute(
            """
            SELECT id, kind, plan, state, created_at, created_by, started_at, ended_at, detail,
                   hosts_max, bytes_per_second
            FROM etl.backfills
            WHERE plan_key = %(plan_key)s
            """,
            {"plan_key": plan_key},
        ).fetchone()
    assert backfill is not None
    return backfill, row is not None


def get(conn: Connection, backfill_id: int) -> Backfill | None:
    """Return the backfill of that number, or None."""
    with conn.cursor(row_factory=class_row(Backfill)) as cursor:
        return cursor.execute(
            """
            SELECT id, kind, plan, state, created_at, created_by, started_at, ended_at, detail,
                   hosts_max, bytes_per_second
            FROM etl.backfills
            WHERE id = %(id)s
            """,
            {"id": backfill_id},
        ).fetchone()


def all_of(conn: Connection) -> list[Backfill]:
    """Return all backfills, the newest first."""
    with conn.cursor(row_factory=class_row(Backfill)) as cursor:
        return cursor.execute(
            """
            SELECT id, kind, plan, state, created_at, created_by, started_at, ended_at, detail,
                   hosts_max, bytes_per_second
            FROM etl.backfills
            ORDER BY id DESC
            """
        ).fetchall()


def items(conn: Connection, backfill_id: int, *, limit: int | None = None, only_told: bool = False) -> list[Item]:
    """Return the parts of a backfill: those that failed first, then in their order.

    With *only_told*, pages and captures only where there is something to tell of them (of copies: see news.copies).
    """
    with conn.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(
            """
            SELECT item, number, state, reached, counts, detail, kind, outcome, tries, size,
                   CASE WHEN isfinite(due_at) THEN due_at END AS due_at
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s
                  AND (NOT %(only_told)s OR kind <> 'page' AND kind <> 'capture' OR state = 'failed'
                       OR detail IS NOT NULL AND outcome <> 'copy')
            ORDER BY state <> 'failed', number
            LIMIT %(limit)s
            """,
            {"id": backfill_id, "limit": limit, "only_told": only_told},
        ).fetchall()


def progress(conn: Connection, backfill_id: int) -> Progress | None:
    """Return how far the backfill of that number is, or None."""
    with conn.cursor(row_factory=class_row(Progress)) as cursor:
        return cursor.execute(
            """
            SELECT backfill_id, kind, state, plan, created_at, created_by, started_at, ended_at, detail, items, items_done,
                   items_failed, outcomes, units, units_done, units_per_second, ends_at
            FROM news.backfills
            WHERE backfill_id = %(id)s
            """,
            {"id": backfill_id},
        ).fetchone()


def all_progress(conn: Connection, *, limit: int) -> list[Progress]:
    """Return how far the backfills are: those that are not over first, then the newest."""
    with conn.cursor(row_factory=class_row(Progress)) as cursor:
        return cursor.execute(
            """
            SELECT p.backfill_id, p.kind, p.state, p.plan, p.created_at, p.created_by, p.started_at, p.ended_at, p.detail,
                   p.items, p.items_done, p.items_failed, p.outcomes, p.units, p.units_done, p.units_per_second, p.ends_at
            FROM (
                SELECT id FROM etl.backfills ORDER BY ended_at IS NOT NULL, id DESC LIMIT %(limit)s
            ) AS b
            JOIN news.backfills p ON p.backfill_id = b.id
            ORDER BY p.ended_at IS NOT NULL, p.backfill_id DESC
            """,
            {"limit": limit},
        ).fetchall()


def totals(conn: Connection, backfill_id: int) -> dict[str, int]:
    """Return outcome → number over all parts."""
    found = progress(conn, backfill_id)
    return dict(found.outcomes) if found else {}


def running(conn: Connection) -> list[int]:
    """Return the numbers of the backfills that any worker may go on with, the oldest first."""
    rows = conn.execute(
        "SELECT id FROM etl.backfills WHERE state = 'running' AND kind = ANY (%(kinds)s) ORDER BY id",
        {"kinds": list(KINDS_OF_FLOW)},
    ).fetchall()
    return [backfill_id for (backfill_id,) in rows]


def workers(conn: Connection, *, alive_since: datetime) -> int:
    """Return how many workers of the service have shown a sign of life since then."""
    row = conn.execute(
        "SELECT count(*) FROM queue.procrastinate_workers WHERE last_heartbeat >= %(since)s", {"since": alive_since}
    ).fetchone()
    return row[0] if row else 0


def is_running(conn: Connection, backfill_id: int) -> bool:
    """Tell whether the backfill goes on: nobody paused or cancelled it."""
    row = conn.execute("SELECT state = 'running' FROM etl.backfills WHERE id = %(id)s", {"id": backfill_id}).fetchone()
    return bool(row and row[0])


def limit(conn: Connection, backfill_id: int, *, hosts_max: int | None, bytes_per_second: int | None) -> None:
    """Set what the backfill may take of the hosts and of the network."""
    conn.execute(
        """
        UPDATE etl.backfills
        SET hosts_max = %(hosts_max)s, bytes_per_second = %(bytes_per_second)s, bytes_free_at = NULL
        WHERE id = %(id)s
              AND (hosts_max, bytes_per_second) IS DISTINCT FROM (%(hosts_max)s::int, %(bytes_per_second)s::bigint)
        """,
        {"id": backfill_id, "hosts_max": hosts_max, "bytes_per_second": bytes_per_second},
    )


def pay(conn: Connection, backfill_id: int, fetched_bytes: int, *, now: datetime) -> None:
    """Count bytes that were fetched against the limit, if there is one: all workers share it."""
    conn.execute(
        """
        UPDATE etl.backfills
        SET bytes_free_at = greatest(bytes_free_at, %(now)s) + make_interval(secs => %(bytes)s::float8 / bytes_per_second)
        WHERE id = %(id)s AND bytes_per_second IS NOT NULL
        """,
        {"id": backfill_id, "bytes": fetched_bytes, "now": now},
    )


def paid_at(conn: Connection, backfill_id: int) -> datetime | None:
    """Return when the bytes fetched so far are paid for; None without a limit."""
    row = conn.execute(
        "SELECT bytes_free_at FROM etl.backfills WHERE id = %(id)s AND bytes_per_second IS NOT NULL",
        {"id": backfill_id},
    ).fetchone()
    return row[0] if row else None


def mark(conn: Connection, backfill_id: int, *, now: datetime) -> None:
    """Note how far the backfill is now, for its speed, and that it waits for nothing; nothing when it was noted a moment ago."""
    conn.execute(
        """
        UPDATE etl.backfills b
        SET detail = CASE WHEN b.state <> 'running' THEN b.detail END,
            marks = CASE
                WHEN %(at)s - (b.marks -> -1 ->> 0)::float8 < %(gap)s
                THEN CASE WHEN jsonb_array_length(b.marks) >= %(kept)s THEN b.marks - 0 ELSE b.marks END
                ELSE '[]' END || jsonb_build_array(jsonb_build_array(%(at)s::float8, p.units_done))
        FROM news.backfills p
        WHERE b.id = %(id)s AND p.backfill_id = b.id
              AND coalesce(%(at)s - (b.marks -> -1 ->> 0)::float8 >= %(every)s, true)
        """,
        {
            "id": backfill_id,
            "at": now.timestamp(),
            "gap": MARK_GAP_S,
            "kept": MARKS_KEPT,
            "every": MARK_EVERY_S,
        },
    )


def finish(conn: Connection, backfill_id: int, *, now: datetime) -> bool:
    """End the backfill if it runs and nothing of it is left to do; return whether this call did."""
    return (
        conn.execute(
            """
            UPDATE etl.backfills b
            SET state = 'done', ended_at = %(now)s
            WHERE id = %(id)s AND state = 'running'
                  AND NOT EXISTS (
                      SELECT FROM etl.backfill_items i
                      WHERE i.backfill_id = b.id AND i.state IN ('planned', 'running'))
            """,
            {"id": backfill_id, "now": now},
        ).rowcount
        == 1
    )


def take(conn: Connection, backfill_id: int, item: str) -> bool:
    """Hold the part until this session ends or gives it back; False when another process works on it."""
    row = conn.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))", {"name": f"backfill:{backfill_id}:{item}"}
    ).fetchone()
    return bool(row and row[0])


def give_back(conn: Connection, backfill_id: int, item: str) -> None:
    """End the hold of `take`."""
    conn.execute("SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0))", {"name": f"backfill:{backfill_id}:{item}"})


def keep_progress(conn: Connection, backfill_id: int, item: str, *, reached: int, counts: Mapping[str, int]) -> None:
    """Say up to where a part is stored and what became of it so far: in the transaction that stores it."""
    conn.execute(
        """
        UPDATE etl.backfill_items
        SET state = 'running', reached = %(reached)s, counts = %(counts)s
        WHERE backfill_id = %(id)s AND item = %(item)s
        """,
        {"id": backfill_id, "item": storable(item), "reached": reached, "counts": Jsonb(dict(counts))},
    )


def end_item(
    conn: Connection,
    backfill_id: int,
    item: str,
    *,
    state: Literal["done", "failed"],
    now: datetime,
    detail: str | None,
) -> None:
    """Say that a part has ended."""
    conn.execute(
        """
        UPDATE etl.backfill_items
        SET state = %(state)s, ended_at = %(now)s, detail = %(detail)s
        WHERE backfill_id = %(id)s AND item = %(item)s
        """,
        {
            "id": backfill_id,
            "item": storable(item),
            "state": state,
            "now": now,
            "detail": storable(detail) if detail else None,
        },
    )


def move(conn: Connection, backfill_id: int, state: State, *, now: datetime, detail: str | None = None) -> bool:
    """Put a backfill into another state; return whether it was in one that allows it.

    Only what is planned, running, paused or failed can be paused, resumed or cancelled; done and cancelled are final.
    """
    return (
        conn.execute(
            """
            UPDATE etl.backfills
            SET state = %(state)s, detail = %(detail)s,
                started_at = CASE WHEN %(state)s = 'running' THEN coalesce(started_at, %(now)s) ELSE started_at END,
                ended_at = CASE WHEN %(state)s IN ('done', 'cancelled', 'failed') THEN %(now)s::timestamptz END
            WHERE id = %(id)s AND state NOT IN ('done', 'cancelled')
            """,
            {"id": backfill_id, "state": state, "now": now, "detail": storable(detail) if detail else None},
        ).rowcount
        == 1
    )


def start_again(conn: Connection, backfill_id: int) -> None:
    """Put all parts of a backfill that is over back to their beginning; parts that its lists gave are found again."""
    with conn.transaction():
        conn.execute(
            "UPDATE etl.backfills SET state = 'planned', ended_at = NULL, marks = '[]' WHERE id = %(id)s",
            {"id": backfill_id},
        )
        conn.execute(
            """
            UPDATE etl.backfill_items
            SET state = 'planned', reached = 0, counts = '{}', detail = NULL, ended_at = NULL, outcome = NULL, tries = 0,
                due_at = '-infinity'
            WHERE backfill_id = %(id)s
            """,
            {"id": backfill_id},
        )


def open_again(conn: Connection, backfill_id: int) -> None:
    """Let a backfill that is over go on: some of its parts are to be done again."""
    conn.execute(
        "UPDATE etl.backfills SET state = 'running', ended_at = NULL, detail = NULL, marks = '[]' WHERE id = %(id)s",
        {"id": backfill_id},
    )
