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

from .text import storable

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


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a backfill. `reached` is the offset or line up to which everything is stored."""

    item: str
    number: int
    state: str
    reached: int
    counts: Mapping[str, int]
    detail: str | None


def begin(
    conn: Connection, kind: str, plan: Mapping[str, Any], items: Sequence[str], *, by: str, now: datetime
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
        conn.execute(
            """
            INSERT INTO etl.backfill_items (backfill_id, item, number, state)
            SELECT %(id)s, item, number, 'planned'
            FROM unnest(%(items)s::text[]) WITH ORDINALITY AS r (item, number)
            ON CONFLICT (backfill_id, item) DO NOTHING
            """,
            {"id": row[0], "items": [storable(item) for item in items]},
        )
    with conn.cursor(row_factory=class_row(Backfill)) as cursor:
        backfill = cursor.execute(
            """
            SELECT id, kind, plan, state, created_at, created_by, started_at, ended_at, detail
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
            SELECT id, kind, plan, state, created_at, created_by, started_at, ended_at, detail
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
            SELECT id, kind, plan, state, created_at, created_by, started_at, ended_at, detail
            FROM etl.backfills
            ORDER BY id DESC
            """
        ).fetchall()


def items(conn: Connection, backfill_id: int) -> list[Item]:
    """Return the parts of a backfill in their order."""
    with conn.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(
            """
            SELECT item, number, state, reached, counts, detail
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s
            ORDER BY number
            """,
            {"id": backfill_id},
        ).fetchall()


def totals(conn: Connection, backfill_id: int) -> dict[str, int]:
    """Return outcome → number over all parts."""
    return dict(
        conn.execute(
            """
            SELECT c.key, sum(c.value::bigint)::bigint
            FROM etl.backfill_items i
            CROSS JOIN LATERAL jsonb_each_text(i.counts) AS c (key, value)
            WHERE i.backfill_id = %(id)s
            GROUP BY c.key
            ORDER BY c.key
            """,
            {"id": backfill_id},
        ).fetchall()
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
    """Put all parts of a backfill that is done back to their beginning."""
    with conn.transaction():
        conn.execute(
            "UPDATE etl.backfills SET state = 'planned', ended_at = NULL WHERE id = %(id)s", {"id": backfill_id}
        )
        conn.execute(
            """
            UPDATE etl.backfill_items
            SET state = 'planned', reached = 0, counts = '{}', detail = NULL, ended_at = NULL
            WHERE backfill_id = %(id)s
            """,
            {"id": backfill_id},
        )
