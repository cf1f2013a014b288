"""The three jobs of the service. Each looks again whether there is work: what comes twice finds none the second time.

A worker that is told to stop ends its visits at the next pause that a host is owed: what is not fetched is still due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from etl.fetch.remote import RemoteFiles
from etl.flow.digest import digest_pending
from etl.flow.poll import Poll
from etl.flow.reading import Reading
from etl.flow.visit import HostVisit, Tools
from etl.model import Capture
from etl.run.backfill_jobs import BackfillJobs, Shared, backfill_jobs
from etl.run.held import host_held
from etl.run.readers import Readers, read_archived
from etl.store import digest_times, health, pages, sources
from etl.store.pool import Pool

log = structlog.get_logger()
BATCHES_PER_DIGEST = 10


class Stopping(Exception):  # noqa: N818 - it is no error.
    """The worker was told to stop."""


class _Turn:
    """The readers, from before a batch is taken until it is read: a transaction must not stand open while it waits for them."""

    def __init__(self, readers: Readers, lock: threading.Lock) -> None:
        self._readers, self._lock = readers, lock
        self._has_lock = False

    def __enter__(self) -> _Turn:
        self._has_lock = self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()

    def read(self, waiting: Sequence[Capture]) -> Sequence[Reading]:
        if not self._has_lock:  # The batch is taken a second time, after a deadlock.
            self._has_lock = self._lock.acquire()
        try:
            return read_archived(self._readers, waiting)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self._has_lock:
            self._has_lock = False
            self._lock.release()


@dataclass(slots=True)
class Jobs:
    """What a worker can do, with what it needs for it."""

    pool: Pool
    tools: Tools
    readers: Readers
    remote: RemoteFiles | None = None
    """Opens files for backfills; without it this worker takes no steps of them."""
    _reading: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _backfills: BackfillJobs | None = None

    def __post_init__(self) -> None:
        if self.remote is not None:
            self._backfills = backfill_jobs(
                self.pool, self.tools, Shared(self.readers, self._reading), self.remote, stopping=self._stopping
            )
        self.tools = replace(self.tools, sleep=self._sleep)

    def stop(self) -> None:
        """Let the jobs that run end soon."""
        self._stopping.set()

    def _sleep(self, wait_s: float) -> None:
        if self._stopping.wait(wait_s):
            raise Stopping

    def poll_source(self, source_id: int) -> None:
        """Poll the source if it is due and nobody else asks its host."""
        with self.pool.connection() as conn:
            source = sources.get(conn, source_id)
            if source is None or not source.is_active or source.next_poll_at > self.tools.now():
                return
            with host_held(conn, source.url) as is_held:
                if not is_held:
                    return  # Another worker asks this host: the source stays due, and the next tick brings it back.
                try:
                    polled = Poll(conn, self.tools, source).run()
                except Stopping:
                    return
        log.info(
            "source_polled",
            source=polled.slug,
            source_id=source_id,
            outcome=polled.outcome,
            detail=polled.detail,
            found=polled.found,
            new=polled.new,
        )

    def visit_host(self, host: str) -> None:
        """Fetch what is due on the host, if nobody else does."""
        with self.pool.connection() as conn:
            if not pages.due(conn, host, now=self.tools.now(), limit=1):
                return
            with host_held(conn, f"//{host}/") as is_held:
                if not is_held:
                    return
                visit = HostVisit(conn, self.tools, host)
                with suppress(Stopping):
                    visit.run()
        log.info("host_visited", host=host, pages=visit.visited.page_ids, **visit.visited.counts)

    def digest(self, number: int) -> None:
        """Digest what waits, batch by batch; while one batch is stored, the readers serve the next digest."""
        for _ in range(BATCHES_PER_DIGEST):
            if self._stopping.is_set():
                return
            with _Turn(self.readers, self._reading) as turn, self.pool.connection() as conn:
                began = monotonic()
                settled = digest_pending(conn, turn.read, now=self.tools.now, shelf=self.tools.shelf)
                if not settled:
                    return
                digest_times.add(conn, pages=len(settled), seconds=monotonic() - began)
            counts: dict[str, int] = {}
            for one in settled:
                counts[one.outcome] = counts.get(one.outcome, 0) + 1
                if one.outcome in health.QUARANTINE:
                    log.warning(
                        "page_quarantined", page=one.page_id, url=one.url, outcome=one.outcome, detail=one.detail
                    )
            log.info("captures_digested", number=number, pages=[one.page_id for one in settled], **counts)

    def by_name(self) -> dict[str, Callable[..., None]]:
        jobs: dict[str, Callable[..., None]] = {
            "poll_source": self.poll_source,
            "visit_host": self.visit_host,
            "digest": self.digest,
        }
        if self._backfills is not None:
            jobs["backfill_step"] = self._backfills.step
        return jobs
