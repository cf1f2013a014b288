"""Old captures read again: versions, links and stories become what they say now, and nothing else is written."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from etl.errors import Misconfigured
from etl.fetch.archive import Archive
from etl.flow.reading import read_capture, read_front, with_links
from etl.flow.redigest import Redigest, parts, redigest_pages, run_redigest
from etl.flow.settle import EXTRACTOR, settle
from etl.recipe.form import read_recipe
from etl.recipe.shelf import Shelf
from etl.store import backfills, redigests
from etl.store.redigests import Meant
from tests.flow.pages import DAY, SENTENCES, later, page
from tests.flow.redigesting import NOW, TITLE, URL, Press, titled, without_last
from tests.flow.test_settle import OTHER

STATE = """
    SELECT 'version', id::text, xmin::text FROM etl.article_versions
    UNION ALL SELECT 'link', id::text, xmin::text FROM etl.links
    UNION ALL SELECT 'article', id::text, xmin::text FROM etl.articles
    UNION ALL SELECT 'capture', id::text, xmin::text FROM etl.captures
    UNION ALL SELECT 'page', id::text, xmin::text FROM etl.pages
    UNION ALL SELECT 'key', key::text || '/' || article_id, xmin::text FROM etl.article_keys
    ORDER BY 1, 2
"""


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


@pytest.fixture
def archive(tmp_path):
    opened = Archive(tmp_path / "archive")
    yield opened
    opened.close()


@pytest.fixture
def press(conn, archive):
    return Press(conn, archive)


def versions(conn) -> list[tuple]:
    return rows(
        conn,
        "SELECT title, valid_from, valid_to, changed_fields, materiality FROM etl.article_versions ORDER BY valid_from",
    )


def test_what_reads_the_same_is_not_written(press, conn):
    press.store(page(TITLE))
    press.store(page(TITLE, OTHER), url="https://www.example.net/owl-77")
    press.store(page("Quay begun"), at=later(hours=2))
    before = rows(conn, STATE)
    assert [one.outcome for one in press.again()] == ["same", "same"]
    assert [one.outcome for one in press.again(rejudges_all=True)] == ["same", "same"]
    assert rows(conn, STATE) == before


def test_a_better_reading_rewrites_the_version_in_its_place(press, conn):
    press.store(page(TITLE), as_read=without_last)
    conn.execute("UPDATE etl.article_versions SET extractor = '0'")
    (number,) = rows(conn, "SELECT id FROM etl.article_versions")
    due = rows(conn, "SELECT next_visit_at, visits, captured_at, outcome FROM etl.pages")
    (told,) = press.again()
    assert told.outcome == "rewritten"
    assert [change.name for change in told.fields] == ["body"]
    assert told.fields[0].after == told.fields[0].before + "\n" + SENTENCES[-1]
    assert versions(conn) == [(TITLE, DAY, None, [], None)]
    assert rows(conn, "SELECT id FROM etl.article_versions") == [number]
    assert rows(conn, "SELECT text FROM news.articles") == [("\n".join(SENTENCES),)]
    assert rows(conn, "SELECT extractor <> '0' FROM etl.article_versions") == [(True,)]
    assert rows(conn, "SELECT next_visit_at, visits, captured_at, outcome FROM etl.pages") == due
    assert [one.outcome for one in press.again()] == ["same"]


def test_the_feed_of_changes_tells_an_update(press, conn):
    press.store(page(TITLE), as_read=without_last)
    ((reached,),) = rows(conn, "SELECT max(cursor) FROM etl.changes")
    press.again()
    assert rows(conn, f"SELECT kind, operation FROM etl.changes WHERE cursor > {reached}") == [("v", "u")]


def test_a_dry_run_tells_the_same_and_writes_nothing(press, conn):
    press.store(page(TITLE), as_read=without_last)
    before = rows(conn, STATE)
    would = press.again(keeps=False)
    assert rows(conn, STATE) == before
    assert press.again() == would


HISTORY = {
    "what the older program took for an edit": (
        [(page(TITLE), lambda a: a), (page(TITLE, extra="<aside>9 comments</aside>"), titled("Quay | Example"))],
        [(TITLE, DAY, None, [], None)],
        (0, 1),
    ),
    "an edit that the older program did not see": (
        [(page(TITLE), titled("Quay")), (page("Quay begun"), titled("Quay"))],
        [(TITLE, DAY, later(hours=1), [], None), ("Quay begun", later(hours=1), None, ["title"], "headline")],
        (1, 0),
    ),
    "a true edit, each side read better": (
        [(page(TITLE), without_last), (page("Quay begun"), without_last)],
        [(TITLE, DAY, later(hours=1), [], None), ("Quay begun", later(hours=1), None, ["title"], "headline")],
        (0, 0),
    ),
    "a text that came back": (
        [(page(TITLE), titled("Quay")), (page("Quay begun"), titled("Quay")), (page(TITLE), titled("Quay"))],
        [
            (TITLE, DAY, later(hours=1), [], None),
            ("Quay begun", later(hours=1), later(hours=2), ["title"], "headline"),
            (TITLE, later(hours=2), None, ["title"], "headline"),
        ],
        (2, 0),
    ),
}


@pytest.mark.parametrize(("captured", "line", "moved"), HISTORY.values(), ids=HISTORY.keys())
def test_the_history_is_told_anew_in_its_order(press, conn, captured, line, moved):
    for hours, (body, as_read) in enumerate(captured):
        press.store(body, at=later(hours=hours), as_read=as_read)
    (told,) = press.again()
    assert (told.versions_added, told.versions_removed) == moved
    assert versions(conn) == line
    assert rows(conn, "SELECT first_seen_at, changed_at FROM etl.articles") == [(line[0][1], line[-1][1])]
    assert [one.outcome for one in press.again()] == ["same"]


def test_a_version_whose_bytes_are_gone_stays_as_it_is(press, conn):
    first = press.store(page(TITLE), as_read=without_last)
    press.store(page("Quay begun"), at=later(hours=1), as_read=without_last)
    press.archive.sync()
    press.archive.overwrite(first.capture.place, at=NOW)
    (told,) = press.again()
    assert told.outcome == "rewritten"
    assert [row[:3] for row in versions(conn)] == [(TITLE, DAY, later(hours=1)), ("Quay begun", later(hours=1), None)]
    assert rows(conn, "SELECT text LIKE '%summer traffic%' FROM etl.article_versions ORDER BY valid_from") == [
        (False,),
        (True,),
    ]


def test_a_later_capture_gives_a_version_its_text_when_its_own_is_gone(press, conn):
    first = press.store(page(TITLE), as_read=without_last)
    press.store(page(TITLE, extra="<aside>2 comments</aside>"), at=later(hours=1), as_read=without_last)
    press.archive.sync()
    press.archive.overwrite(first.capture.place, at=NOW)
    press.again()
    assert versions(conn) == [(TITLE, DAY, None, [], None)]
    assert rows(conn, "SELECT text LIKE '%summer traffic%' FROM etl.article_versions") == [(True,)]


def test_what_was_loaded_without_bytes_is_kept(press, conn):
    read = read_capture(press.capture(URL, page(TITLE), DAY), page(TITLE))
    settle(conn, [replace(read, external_id="a1")], now=DAY)
    conn.commit()
    before = rows(conn, STATE)
    assert [one.outcome for one in press.again()] == ["kept"]
    assert rows(conn, STATE) == before


def test_a_page_that_held_no_article_gets_one_without_a_visit(press, conn):
    read = read_capture(press.capture(URL, page(TITLE), DAY), page(TITLE))
    settle(conn, [replace(read, outcome="not_an_article", content_key=b"", signature_keys=())], now=DAY)
    conn.execute("UPDATE etl.pages SET next_visit_at = %s", (later(days=40),))
    conn.commit()
    due = rows(conn, "SELECT next_visit_at, visits FROM etl.pages")
    (told,) = press.again()
    assert told.outcome == "stored"
    assert rows(conn, "SELECT title, first_seen_at FROM news.articles") == [(TITLE, DAY)]
    assert rows(conn, "SELECT outcome FROM etl.captures") == [("stored",)]
    assert rows(conn, "SELECT next_visit_at, visits FROM etl.pages") == due
    assert [one.outcome for one in press.again()] == ["same"]


def test_an_article_that_no_program_finds_any_more_is_kept_and_named(press, conn):
    empty = b"<!doctype html><html><head><title>Search</title></head><body><p>Search</p></body></html>"
    read = read_capture(press.capture(URL, empty, DAY), empty)
    article = read_capture(press.capture(URL, page(TITLE), DAY), page(TITLE))
    settle(conn, [replace(article, capture=read.capture)], now=DAY)
    conn.commit()
    assert [one.outcome for one in press.again()] == ["lost"]
    assert rows(conn, "SELECT title FROM news.articles") == [(TITLE,)]


def ranked(ranks: dict[str, int]) -> str:
    items = "".join(
        f'<li><span>{rank}</span> <a href="/news/{slug}">What the town says about the {slug.replace("-", " ")} today</a></li>'
        for slug, rank in ranks.items()
    )
    return f"<aside><h2>Most read</h2><ol>{items}</ol></aside>"


LINKS = "SELECT url, kind, rank, block, title, first_observed_at, last_observed_at FROM etl.links ORDER BY 1, 6, 5"


def test_links_are_told_anew_in_their_intervals(press, conn, dsn):
    first = ranked({"market-day-1001": 1, "school-roof-1002": 2, "bus-line-1003": 3})
    then = ranked({"school-roof-1002": 1, "market-day-1001": 2, "bus-line-1003": 3})
    bodies = [page(TITLE, extra=first), page(TITLE, extra=first), page(TITLE, extra=then)]

    def misread(article):
        return replace(article, links=tuple(replace(link, title="What", rank=None) for link in article.links[:-1]))

    for hours, body in enumerate(bodies):
        press.store(body, at=later(hours=hours), as_read=misread)
    (told,) = press.again()
    assert told.outcome == "rewritten"
    assert (told.links_added, told.links_removed) == (5, 2)
    line = rows(conn, LINKS)
    conn.execute("DELETE FROM etl.pages")
    for hours, body in enumerate(bodies):
        press.store(body, at=later(hours=hours))
    assert line == rows(conn, LINKS)


def test_a_front_stays_a_front_and_its_links_are_told_anew(press, conn):
    body = page("The front of the day", extra=ranked({"market-day-1001": 1, "school-roof-1002": 2, "bus-line-1003": 3}))
    body = body.replace(b"/news/", b"/2026/02/07/")
    front = read_front(press.capture("https://www.example.org/", body, DAY), body)
    assert front.article is not None
    settle(conn, [with_links(replace(front, article=replace(front.article, links=front.article.links[:1])))], now=DAY)
    conn.commit()
    (told,) = press.again()
    assert (told.outcome, told.links_added, told.links_removed) == ("rewritten", 2, 0)
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(0,)]
    assert rows(conn, "SELECT outcome FROM etl.captures") == [("front",)]
    assert [row[2] for row in rows(conn, LINKS)] == [3, 1, 2]
    assert [one.outcome for one in press.again()] == ["not_an_article"]


def test_links_seen_before_what_can_be_read_stay_until_then(press, conn):
    first = press.store(page(TITLE, extra=ranked({"market-day-1001": 1, "bus-line-1003": 2, "school-roof-1002": 3})))
    then = ranked({"market-day-1001": 1, "school-roof-1002": 2, "bus-line-1003": 3})
    press.store(page(TITLE, extra=then), at=later(hours=1), as_read=lambda a: replace(a, links=a.links[:1]))
    press.archive.sync()
    press.archive.overwrite(first.capture.place, at=NOW)
    press.again()
    base = "https://www.example.org/news/"
    assert [(row[0], row[2], row[5], row[6]) for row in rows(conn, LINKS)] == [
        (f"{base}bus-line-1003", 2, DAY, DAY),
        (f"{base}bus-line-1003", 3, later(hours=1), None),
        (f"{base}market-day-1001", 1, DAY, None),
        (f"{base}school-roof-1002", 3, DAY, DAY),
        (f"{base}school-roof-1002", 2, later(hours=1), None),
    ]


RECIPE = """
home = "https://www.example.org/"
[extract]
title = "h2.true"
"""


def test_a_new_recipe_is_read_over_old_captures(press, conn):
    press.store(page(TITLE, extra='<h2 class="true">The quay as its paper calls it</h2>'))
    press.shelf = Shelf.of([read_recipe(RECIPE, name="example", file="example.toml")])
    (told,) = press.again()
    assert [(change.name, change.after) for change in told.fields if change.name == "title"] == [
        ("title", "The quay as its paper calls it")
    ]
    assert [row[0] for row in versions(conn)] == ["The quay as its paper calls it"]


MEANT = {
    "all": (Meant(), ["/a-1", "/b-2", "/c-3"]),
    "a condition": (Meant(where="title LIKE 'Quay%' -- of mine"), ["/a-1"]),
    "an extractor": (Meant(before_extractor=int(EXTRACTOR)), ["/b-2", "/c-3"]),
    "a later extractor": (Meant(before_extractor=int(EXTRACTOR) + 1), ["/a-1", "/b-2", "/c-3"]),
    "captured from": (Meant(captured_from=later(hours=1)), ["/b-2", "/c-3"]),
    "captured before": (Meant(captured_before=later(hours=1)), ["/a-1"]),
    "a source": (Meant(source="example/rss"), ["/b-2"]),
    "a recipe": (Meant(source="example"), ["/b-2"]),
}


@pytest.mark.parametrize(("meant", "paths"), MEANT.values(), ids=MEANT.keys())
def test_what_is_meant(press, conn, meant, paths):
    base = "https://www.example.org/news"
    press.store(page(TITLE), url=f"{base}/a-1")
    press.store(page("Owl", OTHER), url=f"{base}/b-2", at=later(hours=1))
    press.store(b"<html><body><p>Search</p></body></html>", url=f"{base}/c-3", at=later(hours=2))
    conn.execute("UPDATE etl.article_versions SET extractor = '0' WHERE title = 'Owl'")
    conn.execute(
        """
        WITH named AS (
            INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
            VALUES ('example/rss', 'feed', 'https://www.example.org/rss', 'www.example.org', 'example', 60, now(), now())
            RETURNING id)
        INSERT INTO etl.sightings (page_id, source_id, found_by, first_seen_at, last_seen_at)
        SELECT p.id, named.id, 'feed', now(), now() FROM etl.pages p, named WHERE p.url LIKE '%/b-2'
        """
    )
    conn.commit()
    ids = redigests.meant_pages(conn, meant, after=0, last=2**62, limit=9)
    assert [row[0].removeprefix(base) for row in rows(conn, "SELECT url FROM etl.pages ORDER BY id")] == [
        "/a-1",
        "/b-2",
        "/c-3",
    ]
    found = conn.execute("SELECT url FROM etl.pages WHERE id = ANY (%s) ORDER BY id", (ids,)).fetchall()
    assert [url.removeprefix(base) for (url,) in found] == paths
    assert redigests.extent(conn, meant).pages == len(paths)
    assert redigests.sample(conn, meant, limit=9) == ids


@pytest.mark.parametrize(
    "where", ["titel = 'x'", "title = ", "title = 'x'; DROP TABLE etl.articles", "nextval('etl.captures_id_seq') > 0"]
)
def test_a_condition_that_is_none_is_the_users_mistake(press, conn, where):
    press.store(page(TITLE))
    with pytest.raises(Misconfigured, match=r"--where|read-only"):
        redigests.extent(conn, Meant(where=where))


def test_a_page_that_changes_while_it_is_read_is_read_once_more(press, conn, dsn):
    press.store(page(TITLE), as_read=without_last)
    visited = []

    def read(some):
        if not visited:
            visited.append(1)
            with psycopg.connect(dsn) as other:
                Press(other, press.archive).store(page("Quay begun"), at=later(hours=1))
        return press.read(some)

    ids = redigests.meant_pages(conn, Meant(), after=0, last=2**62, limit=9)
    conn.commit()
    redigest_pages(conn, ids, Redigest(read, lambda: NOW))
    assert [row[0] for row in versions(conn)] == [TITLE, "Quay begun"]
    assert rows(conn, "SELECT text LIKE '%summer traffic%' FROM etl.article_versions") == [(True,), (True,)]


def test_what_was_killed_goes_on_behind_the_last_page(press, conn, monkeypatch):
    monkeypatch.setattr("etl.flow.redigest.PAGES_PER_BATCH", 2)
    for number in range(5):
        press.store(page(f"{TITLE} {number}"), url=f"https://www.example.org/news/quay-{number}", as_read=without_last)
    job, _ = backfills.begin(conn, "redigest", {}, parts(5), by="jo@desk", now=NOW)
    conn.commit()
    conn.autocommit = True

    def read(some):
        if press.archive and rows(conn, "SELECT reached FROM etl.backfill_items") == [(4,)]:
            raise KeyboardInterrupt
        return press.read(some)

    with pytest.raises(KeyboardInterrupt):
        run_redigest(conn, job, Meant(), Redigest(read, lambda: NOW))
    assert backfills.totals(conn, job.id) == {"rewritten": 4}
    assert run_redigest(conn, job, Meant(), Redigest(press.read, lambda: NOW))
    assert backfills.totals(conn, job.id) == {"rewritten": 5}
    assert backfills.get(conn, job.id).state == "done"
    assert rows(conn, "SELECT count(*) FROM news.articles WHERE text LIKE '%summer traffic%'") == [(5,)]
