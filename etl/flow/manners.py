"""How we stand towards one host: its robots.txt, its pace, and what its recipe asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from psycopg import Connection

from etl.errors import TryLater
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


def robots_of(conn: Connection, fetcher: Fetcher, state: Host, origin: str, *, now: Callable[[], datetime]) -> Robots:
    """Return the rules of the host, asking for robots.txt when ours is older than a day.

    Raises TryLater when it cannot be read and none is kept; an older one serves meanwhile (RFC 9309, section 2.4).
    """
    kept = None
    if state.robots_text is not None and state.robots_fetched_at is not None:
        kept = RobotsAnswer(state.robots_text, state.robots_status or 0, state.robots_fetched_at)
    if kept is None or not kept.is_fresh(now=now()):
        try:
            answer = fetch_robots(fetcher, origin, now=now)
        except TryLater:
            if kept is None:
                raise
        else:
            kept = answer
            with conn.transaction():
                hosts.keep_robots(conn, state.host, text=answer.text, status=answer.status, now=answer.fetched_at)
    return parse(kept.text, fetcher.agent)


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
