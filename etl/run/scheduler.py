"""The scheduler: asks every few seconds what is due and puts it into the queue. The schedule itself is data.

One scheduler leads: it holds a session advisory lock on a connection of its own. Others stand by and try for the lock every
STANDBY_S. A leader that loses its connection has lost the lock and ends its rounds at once; two leaders would do no harm
either, for a job that waits is not put in twice and a job that comes twice finds nothing to do.

What is due is asked by the server's clock (`etl.run.clock`). The rounds follow this machine's, and begin anew when that is set.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from time import monotonic
from types import FrameType
from typing import Any, cast

import procrastinate
import psycopg
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.flow.batch import PAGES_PER_TRANSACTION
from etl.run.beyond import advice
from etl.run.catch_up import CatchUp
from etl.run.cleaner import Cleaner
from etl.run.clock import JUMP_S, ServerClock
from etl.run.lost import is_lost, words
from etl.run.queue import (
    ALIVE,
    STALLED_AFTER_S,
    STEPS_PER_WORKER,
    WORKER_NAME,
    app_of,
    put_digests,
    put_polls,
    put_steps,
    put_visits,
    sync_app_of,
)
from etl.run.watchdog import EXIT_HUNG, Watchdog
from etl.store import backfills, captures, health, pages, schedule, searching, sources

log = structlog.get_logger()
LEADER_LOCK = 0x6E657773_6C656164  # "newslead"
TICK_S = 2.0
STANDBY_S = 3.0
RESCUE_S = 3.0
MEND_S = 60.0
HUNG_S = 10.0
TICK_MAX_S = 60.0
"""A tick takes a second when 500 sources are due; one that takes so long waits for something that does not come."""
PROOF_S = 1.0
"""How often a leader proves that it still is one, and shows when it last asked what is due."""
CLEAN_S = 3600.0
SEARCH_S = 5.0
SEARCH_BATCH = 200
"""Articles whose words are written in one transaction: under a second, in which nobody waits for it."""
SEARCH_BATCHES_MAX = 50
"""After so many a round ends, so that one that lost the lead does not go on for long; the next comes SEARCH_S later."""
HOSTS_AT_ONCE = 2_000
"""Hosts that one tick looks at, in the order of their names; where there are more, the next tick goes on behind them."""
VISITS_AT_ONCE = 250
"""Visits that one tick puts in: each job costs Postgres 0.06 ms of CPU, and a tick with 2,000 of them took 0.6 to 0.8 s."""
DIGESTS_AT_ONCE = 4
KEEPALIVE = "keepalives=1 keepalives_idle=5 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000"
"""A leader whose machine lost the network is noticed within ten seconds."""


class Scheduler:
    """One candidate for the lead."""

    def __init__(self, dsn: str, *, sync: Callable[[psycopg.Connection], None], cleaner: Cleaner) -> None:
        """*sync* makes the table of sources say what the recipes say; it is called by each new leader and once a minute."""
        self._dsn = dsn
        self._sync = sync
        self._cleaner = cleaner
        self._stopped = threading.Event()
        self._watchdog = Watchdog("scheduler", limit_s=HUNG_S)

    def stop(self) -> None:
        self._stopped.set()

    def end_on(self, *signals: signal.Signals) -> None:
        """Let the process end well on these signals."""

        def end(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        for number in signals:
            signal.signal(number, end)

    def run(self) -> None:
        """Stand by, lead, and stand by again when the lead is lost, until `stop`."""
        with self._watchdog:
            while not self._stopped.is_set():
                try:
                    with _connected(self._dsn, "scheduler") as conn:
                        self._stand_by(conn)
                        if not self._stopped.is_set():
                            self._lead(conn)
                except psycopg.OperationalError as error:
                    log.warning("scheduler_lost_database", detail=words(error))
                    self._watchdog.alive()
                    self._stopped.wait(STANDBY_S)

    def _stand_by(self, conn: psycopg.Connection) -> None:
        while not self._stopped.is_set():
            row = conn.execute("SELECT pg_try_advisory_lock(%(key)s)", {"key": LEADER_LOCK}).fetchone()
            self._watchdog.alive()
            if row and row[0]:
                return
            if schedule.end_silent_leader(conn, lock_key=LEADER_LOCK, silent_s=HUNG_S):
                log.warning("silent_leader_ended", silent_s=HUNG_S)
                continue
            self._stopped.wait(STANDBY_S)

    def _lead(self, conn: psycopg.Connection) -> None:
        log.info("scheduler_leads")
        queue = sync_app_of(self._dsn)
        rounds = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        with queue.open():
            leader = Leader(self._dsn, queue, self._sync, self._cleaner)
            rounds.add_job(_round(leader.tick), "interval", seconds=TICK_S, next_run_time=datetime.now(UTC))
            rounds.add_job(_round(leader.rescue), "interval", seconds=RESCUE_S, next_run_time=datetime.now(UTC))
            rounds.add_job(_round(leader.read_recipes), "interval", seconds=60.0, next_run_time=datetime.now(UTC))
            rounds.add_job(_round(leader.fill_search), "interval", seconds=SEARCH_S, next_run_time=datetime.now(UTC))
            rounds.add_job(_round(leader.clean), "interval", seconds=CLEAN_S, next_run_time=datetime.now(UTC))
            rounds.add_job(_round(leader.mend_times), "interval", seconds=MEND_S, next_run_time=datetime.now(UTC))
            rounds.start()
            set_at = time.time() - monotonic()
            try:
                while not self._stopped.wait(PROOF_S):
                    health.show_tick(conn, leader.ticked_at)
                    self._watchdog.alive()
                    leader.end_when_hung()
                    if abs(time.time() - monotonic() - set_at) > JUMP_S:
                        set_at = time.time() - monotonic()
                        _begin_anew(rounds)
            finally:
                rounds.shutdown(wait=False)
                leader.close()
                log.info("scheduler_leads_no_more")


class Leader:
    """The rounds of the one who leads."""

    def __init__(
        self, dsn: str, queue: procrastinate.App, sync: Callable[[psycopg.Connection], None], cleaner: Cleaner
    ) -> None:
        self._dsn = dsn
        self._queue = queue
        self._sync = sync
        self._cleaner = cleaner
        self._clock = ServerClock()
        self._catch_up: CatchUp | None = None
        self._after_host = ""
        """The last host that was looked at; empty: from the first on."""
        self._ticking_since: float | None = None
        self._ticks, self._rescues, self._fills = (Kept(self._connection) for _ in range(3))
        self.ticked_at: datetime | None = None
        """When the last tick ended well."""

    def tick(self) -> None:
        """Put what is due into the queue."""
        self._ticking_since = monotonic()
        try:
            with self._ticks.taken() as conn:
                self._tick(conn)
        finally:
            self._ticking_since = None

    def close(self) -> None:
        """Give back what was kept for the rounds."""
        for kept in (self._ticks, self._rescues, self._fills):
            kept.close()

    def end_when_hung(self) -> None:
        """End this process when its tick does not end: it would hold the lead and do nothing with it."""
        if self._ticking_since is not None and monotonic() - self._ticking_since > TICK_MAX_S:
            log.error("tick_hangs", limit_s=TICK_MAX_S)
            os._exit(EXIT_HUNG)

    def _tick(self, conn: psycopg.Connection) -> None:
        self._clock.read(health.server(conn).now)
        now = self._clock.now()
        due = self._due_sources(conn, now)
        hosts, self._after_host = pages.due_hosts_after(
            conn, self._after_host, now=now, at_most=HOSTS_AT_ONCE, due_at_most=VISITS_AT_ONCE
        )
        waiting = captures.waiting(conn, at_most=PAGES_PER_TRANSACTION * DIGESTS_AT_ONCE)
        running = backfills.running(conn)
        workers = backfills.workers(conn, alive_since=now - timedelta(seconds=STALLED_AFTER_S)) if running else 0
        put = {
            "polls": put_polls(self._queue, due),
            "visits": put_visits(self._queue, hosts),
            "digests": put_digests(self._queue, -(-waiting // PAGES_PER_TRANSACTION)),
            "steps": put_steps(self._queue, running, at_most=STEPS_PER_WORKER * workers),
        }
        if any(put.values()):
            log.debug("work_put_in", **put)
        self.ticked_at = self._clock.now()

    def _due_sources(self, conn: psycopg.Connection, now: datetime) -> list[int]:
        if self._catch_up is None:
            self._catch_up = CatchUp(tick_s=TICK_S)
            self._catch_up.expect(sources.polls_per_second(conn))
        at_s = monotonic()
        due = sources.due_ids(conn, now=now, limit=self._catch_up.limit(at_s))
        self._catch_up.found(len(due), at_s)
        return due

    def rescue(self) -> None:
        """End the jobs of workers that died or hang: what they did not do is still due, and the next tick puts it in again.

        Putting the same job back would fail where its successor waits already under the same queueing lock.
        """
        with self._rescues.taken() as conn:
            if ended := schedule.end_silent(conn, name=WORKER_NAME, silent_s=STALLED_AFTER_S):
                log.warning("silent_worker_ended", connections=ended)
            is_any_stalled = schedule.has_stalled_job(conn, silent_s=STALLED_AFTER_S)
        if is_any_stalled:
            asyncio.run(self._rescue())

    async def _rescue(self) -> None:
        app = app_of(self._dsn, connections=2)
        async with app.open_async():
            stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S)
            for job in stalled:
                log.warning("job_rescued", job=job.id, task=job.task_name, lock=job.lock)
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)

    def read_recipes(self) -> None:
        """Make the table of sources say what the recipes say."""
        with self._connection() as conn:
            self._sync(conn)
            expected = sources.polls_per_second(conn)
        if self._catch_up is not None:
            self._catch_up.expect(expected)

    def fill_search(self) -> None:
        """Make what was stored since the last round findable."""
        with self._fills.taken() as conn:
            for _ in range(SEARCH_BATCHES_MAX):
                if not searching.fill(conn, limit=SEARCH_BATCH):
                    return

    def clean(self) -> None:
        """Drop what is too old, and make room for what comes."""
        with self._connection() as conn:
            self._cleaner.clean(conn, now=health.server(conn).now)

    def mend_times(self) -> None:
        """Make due again what was put off by a clock that ran ahead."""
        with self._connection() as conn:
            mended = schedule.mend(conn, now=health.server(conn).now)
        if mended:
            log.warning("times_mended", rows=mended)

    def _connection(self) -> psycopg.Connection:
        return _connected(self._dsn, "tick")


class Kept:
    """A connection that a round keeps for its next turn: opening one costs more than most of what is asked of it."""

    def __init__(self, open_one: Callable[[], psycopg.Connection]) -> None:
        self._open_one = open_one
        self._conn: psycopg.Connection | None = None
        self._is_over = False
        self._turn = threading.Lock()

    @contextmanager
    def taken(self) -> Generator[psycopg.Connection]:
        """Yield the connection to one turn at a time; one that broke counts as closed, so the next turn has a new one."""
        with self._turn:
            if self._conn is None or self._conn.closed:
                self._conn = self._open_one()
            try:
                yield self._conn
            finally:
                if self._is_over:
                    self._conn.close()

    def close(self) -> None:
        """Close the connection, at the end of its turn when somebody is at it."""
        self._is_over = True
        if self._turn.acquire(blocking=False):
            try:
                if self._conn is not None:
                    self._conn.close()
            finally:
                self._turn.release()


def _round(work: Callable[[], None]) -> Callable[[], None]:
    """Return a round that says in one line that the database went away, or what to do about it; the next one asks it again."""

    @wraps(work)
    def turn() -> None:
        try:
            work()
        except (psycopg.Error, ConnectorException) as error:
            if is_lost(error):
                log.warning("round_lost_database", round=work.__name__, detail=words(error))
            elif to_do := advice(error):
                log.error("round_refused", round=work.__name__, detail=words(error), advice=to_do)  # noqa: TRY400 - no traceback.
            else:
                raise

    return turn


def _begin_anew(rounds: BackgroundScheduler) -> None:
    """Let all rounds come now: after this machine's clock was set back a day they would come tomorrow."""
    log.warning("clock_jumped", now=datetime.now(UTC))
    for job in cast("list[Any]", rounds.get_jobs()):
        job.modify(next_run_time=datetime.now(UTC))


def _connected(dsn: str, name: str) -> psycopg.Connection:
    given = conninfo_to_dict(dsn)
    options = f"{given.get('options', '')} {ALIVE}".strip()
    merged = {**conninfo_to_dict(KEEPALIVE), **given, "connect_timeout": "5", "options": options}
    conninfo = make_conninfo("", **{**merged, "application_name": f"news-etl {name}"})
    return psycopg.connect(conninfo, autocommit=True)
