"""An upgrade while the old processes run: they go on, on the new schema, as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys

import psycopg

from etl.store.migrate import head, migrate
from tests.run.released import start_news_day, tree_before

RELEASED = "0005"
"""The schema of the last release."""
FIRST_STEP_SINCE = "0006_changes.py"
STORED = """
    SELECT (SELECT count(*) FROM news.articles), (SELECT count(*) FROM news.article_versions),
           (SELECT count(*) FROM news.links WHERE still_there), (SELECT count(*) FROM news.articles WHERE copy_of IS NOT NULL),
           (SELECT count(*) FROM etl.captures WHERE digested_at IS NULL)
    """


def stored(dsn: str) -> tuple[int, ...]:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(STORED).fetchone()
    assert row is not None
    return row


def test_the_last_release_stores_the_same_on_the_schema_of_today(empty_dsn, tmp_path, database_url):
    tree = tree_before(FIRST_STEP_SINCE, tmp_path / "released")
    migrate(empty_dsn, to=RELEASED)
    day = start_news_day(tree, empty_dsn, tmp_path / "day")
    assert day.stdin is not None
    assert day.stdout is not None
    assert day.stdout.readline() == "first edition\n"
    before = stored(empty_dsn)
    assert migrate(empty_dsn).after == head()
    assert stored(empty_dsn) == before
    day.communicate("go on\n", timeout=240)
    assert day.returncode == 0
    articles, versions, links, copies, waiting = stored(empty_dsn)
    assert articles > before[0], "the second edition brings new articles"
    assert versions > articles, "and new versions"
    assert links > before[2]
    assert copies > before[3]
    assert waiting == 0


def test_what_only_migrates_is_not_loaded_to_ask_for_the_version():
    asked = "import sys, etl.store.migrate as m; print(m.head(), *sorted({'alembic', 'sqlalchemy'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [head()]
