"""Owner, writer and reader, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from etl.fetch.archive import Archive
from etl.flow.settle import settle
from etl.run.cleaner import Cleaner
from etl.store import changes, partitions, roles
from etl.store.health import server, waiting
from etl.store.migrate import migrate, require_head
from etl.store.partitions import Partition
from etl.store.pool import open_pool
from tests.flow.pages import DAY, page, reading

PASSWORD = "only-on-the-server-of-the-tests"
LOCK = 0x726F6C6573  # "roles": those of a server are shared by all workers of the tests.
URL = "https://www.example.org/news/ferry-quay-12345"


@pytest.fixture
def conn(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def logins(database_url: str) -> Iterator[None]:
    """Let the reader log in, and make a user who is a member of the writers."""
    with psycopg.connect(database_url, autocommit=True) as maintenance:
        maintenance.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        alter = sql.SQL("ALTER ROLE news_reader PASSWORD {}")
        maintenance.execute(alter.format(sql.Literal(PASSWORD)))
        maintenance.execute("DROP ROLE IF EXISTS news_etl_test_service")  # Of a run that was killed.
        create = sql.SQL("CREATE ROLE news_etl_test_service LOGIN PASSWORD {} IN ROLE news_writer")
        maintenance.execute(create.format(sql.Literal(PASSWORD)))
        try:
            yield
        finally:
            maintenance.execute("DROP ROLE news_etl_test_service")
            maintenance.execute("ALTER ROLE news_reader PASSWORD NULL")


@pytest.fixture
def reader_dsn(dsn: str, logins: None) -> str:
    return make_conninfo(dsn, user="news_reader", password=PASSWORD)


@pytest.fixture
def writer_dsn(dsn: str, logins: None) -> str:
    return make_conninfo(dsn, user="news_etl_test_service", password=PASSWORD)


def offered(conn: psycopg.Connection) -> list[sql.Composed]:
    """Return one query for each view of schema news, and one for each function with nothing as its arguments."""
    views = conn.execute("SELECT viewname FROM pg_views WHERE schemaname = 'news' ORDER BY 1").fetchall()
    functions = conn.execute(
        """
        SELECT p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n)
        FROM pg_proc p
        WHERE p.pronamespace = 'news'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
        ORDER BY 1
        """
    ).fetchall()
    queries = [sql.SQL("SELECT * FROM news.{} LIMIT 1").format(sql.Identifier(view)) for (view,) in views]
    for name, kinds in functions:
        nothing = sql.SQL(", ").join(sql.SQL("NULL::" + kind) for kind in kinds)
        queries.append(sql.SQL("SELECT * FROM news.{} ({}) LIMIT 1").format(sql.Identifier(name), nothing))
    return queries


def test_the_reader_reads_every_view_and_calls_every_function(conn, reader_dsn):
    settle(conn, [reading(URL, page("Quay to be built in two parts"))], now=DAY)
    with psycopg.connect(reader_dsn, autocommit=True) as reader:
        queries = offered(conn)
        assert len(queries) > 12
        for query in queries:
            with suppress(psycopg.DataError):  # Not every function has an answer to nothing.
                reader.execute(query)
        assert reader.execute("SELECT title FROM articles").fetchall() == [("Quay to be built in two parts",)]


def test_the_reader_writes_nothing_and_sees_nothing_else(reader_dsn):
    with psycopg.connect(reader_dsn, autocommit=True) as reader:
        assert reader.execute("SHOW statement_timeout").fetchone() == ("1min",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("CREATE TABLE public.mine ()")
        reader.execute("SET default_transaction_read_only = off")
        for statement in (
            "SELECT FROM etl.articles",
            "SELECT FROM etl.change_clock",
            "SELECT FROM queue.procrastinate_jobs",
            "SELECT etl.add_partition('changes', '2015-01-01', 0)",
            "DELETE FROM news.sources",
            "UPDATE news.sources SET slug = 'x'",
            "CREATE VIEW news.mine AS SELECT 1",
            "CREATE TABLE public.mine ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.encode())


def test_a_view_that_a_later_step_makes_is_open_to_the_reader(conn, reader_dsn):
    conn.execute("CREATE VIEW news.later AS SELECT host FROM etl.hosts")
    conn.execute("CREATE FUNCTION news.hosts() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT host FROM news.later'")
    with psycopg.connect(reader_dsn) as reader:
        assert reader.execute("SELECT * FROM news.hosts()").fetchall() == []


def test_the_writer_does_all_that_the_service_does(dsn, conn, writer_dsn, tmp_path):
    with open_pool(writer_dsn) as pool, pool.connection() as writer:
        require_head(writer)
        changes.wind_clock(writer)
        assert partitions.make_ahead(writer, now=datetime.now(UTC)) == (9, 0)
        (done,) = settle(writer, [reading(URL, page("Quay to be built in two parts"))], now=datetime.now(UTC))
        assert done.outcome == "stored"
        old = Partition("captures", datetime(2015, 1, 1, tzinfo=UTC).date())
        assert partitions.add(writer, old)
        cleaner = Cleaner(writer_dsn, archive=lambda: Archive(tmp_path), keep_days=30, keep_changes_days=30)
        assert cleaner.clean(writer, now=datetime.now(UTC)).partitions_dropped == 1
        assert waiting(writer, now=server(writer).now).captures == 0
    # The month's rows found its partition, and not the default one.
    assert conn.execute("SELECT count(*) FROM etl.captures_rest").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM etl.changes_rest").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM etl.captures").fetchone() == (1,)


def test_the_writer_changes_no_table_and_does_not_migrate(writer_dsn):
    with psycopg.connect(writer_dsn, autocommit=True) as writer:
        for statement in (
            "DROP TABLE etl.attempts_rest",
            "ALTER TABLE etl.pages ADD COLUMN mine text",
            "CREATE TABLE etl.mine ()",
            "UPDATE etl.alembic_version SET version_num = '0001'",
            "CREATE OR REPLACE VIEW news.runs AS SELECT 1",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                writer.execute(statement.encode())


def test_the_owner_has_nothing_to_mend(conn):
    assert roles.to_mend(conn) == []


@pytest.mark.parametrize(
    ("undone", "statement"),
    [
        pytest.param("REVOKE SELECT ON news.articles FROM news_reader", "SELECT etl.grant_roles();", id="a view"),
        pytest.param("REVOKE INSERT ON etl.pages FROM news_writer", "SELECT etl.grant_roles();", id="a table"),
        pytest.param("REVOKE USAGE ON SCHEMA news FROM news_reader", "SELECT etl.grant_roles();", id="the schema"),
        pytest.param(
            "GRANT USAGE ON SCHEMA etl TO news_reader",
            "REVOKE ALL ON SCHEMA etl, queue FROM news_reader, PUBLIC;",
            id="too much",
        ),
    ],
)
def test_what_is_missing_is_said_as_a_statement_that_mends_it(conn, undone, statement):
    conn.execute(undone.encode())
    assert roles.to_mend(conn) == [statement]
    conn.execute(statement.encode())
    assert roles.to_mend(conn) == []


def test_an_owner_who_may_make_no_roles_migrates_all_the_same(empty_dsn, database_url):
    """The roles stand on this server already; an owner without the right to make any gives them their rights all the same."""
    with psycopg.connect(database_url, autocommit=True) as maintenance:
        maintenance.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        create = sql.SQL("CREATE ROLE news_etl_test_owner LOGIN PASSWORD {}")
        maintenance.execute(create.format(sql.Literal(PASSWORD)))
        try:
            with psycopg.connect(empty_dsn, autocommit=True) as conn:
                row = conn.execute("SELECT current_database()").fetchone()
                assert row is not None
                grant = sql.SQL("GRANT CREATE ON DATABASE {} TO news_etl_test_owner")
                conn.execute(grant.format(sql.Identifier(row[0])))
            owner_dsn = make_conninfo(empty_dsn, user="news_etl_test_owner", password=PASSWORD)
            migrate(owner_dsn)
            with psycopg.connect(owner_dsn, autocommit=True) as owner:
                assert roles.to_mend(owner) == []
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    owner.execute("CREATE ROLE news_etl_test_other")
            migrate(owner_dsn, to="base")
            with psycopg.connect(empty_dsn, autocommit=True) as conn:
                conn.execute("DROP OWNED BY news_etl_test_owner")
        finally:
            maintenance.execute("DROP ROLE IF EXISTS news_etl_test_owner")
