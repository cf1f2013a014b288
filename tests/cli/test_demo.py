"""The demo says what the press has printed: its gold is kept beside the press, and made without our pipeline."""

from __future__ import annotations

import json

from tests.cli.program import environment, run


def test_the_summary_equals_the_gold_of_the_press(server_folder):
    done = run("demo", "--json", env=environment(TMPDIR=str(server_folder)))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["as_expected"] is True, answer["polls"]
    assert sum(row["new"] for row in answer["polls"][0]) >= 50
    assert sum(row["copies"] for row in answer["polls"][1]) == 1
    assert sum(row["changed"] for row in answer["polls"][1]) == 1
    assert list(server_folder.iterdir()) == []


def test_a_kept_demo_answers_sql(server_folder):
    env = environment(TMPDIR=str(server_folder))
    done = run("demo", "--keep", env=env)
    assert done.returncode == 0, done.stderr
    assert "as the press printed it" in done.stdout
    (folder,) = server_folder.iterdir()
    asked = run("psql", "-c", "SELECT count(*) FROM news.articles", env={**env, "NEWS_ETL_DATA_DIR": str(folder)})
    assert asked.returncode == 0, asked.stderr
    assert f"NEWS_ETL_DATA_DIR={folder}" in done.stdout
    assert "62" in asked.stdout
