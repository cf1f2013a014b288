"""Readings → rows: the verdict on each, and everything that follows from it, in one transaction.

Many pages share a transaction because a commit costs as much as a page; what belongs to one page is always in one
transaction, and when a batch cannot be stored it is halved until only the page that cannot be stored is left out, by name.

The order of locks is the same for every writer, so two batches never wait for each other in a circle: pages by `url_key`,
pages by id, signature keys ascending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg
from psycopg import Connection

from etl.dedupe.verdict import compare_versions, version_of
from etl.model import Changed, CopyOf, New, Same
from etl.store import articles, captures, links, pages
from etl.store.articles import NewVersion, VersionHead
from etl.store.captures import CaptureEnd
from etl.store.pages import PageEnd, PageState

from . import copies, history
from .batch import PAGES_PER_TRANSACTION
from .link_changes import link_changes
from .reading import Reading
from .revisit import RECHECK_REFUSED, next_visit
from .settle_rows import (
    EXTRACTOR,
    Item,
    is_older,
    new_article,
    new_version,
    next_version,
    outcome_of,
    rewritten_by,
    rounds,
)

DEADLOCK_TRIES = 3
# A page or a story that was erased while we looked at it: the next look sees its tombstone, or opens a story.
RACES = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.ForeignKeyViolation)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one reading: stored, changed, unchanged, known, copy, not_an_article, buried, unstorable, or an error code."""

    url: str
    outcome: str
    detail: str | None = None
    article_id: int | None = None
    page_id: int | None = None


def settle(conn: Connection, readings: Sequence[Reading], *, now: datetime, is_live: bool = True) -> list[Settled]:
    """Store the readings and say what became of each, in their order. The caller's transaction, if any, stays open.

    *is_live*: the pages are visited again by their age; captures of old archives plan no visit.
    """
    settled: list[Settled] = []
    for start in range(0, len(readings), PAGES_PER_TRANSACTION):
        settled += _settle_some(conn, readings[start : start + PAGES_PER_TRANSACTION], now, is_live)
    return settled


def _settle_some(conn: Connection, readings: Sequence[Reading], now: datetime, is_live: bool) -> list[Settled]:
    for last_try in (False,) * (DEADLOCK_TRIES - 1) + (True,):
        try:
            with conn.transaction():
                return _Settling(conn, now, is_live).run(readings)
        except RACES:
            if last_try:
                raise
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, ValueError) as error:
            if len(readings) == 1:
                return [_refuse(conn, readings[0], error, now)]
            half = len(readings) // 2
            return _settle_some(conn, readings[:half], now, is_live) + _settle_some(conn, readings[half:], now, is_live)
    raise AssertionError("unreachable")


def _refuse(conn: Connection, reading: Reading, error: Exception, now: datetime) -> Settled:
    detail = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
    with conn.transaction():
        if reading.capture.id is not None:
            captures.keep_ends(conn, [CaptureEnd(reading.capture.id, "unstorable", detail)], now=now)
        if reading.capture.page_id is not None:
            pages.keep_ends(
                conn, [PageEnd(reading.capture.page_id, "unstorable", detail, now, now + RECHECK_REFUSED, failed=True)]
            )
    return Settled(reading.asked.url, "unstorable", detail)


