"""All that is known of one page, for a person."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

Rows = list[dict[str, Any]]


def facts(conn: Connection, page_id: int) -> dict[str, Rows]:
    """Return the facts about a page by heading: page, spellings, seen in, captures, versions, links to it."""
    return {
        "page": _page(conn, page_id),
        "spellings": _spellings(conn, page_id),
        "named by": _sightings(conn, page_id),
        "captures": _captures(conn, page_id),
        "versions": _versions(conn, page_id),
        "linked from": _linked_from(conn, page_id),
    }


def _page(conn: Connection, page_id: int) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT p.url, p.outcome, p.outcome_detail, p.captured_at, p.next_visit_at, p.visits, p.failures,
                   a.id AS article, a.story_id AS story, a.copy_of, a.story_reason
            FROM etl.pages p
            LEFT JOIN etl.articles a ON a.page_id = p.id
            WHERE p.id = %(id)s
            """,
            {"id": page_id},
        ).fetchall()


def _spellings(conn: Connection, page_id: int) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT url, rule, first_seen_at
            FROM etl.page_urls
            WHERE page_id = %(id)s
            ORDER BY first_seen_at, url
            """,
            {"id": page_id},
        ).fetchall()


def _sightings(conn: Connection, page_id: int) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT s.slug AS source, g.found_by, g.first_seen_at, g.last_seen_at, g.title
            FROM etl.sightings g
            JOIN etl.sources s ON s.id = g.source_id
            WHERE g.page_id = %(id)s
            ORDER BY g.first_seen_at
            """,
            {"id": page_id},
        ).fetchall()


def _captures(conn: Connection, page_id: int) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT id AS capture, fetched_at, status, body_bytes, outcome, archive_file, archive_offset
            FROM etl.captures
            WHERE page_id = %(id)s
            ORDER BY fetched_at
            """,
            {"id": page_id},
        ).fetchall()


def _versions(conn: Connection, page_id: int) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT v.valid_from, v.valid_to, v.materiality, v.changed_fields, v.title, length(v.text) AS characters
            FROM etl.article_versions v
            JOIN etl.articles a ON a.id = v.article_id
            WHERE a.page_id = %(id)s
            ORDER BY v.valid_from
            """,
            {"id": page_id},
        ).fetchall()


def _linked_from(conn: Connection, page_id: int) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT DISTINCT p.url, l.kind, l.block, l.rank, l.first_observed_at, l.last_observed_at
            FROM etl.page_urls u
            JOIN etl.links l ON l.url_key = u.url_key
            JOIN etl.pages p ON p.id = l.page_id
            WHERE u.page_id = %(id)s
            ORDER BY l.first_observed_at, p.url
            LIMIT 50
            """,
            {"id": page_id},
        ).fetchall()
