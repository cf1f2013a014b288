"""Links as intervals: what stands on a page, under which heading and at which rank, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from etl.model import Link

from .text import NULL, SPECIAL, in_copy, storable

LINKS_AT_ONCE = 100
"""Lines that are made at once: when one of them holds a character that COPY wants quoted, all are looked at one by one."""
NOT_PUBLISHED = f"{NULL}\t{NULL}"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that stood on the page at its newest capture."""

    id: int
    page_id: int
    kind: str
    url_key: UUID
    first_observed_at: datetime
    rank: int | None
    block: str | None
    title: str


class NewLink(NamedTuple):
    """A link to be added; one of each link of each page, so made as fast as a tuple."""

    page_id: int
    url_key: UUID
    link: Link
    first_observed_at: datetime
    last_observed_at: datetime | None = None


def still_open(conn: Connection, page_ids: Iterable[int]) -> list[OpenLink]:
    """Return the links that stand on these pages."""
    with conn.cursor(row_factory=class_row(OpenLink)) as cursor:
        return cursor.execute(
            """
            SELECT id, page_id, kind, url_key, first_observed_at, rank, block, title
            FROM etl.links
            WHERE page_id = ANY (%(ids)s) AND last_observed_at IS NULL
            """,
            {"ids": list(page_ids)},
        ).fetchall()


def close(conn: Connection, ends: Sequence[tuple[int, datetime]]) -> None:
    """End links, given as (link id, time of the last capture that showed them)."""
    conn.execute(
        """
        UPDATE etl.links l
        SET last_observed_at = r.last_observed_at
        FROM unnest(%(id)s::bigint[], %(last)s::timestamptz[]) AS r (id, last_observed_at)
        WHERE l.id = r.id
        """,
        {"id": [link_id for link_id, _ in ends], "last": [moment for _, moment in ends]},
    )


def add(conn: Connection, links: Sequence[NewLink], *, hosts: Mapping[int, str] | None = None) -> None:
    """Add links; those without an end stand on the page now.

    *hosts*: those of their pages, as far as the caller knows them; the database looks up what is missing.
    """
    known = hosts or {}
    with conn.cursor().copy(
        """
        COPY etl.links (page_id, kind, url_key, url, first_observed_at, last_observed_at, position, rank, block, title,
                        kicker, date_text, published_at, published_precision, rule, host)
        FROM STDIN
        """
    ) as copy:
        for start in range(0, len(links), LINKS_AT_ONCE):
            copy.write(_lines(links[start : start + LINKS_AT_ONCE], known))


def _lines(links: Sequence[NewLink], hosts: Mapping[int, str]) -> str:
    """Return the lines of COPY for these links: made here they cost a third of what psycopg takes for a row of any kind."""
    texts = "".join([text for new in links for text in _free(new.link)])
    written = str if not any(map(texts.__contains__, SPECIAL)) else in_copy
    lines: list[str] = []
    moment, began = None, ""
    for new in links:
        link, date = new.link, new.link.date
        if new.first_observed_at is not moment:
            moment, began = new.first_observed_at, str(new.first_observed_at)
        ended = NULL if new.last_observed_at is None else str(new.last_observed_at)
        rank = NULL if link.rank is None else link.rank
        block = NULL if link.block is None else written(link.block)
        kicker = NULL if link.kicker is None else written(link.kicker)
        dated = NULL if date is None else written(date.text)
        published = f"{date.at}\t{date.precision}" if date is not None and date.at is not None else NOT_PUBLISHED
        lines.append(
            f"{new.page_id}\t{link.kind}\t{new.url_key.int:032x}\t{written(link.url)}\t{began}\t{ended}\t{link.position}\t"
            f"{rank}\t{block}\t{written(link.title)}\t{kicker}\t{dated}\t{published}\t{written(link.rule) or 'unknown'}\t"
            f"{_host(new, hosts)}\n"
        )
    return storable("".join(lines))


def _free(link: Link) -> tuple[str, str, str, str, str, str]:
    """Return all of a link that may hold any character."""
    return link.url, link.title, link.block or "", link.kicker or "", link.date.text if link.date else "", link.rule


def _host(new: NewLink, hosts: Mapping[int, str]) -> str:
    """Return what rankings are found by; other links have none."""
    host = hosts.get(new.page_id) if new.link.kind == "most_read" and new.link.rank is not None else None
    return NULL if host is None else in_copy(host)


def link_row(new: NewLink) -> tuple[object, ...]:
    """Return a link in the order of the columns of `add`."""
    link, date = new.link, new.link.date
    is_read = date is not None and date.at is not None
    return (
        new.page_id,
        link.kind,
        new.url_key,
        storable(link.url),
        new.first_observed_at,
        new.last_observed_at,
        link.position,
        link.rank,
        storable(link.block) if link.block is not None else None,
        storable(link.title),
        storable(link.kicker) if link.kicker is not None else None,
        storable(date.text) if date else None,
        date.at if date else None,
        date.precision if date and is_read else None,
        link.rule or "unknown",
    )
