"""Fetcher and arithmetic together, against a publisher that records every request: 8 visitors, 40 hosts."""

from __future__ import annotations

import queue
import threading
import time
from datetime import UTC, datetime, timedelta

from newsroom import Newsroom, Reply, Site

from etl.errors import NewsEtlError, TryLater
from etl.fetch.http import Fetcher
from etl.fetch.politeness import Manners, Pace, answered, failed, free_at, retry_after_s
from etl.fetch.robots import fetch_robots, parse

MANNERS = Manners(spacing_min_s=0.05, spacing_max_s=0.4, latency_factor=1.0)
CRAWL_DELAY_S = 0.2
RETRY_AFTER_S = 1
PAGES = 5


def now() -> datetime:
    """Return real time: what is measured here are the pauses a publisher sees."""
    return datetime.now(UTC)


def publisher(room: Newsroom, number: int) -> Site:
    """Hosts of five kinds: plain, with a wish, busy once, broken once, slow."""
    site = room.site(str(number))
    site.robots(f"User-agent: *\nCrawl-delay: {CRAWL_DELAY_S}" if number % 5 == 1 else "")
    for page in range(PAGES):
        site.page(f"/{page}", f"<p>{number} {page}</p>" * 50)
    troubles = {
        2: Reply(b"busy", status=429, headers={"Retry-After": str(RETRY_AFTER_S)}),
        3: Reply(resets="request"),
        4: Reply(b"<p>slow</p>", delay_s=0.3),
    }
    if number % 5 in troubles:
        site.put("/1", troubles[number % 5])
    return site


def visit(fetcher: Fetcher, site: Site, codes: list[str]) -> None:
    robots = parse(fetch_robots(fetcher, site.origin, now=now).text, fetcher.agent)
    pace = answered(Pace(), took_s=0.0, at=now())
    for page in range(PAGES):
        told = None
        free = free_at(pace, now=now(), manners=MANNERS, crawl_delay_s=robots.crawl_delay_s)
        time.sleep(max(0.0, (free - now()).total_seconds()))
        try:
            fetched = fetcher.get(site.url(f"/{page}"), now=now)
        except NewsEtlError as error:
            codes.append(error.code)
            told = error.at if isinstance(error, TryLater) else None
            pace = failed(pace, at=now())
        else:
            pace = answered(pace, took_s=fetched.took_s, at=now())
        if told is not None:
            time.sleep((told - now()).total_seconds())


def test_forty_hosts_never_see_two_visitors_nor_a_hasty_one(room, fetcher):
    sites = [publisher(room, number) for number in range(40)]
    waiting: queue.SimpleQueue[Site] = queue.SimpleQueue()
    for site in sites:
        waiting.put(site)
    codes: list[str] = []

    def work() -> None:
        while True:
            try:
                site = waiting.get_nowait()
            except queue.Empty:
                return
            visit(fetcher, site, codes)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(codes) == ["http_429"] * 8 + ["reset"] * 8
    for number, site in enumerate(sites):
        spacings = site.spacings()
        assert len(spacings) == PAGES
        assert min(spacings) >= (CRAWL_DELAY_S if number % 5 == 1 else MANNERS.spacing_min_s) - 0.005
        if number % 5 == 2:
            assert spacings[2] >= RETRY_AFTER_S
        if number % 5 == 3:
            assert spacings[2] >= 2 * MANNERS.spacing_min_s - 0.005
    assert sum(site.overlaps() for site in sites) == 0


def test_the_moment_told_is_never_before_the_wait_asked_for():
    at = now()
    for jitter in (0.0, 0.5, 1.0):
        wait_s = retry_after_s(str(RETRY_AFTER_S), now=at, jitter=jitter)
        assert free_at(Pace(), now=at, manners=MANNERS, told=at + timedelta(seconds=wait_s)) >= at + timedelta(
            seconds=RETRY_AFTER_S
        )
