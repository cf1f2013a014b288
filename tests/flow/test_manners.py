"""Asking for robots.txt as every other request is made: in turn, and one visitor per host."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from newsroom import Reply

from etl.errors import TryLater
from etl.fetch.robots import Robots
from etl.flow.manners import HELD_FOR, host_of_url, robots_of
from etl.store import hosts
from tests.flow.visiting import SPACING_S, tools_for

RULES = Reply(b"User-agent: *\nCrawl-delay: 7", content_type="text/plain")


@pytest.fixture
def site(room):
    return room.site("paper")


@pytest.fixture
def other(room):
    return room.site("other", address="127.0.0.7")


@pytest.fixture
def rules(live, site, clock, tmp_path):
    def asked() -> Robots:
        tools = tools_for(tmp_path / "archive", clock)
        try:
            return robots_of(live, tools.fetcher, site.origin, manners=tools.manners, now=clock.now, sleep=clock.sleep)
        finally:
            tools.fetcher.close()

    return asked


def stored(conn, origin: str) -> tuple:
    """Return requests of the day, when the host may be asked again, failures in a row, and since when it is being asked."""
    found = conn.execute(
        "SELECT budget_used, free_at, failures, asked_since FROM etl.hosts WHERE host = %s", (host_of_url(origin),)
    ).fetchone()
    assert found is not None
    return found


def leads(clock, target: str) -> object:
    return clock.seen(Reply(status=301, headers={"Location": target}))


def test_redirects_of_robots_txt_are_requests_like_any_other(live, site, other, rules, clock):
    site.put("/robots.txt", leads(clock, site.url("/here.txt")))
    site.put("/here.txt", leads(clock, other.url("/there.txt")))
    other.put("/there.txt", leads(clock, other.url("/rules.txt")))
    other.put("/rules.txt", clock.seen(RULES))
    began = clock.at
    assert rules().crawl_delay_s == 7.0
    assert [(path, (at - began).total_seconds()) for path, at in clock.asked] == [
        ("/robots.txt", 0.0),
        ("/here.txt", SPACING_S),
        ("/there.txt", SPACING_S),
        ("/rules.txt", 2 * SPACING_S),
    ]
    assert stored(live, site.origin) == (2, began + timedelta(seconds=2 * SPACING_S), 0, None)
    assert stored(live, other.origin) == (2, began + timedelta(seconds=3 * SPACING_S), 0, None)
    assert rules().crawl_delay_s == 7.0
    assert len(clock.asked) == 4


@pytest.mark.parametrize("is_held", [True, False], ids=["somebody asks it", "it asked for patience"])
def test_robots_txt_on_a_busy_host_is_waited_for(dsn, live, site, other, rules, clock, is_held):
    site.put("/robots.txt", leads(clock, other.url("/robots.txt")))
    other.put("/robots.txt", clock.seen(RULES))
    busy = host_of_url(other.origin)
    hosts.get(live, busy)
    free_at = clock.at + (HELD_FOR if is_held else timedelta(hours=1))
    with psycopg.connect(dsn, autocommit=True) as somebody:
        if is_held:
            assert hosts.hold(somebody, busy)
        else:
            live.execute("UPDATE etl.hosts SET free_at = %s WHERE host = %s", (free_at, busy))
        with pytest.raises(TryLater) as caught:
            rules()
        hosts.let_go(somebody, busy)
        assert hosts.hold(somebody, busy)  # We hold it no longer.
    assert (caught.value.code, caught.value.at) == ("host_busy", free_at)
    assert [path for path, _ in clock.asked] == ["/robots.txt"]
    assert stored(live, site.origin) == (1, free_at, 0, None)


def test_the_host_that_fails_is_the_one_that_is_blamed(live, site, other, rules, clock):
    site.put("/robots.txt", leads(clock, other.url("/robots.txt")))
    other.put("/robots.txt", Reply(status=500))
    with pytest.raises(TryLater) as caught:
        rules()
    assert caught.value.code == "robots_unreachable"
    assert stored(live, site.origin) == (1, clock.at + timedelta(minutes=30), 0, None)
    assert stored(live, other.origin) == (1, clock.at + timedelta(seconds=2 * SPACING_S), 1, None)
