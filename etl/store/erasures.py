"""Erasing for good: rows, tombstones, and the book of who asked for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from etl.model import Place


@dataclass(frozen=True, slots=True)
class Meant:
    """The pages to erase and every name that leads to them."""

    page_ids: tuple[int, ...]
    url_keys: frozenset[UUID]


def of_url(conn: Connection, url_key: UUID) -> Meant:
    """Return the page under that name, with the pages that were folded into it: they are spellings of it."""
    return _named(
        conn,
        {url_key} | _buried_with(conn, url_key),
        {
            page_id
            for (page_id,) in conn.execute(
                """
                SELECT page_id FROM etl.page_urls WHERE url_key = %(key)s
                UNION
                SELECT id FROM etl.pages WHERE url_key = %(key)s
                """,
                {"key": url_key},
            )
        },
    )


def _buried_with(conn: Connection, url_key: UUID) -> set[UUID]:
    """Return the names that earlier erasures of that name have buried."""
    rows = conn.execute(
        """
        SELECT t.url_key
        FROM etl.erasures e
        JOIN etl.tombstones t ON t.buried_at = e.erased_at AND t.buried_by = e.erased_by
        WHERE e.url_key = %(key)s
        """,
        {"key": url_key},
    ).fetchall()
    return {key for (key,) in rows}


def of_domain(conn: Connection, domain: str) -> Meant:
    """Return the pages of the host *domain* and of all hosts below it, whatever their ports."""
    found = conn.execute(
        """
        SELECT id
        FROM etl.pages
        WHERE split_part(host, ':', 1) = %(domain)s OR right(split_part(host, ':', 1), %(length)s) = %(below)s
        """,
        {"domain": domain, "below": f".{domain}", "length": len(domain) + 1},
    ).fetchall()
    return _named(conn, set(), {page_id for (page_id,) in found})


def of_age(conn: Connection, before: datetime, *, after: int, limit: int) -> tuple[Meant, int | None]:
    """Return pages behind the id *after* that were found and last captured before then, and the last id; None at the end."""
    found = conn.execute(
        """
        SELECT p.id
        FROM etl.pages p
        WHERE p.id > %(after)s AND greatest(p.found_at, p.captured_at) < %(before)s
              AND p.outcome IS DISTINCT FROM 'folded'
              AND NOT EXISTS (SELECT FROM etl.captures c WHERE c.page_id = p.id AND c.digested_at IS NULL)
              AND NOT EXISTS (
                  SELECT FROM etl.page_urls u
                  JOIN etl.pages f ON f.url_key = u.variant_key
                  JOIN etl.captures c ON c.page_id = f.id
                  WHERE u.page_id = p.id AND f.id <> p.id AND c.fetched_at >= %(before)s)
        ORDER BY p.id
        LIMIT %(limit)s
        """,
        {"before": before, "after": after, "limit": limit},
    ).fetchall()
    ids = {page_id for (page_id,) in found}
    return (_named(conn, set(), ids), max(ids)) if ids else (Meant((), frozenset()), None)


def _named(conn: Connection, url_keys: set[UUID], page_ids: set[int]) -> Meant:
    rows = conn.execute(
        """
        SELECT u.url_key, p.id
        FROM etl.page_urls u
        LEFT JOIN etl.pages p ON p.url_key = u.url_key
        WHERE u.page_id = ANY (%(ids)s)
        UNION ALL
        SELECT url_key, id FROM etl.pages WHERE id = ANY (%(ids)s)
        """,
        {"ids": sorted(page_ids)},
    ).fetchall()
    pages = page_ids | {page_id for _, page_id in rows if page_id is not None}
    return Meant(tuple(sorted(pages)), frozenset(url_keys | {key for key, _ in rows}))


def places(conn: Connection, page_ids: Sequence[int]) -> list[Place]:
    """Return where the captures of the pages stand in the archive."""
    return [
        Place(*row)
        for row in conn.execute(
            """
            SELECT archive_file, archive_offset, archive_length
            FROM etl.captures
            WHERE page_id = ANY (%(ids)s)
            ORDER BY archive_file, archive_offset
            """,
            {"ids": list(page_ids)},
        )
    ]


def counts(conn: Connection, page_ids: Sequence[int]) -> dict[str, int]:
    """Return how many rows of each table go when the pages go."""
    row = conn.execute(
        """
        SELECT (SELECT count(*) FROM etl.pages WHERE id = ANY (%(ids)s)),
               (SELECT count(*) FROM etl.page_urls WHERE page_id = ANY (%(ids)s)),
               (SELECT count(*) FROM etl.captures WHERE page_id = ANY (%(ids)s)),
               (SELECT count(*) FROM etl.articles WHERE page_id = ANY (%(ids)s)),
               (SELECT count(*) FROM etl.article_versions v JOIN etl.articles a ON a.id = v.article_id
                WHERE a.page_id = ANY (%(ids)s))
        """,
        {"ids": list(page_ids)},
    ).fetchone()
    assert row is not None
    return dict(zip(("pages", "page_urls", "captures", "articles", "article_versions"), row, strict=True))


def stories_of(conn: Connection, page_ids: Sequence[int]) -> list[int]:
    """Return the stories that the articles of the pages belong to."""
    rows = conn.execute(
        "SELECT DISTINCT story_id FROM etl.articles WHERE page_id = ANY (%(ids)s)", {"ids": list(page_ids)}
    )
    return [story_id for (story_id,) in rows]


def bury(
    conn: Connection,
    url_keys: Iterable[UUID],
    *,
    by: str,
    now: datetime,
    reason: Literal["erased", "aged_out"] = "erased",
) -> int:
    """Set a tombstone for each name that has none; return how many."""
    return conn.execute(
        """
        INSERT INTO etl.tombstones (url_key, reason, buried_at, buried_by)
        SELECT url_key, %(reason)s, %(now)s, %(by)s FROM unnest(%(keys)s::uuid[]) AS r (url_key) ORDER BY url_key
        ON CONFLICT (url_key) DO NOTHING
        """,
        {"keys": list(url_keys), "by": by, "now": now, "reason": reason},
    ).rowcount


def buried(conn: Connection, url_keys: Collection[UUID]) -> set[UUID]:
    """Return those of the names that have a tombstone."""
    rows = conn.execute("SELECT url_key FROM etl.tombstones WHERE url_key = ANY (%(keys)s)", {"keys": list(url_keys)})
    return {key for (key,) in rows}


def delete_links_to(conn: Connection, url_keys: Collection[UUID]) -> int:
    """Delete the links of other pages that lead to these names: they carry the address and the headline; return how many."""
    return conn.execute("DELETE FROM etl.links WHERE url_key = ANY (%(keys)s)", {"keys": list(url_keys)}).rowcount


def delete_attempts(conn: Connection, page_ids: Sequence[int]) -> int:
    """Delete the failed requests for the pages, which carry their addresses; return how many."""
    return conn.execute("DELETE FROM etl.attempts WHERE page_id = ANY (%(ids)s)", {"ids": list(page_ids)}).rowcount


def delete_pages(conn: Connection, page_ids: Sequence[int]) -> int:
    """Delete the pages with all that hangs on them; return how many."""
    return conn.execute("DELETE FROM etl.pages WHERE id = ANY (%(ids)s)", {"ids": list(page_ids)}).rowcount


def write_down(
    conn: Connection,
    kind: Literal["url", "domain"],
    host: str,
    url_key: UUID | None,
    *,
    by: str,
    counts: Mapping[str, int],
    now: datetime,
) -> int:
    """Enter an erasure into the book and return its number; `archive_done` completes it."""
    row = conn.execute(
        """
        INSERT INTO etl.erasures (kind, host, url_key, erased_by, erased_at, counts)
        VALUES (%(kind)s, %(host)s, %(url_key)s, %(by)s, %(now)s, %(counts)s)
        RETURNING id
        """,
        {"kind": kind, "host": host, "url_key": url_key, "by": by, "now": now, "counts": Jsonb(dict(counts))},
    ).fetchone()
    assert row is not None
    return row[0]


def archive_done(conn: Connection, number: int, *, records: int, now: datetime) -> None:
    """Enter that the bytes are gone too."""
    conn.execute(
        "UPDATE etl.erasures SET archive_records = %(records)s, archive_done_at = %(now)s WHERE id = %(id)s",
        {"id": number, "records": records, "now": now},
    )
