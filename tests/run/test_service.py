"""The service as processes: it fetches what is due, survives the death of its parts, and a standby takes over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from etl.run.press import serve
from tests.cli.program import beside_a_press, start

PATIENCE_S = 120.0


def until(holds: Callable[[], bool], *, within_s: float = PATIENCE_S) -> float:
    """Wait until it holds and return how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_s, "it did not come to pass"
        time.sleep(0.2)
    return time.monotonic() - began


@pytest.fixture
def press():
    with serve(datetime.now(UTC)) as served:
        yield served


@pytest.fixture
def env(dsn, tmp_path, press):
    press.recipes_folder(tmp_path / "recipes")
    recipes = str(tmp_path / "recipes")
    return beside_a_press(dsn, tmp_path, NEWS_ETL_RECIPES_DIR=recipes, NEWS_ETL_WORKERS="1", NEWS_ETL_LOG_FORMAT="json")


@pytest.fixture
def log(tmp_path):
    """What the parts say; shown when the test fails."""
    path = tmp_path / "parts.log"
    yield path
    if path.exists():
        print(path.read_text()[-6000:])


@pytest.fixture
def parts(log):
    """Processes that are killed at the end of the test."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def stored(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT count(*) FROM etl.articles").fetchone()
    return row[0] if row else 0


def leader(dsn: str) -> int | None:
    """Return the server process that holds the lead."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            """
            SELECT l.pid
            FROM pg_locks l
            JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'news-etl scheduler'
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        ).fetchone()
    return row[0] if row else None


def right(press) -> int:
    return sum(1 for outcome in press.gold.outcomes[0].values() if outcome in ("new", "copies"))


def test_what_is_due_is_fetched_and_a_killed_worker_costs_nothing(dsn, env, log, press, parts):
    parts.append(start("scheduler", env=env, log=log))
    parts.append(start("worker", env=env, log=log))
    until(lambda: stored(dsn) > 0)
    os.killpg(parts[1].pid, signal.SIGKILL)
    parts.append(start("worker", env=env, log=log))
    until(lambda: stored(dsn) == right(press))
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT count(*), count(DISTINCT page_id) FROM etl.articles").fetchone()
        waiting = conn.execute("SELECT count(*) FROM etl.captures WHERE digested_at IS NULL").fetchone()
    assert rows == (right(press), right(press))
    assert waiting == (0,)


def test_a_standby_takes_over_when_the_leader_is_killed(dsn, env, log, parts):
    parts.append(start("scheduler", env=env, log=log))
    until(lambda: leader(dsn) is not None)
    first = leader(dsn)
    parts.append(start("scheduler", env=env, log=log))
    time.sleep(2.0)
    os.killpg(parts[0].pid, signal.SIGKILL)
    took_s = until(lambda: leader(dsn) not in (None, first), within_s=30.0)
    print(f"taken over after {took_s:.1f} s")
    assert took_s < 15.0


def test_run_starts_all_parts_says_what_they_did_and_ends_well(dsn, env, log, press, parts):
    parts.append(start("run", env=env, log=log))
    until(lambda: stored(dsn) == right(press))
    parts[0].terminate()
    assert parts[0].wait(timeout=40) == 0
    with psycopg.connect(dsn) as conn:
        left = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
        articles = {page for (page,) in conn.execute("SELECT page_id FROM etl.articles")}
        sources = set(conn.execute("SELECT id, slug FROM etl.sources").fetchall())
    assert left == (0,)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    polled, visited, digested = (
        [line for line in lines if line["event"] == event]
        for event in ("source_polled", "host_visited", "captures_digested")
    )
    assert {(line["source_id"], line["source"]) for line in polled} == sources
    assert articles <= {page for line in visited for page in line["pages"]}
    assert articles <= {page for line in digested for page in line["pages"]}
    runs = [line["run"] for line in (*polled, *visited)]
    assert all(isinstance(run, int) for run in runs)
    assert len(set(runs)) == len(runs)
