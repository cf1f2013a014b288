"""Articles and their versions.

Versions of one article neither overlap nor leave a hole (constraints of `etl.article_versions`): the first has no
`follows`, each other follows the end of one. New rows go in by COPY, which takes arrays and costs least per row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from etl.model import Article, Block, BlockKind, Image, Materiality, Moment

from .text import storable


@dataclass(frozen=True, slots=True)
class NewArticle:
    id: int
    page_id: int
    story_id: int
    story_reason: str
    first_seen_at: datetime
    copy_of: int | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class NewVersion:
    article_id: int
    valid_from: datetime
    article: Article
    content_key: bytes
    capture_id: int | None
    extractor: str
    valid_to: datetime | None = None
    follows: datetime | None = None
    changed_fields: tuple[str, ...] = ()
    materiality: Materiality | None = None


@dataclass(frozen=True, slots=True)
class VersionHead:
    """The span of one stored version, without its text."""

    version_id: int
    article_id: int
    page_id: int
    story_id: int
    valid_from: datetime
    valid_to: datetime | None
    content_key: bytes
    capture_id: int | None


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """One article with its current version, for export and for people."""

    article_id: int
    external_id: str | None
    url: str
    title: str
    authors: list[str]
    lead: str | None
    text: str
    section: str | None
    tags: list[str]
    language: str | None
    published_at: datetime | None
    published_precision: str | None
    modified_at: datetime | None
    image_url: str | None
    access: str | None
    story_id: int
    copy_of: int | None
    first_seen_at: datetime
    changed_at: datetime


def new_ids(conn: Connection, count: int) -> list[int]:
    """Return *count* article ids never used before, so that a batch can refer to its own articles."""
    return [
        row[0]
        for row in conn.execute(
            """
            SELECT nextval(pg_get_serial_sequence('etl.articles', 'id')) FROM generate_series(1, %(n)s)
            """,
            {"n": count},
        )
    ]


def open_stories(conn: Connection, opened_at: Sequence[datetime]) -> list[int]:
    """Open one story per given moment and return their ids in the same order."""
    ids = [
        row[0]
        for row in conn.execute(
            "SELECT nextval(pg_get_serial_sequence('etl.stories', 'id')) FROM generate_series(1, %(n)s)",
            {"n": len(opened_at)},
        )
    ]
    conn.execute(
        """
        INSERT INTO etl.stories (id, opened_at)
        SELECT id, opened_at FROM unnest(%(id)s::bigint[], %(opened_at)s::timestamptz[]) AS r (id, opened_at)
        """,
        {"id": ids, "opened_at": list(opened_at)},
    )
    return ids


def drop_stories(conn: Connection, story_ids: Sequence[int]) -> None:
    """Take back stories that no article joined."""
    if story_ids:
        conn.execute("DELETE FROM etl.stories WHERE id = ANY (%(ids)s)", {"ids": list(story_ids)})


def drop_empty_stories(conn: Connection, story_ids: Iterable[int]) -> int:
    """Delete those of the stories that no article belongs to any more; return how many."""
    return conn.execute(
        """
        DELETE FROM etl.stories s
        WHERE s.id = ANY (%(ids)s) AND NOT EXISTS (SELECT FROM etl.articles a WHERE a.story_id = s.id)
        """,
        {"ids": sorted(set(story_ids))},
    ).rowcount


def heads(conn: Connection, page_ids: Iterable[int]) -> dict[int, VersionHead]:
    """Return page id → its current version, for the pages that hold an article."""
    with conn.cursor(row_factory=class_row(VersionHead)) as cursor:
        rows = cursor.execute(
            """
            SELECT v.id AS version_id, v.article_id, a.page_id, a.story_id, v.valid_from, v.valid_to, v.content_key,
                   v.capture_id
            FROM etl.articles a
            JOIN etl.article_versions v ON v.article_id = a.id AND v.valid_to IS NULL
            WHERE a.page_id = ANY (%(ids)s)
            """,
            {"ids": list(page_ids)},
        ).fetchall()
    return {row.page_id: row for row in rows}


def timeline(conn: Connection, article_id: int) -> list[VersionHead]:
    """Return all versions of an article, oldest first."""
    with conn.cursor(row_factory=class_row(VersionHead)) as cursor:
        return cursor.execute(
            """
            SELECT v.id AS version_id, v.article_id, a.page_id, a.story_id, v.valid_from, v.valid_to, v.content_key,
                   v.capture_id
            FROM etl.article_versions v
            JOIN etl.articles a ON a.id = v.article_id
            WHERE v.article_id = %(article_id)s
            ORDER BY v.valid_from
            """,
            {"article_id": article_id},
        ).fetchall()


def said(conn: Connection, version_ids: Iterable[int]) -> dict[int, Article]:
    """Return version id → what it said: without links, and of the evidence only the rule of the lead."""
    return {
        row[0]: _article(row)
        for row in conn.execute(
            """
            SELECT id, title, authors, lead, text, block_kinds, section, tags, language, image_url, image_caption,
                   canonical_url, access, published_at, published_zone, published_precision, published_text,
                   modified_at, modified_zone, modified_precision, modified_text, evidence ->> 'lead'
            FROM etl.article_versions
            WHERE id = ANY (%(ids)s)
            """,
            {"ids": list(version_ids)},
        )
    }


def _article(row: tuple[Any, ...]) -> Article:
    kinds: list[BlockKind] = row[5]
    lines: list[str] = row[4].split("\n") if kinds else []
    return Article(
        title=row[1],
        authors=tuple(row[2]),
        lead=row[3],
        body=tuple(Block(kind, text) for kind, text in zip(kinds, lines, strict=True)),
        section=row[6],
        tags=tuple(row[7]),
        language=row[8],
        image=Image(row[9], row[10]) if row[9] else None,
        canonical_url=row[11],
        access=row[12],
        published=Moment(row[13], row[15] or "day", row[16], "stored", row[14]) if row[16] is not None else None,
        modified=Moment(row[17], row[19] or "day", row[20], "stored", row[18]) if row[20] is not None else None,
        evidence={"lead": row[21]} if row[21] else {},
    )


def add(conn: Connection, articles: Sequence[NewArticle]) -> None:
    """Add articles; their ids come from `new_ids`, their stories exist."""
    with conn.cursor().copy(
        """
        COPY etl.articles (id, page_id, story_id, story_reason, first_seen_at, changed_at, copy_of, similarity)
        FROM STDIN
        """
    ) as copy:
        for a in articles:
            copy.write_row(
                (
                    a.id,
                    a.page_id,
                    a.story_id,
                    a.story_reason,
                    a.first_seen_at,
                    a.first_seen_at,
                    a.copy_of,
                    a.similarity,
                )
            )


def keep_external_ids(conn: Connection, ids: Sequence[tuple[str, int]], *, now: datetime) -> None:
    """Remember (id in another system, article id); an id that is known stays with its first article."""
    conn.execute(
        """
        INSERT INTO etl.external_ids (external_id, article_id, loaded_at)
        SELECT external_id, article_id, %(now)s
        FROM unnest(%(external_id)s::text[], %(article_id)s::bigint[]) AS r (external_id, article_id)
        ORDER BY external_id
        ON CONFLICT (external_id) DO NOTHING
        """,
        {
            "external_id": [storable(external_id) for external_id, _ in ids],
            "article_id": [article_id for _, article_id in ids],
            "now": now,
        },
    )


def add_versions(conn: Connection, versions: Sequence[NewVersion]) -> None:
    """Add versions. A version that follows another is given in the same transaction as the closing of that other."""
    with conn.cursor().copy(
        """
        COPY etl.article_versions
            (article_id, valid_from, valid_to, follows, capture_id, content_key, title, authors, lead, text, block_kinds,
             section, tags, language, image_url, image_caption, canonical_url, access,
             published_at, published_zone, published_precision, published_text,
             modified_at, modified_zone, modified_precision, modified_text,
             evidence, changed_fields, materiality, extractor)
        FROM STDIN
        """
    ) as copy:
        for version in versions:
            copy.write_row(version_row(version))


def version_row(v: NewVersion) -> tuple[Any, ...]:
    """Return a version in the order of the columns of `add_versions`."""
    a = v.article
    body = [(block.kind, storable(block.text).replace("\n", " ")) for block in a.body]
    return (
        v.article_id,
        v.valid_from,
        v.valid_to,
        v.follows,
        v.capture_id,
        v.content_key,
        storable(a.title),
        [storable(author) for author in a.authors],
        _maybe(a.lead),
        "\n".join(text for _, text in body),
        [kind for kind, _ in body],
        _maybe(a.section),
        [storable(tag) for tag in a.tags],
        _maybe(a.language),
        _maybe(a.image.url) if a.image else None,
        _maybe(a.image.caption) if a.image else None,
        _maybe(a.canonical_url),
        a.access,
        *_moment_row(a.published),
        *_moment_row(a.modified),
        Jsonb({field: storable(rule) for field, rule in a.evidence.items()}),
        list(v.changed_fields),
        v.materiality,
        v.extractor,
    )


def _maybe(text: str | None) -> str | None:
    return storable(text) if text is not None else None


def _moment_row(moment: Moment | None) -> tuple[datetime | None, str | None, str | None, str | None]:
    if moment is None:
        return None, None, None, None
    if moment.at is None:
        return None, None, None, storable(moment.text)
    return moment.at, _maybe(moment.zone), moment.precision, storable(moment.text)


def close_versions(conn: Connection, ends: Sequence[tuple[int, datetime]]) -> None:
    """End versions, given as (version id, moment)."""
    conn.execute(
        """
        UPDATE etl.article_versions v
        SET valid_to = r.valid_to
        FROM unnest(%(id)s::bigint[], %(valid_to)s::timestamptz[]) AS r (id, valid_to)
        WHERE v.id = r.id
        """,
        {"id": [version_id for version_id, _ in ends], "valid_to": [moment for _, moment in ends]},
    )


def begin_version(conn: Connection, version_id: int, valid_from: datetime, *, follows: datetime | None) -> None:
    """Move the beginning of a version."""
    conn.execute(
        "UPDATE etl.article_versions SET valid_from = %(valid_from)s, follows = %(follows)s WHERE id = %(id)s",
        {"id": version_id, "valid_from": valid_from, "follows": follows},
    )


def keep_span(conn: Connection, article_ids: Iterable[int]) -> None:
    """Make first_seen_at and changed_at of articles follow their versions."""
    conn.execute(
        """
        UPDATE etl.articles a
        SET first_seen_at = r.first_seen_at, changed_at = r.changed_at
        FROM (
            SELECT article_id, min(valid_from) AS first_seen_at, max(valid_from) AS changed_at
            FROM etl.article_versions
            WHERE article_id = ANY (%(ids)s)
            GROUP BY article_id
        ) r
        WHERE a.id = r.article_id AND (a.first_seen_at, a.changed_at) IS DISTINCT FROM (r.first_seen_at, r.changed_at)
        """,
        {"ids": sorted(set(article_ids))},
    )
