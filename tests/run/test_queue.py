"""Putting jobs in: many in one statement, and each only once."""

from __future__ import annotations

import json

import psycopg
import pytest

from etl.run.queue import put_digests, put_polls, put_visits, sync_app_of
from etl.store.pool import open_pool


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


def test_all_jobs_of_a_statement_are_told_at_once_and_those_that_wait_are_not_told(queue, conn, dsn):
    conn.rollback()
    with psycopg.connect(dsn, autocommit=True) as worker:
        worker.execute('LISTEN "procrastinate_queue_v1#live"')
        put_polls(queue, [7, 3, 4])
        put_polls(queue, [7])
        put_visits(queue, ["news.example"])
        told = [json.loads(notice.payload) for notice in worker.notifies(timeout=60.0, stop_after=2)]
    first, *_, last = conn.execute("SELECT id FROM queue.procrastinate_jobs ORDER BY id").fetchall()
    assert told == [{"type": "job_inserted", "job_id": number} for (number,) in (first, last)]


def test_only_the_end_of_a_job_that_is_kept_is_written_down(queue, conn):
    conn.rollback()
    put_polls(queue, [7, 3])
    conn.execute("SET search_path = queue")
    conn.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = 'poll:7'")
    conn.execute("UPDATE procrastinate_jobs SET status = 'cancelled' WHERE lock = 'poll:3'")
    assert conn.execute("SELECT type FROM procrastinate_events").fetchall() == [("cancelled",)]


def test_the_queue_does_not_wait_for_the_disk_and_data_does_as_the_server_says(queue, dsn):
    asked = "SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'"
    assert queue.connector.execute_query_one(asked) == {"setting": "off", "source": "client"}
    with open_pool(dsn) as pool, pool.connection() as conn:
        row = conn.execute(asked).fetchone()
    assert row is not None
    assert row[1] != "client"