class _Settling:
    """The steps of one batch; everything here happens inside one transaction."""

    def __init__(self, conn: Connection, now: datetime, is_live: bool) -> None:
        self.conn = conn
        self.now = now
        self.is_live = is_live

    def run(self, readings: Sequence[Reading]) -> list[Settled]:
        items = [Item(number, reading) for number, reading in enumerate(readings)]
        for some in rounds(items):
            self._round(some)
        return [
            Settled(item.reading.asked.url, item.outcome, item.detail, item.article_id, item.page_id or None)
            for item in items
        ]

    def _round(self, items: list[Item]) -> None:
        """Store readings of different pages."""
        live = self._place(items)
        wanted = {i.page_id for i in live} | {i.asked_id for i in live}
        states = pages.lock(self.conn, wanted)
        if len(states) < len(wanted):
            raise psycopg.errors.SerializationFailure("a page was erased after it was found")
        live = self._without_known(live)
        heads = articles.heads(self.conn, [item.page_id for item in live])
        for item in live:
            item.head = heads.get(item.page_id)
        keys = self._judge(live, states)
        self._keep_captures(live)
        self._write(live, states)
        copies.keep_keys(self.conn, keys)
        self._write_links(live, states)
        self._end_pages(live, states)

    def _place(self, items: list[Item]) -> list[Item]:
        """Find or make the pages; what is buried or cannot be a page ends here."""
        wanted = [url for item in items for url in (item.reading.asked, item.reading.answered)]
        found_at = min(item.at for item in items)
        known = pages.ensure(self.conn, wanted, found_at=found_at, next_visit_at=None)
        live: list[Item] = []
        for item in items:
            asked, answered = known.get(item.reading.asked.url_key), known.get(item.reading.answered.url_key)
            if asked is None or answered is None:
                item.outcome, item.detail = "buried", "erased or aged out: it does not come back"
                if item.reading.capture.id is not None:
                    captures.keep_ends(
                        self.conn, [CaptureEnd(item.reading.capture.id, item.outcome, item.detail)], now=self.now
                    )
                continue
            item.asked_id, item.page_id = item.reading.capture.page_id or asked[0], answered[0]
            live.append(item)
        for item in sorted(live, key=lambda i: (i.asked_id, i.page_id)):
            to, rule = item.page_id, item.reading.answered.rule
            if to != item.asked_id and not pages.fold_into(self.conn, item.asked_id, to, rule=rule, now=self.now):
                item.page_id = item.asked_id  # A person has split it off.
        return live

    def _without_known(self, items: list[Item]) -> list[Item]:
        """Leave out captures that are stored already: an archive that is read a second time adds nothing."""
        imported = [item for item in items if item.reading.capture.id is None and item.reading.external_id is None]
        known = captures.known(self.conn, [item.asked_id for item in imported])
        fresh: list[Item] = []
        for item in items:
            capture = item.reading.capture
            if (
                item.reading.external_id is None
                and capture.id is None
                and (item.asked_id, capture.fetched_at, capture.body_sha256) in known
            ):
                item.outcome, item.detail = "known", "this capture is stored already"
            else:
                fresh.append(item)
        return fresh

    def _judge(self, items: list[Item], states: dict[int, PageState]) -> list[tuple[int, int]]:
        """Give each item its verdict and outcome; return the signature keys to store for new and rewritten articles."""
        keys: list[tuple[int, int]] = []
        changed: list[Item] = []
        new: list[Item] = []
        for item in items:
            reading = item.reading
            item.outcome, item.detail = reading.outcome, reading.detail
            if reading.outcome != "article":
                continue
            if item.head is None:
                new.append(item)
            elif item.head.content_key == reading.content_key:
                item.verdict = Same("same content key")
            else:
                changed.append(item)
        if changed:
            self._compare(changed)
        rewritten = [one for item in changed if (one := rewritten_by(item, states[item.page_id]))]
        if new or rewritten:
            judgement = copies.judge(self.conn, [item.reading for item in new], rewritten)
            keys = judgement.keys
            for item, trial in zip(new, judgement.new, strict=True):
                item.article_id, item.story_id, item.verdict = trial.article_id, trial.story_id, trial.verdict
        for item in items:
            if item.verdict is not None:
                item.article_id = item.article_id or (item.head.article_id if item.head else None)
                item.outcome, item.detail = outcome_of(item.verdict)
        return keys

    def _compare(self, items: list[Item]) -> None:
        said = articles.said(self.conn, [item.head.version_id for item in items if item.head])
        for item in items:
            assert item.head is not None
            assert item.reading.article is not None
            item.verdict = compare_versions(version_of(said[item.head.version_id]), item.reading.article)

    def _keep_captures(self, items: list[Item]) -> None:
        kept = [item for item in items if item.reading.external_id is None]  # What is loaded has no bytes of a page.
        fresh = [item for item in kept if item.reading.capture.id is None]
        if fresh:
            ids = captures.add(
                self.conn,
                [replace(item.reading.capture, page_id=item.asked_id) for item in fresh],
                ends=[CaptureEnd(0, item.outcome, item.detail) for item in fresh],
                now=self.now,
            )
            for item, capture_id in zip(fresh, ids, strict=True):
                item.reading = replace(item.reading, capture=replace(item.reading.capture, id=capture_id))
        if old := [item for item in kept if item not in fresh]:
            ends = [CaptureEnd(item.reading.capture.id or 0, item.outcome, item.detail) for item in old]
            captures.keep_ends(self.conn, ends, now=self.now)

    def _write(self, items: list[Item], states: dict[int, PageState]) -> None:
        new = [item for item in items if isinstance(item.verdict, New | CopyOf)]
        if new:
            articles.add(self.conn, [new_article(item) for item in new])
            articles.add_versions(self.conn, [new_version(item) for item in new])
        if loaded := [(i.reading.external_id, i.article_id) for i in items if i.reading.external_id and i.article_id]:
            articles.keep_external_ids(self.conn, loaded, now=self.now)
        later: list[Item] = []
        for item in items:
            if not isinstance(item.verdict, Same | Changed) or item.head is None:
                continue
            if is_older(item, states[item.page_id]):
                self._insert_earlier(item, item.head)
            elif isinstance(item.verdict, Changed):
                later.append(item)
        if later:
            articles.close_versions(
                self.conn, [(item.head.version_id, history.after(item.head, item.at)) for item in later if item.head]
            )
            articles.add_versions(self.conn, [next_version(item) for item in later])
            articles.keep_span(self.conn, [item.head.article_id for item in later if item.head])

    def _insert_earlier(self, item: Item, head: VersionHead) -> None:
        """Put what an older capture says into its place in the history."""
        reading = item.reading
        assert reading.article is not None
        version = NewVersion(
            head.article_id, item.at, reading.article, reading.content_key, reading.capture.id, EXTRACTOR
        )
        item.outcome = history.insert(self.conn, item.asked_id, version)

    def _write_links(self, items: list[Item], states: dict[int, PageState]) -> None:
        shown = [item for item in items if item.reading.article is not None]
        standing: dict[int, list[links.OpenLink]] = {}
        for link in links.still_open(self.conn, [item.page_id for item in shown]):
            standing.setdefault(link.page_id, []).append(link)
        ended: list[tuple[int, datetime]] = []
        begun: list[links.NewLink] = []
        for item in shown:
            assert item.reading.article is not None
            state = states[item.page_id]
            changes = link_changes(
                item.page_id,
                list(zip(item.reading.link_keys, item.reading.article.links, strict=True)),
                standing.get(item.page_id, []),
                at=item.at,
                last_captured_at=state.captured_at,
            )
            ended += changes.ended
            begun += changes.begun
        if ended:
            links.close(self.conn, ended)
        if begun:
            links.add(self.conn, begun, hosts={page_id: state.host for page_id, state in states.items()})

    def _end_pages(self, items: list[Item], states: dict[int, PageState]) -> None:
        ends: list[PageEnd] = []
        for item in items:
            if is_older(item, states[item.page_id]):
                continue  # An older capture says nothing about how the page stands.
            capture = item.reading.capture
            ends.append(
                PageEnd(
                    item.page_id,
                    item.outcome,
                    item.detail,
                    item.at,
                    self._next_visit(item),
                    captured_at=item.at,
                    etag=capture.headers.get("etag"),
                    last_modified=capture.headers.get("last-modified"),
                    body_sha256=capture.body_sha256,
                )
            )
        if ends:
            pages.keep_ends(self.conn, ends)

    def _next_visit(self, item: Item) -> datetime | None:
        if not self.is_live or item.verdict is None:
            return None
        article = item.reading.article
        published = article.published.at if article and article.published else None
        first = item.head.valid_from if item.head else item.at
        return next_visit(item.at, published_at=published, first_seen_at=first, revisits=item.reading.revisits)
