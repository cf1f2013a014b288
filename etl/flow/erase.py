"""Erase a page or a domain for good: rows, tombstones, bytes.

Rows and tombstones go in one transaction, first: from then on nothing is stored again. The bytes follow: those that rows pointed
to, then every record of the archive under a name that is buried now. Interrupted in between, the same command ends it: it finds
no row, but the names that were buried with this one, and the archive is read all the same.

What a visit was fetching at that very moment may still reach the archive; its row is refused, and the same command erases it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from psycopg import Connection
from psycopg.errors import DeadlockDetected

from etl.dedupe.canonical import BadUrlError, url_key
from etl.errors import Misconfigured, Unreadable
from etl.fetch.archive import Archive
from etl.model import Place
from etl.store import articles, backfill_items, erasures, pages
from etl.store.erasures import Meant

from .reading import spell
from .settle import DEADLOCK_TRIES


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be erased."""

    kind: Literal["url", "domain"]
    host: str
    url_key: UUID | None = None

    def covers(self, url: str, buried: frozenset[UUID]) -> bool:
        """Say whether a record of the archive under *url* goes."""
        try:
            if self.kind == "domain":
                host = (urlsplit(url).hostname or "").rstrip(".")
                return host == self.host or host.endswith(f".{self.host}")
            return url_key(url) in buried
        except (BadUrlError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone."""

    counts: dict[str, int]
    """Rows by table, and tombstones set."""
    archive_records: int
    number: int | None = None
    """Of the entry in etl.erasures; None for a dry run."""


def target_of(what: str) -> Target:
    """Read what a person wrote: an address with a scheme or a path is a page, anything else a domain.

    Raises Misconfigured when it is neither; one label is no domain, for `org` would erase half the database.
    """
    text = what.strip()
    if "/" not in text:
        domain = text.lower().strip(".")
        if "." not in domain or not domain.replace(".", "").replace("-", "").isalnum():
            raise Misconfigured(f"{what!r} is neither the address of a page nor a domain such as example.org")
        return Target("domain", domain.encode("idna").decode() if not domain.isascii() else domain)
    try:
        spelled = spell(text if "://" in text else f"https://{text}")
    except BadUrlError as error:
        raise Misconfigured(f"{what}: {error}") from error
    return Target("url", spelled.host, spelled.url_key)


def erase(
    conn: Connection, target: Target, *, archive: Archive, by: str, now: Callable[[], datetime], dry_run: bool = False
) -> Erased:
    """Erase *target* and say what is gone; a dry run counts the same and changes nothing."""
    meant, places, counts, number = _erase_at_last(conn, target, by=by, at=now(), dry_run=dry_run)

    def is_meant(url: str) -> bool:
        return target.covers(url, meant.url_keys)

    if dry_run:
        return Erased(counts, _records(archive, places, is_meant))
    records = 0
    for place in places:
        with suppress(Unreadable):  # Retention took the file, or the record is damaged: no bytes to erase.
            archive.overwrite(place, at=now())
            records += 1
    records += archive.overwrite_all(is_meant, at=now())
    with conn.transaction():
        erasures.archive_done(conn, number, records=records, now=now())
    return Erased(counts, records, number)


def _erase_at_last(
    conn: Connection, target: Target, *, by: str, at: datetime, dry_run: bool
) -> tuple[Meant, list[Place], dict[str, int], int]:
    """Erase the rows. A digest holds its captures before their pages, we the pages before their captures: one begins again."""
    for last_try in (False,) * (DEADLOCK_TRIES - 1) + (True,):
        try:
            with conn.transaction(force_rollback=dry_run):
                meant = _meant(conn, target)
                places = erasures.places(conn, meant.page_ids)
                counts = _erase_rows(conn, meant, by=by, now=at)
                number = erasures.write_down(
                    conn, target.kind, target.host, target.url_key, by=by, counts=counts, now=at
                )
                return meant, places, counts, number
        except DeadlockDetected:
            if last_try:
                raise
    raise AssertionError("unreachable")


def _meant(conn: Connection, target: Target) -> Meant:
    meant = erasures.of_domain(conn, target.host) if target.url_key is None else erasures.of_url(conn, target.url_key)
    pages.lock(conn, meant.page_ids)
    return meant


def _erase_rows(conn: Connection, meant: Meant, *, by: str, now: datetime) -> dict[str, int]:
    counts = erasures.counts(conn, meant.page_ids)
    stories = erasures.stories_of(conn, meant.page_ids)
    counts["tombstones"] = erasures.bury(conn, meant.url_keys, by=by, now=now)
    counts["links_to_them"] = erasures.delete_links_to(conn, meant.url_keys)
    counts["attempts"] = erasures.delete_attempts(conn, meant.page_ids)
    counts["backfill_items"] = backfill_items.forget(conn, meant.page_ids)
    erasures.delete_pages(conn, meant.page_ids)
    counts["stories"] = articles.drop_empty_stories(conn, stories)
    return counts


def _records(archive: Archive, places: list[Place], is_meant: Callable[[str], bool]) -> int:
    """Count the records that would be overwritten; those that were before have no URL any more."""
    named = {seen.place for name in archive.files() for seen in archive.walk(name) if seen.url and is_meant(seen.url)}
    return len(named | set(places))
