"""Polls in which nothing changed write one row, and yet nobody is asked too early: not by the next one, not after a death."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest
from newsroom import Newsroom, Reply

from etl.fetch.politeness import Manners
from etl.fetch.robots import Robots
from etl.flow.listed import listed_sources
from etl.flow.manners import host_of_url, is_usual
from etl.flow.poll import Poll
from etl.flow.reading import spell
from etl.flow.visit import HostVisit
from etl.recipe.rules import Recipe, SourceRule
from etl.recipe.shelf import Shelf
from etl.store import askers, hosts, pages, sources
from tests.flow.pages import page
from tests.flow.test_cluster_manners import TOLERANCE_S
from tests.flow.visiting import SPACING_S, tools_for
from tests.flow.visitor import MANNERS, now

POLLERS = 8
HOSTS = 40
POLLS = 2
KILLS = 16
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 480
FEED = Reply(b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', content_type="application/rss+xml")


@pytest.fixture
def site(room, clock):
    opened = room.site("paper")
    opened.robots("")
    for path in ("/feed", "/other"):
        opened.put(path, clock.seen(FEED))
    return opened


@pytest.fixture
def tools(site, clock, tmp_path):
    rules = tuple(SourceRule(kind="feed", url=site.url(f"/{name}"), name=name) for name in ("feed", "other"))
    made = tools_for(tmp_path / "archive", clock, shelf=Shelf.of([Recipe("paper", site.url("/"), sources=rules)]))
    yield made
    made.fetcher.close()


@pytest.fixture
def poll(live, tools, clock) -> Callable[..., str]:
    sources.sync(live, listed_sources(tools.shelf), now=clock.at)

    def polled(name: str = "feed") -> str:
        source = sources.named(live, f"paper/{name}")
        assert source is not None
        return Poll(live, tools, source).run().outcome

    for name in ("feed", "other"):
        assert polled(name) == "ok"
    clock.sleep(900)
    clock.asked.clear()
    return polled


def host_row(conn) -> tuple:
    found = conn.execute("SELECT xmin::text, free_at, budget_used FROM etl.hosts").fetchone()
    assert found is not None
    return found


def test_the_next_poll_of_the_host_waits_for_what_a_quiet_one_left(live, site, poll, clock):
    before = host_row(live)
    assert (poll(), poll("other"), poll()) == ("unchanged", "unchanged", "unchanged")
    assert clock.pauses() == [SPACING_S, SPACING_S]
    assert host_row(live) == before


def test_a_visit_waits_for_what_a_quiet_poll_left(live, site, tools, poll, clock):
    site.put("/news/owl-77", clock.seen(Reply(page("Owl"))))
    pages.ensure(live, [spell(site.url("/news/owl-77"))], found_at=clock.at, next_visit_at=clock.at)
    assert poll() == "unchanged"
    HostVisit(live, tools, host_of_url(site.origin)).run()
    assert [path for path, _ in clock.asked] == ["/feed", "/news/owl-77"]
    assert clock.pauses() == [SPACING_S]


def test_quiet_polls_count_for_the_budget_of_the_day_and_are_not_counted_twice(live, site, tools, poll, clock):
    host = host_of_url(site.origin)
    used = hosts.get(live, host).budget_used
    assert (poll(), poll("other"), poll()) == ("unchanged", "unchanged", "unchanged")
    assert hosts.get(live, host).budget_used == used + 3
    site.put("/news/owl-77", clock.seen(Reply(page("Owl"))))
    pages.ensure(live, [spell(site.url("/news/owl-77"))], found_at=clock.at, next_visit_at=clock.at)
    HostVisit(live, tools, host).run()
    assert hosts.get(live, host).budget_used == used + 4
    clock.sleep(86_400)
    assert poll() == "unchanged"
    state = hosts.get(live, host)
    assert (state.budget_on, state.budget_used) == (clock.at.date(), 2)  # With robots.txt, which is a day old.


@pytest.mark.parametrize("status", [200, 503], ids=["news", "failure"])
def test_what_is_not_quiet_is_written_with_the_host(live, site, poll, clock, status):
    before = host_row(live)
    site.put("/feed", clock.seen(Reply(FEED.body + b"<!-- news -->", status=status, content_type=FEED.content_type)))
    assert poll() == ("ok" if status == 200 else "http_503")
    assert host_row(live) != before


HOST = hosts.Host("paper.example", None, 1.0, 0, None, None, None, None, 0)
PACES = {
    "as ever": ({}, True),
    "somewhat slower": ({"latency_s": 1.05}, True),
    "much slower": ({"latency_s": 1.3}, False),
    "much faster": ({"latency_s": 0.6}, False),
    "after a failure": ({"failures": 1}, False),
}


@pytest.mark.parametrize(("changes", "usual"), PACES.values(), ids=PACES.keys())
def test_a_pace_that_changed_is_worth_a_row(changes, usual):
    assert is_usual(HOST, replace(HOST, **changes), manners=Manners(), robots=Robots()) is usual


def test_a_host_rests_when_somebody_died_who_may_have_asked_it(dsn, live, site, poll, clock):
    somebody = psycopg.connect(dsn, autocommit=True)
    askers.enter(somebody, now=clock.at)
    askers.enter(somebody, now=clock.at)
    assert live.execute("SELECT count(*) FROM etl.askers").fetchone() == (1,)
    began = clock.at
    assert poll() == "unchanged"
    end_session(somebody, live)
    clock.sleep(900)
    assert poll() == "unchanged"
    assert clock.asked[-1][1] - began == timedelta(seconds=900 + SPACING_S)
    clock.sleep(900)
    assert poll() == "unchanged"
    assert clock.asked[-1][1] - began == timedelta(seconds=1800 + SPACING_S)


def test_two_who_look_at_once_do_not_take_each_other_for_a_living_session(dsn, live, clock):
    somebody = psycopg.connect(dsn, autocommit=True)
    askers.enter(somebody, now=clock.at)
    end_session(somebody, live)
    with psycopg.connect(dsn) as other:  # Its look is not over: the locks of a transaction stay until its end.
        assert askers.last_end(other, now=clock.now) == clock.at
        other.execute("ROLLBACK; BEGIN; SELECT pg_try_advisory_xact_lock_shared(token) FROM etl.askers")
        assert askers.last_end(live, now=clock.now) == clock.at


def test_who_ends_well_is_not_waited_for(dsn, live, clock):
    somebody = psycopg.connect(dsn, autocommit=True)
    askers.enter(somebody, now=clock.at)
    end_session(somebody, live)
    askers.leave(dsn)
    assert askers.last_end(live, now=clock.now) is None


def end_session(session: psycopg.Connection, conn: psycopg.Connection) -> None:
    """End *session* and return when the server has let go of all that it held."""
    pid = session.info.backend_pid
    session.close()
    ends_at = time.monotonic() + PATIENCE_S
    while conn.execute("SELECT count(*) FROM pg_locks WHERE pid = %s", (pid,)).fetchone() != (0,):
        assert time.monotonic() < ends_at, "the session does not end"


def poller(dsn: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.flow.poller", dsn, str(folder)], cwd=ROOT)


def test_no_host_sees_a_hasty_poll_while_pollers_are_killed(dsn, live, tmp_path):
    random = Random(41)
    with Newsroom() as room:
        sites = [room.site(str(number), address=f"127.0.1.{number + 1}") for number in range(HOSTS)]
        rules: list[Recipe] = []
        for number, site in enumerate(sites):
            site.robots("")
            site.feed("/feed", [])
            rule = SourceRule(kind="feed", url=site.url("/feed"), name="feed")
            rules.append(Recipe(f"paper{number}", site.url("/"), sources=(rule,)))
        sources.sync(live, listed_sources(Shelf.of(rules)), now=now())
        running = [poller(dsn, tmp_path) for _ in range(POLLERS)]
        kills = 0
        wanted = [2] * HOSTS  # The second poll of a host is a quiet one: only then somebody may be killed in one.
        try:
            ends_at = time.monotonic() + PATIENCE_S
            while kills < KILLS or any(len(site.asked("/feed")) < n for site, n in zip(sites, wanted, strict=True)):
                assert time.monotonic() < ends_at, "the hosts were not polled in time"
                time.sleep(random.uniform(0.2, 0.5))
                if kills < KILLS and all(len(site.asked("/feed")) >= 2 for site in sites):
                    place = kills % POLLERS  # Each of the first ones is killed, whoever has got how far.
                    running[place].send_signal(signal.SIGKILL)
                    running[place].wait()
                    running[place] = poller(dsn, tmp_path)
                    kills += 1
                    wanted = [len(site.asked("/feed")) + POLLS for site in sites]
        finally:
            for process in running:
                process.kill()
                process.wait()
        for site in sites:
            asked = [(request.path, request.status, round(request.at_s, 3)) for request in site.asked()]
            assert min(site.spacings()) >= MANNERS.spacing_min_s - TOLERANCE_S, asked
            assert site.overlaps() == 0, asked
    quiet, killed = live.execute("""
        SELECT (SELECT sum(asked_times) FROM etl.sources), (SELECT count(ended_at) FROM etl.askers)
        """).fetchone() or (0, 0)
    assert quiet > 0  # Polls that wrote one row: what this is about.
    assert killed > 0
