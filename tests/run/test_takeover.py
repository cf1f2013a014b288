"""Who leads, who works, and what becomes of work whose worker dies, freezes or no longer hears."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.run import embedded_keeper, watchdog
from etl.run.clock import ServerClock
from etl.run.embedded import Embedded
from etl.run.queue import app_of, put_polls, sync_app_of
from etl.run.scheduler import Leader
from etl.store import schedule
from tests.cli.program import PROGRAM, start
from tests.run.storm_places import Wire
from tests.run.test_service import env, leader, log, parts, press, right, stored, until  # noqa: F401 - fixtures.

GIVEN_BACK_S = 60.0
# A leader by another lock, which it finds free.
SECOND_LEADER = "from etl.run import scheduler; scheduler.LEADER_LOCK += 1; from etl.cli import main; main()"


def doing(dsn: str) -> set[int]:
    with psycopg.connect(dsn) as conn:
        return {row[0] for row in conn.execute("SELECT id FROM queue.procrastinate_jobs WHERE status = 'doing'")}


def jobs(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT count(*) FROM queue.procrastinate_jobs").fetchone()
    return row[0] if row else 0


def hang_a_job(dsn: str) -> int:
    """Let a worker that dies at once take a job, and return the job's number."""
    with sync_app_of(dsn).open() as app:
        put_polls(app, [1])

    async def take() -> int:
        async with app_of(dsn, connections=2).open_async() as app:
            worker = await app.job_manager.register_worker()
            job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
            assert job is not None
            assert job.id is not None
            return job.id

    return asyncio.run(take())


def test_the_job_of_a_worker_without_a_sign_of_life_is_given_back_within_a_minute(dsn, env, log, parts):  # noqa: F811
    job = hang_a_job(dsn)
    began = time.monotonic()
    parts.append(start("scheduler", env=env, log=log))
    until(lambda: job not in doing(dsn), within_s=GIVEN_BACK_S)
    print(f"given back after {time.monotonic() - began:.1f} s")


def test_a_job_whose_end_was_lost_is_ended_by_the_worker_that_had_it(dsn, env, log, parts):  # noqa: F811
    parts.append(start("worker", env=env, log=log))
    jobs: list[int] = []

    def has_taken_one() -> bool:
        with psycopg.connect(dsn, autocommit=True) as conn:
            rows = conn.execute(
                """
                INSERT INTO queue.procrastinate_jobs (queue_name, task_name, lock, status, worker_id)
                SELECT 'live', 'poll_source', 'poll:1', 'doing', id FROM queue.procrastinate_workers RETURNING id
                """
            )
            jobs.extend(job for (job,) in rows)
        return bool(jobs)

    until(has_taken_one)
    until(lambda: not doing(dsn) & set(jobs), within_s=GIVEN_BACK_S)


def test_a_frozen_worker_loses_its_work_to_another_and_does_no_harm_when_it_wakes(dsn, env, log, press, parts):  # noqa: F811
    parts.append(start("scheduler", env=env, log=log))
    parts.append(start("worker", env=env, log=log))
    until(lambda: bool(doing(dsn)))
    parts[1].send_signal(signal.SIGSTOP)
    parts.append(start("worker", env=env, log=log))
    until(lambda: stored(dsn) == right(press), within_s=GIVEN_BACK_S + 60.0)
    parts[1].send_signal(signal.SIGCONT)
    time.sleep(3.0)
    assert stored(dsn) == right(press)


def test_a_frozen_leader_is_replaced(dsn, env, log, parts):  # noqa: F811
    parts.append(start("scheduler", env=env, log=log))
    until(lambda: leader(dsn) is not None)
    first = leader(dsn)
    parts.append(start("scheduler", env=env, log=log))
    parts[0].send_signal(signal.SIGSTOP)
    until(lambda: leader(dsn) not in (None, first), within_s=GIVEN_BACK_S)


def test_two_leaders_at_once_do_no_harm(dsn, env, log, press, parts):  # noqa: F811
    parts.append(start("scheduler", env=env, log=log))
    with log.open("ab") as said:
        command = [PROGRAM[0], "-c", SECOND_LEADER, "scheduler"]
        parts.append(subprocess.Popen(command, env=env, stderr=said, start_new_session=True))
    until(lambda: log.exists() and log.read_text().count("scheduler_leads") == 2)
    parts.append(start("worker", env=env, log=log))
    until(lambda: stored(dsn) == right(press))
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*), count(DISTINCT page_id) FROM etl.articles").fetchone() == (
            right(press),
            right(press),
        )
        polls = conn.execute("SELECT count(*) FROM etl.runs WHERE kind = 'poll'").fetchone()
        sources = conn.execute("SELECT count(*) FROM etl.sources").fetchone()
    assert polls == sources


