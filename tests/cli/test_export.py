"""`export`: articles out in three forms, whole files only, and what changed since."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from etl.flow.settle import settle
from tests.cli.program import environment, run
from tests.flow.pages import DAY, later, page, reading
from tests.flow.test_settle import OTHER

HEAD = (
    '<meta property="article:tag" content="harbour, quay"><meta name="author" content="Ada &quot;Ink&quot; Lind">'
    '<meta property="article:published_time" content="2026-02-07T08:00:00Z">'
)


@pytest.fixture
def env(dsn, tmp_path):
    with psycopg.connect(dsn) as conn:
        settle(
            conn, [reading("https://www.example.org/quay-1", page('Quay, "two" parts\u2014agreed', head=HEAD))], now=DAY
        )
        settle(
            conn, [reading("https://www.example.net/owl-2", page("Owl in the tower", OTHER), at=later(days=1))], now=DAY
        )
    return environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path / "data"))


def lines(env, *arguments: str) -> list[dict]:
    done = run("export", *arguments, env=env)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_csv_has_what_json_has(env, tmp_path):
    wanted = lines(env)
    path = tmp_path / "articles.csv"
    assert run("export", "--format", "csv", "--output", str(path), env=env).returncode == 0
    text = path.read_bytes().decode()
    assert text == run("export", "--format", "csv", env=env).stdout
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["title"] for row in rows] == ['Quay, "two" parts\u2014agreed', "Owl in the tower"]
    for row, record in zip(rows, wanted, strict=True):
        assert list(row) == list(record)
        for name, value in record.items():
            assert row[name] == (
                json.dumps(value, separators=(",", ":"), ensure_ascii=False)
                if isinstance(value, list)
                else ""
                if value is None
                else str(value)
            )
    assert rows[0]["text"].count("\n") == 5


@pytest.mark.parametrize("to_file", [True, False], ids=["a file", "a pipe"])
def test_parquet_has_what_json_has(env, tmp_path, to_file):
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    path = tmp_path / "articles.parquet"
    if to_file:
        assert run("export", "--format", "parquet", "-o", str(path), env=env).returncode == 0
    else:
        path.write_bytes(run_bytes("export", "--format", "parquet", env=env))
    rows = pq.read_table(path).to_pylist()
    wanted = lines(env)
    for row, record in zip(rows, wanted, strict=True):
        assert row["id"] == str(record["id"])
        for name in ("url", "title", "authors", "text", "tags", "article_id", "story_id", "copy_of"):
            assert row[name] == record[name], name
        assert row["first_seen_at"] == datetime.fromisoformat(record["first_seen_at"])
    assert rows[0]["published_at"] == datetime(2026, 2, 7, 8, tzinfo=UTC)
    assert rows[0]["published_precision"] == "minute"


def run_bytes(*arguments: str, env) -> bytes:
    import subprocess

    from tests.cli.program import PROGRAM

    return subprocess.run([*PROGRAM, *arguments], env=env, capture_output=True, check=True, timeout=300).stdout


def test_a_missing_extra_is_named_and_no_file_is_left(env, tmp_path):
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "pyarrow.py").write_text("raise ImportError('not here')")
    done = run(
        "export",
        "--format",
        "parquet",
        "-o",
        str(tmp_path / "a.parquet"),
        env={**env, "PYTHONPATH": str(tmp_path / "without")},
    )
    assert done.returncode == 3
    assert "news-etl[parquet]" in done.stderr
    assert list(tmp_path.glob("a.parquet*")) == []


def test_since_means_the_publishers_change_or_ours(env, dsn):
    assert [row["title"] for row in lines(env, "--since", later(hours=12).isoformat())] == [
        'Quay, "two" parts\u2014agreed',
        "Owl in the tower",
    ], "both came into the database just now"
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE etl.changes SET changed_at = %s", (DAY,))
    assert [row["title"] for row in lines(env, "--since", later(hours=12).isoformat())] == ["Owl in the tower"]
    assert lines(env, "--since", later(days=2).isoformat()) == []
    with psycopg.connect(dsn) as conn:  # An old capture that comes late.
        old = reading("https://www.example.org/quay-1", page("Quay doubted"), at=DAY - timedelta(days=9))
        settle(conn, [old], now=DAY, is_live=False)
    assert [row["url"] for row in lines(env, "--since", later(days=2).isoformat())] == [
        "https://www.example.org/quay-1"
    ]
