import threading

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.errors import Misconfigured
from etl.store.pool import open_pool
from tests.run.storm_places import Wire


def setting(conn: psycopg.Connection, name: str) -> str:
    row = conn.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return row[0]


def test_sessions_speak_utc_and_give_up_what_is_stuck(pool):
    with pool.connection() as conn:
        assert setting(conn, "TimeZone") == "UTC"
        assert setting(conn, "statement_timeout") == "2min"
        assert setting(conn, "idle_in_transaction_session_timeout") == "45s"
        assert setting(conn, "application_name") == "news-etl"


def test_settings_survive_a_rolled_back_transaction(pool):
    with pytest.raises(psycopg.errors.DivisionByZero), pool.connection() as conn:
        conn.execute("SELECT 1 / 0")
    with pool.connection() as conn:
        assert setting(conn, "TimeZone") == "UTC"


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_handed_out(dsn):
    with open_pool(dsn, max_size=1) as pool:
        with pool.connection() as conn:
            ended = conn.info.backend_pid
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
        with pool.connection() as conn:
            assert conn.info.backend_pid != ended
            assert setting(conn, "TimeZone") == "UTC"


def test_broken_connections_are_passed_over_without_a_pause(dsn, monkeypatch):
    """The library pauses after each, twice as long as before: with four, after a restart of the server, 15 s in all."""

    def pause(_seconds: float) -> None:
        raise AssertionError("it pauses")

    monkeypatch.setattr("psycopg_pool.pool.sleep", pause)
    with open_pool(dsn, max_size=4, timeout_s=120.0) as pool:
        taken = [pool.getconn() for _ in range(4)]
        ended = {conn.info.backend_pid for conn in taken}
        for conn in taken:
            pool.putconn(conn)
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid, 60000) FROM unnest(%s::int[]) AS pid", [list(ended)])
        taken = [pool.getconn() for _ in range(4)]
        assert not ended & {conn.info.backend_pid for conn in taken}
        for conn in taken:
            pool.putconn(conn)


def test_no_more_connections_than_asked_for(dsn):
    with open_pool(dsn, max_size=2, name="two of us") as pool:
        gate = threading.Barrier(3)
        seen = set()

        def use() -> None:
            with pool.connection() as conn:
                seen.add(conn.info.backend_pid)
                gate.wait(timeout=20)

        users = [threading.Thread(target=use) for _ in range(2)]
        for user in users:
            user.start()
        gate.wait(timeout=20)
        for user in users:
            user.join()
        assert len(seen) == 2
        with psycopg.connect(dsn) as other:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'two of us'"
            assert other.execute(query).fetchone() == (2,)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"port": "1"}, id="nobody answers"),
        pytest.param({"dbname": "no_such_database"}, id="no such database"),
        pytest.param({"user": "no_such_user", "password": "hush-hush"}, id="no such user"),
    ],
)
def test_a_database_that_does_not_answer_is_said_in_words_without_the_password(dsn, wrong):
    with pytest.raises(Misconfigured, match="the database does not answer: ") as raised:
        open_pool(make_conninfo(dsn, **wrong))
    assert "hush-hush" not in str(raised.value)


def test_what_is_no_address_at_all_is_said_in_words():
    with pytest.raises(Misconfigured, match="the database does not answer: "):
        open_pool("postgres//nowhere")


def test_a_drained_pool_hands_out_no_connection_that_went_deaf(dsn):
    place = conninfo_to_dict(dsn)
    wire = Wire(str(place["host"]), int(str(place["port"])))
    try:
        pool = open_pool(make_conninfo(dsn, port=wire.port), timeout_s=120.0)
        with pool.connection() as conn:
            first = conn.info.backend_pid
        assert wire.deafen()
        pool.drain()
        with pool.connection() as conn:
            assert conn.info.backend_pid != first
        pool.close()
    finally:
        wire.close()
