"""The captures of pages read again from the archive: what they say now, beside what is stored. Writes nothing, locks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from psycopg import Connection

from etl.model import Capture
from etl.store import articles, redigests
from etl.store.articles import VersionHead
from etl.store.links import OpenLink
from etl.store.redigests import Held, PageRow, StandingLink, StoredVersion

from .imports import Read
from .reading import Reading, as_front
from .replay import Line, Shown

CAPTURES_AHEAD = 64
"""Bodies and readings in memory at once, however many captures a page has."""
UNREAD = frozenset({"container_missing", "record_damaged", "erased", "crashed", "too_slow"})
"""Outcomes of a capture whose bytes tell nothing now; what they told once stays."""


@dataclass(slots=True)
class Reread:
    """One page and what its captures say now."""

    row: PageRow
    head: VersionHead | None
    """None for a page that holds no article."""
    line: Line
    stored_links: Sequence[StandingLink]
    shown: Shown | None = None
    """None when its newest capture cannot be read."""
    unsettled: list[Reading] = field(default_factory=list[Reading])
    """Of a page that held no article: the captures that hold one now."""
    outcomes: dict[int, str] = field(default_factory=dict[int, str])
    """Capture id → its outcome as it is stored."""
    last: Reading | None = None

    def add(self, held: Held, reading: Reading) -> None:
        """Take the next capture."""
        capture = reading.capture
        assert capture.id is not None
        self.outcomes[capture.id] = held.outcome
        if reading.outcome in UNREAD:
            self.shown = None
        else:
            if self.shown is None:
                self.shown = self._shown_since(capture.fetched_at)
            self.shown.add(reading)
            self.line.add(reading)
            if self.head is None and reading.outcome == "article":
                self.unsettled.append(reading)
        self.last = reading

    def _shown_since(self, since: datetime) -> Shown:
        shown = Shown(self.row.page_id, since, self.last.capture.fetched_at if self.last else None)
        for link in self.stored_links:
            if link.stands_across(since):
                number = -link.id
                shown.standing[number] = OpenLink(
                    number,
                    self.row.page_id,
                    link.kind,
                    link.url_key,
                    link.first_observed_at,
                    link.rank,
                    link.block,
                    link.title,
                )
        return shown


def read_again(conn: Connection, page_ids: Sequence[int], read: Read, *, extractor: str) -> list[Reread]:
    """Read all captures of the pages, CAPTURES_AHEAD at a time."""
    heads = articles.heads(conn, page_ids)
    lines = redigests.versions(conn, [head.article_id for head in heads.values()])
    said = articles.said(conn, [version.version_id for line in lines.values() for version in line])
    standing = redigests.links_of(conn, page_ids)
    opened: dict[int, Reread] = {}
    for row in redigests.page_rows(conn, page_ids):
        head = heads.get(row.page_id)
        stored: list[StoredVersion] = lines[head.article_id] if head else []
        own = {version.version_id: said[version.version_id] for version in stored}
        opened[row.page_id] = Reread(row, head, Line(stored, own, extractor), standing.get(row.page_id, []))
    waiting = iter(redigests.held(conn, page_ids))
    while some := list(islice(waiting, CAPTURES_AHEAD)):
        for held, reading in _readings(some, opened, read):
            opened[held.page_id].add(held, reading)
    return list(opened.values())


def _readings(some: Sequence[Held], opened: dict[int, Reread], read: Read) -> Iterator[tuple[Held, Reading]]:
    """Read captures; one with the very body of the capture before it says the same at another time."""
    seen = {page_id: _body(page.last.capture) for page_id, page in opened.items() if page.last}
    repeats: list[bool] = []
    for held in some:
        repeats.append(seen.get(held.page_id) == _body(held.capture))
        seen[held.page_id] = _body(held.capture)
    fresh = iter(read([(held.capture, None) for held, is_repeat in zip(some, repeats, strict=True) if not is_repeat]))
    for held, is_repeat in zip(some, repeats, strict=True):
        if is_repeat:
            last = opened[held.page_id].last
            assert last is not None
            yield held, replace(last, capture=held.capture)
        else:
            reading = next(fresh)
            yield held, as_front(reading) if held.outcome == "front" else reading


def _body(capture: Capture) -> tuple[str, bytes]:
    return capture.url, capture.body_sha256
