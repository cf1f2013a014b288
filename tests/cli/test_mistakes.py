"""A user's mistake is one sentence with the fix in it, never a traceback."""

from __future__ import annotations

import pytest

from tests.cli.program import environment, run

CASES = {
    "no such file": (("backfill", "warc", "missing.warc.gz"), 3, "there is no file missing.warc.gz"),
    "no recipe": (("run", "--once"), 3, "news-etl source add"),
    "no such page": (("page", "show", "https://example.org/nothing"), 3, "no page is known"),
    "no address": (("page", "show", "not a url"), 3, "not an absolute http address"),
    "no such source": (("source", "pause", "nobody/1"), 3, "news-etl source list"),
    "no such backfill": (("backfill", "show", "77"), 3, "backfill list"),
    "a filter without its flag": (("extract",), 2, "--jsonl"),
    "no such command": (("fetch-all",), 2, "No such command"),
    "a moment that is none": (("export", "--since", "yesterday"), 2, "no ISO 8601 time"),
    "neither file nor address": (("explain", "nowhere.html"), 2, "no file nowhere.html"),
}


@pytest.mark.parametrize(("arguments", "code", "words"), CASES.values(), ids=CASES.keys())
def test_mistakes(dsn, tmp_path, arguments, code, words):
    env = environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path / "data"))
    done = run(*arguments, env=env, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


DATABASES = {
    "nobody listens": "postgresql://nobody@127.0.0.1:1/none",
    "no address": "postgresql://nobody@host.invalid/none",
}


@pytest.mark.parametrize("url", DATABASES.values(), ids=DATABASES.keys())
def test_a_database_that_is_down_is_named(tmp_path, url):
    env = environment(NEWS_ETL_DATABASE_URL=url, NEWS_ETL_DATA_DIR=str(tmp_path / "data"))
    for arguments in (("source", "list"), ("export",), ("migrate",), ("psql", "-c", "SELECT 1")):
        done = run(*arguments, env=env, cwd=tmp_path)
        assert done.returncode == 3, (arguments, done.stderr)
        assert "database" in done.stderr
        assert "Traceback" not in done.stderr


def test_every_command_teaches(tmp_path):
    env = environment()
    overview = run("--help", env=env)
    assert overview.returncode == 0
    for command in ("demo", "run", "backfill", "export", "explain", "psql", "source", "doctor", "migrate", "load"):
        assert command in overview.stdout
    for command in (("run",), ("backfill", "warc"), ("source", "add"), ("explain",), ("load",), ("migrate",)):
        assert "Example" in run(*command, "--help", env=env).stdout
