"""One-off jobs over WARC files: what is read is stored batch by batch, and with each batch up to where the file is done.

The progress of a file is written in the transaction that stores its pages. Killed at any moment, the job goes on behind the last
batch that was committed: nothing is lost, and what was read but not committed is read again and stored once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from psycopg import Connection

from etl.discover import BrokenRecord, WarcRecord, records
from etl.errors import Unreadable
from etl.fetch.archive import Archive
from etl.store import backfills
from etl.store.backfills import Backfill, Item

from .imports import Read, import_batch

RECORDS_PER_BATCH = 100
BATCH_MAX_BYTES = 64_000_000
PROBLEMS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Kit:
    """What a backfill works with beside the database."""

    archive: Archive
    read: Read
    now: Callable[[], datetime]


@dataclass(slots=True)
class Far:
    """How far one file is: what `watch` is told after each batch."""

    item: str
    reached: int
    size: int
    counts: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])


def run_warc(
    conn: Connection,
    backfill: Backfill,
    kit: Kit,
    *,
    watch: Callable[[Far], None] = lambda _: None,
    goes_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Work on every file of the backfill that is not done and that nobody else holds; return whether all are done now."""
    backfills.move(conn, backfill.id, "running", now=kit.now())
    for item in backfills.items(conn, backfill.id):
        if item.state in ("done", "failed") or not backfills.take(conn, backfill.id, item.item):
            continue
        try:
            if not _run_file(conn, backfill, item, kit, watch=watch, goes_on=goes_on):
                return False
        finally:
            backfills.give_back(conn, backfill.id, item.item)
    left = [item for item in backfills.items(conn, backfill.id) if item.state not in ("done", "failed")]
    if left:
        return False
    backfills.move(conn, backfill.id, "done", now=kit.now())
    return True


def _run_file(
    conn: Connection,
    backfill: Backfill,
    item: Item,
    kit: Kit,
    *,
    watch: Callable[[Far], None],
    goes_on: Callable[[], bool],
) -> bool:
    path = Path(item.item)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            far = Far(item.item, item.reached, size, Counter(item.counts))
            kept = Counter(item.counts)  # Of what stands before `reached`: what is behind it will be read again.
            for batch, reached in batches(records(stream, start=item.reached), start=item.reached):
                with conn.transaction():
                    done = import_batch(conn, batch, archive=kit.archive, read=kit.read, now=kit.now())
                    far.counts += done.counts
                    if reached > far.reached:
                        far.reached, kept = reached, Counter(far.counts)
                    backfills.keep_progress(conn, backfill.id, item.item, reached=far.reached, counts=kept)
                far.problems += done.problems[: PROBLEMS_KEPT - len(far.problems)]
                watch(far)
                if not goes_on():
                    return False
    except (OSError, Unreadable) as error:
        backfills.end_item(conn, backfill.id, item.item, state="failed", now=kit.now(), detail=str(error))
        return True
    backfills.keep_progress(conn, backfill.id, item.item, reached=size, counts=far.counts)
    backfills.end_item(
        conn, backfill.id, item.item, state="done", now=kit.now(), detail="; ".join(far.problems)[:2000] or None
    )
    return True


def batches(
    read: Iterator[WarcRecord | BrokenRecord], *, start: int
) -> Iterator[tuple[Sequence[WarcRecord | BrokenRecord], int]]:
    """Yield records in batches, each with the offset behind it at which reading can begin again.

    A batch ends only where the next can begin: inside a member that holds many records (a file compressed as a whole)
    there is no such place, so there the batches share the member's beginning, and what is stored already is known again.
    """
    batch: list[WarcRecord | BrokenRecord] = []
    held = 0
    reached = start
    for record in read:
        batch.append(record)
        if isinstance(record, WarcRecord):
            held += len(record.body)
            reached = max(reached, record.end)
        if len(batch) >= RECORDS_PER_BATCH or held >= BATCH_MAX_BYTES:
            yield batch, reached
            batch, held = [], 0
    if batch:
        yield batch, reached
