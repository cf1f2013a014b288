"""The cleaner: the leader's hourly round that drops what is too old and makes room for what comes.

Rows go before their bytes, so that no row ever points to a file that this round deleted. What still waits for its digest is kept
whatever its age, and so is everything that was stored after it. Articles, versions and links
only go when the operator gave articles an age (`flow.ageing`). The feed of changes
has an age of its own, because who reads it has nothing to do with raw pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import psycopg
import structlog

from etl.fetch.archive import Archive
from etl.flow.ageing import age_out
from etl.flow.retention import forget_captures
from etl.recipe.shelf import Shelf
from etl.run.queue import app_of
from etl.store import health, partitions, runs
from etl.store.partitions import Table

log = structlog.get_logger()
BATCH_ROWS = 5_000
"""Rows deleted in one transaction: short enough that nobody waits for it."""
BATCHES_MAX = 200
"""A round ends after a million rows per table; the next goes on."""
ENDED_JOBS_HOURS = 24


@dataclass(slots=True)
class Cleaned:
    """What one round did."""

    partitions_made: int = 0
    partitions_dropped: int = 0
    captures: int = 0
    """Rows deleted one by one; those of a dropped partition are not counted."""
    attempts: int = 0
    changes: int = 0
    pages: int = 0
    """With their articles; each leaves a tombstone."""
    archive_days: int = 0
    put_off: int = 0
    """Partitions that were locked or too full: the next round tries again."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """What the rounds of one process need."""

    dsn: str
    archive: Callable[[], Archive]
    """Opens the archive; only called when something may be too old."""
    keep_days: int
    """Of captures, attempts and archived bytes; 0 keeps all."""
    keep_changes_days: int = 0
    """Of news.changes; 0 keeps all."""
    keep_articles_days: int = 0
    """Of pages with their articles; 0 keeps all."""
    shelf: Callable[[], Shelf] = field(default=lambda: Shelf.of([]))
    """Reads the recipes, which may keep the captures of their sites for a shorter time."""

    def clean(self, conn: psycopg.Connection, *, now: datetime) -> Cleaned:
        """Do one round; *conn* commits each statement."""
        cleaned = Cleaned()
        cleaned.partitions_made, cleaned.put_off = partitions.make_ahead(conn, now=now)
        if self.keep_days:
            before = oldest_to_keep(conn, now - timedelta(days=self.keep_days))
            drop_rows(conn, cleaned, before=before)
            with closing(self.archive()) as archive:
                cleaned.archive_days = len(archive.expire(before=before.date()))
        shelf = self.shelf()
        if any(recipe.fetch.keep_captures_days for recipe in shelf.recipes):
            waiting_since = health.oldest_waiting_capture(conn)
            with closing(self.archive()) as archive:
                batches = forget_captures(conn, archive, shelf, now=now, waiting_since=waiting_since)
                cleaned.captures += sum(islice(batches, BATCHES_MAX))
        if self.keep_changes_days:
            drop_changes(conn, cleaned, before=now - timedelta(days=self.keep_changes_days))
        if self.keep_articles_days:
            before = now - timedelta(days=self.keep_articles_days)
            cleaned.pages = sum(islice(age_out(conn, before=before, now=now), BATCHES_MAX))
        asyncio.run(self._forget_ended_jobs())
        if any(asdict(cleaned).values()):
            runs.add(conn, "clean", started_at=now, ended_at=now, outcome="ok", counts=asdict(cleaned))
            log.info("cleaned", **asdict(cleaned))
        return cleaned

    async def _forget_ended_jobs(self) -> None:
        """Workers delete their jobs as they end; what was cancelled or aborted by hand is left."""
        app = app_of(self.dsn, connections=1)
        async with app.open_async():
            await app.job_manager.delete_old_jobs(
                nb_hours=ENDED_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
            )


def oldest_to_keep(conn: psycopg.Connection, before: datetime) -> datetime:
    """Return *before*, or the moment since when something waits for its digest, if that is earlier."""
    waiting_since = health.oldest_waiting_capture(conn)
    return before if waiting_since is None else min(before, waiting_since.astimezone(UTC))


def drop_rows(conn: psycopg.Connection, cleaned: Cleaned, *, before: datetime) -> None:
    """Drop captures and attempts from before then: whole months at once, the rest in batches."""
    drop_months(conn, cleaned, ("captures", "attempts"), before=before)
    for _ in range(BATCHES_MAX):
        gone = partitions.delete_captures(conn, before=before, limit=BATCH_ROWS)
        cleaned.captures += gone
        if gone < BATCH_ROWS:
            break
    for _ in range(BATCHES_MAX):
        gone = partitions.delete_attempts(conn, before=before, limit=BATCH_ROWS)
        cleaned.attempts += gone
        if gone < BATCH_ROWS:
            break


def drop_changes(conn: psycopg.Connection, cleaned: Cleaned, *, before: datetime) -> None:
    """Drop changes from before then by whole months, and those that have no month's partition in batches."""
    drop_months(conn, cleaned, ("changes",), before=before)
    for _ in range(BATCHES_MAX):
        gone = partitions.delete_changes(conn, before=before, limit=BATCH_ROWS)
        cleaned.changes += gone
        if gone < BATCH_ROWS:
            break


def drop_months(conn: psycopg.Connection, cleaned: Cleaned, tables: Sequence[Table], *, before: datetime) -> None:
    """Drop the partitions that end before then."""
    for table in tables:
        for partition in partitions.existing(conn, table):
            if partition.ends_on <= before.date():
                is_dropped = partitions.drop(conn, partition)
                cleaned.partitions_dropped += is_dropped
                cleaned.put_off += not is_dropped
