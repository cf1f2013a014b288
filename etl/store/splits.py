"""Pages that a person took out of another: what belongs to which page again, and a join that is not made a second time.

What remembers it is the rule `split` of the page's own spelling in etl.page_urls: `pages.fold_into` leaves such a page alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Joined:
    """A page whose name leads to another page."""

    page_id: int
    url: str
    into_id: int
    into_url: str
    rule: str


def joined(conn: Connection, url_key: UUID) -> Joined | None:
    """Return where the page of that name was folded into, or None when no such page is folded."""
    with conn.cursor(row_factory=class_row(Joined)) as cursor:
        return cursor.execute(
            """
            SELECT p.id AS page_id, p.url, i.id AS into_id, i.url AS into_url, u.rule
            FROM etl.pages p
            JOIN etl.page_urls u ON u.url_key = p.url_key AND u.page_id <> p.id
            JOIN etl.pages i ON i.id = u.page_id
            WHERE p.url_key = %(url_key)s
            ORDER BY u.first_seen_at, u.variant_key
            LIMIT 1
            """,
            {"url_key": url_key},
        ).fetchone()


def take_spellings(conn: Connection, page_id: int, *, now: datetime) -> int:
    """Make the page's own names lead to itself again, for good; return how many there are."""
    return conn.execute(
        """
        INSERT INTO etl.page_urls (variant_key, page_id, url_key, url, rule, first_seen_at)
        SELECT r.variant_key, p.id, p.url_key, r.url, 'split', %(now)s
        FROM etl.pages p
        CROSS JOIN LATERAL (
            SELECT p.url_key, p.url
            UNION ALL
            SELECT u.variant_key, u.url FROM etl.page_urls u WHERE u.url_key = p.url_key AND u.variant_key <> p.url_key
        ) AS r (variant_key, url)
        WHERE p.id = %(page_id)s
        ON CONFLICT (variant_key) DO UPDATE SET page_id = excluded.page_id, rule = excluded.rule
        """,
        {"page_id": page_id, "now": now},
    ).rowcount


def versions_from(conn: Connection, article_id: int, page_id: int) -> set[int]:
    """Return the versions of the article that were read from captures of that page."""
    rows = conn.execute(
        """
        SELECT v.id
        FROM etl.article_versions v
        JOIN etl.captures c ON c.id = v.capture_id
        WHERE v.article_id = %(article_id)s AND c.page_id = %(page_id)s
        """,
        {"article_id": article_id, "page_id": page_id},
    ).fetchall()
    return {version_id for (version_id,) in rows}


def delete_versions(conn: Connection, article_id: int, version_ids: Sequence[int]) -> None:
    """Delete versions; each of those that stay goes on until the next one begins."""
    conn.execute("DELETE FROM etl.article_versions WHERE id = ANY (%(ids)s)", {"ids": list(version_ids)})
    conn.execute(
        """
        UPDATE etl.article_versions v
        SET valid_to = line.next_from,
            follows = CASE WHEN line.number > 1 THEN v.valid_from END,
            changed_fields = CASE WHEN line.number > 1 THEN v.changed_fields ELSE '{}' END,
            materiality = CASE WHEN line.number > 1 THEN v.materiality END
        FROM (
            SELECT id, lead(valid_from) OVER in_time AS next_from, row_number() OVER in_time AS number
            FROM etl.article_versions
            WHERE article_id = %(article_id)s
            WINDOW in_time AS (ORDER BY valid_from)
        ) AS line
        WHERE v.id = line.id
        """,
        {"article_id": article_id},
    )


def move_article(conn: Connection, article_id: int, page_id: int) -> None:
    """Give the article to another page, which holds none."""
    conn.execute(
        "UPDATE etl.articles SET page_id = %(page_id)s WHERE id = %(article_id)s",
        {"page_id": page_id, "article_id": article_id},
    )


def delete_article(conn: Connection, article_id: int) -> None:
    """Delete an article with all its versions and keys."""
    conn.execute("DELETE FROM etl.articles WHERE id = %(article_id)s", {"article_id": article_id})


def read_again(conn: Connection, page_id: int) -> int:
    """Let the captures of the page wait for their digest again; return how many."""
    return conn.execute(
        """
        UPDATE etl.captures
        SET digested_at = NULL, outcome = NULL, outcome_detail = NULL
        WHERE page_id = %(page_id)s AND status = 200
        """,
        {"page_id": page_id},
    ).rowcount


def forget_visits(conn: Connection, page_id: int, *, outcome: str, detail: str, now: datetime) -> None:
    """Make the page due with nothing known but its own captures: its validators may be those of the other page."""
    conn.execute(
        """
        UPDATE etl.pages
        SET next_visit_at = %(now)s, etag = NULL, last_modified = NULL, body_sha256 = NULL, failures = 0,
            captured_at = (
                SELECT max(c.fetched_at) FROM etl.captures c WHERE c.page_id = %(page_id)s AND c.digested_at IS NOT NULL
            ),
            outcome = %(outcome)s, outcome_detail = %(detail)s, outcome_at = %(now)s
        WHERE id = %(page_id)s
        """,
        {"page_id": page_id, "outcome": outcome, "detail": detail, "now": now},
    )
    conn.execute(
        """
        DELETE FROM etl.links l
        USING etl.pages p
        WHERE p.id = %(page_id)s AND l.page_id = p.id AND l.last_observed_at IS NULL
              AND l.first_observed_at > coalesce(p.captured_at, '-infinity')
        """,
        {"page_id": page_id},
    )
