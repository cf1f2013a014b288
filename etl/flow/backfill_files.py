"""WARC files of a backfill: what is read is stored batch by batch, and with each batch up to where the file is done.

Three things happen at once with one file: while a chunk of records is read in the children, the one before it is stored and the one
after it is copied into the archive. No more than two chunks are held with their bodies, so memory does not grow with the file.

The progress of a file is written in the transaction that stores its pages. Killed at any moment, the job goes on behind the last
batch that was committed: nothing is lost, and what was read but not committed is read again and stored once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from psycopg import Connection

from etl.discover import BrokenRecord, WarcRecord, records
from etl.errors import NewsEtlError, Transient, TryLater
from etl.fetch import politeness
from etl.fetch.remote import RemoteFile
from etl.store import backfill_items, backfills
from etl.store.backfill_items import DueItem, ItemEnd
from etl.store.backfills import Backfill

from .backfill_turn import SLICE_S, Kit, Turn
from .batch import PAGES_PER_TRANSACTION
from .imports import Prepared, prepare, store
from .reading import Reading

RECORDS_PER_CHUNK = 25
CHUNK_MAX_BYTES = 4_000_000
"""Of bodies. Four files at once in a worker, two chunks of each: 32 MB."""
PROBLEMS_KEPT = 20
TRIES_MAX = 8
"""In a row, without a byte more than the time before."""
FIRST_PAUSE_S = 5.0


@dataclass(slots=True)
class _Far:
    """How far one file is."""

    reached: int
    size: int | None
    counts: Counter[str]
    kept: Counter[str]
    """Of what stands before `reached`: what is behind it will be read again."""
    problems: list[str] = field(default_factory=list[str])
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some records on their way through the children."""

    prepared: Prepared
    reading: Future[Sequence[Reading]]
    reached: int
    problems: list[str]


class NotOurTurn(Exception):  # noqa: N818 - no outcome: the file waits for its host
    """The host of the file is not to be asked now."""


