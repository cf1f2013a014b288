"""Sources: what is polled, and the state of its polling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import Connection
from psycopg.rows import class_row

from etl.model import LinkKind, Source, SourceKind


@dataclass(frozen=True, slots=True)
class Listed:
    """A source as a recipe lists it."""

    slug: str
    kind: SourceKind
    url: str
    host: str
    recipe: str
    interval_s: float
    cron: str | None
    zone: str | None
    follow: tuple[LinkKind, ...]
    follow_depth: int
    follow_per_day: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source stands, for a person."""

    slug: str
    kind: str
    url: str
    is_active: bool
    paused_because: str | None
    next_poll_at: datetime
    polled_at: datetime | None
    outcome: str | None
    outcome_detail: str | None
    failures: int


DROPPED = "no longer in its recipe"


def sync(conn: Connection, listed: Sequence[Listed], *, now: datetime) -> tuple[int, int, int]:
    """Make the table say what the recipes say; return (added, changed, dropped).

    A source that left its recipe is paused, not deleted: its sightings are history. One that comes back polls again.
    """
    rows = {
        "slug": [s.slug for s in listed],
        "kind": [s.kind for s in listed],
        "url": [s.url for s in listed],
        "host": [s.host for s in listed],
        "recipe": [s.recipe for s in listed],
        "interval_s": [s.interval_s for s in listed],
        "cron": [s.cron for s in listed],
        "zone": [s.zone for s in listed],
        "follow": [",".join(s.follow) for s in listed],
        "follow_depth": [s.follow_depth for s in listed],
        "follow_per_day": [s.follow_per_day for s in listed],
        "now": now,
        "dropped": DROPPED,
    }
    written = conn.execute(
        """
        INSERT INTO etl.sources AS stored
            (slug, kind, url, host, recipe, interval_s, cron, zone, follow, follow_depth, follow_per_day, next_poll_at,
             created_at)
        SELECT r.slug, r.kind, r.url, r.host, r.recipe, r.interval_s, r.cron, r.zone,
               string_to_array(r.follow, ','), r.follow_depth, r.follow_per_day, %(now)s, %(now)s
        FROM unnest(%(slug)s::text[], %(kind)s::text[], %(url)s::text[], %(host)s::text[], %(recipe)s::text[],
                    %(interval_s)s::float8[], %(cron)s::text[], %(zone)s::text[], %(follow)s::text[],
                    %(follow_depth)s::int[], %(follow_per_day)s::int[])
             AS r (slug, kind, url, host, recipe, interval_s, cron, zone, follow, follow_depth, follow_per_day)
        ON CONFLICT (slug) DO UPDATE
        SET kind = excluded.kind, url = excluded.url, host = excluded.host, recipe = excluded.recipe,
            interval_s = excluded.interval_s, cron = excluded.cron, zone = excluded.zone, follow = excluded.follow,
            follow_depth = excluded.follow_depth, follow_per_day = excluded.follow_per_day,
            is_active = stored.is_active OR stored.paused_because = %(dropped)s,
            paused_because = nullif(stored.paused_because, %(dropped)s),
            next_poll_at = CASE WHEN stored.url = excluded.url THEN stored.next_poll_at ELSE %(now)s END,
            etag = CASE WHEN stored.url = excluded.url THEN stored.etag END,
            last_modified = CASE WHEN stored.url = excluded.url THEN stored.last_modified END,
            body_sha256 = CASE WHEN stored.url = excluded.url THEN stored.body_sha256 END
        WHERE (stored.kind, stored.url, stored.recipe, stored.interval_s, stored.cron, stored.zone, stored.follow,
               stored.follow_depth, stored.follow_per_day)
              IS DISTINCT FROM (excluded.kind, excluded.url, excluded.recipe, excluded.interval_s, excluded.cron,
                                excluded.zone, excluded.follow, excluded.follow_depth, excluded.follow_per_day)
              OR stored.paused_because = %(dropped)s
        RETURNING xmax = 0 AS is_new
        """,
        rows,
    ).fetchall()
    dropped = conn.execute(
        """
        UPDATE etl.sources
        SET is_active = false, paused_because = %(dropped)s
        WHERE is_active AND slug <> ALL (%(slug)s::text[])
        """,
        {"slug": rows["slug"], "dropped": DROPPED},
    ).rowcount
    added = sum(1 for (is_new,) in written if is_new)
    return added, len(written) - added, dropped


def due(conn: Connection, *, now: datetime, limit: int) -> list[Source]:
    """Return up to *limit* active sources that are due, the longest waiting first."""
    with conn.cursor(row_factory=class_row(Source)) as cursor:
        return cursor.execute(
            """
            SELECT id, slug, kind, url, recipe, interval_s, cron, zone, etag, last_modified, body_sha256, next_poll_at,
                   is_active, follow, failures, children_read
            FROM etl.sources
            WHERE is_active AND next_poll_at <= %(now)s
            ORDER BY next_poll_at, id
            LIMIT %(limit)s
            """,
            {"now": now, "limit": limit},
        ).fetchall()


def due_ids(conn: Connection, *, now: datetime, limit: int, per_host: int = 3) -> list[int]:
    """Return the ids of up to *limit* active sources that are due, the longest waiting first, at most *per_host* of one host.

    The sources of a host wait for each other: without the limit, a host with very many would keep all others waiting too.
    """
    return [
        row[0]
        for row in conn.execute(
            """
            SELECT id
            FROM (
                SELECT id, next_poll_at, row_number() OVER (PARTITION BY host ORDER BY next_poll_at, id) AS place
                FROM (
                    SELECT id, host, next_poll_at
                    FROM etl.sources
                    WHERE is_active AND next_poll_at <= %(now)s
                    ORDER BY next_poll_at, id
                    LIMIT %(limit)s * 10
                ) AS oldest
            ) AS placed
            WHERE place <= %(per_host)s
            ORDER BY next_poll_at, id
            LIMIT %(limit)s
            """,
            {"now": now, "limit": limit, "per_host": per_host},
        )
    ]


