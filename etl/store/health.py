"""How the whole stands: what `doctor` and the status page ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row

from .migrate import LOCK_KEY, current

QUARANTINE: Sequence[str] = ("crashed", "too_slow")
"""Outcomes of pages that our reader could not bear: they are kept, for a better reader to try again."""


@dataclass(frozen=True, slots=True)
class Server:
    version: int
    """As in server_version_num: 180004."""
    now: datetime
    is_standby: bool
    """A copy of another server: it takes no writes until it is promoted."""
    is_read_only: bool
    """What we would write is refused."""


@dataclass(frozen=True, slots=True)
class LatePolls:
    sources: int
    since: datetime | None
    """When the first of them fell due."""


@dataclass(frozen=True, slots=True)
class FailingSource:
    slug: str
    outcome: str | None
    outcome_detail: str | None
    failing_since: datetime


@dataclass(frozen=True, slots=True)
class FailingKind:
    """The active sources that fail in one way."""

    outcome: str | None
    sources: int
    failing_since: datetime
    """Of the one that has failed for the longest time."""
    slugs: Sequence[str]
    """A few of them, the longest failing first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    pages_due: int
    captures: int
    """Fetched and not digested."""


def server(conn: Connection) -> Server:
    """Return version and clock of the database server."""
    with conn.cursor(row_factory=class_row(Server)) as cursor:
        row = cursor.execute(
            """
            SELECT current_setting('server_version_num')::int AS version, clock_timestamp() AS now,
                   pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only')::boolean AS is_read_only
            """
        ).fetchone()
    assert row is not None
    return row


def failing_sources(conn: Connection) -> list[FailingSource]:
    """Return the active sources whose last poll failed, the longest failing first."""
    with conn.cursor(row_factory=class_row(FailingSource)) as cursor:
        return cursor.execute(
            """
            SELECT slug, outcome, outcome_detail, failing_since
            FROM etl.sources
            WHERE is_active AND failing_since IS NOT NULL
            ORDER BY failing_since
            """
        ).fetchall()


def failing_kinds(conn: Connection) -> list[FailingKind]:
    """Return how many active sources fail in which way, the longest failing first."""
    with conn.cursor(row_factory=class_row(FailingKind)) as cursor:
        return cursor.execute(
            """
            SELECT outcome, count(*) AS sources, min(failing_since) AS failing_since,
                   (array_agg(slug ORDER BY failing_since, id))[1:3] AS slugs
            FROM etl.sources
            WHERE is_active AND failing_since IS NOT NULL
            GROUP BY outcome
            ORDER BY min(failing_since)
            """
        ).fetchall()


def waiting(conn: Connection, *, now: datetime) -> Waiting:
    """Return how much work waits."""
    with conn.cursor(row_factory=class_row(Waiting)) as cursor:
        row = cursor.execute(
            """
            SELECT (SELECT count(*) FROM etl.pages WHERE next_visit_at <= %(now)s) AS pages_due,
                   (SELECT count(*) FROM etl.captures WHERE digested_at IS NULL) AS captures
            """,
            {"now": now},
        ).fetchone()
    assert row is not None
    return row


@dataclass(frozen=True, slots=True)
class Schema:
    """Where the schema of the database is, and whether somebody is changing it now."""

    version: str | None
    is_migrating: bool


@dataclass(frozen=True, slots=True)
class Leader:
    """The scheduler that leads, by what its connection shows."""

    since: datetime
    ticked_at: datetime | None


