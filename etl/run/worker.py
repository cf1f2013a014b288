"""A worker: runs jobs until it is told to stop. More machines are more workers on the same database and archive.

It outlives its connections: when the database is away it waits and begins again. What else may go wrong is looked for every
LOOK_EVERY_S: jobs that the queue says are ours and that we do not run (their end could not be written while the database was
away), a LISTEN over which nothing comes any more, jobs that never end, and a process that hangs (`etl.run.watchdog`).
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.job_context import JobResult
from procrastinate.jobs import Job, Status
from procrastinate.retry import RetryDecision
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from etl.run.beyond import advice
from etl.run.clock import ServerClock
from etl.run.jobs import Jobs
from etl.run.lost import hush_libraries, is_lost, words
from etl.run.queue import LIVE_JOBS, STALLED_AFTER_S, WORKER_NAME, app_of
from etl.run.watchdog import EXIT_HUNG, Watchdog

log = structlog.get_logger()
HEARTBEAT_S = 2.0
HUNG_S = 15.0
LOOK_EVERY_S = 4.0
DEAF_AFTER_LOOKS = 3
"""So many of our own notifications in a row that we do not hear: what is put in would only be found by asking, every POLL_S."""
POLL_S = 5.0
AGAIN_S = 1.0
JOB_MAX_S = 900.0
"""A visit ends after a minute and a page's fetch after another; a poll may read 50 sitemaps at the pace of their host. Steps of
backfills have limits of their own."""
STOP_S = 20.0
"""Jobs may end by themselves when the worker is told to stop; what is not done then is done again elsewhere."""
LEAVE_S = 26.0
"""Containers are killed 30 s after they were told to stop."""
LOST = (psycopg.OperationalError, ProcrastinateException, PoolTimeout, OSError)
LOOK = """
SELECT clock_timestamp() AS now,
       ARRAY(SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %(worker)s) AS doing,
       pg_notify('procrastinate_any_queue_v1', %(ping)s) AS told
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a worker works: the database, and its name on all connections."""

    dsn: str
    name: str


def worker_name() -> str:
    """Return a name that no other worker has."""
    return WORKER_NAME + secrets.token_hex(4)


def work(desk: Desk, jobs: Jobs, *, clock: ServerClock, concurrency: int, until_idle: bool = False) -> None:
    """Run jobs, *concurrency* at a time, until SIGTERM or SIGINT; with *until_idle*, until none is left."""
    gc.freeze()  # What is loaded stays. A batch makes thousands of rows and hardly a cycle: looked for ten times as rarely.
    gc.set_threshold(7_000, 20, 20)
    hush_libraries()
    with Watchdog("worker", limit_s=HUNG_S) as watchdog:
        asyncio.run(_Shift(desk, jobs, clock, watchdog).work(concurrency, until_idle=until_idle))


class _Listening(Worker):
    """A worker that knows whether it hears, and whether it ended because it was told to."""

    heard = True
    was_stopped = False

    def __init__(self, app: procrastinate.App, tell_lost: Callable[[BaseException], None], **given: Any) -> None:
        super().__init__(app, **given)
        self._tell_lost = tell_lost

    def stop(self) -> None:
        self.was_stopped = True
        super().stop()

    async def _handle_notification(self, *, channel: str, notification: Any) -> None:
        if "worker" not in notification:
            await super()._handle_notification(channel=channel, notification=notification)
        elif notification["worker"] == self.worker_id:
            self.heard = True

    def _start_side_tasks(self) -> list[asyncio.Task[Any]]:
        """Start what goes on beside the jobs, and outlives its connections.

        The library's own ended with theirs, unnoticed: without a heartbeat a worker's jobs were given to others while it did them.
        """
        parts = (self._update_heartbeat, self._listen, self._poll_jobs_to_abort)
        return [asyncio.create_task(self._kept_up(part), name=part.__name__.strip("_")) for part in parts]

    async def _listen(self) -> None:
        await self.app.job_manager.listen_for_jobs(on_notification=self._handle_notification, queues=self.queues)

    async def _kept_up(self, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await part()
            except LOST as error:
                if not is_lost(error):
                    raise
                self._tell_lost(error)
            await asyncio.sleep(AGAIN_S)

    async def _persist_job_status(  # pyright: ignore[reportIncompatibleMethodOverride] - it is called by names
        self,
        job: Job,
        status: Status,
        retry_decision: RetryDecision | None,
        *,
        context: procrastinate.JobContext,
        job_result: JobResult | None,
    ) -> None:
        try:
            await super()._persist_job_status(job, status, retry_decision, context, job_result)
        except ConnectorException as error:
            # What is not written is found by `_Shift._give_back`; what was taken from a worker that was silent, others do.
            if not is_lost(error) and not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise
            log.info("job_end_not_written", job=job.id, detail=words(error))

    def running(self) -> dict[int, str]:
        """Return the jobs that run now, or whose end is just being written, with their tasks."""
        return {context.job.id or 0: context.job.task_name for context in self._running_jobs.values()}


class _Shift:
    """What a worker process does from its start to its end."""

    def __init__(self, desk: Desk, jobs: Jobs, clock: ServerClock, watchdog: Watchdog) -> None:
        self._desk = desk
        self._jobs = jobs
        self._clock = clock
        self._watchdog = watchdog
        self._is_stopping = False
        self._is_lost_told = False
        self._worker: _Listening | None = None

    async def work(self, concurrency: int, *, until_idle: bool) -> None:
        loop = asyncio.get_running_loop()
        # asyncio's own executor has six threads on two cores, however high the concurrency is.
        loop.set_default_executor(ThreadPoolExecutor(concurrency + 2, thread_name_prefix="job"))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        beating = asyncio.create_task(self._beat_between())
        log.info("worker_started", concurrency=concurrency)
        while not self._is_stopping:
            try:
                if await self._serve(concurrency, until_idle=until_idle):
                    break
            except LOST as error:
                self._tell_lost(error)
            if not self._is_stopping:
                await asyncio.sleep(AGAIN_S)
        beating.cancel()
        log.info("worker_stopped")

    def _tell_lost(self, error: BaseException) -> None:
        """Say it once, until the database was there again."""
        if not self._is_lost_told:
            log.warning("worker_lost_database", detail=words(error))
        self._is_lost_told = True

    async def _beat_between(self) -> None:
        """Show that we live while the database is away: then there is nothing to look at."""
        while True:
            if self._worker is None:
                self._watchdog.alive()
            await asyncio.sleep(LOOK_EVERY_S / 2)

    def _stop(self) -> None:
        """End after the jobs that run; those that would take too long are left to others."""
        self._is_stopping = True
        self._jobs.stop()
        if self._worker is not None:
            self._worker.stop()
        asyncio.get_running_loop().call_later(LEAVE_S, _leave)

    async def _serve(self, concurrency: int, *, until_idle: bool) -> bool:
        """Run jobs until told to stop, or until connections fail; return whether it ended because none was left."""
        app = app_of(self._desk.dsn, connections=4, name=self._desk.name)
        for name, job in self._jobs.by_name().items():
            app.task(name=name, queue="live", pass_context=True)(_told(job))
        async with app.open_async():
            worker = _Listening(
                app,
                self._tell_lost,
                concurrency=concurrency,
                wait=not until_idle,
                fetch_job_polling_interval=POLL_S,
                shutdown_graceful_timeout=STOP_S,
                listen_notify=True,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALLED_AFTER_S,
            )
            self._worker = worker
            self._is_lost_told = False
            looking = asyncio.create_task(self._look_after(app, worker))
            try:
                await worker.run()
            finally:
                self._worker = None
                looking.cancel()
            return not worker.was_stopped

    async def _look_after(self, app: procrastinate.App, worker: _Listening) -> None:
        """Look every few seconds whether all is well; the worker is stopped, to begin anew, when it is not."""
        since: dict[int, float] = {}
        unknown: set[int] = set()
        unheard = 0
        while unheard < DEAF_AFTER_LOOKS:
            await asyncio.sleep(LOOK_EVERY_S)
            running = worker.running()
            since = {job: since.get(job, monotonic()) for job in running}
            for job, name in running.items():
                if name in LIVE_JOBS and monotonic() - since[job] > JOB_MAX_S:
                    log.error("job_hangs", job=job, task=name)
                    os._exit(EXIT_HUNG)
            try:
                doing = await self._look(app, worker)
                unknown = await self._give_back(app, unknown, doing - running.keys() - worker.running().keys())
            except LOST as error:
                self._watchdog.alive()
                self._tell_lost(error)
                if not is_lost(error) or not await self._is_away():
                    break
                self._watchdog.alive()
                continue
            self._is_lost_told = False
            unheard = 0 if worker.heard else unheard + 1
            worker.heard = False
        else:
            log.warning("listen_deaf", looks=unheard)
            # What went deaf with it would not tell: where something on the way still acknowledges, a job waits for ever.
            self._jobs.pool.drain()
        worker.stop()
        await self._wind_up()

    async def _is_away(self) -> bool:
        """Tell whether the database takes no connection now: then there is nothing to do but to wait."""
        try:
            conn = await psycopg.AsyncConnection.connect(self._desk.dsn, connect_timeout=5)
        except psycopg.OperationalError:
            return True
        await conn.close()
        return False

    async def _wind_up(self) -> None:
        """Give the jobs that run their time to end."""
        ends_at = monotonic() + STOP_S
        while monotonic() < ends_at:
            self._watchdog.alive()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, app: procrastinate.App, worker: _Listening) -> set[int]:
        """Read the server's clock and what the queue says that we run, and send a notification to ourselves."""
        if worker.worker_id is None:
            return set()
        row = await app.connector.execute_query_one_async(
            LOOK, worker=worker.worker_id, ping=f'{{"type": "ping", "worker": {worker.worker_id}}}'
        )
        self._clock.read(row["now"])
        self._watchdog.alive()
        return set(row["doing"])

    async def _give_back(self, app: procrastinate.App, before: set[int], now: set[int]) -> set[int]:
        """End the jobs that are nobody's since the last look; return those that are now.

        One look is not enough: a job is ours in the queue a moment before we run it.
        """
        for job in before & now:
            log.warning("job_given_back", job=job)
            await app.job_manager.finish_job_by_id_async(job_id=job, status=Status.FAILED, delete_job=True)
        return now - before


def _told(job: Callable[..., None]) -> Callable[..., None]:
    """Return the job so that each line that it logs says which run it belongs to: the number of the job.

    When the database goes away, or refuses what only a person can mend, the job ends as one that did nothing more: what it did
    not do is still due.
    """

    def run(context: procrastinate.JobContext, **arguments: Any) -> None:
        with structlog.contextvars.bound_contextvars(run=context.job.id):
            try:
                job(**arguments)
            except psycopg.Error as error:
                task = context.job.task_name
                if is_lost(error):
                    log.warning("job_lost_database", task=task, **arguments, detail=words(error))
                elif to_do := advice(error):
                    log.error("job_refused", task=task, **arguments, detail=words(error), advice=to_do)  # noqa: TRY400 - no traceback.
                else:
                    raise

    return run


def _leave() -> None:
    log.warning("worker_leaves_jobs")
    os._exit(0)
