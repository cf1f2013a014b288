"""Discovery by links: which links of a source's articles become pages, how far and how many, and what a second digest adds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import psycopg
import pytest

from etl.flow.digest import digest_pending
from etl.flow.listed import listed_sources
from etl.flow.reading import read_capture, spell
from etl.flow.settle import Settled
from etl.recipe import read_recipe
from etl.recipe.shelf import Shelf
from etl.store import captures, pages, sightings, sources
from etl.store.sightings import Sighting
from tests.flow.pages import DAY, capture, later, page

SITE = "https://www.example.org"
FIRST = f"{SITE}/news/ferry-quay-12345"
RELATED = {
    "market-day-1001": "Market day moves to the old harbour square",
    "school-roof-1002": "School roof to be repaired before the autumn",
    "bus-line-1003": "Bus line to the hospital runs again from Monday",
}


def recipe(source: str, *, name: str = "example", home: str = SITE, fetch: str = "") -> str:
    return f"home = '{home}/'\n[[sources]]\nkind = 'feed'\nurl = '{home}/rss.xml'\nname = 'une'\n{source}\n[fetch]\n{fetch}"


def shelf_of(*texts: str) -> Shelf:
    return Shelf.of(read_recipe(text, name=f"site{n}", file=f"site{n}.toml") for n, text in enumerate(texts))


def sync(conn: psycopg.Connection, shelf: Shelf) -> None:
    sources.sync(conn, listed_sources(shelf), now=DAY)


def with_links(title: str, targets: Mapping[str, str], *, base: str = "/news/") -> bytes:
    items = "".join(f'<li><h3><a href="{base}{slug}">{words}</a></h3></li>' for slug, words in targets.items())
    return page(title, extra=f"<aside><h2>More on this</h2><ul>{items}</ul></aside>")


def name(conn: psycopg.Connection, url: str, *, source_id: int = 1) -> int:
    """Let the source name the page, as a poll does."""
    spelled = spell(url)
    page_id, _ = pages.ensure(conn, [spelled], found_at=DAY, next_visit_at=None)[spelled.url_key]
    sightings.add(conn, source_id, [Sighting(page_id, "feed")], now=DAY)
    return page_id


def digest(conn: psycopg.Connection, shelf: Shelf, bodies: Mapping[str, bytes], *, at: datetime = DAY) -> list[Settled]:
    """Capture the pages, which are known, and digest what waits."""
    known = pages.find(conn, [spell(url).url_key for url in bodies])
    captures.add(
        conn,
        [replace(capture(url, body, at=at), page_id=known[spell(url).url_key]) for url, body in bodies.items()],
        now=at,
    )
    return digest_pending(
        conn,
        lambda waiting: [read_capture(one, bodies[one.url], shelf=shelf) for one in waiting],
        now=lambda: at,
        shelf=shelf,
    )


def found(conn: psycopg.Connection) -> list[tuple]:
    """Return (path, source, depth) of what was found by links."""
    rows = conn.execute(
        "SELECT url, source, depth FROM news.sightings WHERE found_by = 'link' ORDER BY first_seen_at, position, url"
    ).fetchall()
    return [(url.removeprefix(SITE), source, depth) for url, source, depth in rows]


def paths(conn: psycopg.Connection) -> list[str]:
    return [path for path, _, _ in found(conn)]


ALL = [f"/news/{slug}" for slug in RELATED]


def test_related_articles_become_pages_due_now_with_their_sighting(conn):
    shelf = shelf_of(recipe("follow = ['related']"))
    sync(conn, shelf)
    name(conn, FIRST)
    (done,) = digest(conn, shelf, {FIRST: with_links("Quay to be built in two parts", RELATED)}, at=later(hours=1))
    assert done.outcome == "stored"
    assert found(conn) == [(path, "site0/une", 1) for path in ALL]
    assert conn.execute(
        "SELECT next_visit_at, found_at FROM etl.pages WHERE url <> %s GROUP BY 1, 2", [FIRST]
    ).fetchall() == [(later(hours=1), later(hours=1))]
    assert conn.execute("SELECT title, first_seen_at FROM news.sightings WHERE url LIKE '%%market%%'").fetchall() == [
        (RELATED["market-day-1001"], later(hours=1))
    ]


WANTED = {
    "nothing is followed unless the recipe says so": ("", "", "/news/", []),
    "another kind": ("follow = ['most_read', 'inline']", "", "/news/", []),
    "another site": ("follow = ['related']", "", "https://other.example.net/news/", []),
    "a sub-domain is the same site": (
        "follow = ['related']",
        "",
        "https://sport.example.org/news/",
        [f"https://sport.example.org{path}" for path in ALL],
    ),
    "denied by the recipe": ("follow = ['related']", "deny = ['/news/bus-']", "/news/", ALL[:2]),
    "not among the allowed": ("follow = ['related']", "allow = ['/sport/']", "/news/", []),
    "a budget of two": ("follow = ['related']\nfollow_per_day = 2", "", "/news/", ALL[:2]),
}


@pytest.mark.parametrize(("source", "fetch", "base", "expected"), WANTED.values(), ids=WANTED.keys())
def test_only_what_the_recipe_wants_is_followed(conn, source, fetch, base, expected):
    shelf = shelf_of(recipe(source, fetch=fetch))
    sync(conn, shelf)
    name(conn, FIRST)
    digest(conn, shelf, {FIRST: with_links("Quay to be built in two parts", RELATED, base=base)})
    assert sorted(paths(conn)) == sorted(expected)


def test_a_second_digest_adds_nothing(conn):
    shelf = shelf_of(recipe("follow = ['related']"))
    sync(conn, shelf)
    name(conn, FIRST)
    body = with_links("Quay to be built in two parts", RELATED)
    digest(conn, shelf, {FIRST: body})
    before = conn.execute("SELECT ctid, xmin, * FROM etl.sightings ORDER BY page_id").fetchall()
    digest(conn, shelf, {FIRST: body + b"<!-- again -->"}, at=later(hours=1))
    assert conn.execute("SELECT ctid, xmin, * FROM etl.sightings ORDER BY page_id").fetchall() == before
    assert conn.execute("SELECT count(*) FROM etl.pages").fetchall() == [(4,)]


def test_what_is_known_under_any_spelling_or_buried_is_left_alone(conn):
    shelf = shelf_of(recipe("follow = ['related']"))
    sync(conn, shelf)
    name(conn, FIRST)
    name(conn, "http://example.org/news/market-day-1001/?utm_source=rss")
    conn.execute(
        "INSERT INTO etl.tombstones (url_key, reason, buried_at) VALUES (%s, 'erased', %s)",
        [spell(f"{SITE}/news/school-roof-1002").url_key, DAY],
    )
    digest(conn, shelf, {FIRST: with_links("Quay to be built in two parts", RELATED)})
    assert paths(conn) == ["/news/bus-line-1003"]
    assert conn.execute("SELECT next_visit_at FROM etl.pages WHERE url LIKE '%%market%%'").fetchall() == [(None,)]


@pytest.mark.parametrize(("depth", "links_away"), [(1, 1), (2, 2), (3, 3)])
def test_links_are_followed_as_deep_as_the_recipe_says(conn, depth, links_away):
    shelf = shelf_of(recipe(f"follow = ['related']\nfollow_depth = {depth}"))
    sync(conn, shelf)
    name(conn, FIRST)
    url = FIRST
    for number in range(1, 5):
        if not pages.find(conn, [spell(url).url_key]):
            break
        nearest = {f"{slug}{number}": f"{words}, part {number}" for slug, words in RELATED.items()}
        digest(conn, shelf, {url: with_links(f"Story number {number} of the quay", nearest)}, at=later(hours=number))
        url = f"{SITE}/news/market-day-1001{number}"
    assert max(one for _, _, one in found(conn)) == links_away


def test_what_the_source_names_later_counts_as_its_own(conn):
    shelf = shelf_of(recipe("follow = ['related']"))
    sync(conn, shelf)
    name(conn, FIRST)
    digest(conn, shelf, {FIRST: with_links("Quay to be built in two parts", RELATED)})
    second = f"{SITE}/news/market-day-1001"
    name(conn, second)
    digest(
        conn,
        shelf,
        {second: with_links("Market day moves", {"fish-stall-2001": "The fish stall of the Perrin family closes"})},
    )
    assert ("/news/fish-stall-2001", "site0/une", 1) in found(conn)


def test_the_budget_is_of_a_utc_day(conn):
    shelf = shelf_of(recipe("follow = ['related']\nfollow_per_day = 1"))
    sync(conn, shelf)
    name(conn, FIRST)
    for hours, count in ((0, 1), (15, 1), (16, 2)):  # DAY is 08:15: sixteen hours later is the next day.
        body = with_links(f"Quay to be built in {hours} parts", RELATED)
        digest(conn, shelf, {FIRST: body}, at=later(hours=hours))
        assert len(found(conn)) == count


def test_a_page_folded_into_its_canonical_url_still_counts_as_sighted(conn):
    shelf = shelf_of(recipe("follow = ['related']"))
    sync(conn, shelf)
    asked = f"{SITE}/print-edition/ferry-quay-12345"
    name(conn, asked)
    head = f'<link rel="canonical" href="{FIRST}"></head>'.encode()
    body = with_links("Quay to be built in two parts", RELATED).replace(b"</head>", head)
    digest(conn, shelf, {asked: body})
    assert conn.execute("SELECT url FROM news.articles").fetchall() == [(FIRST,)]
    assert paths(conn) == ALL


def test_a_page_that_is_no_article_or_no_longer_the_newest_leads_nowhere(conn):
    shelf = shelf_of(recipe("follow = ['related']"))
    sync(conn, shelf)
    name(conn, FIRST)
    front = f"{SITE}/news/"
    name(conn, front)
    items = "".join(f'<li><h3><a href="/news/{slug}">{words}</a></h3></li>' for slug, words in RELATED.items())
    digest(conn, shelf, {front: f"<html><body><h2>News</h2><ul>{items}</ul></body></html>".encode()})
    digest(conn, shelf, {FIRST: page("Quay to be built in two parts")}, at=later(hours=2))
    digest(conn, shelf, {FIRST: with_links("Quay to be built in two parts", RELATED)}, at=later(hours=1))
    assert found(conn) == []


def test_digests_at_the_same_time_keep_to_one_budget(dsn):
    shelf = shelf_of(recipe("follow = ['related']\nfollow_per_day = 5"))
    bodies: list[dict[str, bytes]] = []
    with psycopg.connect(dsn) as conn:
        sync(conn, shelf)
        for number in range(6):
            url = f"{SITE}/news/ferry-quay-{number}"
            name(conn, url)
            nearest = {f"{slug}{number % 3}": f"{words}, part {number % 3}" for slug, words in RELATED.items()}
            bodies.append({url: with_links(f"Story number {number} of the quay", nearest)})
    errors: list[BaseException] = []
    start = threading.Barrier(len(bodies))

    def work(mine: dict[str, bytes]) -> None:
        try:
            with psycopg.connect(dsn) as conn:
                start.wait()
                every = {url: body for one in bodies for url, body in one.items()}
                known = pages.find(conn, [spell(url).url_key for url in mine])
                captures.add(
                    conn,
                    [replace(capture(url, body), page_id=known[spell(url).url_key]) for url, body in mine.items()],
                    now=DAY,
                )
                conn.commit()
                read = lambda waiting: [read_capture(one, every[one.url], shelf=shelf) for one in waiting]  # noqa: E731
                while digest_pending(conn, read, now=lambda: DAY, shelf=shelf, limit=1):
                    conn.commit()
        except BaseException as error:  # noqa: BLE001  reported by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with psycopg.connect(dsn) as conn:
        assert len(found(conn)) == 5
        assert conn.execute("SELECT count(*) FROM news.articles").fetchall() == [(6,)]


def test_two_sites_on_one_server_keep_to_themselves(conn):
    shelf = shelf_of(recipe("follow = ['related']"), recipe("", home=f"{SITE}/sport"))
    sync(conn, shelf)
    name(conn, FIRST)
    digest(conn, shelf, {FIRST: with_links("Quay to be built in two parts", RELATED, base="/sport/")})
    assert found(conn) == []
