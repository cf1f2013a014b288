"""The demo says what the press has printed: its gold is kept beside the press, and made without our pipeline."""

from __future__ import annotations

import json
import re
import shutil

from tests.cli.program import environment, run


def test_the_summary_equals_the_gold_of_the_press():
    done = run("demo", "--json", env=environment())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["as_expected"] is True, answer["polls"]
    assert sum(row["new"] for row in answer["polls"][0]) >= 50
    assert sum(row["copies"] for row in answer["polls"][1]) == 1
    assert sum(row["changed"] for row in answer["polls"][1]) == 1


def test_a_kept_demo_answers_sql():
    done = run("demo", "--keep", env=environment())
    assert done.returncode == 0, done.stderr
    assert "as the press printed it" in done.stdout
    folder = re.search(r"NEWS_ETL_DATA_DIR=(\S+) news-etl psql", done.stdout)[1]
    try:
        asked = run("psql", "-c", "SELECT count(*) FROM news.articles", env=environment(NEWS_ETL_DATA_DIR=folder))
        assert asked.returncode == 0, asked.stderr
        assert "62" in asked.stdout
    finally:
        shutil.rmtree(folder)
