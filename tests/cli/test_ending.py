"""How a command ends: a sentence for a person, a record for a collector of logs."""

from __future__ import annotations

import json

import pytest

from tests.cli.program import environment, run

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize("part", ["scheduler", "worker", "migrate"])
def test_a_part_of_the_service_that_cannot_start_says_so_in_one_record(part, tmp_path):
    env = environment(
        NEWS_ETL_DATABASE_URL=NOWHERE, NEWS_ETL_DATA_DIR=str(tmp_path / "data"), NEWS_ETL_LOG_FORMAT="json"
    )
    done = run(part, env=env)
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (line["event"], line["level"], line["part"]) == ("part_failed", "error", part)
    assert line["detail"].startswith("the database does not answer (")
    assert (done.returncode, done.stdout) == (3, "")


@pytest.mark.parametrize(("command", "form"), [("worker", "console"), ("export", "json")])
def test_a_person_is_told_in_a_sentence(command, form, tmp_path):
    env = environment(NEWS_ETL_DATABASE_URL=NOWHERE, NEWS_ETL_DATA_DIR=str(tmp_path / "data"), NEWS_ETL_LOG_FORMAT=form)
    done = run(command, env=env)
    assert done.stderr.startswith("news-etl: the database does not answer (")
    assert done.returncode == 3
