"""Visits against a publisher on the loopback and the real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from newsroom import Reply

from etl.fetch.archive import Archive
from etl.fetch.http import Moved
from etl.fetch.politeness import Manners
from etl.flow.manners import host_of_url
from etl.flow.reading import spell
from etl.flow.revisit import RECHECK_REFUSED
from etl.flow.visit import HostVisit, Visited
from etl.flow.visit_ledger import ENTRIES_MAX
from etl.model import Place
from etl.store import pages
from tests.flow.pages import DAY, page
from tests.flow.visiting import SPACING_S, tools_for

PATH = "/news/ferry-quay-12345"
OTHER_PATH = "/news/owl-in-the-tower-77"
TEXT = page("Quay to be built in two parts")


@pytest.fixture
def site(room):
    opened = room.site("paper")
    opened.robots("")
    opened.page(PATH, TEXT)
    return opened


@pytest.fixture
def visit(live, clock, tmp_path):
    """Visit a host as a worker does that has just been started."""

    def visited(url: str) -> Visited:
        tools = tools_for(tmp_path / "archive", clock)
        try:
            return HostVisit(live, tools, host_of_url(url)).run()
        finally:
            tools.fetcher.close()

    return visited


def find(conn, *urls: str) -> None:
    pages.ensure(conn, [spell(url) for url in urls], found_at=DAY, next_visit_at=DAY)


def row(conn, query: str, *values: object) -> tuple[object, ...]:
    found = conn.execute(query, values).fetchone()
    assert found is not None
    return found


def state(conn, url: str) -> tuple[object, ...]:
    return row(conn, "SELECT outcome, failures, next_visit_at FROM etl.pages WHERE url_key = %s", spell(url).url_key)


def captured(conn) -> int:
    (count,) = row(conn, "SELECT count(*) FROM etl.captures")
    assert isinstance(count, int)
    return count


IN_A_MINUTE = (timedelta(seconds=30), timedelta(seconds=60))
SECOND_VISITS = {
    "304": (None, "unchanged", 0, (timedelta(minutes=20), timedelta(days=1))),
    "the same body": ({"body": TEXT}, "unchanged", 0, (timedelta(minutes=20), timedelta(days=1))),
    "another body": ({"body": page("Quay flooded")}, "fetched", 0, None),
    "404": ({"status": 404}, "gone", 1, (RECHECK_REFUSED, RECHECK_REFUSED)),
    "400": ({"status": 400}, "http_4xx", 1, (RECHECK_REFUSED, RECHECK_REFUSED)),
    "500": ({"status": 500}, "http_5xx", 1, IN_A_MINUTE),
    "a broken connection": ({"resets": "request"}, "reset", 1, IN_A_MINUTE),
    "a wall": ({"body": b"<title>Just a moment...</title>"}, "blocked", 1, (RECHECK_REFUSED, RECHECK_REFUSED)),
    "a redirect to nothing": (
        {"status": 302, "headers": {"Location": "http://[1/"}}, "http_3xx", 1, (RECHECK_REFUSED, RECHECK_REFUSED),
    ),
    "a redirect to no web page": (
        {"status": 302, "headers": {"Location": "mailto:a@b"}}, "bad_url", 1, (RECHECK_REFUSED, RECHECK_REFUSED),
    ),
    "429 with Retry-After": (
        {"status": 429, "headers": {"Retry-After": "600"}},
        "http_429", 0, (timedelta(seconds=600), timedelta(seconds=750)),
    ),
    "503": ({"status": 503}, "http_503", 0, (timedelta(seconds=600), timedelta(seconds=750))),
}  # fmt: skip


@pytest.mark.parametrize(("given", "outcome", "failures", "again"), SECOND_VISITS.values(), ids=SECOND_VISITS.keys())
def test_the_second_visit_of_a_page(live, site, visit, clock, given, outcome, failures, again):
    url = site.url(PATH)
    find(live, url)
    visit(url)
    assert state(live, url) == ("fetched", 0, None)
    clock.sleep(86_400)
    pages.make_all_due(live, now=clock.at)
    if given is not None:
        site.put(PATH, Reply(**given))
    done = visit(url)
    assert done.counts == {outcome: 1}
    assert state(live, url)[:2] == (outcome, failures)
    at = state(live, url)[2]
    if again is None:
        assert at is None
    else:
        assert again[0] <= at - clock.at <= again[1]
    assert captured(live) == 1 + (outcome in ("fetched", "blocked"))
    asks_for_patience = outcome in ("http_429", "http_503")
    free_at, host_failures = row(live, "SELECT free_at, failures FROM etl.hosts WHERE host = %s", host_of_url(url))
    assert (free_at == at) is asks_for_patience
    assert host_failures == (outcome in ("http_5xx", "reset", "http_429", "http_503"))
    (attempts,) = row(live, "SELECT count(*) FROM etl.attempts WHERE outcome = %s", outcome)
    assert attempts == (outcome not in ("unchanged", "fetched", "blocked"))


def test_a_host_that_asks_for_patience_is_left_alone_at_once(live, site, visit, clock):
    urls = [site.url(PATH), site.url(OTHER_PATH)]
    site.busy(PATH, retry_after="600")
    find(live, urls[0])
    find(live, urls[1])
    visit(urls[0])
    assert not site.asked(OTHER_PATH)
    clock.sleep(500)
    visit(urls[0])
    assert len(site.asked(PATH)) == 1
    assert not site.asked(OTHER_PATH)


def test_all_requests_of_a_host_are_spaced_robots_txt_among_them(live, site, visit, clock):
    site.put("/robots.txt", clock.seen(Reply(b"", content_type="text/plain")))
    urls = [site.url(f"/news/story-number-{n}") for n in range(3)]
    for number, url in enumerate(urls):
        site.put(f"/news/story-number-{number}", clock.seen(Reply(TEXT)))
        find(live, url)
    visit(urls[0])
    assert len(clock.asked) == 4
    assert clock.pauses() == [SPACING_S] * 3


def test_a_redirect_on_the_host_is_a_request_like_any_other(live, site, visit, clock):
    site.put("/robots.txt", clock.seen(Reply(b"", content_type="text/plain")))
    site.put(PATH, clock.seen(Reply(status=301, headers={"Location": OTHER_PATH})))
    site.put(OTHER_PATH, clock.seen(Reply(TEXT)))
    find(live, site.url(PATH))
    assert visit(site.url(PATH)).counts == {"fetched": 1}
    assert [path for path, _ in clock.asked] == ["/robots.txt", PATH, OTHER_PATH]
    assert clock.pauses() == [SPACING_S] * 2
    assert row(live, "SELECT budget_used FROM etl.hosts WHERE host = %s", host_of_url(site.origin)) == (3,)


def test_a_redirect_whose_pause_is_too_long_for_the_visit_becomes_a_page_that_is_due(live, site, visit, clock):
    site.robots("User-agent: *\nCrawl-delay: 40")
    site.redirect(PATH, site.url(OTHER_PATH), status=301)
    find(live, site.url(PATH))
    assert visit(site.url(PATH)).counts == {"moved": 1}
    assert not site.asked(OTHER_PATH)
    assert row(live, "SELECT next_visit_at IS NOT NULL FROM etl.pages WHERE url = %s", site.url(OTHER_PATH)) == (True,)


def test_the_budget_of_the_day_counts_robots_txt(live, site, visit):
    find(live, site.url(PATH))
    visit(site.url(PATH))
    assert row(live, "SELECT budget_used FROM etl.hosts WHERE host = %s", host_of_url(site.origin)) == (2,)


def test_a_page_that_robots_txt_forbids_is_never_requested(live, site, visit):
    site.robots("User-agent: *\nDisallow: /news/")
    url = site.url(PATH)
    find(live, url)
    done = visit(url)
    assert done.counts == {"robots": 1}
    assert state(live, url) == ("robots", 1, DAY + RECHECK_REFUSED + timedelta(seconds=SPACING_S))
    assert not site.asked(PATH)


def test_without_readable_robots_txt_nothing_is_requested(live, site, visit):
    site.put("/robots.txt", Reply(status=500))
    url = site.url(PATH)
    find(live, url)
    visit(url)
    assert not site.asked(PATH)
    assert row(live, "SELECT free_at, failures FROM etl.hosts WHERE host = %s", host_of_url(url)) == (
        DAY + timedelta(minutes=30),
        1,
    )


REDIRECTS = {
    "a permanent one on the host, followed": (301, False, "fetched"),
    "a permanent one to another host folds": (301, True, "folded"),
    "a passing one to another host is looked at again": (302, True, "moved"),
}


@pytest.mark.parametrize(("status", "leaves", "outcome"), REDIRECTS.values(), ids=REDIRECTS.keys())
def test_redirects(live, room, site, visit, status, leaves, outcome):
    other = room.site("other")
    target = (other if leaves else site).url(OTHER_PATH)
    site.page(OTHER_PATH, TEXT)
    site.redirect(PATH, target, status=status)
    url = site.url(PATH)
    find(live, url)
    visit(url)
    (stored, due) = row(live, "SELECT outcome, next_visit_at FROM etl.pages WHERE url = %s", url)
    assert stored == outcome
    assert (due is None) is (outcome != "moved")
    assert captured(live) == (not leaves)
    assert not other.asked()
    if leaves:
        assert row(live, "SELECT next_visit_at IS NOT NULL FROM etl.pages WHERE url = %s", target) == (True,)
    if outcome == "folded":
        ((page_url,),) = live.execute(
            "SELECT p.url FROM etl.page_urls u JOIN etl.pages p ON p.id = u.page_id WHERE u.url = %s", (url,)
        ).fetchall()
        assert page_url == target


@pytest.mark.parametrize(
    ("path", "status", "outcome"),
    [
        pytest.param("/login?return=%2Fnews", 302, "blocked", id="a login page"),
        pytest.param("/consent/?to=paper", 301, "blocked", id="a consent page, for good"),
        pytest.param("/", 301, "gone", id="a front page"),
        pytest.param("/de/news/ferry-quay-12345", 301, "moved", id="another language"),
        pytest.param("/news/market-day-54321", 301, "moved", id="another article"),
    ],
)
def test_a_redirect_to_another_host_that_is_not_the_page_folds_nothing(live, room, site, visit, path, status, outcome):
    target = room.site("other").url(path)
    site.redirect(PATH, target, status=status)
    url = site.url(PATH)
    find(live, url)
    visit(url)
    stored, again = row(live, "SELECT outcome, next_visit_at FROM etl.pages WHERE url = %s", url)
    assert (stored, again) == (outcome, DAY + timedelta(seconds=SPACING_S) + RECHECK_REFUSED)
    known = [found for (found,) in live.execute("SELECT url FROM etl.pages ORDER BY id")]
    assert known == ([url, target] if outcome == "moved" else [url])


def test_a_visit_that_dies_before_its_commit_loses_nothing(live, site, visit, clock, tmp_path):
    url = site.url(PATH)
    find(live, url)
    live.execute("ALTER TABLE etl.captures ADD CONSTRAINT dies CHECK (false) NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        visit(url)
    assert state(live, url) == (None, 0, DAY)
    (free_at,) = row(live, "SELECT free_at FROM etl.hosts WHERE host = %s", host_of_url(url))
    assert free_at == clock.at + timedelta(seconds=SPACING_S)
    live.execute("ALTER TABLE etl.captures DROP CONSTRAINT dies")
    assert visit(url).counts == {"fetched": 1}
    assert captured(live) == 1
    place = Place(*row(live, "SELECT archive_file, archive_offset, archive_length FROM etl.captures"))
    assert Archive(tmp_path / "archive").read(place).body == TEXT
    assert state(live, url)[0] == "fetched"


def test_the_same_body_is_kept_as_a_revisit_after_a_restart_too(live, site, visit, clock, tmp_path):
    site.page(PATH, TEXT, etag=None)
    url = site.url(PATH)
    find(live, url)
    visit(url)
    clock.sleep(3600)
    pages.make_all_due(live, now=clock.at)
    visit(url)
    archive = Archive(tmp_path / "archive")
    kinds = sorted(seen.type for name in archive.files() for seen in archive.walk(name) if seen.type != "request")
    assert kinds == ["response", "revisit", "warcinfo", "warcinfo"]


def test_the_same_page_under_another_host_name_is_asked_for_there(live, clock, tmp_path):
    """`www.` and without are one page: a redirect between them moves the address, not the page."""
    find(live, "https://www.example.org/news/ferry-quay-12345")
    tools = tools_for(tmp_path / "archive", clock)
    visit = HostVisit(live, tools, "www.example.org")
    (due,) = pages.due(live, "www.example.org", now=clock.now(), limit=5)
    target = "https://example.org/news/ferry-quay-12345"
    visit._moved(due, Moved(due.url, target, 301, ((301, due.url),), clock.now(), 0.1), clock.now())
    assert pages.due(live, "www.example.org", now=clock.now(), limit=5) == []
    assert [page.url for page in pages.due(live, "example.org", now=clock.now(), limit=5)] == [target]
    assert row(live, "SELECT count(*) FROM etl.pages") == (1,)
    tools.fetcher.close()


def hurried(folder, clock):
    """Return the tools of a process that need not pause between two requests."""
    return replace(tools_for(folder, clock), manners=Manners(spacing_min_s=0.0, latency_factor=0.0))


def test_without_pauses_pages_are_written_together_and_all_of_them(live, site, clock, tmp_path):
    paths = [f"/news/story-{number}-of-many" for number in range(ENTRIES_MAX + 3)]
    for path in paths:
        site.page(path, page(f"Story at {path}"))
    find(live, *[site.url(path) for path in paths])
    tools = hurried(tmp_path / "archive", clock)
    visited = HostVisit(live, tools, host_of_url(site.url("/"))).run()
    assert visited.counts == {"fetched": len(paths)}
    assert captured(live) == len(paths)
    assert row(live, "SELECT count(DISTINCT xmin::text) FROM etl.captures") == (2,)
    assert row(live, "SELECT count(*) FROM etl.pages WHERE outcome = 'fetched' AND next_visit_at IS NULL") == (
        len(paths),
    )
    assert row(live, "SELECT budget_used FROM etl.hosts") == (len(paths) + 1,)


def test_a_page_that_cannot_be_written_takes_no_other_with_it(live, site, clock, tmp_path):
    good, bad = site.url(PATH), site.url(OTHER_PATH)
    site.page(OTHER_PATH, TEXT)
    find(live, good, bad)
    live.execute(f"ALTER TABLE etl.captures ADD CONSTRAINT dies CHECK (url <> '{bad}') NOT VALID")
    tools = hurried(tmp_path / "archive", clock)
    with pytest.raises(psycopg.errors.CheckViolation):
        HostVisit(live, tools, host_of_url(good)).run()
    assert state(live, good)[0] == "fetched"
    assert state(live, bad) == (None, 0, DAY)
