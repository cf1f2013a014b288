"""What `news-etl scheduler` does. Apart from the other commands of the service: each process loads only what it needs."""

from __future__ import annotations

import signal

import psycopg

from etl import boot
from etl.flow.listed import sync_sources
from etl.run.scheduler import Scheduler
from etl.settings import Settings

from .cleaning import cleaner
from .session import now, session, settings


def run_scheduler() -> None:
    """Run one scheduler."""
    chosen = settings()
    with session(chosen) as opened:
        scheduler = Scheduler(opened.dsn, sync=lambda conn: _sync(chosen, conn), cleaner=cleaner(chosen, opened.dsn))
        scheduler.end_on(signal.SIGTERM, signal.SIGINT)
        scheduler.run()


def _sync(chosen: Settings, conn: psycopg.Connection) -> None:
    sync_sources(conn, boot.shelf(chosen), now=now())
