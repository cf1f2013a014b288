"""What plans of backfills are measured by: pages that are stored, lists that were read, files that were loaded."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import Connection

MEASURED_MIN_BYTES = 5_000_000
"""Of a backfill of files: a smaller one is over before its speed is one."""


def mean_bytes(conn: Connection, hosts: Sequence[str]) -> dict[str, int]:
    """Return host → bytes that a page of it takes in the archive, by some that are stored; hosts without any are left out."""
    rows = conn.execute(
        """
        SELECT h.host, avg(c.archive_length)::bigint
        FROM unnest(%(hosts)s::text[]) AS h (host)
        CROSS JOIN LATERAL (
            SELECT id FROM etl.pages WHERE host = h.host AND captured_at IS NOT NULL ORDER BY captured_at DESC LIMIT 50
        ) AS p
        JOIN etl.captures c ON c.page_id = p.id AND c.status = 200
        GROUP BY h.host
        """,
        {"hosts": list(hosts)},
    ).fetchall()
    return dict(rows)


def list_counts(conn: Connection, backfill_id: int) -> dict[str, int]:
    """Return what the lists of the backfill (sitemaps, indexes) said: named, and what was left out by reason."""
    rows = conn.execute(
        """
        SELECT c.key, sum(c.value::bigint)::bigint
        FROM etl.backfill_items i
        CROSS JOIN LATERAL jsonb_each_text(i.counts) AS c
        WHERE i.backfill_id = %(id)s AND i.kind IN ('sitemap', 'captures', 'files')
        GROUP BY c.key
        ORDER BY c.key
        """,
        {"id": backfill_id},
    ).fetchall()
    return dict(rows)


def file_bytes_per_s(conn: Connection) -> float | None:
    """Return how many bytes of WARC files a second the last backfills of such files stored in the median; None without any."""
    row = conn.execute(
        """
        SELECT percentile_cont(0.5) WITHIN GROUP (
            ORDER BY coalesce(p.units_per_second, p.units / extract(epoch FROM p.ended_at - p.started_at)::float8))
        FROM (
            SELECT id
            FROM etl.backfills b
            WHERE kind IN ('warc', 'ccnews') AND state = 'done' AND ended_at > started_at
                  AND %(min_bytes)s <= (SELECT sum(i.size) FROM etl.backfill_items i WHERE i.backfill_id = b.id)
            ORDER BY ended_at DESC
            LIMIT 5
        ) AS b
        JOIN news.backfills p ON p.backfill_id = b.id
        """,
        {"min_bytes": MEASURED_MIN_BYTES},
    ).fetchone()
    return row[0] if row else None
