"""The scheduler: asks every few seconds what is due and puts it into the queue. The schedule itself is data.

One scheduler leads: it holds a session advisory lock on a connection of its own. Others stand by and try for the lock every
STANDBY_S. A leader that loses its connection has lost the lock and ends its rounds at once; two leaders would do no harm
either, for a job that waits is not put in twice and a job that comes twice finds nothing to do.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import procrastinate
import psycopg
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from procrastinate.jobs import Status
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.flow.settle import PAGES_PER_TRANSACTION
from etl.run.cleaner import Cleaner
from etl.run.queue import app_of, put_digests, put_polls, put_visits, sync_app_of
from etl.run.worker import STALLED_AFTER_S
from etl.store import captures, health, pages, sources

log = structlog.get_logger()
LEADER_LOCK = 0x6E657773_6C656164  # "newslead"
TICK_S = 2.0
STANDBY_S = 3.0
RESCUE_S = 10.0
PROOF_S = 1.0
"""How often a leader proves that it still is one, and shows when it last asked what is due."""
CLEAN_S = 3600.0
DUE_AT_ONCE = 500
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
        while not self._stopped.is_set():
            try:
                with _connected(self._dsn, "scheduler") as conn:
                    self._stand_by(conn)
                    if not self._stopped.is_set():
                        self._lead(conn)
            except psycopg.OperationalError as error:
                log.warning("scheduler_lost_database", detail=str(error).strip())
                self._stopped.wait(STANDBY_S)

    def _stand_by(self, conn: psycopg.Connection) -> None:
        while not self._stopped.is_set():
            row = conn.execute("SELECT pg_try_advisory_lock(%(key)s)", {"key": LEADER_LOCK}).fetchone()
            if row and row[0]:
                return
            self._stopped.wait(STANDBY_S)

    def _lead(self, conn: psycopg.Connection) -> None:
        log.info("scheduler_leads")
        queue = sync_app_of(self._dsn)
        rounds = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        with queue.open():
            leader = Leader(self._dsn, queue, self._sync, self._cleaner)
            rounds.add_job(leader.tick, "interval", seconds=TICK_S, next_run_time=datetime.now(UTC))
            rounds.add_job(leader.rescue, "interval", seconds=RESCUE_S, next_run_time=datetime.now(UTC))
            rounds.add_job(leader.read_recipes, "interval", seconds=60.0, next_run_time=datetime.now(UTC))
            rounds.add_job(leader.clean, "interval", seconds=CLEAN_S, next_run_time=datetime.now(UTC))
            rounds.start()
            try:
                while not self._stopped.wait(PROOF_S):
                    health.show_tick(conn, leader.ticked_at)
            finally:
                rounds.shutdown(wait=False)
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
        self.ticked_at: datetime | None = None
        """When the last tick ended well."""

    def tick(self) -> None:
        """Put what is due into the queue."""
        now = datetime.now(UTC)
        with self._connection() as conn:
            due = sources.due_ids(conn, now=now, limit=DUE_AT_ONCE)
            hosts = [host for host, _ in pages.due_hosts(conn, now=now, limit=DUE_AT_ONCE)]
            waiting = captures.waiting(conn, at_most=PAGES_PER_TRANSACTION * DIGESTS_AT_ONCE)
        put = {
            "polls": put_polls(self._queue, due),
            "visits": put_visits(self._queue, hosts),
            "digests": put_digests(self._queue, -(-waiting // PAGES_PER_TRANSACTION)),
        }
        if any(put.values()):
            log.debug("work_put_in", **put)
        self.ticked_at = datetime.now(UTC)

    def rescue(self) -> None:
        """End the jobs of workers that died or hang: what they did not do is still due, and the next tick puts it in again.

        Putting the same job back would fail where its successor waits already under the same queueing lock.
        """
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

    def clean(self) -> None:
        """Drop what is too old, and make room for what comes."""
        with self._connection() as conn:
            self._cleaner.clean(conn, now=datetime.now(UTC))

    def _connection(self) -> psycopg.Connection:
        return _connected(self._dsn, "tick")


def _connected(dsn: str, name: str) -> psycopg.Connection:
    merged = {**conninfo_to_dict(KEEPALIVE), **conninfo_to_dict(dsn), "connect_timeout": "5"}
    conninfo = make_conninfo("", **{**merged, "application_name": f"news-etl {name}"})
    return psycopg.connect(conninfo, autocommit=True)