class WarcFile:
    """One file, which the caller holds."""

    def __init__(self, conn: Connection, backfill: Backfill, item: DueItem, kit: Kit) -> None:
        self.conn, self.backfill, self.item, self.kit = conn, backfill, item, kit
        self.far = _Far(item.reached, item.size, Counter(item.counts), Counter(item.counts))
        self._paid = 0

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Store the file from where it is, until its end or until it is told to stop; a failure is written, not raised."""
        try:
            with self._opened() as (stream, remote), ThreadPoolExecutor(1, thread_name_prefix="ahead") as ahead:
                self._take_in(stream, remote, ahead, goes_on)
        except NotOurTurn:
            return
        except (OSError, NewsEtlError) as error:
            self._failed(error)
            return
        if self.far.is_over:
            self._done()

    def _take_in(
        self, stream: BinaryIO, remote: RemoteFile | None, ahead: ThreadPoolExecutor, goes_on: Callable[[], bool]
    ) -> None:
        """Store the rest of the file, or what comes until it is told to stop."""
        waiting: list[_Chunk] = []
        try:
            for batch, reached in batches(records(stream, start=self.item.reached), start=self.item.reached):
                waiting.append(self._begin(batch, reached, ahead))
                del batch  # Or it would be held until the next is whole.
                *before, newest = waiting
                for chunk in before:
                    chunk.reading.result()
                if sum(chunk.prepared.records for chunk in waiting) > PAGES_PER_TRANSACTION:
                    self._store(before)
                    waiting = [newest]
                if not self._pay(remote, goes_on):
                    break
            else:
                self.far.is_over = True
        except (OSError, NewsEtlError):  # Of the network, most often: what came before is no worse for it.
            self._store(waiting)
            raise
        self._store(waiting)

    @contextmanager
    def _opened(self) -> Generator[tuple[BinaryIO, RemoteFile | None]]:
        if self.item.host is None:
            path = Path(self.item.item)
            with path.open("rb") as stream:
                self._keep_size(path.stat().st_size)
                yield stream, None
            return
        with self._asked() as remote:
            if remote.size is not None:
                self._keep_size(remote.size)
            yield remote.stream, remote

    def _asked(self) -> RemoteFile:
        """Ask the host for the file, by its pace; the bytes then come as fast as we store them."""
        assert self.item.host is not None
        url, now = self.item.item, self.kit.tools.now
        # A dictionary, which every zstd record may need, stands at the very beginning of the file.
        start = 0 if url.endswith((".zst", ".zstd")) else self.item.reached
        with self.kit.held(self.conn, url) as is_held:
            if not is_held:
                raise NotOurTurn
            turn = Turn(self.conn, self.kit, self.backfill, self.item.host)
            answer = turn.ask(url, lambda _: self.kit.remote.open(url, now=now, start=start), is_bulk=True)
        if answer is None:
            raise NotOurTurn
        if isinstance(answer, NewsEtlError):
            raise answer
        return answer

    def _keep_size(self, size: int) -> None:
        self.far.size = size
        if size != self.item.size:
            backfill_items.keep_size(self.conn, self.backfill.id, self.item.item, size)

    def _begin(self, batch: Sequence[WarcRecord | BrokenRecord], reached: int, ahead: ThreadPoolExecutor) -> _Chunk:
        """Copy the pages into the archive and let them be read."""
        tools = self.kit.tools
        prepared = prepare(self.conn, batch, archive=tools.fetcher.archive, now=tools.now())
        problems = [f"byte {record.offset:,}: {record.reason}" for record in batch if isinstance(record, BrokenRecord)]
        return _Chunk(prepared, ahead.submit(self._read, prepared), reached, problems)

    def _read(self, prepared: Prepared) -> Sequence[Reading]:
        readings = self.kit.read(prepared.pages)
        prepared.pages.clear()  # The bodies are not needed any more, and the chunk waits for its transaction.
        return readings

    def _store(self, chunks: Sequence[_Chunk]) -> None:
        if not chunks:
            return
        far, conn = self.far, self.conn
        read = [(chunk.prepared, chunk.reading.result()) for chunk in chunks]
        with conn.transaction():
            for chunk, ends in zip(chunks, store(conn, read, now=self.kit.tools.now()), strict=True):
                far.counts.update(end.outcome for end in ends)
                if chunk.reached > far.reached:
                    far.reached, far.kept = chunk.reached, Counter(far.counts)
                far.problems += chunk.problems[: PROBLEMS_KEPT - len(far.problems)]
            backfills.keep_progress(conn, self.backfill.id, self.item.item, reached=far.reached, counts=far.kept)

    def _pay(self, remote: RemoteFile | None, goes_on: Callable[[], bool]) -> bool:
        """Count the bytes against the backfill's limit and wait until they are paid for; False when work has to stop."""
        if remote is not None and self.backfill.bytes_per_second is not None:
            now = self.kit.tools.now
            backfills.pay(self.conn, self.backfill.id, remote.fetched - self._paid, now=now())
            self._paid = remote.fetched
            while goes_on() and (paid_at := backfills.paid_at(self.conn, self.backfill.id)) and paid_at > now():
                self.kit.tools.sleep(min(SLICE_S, (paid_at - now()).total_seconds()))
        return goes_on()

    def _failed(self, error: Exception) -> None:
        """Try again where the network or the host may do better; what is missing or forbidden has failed."""
        now, tries = self.kit.tools.now(), self.item.tries
        if self.far.reached > self.item.reached:  # It went on since: only failures in a row count.
            tries = 0
            backfill_items.keep_tries(self.conn, self.backfill.id, self.item.item, 0)
        code = error.code if isinstance(error, NewsEtlError) else "gone"
        end = ItemEnd(self.item.item, "failed", code, str(error), is_failure=True)
        if isinstance(error, Transient | TryLater) and tries + 1 < TRIES_MAX:
            pause_s = politeness.back_off_s(tries + 1, jitter=0.5, first_s=FIRST_PAUSE_S)
            at = error.at if isinstance(error, TryLater) else now + timedelta(seconds=pause_s)
            end = ItemEnd(self.item.item, "planned", code, str(error), due_at=at, is_failure=True)
        backfill_items.keep_ends(self.conn, self.backfill.id, [end], now=now)

    def _done(self) -> None:
        far, now = self.far, self.kit.tools.now()
        remarks = far.problems
        if not far.counts:
            remarks = ["an empty file" if far.size == 0 else "no page in it"]
        with self.conn.transaction():
            reached = far.reached if far.size is None else far.size
            backfills.keep_progress(self.conn, self.backfill.id, self.item.item, reached=reached, counts=far.counts)
            end = ItemEnd(self.item.item, "done", "ok", "; ".join(remarks) or None)
            if set(far.counts) == {"broken_record"}:  # Not a file of pages at all: whoever named it should know.
                end = ItemEnd(self.item.item, "failed", "unreadable", end.detail, is_failure=True)
            backfill_items.keep_ends(self.conn, self.backfill.id, [end], now=now)


def batches(
    read: Iterator[WarcRecord | BrokenRecord], *, start: int
) -> Iterator[tuple[Sequence[WarcRecord | BrokenRecord], int]]:
    """Yield records in chunks, each with the offset behind it at which reading can begin again.

    A chunk ends only where the next can begin: inside a member that holds many records (a file compressed as a whole)
    there is no such place, so there the chunks share the member's beginning, and what is stored already is known again.
    """
    batch: list[WarcRecord | BrokenRecord] = []
    held = 0
    reached = start
    for record in read:
        batch.append(record)
        if isinstance(record, WarcRecord):
            held += len(record.body)
            reached = max(reached, record.end)
        if len(batch) >= RECORDS_PER_CHUNK or held >= CHUNK_MAX_BYTES:
            yield batch, reached
            batch, held = [], 0
    if batch:
        yield batch, reached
