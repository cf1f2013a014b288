"""`news-etl doctor` names what is wrong, and what mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from etl.cli import doctoring
from etl.run.scheduler import LEADER_LOCK
from etl.settings import read_settings
from etl.store import changes, health
from etl.store.migrate import migrate
from tests.cli.program import environment, run
from tests.store.feed import add_story, eventually


@pytest.fixture
def found(dsn, tmp_path) -> Callable[[], dict[str, dict]]:
    """Ask the doctor; answers check → finding."""

    def ask() -> dict[str, dict]:
        done = run("doctor", "--json", env=environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path)))
        return {finding["check"]: finding for finding in json.loads(done.stdout)}

    return ask


def test_a_transaction_that_holds_the_feed_back_for_minutes_is_named(dsn, found):
    with psycopg.connect(dsn, autocommit=True) as conn, psycopg.connect(dsn, application_name="a long load") as loader:
        add_story(loader)
        eventually(lambda: (held := changes.held_back(conn)) is None or held.pid == loader.info.backend_pid)
        add_story(conn)
        assert found()["changes"]["is_well"], "seconds are no matter"
        conn.execute("UPDATE etl.changes SET changed_at = now() - interval '6 minutes'")
        finding = found()["changes"]
        assert not finding["is_well"]
        assert "a transaction is open: a long load (" in finding["words"]
        assert f"SELECT pg_terminate_backend({loader.info.backend_pid});" in finding["words"]


def test_workers_that_do_not_keep_up_and_pages_in_quarantine_are_named(dsn, found):
    assert found()["capacity"]["is_well"], "nothing is due, nobody works"
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("INSERT INTO queue.procrastinate_workers (last_heartbeat) VALUES (now() + interval '5 minutes')")
        conn.execute(
            """
            INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
            VALUES ('a/b', 'feed', 'https://a.example/f', 'a.example', 'a', 900, now() - interval '2 hours', now())
            """
        )
        conn.execute(
            """
            INSERT INTO etl.pages (url, url_key, host, found_at, outcome, outcome_detail, outcome_at)
            VALUES ('https://a.example/1', gen_random_uuid(), 'a.example', now(), 'crashed', 'SIGSEGV', now())
            """
        )
    findings = found()
    assert not findings["capacity"]["is_well"]
    assert findings["capacity"]["words"].startswith("1 worker; 4 polls an hour wanted, 1 source due; 1 page visited")
    assert "the oldest poll is 2.0 h late: start more workers" in findings["capacity"]["words"]
    assert "no scheduler leads" in findings["scheduler"]["words"]
    assert "https://a.example/1: crashed" in findings["quarantine"]["words"]


def test_a_service_without_a_worker_is_named(dsn, found):
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            """
            INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
            VALUES ('a/b', 'feed', 'https://a.example/f', 'a.example', 'a', 900, now() - interval '2 hours', now())
            """
        )
        assert found()["capacity"]["is_well"], "no service at all: cron may be what polls"
        conn.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        capacity = found()["capacity"]
    assert not capacity["is_well"]
    assert "no worker lives, and the oldest poll is 2.0 h late: start `news-etl worker`" in capacity["words"]


def test_backfills_on_which_nobody_works_are_named(dsn, found):
    with psycopg.connect(dsn, autocommit=True) as conn:
        for minutes, words in ((0, "waits: no worker sees /a.warc"), (60, None), (0, None)):
            conn.execute(
                """
                INSERT INTO etl.backfills (kind, plan_key, plan, state, created_at, created_by, started_at, detail)
                VALUES ('warc', gen_random_uuid()::text, '{}', 'running', now(), 'me', now() - make_interval(mins => %s), %s)
                """,
                [minutes, words],
            )
        findings = found()
        assert findings["backfill 1"]["words"] == "waits: no worker sees /a.warc"
        assert "no worker lives" in findings["backfill 2"]["words"]
        assert "`news-etl backfill resume 2` goes on" in findings["backfill 2"]["words"]
        assert "backfill 3" not in findings, "just begun"
        conn.execute("INSERT INTO queue.procrastinate_workers (last_heartbeat) VALUES (now() + interval '5 minutes')")
    assert {name for name in found() if name.startswith("backfill")} == {"backfill 1"}, "a worker waits for its hosts"


def test_a_backfill_that_failed_is_named_until_somebody_decides(dsn, found, tmp_path):
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            """
            INSERT INTO etl.backfills (kind, plan_key, plan, state, created_at, created_by, ended_at, detail)
            VALUES ('urls', 'a', '{}', 'failed', now(), 'me', now(), 'CheckViolation: no')
            """
        )
    assert "CheckViolation: no; `news-etl backfill resume 1` goes on" in found()["backfill 1"]["words"]
    done = run("backfill", "cancel", "1", env=environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path)))
    assert done.returncode == 0, done.stderr
    assert "backfill 1" not in found()


def test_roles_that_lack_a_right_come_with_their_statement(dsn, found):
    assert found()["roles"]["is_well"]
    with psycopg.connect(dsn) as conn:
        conn.execute("REVOKE SELECT ON news.articles FROM news_reader")
    finding = found()["roles"]
    assert not finding["is_well"]
    assert finding["words"].endswith("SELECT etl.grant_roles();")


def test_an_old_schema_and_a_database_that_does_not_answer_are_told_apart(empty_dsn, tmp_path):
    migrate(empty_dsn, to="0015")

    def asked(url: str) -> tuple[int, dict[str, dict]]:
        done = run("doctor", "--json", env=environment(NEWS_ETL_DATABASE_URL=url, NEWS_ETL_DATA_DIR=str(tmp_path)))
        return done.returncode, {finding["check"]: finding for finding in json.loads(done.stdout)}

    code, findings = asked(empty_dsn)
    assert code == 3
    assert findings["database"]["is_well"]
    assert findings["schema"]["words"].endswith("run `news-etl migrate`")
    code, findings = asked("postgresql://nobody@127.0.0.1:1/none")
    assert code == 3
    assert "does not answer" in findings["database"]["words"]
    assert findings["contact"]["words"].endswith("set NEWS_ETL_CONTACT to a web page or a mail address")
    assert "source add" in findings["recipes"]["words"]


def test_a_database_that_takes_no_writes_and_a_newer_schema_are_named(dsn, found):
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("UPDATE etl.alembic_version SET version_num = '9999'")
        finding = found()["schema"]
        assert finding["is_well"], "what is newer only adds"
        assert finding["words"].startswith("at 9999, newer than this news-etl")
        name = conn.info.dbname
        conn.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(sql.Identifier(name)))
    finding = found()["database"]
    assert not finding["is_well"]
    assert f"`ALTER DATABASE {name} RESET default_transaction_read_only`" in finding["words"]


def test_of_many_sources_that_fail_each_way_has_a_line(dsn, found):
    add = """
        INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at, outcome, failing_since)
        SELECT %(way)s || number, 'feed', %(way)s || number, %(way)s || number, 'a', 900, now(), now(), %(way)s,
               '2026-03-01 06:00+00'::timestamptz + number * interval '1 hour'
        FROM generate_series(1, %(count)s) AS number
        """
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(add, {"way": "dns", "count": doctoring.FAILING_SHOWN})
        assert sum(check.startswith("source ") for check in found()) == doctoring.FAILING_SHOWN
        conn.execute(add, {"way": "gone", "count": 1})
        assert [kind.sources for kind in health.failing_kinds(conn)] == [20, 1]
    findings = found()
    assert not any(check.startswith("source ") for check in findings)
    assert not findings["sources"]["is_well"]
    assert findings["sources"]["words"].startswith("gone: 1 source fails, the first since 2026-03-01 07:00: gone1;")


CLOCKS = {
    "right": (0, True, "s from"),
    "ahead": (10_800, False, "3.0 h ahead of"),
    "behind": (-86_400, False, "24 h behind"),
}


@pytest.mark.parametrize(("ahead_s", "is_well", "words"), CLOCKS.values(), ids=CLOCKS.keys())
def test_a_clock_that_is_wrong_is_named(conn, monkeypatch, ahead_s, is_well, words):
    monkeypatch.setattr(doctoring, "CLOCK_MAX_S", 600.0)  # However long the two questions take.
    monkeypatch.setattr(doctoring, "now", lambda: datetime.now(UTC) + timedelta(seconds=ahead_s))
    finding = doctoring._clock(conn)
    assert (finding.is_well, words in finding.words) == (is_well, True)


def test_a_disk_that_is_nearly_full_is_named(tmp_path, monkeypatch):
    chosen = read_settings({"NEWS_ETL_DATA_DIR": str(tmp_path)})
    monkeypatch.setattr(doctoring, "FREE_MIN_BYTES", 0)
    assert [found.is_well for found in doctoring._archive(chosen)] == [True]
    monkeypatch.setattr(doctoring, "FREE_MIN_BYTES", 10**15)
    (finding,) = doctoring._archive(chosen)
    assert not finding.is_well
    assert "make room" in finding.words
