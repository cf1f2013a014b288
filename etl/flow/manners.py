"""How we stand towards one host: its robots.txt, its pace, and what its recipe asks for.

Every request moves the host's `free_at`, robots.txt and redirects included: a publisher counts them all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from urllib.parse import urlsplit

from psycopg import Connection

from etl.errors import NewsEtlError, Transient, TryLater
from etl.fetch import politeness
from etl.fetch.http import Fetcher
from etl.fetch.politeness import Manners, Pace
from etl.fetch.robots import Robots, RobotsAnswer, fetch_robots, parse
from etl.recipe.rules import FetchRules
from etl.store import askers, hosts
from etl.store.hosts import Host, host_of_url

HELD_FOR = timedelta(minutes=1)
"""The longest that a visit takes."""
PAUSE_SHARE = 0.1
"""A pause that differs by less from the usual one is not worth a row."""
NO_RULES = Robots()


def origin_of(url: str) -> str:
    """Return scheme and host of *url*: what robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def robots_of(
    conn: Connection,
    fetcher: Fetcher,
    origin: str,
    *,
    manners: Manners,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Robots:
    """Return the rules of the host, asking for robots.txt when ours is older than a day; the caller holds the host.

    That is a request like any other: the host is rested after it, so read the host's state again before the next one. So is
    each redirect, and another host it leads to is held meanwhile.
    Raises TryLater when it cannot be read and none is kept; an older one serves meanwhile (RFC 9309, section 2.4).
    """
    state = hosts.get(conn, host_of_url(origin))
    kept = None
    if state.robots_text is not None and state.robots_fetched_at is not None:
        kept = RobotsAnswer(state.robots_text, state.robots_status or 0, state.robots_fetched_at)
        if kept.is_fresh(now=now()):
            return parse(kept.text, fetcher.agent)
    older = Robots() if kept is None else parse(kept.text, fetcher.agent)
    walk = _Walk(conn, fetcher, state, manners=manners, now=now, sleep=sleep)
    try:
        with walk.others:
            answer = fetch_robots(fetcher, origin, now=now, may_follow=walk.goes_on)
    except TryLater as error:
        # With older rules to go by it is a failed request; without, nothing may be asked until the moment it names. That another
        # host is busy is nobody's failure.
        blame = None if error.code == "host_busy" else error if kept is None else Transient(str(error), code=error.code)
        host = walk.rested(state.host, blame, robots=older)
        if kept is None:
            hosts.keep_pace(conn, replace(host, free_at=max(host.free_at or error.at, error.at)))
            raise
        hosts.keep_pace(conn, host)
        return older
    robots = parse(answer.text, fetcher.agent)
    with conn.transaction():
        hosts.keep_robots(conn, state.host, text=answer.text, status=answer.status, now=answer.fetched_at)
        hosts.keep_pace(conn, walk.rested(state.host, None, robots=robots))
    return robots


class _Walk:
    """The hosts that one request for robots.txt leads to, and how each stands after it."""

    def __init__(
        self,
        conn: Connection,
        fetcher: Fetcher,
        first: Host,
        *,
        manners: Manners,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self.others = ExitStack()
        """Holds the other hosts, and writes how they stand at its end."""
        self._conn, self._fetcher, self._manners, self._now, self._sleep = conn, fetcher, manners, now, sleep
        self._states = {first.host: first}
        self._at = first.host
        self._began = now()

    def rested(self, host: str, error: NewsEtlError | None, *, robots: Robots = NO_RULES) -> Host:
        """Return how *host* stands after the last request to it."""
        if host != self._at:
            return self._states[host]
        manners = self._manners
        return rested(self._states[host], error, began=self._began, now=self._now(), manners=manners, robots=robots)

    def goes_on(self, target: str) -> bool:
        """Wait until the target of a redirect may be asked. Raises TryLater when that is not soon, or somebody else asks it."""
        self._states[self._at] = self.rested(self._at, None)
        self._at = ""
        host = host_of_url(target)
        if host not in self._states:
            self._hold(host)
        free_at = self._states[host].free_at or self._now()
        wait_s = (free_at - self._now()).total_seconds()
        if wait_s > self._manners.spacing_max_s:
            raise TryLater(f"{host} asked for patience", at=free_at, code="host_busy")
        self._sleep(max(wait_s, 0.0))
        self._at, self._began = host, self._now()
        return True

    def _hold(self, host: str) -> None:
        if not hosts.hold(self._conn, host):
            raise TryLater(f"{host} is being asked by another worker", at=self._now() + HELD_FOR, code="host_busy")
        self.others.callback(self._let_go, host)
        attention = self.others.enter_context(
            attended(self._conn, self._fetcher, host, manners=self._manners, now=self._now)
        )
        self._states[host] = hosts.get(self._conn, host)

        def keep(_: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
            blame = None if error is None else Transient(str(error))
            attention.rested = self.rested(host, blame)

        self.others.push(keep)

    def _let_go(self, host: str) -> None:
        if not self._conn.closed:
            hosts.let_go(self._conn, host)


def rest(
    conn: Connection,
    state: Host,
    error: NewsEtlError | None,
    *,
    began: datetime,
    now: datetime,
    manners: Manners,
    robots: Robots,
) -> datetime:
    """Write what one request, which ended *now* with *error* or well, means for its host; return when it may be asked again."""
    host = rested(state, error, began=began, now=now, manners=manners, robots=robots)
    hosts.keep_pace(conn, host)
    return host.free_at or now


def rested(
    state: Host, error: NewsEtlError | None, *, began: datetime, now: datetime, manners: Manners, robots: Robots
) -> Host:
    """Return how the host stands after one request, which ended *now* with *error* or well.

    Only Transient and TryLater blame the host: a page that is gone or forbidden costs it as much as one that is there.
    """
    pace = pace_of(state)
    if isinstance(error, Transient | TryLater):
        pace = politeness.failed(pace, at=now)
    else:
        pace = politeness.answered(pace, took_s=(now - began).total_seconds(), at=now)
    told = error.at if isinstance(error, TryLater) else None
    free_at = politeness.free_at(pace, now=now, manners=manners, crawl_delay_s=robots.crawl_delay_s, told=told)
    return host_with(state, pace, free_at)


@dataclass(slots=True)
class Attention:
    """What is yet to be written of a host that is being asked."""

    rested: Host | None = None
    """How it stands after the last request, when that is not written yet."""
    may_leave: bool = False
    """Whether the caller may write it, elsewhere."""
    is_left: bool = False
    """Whether it does."""


@contextmanager
def attended(
    conn: Connection, fetcher: Fetcher, host: str, *, manners: Manners, now: Callable[[], datetime]
) -> Generator[Attention]:
    """Mark *host* as being asked; the caller holds it. Who finds the mark of a visit that was killed rests the host first.

    The killed one's last request may have been made at any moment up to now, and was never written down: it is counted, and the
    host's pause begins now, a long one, for the answer may have asked for it. The mark goes when all was written down, and stays
    when anything else was raised. It goes with the pace in one row: the mark before a request and this are the two writes without
    which a kill is not seen.
    """
    state = hosts.get(conn, host)
    rest_after_ends(conn, fetcher, host, manners=manners, now=now)
    if hosts.begin(conn, host, now=now()) is not None:
        robots = parse(state.robots_text or "", fetcher.agent)
        pace = politeness.answered(pace_of(state), took_s=state.latency_s, at=now())
        pace = replace(pace, failures=state.failures)
        free_at = politeness.free_after_unread(pace, now=now(), manners=manners, crawl_delay_s=robots.crawl_delay_s)
        hosts.keep_pace(conn, host_with(state, pace, max(free_at, state.free_at or free_at)))
    attention = Attention()
    try:
        yield attention
    except NewsEtlError:  # An answer too, and written down.
        hosts.end(conn, host, pace=attention.rested)
        raise
    except BaseException:
        if attention.rested is not None and not conn.closed:
            hosts.keep_pace(conn, attention.rested)
        raise
    hosts.end(conn, host, pace=attention.rested)


@contextmanager
def known(
    conn: Connection, fetcher: Fetcher, host: str, *, manners: Manners, now: Callable[[], datetime]
) -> Generator[Attention]:
    """Ask *host* once without a mark; the caller holds it, and writes how it stands after an answer.

    Should this process be killed meanwhile, its session ends with it, and whoever asks next sees that (`etl.store.askers`). So
    nothing has to be written before the request; the pace is written after it, unless the caller takes that over.
    """
    if hosts.get(conn, host).is_marked:  # By one that was killed, and it is not known when.
        with attended(conn, fetcher, host, manners=manners, now=now) as attention:
            yield attention
        return
    askers.enter(conn, now=now())
    rest_after_ends(conn, fetcher, host, manners=manners, now=now)
    attention = Attention(may_leave=True)
    try:
        yield attention
    finally:
        if attention.rested is not None and not attention.is_left and not conn.closed:
            hosts.keep_pace(conn, attention.rested)


def rest_after_ends(
    conn: Connection, fetcher: Fetcher, host: str, *, manners: Manners, now: Callable[[], datetime]
) -> None:
    """Rest *host* when a session has just ended that may have asked it: its pause begins when that was noticed."""
    ended_at = askers.last_end(conn, now=now)
    if ended_at is None:
        return
    state = hosts.get(conn, host)
    delay_s = parse(state.robots_text or "", fetcher.agent).crawl_delay_s
    free_at = politeness.free_at(pace_of(state), now=ended_at, manners=manners, crawl_delay_s=delay_s)
    if free_at > now() and (state.free_at is None or free_at > state.free_at):
        hosts.keep_pace(conn, host_with(state, pace_of(state), free_at))


def rest_after_deaths(
    conn: Connection, fetcher: Fetcher, host: str, *, manners: Manners, now: Callable[[], datetime]
) -> None:
    """Rest *host* when somebody died who was or may have been asking it; the caller holds it, and leaves no mark itself."""
    if hosts.get(conn, host).is_marked:
        with attended(conn, fetcher, host, manners=manners, now=now):
            return
    rest_after_ends(conn, fetcher, host, manners=manners, now=now)


def is_usual(before: Host, after: Host, *, manners: Manners, robots: Robots) -> bool:
    """Tell whether a request that went well says nothing of its host but that it was asked: its pause stays what it was."""
    if before.failures or after.failures:
        return False
    usual_s, pause_s = (
        politeness.spacing_s(pace_of(state), manners=manners, crawl_delay_s=robots.crawl_delay_s)
        for state in (before, after)
    )
    return abs(pause_s - usual_s) <= PAUSE_SHARE * usual_s


def manners_of(manners: Manners, rules: FetchRules | None) -> Manners:
    """Return the operator's manners with what the recipe of the site asks for: never faster, never more."""
    if rules is None:
        return manners
    spacing_s = max(manners.spacing_min_s, rules.min_interval_s or 0.0)
    budgets = [n for n in (manners.requests_per_day, rules.requests_per_day) if n is not None]
    return replace(
        manners,
        spacing_min_s=spacing_s,
        spacing_max_s=max(manners.spacing_max_s, spacing_s),
        requests_per_day=min(budgets) if budgets else None,
    )


def pace_of(state: Host) -> Pace:
    return Pace(state.latency_s, state.failures, state.budget_on, state.budget_used)


def host_with(state: Host, pace: Pace, free_at: datetime) -> Host:
    """Return the host as it stands after a request."""
    return replace(
        state,
        free_at=free_at,
        latency_s=pace.latency_s,
        failures=pace.failures,
        budget_on=pace.counted_on,
        budget_used=pace.requests,
        quietly_used=state.quietly_used if pace.counted_on == state.budget_on else 0,
    )
