"""How a backfill asks a host: with the same robots.txt, pace and hold as live work, but always behind it.

It shares `hosts.free_at` with polls and visits, stops at a share of the host's daily budget, and steps aside as soon as
live work is due there. So a poll waits for the request that is under way and for the pause after it, and for no more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Protocol, TypeVar

from psycopg import Connection

from etl.errors import NewsEtlError, Transient, TryLater
from etl.fetch import politeness
from etl.fetch.politeness import Manners
from etl.fetch.remote import RemoteFiles
from etl.fetch.robots import Robots
from etl.store import askers, backfill_items, backfills, hosts
from etl.store.backfills import Backfill
from etl.store.hosts import Host

from .imports import Read
from .manners import manners_of, origin_of, pace_of, rest, rest_after_deaths, rest_after_ends, robots_of
from .visit import Tools

BUDGET_SHARE = 0.75
"""Of a host's requests of a day; the rest stays for polls and visits."""
ASIDE = timedelta(seconds=2)
"""How long a host is left to live work before the backfill looks again: one tick of the scheduler."""
SLICE_S = 1.0
T = TypeVar("T")


class Held(Protocol):
    """Holds a host in the whole cluster, or says that another has it (`etl.run.held`)."""

    def __call__(self, conn: Connection, url: str, *, waits: bool = False) -> AbstractContextManager[bool]: ...


@dataclass(frozen=True, slots=True)
class Kit:
    """What a backfill works with beside the database."""

    tools: Tools
    read: Read
    remote: RemoteFiles
    held: Held
    behind_live: Callable[[], bool]
    """Whether a service runs, whose work goes first."""
    goes_on: Callable[[], bool] = lambda: True
    """False when this process is told to stop."""
    is_of_service: bool = False
    """A worker of a service leaves files that are not on its machine to those who see them; for a command they are missing."""


class Turn:
    """One host, which the caller holds, asked for one backfill. `until` says when it may be tried again, once it is set."""

    def __init__(self, conn: Connection, kit: Kit, backfill: Backfill, host: str) -> None:
        self.conn, self.kit, self.backfill, self.host = conn, kit, backfill, host
        self.until: datetime | None = None
        self._was_seen = False
        self.failures = 0
        """Failed requests to the host in a row, as far as known."""
        self.paid_bytes = 0

    def ask(self, url: str, call: Callable[[Robots], T], *, is_bulk: bool = False) -> T | NewsEtlError | None:
        """Make one request by *call* when it is our turn; return its answer or its error, or None when it is not our turn now.

        *is_bulk*: a file that a person named; robots.txt speaks to crawlers, so it is not asked for. Raises TryLater when
        robots.txt cannot be read.
        """
        tools, manners = self.kit.tools, self._manners(url)
        askers.enter(self.conn, now=tools.now())
        # Nobody else can leave a mark while the caller holds the host; a session may end at any time.
        look = rest_after_ends if self._was_seen else rest_after_deaths
        look(self.conn, tools.fetcher, self.host, manners=manners, now=tools.now)
        self._was_seen = True
        state = self._wait(manners, Robots())
        if state is None:
            return None
        robots = Robots()
        if not is_bulk:
            robots = robots_of(
                self.conn, tools.fetcher, origin_of(url), manners=manners, now=tools.now, sleep=tools.sleep
            )
            try:
                robots.check(url)
            except NewsEtlError as error:
                return error
            state = self._wait(manners, robots)
            if state is None:
                return None
        began = tools.now()
        answer: T | NewsEtlError
        try:
            answer = call(robots)
        except NewsEtlError as error:
            answer = error
        error = answer if isinstance(answer, NewsEtlError) else None
        rest(self.conn, state, error, began=began, now=tools.now(), manners=manners, robots=robots)
        self.failures = state.failures + 1 if isinstance(error, Transient | TryLater) else 0
        return answer

    def pay(self, fetched_bytes: int) -> None:
        """Count what came over the wire against the backfill's limit."""
        self.paid_bytes += fetched_bytes
        if self.backfill.bytes_per_second is not None:
            backfills.pay(self.conn, self.backfill.id, fetched_bytes, now=self.kit.tools.now())

    def _wait(self, manners: Manners, robots: Robots) -> Host | None:
        tools = self.kit.tools
        while self.kit.goes_on():
            now = tools.now()
            if self.kit.behind_live() and backfill_items.live_is_due(self.conn, self.host, now=now):
                self.until = now + ASIDE
                return None
            state = hosts.get(self.conn, self.host)
            if (midnight := self._spent_until(state, manners, now)) is not None:
                self.until = midnight
                return None
            free_at = max(filter(None, (state.free_at, self._paid_at())), default=now)
            wait_s = (free_at - now).total_seconds()
            if wait_s <= 0:
                return state
            if wait_s > max(manners.spacing_max_s, robots.crawl_delay_s or 0.0):
                self.until = free_at
                return None
            tools.sleep(min(wait_s, SLICE_S))
        return None

    def _spent_until(self, state: Host, manners: Manners, now: datetime) -> datetime | None:
        budget = manners.requests_per_day
        if budget is None:
            return None
        ours = replace(manners, requests_per_day=max(1, int(budget * BUDGET_SHARE)))
        if not politeness.is_spent(pace_of(state), now=now, manners=ours):
            return None
        return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time.min, UTC)

    def _paid_at(self) -> datetime | None:
        return None if self.backfill.bytes_per_second is None else backfills.paid_at(self.conn, self.backfill.id)

    def _manners(self, url: str) -> Manners:
        recipe = self.kit.tools.shelf.recipe_for(url)
        return manners_of(self.kit.tools.manners, recipe.fetch if recipe else None)
