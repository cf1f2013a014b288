"""Old captures read again by a new extractor, a new recipe or new rules: what the database says is made what they say now.

No request goes out: the bytes come from our own archive. A better reading is no edit of the publisher, so it makes no version: it
rewrites the versions that stand (`etl.flow.replay`), the links in their intervals, and the decisions on copies where texts changed,
or everywhere when asked to (`etl.flow.rejudge`). Consumers see updates in `news.changes`. Pages stay joined as they are, and due
when they were: a redigest is no visit.

Pages are read without any lock, and written under one if nothing changed meanwhile; else they are read once more. Progress is
written in the transaction that stores, so a redigest that was killed goes on behind the last page that was committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import Connection
from psycopg.errors import DeadlockDetected, ForeignKeyViolation

from etl.errors import Transient
from etl.store import backfills, pages, redigests
from etl.store.backfills import Backfill, Item
from etl.store.redigests import Meant

from .imports import Read
from .reread import read_again
from .rewrite import Told, rewrite
from .settle import DEADLOCK_TRIES, EXTRACTOR

PAGES_PER_BATCH = 20
"""Each rejudged article holds about a dozen advisory locks until the commit."""
PAGES_PER_PART = 1_000
"""One process works on a part; several processes share a redigest by its parts."""
ROUNDS_MAX = 5


@dataclass(frozen=True, slots=True)
class Redigest:
    """What a redigest works with."""

    read: Read
    now: Callable[[], datetime]
    rejudges_all: bool = False
    """Decide again on copies of every article, not only of those whose text changed: after a change of rules."""
    keeps: bool = True
    """False: find out what would change, and leave everything as it is."""


@dataclass(slots=True)
class Far:
    """How far one part is: what `watch` is told after each batch."""

    item: str
    reached: int
    size: int
    counts: Counter[str]
    told: list[Told] = field(default_factory=list[Told])
    """Of the last batch."""


def parts(last_page_id: int) -> list[str]:
    """Return the names of the parts of a redigest over pages up to that one: `pages 1 to 1000`."""
    return [
        f"pages {first} to {min(first + PAGES_PER_PART - 1, last_page_id)}"
        for first in range(1, last_page_id + 1, PAGES_PER_PART)
    ]


def run_redigest(
    conn: Connection,
    backfill: Backfill,
    meant: Meant,
    kit: Redigest,
    *,
    watch: Callable[[Far], None] = lambda _: None,
    goes_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Work on every part that is not done and that nobody else holds; return whether all are done now."""
    backfills.move(conn, backfill.id, "running", now=kit.now())
    for item in backfills.items(conn, backfill.id):
        if item.state in ("done", "failed") or not backfills.take(conn, backfill.id, item.item):
            continue
        try:
            if not _run_part(conn, backfill, item, meant=meant, kit=kit, watch=watch, goes_on=goes_on):
                return False
        finally:
            backfills.give_back(conn, backfill.id, item.item)
    backfills.finish(conn, backfill.id, now=kit.now())
    now = backfills.get(conn, backfill.id)
    return now is not None and now.state == "done"


def _run_part(
    conn: Connection,
    backfill: Backfill,
    item: Item,
    *,
    meant: Meant,
    kit: Redigest,
    watch: Callable[[Far], None],
    goes_on: Callable[[], bool],
) -> bool:
    first, last = (int(word) for word in item.item.split() if word.isdigit())
    # Another process may have worked on it between our look at the list and our hold.
    item = next(one for one in backfills.items(conn, backfill.id) if one.item == item.item)
    if item.state in ("done", "failed"):
        return True
    far = Far(item.item, max(item.reached, first - 1), last - first + 1, Counter(item.counts))
    while batch := redigests.meant_pages(conn, meant, after=far.reached, last=last, limit=PAGES_PER_BATCH):
        if not goes_on():
            return False

        def keep(told: Sequence[Told], reached: int = batch[-1]) -> None:
            counts = far.counts + Counter(one.outcome for one in told)
            backfills.keep_progress(conn, backfill.id, item.item, reached=reached, counts=counts)

        far.told = redigest_pages(conn, batch, kit, then=keep)
        far.reached, far.counts = batch[-1], far.counts + Counter(one.outcome for one in far.told)
        backfills.mark(conn, backfill.id, now=kit.now())
        watch(far)
    backfills.end_item(conn, backfill.id, item.item, state="done", now=kit.now(), detail=None)
    return True


def redigest_pages(
    conn: Connection, page_ids: Sequence[int], kit: Redigest, *, then: Callable[[Sequence[Told]], None] = lambda _: None
) -> list[Told]:
    """Read the captures of the pages again and make the database say what they say; *then* runs in the same transaction.

    Raises Transient when pages go on changing while they are read.
    """
    for _ in range(ROUNDS_MAX):
        before = redigests.stamps(conn, page_ids)
        read = read_again(conn, page_ids, kit.read, extractor=EXTRACTOR)
        for last_try in (False,) * (DEADLOCK_TRIES - 1) + (True,):
            try:
                with conn.transaction(force_rollback=not kit.keeps):
                    pages.lock(conn, page_ids)
                    if redigests.stamps(conn, page_ids) != before:
                        break
                    told = rewrite(conn, read, now=kit.now(), rejudges_all=kit.rejudges_all)
                    then(told)
                    return told
            except (DeadlockDetected, ForeignKeyViolation):
                if last_try:
                    raise
    raise Transient(f"pages {page_ids[0]} to {page_ids[-1]} change faster than they can be read: try again later")
