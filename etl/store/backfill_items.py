"""Parts of backfills: what is to be done, of whom it is asked, and how each ended.

A part is worked on by whoever holds its host, or the part itself when it is a file, so nothing here claims rows. How it
ended is written in the transaction that stores what it gave: each part counts once, whoever is killed when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from etl.model import Page, PageUrl

from .text import storable

ItemKind = Literal["file", "page", "capture", "sitemap", "captures", "files"]
ITEM_MAX_BYTES = 2_000
"""A part's name is a key: longer ones do not fit into an index."""


@dataclass(frozen=True, slots=True)
class NewItem:
    item: str
    kind: ItemKind
    host: str | None = None
    depth: int = 0
    size: int | None = None


@dataclass(frozen=True, slots=True)
class DueItem:
    item: str
    number: int
    kind: ItemKind
    host: str | None
    tries: int
    depth: int
    reached: int
    size: int | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """How a part ended, or why it is tried again at `due_at`."""

    item: str
    state: Literal["planned", "done", "failed"]
    outcome: str
    detail: str | None = None
    page_id: int | None = None
    due_at: datetime | None = None
    is_failure: bool = False


def add(conn: Connection, backfill_id: int, items: Sequence[NewItem]) -> int:
    """Add parts that are not there yet, in this order behind those that are; return how many."""
    rows = {storable(item.item): item for item in items}
    return conn.execute(
        """
        INSERT INTO etl.backfill_items (backfill_id, item, number, state, kind, host, depth, size)
        SELECT %(id)s, r.item, b.highest + r.number, 'planned', r.kind, r.host, r.depth, r.size
        FROM unnest(%(item)s::text[], %(kind)s::text[], %(host)s::text[], %(depth)s::int[], %(size)s::bigint[])
             WITH ORDINALITY AS r (item, kind, host, depth, size, number)
        CROSS JOIN (
            SELECT coalesce(max(number), 0) AS highest FROM etl.backfill_items WHERE backfill_id = %(id)s
        ) AS b
        ON CONFLICT (backfill_id, item) DO NOTHING
        """,
        {
            "id": backfill_id,
            "item": list(rows),
            "kind": [item.kind for item in rows.values()],
            "host": [item.host for item in rows.values()],
            "depth": [item.depth for item in rows.values()],
            "size": [item.size for item in rows.values()],
        },
    ).rowcount


def due_hosts(
    conn: Connection, backfill_id: int, *, now: datetime, without: Sequence[str], behind_live: bool, limit: int
) -> list[str]:
    """Return hosts that may be asked now for parts that are not files, in the order of their names, leaving out *without*.

    *behind_live*: hosts for which live work is due come later.
    """
    rows = conn.execute(
        """
        WITH RECURSIVE hosts AS (
            SELECT min(host) AS host
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s AND state = 'planned' AND host IS NOT NULL
            UNION ALL
            SELECT (SELECT min(i.host) FROM etl.backfill_items i
                    WHERE i.backfill_id = %(id)s AND i.state = 'planned' AND i.host > h.host)
            FROM hosts h
            WHERE h.host IS NOT NULL
        )
        SELECT h.host
        FROM hosts h
        LEFT JOIN etl.hosts k ON k.host = h.host
        WHERE h.host IS NOT NULL AND h.host <> ALL (%(without)s) AND coalesce(k.free_at, '-infinity') <= %(now)s
              AND EXISTS (
                  SELECT FROM etl.backfill_items i
                  WHERE i.backfill_id = %(id)s AND i.state = 'planned' AND i.host = h.host AND i.kind <> 'file'
                        AND i.due_at <= %(now)s)
              AND NOT (%(behind_live)s AND (
                  EXISTS (SELECT FROM etl.pages p WHERE p.host = h.host AND p.next_visit_at <= %(now)s)
                  OR EXISTS (SELECT FROM etl.sources s WHERE s.host = h.host AND s.is_active AND s.next_poll_at <= %(now)s)))
        LIMIT %(limit)s
        """,
        {
            "id": backfill_id,
            "now": now,
            "without": list(without),
            "behind_live": behind_live,
            "limit": limit,
        },
    ).fetchall()
    return [host for (host,) in rows]


def live_is_due(conn: Connection, host: str, *, now: datetime) -> bool:
    """Tell whether a poll or a visit of this host waits."""
    row = conn.execute(
        """
        SELECT EXISTS (SELECT FROM etl.pages WHERE host = %(host)s AND next_visit_at <= %(now)s)
               OR EXISTS (SELECT FROM etl.sources WHERE host = %(host)s AND is_active AND next_poll_at <= %(now)s)
        """,
        {"host": host, "now": now},
    ).fetchone()
    return bool(row and row[0])


