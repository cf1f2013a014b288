"""A user's mistake is one sentence with the fix in it, never a traceback."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from typer.main import get_command

from etl.cli.app import app
from tests.cli.program import environment, run

CASES = {
    "no such file": (("backfill", "warc", "missing.warc.gz"), 3, "there is no file missing.warc.gz"),
    "no file to load": (("load", "--jsonl", "missing.jsonl"), 3, "there is no file missing.jsonl"),
    "no recipe": (("run", "--once"), 3, "news-etl source add"),
    "no such page": (("page", "show", "https://example.org/nothing"), 3, "no page is known"),
    "no address": (("page", "show", "not a url"), 3, "not an absolute http address"),
    "no such source": (("source", "pause", "nobody/1"), 3, "news-etl source list"),
    "a misspelt scheme": (("source", "add", "htp:/wrong.example"), 2, "write https://wrong.example"),
    "a scheme with one slash": (("source", "add", "https:/www.example.org/"), 2, "write https://www.example.org/"),
    "another scheme": (("recipe", "new", "ftp://example.org"), 2, "write https://example.org"),
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
    commands = (("source", "list"), ("export",), ("migrate",), ("psql", "-c", "SELECT 1"), ("scheduler",), ("worker",))
    for arguments in commands:
        done = run(*arguments, env=env, cwd=tmp_path)
        assert done.returncode == 3, (arguments, done.stderr)
        assert "database" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["migrate", "worker", "doctor"])
def test_a_database_that_cannot_hold_every_letter_is_refused(empty_dsn, tmp_path, command):
    name = f"latin_{uuid4().hex[:12]}"
    making = sql.SQL("CREATE DATABASE {} ENCODING 'LATIN1' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute(making.format(sql.Identifier(name)))
        try:
            url = make_conninfo(empty_dsn, dbname=name)
            env = environment(NEWS_ETL_DATABASE_URL=url, NEWS_ETL_DATA_DIR=str(tmp_path / "data"))
            done = run(command, env=env, cwd=tmp_path)
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    assert done.returncode == 3, done.stderr
    assert f"{name} is encoded in LATIN1" in done.stdout + done.stderr
    assert "ENCODING 'UTF8'" in done.stdout + done.stderr


def test_a_user_who_may_not_migrate_is_told_who_may(empty_dsn, tmp_path):
    role = f"guest_{uuid4().hex[:12]}"
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'guest'").format(sql.Identifier(role)))
        try:
            url = make_conninfo(empty_dsn, user=role, password="guest")
            done = run("migrate", env=environment(NEWS_ETL_DATABASE_URL=url, NEWS_ETL_DATA_DIR=str(tmp_path / "data")))
        finally:
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
    assert done.returncode == 3, done.stderr
    assert "permission denied" in done.stderr
    assert "docs/operations.md" in done.stderr


def test_a_database_that_goes_away_in_the_middle_is_one_sentence():
    code = (
        "import psycopg, sys; from etl.cli import app\n"
        "def ends(): raise psycopg.errors.AdminShutdown('terminating connection due to administrator command')\n"
        "app.app = ends; app.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("news-etl: the database ended the work (terminating connection")
    assert "Traceback" not in done.stderr


def test_every_command_teaches(tmp_path):
    env = environment()
    overview = run("--help", env=env)
    assert overview.returncode == 0
    for command in ("demo", "run", "backfill", "export", "explain", "psql", "source", "doctor", "migrate", "load"):
        assert command in overview.stdout
    shown = run("backfill", "warc", "--help", env=env).stdout
    assert "Example" in shown
    assert "is read as a stream and, after a break, asked for" in shown, "paragraphs flow to the width of the terminal"


def commands(group, path=()):
    """Yield all commands with the words that call them."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path)) for path, _ in commands(get_command(app))])
def test_the_help_of_every_command_has_an_example_that_is_understood(path):
    command = dict(commands(get_command(app)))[path]
    examples = re.findall(rf"news-etl {' '.join(path)}\b([^\n|]*)", command.help)
    assert examples
    for example in examples:
        words = shlex.split(example.partition("  ")[0].partition(" < ")[0].partition(" > ")[0])
        command.make_context(path[-1], words, resilient_parsing=False)
