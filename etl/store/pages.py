"""Pages: one per canonical URL, with every spelling that leads to it.

Batches are written in the order of `url_key`: two writers that took the same rows in different orders would deadlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from etl.model import Page, PageUrl

from . import arrays, spellings

URL_MAX_BYTES = 8192  # the CHECK of etl.pages.url: longer ones are refused by name before they get here


@dataclass(frozen=True, slots=True)
class PageState:
    """What a writer must know of a page before it adds a capture."""

    id: int
    url_key: UUID
    host: str
    captured_at: datetime | None
    visits: int


@dataclass(frozen=True, slots=True)
class PageEnd:
    """How one visit of a page ended. Validators and hash that are None stay as they were."""

    page_id: int
    outcome: str
    detail: str | None
    at: datetime
    next_visit_at: datetime | None
    failed: bool = False
    captured_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: bytes | None = None


def find(conn: Connection, keys: Iterable[UUID]) -> dict[UUID, int]:
    """Return the page of each canonical key that is known, under any spelling."""
    rows = conn.execute(
        """
        SELECT DISTINCT ON (url_key) url_key, page_id
        FROM etl.page_urls
        WHERE url_key = ANY (%(keys)s)
        ORDER BY url_key, first_seen_at, page_id
        """,
        {"keys": list(keys)},
    ).fetchall()
    return dict(rows)


def unknown(conn: Connection, keys: Iterable[UUID]) -> set[UUID]:
    """Return those of the canonical keys that lead to no page, under any spelling, and are not buried."""
    rows = conn.execute(
        """
        SELECT k.url_key
        FROM unnest(%(keys)s::uuid[]) AS k (url_key)
        WHERE NOT EXISTS (SELECT FROM etl.page_urls u WHERE u.url_key = k.url_key)
              AND NOT EXISTS (SELECT FROM etl.tombstones t WHERE t.url_key = k.url_key)
        """,
        {"keys": list(keys)},
    ).fetchall()
    return {key for (key,) in rows}


def ensure(
    conn: Connection, urls: Sequence[PageUrl], *, found_at: datetime, next_visit_at: datetime | None
) -> dict[UUID, tuple[int, bool]]:
    """Return url_key → (page id, whether it is new), adding the pages and spellings that were not known.

    Buried URLs (etl.tombstones) are left out. Runs in the caller's transaction; safe beside other writers.
    """
    by_key = {u.url_key: u for u in sorted(urls, key=lambda u: u.url_key.int)}
    known, spelled = spellings.of(conn, by_key)
    new: set[UUID] = set()
    if missing := [u for key, u in by_key.items() if key not in known]:
        added = conn.execute(
            """
            INSERT INTO etl.pages (url, url_key, host, found_at, next_visit_at)
            SELECT r.url, r.url_key, r.host, %(found_at)s, %(next_visit_at)s
            FROM unnest(%(url)s::text[], %(url_key)s::uuid[], %(host)s::text[]) AS r (url, url_key, host)
            WHERE NOT EXISTS (SELECT FROM etl.tombstones t WHERE t.url_key = r.url_key)
            ORDER BY r.url_key
            ON CONFLICT (url_key) DO NOTHING
            RETURNING url_key, id
            """,
            {
                "url": arrays.texts(u.url for u in missing),
                "url_key": arrays.uuids(u.url_key for u in missing),
                "host": arrays.texts(u.host for u in missing),
                "found_at": found_at,
                "next_visit_at": next_visit_at,
            },
        ).fetchall()
        known |= dict(added)
        new = {key for key, _ in added}
        if len(added) < len(missing):  # another writer was first, or the URL is buried
            known |= by_own_key(conn, [u.url_key for u in missing if u.url_key not in new])
    spellings.add(conn, [(known[u.url_key], u) for u in urls if u.url_key in known], but=spelled, seen_at=found_at)
    return {key: (page_id, key in new) for key, page_id in known.items()}


def by_own_key(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, int]:
    """Return the page of each canonical key itself, also when it is folded into another: its captures stay its own."""
    rows = conn.execute(
        "SELECT url_key, id FROM etl.pages WHERE url_key = ANY (%(keys)s)", {"keys": list(keys)}
    ).fetchall()
    return dict(rows)


def lock(conn: Connection, page_ids: Iterable[int]) -> dict[int, PageState]:
    """Lock the pages until the end of the transaction, in the order of their ids, and return how they stand."""
    with conn.cursor(row_factory=class_row(PageState)) as cursor:
        rows = cursor.execute(
            """
            SELECT id, url_key, host, captured_at, visits
            FROM etl.pages
            WHERE id = ANY (%(ids)s)
            ORDER BY id
            FOR UPDATE
            """,
            {"ids": sorted(set(page_ids))},
        ).fetchall()
    return {row.id: row for row in rows}


def fold_into(conn: Connection, page_id: int, into: int, *, rule: str, now: datetime) -> bool:
    """Make the spellings of *page_id* lead to *into*; its captures stay its own, and it is not visited again.

    Returns False and does nothing when a person has split the page off (`etl.store.splits`): it stays a page of its own.
    """
    is_split = conn.execute(
        """
        SELECT FROM etl.pages p
        JOIN etl.page_urls u ON u.variant_key = p.url_key
        WHERE p.id = %(page_id)s AND u.rule = 'split'
        """,
        {"page_id": page_id},
    ).fetchone()
    if is_split is not None:
        return False
    conn.execute(
        "UPDATE etl.page_urls SET page_id = %(into)s, rule = %(rule)s WHERE page_id = %(page_id)s",
        {"page_id": page_id, "into": into, "rule": rule},
    )
    conn.execute(
        """
        UPDATE etl.pages
        SET next_visit_at = NULL, outcome = 'folded', outcome_at = %(now)s,
            outcome_detail = %(rule)s || ' leads to page ' || %(into)s
        WHERE id = %(page_id)s
        """,
        {"page_id": page_id, "into": into, "rule": rule, "now": now},
    )
    return True


def due_hosts(conn: Connection, *, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Return (host, due pages) of hosts that may be asked now."""
    return conn.execute(
        """
        SELECT p.host, count(*) AS due
        FROM etl.pages p
        LEFT JOIN etl.hosts h ON h.host = p.host
        WHERE p.next_visit_at <= %(now)s AND coalesce(h.free_at, '-infinity') <= %(now)s
        GROUP BY p.host
        ORDER BY min(p.next_visit_at), p.host
        LIMIT %(limit)s
        """,
        {"now": now, "limit": limit},
    ).fetchall()


