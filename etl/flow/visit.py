"""Visit one host: fetch what is due there, politely. The unit is the host, so that politeness is a local wait.

The pace of the host and the end of each page are written before each pause that the host wants; where it wants none, many pages
share a transaction (`etl.flow.visit_ledger`). Each page ends in one: the capture (or the attempt that gave none) and the
state of the page; the bytes are on the disk before. A visit that is killed loses nothing: pages without an end are still due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError, believable_canonical
from etl.errors import NewsEtlError, Refused, TryLater
from etl.fetch import politeness
from etl.fetch.http import Fetched, Fetcher, Moved, NotModified
from etl.fetch.outcome import by_address, classify
from etl.fetch.politeness import Manners
from etl.fetch.robots import Robots
from etl.model import Page
from etl.recipe.shelf import Shelf
from etl.store import captures, hosts, pages
from etl.store.captures import Attempt, CaptureEnd
from etl.store.hosts import Host
from etl.store.pages import PageEnd

from .manners import attended, host_of_url, host_with, manners_of, origin_of, pace_of, rested, robots_of
from .reading import spell
from .revisit import FAILURES_MAX, RECHECK_REFUSED, USUAL, next_visit
from .visit_ledger import Entry, Ledger

VISIT_MAX_S = 60.0
PAGES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Tools:
    """What a visit needs beside the database."""

    fetcher: Fetcher
    shelf: Shelf
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    random: Random
    manners: Manners = field(default_factory=Manners)
    public_url: str | None = None
    """Where hubs reach our web server; None: nowhere, so nothing is subscribed."""


@dataclass(slots=True)
class Visited:
    """What a visit did."""

    host: str
    counts: Counter[str] = field(default_factory=Counter[str])
    page_ids: list[int] = field(default_factory=list[int])
    """What was visited, whatever came of it."""
    free_at: datetime | None = None
    """When the host may be asked again."""


class HostVisit:
    """One host, for at most VISIT_MAX_S: the caller makes sure that nobody else visits it at the same time."""

    def __init__(self, conn: Connection, tools: Tools, host: str) -> None:
        self.conn = conn
        self.tools = tools
        self.host = host
        self.visited = Visited(host)
        self._ledger = Ledger(conn, tools.fetcher.archive, host)
        self._ends_at = tools.now()
        self._state: Host | None = None
        self._asked_at: datetime | None = None
        """Begin of a request that is not written down yet."""

    def run(self) -> Visited:
        """Fetch the pages that are due until none is left, time is up, or the host asks for patience."""
        tools = self.tools
        self._ends_at = tools.now() + timedelta(seconds=VISIT_MAX_S)
        manners = self._manners(f"https://{self.host}/")
        with attended(self.conn, tools.fetcher, self.host, manners=manners, now=tools.now):
            while tools.now() < self._ends_at:
                due = pages.due(self.conn, self.host, now=tools.now(), limit=PAGES_AT_ONCE)
                goes_on = bool(due) and self._pages(due)
                self._ledger.write()
                if not goes_on:
                    break
        return self.visited

    def _pages(self, due: list[Page]) -> bool:
        """Visit the pages in turn; False ends the visit."""
        tools, manners = self.tools, self._manners(due[0].url)
        if self._turn(manners, None) is None:
            return False
        try:
            origin = origin_of(due[0].url)
            robots = robots_of(self.conn, tools.fetcher, origin, manners=manners, now=tools.now, sleep=tools.sleep)
        except NewsEtlError as error:
            self._postpone(error)
            return False
        finally:
            self._ledger.forget_host()
        for page in due:
            self._state = self._turn(manners, robots)
            if self._state is None or not self._page(page, manners=manners, robots=robots):
                return False
            if tools.now() >= self._ends_at:
                return False
        return True

    def _turn(self, manners: Manners, robots: Robots | None) -> Host | None:
        """Wait until the host may be asked and return how it stands; None when that is after the end of this visit."""
        tools = self.tools
        state = self._ledger.host()
        pace = pace_of(state)
        if politeness.is_spent(pace, now=tools.now(), manners=manners):
            delay_s = robots.crawl_delay_s if robots else None
            free_at = politeness.free_at(pace, now=tools.now(), manners=manners, crawl_delay_s=delay_s)
            self._ledger.rest(host_with(state, pace, free_at))
            self.visited.free_at = free_at
            return None
        wait_s = (state.free_at - tools.now()).total_seconds() if state.free_at else 0.0
        if wait_s > 0:
            if tools.now() + timedelta(seconds=wait_s) > self._ends_at:
                return None
            self._ledger.write_before_pause(wait_s)
            tools.sleep(wait_s)
        return state

    def _page(self, page: Page, *, manners: Manners, robots: Robots) -> bool:
        """Visit one page; False when the host asked for patience."""
        began = self.tools.now()
        self.visited.page_ids.append(page.id)
        try:
            robots.check(page.url)
        except Refused as error:
            self._end(page, error, began)
            return True
        self._asked_at = began
        answer: Fetched | NotModified | Moved | NewsEtlError
        try:
            answer = self._get(page, manners, robots)
        except NewsEtlError as error:
            answer = error
        self._rest(answer if isinstance(answer, NewsEtlError) else None, manners, robots)
        if isinstance(answer, NewsEtlError):
            self._end(page, answer, began)
        else:
            self._keep(page, answer, began)
        return not isinstance(answer, TryLater)

    def _rest(self, error: NewsEtlError | None, manners: Manners, robots: Robots) -> None:
        """Keep what the request that has just ended means for the host, once."""
        if self._state is None or self._asked_at is None:
            return
        now = self.tools.now()
        host = rested(self._state, error, began=self._asked_at, now=now, manners=manners, robots=robots)
        self._ledger.rest(host, is_blamed=host.failures > 0)
        self.visited.free_at = host.free_at
        self._asked_at = None

    def _goes_on(self, target: str, manners: Manners, robots: Robots) -> bool:
        """Rest the host after a redirect; False when the target is another host's, forbidden, or too late for this visit.

        What is too late becomes a page of its own, so that it is due when the host may be asked again.
        """
        if host_of_url(target) != self.host or not robots.allows(target):
            return False
        self._rest(None, manners, robots)
        self._state = self._turn(manners, robots)
        if self._state is None:
            return False
        self._asked_at = self.tools.now()
        return True

    def _get(self, page: Page, manners: Manners, robots: Robots) -> Fetched | NotModified | Moved:
        # A page without a hash was never captured, so there is no row to look for.
        previous = captures.latest(self.conn, page.id) if page.body_sha256 is not None else None
        return self.tools.fetcher.get(
            page.url,
            now=self.tools.now,
            etag=page.etag,
            last_modified=page.last_modified,
            previous=previous,
            may_follow=lambda target: self._goes_on(target, manners, robots),
            syncs=False,
        )

    def _keep(self, page: Page, answer: Fetched | NotModified | Moved, began: datetime) -> None:
        if isinstance(answer, NotModified):
            self._unchanged(page, answer.fetched_at)
        elif isinstance(answer, Moved):
            self._moved(page, answer, began)
        elif answer.capture.body_sha256 == page.body_sha256:
            self._unchanged(page, answer.capture.fetched_at)
        else:
            self._captured(page, answer, began)

    def _unchanged(self, page: Page, at: datetime) -> None:
        self.visited.counts["unchanged"] += 1
        end = PageEnd(page.id, "unchanged", None, at, self._again(page, at), captured_at=at)
        self._ledger.add(Entry(end), now=at)

    def _again(self, page: Page, at: datetime) -> datetime | None:
        born = pages.born_at(self.conn, page.id)
        recipe = self.tools.shelf.recipe_for(page.url)
        revisits = recipe.fetch.revisits if recipe else USUAL
        return next_visit(at, published_at=None, first_seen_at=born, revisits=revisits)

    def _moved(self, page: Page, moved: Moved, began: datetime) -> None:
        """Hand a redirect to the host it leads to; a permanent one folds this page into its target, if that can be believed.

        A wall is no page, and a front page is not where an article went: neither is visited in its place.
        """
        at = moved.fetched_at
        if seen := by_address(page.url, moved.target):
            self.visited.counts[seen.code] += 1
            end = PageEnd(page.id, seen.code, seen.evidence, at, at + RECHECK_REFUSED, failed=True)
            self._ledger.add(Entry(end), now=at)
            return
        try:
            target = spell(moved.target, rule="redirect")
        except BadUrlError as error:
            self._end(page, Refused(f"it leads to no address of a web page: {error}", code="bad_url"), began)
            return
        self.visited.counts["moved"] += 1
        with self.conn.transaction():
            found = pages.ensure(self.conn, [target], found_at=at, next_visit_at=at).get(target.url_key)
            if found is not None and found[0] == page.id and page.failures < FAILURES_MAX:
                # The same page under another host name (`www.` or not): it is asked for there from now on. Two names that
                # lead to each other end as failures do.
                pages.readdress(self.conn, page.id, target, now=at)
                return
            believed = believable_canonical(page.url, moved.target, is_redirect=True) is not None
            may_join = found is not None and moved.is_permanent and found[0] != page.id and believed
            if not (found and may_join and pages.fold_into(self.conn, page.id, found[0], rule="redirect", now=at)):
                pages.keep_ends(
                    self.conn, [PageEnd(page.id, "moved", f"to {moved.target}"[:500], at, at + RECHECK_REFUSED)]
                )

    def _captured(self, page: Page, answer: Fetched, began: datetime) -> None:
        capture = replace(answer.capture, page_id=page.id)
        seen = classify(capture.status, capture.headers, answer.body, url=capture.url, final_url=capture.final_url)
        at = capture.fetched_at
        if seen.code == "moved" and seen.target is not None:
            self._moved(page, Moved(capture.final_url, seen.target, capture.status, (), at, answer.took_s), began)
            return
        self.visited.counts["fetched" if seen.code == "ok" else seen.code] += 1
        if seen.code == "ok":
            end = PageEnd(page.id, "fetched", None, at, None, body_sha256=capture.body_sha256)
            end = replace(end, etag=capture.headers.get("etag"), last_modified=capture.headers.get("last-modified"))
            self._ledger.add(Entry(end, capture), now=at)
        else:
            end = PageEnd(page.id, seen.code, seen.evidence, at, at + RECHECK_REFUSED, failed=True)
            self._ledger.add(Entry(end, capture, CaptureEnd(0, seen.code, seen.evidence)), now=at)

    def _end(self, page: Page, error: NewsEtlError, began: datetime) -> None:
        """Write a visit that gave no capture."""
        tools, at = self.tools, self.tools.now()
        self.visited.counts[error.code] += 1
        with self.conn.transaction():
            captures.add_attempts(
                self.conn,
                [
                    Attempt(
                        page.url,
                        self.host,
                        error.code,
                        began,
                        detail=str(error)[:500],
                        took_s=(at - began).total_seconds(),
                        page_id=page.id,
                    )
                ],
            )
            if isinstance(error, TryLater):
                pages.postpone(self.conn, page.id, error.at, outcome=error.code, now=at)
                return
            if isinstance(error, Refused) or page.failures >= FAILURES_MAX:
                again = at + RECHECK_REFUSED
            else:
                again = at + timedelta(seconds=politeness.back_off_s(page.failures + 1, jitter=tools.random.random()))
            pages.keep_ends(self.conn, [PageEnd(page.id, error.code, str(error)[:500], at, again, failed=True)])

    def _postpone(self, error: NewsEtlError) -> None:
        """The rules of the host cannot be read: nothing of it is fetched before the error says."""
        self.visited.counts[error.code] += 1
        if isinstance(error, TryLater):
            self.visited.free_at = error.at
            return
        # The address itself is refused: only an operator or the publisher's DNS can change that.
        now, state = self.tools.now(), hosts.get(self.conn, self.host)
        pace = politeness.failed(pace_of(state), at=now)
        wait_s = politeness.back_off_s(pace.failures, jitter=self.tools.random.random())
        self.visited.free_at = now + timedelta(seconds=wait_s)
        hosts.keep_pace(self.conn, host_with(state, pace, self.visited.free_at))

    def _manners(self, url: str) -> Manners:
        recipe = self.tools.shelf.recipe_for(url)
        return manners_of(self.tools.manners, recipe.fetch if recipe else None)
