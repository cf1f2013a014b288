"""`erase` and `page split` as a person runs them."""

from __future__ import annotations

import json

import pytest

from tests.cli.program import environment, run
from tests.cli.test_backfill import write_warc

PAGE = "https://www.example.org/news/report-1-x1"


@pytest.fixture
def env(dsn, tmp_path):
    return environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path / "data"), NEWS_ETL_WORKERS="1")


def test_an_erased_page_is_buried_for_the_backfill_that_brought_it(env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, articles=3)
    assert json.loads(run("backfill", "warc", str(path), "--json", env=env).stdout)["counts"]["stored"] == 3
    refused = run("erase", PAGE, env=env)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    would = json.loads(run("erase", PAGE, "--dry-run", "--json", env=env).stdout)
    done = run("erase", PAGE, "--yes", "--json", env=env)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["counts"] == would["counts"]
    assert answer["counts"]["articles"] == 1
    assert answer["archive_records"] >= 1
    again = json.loads(run("backfill", "warc", str(path), "--again", "--json", env=env).stdout)
    assert again["counts"]["buried"] == 1
    exported = [json.loads(line)["url"] for line in run("export", env=env).stdout.splitlines()]
    assert len(exported) == 2
    assert PAGE not in exported
    shown = run("page", "show", PAGE, env=env)
    assert shown.returncode == 3


def test_a_page_that_is_no_join_cannot_be_split(env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, articles=1)
    run("backfill", "warc", str(path), env=env)
    done = run("page", "split", "https://www.example.org/news/report-0-x0", env=env)
    assert done.returncode == 3
    assert "folded into no other page" in done.stderr
