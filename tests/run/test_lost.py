"""A database that goes away: told in a line, no work of ours is taken for a fault, and all goes on when it is back."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from etl.run import embedded_keeper
from etl.run.embedded import Embedded
from etl.run.lost import hush_libraries, is_lost, words
from etl.store.migrate import migrate
from tests.cli.program import beside_a_press, start
from tests.run.test_service import log, parts, press, right, stored, until  # noqa: F401 - fixtures.


def wrapped(error: Exception) -> Exception:
    raised = ConnectorException()
    raised.__cause__ = error
    return raised


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        pytest.param(psycopg.OperationalError("server closed the connection unexpectedly"), True, id="broken"),
        pytest.param(psycopg.errors.AdminShutdown("terminating connection"), True, id="told to end"),
        pytest.param(psycopg.errors.CannotConnectNow("the database system is starting up"), True, id="begins"),
        pytest.param(PoolTimeout("couldn't get a connection after 10.00 sec"), True, id="none to be had"),
        pytest.param(wrapped(psycopg.errors.CrashShutdown("crash of another process")), True, id="told by the queue"),
        pytest.param(psycopg.errors.DeadlockDetected("deadlock detected"), False, id="deadlock"),
        pytest.param(psycopg.errors.DiskFull("could not extend file"), False, id="disk full"),
        pytest.param(psycopg.errors.QueryCanceled("statement timeout"), False, id="statement too long"),
        pytest.param(wrapped(psycopg.errors.ForeignKeyViolation("no such worker")), False, id="refused by the queue"),
        pytest.param(ConnectorException(), False, id="of the queue alone"),
        pytest.param(ValueError("a bug"), False, id="a bug"),
        pytest.param(None, False, id="nothing"),
    ],
)
def test_a_lost_database_is_told_from_one_that_refused(error, lost):
    assert is_lost(error) is lost


def test_what_is_said_is_the_first_line_of_the_cause():
    assert words(wrapped(psycopg.OperationalError("the server is gone\nIs it running?"))) == "the server is gone"
    assert words(ConnectionResetError()) == "ConnectionResetError"


def test_libraries_are_silent_about_a_lost_database_only(caplog):
    hush_libraries()
    logger = logging.getLogger("procrastinate.utils")
    for error in (psycopg.errors.AdminShutdown("terminating connection"), ValueError("a bug")):
        logger.error("listener error", exc_info=error)
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("a bug",)]


@pytest.fixture
def server(server_folder) -> Iterator[tuple[str, Path]]:
    """A server of the test's own, with the file that names its process."""
    with Embedded(server_folder, durable=False) as dsn:
        migrate(dsn)
        yield dsn, server_folder / "postgres" / "cluster" / "postmaster.pid"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the server's process is found by its file")
def test_a_restart_of_postgres_costs_each_job_a_line_and_all_is_stored_once(
    server,
    tmp_path,
    press,  # noqa: F811
    log,  # noqa: F811
    parts,  # noqa: F811
):
    dsn, pid_file = server
    press.recipes_folder(tmp_path / "recipes")
    recipes = str(tmp_path / "recipes")
    env = beside_a_press(dsn, tmp_path, NEWS_ETL_RECIPES_DIR=recipes, NEWS_ETL_LOG_FORMAT="json")
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND application_name LIKE 'news-etl worker %'
    """
    time.sleep(embedded_keeper.SERVED_S + 1.0)  # Or its keeper takes its end for one that cannot start.
    with closing(psycopg.connect(dsn)) as holder, closing(psycopg.connect(dsn, autocommit=True)) as conn:
        holder.execute("LOCK TABLE etl.runs")  # So that jobs are at work, for sure, when the server ends.
        parts.append(start("scheduler", env=env, log=log))
        parts.append(start("worker", env=env, log=log))

        def waits() -> bool:
            row = conn.execute(waiting).fetchone()
            return row is not None and row[0] >= 2

        until(waits)
        os.kill(
            int(pid_file.read_text().split("\n", 1)[0]), signal.SIGINT
        )  # As `docker compose restart postgres` does.
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT pg_sleep(600)")

    def is_stored() -> bool:
        try:
            return stored(dsn) == right(press)
        except psycopg.OperationalError:
            return False

    until(is_stored)
    assert [part.poll() for part in parts] == [None, None]
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(DISTINCT page_id) FROM etl.articles").fetchone() == (right(press),)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len([line for line in lines if line["event"] == "job_lost_database"]) >= 2
    assert all(line["run"] and line["detail"] for line in lines if line["event"] == "job_lost_database")
    assert [line for line in lines if line["level"] == "error" or "exception" in line] == []
    # Whose heartbeat broke off with its connection would have lost its jobs to others.
    with psycopg.connect(dsn, autocommit=True) as conn:
        fresh = (
            "SELECT count(*) FROM queue.procrastinate_workers WHERE last_heartbeat > clock_timestamp() - interval '5 s'"
        )
        until(lambda: conn.execute(fresh).fetchone() == (1,))