def polls_per_second(conn: Connection) -> float:
    """Return how many active sources fall due in a second, on average. Reads all sources: 15 ms for 100,000."""
    row = conn.execute("SELECT coalesce(sum(1 / interval_s), 0)::float8 FROM etl.sources WHERE is_active").fetchone()
    return row[0] if row else 0.0


def get(conn: Connection, source_id: int) -> Source | None:
    """Return the source of that number, or None."""
    with conn.cursor(row_factory=class_row(Source)) as cursor:
        return cursor.execute(
            """
            SELECT id, slug, kind, url, recipe, interval_s, cron, zone, etag, last_modified, body_sha256, next_poll_at,
                   is_active, follow, failures, children_read
            FROM etl.sources
            WHERE id = %(id)s
            """,
            {"id": source_id},
        ).fetchone()


def make_all_due(conn: Connection, *, now: datetime) -> int:
    """Make every active source due; return how many."""
    return conn.execute("UPDATE etl.sources SET next_poll_at = %(now)s WHERE is_active", {"now": now}).rowcount


def named(conn: Connection, slug: str) -> Source | None:
    """Return the source with that slug, or None."""
    with conn.cursor(row_factory=class_row(Source)) as cursor:
        return cursor.execute(
            """
            SELECT id, slug, kind, url, recipe, interval_s, cron, zone, etag, last_modified, body_sha256, next_poll_at,
                   is_active, follow, failures, children_read
            FROM etl.sources
            WHERE slug = %(slug)s
            """,
            {"slug": slug},
        ).fetchone()


def keep_poll(
    conn: Connection,
    source_id: int,
    *,
    outcome: str,
    detail: str | None,
    next_poll_at: datetime,
    now: datetime,
    etag: str | None = None,
    last_modified: str | None = None,
    body_sha256: bytes | None = None,
    children_read: int = 0,
) -> None:
    """Write how a poll ended. Validators that are None stay as they were.

    A failure is any outcome but ok, unchanged, and host_busy, which says nothing of the source.
    """
    conn.execute(
        """
        UPDATE etl.sources
        SET outcome = %(outcome)s, outcome_detail = %(detail)s, polled_at = %(now)s, next_poll_at = %(next_poll_at)s,
            etag = coalesce(%(etag)s, etag), last_modified = coalesce(%(last_modified)s, last_modified),
            body_sha256 = coalesce(%(body_sha256)s, body_sha256),
            children_read = %(children_read)s,
            failures = CASE WHEN %(well)s THEN 0 ELSE failures + 1 END,
            failing_since = CASE WHEN %(well)s THEN NULL ELSE coalesce(failing_since, %(now)s) END
        WHERE id = %(source_id)s
        """,
        {
            "source_id": source_id,
            "outcome": outcome,
            "detail": detail,
            "well": outcome in ("ok", "unchanged", "host_busy"),
            "children_read": children_read,
            "next_poll_at": next_poll_at,
            "now": now,
            "etag": etag,
            "last_modified": last_modified,
            "body_sha256": body_sha256,
        },
    )


def keep_quiet_poll(
    conn: Connection,
    source_id: int,
    *,
    detail: str | None,
    next_poll_at: datetime,
    host_free_at: datetime | None,
    now: datetime,
) -> None:
    """Write that a poll found nothing changed, and in the same row that its host was asked once and may be asked again when."""
    conn.execute(
        """
        UPDATE etl.sources
        SET outcome = 'unchanged', outcome_detail = %(detail)s, polled_at = %(now)s, next_poll_at = %(next_poll_at)s,
            children_read = 0, failures = 0, failing_since = NULL, host_free_at = %(host_free_at)s, asked_on = %(today)s,
            asked_times = CASE WHEN asked_on = %(today)s THEN asked_times + 1 ELSE 1 END
        WHERE id = %(source_id)s
        """,
        {
            "source_id": source_id,
            "detail": detail,
            "next_poll_at": next_poll_at,
            "host_free_at": host_free_at,
            "today": now.astimezone(UTC).date(),
            "now": now,
        },
    )


def pause(conn: Connection, slug: str, because: str) -> bool:
    """Stop polling the source; return whether there is one of that slug."""
    return (
        conn.execute(
            "UPDATE etl.sources SET is_active = false, paused_because = %(because)s WHERE slug = %(slug)s",
            {"slug": slug, "because": because},
        ).rowcount
        == 1
    )


def resume(conn: Connection, slug: str, *, now: datetime) -> bool:
    """Poll the source again from *now*; return whether there is one of that slug."""
    return (
        conn.execute(
            """
            UPDATE etl.sources
            SET is_active = true, paused_because = NULL, next_poll_at = %(now)s
            WHERE slug = %(slug)s
            """,
            {"slug": slug, "now": now},
        ).rowcount
        == 1
    )


def states(conn: Connection) -> list[SourceState]:
    """Return all sources by slug."""
    with conn.cursor(row_factory=class_row(SourceState)) as cursor:
        return cursor.execute(
            """
            SELECT slug, kind, url, is_active, paused_because, next_poll_at, polled_at, outcome, outcome_detail, failures
            FROM etl.sources
            ORDER BY slug
            """
        ).fetchall()
