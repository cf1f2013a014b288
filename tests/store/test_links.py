"""The views of links: what consumers ask enters by an index, and a step from before finds the targets of links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from bench import links_sql
from etl.flow.reading import spell
from etl.model import Link, Moment
from etl.store import links, pages
from etl.store.links import NewLink
from etl.store.migrate import migrate

DAY = datetime(2026, 2, 7, 8, 15, tzinfo=UTC)
ASKED = {
    "page": (
        "SELECT * FROM news.links WHERE page_url = 'https://news1.example.org/section-1/a-headline-of-seven-words-1'",
        {"pages_by_url", "links_by_page"},
    ),
    "article": ("SELECT * FROM news.links WHERE article_id = 1", {"articles_pkey", "links_by_page"}),
    "target article": (
        "SELECT * FROM news.links WHERE target_article_id = 1",
        {"articles_pkey", "page_urls_by_page", "links_by_target"},
    ),
    "target URL": (
        "SELECT * FROM news.links WHERE target_url = 'https://news2.example.org/section-2/a-headline-of-seven-words-2'",
        {"links_by_target_url"},
    ),
    "ranking of a host": (
        "SELECT * FROM news.rankings WHERE host = 'news1.example.org' AND rank = 1 AND first_observed_at < now()",
        {"links_ranked"},
    ),
    "related articles": (
        "SELECT * FROM news.related_articles(1) WHERE kind = 'related'",
        {"links_by_page", "links_by_target", "articles_pkey"},
    ),
}


def test_what_is_asked_of_links_enters_by_an_index(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        links_sql.fill(conn, 6_000, 10)
        conn.execute("SET enable_seqscan = off")  # By which a small table would be read.
        for what, (query, indexes) in ASKED.items():
            plan = "\n".join(line for (line,) in conn.execute(f"EXPLAIN {query}"))
            assert "Seq Scan" not in plan, (what, plan)
            assert "Function Scan" not in plan, (what, plan)
            assert {index for index in indexes if index not in plan} == set(), (what, plan)


def test_targets_are_joined_only_when_they_are_asked_for(conn):
    plan = "\n".join(line for (line,) in conn.execute("EXPLAIN SELECT kind, target_url FROM news.links"))
    assert "page_urls" not in plan


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param(None, "news1.example.org", id="looked up when the writer does not say it"),
        pytest.param("told.example.org", "told.example.org", id="as the writer says"),
    ],
)
def test_a_link_with_a_rank_is_found_by_the_host_of_its_page(conn, told, kept):
    page_id = page_at(conn, "https://news1.example.org/a")
    key = spell("https://news1.example.org/b").url_key
    shown = [
        Link("https://news1.example.org/b", "most_read", "B", 0, rank=1),
        Link("https://x.example/", "related", "X", 1),
    ]
    hosts = {page_id: told} if told else None
    links.add(conn, [NewLink(page_id, key, link, DAY) for link in shown], hosts=hosts)
    assert conn.execute("SELECT kind, host FROM etl.links ORDER BY kind").fetchall() == [
        ("most_read", kept),
        ("related", None),
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *(
            pytest.param(text, text, id=repr(text))
            for text in ("plain", "", r"\N", "a\tb\nc\rd", r"\.", "\\", "été 日本 \U0001f600")
        ),
        pytest.param("a\0b", "ab", id="NUL"),
        pytest.param("a\ud800b\tc", "a?b\tc", id="a lone surrogate"),
    ],
)
def test_a_link_says_what_it_was_given_whatever_the_letters(conn, given, kept):
    page_id, at = page_at(conn, "https://news1.example.org/a"), DAY - timedelta(hours=3)
    read, unread = Moment(at, "day", given, "r"), Moment(None, "day", given, "r")
    full = Link("https://x.example/1", "most_read", given, 1, rank=1, block=given, kicker=given, date=read, rule=given)
    shown = [
        full,
        Link(f"https://x.example/{given}", "inline", given, 2, date=unread),
        Link("https://x.example/3", "latest", given, 3),
    ]
    rows = [NewLink(page_id, spell(link.url).url_key, link, DAY) for link in (full, shown[2])]
    links.add(
        conn, [*rows, NewLink(page_id, UUID(int=7), shown[1], DAY, DAY + timedelta(days=1))], hosts={page_id: given}
    )
    told = conn.execute("""
        SELECT url, last_observed_at, position, rank, block, title, kicker, date_text, published_at, published_precision, rule, host
        FROM etl.links ORDER BY position
        """).fetchall()
    assert told == [
        ("https://x.example/1", None, 1, 1, kept, kept, kept, kept, at, "day", kept or "unknown", kept),
        (
            f"https://x.example/{kept}",
            DAY + timedelta(days=1),
            2,
            None,
            None,
            kept,
            None,
            kept,
            None,
            None,
            "unknown",
            None,
        ),
        ("https://x.example/3", None, 3, None, None, kept, None, None, None, None, "unknown", None),
    ]


def test_a_link_that_moves_to_another_page_takes_its_host(conn):
    page_id, other = page_at(conn, "https://news1.example.org/a"), page_at(conn, "https://news2.example.org/a")
    link = Link("https://news1.example.org/b", "most_read", "B", 0, rank=1)
    links.add(conn, [NewLink(page_id, spell(link.url).url_key, link, DAY)], hosts={page_id: "news1.example.org"})
    conn.execute("UPDATE etl.links SET page_id = %(other)s", {"other": other})
    assert conn.execute("SELECT host FROM etl.links").fetchone() == ("news2.example.org",)


def page_at(conn: psycopg.Connection, url: str) -> int:
    one = spell(url)
    return pages.ensure(conn, [one], found_at=DAY, next_visit_at=None)[one.url_key][0]


SPELLINGS = {
    "as it is": ["https://www.example.org/a-1"],
    "with www and without": ["http://example.org/a-1", "https://www.example.org/a-1"],
    "with what tracks readers": ["https://www.example.org/a-1?utm_source=x", "https://www.example.org/a-1#top"],
}


@pytest.mark.parametrize("urls", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_every_page_has_the_one_spelling_that_links_join(conn, urls):
    for url in urls:
        pages.ensure(conn, [spell(url)], found_at=DAY, next_visit_at=None)
    assert anchors(conn) == [(spell(urls[0]).url_key, 1)]


@pytest.mark.parametrize("urls", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_pages_of_before_the_step_get_that_spelling(empty_dsn, urls):
    migrate(empty_dsn, to="0003")
    with psycopg.connect(empty_dsn) as conn:
        for url in urls:  # Before, a canonical URL stood under the hash of its own text.
            one = spell(url)
            pages.ensure(conn, [one], found_at=DAY, next_visit_at=None)
        conn.execute("UPDATE etl.page_urls SET variant_key = gen_random_uuid()")
    migrate(empty_dsn, to="0004")
    with psycopg.connect(empty_dsn) as conn:
        assert anchors(conn) == [(spell(urls[0]).url_key, 1)]


def anchors(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute(
        "SELECT variant_key, count(*) FROM etl.page_urls WHERE variant_key = url_key GROUP BY variant_key"
    ).fetchall()
