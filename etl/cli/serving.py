"""What the commands of the service do."""

from __future__ import annotations

import signal
from dataclasses import replace

import psycopg

from etl import boot
from etl.errors import Misconfigured
from etl.run.clock import ServerClock
from etl.run.jobs import Jobs
from etl.run.once import sync_sources
from etl.run.readers import Readers
from etl.run.scheduler import Scheduler
from etl.run.service import Service
from etl.run.web import listening
from etl.run.worker import Desk, work, worker_name
from etl.settings import Settings
from etl.store import health

from . import console
from .backfill_kit import remote_files
from .cleaning import cleaner
from .session import now, session, settings, tools

JOBS_AT_ONCE = 8
"""Per worker: most of their time they wait, for a host or for the pause that a host is owed."""


def run_service(*, has_web: bool) -> None:
    """Run everything on this machine until it is told to stop."""
    chosen = settings()
    if not boot.shelf(chosen).recipes:
        raise Misconfigured(
            f"there is no recipe in {chosen.recipes_folder}: "
            "`news-etl source add https://www.example.org/` finds the feeds of a site and writes one"
        )
    with session(chosen, migrates=True) as opened:
        console.err.print(f"Running with {chosen.worker_count} workers; Ctrl-C ends it, nothing is lost.")
        address = _web_address(chosen) if has_web else None
        Service(opened.dsn, chosen.worker_count, web_address=address).run()


def _web_address(chosen: Settings) -> str:
    """Return where the status page can be served: where it should be, or at a free port when somebody else is there."""
    address = chosen.web_address
    try:
        listening(address).close()
    except Misconfigured as error:
        with listening(f"{address.rpartition(':')[0]}:0") as probe:
            free = probe.getsockname()[1]
        address = f"{address.rpartition(':')[0]}:{free}"
        console.err.print(f"{error}; another port is taken")
    host = address.replace("0.0.0.0", "127.0.0.1") if not address.startswith(":") else f"127.0.0.1{address}"
    console.err.print(f"Status page: http://{host}/")
    return address


def run_scheduler() -> None:
    """Run one scheduler."""
    chosen = settings()
    with session(chosen) as opened:
        scheduler = Scheduler(opened.dsn, sync=lambda conn: _sync(chosen, conn), cleaner=cleaner(chosen, opened.dsn))
        scheduler.end_on(signal.SIGTERM, signal.SIGINT)
        scheduler.run()


def _sync(chosen: Settings, conn: psycopg.Connection) -> None:
    sync_sources(conn, boot.shelf(chosen), now=now())


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
