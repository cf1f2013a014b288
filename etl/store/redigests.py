"""What a redigest reads and rewrites: the pages it is meant for, their captures, and versions and links in their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.rows import class_row

from etl.errors import Misconfigured
from etl.model import Capture, Materiality

from .articles import NewVersion, version_row
from .captures import capture_of
from .links import NewLink, link_row


@dataclass(frozen=True, slots=True)
class Meant:
    """Which pages are read again. Conditions that are None hold for all."""

    where: str | None = None
    """SQL over the columns of news.articles; pages without an article never meet it."""
    before_extractor: int | None = None
    """Only articles of which an older extractor has read a version; pages without an article are always among them."""
    source: str | None = None
    """Slug of a source, or name of a recipe."""
    captured_from: datetime | None = None
    captured_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to read."""

    pages: int
    captures: int
    archive_bytes: int
    last_page_id: int


@dataclass(frozen=True, slots=True)
class Held:
    """A capture of a page, or of one that is folded into it."""

    page_id: int
    """The page that shows it now."""
    capture: Capture
    outcome: str


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version without its text."""

    version_id: int
    article_id: int
    valid_from: datetime
    valid_to: datetime | None
    capture_id: int | None
    content_key: bytes
    changed_fields: list[str]
    materiality: Materiality | None
    extractor: str


_MEANT = """
    FROM etl.pages p
    LEFT JOIN etl.articles a ON a.page_id = p.id
    WHERE p.id > %(after)s AND p.id <= %(last)s AND p.outcome IS DISTINCT FROM 'folded'
          AND (a.id IS NOT NULL OR EXISTS (SELECT FROM etl.captures c WHERE c.page_id = p.id AND c.status = 200))
          AND (%(source)s::text IS NULL OR EXISTS (
              SELECT FROM etl.sightings g JOIN etl.sources s ON s.id = g.source_id
              WHERE g.page_id = p.id AND %(source)s IN (s.slug, s.recipe)))
          AND (%(extractor)s::integer IS NULL OR a.id IS NULL OR EXISTS (
              SELECT FROM etl.article_versions v
              WHERE v.article_id = a.id AND (CASE WHEN v.extractor ~ '^[0-9]{{1,9}}$' THEN v.extractor::integer ELSE 0 END)
                    < %(extractor)s))
          AND (%(from)s::timestamptz IS NULL AND %(before)s::timestamptz IS NULL OR EXISTS (
              SELECT FROM etl.captures c
              WHERE c.page_id = p.id AND c.fetched_at >= coalesce(%(from)s, '-infinity')
                    AND c.fetched_at < coalesce(%(before)s, 'infinity')))
          AND ({where})
