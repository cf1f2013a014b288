"""What `news-etl web` does."""

from __future__ import annotations

from contextlib import nullcontext

from etl.run.database import database
from etl.run.web import serve

from .session import settings


def run_web() -> None:
    """Serve the status page and the health checks. The database may be down or older: saying so is what this is for."""
    chosen = settings()
    source = database(chosen) if chosen.database_url is None else nullcontext(chosen.database_url)
    with source as dsn:
        serve(dsn, address=chosen.web_address)