def due_lists(conn: Connection, backfill_id: int, host: str, *, now: datetime) -> list[DueItem]:
    """Return the next list to be asked of this host, if any."""
    with conn.cursor(row_factory=class_row(DueItem)) as cursor:
        return cursor.execute(
            """
            SELECT item, number, kind, host, tries, depth, reached, size, counts
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s AND state = 'planned' AND kind IN ('sitemap', 'captures', 'files')
                  AND host = %(host)s AND due_at <= %(now)s
            ORDER BY number
            LIMIT 1
            """,
            {"id": backfill_id, "host": host, "now": now},
        ).fetchall()


def due(conn: Connection, backfill_id: int, host: str, *, now: datetime, limit: int) -> list[DueItem]:
    """Return pages and captures to be asked of this host, in the order of the plan."""
    with conn.cursor(row_factory=class_row(DueItem)) as cursor:
        return cursor.execute(
            """
            SELECT item, number, kind, host, tries, depth, reached, size, counts
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s AND state = 'planned' AND host = %(host)s AND kind IN ('page', 'capture')
                  AND due_at <= %(now)s
            ORDER BY number
            LIMIT %(limit)s
            """,
            {"id": backfill_id, "host": host, "now": now, "limit": limit},
        ).fetchall()


def due_files(
    conn: Connection, backfill_id: int, *, now: datetime, limit: int | None, only_local: bool = False
) -> list[DueItem]:
    """Return files, and lists of this machine, that are not done, in the order of the plan.

    With *only_local* those without a host: some machine has them in its folders.
    """
    with conn.cursor(row_factory=class_row(DueItem)) as cursor:
        return cursor.execute(
            """
            SELECT item, number, kind, host, tries, depth, reached, size, counts
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s AND state IN ('planned', 'running') AND (kind = 'file' OR host IS NULL)
                  AND due_at <= %(now)s AND NOT (%(only_local)s AND host IS NOT NULL)
            ORDER BY kind = 'file', number
            LIMIT %(limit)s
            """,
            {"id": backfill_id, "now": now, "limit": limit, "only_local": only_local},
        ).fetchall()


def find(conn: Connection, backfill_id: int, item: str) -> DueItem | None:
    """Return the part if it is still to be done: asked again once it is held, for another may have ended it just before."""
    with conn.cursor(row_factory=class_row(DueItem)) as cursor:
        return cursor.execute(
            """
            SELECT item, number, kind, host, tries, depth, reached, size, counts
            FROM etl.backfill_items
            WHERE backfill_id = %(id)s AND item = %(item)s AND state IN ('planned', 'running')
            """,
            {"id": backfill_id, "item": storable(item)},
        ).fetchone()


def keep_ends(conn: Connection, backfill_id: int, ends: Sequence[ItemEnd], *, now: datetime) -> int:
    """Write how parts ended; return how many were still to be done, which is all of them unless somebody else was faster."""
    return conn.execute(
        """
        UPDATE etl.backfill_items i
        SET state = r.state, outcome = r.outcome, detail = r.detail, page_id = coalesce(r.page_id, i.page_id),
            due_at = coalesce(r.due_at, i.due_at),
            tries = CASE WHEN r.is_failure THEN i.tries + 1 ELSE i.tries END,
            ended_at = CASE WHEN r.state = 'planned' THEN NULL ELSE %(now)s::timestamptz END
        FROM unnest(%(item)s::text[], %(state)s::text[], %(outcome)s::text[], %(detail)s::text[], %(page_id)s::bigint[],
                    %(due_at)s::timestamptz[], %(is_failure)s::boolean[])
             AS r (item, state, outcome, detail, page_id, due_at, is_failure)
        WHERE i.backfill_id = %(id)s AND i.item = r.item AND i.state IN ('planned', 'running')
        """,
        {
            "id": backfill_id,
            "now": now,
            "item": [storable(end.item) for end in ends],
            "state": [end.state for end in ends],
            "outcome": [end.outcome for end in ends],
            "detail": [storable(end.detail)[:2000] if end.detail else None for end in ends],
            "page_id": [end.page_id for end in ends],
            "due_at": [end.due_at for end in ends],
            "is_failure": [end.is_failure for end in ends],
        },
    ).rowcount


def postpone_host(
    conn: Connection,
    backfill_id: int,
    host: str,
    *,
    until: datetime,
    outcome: str,
    detail: str,
    tries_max: int,
    now: datetime,
) -> int:
    """Try everything that is asked of this host again at *until*; what was tried *tries_max* times has failed. Return how many."""
    return conn.execute(
        """
        UPDATE etl.backfill_items
        SET tries = tries + 1, due_at = %(until)s, outcome = %(outcome)s, detail = %(detail)s,
            state = CASE WHEN tries + 1 >= %(tries_max)s THEN 'failed' ELSE state END,
            ended_at = CASE WHEN tries + 1 >= %(tries_max)s THEN %(now)s::timestamptz END
        WHERE backfill_id = %(id)s AND host = %(host)s AND state = 'planned'
        """,
        {
            "id": backfill_id,
            "host": host,
            "until": until,
            "outcome": outcome,
            "detail": storable(detail)[:500],
            "tries_max": tries_max,
            "now": now,
        },
    ).rowcount


