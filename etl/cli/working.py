"""What `news-etl worker` does. Apart from the other commands of the service: each process loads only what it needs."""

from __future__ import annotations

from dataclasses import replace

from etl.run.clock import ServerClock
from etl.run.jobs import Jobs
from etl.run.readers import Readers
from etl.run.worker import Desk, work, worker_name
from etl.store import health

from .backfill_kit import remote_files
from .session import session, settings, tools

JOBS_AT_ONCE = 8
"""Per worker: most of their time they wait, for a host or for the pause that a host is owed."""


def run_worker(*, until_idle: bool) -> None:
    """Run one worker."""
    chosen, clock, name = settings(), ServerClock(), worker_name()
    with (
        session(chosen, connections=JOBS_AT_ONCE + 2, name=name) as opened,
        tools(chosen) as kit,
        Readers(1, shelf=kit.shelf, archive=chosen.archive_place) as readers,
    ):
        with opened.pool.connection() as conn:
            clock.read(health.server(conn).now)
        jobs = Jobs(opened.pool, replace(kit, now=clock.now), readers, remote=remote_files(chosen))
        work(Desk(opened.dsn, name), jobs, clock=clock, concurrency=JOBS_AT_ONCE, until_idle=until_idle)
