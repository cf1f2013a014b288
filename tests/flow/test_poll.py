"""Polls against publishers on the loopback and the real database; when a source is due again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from newsroom import Reply, Request

from etl.flow.listed import listed_sources
from etl.flow.manners import host_of_url
from etl.flow.poll import Poll, Polled
from etl.flow.revisit import YIELD_OF, interval, next_poll
from etl.model import Source
from etl.recipe.rules import Recipe, SourceRule
from etl.recipe.shelf import Shelf
from etl.store import hosts, sources
from tests.flow.pages import DAY, later
from tests.flow.visiting import SPACING_S, tools_for

SLUG = "paper/news"
DATE = "Sat, 07 Feb 2026 08:00:00 GMT"
ITEMS = [("/news/ferry-quay-12345", "Quay agreed", DATE), ("/news/owl-77", "Owl in the tower", DATE)]
SITEMAP = '<?xml version="1.0"?><{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{1}</{0}>'


@pytest.fixture
def site(room):
    opened = room.site("paper")
    opened.robots("")
    opened.feed("/feed", ITEMS)
    return opened


@pytest.fixture
def other(room):
    opened = room.site("other", address="127.0.0.7")
    opened.robots("")
    opened.feed("/feed", ITEMS[:1])
    return opened


@pytest.fixture
def poll(live, clock, site, tmp_path):
    """Poll the site's only source as a worker does that has just been started."""

    def polled(path: str = "/feed", **given: object) -> Polled:
        rule = SourceRule(**({"kind": "feed", "url": site.url(path), "name": "news"} | given))
        shelf = Shelf.of([Recipe("paper", site.url("/"), sources=(rule,))])
        sources.sync(live, listed_sources(shelf), now=clock.at)
        tools = tools_for(tmp_path / "archive", clock, shelf=shelf)
        source = sources.named(live, SLUG)
        assert source is not None
        try:
            return Poll(live, tools, source).run()
        finally:
            tools.fetcher.close()

    return polled


def row(conn, query: str, *values: object) -> tuple:
    found = conn.execute(query, values).fetchone()
    assert found is not None
    return found


def host(conn, url: str) -> tuple:
    return row(conn, "SELECT free_at, failures FROM etl.hosts WHERE host = %s", host_of_url(url))


def sitemap(tag: str, entries: str) -> Reply:
    return Reply(SITEMAP.format(tag, entries).encode(), content_type="application/xml")


def test_a_poll_stores_what_is_new_and_a_second_one_finds_nothing_changed(live, site, poll, clock):
    first = poll()
    assert (first.outcome, first.found, first.new) == ("ok", 2, 2)
    clock.sleep(900)
    assert poll().outcome == "unchanged"
    assert [request.status for request in site.asked("/feed")] == [200, 304]


@pytest.mark.parametrize("validator", ["honest", "etag of its own each time"])
def test_a_poll_in_which_nothing_changed_costs_one_request_and_writes_one_row(live, site, poll, clock, validator):
    body = sitemap("urlset", f"<url><loc>{site.url('/a')}</loc></url>")
    tags = iter(["1", "1", "1"] if validator == "honest" else ["1", "2", "3"])

    def answer(request: Request) -> Reply:
        etag = f'"{next(tags)}"'
        headers = {"ETag": etag}
        return (
            Reply(status=304, headers=headers)
            if request.headers.get("if-none-match") == etag
            else replace(body, headers=headers)
        )

    site.put("/feed", answer)
    assert poll(kind="sitemap").outcome == "ok"
    clock.sleep(900)
    assert poll(kind="sitemap").outcome == "unchanged"  # The session says once that it asks.
    clock.sleep(900)
    before, asked = written(live), len(site.requests)
    assert poll(kind="sitemap").outcome == "unchanged"
    assert [request.path for request in site.requests[asked:]] == ["/feed"]
    assert site.requests[-1].status == (304 if validator == "honest" else 200)
    after = written(live)
    changed = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert changed == {"sources": 1}


