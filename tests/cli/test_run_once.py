"""`run --once` on the user's own recipes, against real HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from etl.run.press import serve
from tests.cli.program import beside_a_press, run


@pytest.fixture
def press():
    with serve(datetime.now(UTC)) as served:
        yield served


def settings(dsn, tmp_path, **more):
    return beside_a_press(dsn, tmp_path, NEWS_ETL_RECIPES_DIR=str(tmp_path / "recipes"), NEWS_ETL_WORKERS="1", **more)


def test_own_recipes_are_polled_and_the_second_run_finds_nothing_due(dsn, tmp_path, press):
    press.recipes_folder(tmp_path / "recipes")
    env = settings(dsn, tmp_path)
    first = run("run", "--once", "--json", env=env)
    assert first.returncode == 0, first.stderr
    rows = {row["source"]: row for row in json.loads(first.stdout)["sources"]}
    right = press.gold.counts[0]
    assert set(rows) == set(right)
    for source, counts in right.items():
        assert {name: rows[source][name] for name in ("found", "new", "refused", "failed")} == {
            "found": counts.found,
            "new": counts.new,
            "refused": counts.refused,
            "failed": counts.failed,
        }
    second = run("run", "--once", "--json", env=env)
    assert json.loads(second.stdout)["sources"] == []


def test_source_add_writes_a_recipe_that_works(dsn, tmp_path, press):
    env = settings(dsn, tmp_path)
    home = next(iter(press.base_urls.values()))
    added = run("source", "add", home, "--name", "found", env=env)
    assert added.returncode == 0, added.stderr
    assert (tmp_path / "recipes" / "found.toml").is_file()
    done = run("run", "--once", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert sum(row["new"] for row in json.loads(done.stdout)["sources"]) > 10
    again = run("source", "add", home, "--name", "found", env=env)
    assert again.returncode == 3
    assert "is there already" in again.stderr


def test_loopback_is_refused_unless_it_is_opened(dsn, tmp_path, press):
    press.recipes_folder(tmp_path / "recipes")
    env = settings(dsn, tmp_path)
    del env["NEWS_ETL_OPEN_ADDRESSES"]
    done = run("run", "--once", env=env)
    assert done.returncode == 0
    assert "address_refused" in done.stdout
