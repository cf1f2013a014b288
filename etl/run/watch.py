"""What the status page, the health checks and the metrics are made of: one look at the database, whatever state it is in."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import psycopg
from psycopg.conninfo import make_conninfo

from etl.run.scheduler import LEADER_LOCK
from etl.store import backfills, digest_times, health, migrate
from etl.store.schedule import ALIVE_S

CONNECT_S = 3
STATEMENT_S = 10
SLOW_EVERY_S = 60.0
"""Counting pages by outcome reads the whole table, so a look may show counts that are this old."""
LATE_S, UNATTENDED_S = 600.0, 60.0
"""A poll is late when it has been due for so long, and sooner where no worker lives that might begin it."""
FAILING_SHOWN = 20
"""Sources that fail, each with a line of its own; of more, each way to fail has one."""
SOURCES_SHOWN = 200
SOURCES_MEASURED = 10_000
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Readiness:
    is_ready: bool
    words: str


@dataclass(frozen=True, slots=True)
class PageCounts:
    """What only a walk over all pages tells."""

    at: datetime
    by_outcome: Mapping[str, int]
    quarantined: Sequence[health.Quarantined]


@dataclass(frozen=True, slots=True)
class Facts:
    """How the whole stood at one moment."""

    at: datetime
    leader: health.Leader | None
    workers: int
    """That showed a sign of life just now."""
    late: health.LatePolls
    sources: Sequence[health.PolledSource]
    source_count: int
    failing: Sequence[health.FailingKind]
    waiting: health.Waiting
    oldest_waiting: datetime | None
    jobs: Sequence[health.QueuedJobs]
    pages: PageCounts
    runs: Sequence[health.Run]
    backfills: Sequence[health.BackfillProgress]
    digest_times: Sequence[digest_times.Step]


class Watch:
    """Looks at one database; safe between threads. Each look is a connection of its own, so a restarted server is no matter."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._steps = migrate.steps(migrate.folder())
        self._pages: PageCounts | None = None
        self._counted_at = 0.0
        self._counting = threading.Lock()

    def readiness(self) -> Readiness:
        """Say whether the database answers and has the schema of this program; never raises."""
        try:
            with self._connection() as conn:
                schema = health.schema(conn)
        except psycopg.Error as error:
            return Readiness(False, f"the database does not answer: {_first_line(error)}")
        if schema.version == self._steps[-1]:
            return Readiness(True, "ready")
        if migrate.is_newer(schema.version, self._steps):
            # A step only adds to what this program uses (docs/operations.md, Upgrade), so it can go on beside the new one.
            return Readiness(True, f"ready; the schema is newer ({schema.version}): upgrade this process too")
        done = self._steps.index(schema.version) + 1 if schema.version in self._steps else 0
        where = f"{done} of {len(self._steps)} steps are done"
        if schema.is_migrating:
            return Readiness(False, f"migrating: {where}")
        return Readiness(False, f"run `news-etl migrate`: {where}")

    def facts(self, *, sources: int = SOURCES_SHOWN) -> Facts:
        """Look at everything. Raises psycopg.Error when the database does not answer."""
        with self._connection() as conn:
            now = datetime.now(UTC)
            workers = backfills.workers(conn, alive_since=now - timedelta(seconds=ALIVE_S))
            return Facts(
                at=now,
                leader=health.leader(conn, lock_key=LEADER_LOCK),
                workers=workers,
                late=health.late_polls(conn, now=now, longer_s=LATE_S if workers else UNATTENDED_S),
                sources=health.polled_sources(conn, limit=sources),
                source_count=health.source_count(conn),
                failing=health.failing_kinds(conn),
                waiting=health.waiting(conn, now=now),
                oldest_waiting=health.oldest_waiting_capture(conn),
                jobs=health.queued_jobs(conn),
                pages=self._page_counts(conn, now),
                runs=health.last_runs(conn, limit=SHOWN),
                backfills=health.backfills_progress(conn, limit=SHOWN),
                digest_times=digest_times.steps(conn),
            )

    def _page_counts(self, conn: psycopg.Connection, now: datetime) -> PageCounts:
        with self._counting:
            if self._pages is None or monotonic() - self._counted_at > SLOW_EVERY_S:
                by_outcome = health.pages_by_outcome(conn)
                is_any = any(by_outcome.get(outcome) for outcome in health.QUARANTINE)
                self._pages = PageCounts(now, by_outcome, health.quarantined(conn, limit=SHOWN) if is_any else ())
                self._counted_at = monotonic()
            return self._pages

    def _connection(self) -> psycopg.Connection:
        conninfo = make_conninfo(self._dsn, connect_timeout=CONNECT_S, application_name="news-etl web")
        conn = psycopg.connect(conninfo, autocommit=True)
        conn.execute(f"SET TIME ZONE 'UTC'; SET statement_timeout = '{STATEMENT_S}s'".encode())
        return conn


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]
