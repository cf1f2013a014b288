"""The dbt package: its sources say what the database says, it builds on the demo's database, and its copy follows the feed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from store.written import article, page, version

from migrations.dbt_sources import sources

PACKAGE = Path(__file__).resolve().parents[2] / "dbt"
DAY = datetime(2026, 2, 7, 8, 15, tzinfo=UTC)
needs_dbt = pytest.mark.skipif(
    not any(found.name == "dbt-postgres" for found in distributions()),
    reason="dbt is not installed: pip install -e '.[dbt]' -c requirements.lock",
)


def dbt(dsn: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt on that database; what it writes goes to *folder*."""
    parts = conninfo_to_dict(dsn)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    given = {name: str(parts[key]) for key, name in names.items() if key in parts}
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments, "--project-dir", PACKAGE,
               "--profiles-dir", PACKAGE, "--target-path", folder / "target", "--log-path", folder / "logs"]  # fmt: skip
    environ = {**os.environ, **given, "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=300, cwd=folder)


def test_the_sources_are_made_from_the_comments(conn):
    written = (PACKAGE / "models" / "sources.yml").read_text(encoding="utf-8")
    assert written == sources(conn), "run: python -m migrations.describe"


def test_a_promise_of_a_comment_becomes_a_test(conn):
    before = sources(conn)
    conn.execute("COMMENT ON COLUMN news.outcomes.outcome IS 'good, bad or ugly; null while it waits.'")
    conn.execute("COMMENT ON COLUMN news.outcomes.visits IS 'Stable number.'")
    added = set(sources(conn).splitlines()) - set(before.splitlines())
    assert '              - accepted_values: {arguments: {values: ["good", "bad", "ugly"]}}' in added
    assert sources(conn).count("- unique") == before.count("- unique") + 1


@needs_dbt
def test_the_package_builds_on_the_database_of_the_demo(pressed, tmp_path):
    try:
        built = dbt(pressed.dsn, tmp_path, "build")
        assert built.returncode == 0, built.stdout
        assert "ERROR=0" in built.stdout
        assert "WARN=0" in built.stdout
        fresh = dbt(pressed.dsn, tmp_path, "source", "freshness")
        assert fresh.returncode == 0, fresh.stdout
        results = json.loads((tmp_path / "target" / "sources.json").read_text())["results"]
        assert {result["unique_id"].split(".")[-1] for result in results} == {"articles", "changes", "runs"}
        with psycopg.connect(pressed.dsn) as conn:
            same = "SELECT count(*) FROM news_dbt.articles c JOIN news.articles a USING (article_id, url, title, text, version_id)"
            assert conn.execute(same).fetchone() == conn.execute("SELECT count(*) FROM news.articles").fetchone()
            assert conn.execute("SELECT count(*) FROM news_dbt.reposts").fetchone() == (len(pressed.gold.copies),)
    finally:
        with psycopg.connect(pressed.dsn, autocommit=True) as conn:
            conn.execute("DROP SCHEMA IF EXISTS news_dbt CASCADE")


@needs_dbt
def test_the_copy_takes_what_changed_and_marks_what_is_erased(dsn, tmp_path):
    with psycopg.connect(dsn, autocommit=True) as conn:
        edited, erased, kept = (article(conn, page(conn, at=DAY), at=DAY) for _ in range(3))
        for article_id in (edited, erased, kept):
            version(conn, article_id, at=DAY, title="Ship")
        assert dbt(dsn, tmp_path, "run", "--select", "articles").returncode == 0
        first = copied(conn)
        version(conn, edited, at=DAY + timedelta(hours=1), title="Ships")
        conn.execute("DELETE FROM etl.articles WHERE id = %s", [erased])
        new = article(conn, page(conn, at=DAY), at=DAY)
        version(conn, new, at=DAY, title="Harbour")
        again = dbt(dsn, tmp_path, "run", "--select", "articles")
        assert again.returncode == 0, again.stdout
        second = copied(conn)
        assert {key: row[:2] for key, row in second.items()} == {
            edited: ("Ships", False), erased: (None, True), kept: ("Ship", False), new: ("Harbour", False),
        }  # fmt: skip
        assert second[kept] == first[kept], "what did not change is not written again"
        conn.execute("UPDATE etl.change_clock SET dropped_to = 9000000000000000000")
        behind = dbt(dsn, tmp_path, "run", "--select", "articles")
        assert behind.returncode != 0
        assert "--full-refresh" in behind.stdout


def copied(conn: psycopg.Connection) -> dict[int, tuple]:
    rows = conn.execute("SELECT article_id, title, is_erased, cursor, copied_at FROM news_dbt.articles").fetchall()
    return {row[0]: row[1:] for row in rows}