@dataclass(frozen=True, slots=True)
class PolledSource:
    slug: str
    kind: str
    host: str
    is_active: bool
    paused_because: str | None
    outcome: str | None
    outcome_detail: str | None
    polled_at: datetime | None
    next_poll_at: datetime
    failures: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A page that our reader could not bear; its bytes are in the archive."""

    url: str
    outcome: str
    outcome_detail: str | None
    outcome_at: datetime


@dataclass(frozen=True, slots=True)
class QueuedJobs:
    job: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    kind: str
    name: str
    """The source or host it was about, or the number of the backfill; empty for a clean."""
    started_at: datetime
    took_s: float
    outcome: str
    counts: Mapping[str, int]
    detail: str | None


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    id: int
    kind: str
    plan: Mapping[str, Any]
    state: str
    created_at: datetime
    ended_at: datetime | None
    items: int
    done: int
    failed: int
    detail: str | None
    outcomes: Mapping[str, int]
    units: int
    """Bytes for files of archives, parts else."""
    units_done: int
    ends_at: datetime | None
    """At the speed of the last minutes; None where nobody works on it."""


def schema(conn: Connection) -> Schema:
    """Return the version of the schema and whether a migration runs."""
    row = conn.execute(
        """
        SELECT EXISTS (
            SELECT
            FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 1
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND (classid::bigint << 32) | objid::bigint = %(key)s
        )
        """,
        {"key": LOCK_KEY},
    ).fetchone()
    return Schema(current(conn), bool(row and row[0]))


def show_tick(conn: Connection, ticked_at: datetime | None) -> None:
    """Let others see, in pg_stat_activity, when the leader of this connection last asked what is due.

    It costs one statement and no write, and it ends with the leader, however this dies.
    """
    seconds = "" if ticked_at is None else f"{ticked_at.timestamp():.3f}"
    conn.execute(sql.SQL("SELECT {} AS ticked_at").format(sql.Literal(seconds)))


def leader(conn: Connection, *, lock_key: int) -> Leader | None:
    """Return the session that holds the lead (the advisory lock *lock_key*), or None."""
    with conn.cursor(row_factory=class_row(Leader)) as cursor:
        return cursor.execute(
            """
            SELECT a.backend_start AS since,
                   to_timestamp(substring(a.query FROM '^SELECT ''([0-9.]+)'' AS ticked_at$')::float8) AS ticked_at
            FROM pg_locks l
            JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND (l.classid::bigint << 32) | l.objid::bigint = %(key)s
            """,
            {"key": lock_key},
        ).fetchone()


def late_polls(conn: Connection, *, now: datetime, longer_s: float) -> LatePolls:
    """Return the polls that have been due for longer than *longer_s*."""
    with conn.cursor(row_factory=class_row(LatePolls)) as cursor:
        row = cursor.execute(
            """
            SELECT count(*) AS sources, min(next_poll_at) AS since
            FROM etl.sources
            WHERE is_active AND next_poll_at < %(now)s - make_interval(secs => %(longer_s)s)
            """,
            {"now": now, "longer_s": longer_s},
        ).fetchone()
    assert row is not None
    return row


def polled_sources(conn: Connection, *, limit: int) -> list[PolledSource]:
    """Return sources: those that fail first (longest first), then those that are polled next, then what is paused."""
    with conn.cursor(row_factory=class_row(PolledSource)) as cursor:
        return cursor.execute(
            """
            SELECT slug, kind, host, is_active, paused_because, outcome, outcome_detail, polled_at, next_poll_at,
                   failures, failing_since
            FROM etl.sources
            ORDER BY is_active DESC, failing_since NULLS LAST, next_poll_at, slug
            LIMIT %(limit)s
            """,
            {"limit": limit},
        ).fetchall()


def source_count(conn: Connection) -> int:
    """Return how many sources there are."""
    row = conn.execute("SELECT count(*) FROM etl.sources").fetchone()
    return row[0] if row else 0


def oldest_waiting_capture(conn: Connection) -> datetime | None:
    """Return when the oldest capture that waits for its digest was stored."""
    row = conn.execute("SELECT min(stored_at) FROM etl.captures WHERE digested_at IS NULL").fetchone()
    return row[0] if row else None


def pages_by_outcome(conn: Connection) -> dict[str, int]:
    """Return outcome → number of pages; those that nobody visited yet count as `unvisited`. Reads the whole table."""
    rows = conn.execute(
        "SELECT coalesce(outcome, 'unvisited') AS outcome, count(*) FROM etl.pages GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return dict(rows)


def quarantined(conn: Connection, *, limit: int) -> list[Quarantined]:
    """Return the pages that crashed the reader or took it too long, the latest first. Reads the whole table."""
    with conn.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            """
            SELECT url, outcome, outcome_detail, outcome_at
            FROM etl.pages
            WHERE outcome = ANY (%(outcomes)s)
            ORDER BY outcome_at DESC
            LIMIT %(limit)s
            """,
            {"outcomes": list(QUARANTINE), "limit": limit},
        ).fetchall()


def queued_jobs(conn: Connection) -> list[QueuedJobs]:
    """Return how many jobs of each kind wait (`todo`), run (`doing`) or ended otherwise."""
    with conn.cursor(row_factory=class_row(QueuedJobs)) as cursor:
        return cursor.execute(
            """
            SELECT task_name AS job, status::text AS status, count(*) AS count
            FROM queue.procrastinate_jobs
            GROUP BY task_name, status
            ORDER BY task_name, status
            """
        ).fetchall()


def last_runs(conn: Connection, *, limit: int) -> list[Run]:
    """Return the last units of work that were remembered, the latest first."""
    with conn.cursor(row_factory=class_row(Run)) as cursor:
        return cursor.execute(
            """
            SELECT r.kind, coalesce(s.slug, r.host, r.backfill_id::text, '') AS name, r.started_at,
                   extract(epoch FROM r.ended_at - r.started_at)::float8 AS took_s, r.outcome, r.counts, r.detail
            FROM etl.runs r
            LEFT JOIN etl.sources s ON s.id = r.source_id
            ORDER BY r.started_at DESC
            LIMIT %(limit)s
            """,
            {"limit": limit},
        ).fetchall()


def backfills_progress(conn: Connection, *, limit: int) -> list[BackfillProgress]:
    """Return the backfills, those that are not over first, with how many of their parts are done."""
    with conn.cursor(row_factory=class_row(BackfillProgress)) as cursor:
        return cursor.execute(
            """
            SELECT p.backfill_id AS id, p.kind, p.plan, p.state, p.created_at, p.ended_at, p.detail, p.items, p.items_done AS done,
                   p.items_failed AS failed, p.outcomes, p.units, p.units_done, p.ends_at
            FROM (SELECT id FROM etl.backfills ORDER BY ended_at IS NOT NULL, id DESC LIMIT %(limit)s) AS b
            JOIN news.backfills p ON p.backfill_id = b.id
            ORDER BY p.ended_at IS NOT NULL, p.backfill_id DESC
            """,
            {"limit": limit},
        ).fetchall()
