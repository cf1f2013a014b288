"""`backfill redigest` from the command line: a look before it writes, exact counts, and kill -9."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import timedelta

import psycopg
import pytest

from etl.fetch.archive import Archive
from tests.cli.program import environment, run, start
from tests.cli.test_backfill import story
from tests.flow.pages import DAY, page
from tests.flow.redigesting import Press, titled, without_last

PAGES = 12


@pytest.fixture
def env(dsn, tmp_path):
    return environment(
        NEWS_ETL_DATABASE_URL=dsn,
        NEWS_ETL_DATA_DIR=str(tmp_path / "data"),
        NEWS_ETL_ARCHIVE=str(tmp_path / "archive"),
        NEWS_ETL_WORKERS="1",
    )


@pytest.fixture
def stored(conn, tmp_path):
    """Articles as an older program read them: without their last paragraphs, two with a wrong title, one as it is."""

    def store(pages: int) -> None:
        archive = Archive(tmp_path / "archive")
        press = Press(conn, archive)
        for number in range(pages):
            url = f"https://www.example.org/news/report-{number}-x{number}"
            press.store(story(number), url=url, at=DAY + timedelta(minutes=number), as_read=without_last)
        for number in (1, 2):
            url = f"https://www.example.net/report-{number}"
            press.store(story(1000 + number), url=url, as_read=titled(f"Report {number} | The Example"))
        press.store(page("The quay as it is"), url="https://www.example.com/quay-1")
        archive.close()

    return store


def texts(dsn: str) -> list[tuple]:
    with psycopg.connect(dsn) as conn:
        return conn.execute("SELECT url, title, text, version_id, story_id FROM news.articles ORDER BY url").fetchall()


def test_the_look_writes_nothing_and_the_work_does_what_it_said(dsn, env, stored):
    stored(PAGES)
    before = texts(dsn)
    looked = run("backfill", "redigest", "--dry-run", "--json", env=env)
    assert looked.returncode == 0, looked.stderr
    would = json.loads(looked.stdout)
    assert texts(dsn) == before
    assert (would["pages"], would["captures"], would["requests"]) == (PAGES + 3, PAGES + 3, 0)
    assert would["outcomes"] == {"rewritten": PAGES + 2, "same": 1}
    assert would["fields"] == {"body": PAGES, "title": 2}
    assert would["versions_added"] == would["versions_removed"] == 0
    assert would["examples"]["title"][0] == {
        "url": "https://www.example.net/report-1",
        "before": "Report 1 | The Example",
        "after": "Council report number 1001",
    }
    done = run("backfill", "redigest", "--yes", "--json", env=env)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["outcomes"] == would["outcomes"]
    assert answer["fields"] == would["fields"]
    assert answer["state"] == "done"
    after = texts(dsn)
    assert [row[3:] for row in after] == [row[3:] for row in before]
    assert all("wards" in row[2] or "ward" in row[2] for row in after if "report" in row[0])
    same = run("backfill", "redigest", "--yes", env=env)
    assert "Nothing new" in same.stderr
    anew = run("backfill", "redigest", "--yes", "--again", "--json", env=env)
    assert json.loads(anew.stdout)["outcomes"] == {"same": PAGES + 3}
    listed = json.loads(
        run("backfill", "redigest", "--where", "host = 'www.example.net'", "--dry-run", "--json", env=env).stdout
    )
    assert listed["pages"] == 2


def test_people_see_what_would_change(env, stored):
    stored(1)
    looked = run("backfill", "redigest", "--dry-run", env=env)
    assert "4 pages with 4 captures would be read again" in looked.stdout
    assert "no request" in looked.stdout
    assert "- Report 1 | The Example" in looked.stdout
    assert "+ Council report number 1001" in looked.stdout


MISTAKES = {
    "nobody to ask": (["backfill", "redigest"], 2, "say --yes, or --dry-run first"),
    "a condition that is none": (
        ["backfill", "redigest", "--where", "titel = 'x'", "--yes"],
        3,
        'column "titel" does not exist',
    ),
    "a time that is none": (["backfill", "redigest", "--from", "yesterday", "--yes"], 2, "no ISO 8601 time"),
    "an extractor that is none": (
        ["backfill", "redigest", "--since-extractor", "new", "--yes"],
        2,
        "--since-extractor",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_told_in_one_sentence(env, arguments, code, words):
    done = run(*arguments, env=env)
    assert done.returncode == code
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_killed_at_any_moment_it_ends_with_the_same_rows_and_counts(dsn, env, stored, conn, tmp_path):
    pages = 100
    stored(pages)
    kills = 0
    for _ in range(4):
        process = start("backfill", "redigest", "--yes", env=env, log=tmp_path / "log.txt")
        reached = progress(conn)
        deadline = time.monotonic() + 60
        while process.poll() is None and progress(conn) == reached and time.monotonic() < deadline:
            conn.rollback()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    last = run("backfill", "redigest", "--yes", "--json", env=env)
    assert kills >= 2, (tmp_path / "log.txt").read_text()
    if last.stdout:
        assert json.loads(last.stdout)["outcomes"] == {"rewritten": pages + 2, "same": 1}
    conn.rollback()
    assert conn.execute("SELECT outcomes FROM news.backfills").fetchall() == [({"rewritten": pages + 2, "same": 1},)]
    wrong = "SELECT count(*) FROM news.articles WHERE title LIKE '%|%' OR array_length(string_to_array(text, E'\\n'), 1) < 6"
    assert conn.execute(wrong).fetchall() == [(0,)]


def progress(conn: psycopg.Connection) -> list[tuple]:
    conn.rollback()
    return conn.execute("SELECT item, reached FROM etl.backfill_items ORDER BY item").fetchall()


def test_what_was_paused_goes_on_and_what_was_cancelled_begins_anew(dsn, env, stored):
    stored(3)
    assert run("backfill", "redigest", "--yes", env=env).returncode == 0
    for state, words in (("paused", "Going on with backfill"), ("cancelled", "--again begins anew")):
        with psycopg.connect(dsn) as conn:
            conn.execute("UPDATE etl.backfills SET state = %s", (state,))
        done = run("backfill", "redigest", "--yes", env=env)
        assert done.returncode == 0
        assert words in " ".join(done.stderr.split())
    anew = run("backfill", "redigest", "--yes", "--again", "--json", env=env)
    assert json.loads(anew.stdout)["outcomes"] == {"same": 6}
