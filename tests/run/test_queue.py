"""Putting jobs in: many in one statement, and each only once."""

from __future__ import annotations

import pytest

from etl.run.queue import put_digests, put_polls, put_visits, sync_app_of


@pytest.fixture
def queue(dsn):
    with sync_app_of(dsn).open() as opened:
        yield opened


def waiting(conn) -> list[tuple[str, str, dict[str, object]]]:
    return conn.execute(
        "SELECT task_name, queueing_lock, args FROM queue.procrastinate_jobs WHERE status = 'todo' ORDER BY id"
    ).fetchall()


def test_a_job_that_waits_is_not_put_in_twice(queue, conn):
    conn.rollback()
    assert put_polls(queue, [7, 3, 7]) == 2
    assert put_polls(queue, [3, 4]) == 1
    assert put_visits(queue, ["news.example:8080"]) == 1
    assert put_digests(queue, 2) == 2
    assert put_digests(queue, 3) == 1
    assert put_visits(queue, []) == 0
    assert waiting(conn) == [
        ("poll_source", "poll:7", {"source_id": 7}),
        ("poll_source", "poll:3", {"source_id": 3}),
        ("poll_source", "poll:4", {"source_id": 4}),
        ("visit_host", "visit:news.example:8080", {"host": "news.example:8080"}),
        ("digest", "digest:0", {"number": 0}),
        ("digest", "digest:1", {"number": 1}),
        ("digest", "digest:2", {"number": 2}),
    ]


def test_a_job_that_runs_may_be_put_in_again(queue, conn):
    conn.rollback()
    put_polls(queue, [7])
    conn.execute("SET search_path = queue")
    conn.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    conn.commit()
    assert put_polls(queue, [7]) == 1
