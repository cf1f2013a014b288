"""Readings become rows: verdicts, versions, and what happens to a page that cannot be stored."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest

from etl.flow.reading import keyed
from etl.flow.settle import settle
from etl.model import Block
from tests.flow.pages import DAY, SENTENCES, later, page, reading

URL = "https://www.example.org/news/ferry-quay-12345"
OTHER = (
    "A barn owl has moved into the tower of the parish church, the sexton reports.",
    "It was first heard by the bell ringers, who took the hissing for a leak in the organ.",
    "The county's bird society put up a box of larch wood and asks visitors to keep the stairs clear.",
    "Owls bred here until the storm of 1987 took the roof; two pairs nest at the mill now.",
)


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


def versions(conn: psycopg.Connection) -> list[tuple]:
    return rows(conn, "SELECT title, valid_from, valid_to FROM etl.article_versions ORDER BY valid_from")


def test_a_new_page_gives_article_version_story_and_capture(conn):
    (done,) = settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    assert done.outcome == "stored"
    assert rows(conn, "SELECT count(*) FROM news.articles") == [(1,)]
    assert rows(conn, "SELECT title, valid_from, valid_to FROM news.article_versions") == [
        ("Quay to be built in two parts", DAY, None)
    ]
    assert rows(conn, "SELECT url, outcome, visits FROM etl.pages") == [(URL, "stored", 1)]
    assert rows(conn, "SELECT outcome, digested_at IS NOT NULL FROM etl.captures") == [("stored", True)]


def test_the_same_capture_twice_writes_nothing(conn, dsn):
    read = reading(URL, page("Quay to be built in two parts"))
    settle(conn, [read], now=DAY)
    before = rows(
        conn, "SELECT xmin::text, ctid::text FROM etl.pages UNION ALL SELECT xmin::text, ctid::text FROM etl.captures"
    )
    (again,) = settle(conn, [read], now=later(days=1))
    after = rows(
        conn, "SELECT xmin::text, ctid::text FROM etl.pages UNION ALL SELECT xmin::text, ctid::text FROM etl.captures"
    )
    assert again.outcome == "known"
    assert before == after


def test_the_same_text_later_is_no_new_version(conn):
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    other = page("Quay to be built in two parts", extra="<aside>3 comments</aside>")
    (done,) = settle(conn, [reading(URL, other, at=later(hours=1))], now=later(hours=1))
    assert done.outcome == "unchanged"
    assert len(versions(conn)) == 1
    assert rows(conn, "SELECT captured_at, visits FROM etl.pages") == [(later(hours=1), 2)]


def test_a_changed_headline_makes_exactly_one_version(conn):
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    (done,) = settle(
        conn, [reading(URL, page("Quay to be built in three parts"), at=later(hours=1))], now=later(hours=1)
    )
    assert done.outcome == "changed"
    assert versions(conn) == [
        ("Quay to be built in two parts", DAY, later(hours=1)),
        ("Quay to be built in three parts", later(hours=1), None),
    ]
    assert rows(conn, "SELECT changed_fields, materiality FROM etl.article_versions WHERE valid_to IS NULL") == [
        (["title"], "headline")
    ]


OLDER = {
    "before the first, other text": (
        -1,
        "Quay delayed",
        "earlier_version",
        ["Quay delayed", "Quay agreed", "Quay begun"],
    ),
    "before the first, same text": (-1, "Quay agreed", "unchanged", ["Quay agreed", "Quay begun"]),
    "inside the first, other text": (
        1,
        "Quay doubted",
        "earlier_version",
        ["Quay agreed", "Quay doubted", "Quay begun"],
    ),
    "inside the first, same text": (1, "Quay agreed", "unchanged", ["Quay agreed", "Quay begun"]),
    "inside the first, text of the second": (1, "Quay begun", "unchanged", ["Quay agreed", "Quay begun"]),
}


@pytest.mark.parametrize(("hours", "title", "outcome", "titles"), OLDER.values(), ids=OLDER.keys())
def test_an_older_capture_takes_its_own_place(conn, hours, title, outcome, titles):
    settle(conn, [reading(URL, page("Quay agreed"))], now=DAY)
    settle(conn, [reading(URL, page("Quay begun"), at=later(hours=2))], now=DAY)
    (done,) = settle(conn, [reading(URL, page(title), at=later(hours=hours))], now=later(days=9), is_live=False)
    assert done.outcome == outcome
    line = versions(conn)
    assert [row[0] for row in line] == titles
    assert all(ends == begins for (_, _, ends), (_, begins, _) in pairwise(line))
    assert line[-1][2] is None
    assert rows(conn, "SELECT first_seen_at, changed_at FROM etl.articles") == [(line[0][1], line[-1][1])]


def test_a_version_goes_on_after_an_older_capture_in_its_middle(conn):
    for hours in (0, 4):
        settle(conn, [reading(URL, page("Quay agreed"), at=later(hours=hours))], now=DAY)
    settle(conn, [reading(URL, page("Quay doubted"), at=later(hours=2))], now=DAY)
    assert [(row[0], row[1]) for row in versions(conn)] == [
        ("Quay agreed", DAY),
        ("Quay doubted", later(hours=2)),
        ("Quay agreed", later(hours=4)),
    ]


def test_captures_in_any_order_give_the_same_history(conn):
    titles = {0: "Quay agreed", 1: "Quay begun", 2: "Quay begun", 3: "Quay flooded"}
    readings = [reading(URL, page(title), at=later(hours=hour)) for hour, title in titles.items()]
    for number in (2, 0, 3, 1):
        settle(conn, [readings[number]], now=later(days=1), is_live=False)
    assert [(row[0], row[1]) for row in versions(conn)] == [
        ("Quay agreed", DAY),
        ("Quay begun", later(hours=1)),
        ("Quay flooded", later(hours=3)),
    ]


def test_a_copy_on_another_site_joins_the_story(conn):
    first = reading(URL, page("Quay to be built in two parts"))
    second = reading("https://news.example.net/a/quay-9", page("New quay comes in two parts"), at=later(minutes=5))
    third = reading("https://www.example.com/owl-in-the-tower-77", page("Owl in the tower", OTHER))
    done = settle(conn, [first, second, third], now=DAY)
    assert [one.outcome for one in done] == ["stored", "copy", "stored"]
    stories = rows(conn, "SELECT story_id, copy_of IS NOT NULL, similarity FROM etl.articles ORDER BY id")
    by_outcome = sorted(stories, key=lambda row: row[1])
    assert len({row[0] for row in stories}) == 2
    assert by_outcome[-1][2] == pytest.approx(1.0)
    assert rows(conn, "SELECT count(*) FROM etl.stories") == [(2,)]


def test_a_page_that_cannot_be_stored_is_named_and_the_next_is_stored(conn):
    good = reading(URL, page("Quay to be built in two parts"))
    bad = reading("https://www.example.org/news/owl-1", page("Owl in the tower", OTHER))
    bad = replace(bad, capture=replace(bad.capture, status=2**40))
    done = settle(conn, [bad, good], now=DAY)
    assert [one.outcome for one in done] == ["unstorable", "stored"]
    assert "out of range" in (done[0].detail or "")
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(1,)]


HOSTILE = {
    "NUL": "Quay\0 news",
    "lone surrogate": "Quay \ud800 news",
    "100,000 characters": "Quay " * 20_000,
}


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_stored_as_far_as_postgres_can(conn, title):
    read = reading(URL, page("Quay to be built in two parts"))
    assert read.article is not None
    hostile = keyed(replace(read, article=replace(read.article, title=title, body=(Block("paragraph", title),))))
    (done,) = settle(conn, [hostile], now=DAY)
    assert done.outcome == "stored"
    ((stored,),) = rows(conn, "SELECT title FROM etl.article_versions")
    assert stored == title.replace("\0", "").replace("\ud800", "?")


def test_a_declared_canonical_folds_the_page_into_its_target(conn):
    head = f'<link rel="canonical" href="{URL}">'
    settle(conn, [reading(URL, page("Quay to be built in two parts", head=head))], now=DAY)
    variant = "https://www.example.org/print-edition/ferry-quay-12345"
    (done,) = settle(
        conn, [reading(variant, page("Quay to be built in two parts", head=head), at=later(hours=1))], now=DAY
    )
    assert done.outcome == "unchanged"
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(1,)]
    assert rows(conn, f"SELECT rule FROM etl.page_urls WHERE url = '{variant}'") == [("rel_canonical",)]


def test_versions_in_two_languages_stay_two_pages_whatever_their_canonical_says(conn):
    """A template that writes the address of the first language into all: seen where the id is shared."""
    spanish = "https://www.example.org/noticias/muelle-12345"
    head = (
        f'<link rel="canonical" href="{spanish}"><link rel="alternate" hreflang="en" href="{URL}">'
        f'<link rel="alternate" hreflang="es" href="{spanish}"><link rel="alternate" hreflang="x-default" href="{spanish}">'
    )
    one = reading(URL, page("Quay to be built in two parts", head=head))
    other = reading(spanish, page("El muelle se hará en dos partes", OTHER, head=head))
    assert [end.outcome for end in settle(conn, [one, other], now=DAY)] == ["stored", "stored"]
    assert rows(conn, "SELECT url FROM etl.pages ORDER BY url") == [(URL,), (spanish,)]
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(2,)]


def test_a_canonical_address_of_the_link_header_counts_where_the_page_names_none(conn):
    link = f'<{URL}>; rel="canonical"'
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    variant = "https://www.example.org/print-edition/ferry-quay-12345"
    read = reading(variant, page("Quay to be built in two parts"), at=later(hours=1), link=link)
    assert read.article is not None
    assert (read.article.canonical_url, read.article.evidence["canonical_url"]) == (URL, "link_header")
    (done,) = settle(conn, [read], now=DAY)
    assert done.outcome == "unchanged"
    assert rows(conn, f"SELECT rule FROM etl.page_urls WHERE url = '{variant}'") == [("rel_canonical",)]
    own = "https://www.example.org/print-edition/own-address-54321"
    head = f'<link rel="canonical" href="{own}">'
    read = reading(own, page("Another quay", OTHER, head=head), link=link)
    assert read.answered.url == own


def test_language_versions_of_the_link_header_keep_pages_apart(conn):
    spanish = "https://www.example.org/noticias/muelle-12345"
    link = f'<{spanish}>; rel="canonical", <{URL}>; rel="alternate"; hreflang="en", <{spanish}>; rel="alternate"; hreflang="es"'
    one = reading(URL, page("Quay to be built in two parts"), link=link)
    other = reading(spanish, page("El muelle se hará en dos partes", OTHER), link=link)
    assert [end.outcome for end in settle(conn, [one, other], now=DAY)] == ["stored", "stored"]
    assert rows(conn, "SELECT url FROM etl.pages ORDER BY url") == [(URL,), (spanish,)]


def test_eight_writers_put_simultaneous_copies_into_one_story(dsn):
    """Every writer stores the same 12 texts under its own host; all begin at once."""
    texts = [
        tuple(f"{sentence} Item {n}, paragraph {k}, page {n * 7 + k}." for k, sentence in enumerate(SENTENCES + OTHER))
        for n in range(12)
    ]
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def write(writer: int) -> None:
        try:
            with psycopg.connect(dsn, autocommit=True) as conn:
                start.wait()
                order = list(range(len(texts)))
                if writer % 2:
                    order.reverse()
                for n in order:
                    url = f"https://site{writer}.example.org/news/story-number-{n}"
                    settle(
                        conn, [reading(url, page(f"Story {n}", texts[n]), at=DAY + timedelta(seconds=writer))], now=DAY
                    )
        except BaseException as error:  # noqa: BLE001  reported by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with psycopg.connect(dsn) as conn:
        found = rows(
            conn,
            "SELECT title, count(*), count(DISTINCT story_id) FROM news.articles GROUP BY title ORDER BY title",
        )
    assert {(count, stories) for _, count, stories in found} == {(8, 1)}
    assert len(found) == 12


def test_a_copy_of_a_changed_text_joins_the_story_of_its_article(conn):
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    (story,) = rows(conn, "SELECT id, story_id FROM etl.articles")
    at = later(hours=1)
    (done,) = settle(conn, [reading(URL, page("Owl moves into the tower", OTHER), at=at)], now=at)
    assert done.outcome == "changed"
    copied = reading("https://www.example.net/owl-77", page("An owl in the tower", OTHER), at=later(hours=2))
    (copy,) = settle(conn, [copied], now=later(hours=2))
    assert copy.outcome == "copy", copy.detail
    assert rows(conn, "SELECT copy_of, story_id FROM etl.articles WHERE copy_of IS NOT NULL") == [story]


def test_a_copy_in_the_same_batch_finds_the_changed_text(conn):
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    at = later(hours=1)
    batch = [
        reading("https://www.example.net/owl-77", page("An owl in the tower", OTHER), at=at),
        reading(URL, page("Owl moves into the tower", OTHER), at=at),
    ]
    assert [done.outcome for done in settle(conn, batch, now=at)] == ["copy", "changed"]
    assert rows(conn, "SELECT count(DISTINCT story_id) FROM etl.articles") == [(1,)]


def test_what_an_older_capture_said_finds_no_copies(conn):
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    before = rows(conn, "SELECT key FROM etl.article_keys ORDER BY key")
    settle(conn, [reading(URL, page("Owl moves into the tower", OTHER), at=later(hours=-1))], now=later(hours=1))
    assert rows(conn, "SELECT key FROM etl.article_keys ORDER BY key") == before


def test_writers_that_rewrite_one_page_and_copy_it_elsewhere_end_in_one_story(dsn):
    """The keys of a changed text are locked with those of new ones: whoever comes second sees the first."""
    with psycopg.connect(dsn) as conn:
        settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    at = later(hours=1)
    begin = threading.Barrier(8)

    def write(number: int) -> None:
        url = URL if number == 0 else f"https://www.site{number}.example/owl-{number}"
        read = reading(url, page("Owl moves into the tower", OTHER), at=at)
        with psycopg.connect(dsn) as own:
            begin.wait()
            settle(own, [read], now=at)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(dsn) as conn:
        # When a copy came first, the rewritten page stays in its own story: at most two, never one per site.
        assert rows(conn, "SELECT count(*) FROM etl.articles") == [(8,)]
        assert rows(conn, "SELECT count(DISTINCT story_id) FROM news.articles WHERE host <> 'www.example.org'") == [
            (1,)
        ]