def test_a_worker_whose_connections_go_deaf_notices_and_works_on(dsn, env, log, press, parts):  # noqa: F811
    place = conninfo_to_dict(dsn)
    wire = Wire(str(place["host"]), int(str(place["port"])))
    try:
        behind = {**env, "NEWS_ETL_DATABASE_URL": make_conninfo(dsn, port=wire.port)}
        parts.append(start("worker", env=behind, log=log))
        until(lambda: log.exists() and "worker_started" in log.read_text())
        time.sleep(2.0)
        assert wire.deafen()
        # Its own notifications are not heard, or what it waits for never comes: then it ends, to be started again.
        until(lambda: "listen_deaf" in log.read_text() or "process_hangs" in log.read_text(), within_s=GIVEN_BACK_S)
        with sync_app_of(dsn).open() as app:
            put_polls(app, [1])

        def works_on() -> bool:
            if parts[-1].poll() is not None:
                parts.append(start("worker", env=behind, log=log))
            return jobs(dsn) == 0

        until(works_on, within_s=GIVEN_BACK_S)
    finally:
        wire.close()


@pytest.mark.parametrize("missed", [1, 1000])
def test_missed_polls_are_caught_up_by_one(dsn, missed):
    with psycopg.connect(dsn, autocommit=True) as conn:
        now = datetime.now(UTC)
        conn.execute(
            """
            INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
            VALUES ('a/b', 'feed', 'https://a.example/f', 'a.example', 'a', 60, %s, %s)
            """,
            [now - missed * timedelta(seconds=60), now],
        )
    with sync_app_of(dsn).open() as queue:
        leaders = [Leader(dsn, queue, lambda _: None, None) for _ in range(2)]
        for each in (*leaders, *leaders):
            each.tick()
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT task_name FROM queue.procrastinate_jobs").fetchall() == [("poll_source",)]


def test_a_killed_run_leaves_no_part_behind(dsn, env, log, parts):  # noqa: F811
    parts.append(start("run", env=env, log=log))
    until(lambda: log.exists() and "worker_started" in log.read_text() and "web_listens" in log.read_text())
    parts[0].kill()
    until(lambda: ours(dsn) == 0, within_s=60.0)
    assert "Status page: http://" in log.read_text()


def ours(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    return row[0] if row else 0


def test_a_silent_process_is_ended_and_one_that_shows_life_is_not():
    code = (
        "import time; from etl.run import watchdog as w; w.LOOK_EVERY_S = 0.1\n"
        "with w.Watchdog('test', limit_s=0.5) as dog:\n"
        "    for _ in range(15): time.sleep(0.1); dog.alive()\n"
        "    print('well', flush=True); time.sleep(30)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == watchdog.EXIT_HUNG
    assert done.stdout.startswith("well\n")


def test_the_servers_clock_goes_on_by_itself_and_follows_what_the_server_says():
    clock, told = ServerClock(), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    clock.read(told)
    assert timedelta(0) <= clock.now() - told < timedelta(seconds=5)
    clock.read(told - timedelta(days=1))
    assert abs(clock.now() - told + timedelta(days=1)) < timedelta(seconds=5)


def test_what_a_clock_that_ran_ahead_put_off_is_due_again(dsn):
    now = datetime.now(UTC)
    ahead = now + timedelta(days=1)
    with psycopg.connect(dsn, autocommit=True) as conn:
        for slug, polled_at in (("well", now - timedelta(hours=1)), ("ahead", ahead)):
            conn.execute(
                """
                INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, polled_at, created_at)
                VALUES (%s, 'feed', 'https://a.example/f', 'a.example', 'a', 60, %s, %s, %s)
                """,
                [slug, polled_at + timedelta(hours=2), polled_at, now],
            )
        with sync_app_of(dsn).open() as queue:
            Leader(dsn, queue, lambda _: None, None).mend_times()
        due = conn.execute("SELECT slug FROM etl.sources WHERE next_poll_at <= now() ORDER BY 1").fetchall()
    assert due == [("ahead",)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes by /proc")
def test_an_embedded_server_that_crashes_while_it_is_used_comes_back_under_the_same_address(server_folder):
    with Embedded(server_folder, durable=False) as address:
        pid_file = server_folder / "postgres" / "cluster" / "postmaster.pid"
        pid = int(pid_file.read_text().split("\n", 1)[0])
        time.sleep(embedded_keeper.SERVED_S + 1.0)  # It must have served for a while.
        os.kill(pid, signal.SIGQUIT)  # As `pg_ctl stop -m immediate` does.

        def is_back() -> bool:
            try:
                with psycopg.connect(address) as conn:
                    conn.execute("SELECT 1")
            except psycopg.OperationalError:
                return False
            return int(pid_file.read_text().split("\n", 1)[0]) != pid

        until(is_back)


def test_a_program_on_this_machine_is_told_from_none(dsn):
    with psycopg.connect(dsn, application_name="news-etl worker beside") as _, psycopg.connect(dsn) as conn:
        assert schedule.has_beside(conn, name="news-etl worker beside")
        assert not schedule.has_beside(conn, name="news-etl worker elsewhere")
