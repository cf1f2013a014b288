"""Backfills of URL lists from the command line: junk named, cost told, steered, and after kill -9 the same rows."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
from newsroom import Newsroom

from tests.cli.program import beside_a_press, run, start
from tests.cli.test_backfill import story

KILLS = 5
PAGES = 150
HOSTS = 6


@pytest.fixture
def sites():
    with Newsroom() as room:
        sites = [room.site(f"paper {number}") for number in range(HOSTS)]
        for number in range(PAGES):
            sites[number % HOSTS].page(f"/news/report-{number}.html", story(number).decode())
        yield sites


@pytest.fixture
def env(dsn, tmp_path):
    return beside_a_press(dsn, tmp_path, NEWS_ETL_WORKERS="1")


def listed(sites, path, numbers) -> str:
    path.write_text("".join(f"{sites[number % HOSTS].url(f'/news/report-{number}.html')}\n" for number in numbers))
    return str(path)


def test_a_list_is_planned_fetched_and_steered(dsn, env, sites, tmp_path):
    site = sites[0]
    path = listed(sites, tmp_path / "urls.txt", range(0, 4 * HOSTS, HOSTS))
    with Path(path).open("a") as file:
        file.write(f"[/b] nonsense\n{site.url('/news/report-0.html')}?utm_source=x\n{site.url('/nowhere')}\n")
    plan = json.loads(run("backfill", "urls", path, "--dry-run", "--json", env=env).stdout)
    assert (plan["parts"], plan["requests"], len(plan["left_out"])) == ({"page": 5}, 6, 2)
    assert plan["guesses"][0] == "1 host was never asked: taken to answer in 0.50 s, which is a guess."
    assert site.requests == []
    with psycopg.connect(dsn) as conn:
        written = "SELECT (SELECT count(*) FROM etl.hosts), (SELECT count(*) FROM etl.pages), (SELECT count(*) FROM etl.backfills)"
        assert conn.execute(written).fetchone() == (0, 0, 0), "a plan writes nothing"
    done = run("backfill", "urls", path, "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert "line 5: no http:// or https:// address: [/b] nonsense" in done.stderr
    assert "line 6: repeats line 1" in done.stderr
    answer = json.loads(done.stdout)
    assert (answer["state"], answer["counts"], answer["groups"]) == (
        "done",
        {"stored": 4, "gone": 1},
        {"stored": 4, "refused": 1},
    )
    assert len(site.requests) == plan["requests"]
    other = listed(sites, tmp_path / "more.txt", range(0, PAGES, HOSTS))
    (known,) = json.loads(run("backfill", "urls", other, "--dry-run", "--json", env=env).stdout)["hosts"]
    assert (known["is_latency_known"], known["are_bytes_known"]) == (True, True)
    assert known["bytes"] < 5_000 * known["requests"], "as its stored pages, not as pages on the whole"
    again = run("backfill", "urls", path, env=env)
    assert "Nothing new" in again.stderr
    assert len(site.requests) == plan["requests"]
    site.page("/nowhere", story(900).decode())
    retried = run("backfill", "retry", "1", "--reason", "gone", "--json", env=env)
    assert json.loads(retried.stdout)["counts"] == {"stored": 5}
    shown = json.loads(run("backfill", "list", "--json", env=env).stdout)
    assert [(one["backfill"], one["kind"], one["records"]) for one in shown] == [(1, "urls", 5)]
    for command in (("show", "1"), ("list",)):
        assert "urls.txt, 5 in it" in run("backfill", *command, env=env).stdout
    assert run("backfill", "pause", "1", env=env).returncode == 3


def test_killed_again_and_again_every_page_is_stored_once(dsn, env, sites, tmp_path):
    path = listed(sites, tmp_path / "urls.txt", range(PAGES))
    with psycopg.connect(dsn, autocommit=True) as conn:
        for number in range(KILLS):
            process = start("backfill", "urls", path, env=env)
            wanted = PAGES * number // (KILLS + 1)
            while conn.execute("SELECT count(*) FROM etl.articles").fetchone()[0] <= wanted and process.poll() is None:
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        done = json.loads(run("backfill", "urls", path, "--json", env=env).stdout)
        assert (done["state"], done["counts"]) == ("done", {"stored": PAGES})
        rows = conn.execute(
            """
            SELECT (SELECT count(*) FROM etl.articles), (SELECT count(*) FROM etl.article_versions),
                   (SELECT count(*) FROM etl.captures), (SELECT count(DISTINCT page_id) FROM etl.captures)
            """
        ).fetchone()
    assert rows == (PAGES, PAGES, PAGES, PAGES)
