"""Pages and captures of a backfill: asked one by one, stored in batches, each part ended in the transaction that stores it.

A batch is what came within BATCH_S, so a process that is killed loses no more than that, and asks for it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from psycopg.errors import DeadlockDetected

from etl.dedupe.canonical import BadUrlError
from etl.discover import WarcRecord
from etl.discover.wayback import replay_url, replayed_at
from etl.errors import NewsEtlError, Refused, Transient, TryLater
from etl.fetch import politeness
from etl.fetch.exchange import Exchange
from etl.fetch.http import Fetched, Moved, NotModified
from etl.fetch.outcome import classify
from etl.fetch.receive import refuse_status
from etl.fetch.robots import Robots
from etl.model import Capture, Page, PageUrl
from etl.store import backfill_items, captures, erasures, pages
from etl.store.backfill_items import DueItem, ItemEnd, NewItem
from etl.store.captures import Attempt, CaptureEnd
from etl.store.hosts import host_of_url
from etl.store.pages import PageEnd

from .backfill_turn import Turn
from .imports import import_records
from .reading import Reading, spell
from .settle import DEADLOCK_TRIES, settle

PAGES_PER_BATCH = 50
BATCH_S = 2.0
TRIES_MAX = 4
FIRST_PAUSE_S = 10.0
"""After the first failure; with the pauses doubled, a page that stays broken is given up after a minute. `retry` tries again."""
HOST_DOWN_AFTER = 8
"""Failed requests in a row after which not this page but its host is taken to be down."""
HOST_DOWN_S = 600.0
REDIRECTS_MAX = 5
FAILED = frozenset({"crashed", "too_slow", "unstorable"})
"""Outcomes that a better reader may do better with: worth a retry."""


@dataclass(slots=True)
class _Taken:
    """What a batch has to store."""

    ends: list[ItemEnd] = field(default_factory=list[ItemEnd])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    page_ends: list[PageEnd] = field(default_factory=list[PageEnd])
    articles: list[tuple[DueItem, Capture, bytes]] = field(default_factory=list[tuple[DueItem, Capture, bytes]])
    refusals: list[tuple[Capture, CaptureEnd]] = field(default_factory=list[tuple[Capture, CaptureEnd]])
    moves: list[tuple[DueItem, Page, Moved]] = field(default_factory=list[tuple[DueItem, Page, Moved]])
    replays: list[tuple[DueItem, WarcRecord]] = field(default_factory=list[tuple[DueItem, WarcRecord]])


class PageBatch:
    """Some of the pages and captures that one host is asked for."""

    def __init__(self, turn: Turn, due: Sequence[DueItem], *, archive_base: str = "") -> None:
        self.turn, self.conn, self.tools = turn, turn.conn, turn.kit.tools
        self.due = due
        self.archive_base = archive_base
        self.taken = _Taken()
        self.host_error: NewsEtlError | None = None
        """Why all that is asked of this host has to wait."""

    def run(self) -> None:
        """Ask for as many as time allows and store what came; `turn.until` is set when the host is to be left alone."""
        began = self.tools.now()
        try:
            for item, page in self._ready():
                answer = self._capture(item) if page is None else self._page(item, page)
                if not answer or self.tools.now() - began > timedelta(seconds=BATCH_S) or self.turn.until is not None:
                    break
        except TryLater as error:  # Its robots.txt cannot be read: nothing of the host is fetched.
            self._leave_host(error)
        self._store()

    def _ready(self) -> list[tuple[DueItem, Page | None]]:
        """Make pages of the parts; what cannot be one, or is buried, ends here."""
        spelled: dict[str, PageUrl] = {}
        for item in self.due:
            try:
                spelled[item.item] = spell(_url(item))
            except BadUrlError as error:
                self._end(item, Refused(str(error), code="bad_url"))
        keys = [address.url_key for address in spelled.values()]
        wanted = [spelled[item.item] for item in self.due if item.kind == "page" and item.item in spelled]
        with self.conn.transaction():
            known = pages.ensure(self.conn, wanted, found_at=self.tools.now(), next_visit_at=None)
        buried = erasures.buried(self.conn, keys)
        stored = self._stored(spelled)
        rows = backfill_items.pages_of(self.conn, [page_id for page_id, _ in known.values()])
        ready: list[tuple[DueItem, Page | None]] = []
        for item in self.due:
            address = spelled.get(item.item)
            if address is None:
                continue
            if address.url_key in buried:
                self._end(item, Refused("erased or aged out: it does not come back", code="buried"))
            elif item.item in stored:
                self.taken.ends.append(ItemEnd(item.item, "done", "known", page_id=stored[item.item]))
            else:
                found = known.get(address.url_key) if item.kind == "page" else None
                ready.append((item, rows[found[0]] if found else None))
        return ready

    def _stored(self, spelled: dict[str, PageUrl]) -> dict[str, int]:
        """Return part → page of the captures that are stored already: they are not asked for."""
        wanted = {
            item.item: spelled[item.item].url_key for item in self.due if _is_capture(item) and item.item in spelled
        }
        page_of = pages.find(self.conn, wanted.values())
        own = pages.by_own_key(self.conn, list(wanted.values()))
        times = {(page_id, at) for page_id, at, _ in captures.known(self.conn, [*page_of.values(), *own.values()])}
        return {
            item: page_id
            for item, key in wanted.items()
            for page_id in (own.get(key, 0), page_of.get(key, 0))
            if (page_id, _asked_at(item)) in times
        }

    def _page(self, item: DueItem, page: Page) -> bool:
        """Visit one page; False when the host is not to be asked again now."""
        began = self.tools.now()
        previous = captures.latest(self.conn, page.id) if page.body_sha256 is not None else None

        def get(robots: Robots) -> Fetched | NotModified | Moved:
            return self.tools.fetcher.get(
                item.item,
                now=self.tools.now,
                etag=page.etag,
                last_modified=page.last_modified,
                previous=previous,
                may_follow=lambda target: host_of_url(target) == self.turn.host and robots.allows(target),
            )

        answer = self.turn.ask(item.item, get)
        if answer is None:
            return False
        if isinstance(answer, NewsEtlError):
            return self._failed(item, answer, began, page)
        if isinstance(answer, Fetched):
            self.turn.pay(answer.wire_bytes)
            self._fetched(item, page, answer)
        elif isinstance(answer, NotModified):
            self._unchanged(item, page, answer.fetched_at)
        else:
            self.taken.moves.append((item, page, answer))
        return True

    def _fetched(self, item: DueItem, page: Page, answer: Fetched) -> None:
        capture = replace(answer.capture, page_id=page.id)
        seen = classify(capture.status, capture.headers, answer.body, url=capture.url, final_url=capture.final_url)
        at = capture.fetched_at
        if seen.code == "moved" and seen.target is not None:
            moved = Moved(capture.final_url, seen.target, capture.status, (), at, answer.took_s)
            self.taken.moves.append((item, page, moved))
        elif seen.code != "ok":
            self.taken.refusals.append((capture, CaptureEnd(0, seen.code, seen.evidence)))
            self._end(item, Refused(seen.evidence or seen.code, code=seen.code), page)
        elif capture.body_sha256 == page.body_sha256:
            self._unchanged(item, page, at)
        else:
            self.taken.articles.append((item, capture, answer.body))

    def _unchanged(self, item: DueItem, page: Page, at: datetime) -> None:
        self.taken.page_ends.append(PageEnd(page.id, "unchanged", None, at, page.next_visit_at, captured_at=at))
        self.taken.ends.append(ItemEnd(item.item, "done", "unchanged", page_id=page.id))

    def _capture(self, item: DueItem) -> bool:
        """Fetch one capture of a web archive as it came; False when the archive is not to be asked again now."""
        began, url = self.tools.now(), replay_url(self.archive_base, item.item)

        def get(_: Robots) -> Exchange:
            fetcher = self.tools.fetcher
            exchange = fetcher.read(url, now=self.tools.now, max_bytes=fetcher.limits.page_max_bytes)
            refuse_status(exchange, jitter=self.tools.random.random())
            return exchange

        answer = self.turn.ask(url, get)
        if answer is None:
            return False
        if isinstance(answer, NewsEtlError):
            return self._failed(item, answer, began, None)
        self.turn.pay(len(answer.final.wire))
        self.taken.replays.append((item, _record(item, answer)))
        return True

    def _failed(self, item: DueItem, error: NewsEtlError, began: datetime, page: Page | None) -> bool:
        """Note a request that gave nothing; False when the host is to be left alone."""
        now = self.tools.now()
        self.taken.attempts.append(
            Attempt(
                page.url if page else replay_url(self.archive_base, item.item),
                self.turn.host,
                error.code,
                began,
                detail=str(error)[:500],
                took_s=(now - began).total_seconds(),
                page_id=page.id if page else None,
            )
        )
        if isinstance(error, Transient | TryLater) and self.turn.failures >= HOST_DOWN_AFTER:
            self._leave_host(error)
            return False
        self._end(item, error, page)
        return not isinstance(error, TryLater)

    def _end(self, item: DueItem, error: NewsEtlError, page: Page | None = None) -> None:
        """Write why a part gave nothing: refused for good, or to be tried again."""
        page_id = page.id if page else None
        if isinstance(error, TryLater):
            self.taken.ends.append(ItemEnd(item.item, "planned", error.code, str(error), page_id, error.at))
            self.turn.until = error.at
        elif isinstance(error, Transient) and item.tries + 1 < TRIES_MAX:
            wait_s = politeness.back_off_s(item.tries + 1, jitter=self.tools.random.random(), first_s=FIRST_PAUSE_S)
            at = self.tools.now() + timedelta(seconds=wait_s)
            self.taken.ends.append(ItemEnd(item.item, "planned", error.code, str(error), page_id, at, is_failure=True))
        else:
            state = "failed" if isinstance(error, Transient) else "done"
            self.taken.ends.append(ItemEnd(item.item, state, error.code, str(error), page_id, is_failure=True))
            if page is not None and not page.visits and page.next_visit_at is None:
                now = self.tools.now()
                self.taken.page_ends.append(PageEnd(page.id, error.code, str(error)[:500], now, None, failed=True))

    def _leave_host(self, error: NewsEtlError) -> None:
        pause = self.tools.now() + timedelta(seconds=HOST_DOWN_S)
        self.turn.until = max(error.at, pause) if isinstance(error, TryLater) else pause
        self.host_error = error

    def _store(self) -> None:
        readings = self.turn.kit.read([(capture, body) for _, capture, body in self.taken.articles])
        for last_try in (False,) * (DEADLOCK_TRIES - 1) + (True,):
            try:
                with self.conn.transaction():
                    self._write(readings)
                    break
            except DeadlockDetected:
                if last_try:
                    raise

    def _write(self, readings: Sequence[Reading]) -> None:
        """Write all that came of the batch; in one transaction with the ends of its parts."""
        taken, conn, now = self.taken, self.conn, self.tools.now()
        ends = list(taken.ends)
        plans = backfill_items.plans_of(conn, [capture.page_id or 0 for _, capture, _ in taken.articles])
        settled = settle(conn, readings, now=now, is_live=False)
        for (item, _, _), done in zip(taken.articles, settled, strict=True):
            ends.append(_item_end(item, done.outcome, done.detail, done.page_id))
        records = [record for _, record in taken.replays]
        imported = import_records(conn, records, archive=self.tools.fetcher.archive, read=self.turn.kit.read, now=now)
        for (item, _), end in zip(taken.replays, imported, strict=True):
            ends.append(_item_end(item, end.outcome, end.detail, end.page_id))
        if taken.refusals:
            captures.add(
                conn, [capture for capture, _ in taken.refusals], ends=[end for _, end in taken.refusals], now=now
            )
        if taken.attempts:
            captures.add_attempts(conn, taken.attempts)
        if taken.page_ends:
            pages.keep_ends(conn, taken.page_ends)
        ends += [self._moved(item, page, moved) for item, page, moved in taken.moves]
        backfill_items.keep_plans(conn, plans)
        if ends:
            backfill_items.keep_ends(conn, self.turn.backfill.id, ends, now=now)
        if self.host_error is not None and self.turn.until is not None:
            backfill_items.postpone_host(
                conn,
                self.turn.backfill.id,
                self.turn.host,
                until=self.turn.until,
                outcome=self.host_error.code,
                detail=str(self.host_error),
                tries_max=TRIES_MAX,
                now=now,
            )

    def _moved(self, item: DueItem, page: Page, moved: Moved) -> ItemEnd:
        """Make a part of where a page leads to; a permanent redirect folds the page into its target."""
        try:
            target = spell(moved.target, rule="redirect")
        except BadUrlError as error:
            return ItemEnd(item.item, "done", "bad_url", f"it leads to no address of a web page: {error}", page.id)
        if item.depth >= REDIRECTS_MAX:
            return ItemEnd(
                item.item, "done", "redirect_loop", f"after {item.depth} redirects to {moved.target}", page.id
            )
        conn, at = self.conn, moved.fetched_at
        found = pages.ensure(conn, [target], found_at=at, next_visit_at=None).get(target.url_key)
        if found is None:
            return ItemEnd(item.item, "done", "buried", f"to {moved.target}", page.id)
        if found[0] == page.id:  # The same page under another host name (`www.` or not).
            backfill_items.readdress(conn, page.id, target)
        elif moved.is_permanent:
            pages.fold_into(conn, page.id, found[0], rule="redirect", now=at)
        new = NewItem(target.url, "page", target.host, depth=item.depth + 1)
        backfill_items.add(conn, self.turn.backfill.id, [new])
        if target.url == item.item:
            return ItemEnd(item.item, "done", "redirect_loop", f"to {moved.target}", page.id)
        return ItemEnd(item.item, "done", "moved", f"to {moved.target}"[:500], page.id)


def capture_item(url: str, stamp: str) -> str:
    """Return the name of the part that fetches a capture."""
    return f"{stamp} {url}"


def _is_capture(item: DueItem) -> bool:
    return item.kind == "capture"


def _url(item: DueItem) -> str:
    return item.item.partition(" ")[2] if item.kind == "capture" else item.item


def _asked_at(item: str) -> datetime | None:
    return replayed_at(f"/{item.partition(' ')[0]}/")


def _item_end(item: DueItem, outcome: str, detail: str | None, page_id: int | None) -> ItemEnd:
    return ItemEnd(item.item, "failed" if outcome in FAILED else "done", outcome, detail, page_id)


def _record(item: DueItem, answer: Exchange) -> WarcRecord:
    """Return a replayed capture as a record: of the time that the archive took it, with the headers that it got then."""
    final = answer.final
    headers = {
        name.removeprefix("x-archive-orig-"): value
        for name, value in final.by_name.items()
        if name.startswith("x-archive-orig-")
    }
    headers.setdefault("content-type", final.by_name.get("content-type", ""))
    at = replayed_at(final.url) or _asked_at(item.item)
    assert at is not None
    return WarcRecord(0, 0, "response", _url(item), at, 200, headers, answer.body)
