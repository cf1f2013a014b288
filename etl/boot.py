"""Build the few long-lived things of a process from the settings; the last place that sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from etl import log
from etl.fetch.archive import Archive
from etl.recipe.shelf import Shelf
from etl.settings import Settings
from etl.store.pool import Pool, open_pool

if TYPE_CHECKING:
    from etl.fetch.http import Fetcher


def start_logging(settings: Settings) -> None:
    """Send all log records to standard error as the operator wants them."""
    log.set_up(level=settings.log_level, form=settings.log_format)


def database_pool(settings: Settings, dsn: str, *, name: str = "news-etl") -> Pool:
    """Return the open connections of this process; *name* is what `pg_stat_activity` shows."""
    return open_pool(dsn, max_size=settings.pool_max_connections, name=name)


def archive(settings: Settings) -> Archive:
    """Return the archive of raw pages, ready to be written: the place is a folder, or a URL such as `s3://bucket/prefix`."""
    place = settings.archive_place
    opened = Archive(place if "://" in place else Path(place).expanduser())
    # A writer that was killed leaves a file that may end in half a record and that nobody will ever seal. Whoever comes next
    # to write does it: files of living writers are locked, whole ones are read-only, so without a torn one this only lists names.
    opened.repair()
    return opened


def fetcher(settings: Settings, kept_in: Archive) -> Fetcher:
    """Return the fetcher of this process, which keeps what it gets in the archive."""
    from etl.fetch.http import Fetcher, Limits  # Here, because a scheduler fetches nothing.

    return Fetcher(
        archive=kept_in,
        user_agent=settings.user_agent,
        contact=settings.contact,
        limits=Limits(
            connect_s=settings.fetch_connect_s,
            total_s=settings.fetch_total_s,
            page_max_bytes=settings.fetch_page_max_bytes,
            source_max_bytes=settings.fetch_source_max_bytes,
        ),
        open_addresses=settings.open_addresses,
        proxy=settings.proxy,
        ca_file=None if settings.ca_file is None else str(settings.ca_file),
    )


def shelf(settings: Settings) -> Shelf:
    """Return the recipes: the bundled ones and the user's, whose folder is made when it is the default one."""
    if settings.recipes_dir is None:
        settings.recipes_folder.mkdir(parents=True, exist_ok=True)
    return Shelf.load(settings.recipes_folder)
