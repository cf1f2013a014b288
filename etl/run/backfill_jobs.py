"""Who works on backfills: the workers of the service, step by step; or, where no service runs, the command that began one.

Both take the same shares (`etl.flow.backfill`) and may do so at once: what one holds, the others leave alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic

import psycopg
import structlog
from psycopg import Connection
from psycopg_pool import PoolTimeout

from etl.fetch.remote import RemoteFiles
from etl.flow.backfill import Share
from etl.flow.backfill_turn import Kit
from etl.flow.reading import Reading
from etl.flow.visit import Tools
from etl.run.held import host_held
from etl.run.readers import Page, Readers
from etl.store import backfills, digest_times, health
from etl.store.backfills import Progress
from etl.store.pool import Pool

log = structlog.get_logger()
STEP_S = 20.0
"""After so long a step makes room in the queue, in which live work goes first."""
LEADER_LOOKED_FOR_S = 5.0
ASIDE_S = 10.0
"""A worker that does not see what is left of a backfill leaves it alone for so long: others are to get the steps."""
PAUSE_S = 0.2
LONGEST_PAUSE_S = 1.0
TIMES_KEPT = 1_000
"""Batches whose times wait to be told: far more than a step reads; in a command, which is no worker, nobody asks for them."""
WATCH_EVERY_S = 0.5
WATCH_COST_MAX = 0.05
"""Looking how far it is may take this share of the time: with millions of parts it is looked at more rarely."""


class Shared:
    """Readers that several threads use in turn."""

    def __init__(self, readers: Readers, lock: threading.Lock) -> None:
        self._readers, self._lock = readers, lock
        self._took: deque[tuple[int, float]] = deque(maxlen=TIMES_KEPT)

    def read(self, pages: Sequence[Page]) -> Sequence[Reading]:
        if not pages:
            return []
        with self._lock:
            began = monotonic()
            readings = self._readers.read(pages)
            self._took.append((len(pages), monotonic() - began))
        return readings

    def tell_times(self, conn: Connection) -> None:
        """Count what was read since the last call in the times of digests."""
        with suppress(IndexError):  # Another step may tell them at the same time.
            while self._took:
                pages, seconds = self._took.popleft()
                digest_times.add(conn, pages=pages, seconds=seconds)


def kit_of(
    tools: Tools, readers: Shared, remote: RemoteFiles, *, stopping: threading.Event, behind_live: Callable[[], bool]
) -> Kit:
    """Return what the shares of this process work with; its waits end when it is told to stop."""

    def sleep(seconds: float) -> None:
        stopping.wait(seconds)

    return Kit(
        tools=replace(tools, sleep=sleep),
        read=readers.read,
        remote=remote,
        held=host_held,
        behind_live=behind_live,
        goes_on=lambda: not stopping.is_set(),
    )


@dataclass(slots=True)
class BackfillJobs:
    """What a worker of the service does for backfills."""

    pool: Pool
    kit: Kit
    readers: Shared
    _aside: dict[int, float] = field(default_factory=dict[int, float])
    """Backfill → when this worker looks again."""

    def step(self, backfill_id: int, number: int) -> None:
        """Take shares of the backfill for a while; a bug ends the backfill, not the worker."""
        if monotonic() < self._aside.get(backfill_id, 0.0):
            return
        ends_at = monotonic() + STEP_S
        taken = 0
        with self.pool.connection() as conn:
            share = Share(conn, self.kit, backfill_id)
            try:
                while monotonic() < ends_at and self.kit.goes_on() and share.take():
                    taken += 1
            except Exception as error:
                _fail(conn, self.kit, backfill_id, error)
                raise
            self.readers.tell_times(conn)
        if share.sees_nothing:
            self._aside[backfill_id] = monotonic() + ASIDE_S
        if share.new_wait:
            log.warning("backfill_waits", backfill=backfill_id, detail=share.new_wait)
        if taken:
            log.info("backfill_stepped", backfill=backfill_id, number=number, shares=taken)


def backfill_jobs(
    pool: Pool, tools: Tools, readers: Shared, remote: RemoteFiles, *, stopping: threading.Event
) -> BackfillJobs:
    """Return what a worker of the service does for backfills: always behind live work, for it is there for that."""
    kit = kit_of(tools, readers, remote, stopping=stopping, behind_live=lambda: True)
    return BackfillJobs(pool, replace(kit, is_of_service=True), readers)


def _fail(conn: Connection, kit: Kit, backfill_id: int, error: Exception) -> None:
    if isinstance(error, psycopg.OperationalError | PoolTimeout):
        return  # The database was away: that is no fault of the backfill.
    with suppress(Exception):  # The first error is the one to see; the connection may be gone with it.
        words = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
        backfills.move(conn, backfill_id, "failed", now=kit.tools.now(), detail=words)


@dataclass(slots=True)
class Foreground:
    """One backfill, worked on by *threads* threads of this process until it is over, paused, or told to stop."""

    pool: Pool
    kit: Kit
    backfill_id: int
    threads: int
    watch: Callable[[Progress], None]
    stopping: threading.Event
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Work until the backfill is over or paused; what a thread raises is raised here."""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="backfill") as pool:
            working = [pool.submit(self._work) for _ in range(self.threads)]
            try:
                self._watch(working)
            except BaseException:
                self.stopping.set()
                raise
        for future in working:
            future.result()

    def _work(self) -> None:
        pause_s = PAUSE_S
        with self.pool.connection() as conn:
            share = Share(conn, self.kit, self.backfill_id)
            try:
                while self.kit.goes_on() and backfills.is_running(conn, self.backfill_id):
                    if share.take():
                        pause_s = PAUSE_S
                    else:
                        self.stopping.wait(pause_s)
                        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
            except Exception as error:
                self.stopping.set()
                _fail(conn, self.kit, self.backfill_id, error)
                raise

    def _watch(self, working: Sequence[Future[None]]) -> None:
        with self.pool.connection() as conn:
            left = set(working)
            every_s = WATCH_EVERY_S
            while left:
                _, left = wait(left, timeout=every_s, return_when=FIRST_EXCEPTION)
                every_s = watched(conn, self.backfill_id, self.watch)


def watched(conn: Connection, backfill_id: int, watch: Callable[[Progress], None]) -> float:
    """Tell *watch* how far the backfill is; return the seconds to leave until the next look."""
    began = monotonic()
    progress = backfills.progress(conn, backfill_id)
    if progress is not None:
        watch(progress)
    return max(WATCH_EVERY_S, (monotonic() - began) / WATCH_COST_MAX)


def leader_watch(pool: Pool, lock_key: int) -> Callable[[], bool]:
    """Return a function that tells whether a service runs, looking at the database only now and then."""
    looked_at, leads = -LEADER_LOOKED_FOR_S, False
    lock = threading.Lock()

    def behind_live() -> bool:
        nonlocal looked_at, leads
        with lock:
            if monotonic() - looked_at >= LEADER_LOOKED_FOR_S:
                with pool.connection() as conn:
                    leads = health.leader(conn, lock_key=lock_key) is not None
                looked_at = monotonic()
            return leads

    return behind_live