def keep_counts(conn: Connection, backfill_id: int, item: str, counts: Mapping[str, int]) -> None:
    """Write what a list held beside the parts it gave."""
    conn.execute(
        "UPDATE etl.backfill_items SET counts = %(counts)s WHERE backfill_id = %(id)s AND item = %(item)s",
        {"id": backfill_id, "item": storable(item), "counts": Jsonb(dict(counts))},
    )


def keep_size(conn: Connection, backfill_id: int, item: str, size: int) -> None:
    """Write how large a file is, and that it can be read: what failed before is forgotten."""
    conn.execute(
        "UPDATE etl.backfill_items SET size = %(size)s WHERE backfill_id = %(id)s AND item = %(item)s",
        {"id": backfill_id, "item": storable(item), "size": size},
    )


def keep_tries(conn: Connection, backfill_id: int, item: str, tries: int) -> None:
    """Write how often a part failed in a row."""
    conn.execute(
        "UPDATE etl.backfill_items SET tries = %(tries)s WHERE backfill_id = %(id)s AND item = %(item)s",
        {"id": backfill_id, "item": storable(item), "tries": tries},
    )


def plan_again(conn: Connection, backfill_id: int, *, reasons: Sequence[str]) -> int:
    """Plan the parts again that failed, or that ended with one of the *reasons*; return how many."""
    return conn.execute(
        """
        UPDATE etl.backfill_items
        SET state = 'planned', outcome = NULL, detail = NULL, tries = 0, due_at = '-infinity', ended_at = NULL
        WHERE backfill_id = %(id)s AND state IN ('done', 'failed')
              AND CASE WHEN %(reasons)s::text[] = '{}' THEN state = 'failed' ELSE outcome = ANY (%(reasons)s) END
        """,
        {"id": backfill_id, "reasons": list(reasons)},
    ).rowcount


def readdress(conn: Connection, page_id: int, address: PageUrl) -> None:
    """Give a page for which no visit is planned the address under which it answers."""
    conn.execute(
        "UPDATE etl.pages SET url = %(url)s, host = %(host)s WHERE id = %(page_id)s AND next_visit_at IS NULL",
        {"page_id": page_id, "url": address.url, "host": address.host},
    )


def plans_of(conn: Connection, page_ids: Sequence[int]) -> list[tuple[int, datetime]]:
    """Return (page, when it is visited next) of those of the pages that have such a plan."""
    return conn.execute(
        "SELECT id, next_visit_at FROM etl.pages WHERE id = ANY (%(ids)s) AND next_visit_at IS NOT NULL",
        {"ids": list(page_ids)},
    ).fetchall()


def keep_plans(conn: Connection, plans: Sequence[tuple[int, datetime]]) -> None:
    """Let live visits of these pages stay planned as they were: a backfill neither adds to them nor takes from them."""
    if plans:
        conn.execute(
            """
            UPDATE etl.pages p
            SET next_visit_at = r.next_visit_at
            FROM unnest(%(id)s::bigint[], %(at)s::timestamptz[]) AS r (id, next_visit_at)
            WHERE p.id = r.id AND p.outcome IS DISTINCT FROM 'folded' AND p.next_visit_at IS DISTINCT FROM r.next_visit_at
            """,
            {"id": [page_id for page_id, _ in plans], "at": [at for _, at in plans]},
        )


def pages_of(conn: Connection, page_ids: Sequence[int]) -> dict[int, Page]:
    """Return the pages of these numbers as a visit needs them."""
    with conn.cursor(row_factory=class_row(Page)) as cursor:
        rows = cursor.execute(
            """
            SELECT id, url, host, next_visit_at, etag, last_modified, body_sha256, failures, visits
            FROM etl.pages
            WHERE id = ANY (%(ids)s)
            """,
            {"ids": list(page_ids)},
        ).fetchall()
    return {page.id: page for page in rows}


def forget(conn: Connection, page_ids: Sequence[int]) -> int:
    """Take the addresses out of the parts that gave these pages, which are erased; how they ended stays. Return how many."""
    return conn.execute(
        """
        UPDATE etl.backfill_items
        SET item = 'erased ' || md5(item), detail = NULL, page_id = NULL
        WHERE page_id = ANY (%(ids)s)
        """,
        {"ids": list(page_ids)},
    ).rowcount


def files(conn: Connection, backfill_id: int) -> int:
    """Return how many WARC files the backfill has so far."""
    row = conn.execute(
        "SELECT count(*) FROM etl.backfill_items WHERE backfill_id = %(id)s AND kind = 'file'", {"id": backfill_id}
    ).fetchone()
    return row[0] if row else 0
