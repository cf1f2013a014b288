"""What has aged out leaves a tombstone, so that nothing brings it back as new."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from etl.flow.ageing import age_out
from etl.flow.reading import spell
from etl.flow.settle import settle
from etl.store import pages
from tests.flow.pages import DAY, later, page, reading
from tests.flow.test_settle import OTHER

OLD = "https://www.example.org/news/quay-1"
PRINT = "https://www.example.org/print-edition/quay-1"
YOUNG = "https://www.example.net/news/owl-2"


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


@pytest.fixture
def aged(conn):
    """One page under two names that has aged out, and a copy of it elsewhere that has not."""
    own = f'<link rel="canonical" href="{OLD}">'
    settle(
        conn, [reading(OLD, page("Quay", head=own)), reading(PRINT, page("Quay", head=own), at=later(hours=1))], now=DAY
    )
    settle(conn, [reading(YOUNG, page("The quay again"), at=later(days=9))], now=DAY)
    settle(conn, [reading("https://www.example.com/owl-3", page("Owl", OTHER), at=later(days=1))], now=DAY)
    assert sum(age_out(conn, before=later(days=5), now=later(days=10))) == 3
    return conn


def test_pages_go_with_all_that_hangs_on_them_and_younger_ones_stay(aged):
    assert rows(aged, "SELECT url FROM etl.pages") == [(YOUNG,)]
    assert rows(aged, "SELECT title, copy_of FROM news.articles") == [("The quay again", None)]
    for table in ("page_urls", "captures", "article_versions", "stories"):
        assert rows(aged, f"SELECT count(*) FROM etl.{table}") == [(1,)], table
    assert rows(aged, "SELECT DISTINCT reason, buried_by, buried_at FROM etl.tombstones") == [
        ("aged_out", "retention", later(days=10))
    ]
    assert rows(aged, "SELECT count(*) FROM etl.tombstones") == [(3,)]
    assert list(age_out(aged, before=later(days=5), now=later(days=11))) == []


def test_neither_a_poll_nor_a_capture_nor_another_spelling_brings_it_back(aged):
    named = [spell(OLD), spell(f"{OLD}?utm_source=feed"), spell(PRINT), spell(YOUNG)]
    assert list(pages.ensure(aged, named, found_at=later(days=11), next_visit_at=later(days=11))) == [named[3].url_key]
    assert pages.unknown(aged, [url.url_key for url in named]) == set()
    late = [reading(url, page("Quay"), at=later(days=11)) for url in (OLD, PRINT)]
    assert [done.outcome for done in settle(aged, late, now=later(days=11))] == ["buried", "buried"]
    assert rows(aged, "SELECT count(*) FROM etl.articles") == [(1,)]


def test_what_waits_for_its_digest_or_was_captured_under_another_name_stays(conn):
    own = f'<link rel="canonical" href="{OLD}">'
    settle(
        conn, [reading(OLD, page("Quay", head=own)), reading(PRINT, page("Quay", head=own), at=later(days=9))], now=DAY
    )
    settle(conn, [reading(YOUNG, page("Owl", OTHER))], now=DAY)
    conn.execute("UPDATE etl.captures SET digested_at = NULL WHERE url = %s", (YOUNG,))
    assert list(age_out(conn, before=DAY + timedelta(days=5), now=later(days=10))) == []
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(2,)]