def written(conn) -> dict[str, int]:
    """Return how many rows were ever put in, changed or taken away, by table of ours."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    conn.execute("SELECT pg_stat_clear_snapshot()")
    query = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE schemaname = 'etl'"
    return dict(conn.execute(query).fetchall())


def test_robots_txt_and_the_source_are_spaced(site, poll, clock):
    site.put("/robots.txt", clock.seen(Reply(b"", content_type="text/plain")))
    site.put("/feed", clock.seen(sitemap("urlset", "")))
    poll(kind="sitemap")
    assert [path for path, _ in clock.asked] == ["/robots.txt", "/feed"]
    assert clock.pauses() == [SPACING_S]


def test_a_wish_longer_than_our_longest_pause_is_waited_for_not_failed(site, poll, clock):
    wish = Reply(b"User-agent: *\nCrawl-delay: 120", content_type="text/plain")
    site.put("/robots.txt", clock.seen(wish))
    site.put("/old", clock.seen(Reply(status=301, headers={"Location": "/feed"})))
    assert poll("/old").outcome == "ok"
    assert clock.pauses() == [120.0]
    assert (site.asked("/feed")[0].status, clock.at) == (200, later(seconds=240))


HERE = "{site}"
THERE = "{other}"
REDIRECTS = {
    "on the host": (HERE + "/feed", 302, "ok", None),
    "on the host, for good": (HERE + "/feed", 301, "ok", "moved for good to {site}/feed"),
    "to what robots.txt of the host forbids": (HERE + "/private/feed", 302, "robots", "robots.txt forbids it"),
    "to another host": (THERE + "/feed", 302, "ok", None),
    "to another host, for good": (THERE + "/feed", 308, "ok", "moved for good to {other}/feed"),
    "to what robots.txt of the other host forbids": (THERE + "/closed/feed", 301, "robots", "robots.txt forbids it"),
    "to itself": (HERE + "/old", 302, "redirect_loop", "redirects, the last to {site}/old"),
    "to no web page": ("mailto:desk@example.org", 301, "bad_url", "leads to no web page"),
}


@pytest.mark.parametrize(("target", "status", "outcome", "detail"), REDIRECTS.values(), ids=REDIRECTS.keys())
def test_a_source_that_moved(live, site, other, poll, target, status, outcome, detail):
    site.robots("User-agent: *\nDisallow: /private/")
    other.robots("User-agent: *\nDisallow: /closed/")
    origins = {"site": site.origin, "other": other.origin}
    site.redirect("/old", target.format(**origins), status=status)
    polled = poll("/old")
    assert polled.outcome == outcome
    if detail is None:
        assert polled.detail is None
    else:
        assert detail.format(**origins) in (polled.detail or "")
    assert not site.asked("/private/feed")
    assert not other.asked("/closed/feed")
    asked_there = [request.path for request in other.asked()]
    assert asked_there == ([] if THERE not in target else ["/robots.txt"] + ["/feed"] * (outcome == "ok"))
    assert row(live, "SELECT outcome, outcome_detail FROM etl.sources") == (polled.outcome, polled.detail)


def test_a_permanent_move_is_said_while_nothing_changes_too(site, poll, clock):
    site.redirect("/old", site.url("/feed"), status=301)
    assert poll("/old").outcome == "ok"
    clock.sleep(900)
    again = poll("/old")
    assert again.outcome == "unchanged"
    assert "moved for good" in (again.detail or "")


def test_the_pace_of_the_other_host_holds_there(live, site, other, poll, clock):
    other.robots("User-agent: *\nCrawl-delay: 30")
    site.redirect("/old", other.url("/feed"))
    poll("/old")
    assert host(live, other.origin)[0] == clock.at + timedelta(seconds=30)
    assert host(live, site.origin)[0] < clock.at


ERRORS = {
    "404": ({"status": 404}, "gone", 0, SPACING_S),
    "403": ({"status": 403, "body": b"<p>Members only.</p>" * 40}, "http_403", 0, SPACING_S),
    "not a feed": ({"body": b"<html><p>Hello.</p>"}, "not_a_feed", 0, SPACING_S),
    "500": ({"status": 500}, "http_5xx", 1, 2 * SPACING_S),
    "a broken connection": ({"resets": "request"}, "reset", 1, 2 * SPACING_S),
    "429 with Retry-After": ({"status": 429, "headers": {"Retry-After": "3600"}}, "http_429", 1, 3600.0),
}


@pytest.mark.parametrize(("given", "outcome", "failures", "pause_s"), ERRORS.values(), ids=ERRORS.keys())
def test_only_what_is_the_hosts_fault_slows_it_down(live, site, poll, clock, given, outcome, failures, pause_s):
    site.put("/feed", Reply(**given))
    assert poll().outcome == outcome
    free_at, counted = host(live, site.origin)
    assert counted == failures
    assert pause_s <= (free_at - clock.at).total_seconds() <= pause_s * 1.25
    (due,) = row(live, "SELECT next_poll_at FROM etl.sources")
    if outcome == "http_429":
        assert due == free_at
    else:
        assert 450 < (due - clock.at).total_seconds() <= 900


def test_a_host_that_asked_for_patience_is_not_polled(live, site, poll, clock):
    site.busy("/feed", retry_after="3600")
    poll()
    site.forget()
    clock.sleep(600)
    assert poll().outcome == "host_busy"
    assert not site.asked()
    assert row(live, "SELECT next_poll_at FROM etl.sources") == host(live, site.origin)[:1]


def test_the_charset_of_the_header_counts(live, site, poll):
    feed = (
        '<rss version="2.0"><channel><title>N</title><item><title>Набережная</title>'
        f"<link>{site.url('/news/1')}</link></item></channel></rss>"
    )
    site.put("/feed", Reply(feed.encode("cp1251"), content_type="application/rss+xml; charset=windows-1251"))
    poll()
    assert row(live, "SELECT title FROM etl.sightings") == ("Набережная",)


def test_a_sitemap_that_is_not_to_be_had_costs_only_itself(live, site, poll, clock):
    entries = "".join(f"<sitemap><loc>{site.url(f'/{n}.xml')}</loc></sitemap>" for n in range(3))
    site.put("/index.xml", sitemap("sitemapindex", entries))
    site.sitemap("/0.xml", ["/news/quay-1"])
    site.put("/1.xml", Reply(status=404))
    site.sitemap("/2.xml", ["/news/owl-2"])
    polled = poll("/index.xml", kind="sitemap")
    assert (polled.outcome, polled.found) == ("ok", 2)
    assert "gone" in (polled.detail or "")


DATED = "<lastmod>2026-02-07T08:00:00Z</lastmod>"


@pytest.mark.parametrize(
    ("lastmod", "outcome"),
    [pytest.param("", "ok", id="without dates"), pytest.param(DATED, "unchanged", id="with dates")],
)
def test_an_index_that_cannot_say_what_changed_is_read_to_its_ends(live, site, poll, clock, lastmod, outcome):
    site.put("/index.xml", sitemap("sitemapindex", f"<sitemap><loc>{site.url('/0.xml')}</loc>{lastmod}</sitemap>"))
    site.sitemap("/0.xml", ["/news/quay-1"])
    assert poll("/index.xml", kind="sitemap").new == 1
    site.sitemap("/0.xml", ["/news/owl-2", "/news/quay-1"])
    clock.sleep(900)
    again = poll("/index.xml", kind="sitemap")
    assert (again.outcome, again.new) == (outcome, 1 if outcome == "ok" else 0)


@pytest.mark.parametrize(("etag", "status"), [("", 304), (None, 200)], ids=["validators", "none, so the hash tells"])
def test_sitemaps_of_an_index_that_say_nothing_new_are_not_read_again(live, site, poll, clock, etag, status):
    entries = "".join(f"<sitemap><loc>{site.url(f'/{n}.xml')}</loc></sitemap>" for n in range(2))
    site.put("/index.xml", sitemap("sitemapindex", entries))
    for number in range(2):
        site.sitemap(f"/{number}.xml", [f"/news/quay-{number}"], etag=etag)
    assert poll("/index.xml", kind="sitemap").found == 2
    clock.sleep(900)
    site.sitemap("/1.xml", ["/news/owl-2", "/news/quay-1"], etag=etag)
    site.forget()
    again = poll("/index.xml", kind="sitemap")
    assert (again.outcome, again.found, again.new) == ("ok", 2, 1)
    assert [site.asked(f"/{number}.xml")[0].status for number in range(2)] == [status, 200]
    assert row(live, "SELECT count(*) FROM etl.child_sitemaps") == (2,)


def test_an_index_with_more_children_than_a_poll_reads_is_read_in_turns(live, site, poll, clock, monkeypatch):
    monkeypatch.setattr("etl.flow.poll.CHILDREN_MAX", 2)
    entries = "".join(f"<sitemap><loc>{site.url(f'/{n}.xml')}</loc></sitemap>" for n in range(5))
    site.put("/index.xml", sitemap("sitemapindex", entries))
    for number in range(5):
        site.sitemap(f"/{number}.xml", [f"/news/quay-{number}"])
    read = []
    for _ in range(4):
        site.forget()
        poll("/index.xml", kind="sitemap")
        read.append([request.path for request in site.asked() if request.path.endswith(".xml")][1:])
        clock.sleep(900)
    assert read == [["/0.xml", "/1.xml"], ["/2.xml", "/3.xml"], ["/4.xml"], ["/0.xml", "/1.xml"]]


def test_a_source_that_goes_on_failing_is_asked_ever_more_rarely(live, site, poll, clock):
    site.put("/feed", Reply(status=500))
    waits = []
    for _ in range(12):
        poll()
        (due,) = row(live, "SELECT next_poll_at FROM etl.sources")
        waits.append((due - clock.at).total_seconds())
        clock.at = due
    assert 450 < waits[0] <= 900
    assert min(waits[6:]) > 900
    assert 1800 < waits[-1] <= 6 * 3600
    site.feed("/feed", ITEMS)
    assert poll().outcome == "ok"
    (due,) = row(live, "SELECT next_poll_at FROM etl.sources")
    assert 450 < (due - clock.at).total_seconds() <= 900


def test_another_host_that_somebody_asks_is_left_to_them(dsn, live, site, other, poll, clock):
    site.redirect("/old", other.url("/feed"))
    with psycopg.connect(dsn, autocommit=True) as elsewhere:
        assert hosts.hold(elsewhere, host_of_url(other.origin))
        assert poll("/old").outcome == "host_busy"
        assert not other.asked()
        assert row(live, "SELECT failures FROM etl.sources") == (0,)
    clock.sleep(900)
    assert poll("/old").outcome == "ok"


def test_a_poll_that_dies_before_its_commit_loses_nothing(live, site, poll, clock):
    live.execute("ALTER TABLE etl.sightings ADD CONSTRAINT dies CHECK (false) NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        poll()
    assert row(live, "SELECT count(*) FROM etl.pages") == (0,)
    assert row(live, "SELECT etag, outcome FROM etl.sources") == (None, None)
    live.execute("ALTER TABLE etl.sightings DROP CONSTRAINT dies")
    assert poll().new == 2


def test_a_source_with_bounds_is_polled_as_often_as_it_brings_something(live, site, poll, clock):
    bounds = {"fastest_s": 300.0, "slowest_s": 7200.0}

    def pause_s() -> float:
        poll(**bounds)
        (due,) = row(live, "SELECT next_poll_at FROM etl.sources")
        return (due - clock.at).total_seconds()

    assert 150 < pause_s() <= 300
    clock.sleep(3600)
    assert pause_s() == pytest.approx(1800, abs=SPACING_S)
    clock.sleep(6 * 3600)
    assert 3600 < pause_s() <= 7200


SOURCE = Source(
    id=1, slug=SLUG, kind="feed", url="https://example.org/feed", recipe="paper", interval_s=900.0, cron=None, zone=None,
    etag=None, last_modified=None, body_sha256=None, next_poll_at=DAY, is_active=True,
)  # fmt: skip
RULE = SourceRule("feed", SOURCE.url, "news")
BOTH = replace(RULE, fastest_s=300.0, slowest_s=7200.0)
HOURLY = [later(hours=-n) for n in range(1, YIELD_OF + 1)]
INTERVALS = {
    "no recipe": (None, HOURLY, 900),
    "no bounds": (RULE, HOURLY, 900),
    "a page an hour": (BOTH, HOURLY, 3600),
    "all at once just now": (BOTH, [DAY] * YIELD_OF, 300),
    "silent since yesterday": (BOTH, [later(days=-1)] * YIELD_OF, 7200),
    "two pages ever": (BOTH, [later(minutes=-20), later(minutes=-40)], 1200),
    "nothing ever": (BOTH, [], 7200),
    "only fastest, much news": (replace(RULE, fastest_s=300.0), [DAY], 300),
    "only fastest, little news": (replace(RULE, fastest_s=300.0), HOURLY, 900),
    "only slowest, much news": (replace(RULE, slowest_s=7200.0), [DAY], 900),
    "only slowest, little news": (replace(RULE, slowest_s=7200.0), HOURLY, 3600),
    "fastest above the interval": (replace(RULE, fastest_s=1800.0), [DAY], 1800),
    "slowest below the interval": (replace(RULE, slowest_s=600.0), [], 600),
}


@pytest.mark.parametrize(("rule", "newest", "seconds"), INTERVALS.values(), ids=INTERVALS.keys())
def test_the_interval_follows_what_the_source_brings_within_its_bounds(rule, newest, seconds):
    assert interval(SOURCE, DAY, rule=rule, newest=newest)[0] == seconds
    assert later(seconds=seconds / 2) < next_poll(SOURCE, DAY, rule=rule, newest=newest) <= later(seconds=seconds)


NIGHTS = {
    "spring, at an hour that is left out": ("30 2 * * *", "2026-03-28T12:00", ["29T01:00", "30T00:30"]),
    "spring, in the morning": ("15 6 * * *", "2026-03-28T12:00", ["29T04:15", "30T04:15"]),
    "spring, twice an hour": ("*/30 * * * *", "2026-03-29T00:05", ["29T00:30", "29T01:00", "29T01:30"]),
    "autumn, at an hour that comes twice": ("30 2 * * *", "2026-10-24T12:00", ["25T00:30", "25T01:30", "26T01:30"]),
    "autumn, in the morning": ("15 6 * * *", "2026-10-24T12:00", ["25T05:15", "26T05:15"]),
    "autumn, twice an hour": ("*/30 * * * *", "2026-10-24T23:40", ["25T00:00", "25T00:30", "25T01:00", "25T01:30"]),
}


@pytest.mark.parametrize(("cron", "start", "expected"), NIGHTS.values(), ids=NIGHTS.keys())
def test_a_cron_line_goes_on_through_the_nights_in_which_clocks_change(cron, start, expected):
    source = replace(SOURCE, cron=cron, zone="Europe/Paris")
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    moments = []
    for _ in expected:
        at = next_poll(source, at, rule=BOTH).astimezone(UTC)
        moments.append(at.strftime("%dT%H:%M"))
    assert moments == expected
