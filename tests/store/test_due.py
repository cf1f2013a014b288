"""What is due, and in which order: the two questions of each tick of the scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from etl.flow.reading import spell
from etl.store import pages, sources

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOSTS = ("alpha.example", "bravo.example", "charlie.example", "delta.example", "echo.example")


def find(conn: psycopg.Connection, host: str, *, due_in_s: float | None, count: int = 1) -> None:
    at = None if due_in_s is None else NOW + timedelta(seconds=due_in_s)
    pages.ensure(conn, [spell(f"https://{host}/news/{n}") for n in range(count)], found_at=NOW, next_visit_at=at)


@pytest.mark.parametrize(
    ("at_most", "due_at_most"), [(1, 9), (2, 9), (3, 9), (10, 9), (10, 1), (10, 2), (10, 3), (2, 1)]
)
def test_looking_at_a_few_hosts_at_a_time_finds_each_due_host_once(conn, at_most, due_at_most):
    for number, host in enumerate(HOSTS):
        find(conn, host, due_in_s=-60.0 * number, count=3)
    conn.execute("UPDATE etl.pages SET next_visit_at = %s WHERE host = %s", [NOW + timedelta(hours=1), HOSTS[1]])
    conn.execute("UPDATE etl.pages SET next_visit_at = NULL WHERE host = %s", [HOSTS[2]])
    found: list[str] = []
    after = ""
    for _ in range(len(HOSTS) + 1):
        some, after = pages.due_hosts_after(conn, after, now=NOW, at_most=at_most, due_at_most=due_at_most)
        assert len(some) <= min(at_most, due_at_most)
        found += some
        if not after:
            break
    assert sorted(found) == [HOSTS[0], HOSTS[3], HOSTS[4]]


def test_the_longest_waiting_host_comes_first_and_one_that_rests_not_at_all(conn):
    for number, host in enumerate(HOSTS):
        find(conn, host, due_in_s=-60.0 * number)
    conn.execute("INSERT INTO etl.hosts (host, free_at) VALUES (%s, %s)", [HOSTS[4], NOW + timedelta(seconds=1)])
    conn.execute("INSERT INTO etl.hosts (host, free_at) VALUES (%s, %s)", [HOSTS[2], NOW])
    assert pages.due_hosts_after(conn, "", now=NOW, at_most=10) == ([HOSTS[3], HOSTS[2], HOSTS[1], HOSTS[0]], "")


def test_a_host_with_very_many_sources_does_not_keep_the_others_waiting(conn):
    for number in range(12):
        host = HOSTS[0] if number < 10 else HOSTS[1]
        conn.execute(
            """
            INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
            VALUES (%(slug)s, 'feed', %(url)s, %(host)s, 'paper', 900, %(at)s, %(at)s)
            """,
            {
                "slug": f"paper/{number}",
                "url": f"https://{host}/{number}.xml",
                "host": host,
                "at": NOW - timedelta(hours=12 - number),
            },
        )
    ids = dict(conn.execute("SELECT slug, id FROM etl.sources").fetchall())
    assert sources.due_ids(conn, now=NOW, limit=10) == [ids[f"paper/{n}"] for n in (0, 1, 2, 10, 11)]
    assert sources.due_ids(conn, now=NOW, limit=2) == [ids["paper/0"], ids["paper/1"]]
    assert sources.due_ids(conn, now=NOW - timedelta(days=1), limit=2) == []