"""


def extent(conn: Connection, meant: Meant) -> Extent:
    """Return how much is meant. Raises Misconfigured, with the words of Postgres, when the condition is no SQL."""
    query = sql.SQL(
        """
        SELECT count(*), coalesce(sum(held.captures), 0)::bigint, coalesce(sum(held.bytes), 0)::bigint,
               coalesce(max(meant.id), 0)
        FROM (SELECT p.id {meant}) AS meant
        CROSS JOIN LATERAL (
            SELECT count(*) AS captures, sum(c.archive_length) AS bytes
            FROM etl.captures c
            WHERE c.status = 200 AND c.digested_at IS NOT NULL AND c.page_id IN (
                SELECT meant.id
                UNION
                SELECT f.id FROM etl.page_urls u JOIN etl.pages f ON f.url_key = u.variant_key WHERE u.page_id = meant.id)
        ) AS held
        """
    ).format(meant=_meant(meant))
    with conn.transaction():
        # What a person writes into a condition may call any function: nothing that writes.
        conn.execute("SET TRANSACTION READ ONLY")
        try:
            row = conn.execute(query, _given(meant, after=0, last=2**62)).fetchone()
        except (psycopg.ProgrammingError, psycopg.DataError, psycopg.errors.ReadOnlySqlTransaction) as error:
            words = str(error).partition("\n")[0]
            raise Misconfigured(f"--where: {words}; it is a condition over the columns of news.articles") from error
    assert row is not None
    return Extent(*row)


def meant_pages(conn: Connection, meant: Meant, *, after: int, last: int, limit: int) -> list[int]:
    """Return the next pages behind *after*, up to *last*, in the order of their ids."""
    query = sql.SQL("SELECT p.id {meant} ORDER BY p.id LIMIT %(limit)s").format(meant=_meant(meant))
    return [row[0] for row in conn.execute(query, {**_given(meant, after=after, last=last), "limit": limit})]


def sample(conn: Connection, meant: Meant, *, limit: int) -> list[int]:
    """Return up to *limit* of the pages, spread evenly over all, always the same ones."""
    query = sql.SQL("SELECT p.id {meant} ORDER BY hashint8(p.id), p.id LIMIT %(limit)s").format(meant=_meant(meant))
    return sorted(row[0] for row in conn.execute(query, {**_given(meant, after=0, last=2**62), "limit": limit}))


def _meant(meant: Meant) -> sql.Composed:
    where = sql.SQL("true")
    if meant.where is not None:
        # A person's own SQL, on a line of its own for it may end in a comment; `%` would be read as a parameter.
        where = sql.SQL("EXISTS (SELECT FROM news.articles WHERE news.articles.article_id = a.id AND (\n{}\n))").format(
            sql.SQL(meant.where.replace("%", "%%"))  # pyright: ignore[reportArgumentType]
        )
    return sql.SQL(_MEANT).format(where=where)


def _given(meant: Meant, *, after: int, last: int) -> dict[str, object]:
    return {
        "after": after,
        "last": last,
        "source": meant.source,
        "extractor": meant.before_extractor,
        "from": meant.captured_from,
        "before": meant.captured_before,
    }


def held(conn: Connection, page_ids: Sequence[int]) -> list[Held]:
    """Return the digested captures of the pages and of those folded into them: by page, then by time."""
    rows = conn.execute(
        """
        SELECT shown.page_id, coalesce(c.outcome, ''), c.id, c.page_id, c.url, c.final_url, c.status, c.headers, c.redirects,
               c.body_sha256, c.body_bytes, c.fetched_at, c.archive_file, c.archive_offset, c.archive_length
        FROM (
            SELECT id AS page_id, id AS asked_id FROM etl.pages WHERE id = ANY (%(ids)s)
            UNION
            SELECT u.page_id, f.id
            FROM etl.page_urls u
            JOIN etl.pages f ON f.url_key = u.variant_key
            WHERE u.page_id = ANY (%(ids)s)
        ) AS shown
        JOIN etl.captures c ON c.page_id = shown.asked_id
        WHERE c.status = 200 AND c.digested_at IS NOT NULL
        ORDER BY shown.page_id, c.fetched_at, c.id
        """,
        {"ids": list(page_ids)},
    ).fetchall()
    return [Held(row[0], capture_of(row[2:]), row[1]) for row in rows]


def versions(conn: Connection, article_ids: Sequence[int]) -> dict[int, list[StoredVersion]]:
    """Return article id → its versions, the oldest first."""
    with conn.cursor(row_factory=class_row(StoredVersion)) as cursor:
        rows = cursor.execute(
            """
            SELECT id AS version_id, article_id, valid_from, valid_to, capture_id, content_key, changed_fields, materiality,
                   extractor
            FROM etl.article_versions
            WHERE article_id = ANY (%(ids)s)
            ORDER BY article_id, valid_from
            """,
            {"ids": list(article_ids)},
        ).fetchall()
    lines: dict[int, list[StoredVersion]] = {}
    for row in rows:
        lines.setdefault(row.article_id, []).append(row)
    return lines


def delete_versions(conn: Connection, version_ids: Sequence[int]) -> None:
    """Delete versions; the caller closes the holes in the same transaction."""
    conn.execute("DELETE FROM etl.article_versions WHERE id = ANY (%(ids)s)", {"ids": list(version_ids)})


def place_version(conn: Connection, version_id: int, version: NewVersion) -> None:
    """Give a version its place in the line and what led to it; what it says stays."""
    conn.execute(
        """
        UPDATE etl.article_versions
        SET valid_from = %(valid_from)s, valid_to = %(valid_to)s, follows = %(follows)s, capture_id = %(capture_id)s,
            changed_fields = %(changed_fields)s, materiality = %(materiality)s, extractor = %(extractor)s
        WHERE id = %(id)s
        """,
        {
            "id": version_id,
            "valid_from": version.valid_from,
            "valid_to": version.valid_to,
            "follows": version.follows,
            "capture_id": version.capture_id,
            "changed_fields": list(version.changed_fields),
            "materiality": version.materiality,
            "extractor": version.extractor,
        },
    )


def rewrite_version(conn: Connection, version_id: int, version: NewVersion) -> None:
    """Write what a better reading of the same captures says into a version that stands."""
    conn.execute(
        """
        UPDATE etl.article_versions
        SET (article_id, valid_from, valid_to, follows, capture_id, content_key, title, authors, lead, text, block_kinds,
             section, tags, language, image_url, image_caption, canonical_url, access,
             published_at, published_zone, published_precision, published_text,
             modified_at, modified_zone, modified_precision, modified_text,
             evidence, changed_fields, materiality, extractor)
          = (%s, %s, %s, %s, %s, %s, %s, %s::text[], %s, %s, %s::text[],
             %s, %s::text[], %s, %s, %s, %s, %s,
             %s, %s, %s, %s,
             %s, %s, %s, %s,
             %s, %s::text[], %s, %s)
        WHERE id = %s
        """,
        (*version_row(version), version_id),
    )


@dataclass(frozen=True, slots=True)
class PageRow:
    """What a redigest leaves as it is: it is no visit."""

    page_id: int
    url: str
    next_visit_at: datetime | None
    visits: int


def page_rows(conn: Connection, page_ids: Sequence[int]) -> list[PageRow]:
    """Return when the pages are due and how often they were visited."""
    with conn.cursor(row_factory=class_row(PageRow)) as cursor:
        return cursor.execute(
            """
            SELECT id AS page_id, url, next_visit_at, visits FROM etl.pages WHERE id = ANY (%(ids)s) ORDER BY id
            """,
            {"ids": list(page_ids)},
        ).fetchall()


def restore_visits(conn: Connection, rows: Sequence[PageRow]) -> None:
    """Put back when pages are due and how often they were visited."""
    conn.execute(
        """
        UPDATE etl.pages p
        SET next_visit_at = r.next_visit_at, visits = r.visits
        FROM unnest(%(page_id)s::bigint[], %(next_visit_at)s::timestamptz[], %(visits)s::integer[])
             AS r (page_id, next_visit_at, visits)
        WHERE p.id = r.page_id AND (p.next_visit_at, p.visits) IS DISTINCT FROM (r.next_visit_at, r.visits)
        """,
        {
            "page_id": [row.page_id for row in rows],
            "next_visit_at": [row.next_visit_at for row in rows],
            "visits": [row.visits for row in rows],
        },
    )


@dataclass(frozen=True, slots=True)
class StandingLink:
    """One stored link. `row` is all that it says, in the order of the columns of `links.add`, without the rule."""

    id: int
    row: tuple[object, ...]
    kind: str
    url_key: UUID
    first_observed_at: datetime
    last_observed_at: datetime | None
    rank: int | None
    block: str | None
    title: str

    def stands_across(self, at: datetime) -> bool:
        """Say whether it was there before *at* and still then."""
        return self.first_observed_at < at and (self.last_observed_at is None or self.last_observed_at >= at)


def links_of(conn: Connection, page_ids: Sequence[int]) -> dict[int, list[StandingLink]]:
    """Return page id → all its links, those of the past too."""
    links: dict[int, list[StandingLink]] = {}
    for row in conn.execute(
        """
        SELECT id, page_id, kind, url_key, url, first_observed_at, last_observed_at, position, rank, block, title,
               kicker, date_text, published_at, published_precision
        FROM etl.links
        WHERE page_id = ANY (%(ids)s)
        ORDER BY id
        """,
        {"ids": list(page_ids)},
    ):
        link = StandingLink(row[0], tuple(row[1:]), row[2], row[3], row[5], row[6], row[8], row[9], row[10])
        links.setdefault(row[1], []).append(link)
    return links


def without_rule(link: NewLink) -> tuple[object, ...]:
    """Return a link as `links_of` would: which rule decided its kind is no part of what it says."""
    return link_row(link)[:-1]


def end_links(conn: Connection, ends: Sequence[tuple[int, datetime | None]]) -> None:
    """Say when links were last seen; None for those that stand on the page."""
    conn.execute(
        """
        UPDATE etl.links l
        SET last_observed_at = r.last_observed_at
        FROM unnest(%(id)s::bigint[], %(last)s::timestamptz[]) AS r (id, last_observed_at)
        WHERE l.id = r.id
        """,
        {"id": [link_id for link_id, _ in ends], "last": [moment for _, moment in ends]},
    )


def delete_links(conn: Connection, link_ids: Sequence[int]) -> None:
    """Delete links that no capture shows when it is read again."""
    conn.execute("DELETE FROM etl.links WHERE id = ANY (%(ids)s)", {"ids": list(link_ids)})


def stamps(conn: Connection, page_ids: Sequence[int]) -> dict[int, str]:
    """Return page id → a hash of its captures and versions: what was read without a lock is good while it is the same."""
    return dict(
        conn.execute(
            """
            SELECT p.id, md5(concat_ws(' ', p.captured_at, (
                SELECT count(*) || '/' || max(c.id)
                FROM etl.captures c
                WHERE c.digested_at IS NOT NULL AND c.page_id IN (
                    SELECT p.id
                    UNION
                    SELECT f.id FROM etl.page_urls u JOIN etl.pages f ON f.url_key = u.variant_key WHERE u.page_id = p.id)
            ), (
                SELECT string_agg(v.id || '/' || v.valid_from, ',' ORDER BY v.id)
                FROM etl.articles a
                JOIN etl.article_versions v ON v.article_id = a.id
                WHERE a.page_id = p.id
            )))
            FROM etl.pages p
            WHERE p.id = ANY (%(ids)s)
            """,
            {"ids": list(page_ids)},
        ).fetchall()
    )
