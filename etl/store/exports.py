"""Articles out: read in pieces through a server-side cursor, so that memory stays flat however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from .articles import StoredArticle

ROWS_PER_FETCH = 500


def articles(conn: Connection, *, since: datetime | None = None) -> Iterator[StoredArticle]:
    """Yield the current articles by id, one loaded under several ids once for each.

    *since* keeps those that changed at or after it: at the publisher's by the times of captures, or here, by the feed of changes,
    which knows of old captures that came late and of texts that were read again.
    """
    with conn.transaction(), conn.cursor("export", row_factory=class_row(StoredArticle)) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        cursor.execute(
            """
            SELECT a.id AS article_id, x.external_id, p.url, v.title, v.authors, v.lead, v.text, v.section, v.tags,
                   v.language, v.published_at, v.published_precision, v.modified_at, v.image_url, v.access,
                   a.story_id, a.copy_of, a.first_seen_at, a.changed_at
            FROM etl.articles a
            JOIN etl.pages p ON p.id = a.page_id
            JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
            LEFT JOIN etl.external_ids x ON x.article_id = a.id
            WHERE %(since)s::timestamptz IS NULL OR a.changed_at >= %(since)s
                  OR a.id IN (SELECT c.article_id FROM etl.changes c WHERE c.changed_at >= %(since)s AND c.kind IN ('a', 'v'))
            ORDER BY a.id, x.external_id
            """,
            {"since": since},
        )
        yield from cursor
