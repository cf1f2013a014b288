"""`news-etl psql`: psql where it is, our own prompt where it is not; both read schema news first and say what they show."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from etl.cli.prompting import prompt, statements
from tests.cli.program import environment, run

WITHOUT_PSQL = """
from etl.run import embedded_host
embedded_host.SYSTEM_FOLDERS, embedded_host.WHEEL_PACKAGE = (), "not_installed_here"
from etl.cli import main
main()
"""
QUESTION = Path(__file__).resolve().parents[2] / "docs" / "questions" / "05_publishing_rhythm.sql"


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        pytest.param(["-c", "SELECT count(*) FROM articles"], "", 0, "0", id="one statement"),
        pytest.param([], "SELECT 6 * 7;\nSELECT\n 'two' || ' lines';\n", 0, "two lines", id="piped"),
        pytest.param(["-c", "SELECT nope"], "", 1, 'column "nope" does not exist', id="a mistake"),
        pytest.param(
            [], "SELECT nope;\nSELECT 'not reached';\n", 1, 'column "nope" does not exist', id="a piped mistake"
        ),
        pytest.param(["-c", "\\d+ articles"], "", 0, "People, then organisations.", id="what a view means"),
        pytest.param([], QUESTION.read_text(), 0, "weekday", id="a question of docs"),
    ],
)
def test_psql_answers(dsn, arguments, stdin, code, said):
    done = run("psql", *arguments, env=environment(NEWS_ETL_DATABASE_URL=dsn_url(dsn)), stdin=stdin)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "not reached" not in done.stdout


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        pytest.param("SELECT 6 * 7;\n", 0, "42", id="one statement"),
        pytest.param(
            "SELECT\n 'two'\n || ' lines';\n\\q\nSELECT 'not reached';\n", 0, "two lines", id="over lines, then the end"
        ),
        pytest.param("SELECT nope;\nSELECT 'not reached';\n", 1, 'column "nope" does not exist', id="a mistake"),
        pytest.param("\\d\n", 0, "coverage_gaps", id="what there is"),
        pytest.param("\\d articles\n", 0, "People, then organisations.", id="what a view means"),
        pytest.param("\\timing\n", 1, "is a command of psql", id="what only psql can"),
        pytest.param(QUESTION.read_text(), 0, "weekday", id="a question of docs"),
        pytest.param("SET TIME ZONE 'UTC';\n", 0, "SET", id="without rows"),
        pytest.param("SELECT '100%', '[b]x[/b]'", 0, "[b]x[/b]", id="no semicolon at the end, odd characters"),
    ],
)
def test_our_own_prompt_answers_the_same(dsn, monkeypatch, capsys, typed, code, said):
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with psycopg.connect(dsn, autocommit=True, options="-c search_path=news,public") as conn:
        assert prompt(conn) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert "not reached" not in shown.out


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        pytest.param(["-c", "SELECT 6 * 7 AS product"], "", 0, "42", id="one statement"),
        pytest.param([], "\\d articles\n", 0, "People, then organisations.", id="piped"),
        pytest.param(["-c", "SELECT nope"], "", 1, 'column "nope" does not exist', id="a mistake"),
    ],
)
def test_where_psql_is_missing_the_command_answers_all_the_same(dsn, tmp_path, arguments, stdin, code, said):
    env = environment(NEWS_ETL_DATABASE_URL=dsn_url(dsn), PATH=str(tmp_path))
    command = [sys.executable, "-c", WITHOUT_PSQL, "psql", *arguments]
    done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "(1 row)" not in done.stdout, "psql answered"


def test_a_statement_ends_where_a_line_ends_with_a_semicolon():
    typed = ["-- why;\n", "SELECT ';'\n", ";\n", "\n", "\\d x\n", "SELECT 1; SELECT 2;\n", "SELECT 3\n"]
    assert list(statements(typed)) == ["-- why;\nSELECT ';'\n;", "\\d x", "SELECT 1; SELECT 2;", "SELECT 3"]


def dsn_url(dsn: str) -> str:
    """Return the address as a URL, which is what the setting takes."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    return f"postgresql://{parts['user']}:{parts['password']}@{parts['host']}:{parts['port']}/{parts['dbname']}"
