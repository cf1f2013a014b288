"""What pages link to becomes rows: intervals, and targets whatever their spelling."""

from __future__ import annotations

import psycopg
import pytest

from etl.flow.settle import settle
from tests.flow.pages import DAY, later, page, reading

URL = "https://www.example.org/news/ferry-quay-12345"
OTHER = (
    "A barn owl has moved into the tower of the parish church, the sexton reports.",
    "It was first heard by the bell ringers, who took the hissing for a leak in the organ.",
    "The county's bird society put up a box of larch wood and asks visitors to keep the stairs clear.",
    "Owls bred here until the storm of 1987 took the roof; two pairs nest at the mill now.",
)


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


def links(ranks: dict[str, int]) -> str:
    items = "".join(
        f'<li><span>{rank}</span> <a href="/news/{slug}">What the town says about the {slug.replace("-", " ")} today</a></li>'
        for slug, rank in ranks.items()
    )
    return f"<aside><h2>Most read</h2><ol>{items}</ol></aside>"


def test_a_rank_change_closes_one_interval_and_opens_the_next(conn):
    first = links({"market-day-1001": 1, "school-roof-1002": 2, "bus-line-1003": 3})
    then = links({"school-roof-1002": 1, "market-day-1001": 2, "bus-line-1003": 3})
    title = "Quay to be built in two parts"
    settle(conn, [reading(URL, page(title, extra=first))], now=DAY)
    settle(conn, [reading(URL, page(title, extra=first), at=later(hours=1))], now=DAY)
    settle(conn, [reading(URL, page(title, extra=then), at=later(hours=2))], now=DAY)
    line = rows(
        conn,
        """
        SELECT target_url, rank, first_observed_at, last_observed_at, still_there
        FROM news.links WHERE kind = 'most_read' ORDER BY target_url, first_observed_at
        """,
    )
    base = "https://www.example.org/news/"
    assert line == [
        (f"{base}bus-line-1003", 3, DAY, later(hours=2), True),
        (f"{base}market-day-1001", 1, DAY, later(hours=1), False),
        (f"{base}market-day-1001", 2, later(hours=2), later(hours=2), True),
        (f"{base}school-roof-1002", 2, DAY, later(hours=1), False),
        (f"{base}school-roof-1002", 1, later(hours=2), later(hours=2), True),
    ]


def test_an_unchanged_page_writes_no_link_row(conn):
    ranked = links({"market-day-1001": 1, "school-roof-1002": 2, "bus-line-1003": 3})
    body = page("Quay to be built in two parts", extra=ranked)
    state = "SELECT ctid::text, xmin::text, xmax::text, id, position, date_text FROM etl.links ORDER BY id"
    settle(conn, [reading(URL, body)], now=DAY)
    before = rows(conn, state)
    assert len(before) == 3
    conn.commit()
    other = page("Quay to be built in two parts", extra=ranked + "<footer>4 comments</footer>")
    for hours, same in ((1, body), (2, other)):
        settle(conn, [reading(URL, same, at=later(hours=hours))], now=DAY)
    assert rows(conn, state) == before
    assert rows(conn, "SELECT DISTINCT last_observed_at, still_there FROM news.links") == [(later(hours=2), True)]


TARGET = "https://www.example.org/news/market-day-1001"
SPELLINGS = {
    "as linked": (TARGET, TARGET, ""),
    "with what tracks readers": (TARGET, f"{TARGET}?utm_source=rss&utm_medium=feed", ""),
    "linked with what tracks readers": (f"{TARGET}?fbclid=IwAR0x", TARGET, ""),
    "without www, over http, with a slash": (TARGET, "http://example.org/news/market-day-1001/", ""),
    "declared canonical": (
        TARGET,
        TARGET,
        '<link rel="canonical" href="https://www.example.org/town/market-day-1001">',
    ),
    "of the print edition": (
        TARGET,
        "https://www.example.org/print/market-day-1001",
        f'<link rel="canonical" href="{TARGET}">',
    ),
}


@pytest.mark.parametrize(("linked", "arrives", "head"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_link_resolves_when_its_target_arrives_under_any_spelling(conn, linked, arrives, head):
    teaser = (
        f'<aside><h2>Read more</h2><ul><li><h3><a href="{linked}">What the market day brings</a></h3></li></ul></aside>'
    )
    settle(conn, [reading(URL, page("Quay to be built in two parts", extra=teaser))], now=DAY)
    seen = "SELECT target_url, target_article_id FROM news.links"
    assert rows(conn, seen) == [(TARGET, None)]
    before = rows(conn, "SELECT ctid::text, xmin::text FROM etl.links")
    (done,) = settle(conn, [reading(arrives, page("Market day", OTHER, head=head), at=later(hours=1))], now=DAY)
    assert done.outcome == "stored"
    assert rows(conn, seen) == [(TARGET, done.article_id)]
    assert rows(conn, "SELECT ctid::text, xmin::text FROM etl.links") == before
    assert rows(conn, f"SELECT page_url FROM news.links WHERE target_article_id = {done.article_id}") == [(URL,)]


def test_related_articles_are_told_from_both_ends(conn):
    teaser = (
        f'<aside><h2>More on this</h2><ul><li><h3><a href="{TARGET}">What the market day brings</a></h3></li>'
        '<li><h3><a href="/news/school-roof-1002">The roof of the school is mended</a></h3></li></ul></aside>'
    )
    first, second = settle(
        conn,
        [reading(URL, page("Quay in two parts", extra=teaser)), reading(TARGET, page("Market day", OTHER))],
        now=DAY,
    )
    asked = "SELECT direction, related_article_id, url, title, kind, block, still_there FROM news.related_articles({})"
    base = "https://www.example.org/news/"
    assert rows(conn, asked.format(first.article_id) + " ORDER BY position") == [
        ("to", second.article_id, TARGET, "Market day", "related", "More on this", True),
        ("to", None, f"{base}school-roof-1002", "The roof of the school is mended", "related", "More on this", True),
    ]
    assert rows(conn, asked.format(second.article_id)) == [
        ("from", first.article_id, URL, "Quay in two parts", "related", "More on this", True)
    ]


def test_who_reads_only_the_contract_may_ask_for_related_articles(conn):
    conn.execute("CREATE ROLE contract_reader_of_a_test")
    conn.execute("GRANT USAGE ON SCHEMA news TO contract_reader_of_a_test")
    conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA news TO contract_reader_of_a_test")
    conn.execute("SET LOCAL ROLE contract_reader_of_a_test")
    assert rows(conn, "SELECT * FROM news.related_articles(1)") == []
    conn.rollback()  # A role is the server's, not the database's.