def due_hosts_after(
    conn: Connection, after: str, *, now: datetime, at_most: int, due_at_most: int = 1_000_000
) -> tuple[list[str], str]:
    """Look at hosts whose names come after *after*; return those that are due and may be asked, and where to go on.

    It looks at *at_most* hosts, and no further than to the last of *due_at_most* that are due.
    The longest waiting come first; an empty place to go on means that all were looked at. One step per host in the index, however
    many pages it has: reading every due page took the longer, the more was left to do.
    """
    row = conn.execute(
        """
        WITH RECURSIVE step AS (
            (
                SELECT host, next_visit_at, 1 AS number, (next_visit_at <= %(now)s)::int AS found
                FROM etl.pages
                WHERE next_visit_at IS NOT NULL AND host > %(after)s
                ORDER BY host, next_visit_at
                LIMIT 1
            )
            UNION ALL
            SELECT following.host, following.next_visit_at, step.number + 1,
                   step.found + (following.next_visit_at <= %(now)s)::int
            FROM step
            CROSS JOIN LATERAL (
                SELECT p.host, p.next_visit_at
                FROM etl.pages p
                WHERE p.next_visit_at IS NOT NULL AND p.host > step.host
                ORDER BY p.host, p.next_visit_at
                LIMIT 1
            ) AS following
            WHERE step.number < %(at_most)s AND step.found < %(due_at_most)s
        )
        SELECT ARRAY(
                   SELECT s.host
                   FROM step s
                   LEFT JOIN etl.hosts h ON h.host = s.host
                   WHERE s.next_visit_at <= %(now)s AND coalesce(h.free_at, '-infinity') <= %(now)s
                   ORDER BY s.next_visit_at, s.host
               ),
               coalesce(
                   (
                       SELECT s.host
                       FROM step s
                       WHERE s.number = %(at_most)s OR s.found = %(due_at_most)s
                       ORDER BY s.number
                       LIMIT 1
                   ),
                   ''
               )
        """,
        {"after": after, "now": now, "at_most": at_most, "due_at_most": due_at_most},
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def due(conn: Connection, host: str, *, now: datetime, limit: int) -> list[Page]:
    """Return the pages of *host* that are due, the longest waiting first."""
    with conn.cursor(row_factory=class_row(Page)) as cursor:
        return cursor.execute(
            """
            SELECT id, url, host, next_visit_at, etag, last_modified, body_sha256, failures, visits
            FROM etl.pages
            WHERE host = %(host)s AND next_visit_at <= %(now)s
            ORDER BY next_visit_at, id
            LIMIT %(limit)s
            """,
            {"host": host, "now": now, "limit": limit},
        ).fetchall()


def keep_ends(conn: Connection, ends: Sequence[PageEnd]) -> None:
    """Write how visits ended, one row per page (the last one given for a page wins)."""
    rows = [end for _, end in sorted({end.page_id: end for end in ends}.items())]
    conn.execute(
        """
        UPDATE etl.pages p
        SET outcome = r.outcome, outcome_detail = r.detail, outcome_at = r.at, next_visit_at = r.next_visit_at,
            failures = CASE WHEN r.failed THEN p.failures + 1 ELSE 0 END,
            visits = p.visits + CASE WHEN r.captured_at IS NULL THEN 0 ELSE 1 END,
            captured_at = greatest(p.captured_at, r.captured_at),
            etag = coalesce(r.etag, p.etag), last_modified = coalesce(r.last_modified, p.last_modified),
            body_sha256 = coalesce(r.body_sha256, p.body_sha256)
        FROM unnest(%(page_id)s::bigint[], %(outcome)s::text[], %(detail)s::text[], %(at)s::timestamptz[],
                    %(next_visit_at)s::timestamptz[], %(failed)s::boolean[], %(captured_at)s::timestamptz[],
                    %(etag)s::text[], %(last_modified)s::text[], %(body_sha256)s::bytea[])
             AS r (page_id, outcome, detail, at, next_visit_at, failed, captured_at, etag, last_modified, body_sha256)
        WHERE p.id = r.page_id
        """,
        {
            "page_id": [r.page_id for r in rows],
            "outcome": [r.outcome for r in rows],
            "detail": [r.detail for r in rows],
            "at": [r.at for r in rows],
            "next_visit_at": [r.next_visit_at for r in rows],
            "failed": [r.failed for r in rows],
            "captured_at": [r.captured_at for r in rows],
            "etag": [r.etag for r in rows],
            "last_modified": [r.last_modified for r in rows],
            "body_sha256": [r.body_sha256 for r in rows],
        },
    )


def postpone(conn: Connection, page_id: int, until: datetime, *, outcome: str, now: datetime) -> None:
    """Visit the page again at *until*: its host asked for patience, which is no failure of the page."""
    conn.execute(
        """
        UPDATE etl.pages
        SET next_visit_at = %(until)s, outcome = %(outcome)s, outcome_at = %(now)s
        WHERE id = %(page_id)s
        """,
        {"page_id": page_id, "until": until, "outcome": outcome, "now": now},
    )


def readdress(conn: Connection, page_id: int, address: PageUrl, *, now: datetime) -> None:
    """Ask for the page at another address from now on; its name stays. Counts as a failure until it answers there."""
    conn.execute(
        """
        UPDATE etl.pages
        SET url = %(url)s, host = %(host)s, next_visit_at = %(now)s, failures = failures + 1,
            outcome = 'moved', outcome_at = %(now)s, outcome_detail = 'to ' || %(url)s
        WHERE id = %(page_id)s
        """,
        {"page_id": page_id, "url": address.url, "host": address.host, "now": now},
    )


def wake(conn: Connection, changed: Sequence[tuple[int, datetime]], *, now: datetime) -> int:
    """Make pages due that their source says have changed since their newest capture; return how many."""
    return conn.execute(
        """
        UPDATE etl.pages p
        SET next_visit_at = %(now)s
        FROM (
            SELECT page_id, max(modified_at) AS modified_at
            FROM unnest(%(page_id)s::bigint[], %(modified_at)s::timestamptz[]) AS r (page_id, modified_at)
            GROUP BY page_id
        ) r
        WHERE p.id = r.page_id AND p.captured_at < r.modified_at AND r.modified_at <= %(now)s
              AND coalesce(p.next_visit_at, 'infinity') > %(now)s
        """,
        {
            "page_id": arrays.numbers(row[0] for row in changed),
            "modified_at": arrays.instants(row[1] for row in changed),
            "now": now,
        },
    ).rowcount


def make_all_due(conn: Connection, *, now: datetime) -> int:
    """Make every page due that is not folded into another; return how many."""
    return conn.execute(
        "UPDATE etl.pages SET next_visit_at = %(now)s WHERE outcome IS DISTINCT FROM 'folded'", {"now": now}
    ).rowcount


def born_at(conn: Connection, page_id: int) -> datetime:
    """Return when the page began to matter: its article's publication when that is known and earlier, or when it was found."""
    row = conn.execute(
        """
        SELECT least(p.found_at, v.published_at)
        FROM etl.pages p
        LEFT JOIN etl.articles a ON a.page_id = p.id
        LEFT JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
        WHERE p.id = %(page_id)s
        """,
        {"page_id": page_id},
    ).fetchone()
    assert row is not None
    return row[0]
