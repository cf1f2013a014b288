"""Backfills of URLs and sitemaps: every part ends once, politely, behind live work, however often it is interrupted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count
from random import Random

import pytest
from newsroom import Reply

from etl.flow.backfill import Share
from etl.store import backfill_items, backfills
from etl.store.backfill_items import NewItem
from tests.cli.test_backfill import story
from tests.flow.backfilling import begin, kit_for, page_items, work
from tests.flow.pages import DAY

ROWS = """
SELECT (SELECT count(*) FROM etl.articles), (SELECT count(*) FROM etl.article_versions),
       (SELECT count(*) FROM etl.captures), (SELECT count(DISTINCT page_id) FROM etl.captures)
"""


@pytest.fixture
def site(room):
    site = room.site("alpha")
    site.robots("User-agent: *\nDisallow: /private/\n")
    for number in range(40):
        site.page(f"/news/report-{number}.html", story(number).decode())
    return site


def reports(site, numbers=range(40)):
    return [site.url(f"/news/report-{number}.html") for number in numbers]


def test_every_part_ends_once_with_its_outcome(live, room, site, clock, tmp_path):
    other = room.site("beta")
    other.page("/news/moved-here.html", story(77).decode())
    site.redirect("/old/report-3", "/news/report-3.html", status=301)
    site.redirect("/out", other.url("/news/moved-here.html"), status=301)
    site.put("/forbidden", Reply(b"no", status=403))
    site.put("/broken", Reply(b"", status=500))
    site.page("/news/copy.html", story(5).decode())
    odd = ("/old/report-3", "/out", "/forbidden", "/broken", "/nowhere", "/private/plan.html", "/news/copy.html")
    kit = kit_for(tmp_path, clock)
    number = begin(live, kit, "urls", page_items(*reports(site), *map(site.url, odd)))
    done = work(live, kit, number, clock)
    right = {"stored": 41, "copy": 1, "unchanged": 1, "moved": 1, "http_403": 1, "http_5xx": 1, "gone": 1, "robots": 1}
    assert (done.state, done.outcomes) == ("done", right)
    assert (done.items, done.items_done, done.items_failed) == (48, 47, 1)
    assert live.execute("SELECT count(*) FROM etl.pages WHERE next_visit_at IS NOT NULL").fetchone() == (0,)
    assert site.overlaps() == 0
    asked = Counter(request.path for request in site.requests)
    assert asked["/broken"] == 4
    assert all(number == 1 for path, number in asked.items() if path not in ("/broken", "/news/report-3.html"))


def test_what_failed_is_tried_again_and_only_that(live, site, clock, tmp_path):
    site.put("/broken", Reply(b"", status=500))
    site.put("/forbidden", Reply(b"no", status=403))
    kit = kit_for(tmp_path, clock)
    number = begin(live, kit, "urls", page_items(*reports(site, range(3)), site.url("/broken"), site.url("/forbidden")))
    assert work(live, kit, number, clock).items_failed == 1
    site.page("/broken", story(90).decode())
    site.page("/forbidden", story(91).decode())
    asked = len(site.requests)
    for reasons, stored in (([], 4), (["http_403"], 5)):
        assert backfill_items.plan_again(live, number, reasons=reasons) == 1
        backfills.open_again(live, number)
        assert work(live, kit, number, clock).outcomes["stored"] == stored
    assert [request.path for request in site.requests[asked:] if request.path != "/robots.txt"] == [
        "/broken",
        "/forbidden",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_interrupted_anywhere_it_ends_with_the_same_rows(live, site, clock, tmp_path, seed):
    kit = kit_for(tmp_path, clock)
    number = begin(live, kit, "urls", page_items(*reports(site)))
    dice, killed = Random(seed), count()

    class KilledError(BaseException):
        pass

    def read(pages):
        done = kit.read(pages)
        if dice.random() < 0.5:
            raise KilledError
        return done

    class Dying:
        """The same kit, whose process dies while it reads."""

        def __getattr__(self, name):
            return read if name == "read" else getattr(kit, name)

    for _ in range(400):
        share = Share(live, Dying(), number)
        try:
            if not share.take():
                clock.at += timedelta(seconds=5)
        except KilledError:
            next(killed)
            live.execute("SELECT pg_advisory_unlock_all()")
        if not backfills.is_running(live, number):
            break
    done = backfills.progress(live, number)
    assert (done.state, done.outcomes) == ("done", {"stored": 40})
    assert live.execute(ROWS).fetchone() == (40, 40, 40, 40)
    assert next(killed) > 5


def test_live_work_goes_first_and_its_plans_stay(live, site, clock, tmp_path):
    kit = kit_for(tmp_path, clock, behind_live=True)
    number = begin(live, kit, "urls", page_items(*reports(site, range(4))))
    key = (
        "INSERT INTO etl.pages (url, url_key, host, found_at, next_visit_at) VALUES (%s, gen_random_uuid(), %s, %s, %s)"
    )
    host = f"127.0.0.1:{site.port}"
    live.execute(key, (site.url("/live.html"), host, DAY, clock.at))
    share = Share(live, kit, number)
    assert not share.take()
    assert site.requests == []
    later = clock.at + timedelta(days=1)
    live.execute("UPDATE etl.pages SET next_visit_at = %s", (later,))
    assert work(live, kit, number, clock).outcomes == {"stored": 4}
    assert live.execute("SELECT next_visit_at FROM etl.pages WHERE next_visit_at IS NOT NULL").fetchall() == [(later,)]


def test_a_part_of_the_days_budget_stays_for_live_work(live, site, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    manners = kit.tools.manners
    object.__setattr__(manners, "requests_per_day", 12)
    number = begin(live, kit, "urls", page_items(*reports(site, range(20))))
    share = Share(live, kit, number)
    share.take()
    assert len(site.requests) == 9
    assert not share.take()
    assert work(live, kit, number, clock).outcomes == {"stored": 20}
    assert clock.at > DAY + timedelta(days=1.5)


def test_pause_and_cancel_hold_at_once_and_resume_goes_on(live, site, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    number = begin(live, kit, "urls", page_items(*reports(site)))
    share = Share(live, kit, number)
    share.take()
    first = backfills.progress(live, number)
    assert 0 < first.units_done < 40
    assert first.ends_at is None or first.ends_at >= clock.at
    assert backfills.move(live, number, "paused", now=clock.at)
    assert not share.take()
    assert backfills.progress(live, number).units_done == first.units_done
    backfills.move(live, number, "running", now=clock.at)
    clock.at += timedelta(seconds=5)
    share.take()
    second = backfills.progress(live, number)
    assert second.units_done > first.units_done
    assert second.units_per_second == pytest.approx(0.5, rel=0.5)
    backfills.move(live, number, "cancelled", now=clock.at)
    assert not share.take()
    assert not backfills.move(live, number, "running", now=clock.at)


def test_no_more_hosts_at_once_than_allowed_and_no_more_bytes(live, dsn, room, clock, tmp_path):
    import psycopg

    kit = kit_for(tmp_path, clock)
    sites = [room.site(f"s{number}") for number in range(3)]
    for at, site in enumerate(sites):
        site.page("/a.html", story(at).decode())
    number = begin(live, kit, "urls", page_items(*(site.url("/a.html") for site in sites)))
    size = len(story(0))
    backfills.limit(live, number, hosts_max=1, bytes_per_second=size // 100)
    assert backfills.take(live, number, "slot 0")
    with psycopg.connect(dsn, autocommit=True) as second:
        assert not Share(second, kit, number).take()
    backfills.give_back(live, number, "slot 0")
    began = clock.at
    assert sum(work(live, kit, number, clock).outcomes.values()) == 3
    assert clock.at - began >= timedelta(seconds=90)


def urlset(site, entries) -> bytes:
    rows = "".join(
        f"<url><loc>{site.url(path)}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}{news}</url>"
        for path, lastmod, news in entries
    )
    return (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{rows}</urlset>'
    ).encode()


def news(date: str) -> str:
    return (
        "<news:news><news:publication><news:name>A</news:name><news:language>en</news:language></news:publication>"
        f"<news:publication_date>{date}</news:publication_date><news:title>T</news:title></news:news>"
    )


def sitemap_site(site):
    xml = "application/xml"
    site.put(
        "/2024.xml",
        Reply(urlset(site, [(f"/news/report-{n}.html", "2024-03-01", "") for n in range(5)]), content_type=xml),
    )
    site.put(
        "/2025.xml",
        Reply(
            urlset(
                site,
                [
                    ("/news/report-10.html", "2025-05-05", ""),
                    ("/news/report-11.html", "2025-12-24", news("2025-06-01T08:00:00Z")),  # Changed later.
                    ("/news/report-12.html", "2025-06-02", news("2019-01-01T08:00:00Z")),  # Published long before.
                    ("/news/report-13.html", "2025-08-01", ""),
                    ("/news/report-14.html", "", ""),
                    ("/news/report-10.html?utm_source=x", "2025-05-05", ""),
                ],
            ),
            content_type=xml,
        ),
    )
    index = "".join(
        f"<sitemap><loc>{site.url(f'/{year}.xml')}</loc><lastmod>{year}-12-30</lastmod></sitemap>"
        for year in (2024, 2025)
    )
    site.put("/sitemap.xml", Reply(f"<sitemapindex>{index}</sitemapindex>".encode(), content_type=xml))


@pytest.mark.parametrize(
    ("plan", "reports_asked", "children"),
    [
        pytest.param({}, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14], 2, id="all"),
        pytest.param(
            {"from": "2025-05-01T00:00:00+00:00", "to": "2025-07-01T00:00:00+00:00"},
            [10, 11],
            1,
            id="by news date, else lastmod",
        ),
        pytest.param(
            {"from": "2025-05-01T00:00:00+00:00", "to": "2025-07-01T00:00:00+00:00", "undated": True},
            [10, 11, 14],
            1,
            id="and those without a date",
        ),
    ],
)
def test_a_sitemap_is_read_by_dates_and_its_index_pruned(live, site, clock, tmp_path, plan, reports_asked, children):
    sitemap_site(site)
    kit = kit_for(tmp_path, clock)
    root = site.url("/sitemap.xml")
    number = begin(live, kit, "sitemap", [NewItem(root, "sitemap", f"127.0.0.1:{site.port}")], **plan)
    done = work(live, kit, number, clock)
    assert (done.state, done.outcomes) == ("done", {"stored": len(reports_asked)})
    asked = [request.path for request in site.requests]
    assert [path for path in asked if path.startswith("/news/")] == [f"/news/report-{n}.html" for n in reports_asked]
    assert sum(path in ("/2024.xml", "/2025.xml") for path in asked) == children
    assert live.execute("SELECT count(*) FROM etl.sources").fetchone() == (0,)


def test_a_sitemap_that_is_none_has_failed_in_words(live, site, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    root = NewItem(site.url("/news/report-1.html"), "sitemap", f"127.0.0.1:{site.port}")
    done = work(live, kit, begin(live, kit, "sitemap", [root]), clock)
    assert (done.state, done.items_failed) == ("done", 1)
    (item,) = backfills.items(live, done.backfill_id)
    assert (item.outcome, "HTML page" in item.detail) == ("not_a_sitemap", True)


def test_a_host_that_is_gone_ends_all_that_is_asked_of_it(live, room, clock, tmp_path):
    site = room.site("gone")
    urls = [site.url(f"/a-{number}.html") for number in range(200)]
    site.close()
    kit = kit_for(tmp_path, clock)
    done = work(live, kit, begin(live, kit, "urls", page_items(*urls)), clock)
    assert (done.state, done.items_failed) == ("done", 200)
    assert len(done.outcomes) == 1


def test_what_is_erased_leaves_no_address_in_the_books_of_a_backfill(live, site, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    number = begin(live, kit, "urls", page_items(*reports(site, range(3))))
    work(live, kit, number, clock)
    pages = [page_id for (page_id,) in live.execute("SELECT id FROM etl.pages WHERE url LIKE '%report-1.html'")]
    assert backfill_items.forget(live, pages) == 1
    items = {item.item for item in backfills.items(live, number)}
    assert sum("report-1.html" in item for item in items) == 0
    assert backfills.progress(live, number).outcomes == {"stored": 3}
