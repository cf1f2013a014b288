"""A worker: runs jobs until it is told to stop. More machines are more workers on the same database and archive."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog

from etl.run.jobs import Jobs
from etl.run.queue import app_of

log = structlog.get_logger()
HEARTBEAT_S = 5.0
STALLED_AFTER_S = 30.0
"""A worker that shows no sign of life for this long has lost its jobs: they go to others (see `etl.run.scheduler`)."""
STOP_S = 25.0
"""Jobs may end by themselves when the worker is told to stop; what is not done then is done again elsewhere."""


def work(dsn: str, jobs: Jobs, *, concurrency: int, until_idle: bool = False) -> None:
    """Run jobs, *concurrency* at a time, until SIGTERM or SIGINT; with *until_idle*, until none is left."""
    asyncio.run(_work(dsn, jobs, concurrency, until_idle))


async def _work(dsn: str, jobs: Jobs, concurrency: int, until_idle: bool) -> None:
    app = app_of(dsn, connections=4)
    for name, job in jobs.by_name().items():
        app.task(name=name, queue="live")(job)
    # asyncio's own executor has six threads on two cores, however high the concurrency is.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(concurrency + 2, thread_name_prefix="job"))
    async with app.open_async():
        log.info("worker_started", concurrency=concurrency)
        await app.run_worker_async(
            concurrency=concurrency,
            wait=not until_idle,
            fetch_job_polling_interval=5.0,
            shutdown_graceful_timeout=STOP_S,
            listen_notify=True,
            delete_jobs="always",
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_AFTER_S,
        )
        log.info("worker_stopped")
