"""Politeness of a cluster as publishers see it: 8 processes, 40 hosts, and processes that are killed while they ask."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest
from newsroom import Newsroom, Reply, Request, Site

from etl.fetch.politeness import UNREAD_DOUBLINGS
from etl.flow.manners import host_of_url
from etl.flow.reading import spell
from etl.flow.visit import HostVisit
from etl.store import hosts, pages
from tests.flow.backfilling import begin, kit_for, page_items, work
from tests.flow.pages import page
from tests.flow.visiting import SPACING_S, tools_for
from tests.flow.visitor import MANNERS, now

VISITORS = 8
HOSTS = 40
PAGES = 4
KILLS = 16
CRAWL_DELAY_S = 0.3
RETRY_AFTER_S = 1
TOLERANCE_S = 0.005
UNREAD_S = SPACING_S * 2**UNREAD_DOUBLINGS
ROOT = Path(__file__).resolve().parents[2]


def publisher(room: Newsroom, number: int) -> Site:
    """Hosts of five kinds: plain, with a wish, busy once, with redirects of its own, slow."""
    site = room.site(str(number), address=f"127.0.1.{number + 1}")
    site.robots(f"User-agent: *\nCrawl-delay: {CRAWL_DELAY_S}" if number % 5 == 1 else "")
    for story in range(PAGES):
        site.page(f"/news/story-{story}", page(f"Story {story} of {number}"), etag=None)
    if number % 5 == 2:
        site.put("/news/story-1", busy_once(Reply(page(f"Story 1 of {number}"))))
    if number % 5 == 3:
        site.redirect("/news/story-2", site.url("/news/here-it-is"), status=302)
        site.page("/news/here-it-is", page(f"Here it is: {number}"))
    if number % 5 == 4:
        site.put("/news/story-3", Reply(page(f"Slow {number}"), delay_s=0.2))
    return site


def busy_once(later: Reply) -> Callable[[Request], Reply]:
    answers = iter([Reply(b"busy", status=429, headers={"Retry-After": str(RETRY_AFTER_S)})])
    return lambda _: next(answers, later)


def visitor(dsn: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.flow.visitor", dsn, str(folder)], cwd=ROOT, stdout=subprocess.DEVNULL
    )


def test_no_host_sees_two_visitors_nor_a_hasty_one_while_visitors_are_killed(dsn, live, tmp_path):
    random = Random(40)
    with Newsroom() as room:
        sites = [publisher(room, number) for number in range(HOSTS)]
        begun = now()
        urls = [site.url(f"/news/story-{story}") for site in sites for story in range(PAGES)]
        pages.ensure(live, [spell(url) for url in urls], found_at=begun, next_visit_at=begun)
        running = [visitor(dsn, tmp_path) for _ in range(VISITORS)]
        kills = 0
        try:
            ends_at = time.monotonic() + 240
            while not is_done(live):
                assert time.monotonic() < ends_at, "the hosts were not done in time"
                time.sleep(0.35)
                if kills < KILLS and any(site.asked() for site in sites):
                    place = random.randrange(VISITORS)
                    running[place].send_signal(signal.SIGKILL)
                    running[place].wait()
                    running[place] = visitor(dsn, tmp_path)
                    kills += 1
        finally:
            for process in running:
                process.kill()
                process.wait()
        assert kills == KILLS
        for number, site in enumerate(sites):
            least_s = CRAWL_DELAY_S if number % 5 == 1 else MANNERS.spacing_min_s
            asked = [(request.path, round(request.at_s, 3)) for request in site.asked()]
            # The rules come with the first answer, so the first pause is the operator's.
            first, *others = site.spacings()
            assert first >= MANNERS.spacing_min_s - TOLERANCE_S, asked
            assert min(others) >= least_s - TOLERANCE_S, asked
            patience = [
                after for request, after in zip(site.asked(), site.spacings(), strict=False) if request.status == 429
            ]
            assert all(pause >= RETRY_AFTER_S for pause in patience), asked


def is_done(conn) -> bool:
    """Tell whether every page was captured, or was told to wait for longer than this test."""
    row = conn.execute("SELECT count(*) FROM etl.pages WHERE next_visit_at <= now() + interval '1 minute'").fetchone()
    return row == (0,)


def test_who_finds_the_mark_of_a_killed_visit_rests_the_host_first(live, room, clock, tmp_path):
    site = room.site("paper")
    site.put("/robots.txt", clock.seen(Reply(b"", content_type="text/plain")))
    site.put("/news/ferry-quay-12345", clock.seen(Reply(page("Quay"))))
    host = host_of_url(site.origin)
    pages.ensure(live, [spell(site.url("/news/ferry-quay-12345"))], found_at=clock.at, next_visit_at=clock.at)
    hosts.get(live, host)
    assert hosts.begin(live, host, now=clock.at) is None
    began = clock.at
    HostVisit(live, tools_for(tmp_path, clock), host).run()
    assert [(path, (at - began).total_seconds()) for path, at in clock.asked] == [
        ("/robots.txt", UNREAD_S),
        ("/news/ferry-quay-12345", UNREAD_S + SPACING_S),
    ]
    row = live.execute("SELECT asked_since, budget_used FROM etl.hosts WHERE host = %s", (host,)).fetchone()
    assert row == (None, 3)


def test_what_a_host_asks_for_is_known_before_anything_else_is_written(live, room, clock, tmp_path):
    """A visit that is killed while it writes the attempt has written how long the host wants to be left alone."""
    site = room.site("paper")
    site.robots("")
    site.put("/news/ferry-quay-12345", Reply(b"busy", status=429, headers={"Retry-After": "600"}))
    pages.ensure(live, [spell(site.url("/news/ferry-quay-12345"))], found_at=clock.at, next_visit_at=clock.at)
    live.execute("ALTER TABLE etl.attempts ADD CONSTRAINT dies CHECK (false) NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        HostVisit(live, tools_for(tmp_path, clock), host_of_url(site.origin)).run()
    state = hosts.get(live, host_of_url(site.origin))
    assert state.is_marked
    assert state.free_at is not None
    assert state.free_at >= clock.at + timedelta(seconds=600)


def test_a_backfill_rests_a_host_whose_visit_was_killed(live, room, clock, tmp_path):
    site = room.site("paper")
    site.put("/robots.txt", clock.seen(Reply(b"", content_type="text/plain")))
    site.put("/news/ferry-quay-12345", clock.seen(Reply(page("Quay"))))
    host = host_of_url(site.origin)
    hosts.get(live, host)
    assert hosts.begin(live, host, now=clock.at) is None
    began = clock.at
    kit = kit_for(tmp_path, clock)
    work(live, kit, begin(live, kit, "urls", page_items(site.url("/news/ferry-quay-12345"))), clock)
    paths, moments = zip(*clock.asked, strict=True)
    assert paths == ("/robots.txt", "/news/ferry-quay-12345")
    assert moments[0] - began >= timedelta(seconds=kit.tools.manners.spacing_min_s * 2**UNREAD_DOUBLINGS)
    assert not hosts.get(live, host).is_marked
