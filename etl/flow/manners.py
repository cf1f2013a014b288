"""How we stand towards one host: its robots.txt, its pace, and what its recipe asks for.

Every request moves the host's `free_at`, robots.txt and redirects included: a publisher counts them all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from psycopg import Connection

from etl.errors import NewsEtlError, Transient, TryLater
from etl.fetch import politeness
from etl.fetch.http import Fetcher
from etl.fetch.politeness import Manners, Pace
from etl.fetch.robots import Robots, RobotsAnswer, fetch_robots, parse
from etl.recipe.rules import FetchRules
from etl.store import hosts
from etl.store.hosts import Host


def origin_of(url: str) -> str:
    """Return scheme and host of *url*: what robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def host_of_url(url: str) -> str:
    """Return the host as in etl.hosts: lower case, with its port when the URL names one."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def robots_of(
    conn: Connection, fetcher: Fetcher, origin: str, *, manners: Manners, now: Callable[[], datetime]
) -> Robots:
    """Return the rules of the host, asking for robots.txt when ours is older than a day.

    That is a request like any other: the host is rested after it, so read the host's state again before the next one.
    Raises TryLater when it cannot be read and none is kept; an older one serves meanwhile (RFC 9309, section 2.4).
    """
    state = hosts.get(conn, host_of_url(origin))
    kept = None
    if state.robots_text is not None and state.robots_fetched_at is not None:
        kept = RobotsAnswer(state.robots_text, state.robots_status or 0, state.robots_fetched_at)
        if kept.is_fresh(now=now()):
            return parse(kept.text, fetcher.agent)
    began = now()
    try:
        answer = fetch_robots(fetcher, origin, now=now)
    except TryLater as error:
        robots = Robots() if kept is None else parse(kept.text, fetcher.agent)
        # With older rules to go by it is a failed request; without, nothing may be asked until the moment it names.
        blame = error if kept is None else Transient(str(error), code=error.code)
        rest(conn, state, blame, began=began, now=now(), manners=manners, robots=robots)
        if kept is None:
            raise
        return robots
    robots = parse(answer.text, fetcher.agent)
    with conn.transaction():
        hosts.keep_robots(conn, state.host, text=answer.text, status=answer.status, now=answer.fetched_at)
        rest(conn, state, None, began=began, now=now(), manners=manners, robots=robots)
    return robots


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


@contextmanager
def attended(
    conn: Connection, fetcher: Fetcher, host: str, *, manners: Manners, now: Callable[[], datetime]
) -> Generator[Attention]:
    """Mark *host* as being asked; the caller holds it. Who finds the mark of a visit that was killed rests the host first.

    The killed one's last request may have been made at any moment up to now, and was never written down: it is
    counted, and the host's pause begins now. The mark goes when all was written down, and stays when anything else was raised.
    It goes with the pace in one row: the mark before a request and this are the two writes without which a kill is not seen.
    """
    state = hosts.get(conn, host)
    if hosts.begin(conn, host, now=now()) is not None:
        robots = parse(state.robots_text or "", fetcher.agent)
        pace = politeness.answered(pace_of(state), took_s=state.latency_s, at=now())
        pace = replace(pace, failures=state.failures)
        free_at = politeness.free_at(pace, now=now(), manners=manners, crawl_delay_s=robots.crawl_delay_s)
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
    )
