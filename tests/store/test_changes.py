"""The feed of changes: nothing twice, nothing skipped, whatever commits late, restarts or is restored."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from store.feed import add_article, add_page, add_story, eventually, newest, one, shown, told
from store.rows import counts, fill

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store import changes, partitions
from etl.store.migrate import migrate
from etl.store.partitions import Partition


@pytest.fixture
def conn(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def test_a_copy_changes_the_story_it_joins_and_the_one_it_leaves(conn):
    story, other = add_story(conn), add_story(conn)
    first = add_article(conn, add_page(conn, UUID(int=1)), story)
    begun = newest(conn)
    page_id = add_page(conn, UUID(int=2))
    copy = add_article(conn, page_id, story, copy_of=first)
    conn.execute("UPDATE etl.articles SET story_id = %s, copy_of = NULL WHERE id = %s", [other, copy])
    conn.execute("UPDATE etl.articles SET story_id = %s WHERE id = %s", [story, copy])
    conn.execute("DELETE FROM etl.pages WHERE id = %s", [page_id])
    assert [step for step in told(conn, begun) if step[0] == "story"] == [
        ("story", "update", story),  # It joins,
        *(("story", "update", id_) for id_ in sorted([story, other])),  # goes,
        *(("story", "update", id_) for id_ in sorted([story, other])),  # comes back,
        ("story", "update", story),  # and is deleted.
    ]


def test_one_transaction_wakes_listeners_once_and_one_without_changes_not_at_all(dsn, conn):
    with psycopg.connect(dsn, autocommit=True) as listener:
        listener.execute(f"LISTEN {changes.CHANNEL}".encode())
        with conn.transaction():
            add_story(conn)
            add_story(conn)
        conn.execute("UPDATE etl.links SET title = title")
        add_page(conn, UUID(int=1))
        assert [notice.channel for notice in listener.notifies(timeout=0.2)] == [changes.CHANNEL]


def test_an_update_of_nothing_takes_no_transaction_number(conn):
    with conn.transaction():
        conn.execute("DELETE FROM etl.links")
        conn.execute("UPDATE etl.article_versions SET title = ''")
        assert conn.execute("SELECT pg_current_xact_id_if_assigned()").fetchone() == (None,)


def test_rows_cannot_vanish_unseen(conn):
    with pytest.raises(psycopg.errors.RaiseException, match=r"DELETE the rows of etl\.links instead"):
        conn.execute("TRUNCATE etl.links")


def test_an_open_writer_holds_the_feed_back_and_is_named_and_an_open_reader_does_not(dsn, conn):
    add_story(conn)
    with psycopg.connect(dsn, application_name="a long report") as reporter:
        reporter.execute("SELECT count(*) FROM etl.links")
        assert len(told(conn)) == 1
    with psycopg.connect(dsn, application_name="a long load") as loader:
        add_page(loader, UUID(int=1))
        second = add_story(conn)
        assert len(shown(conn)) == 1
        # Until those of other tests that are older have ended.
        eventually(lambda: (held := changes.held_back(conn)) is not None and held.pid == loader.info.backend_pid)
        held = changes.held_back(conn)
        assert held is not None
        assert held.who.startswith("a long load (")
        assert held.running_since is not None
        assert held.running_since <= held.waiting_since
        assert len(shown(conn)) == 1
        loader.rollback()
    assert told(conn)[1:] == [("story", "insert", second)]


def test_more_changes_than_a_cursor_has_room_for_are_refused_in_words(conn):
    with conn.transaction():
        add_story(conn)
        conn.execute("SELECT etl.keep_last_change(etl.last_change(), 16777216 - 2 - etl.last_change() %% 16777216)", [])
        add_story(conn)
        with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="16777215 changes"), conn.transaction():
            add_story(conn)
    assert len(told(conn)) == 2


@pytest.mark.parametrize(
    ("as_if", "generations"),
    [
        pytest.param("server_started_at = '-infinity'", 0, id="a restart"),
        pytest.param("server_started_at = '-infinity', timeline = '00000000'", 1, id="a failover"),
        pytest.param(
            "server_started_at = '-infinity', system_identifier = 1, first_xid = 2^40", 1, id="a restored dump"
        ),
    ],
)
def test_cursors_never_go_back(conn, as_if, generations):
    for _ in range(3):
        add_story(conn)
    before, read = told(conn), newest(conn)
    generation = one(conn, "SELECT generation FROM news.changes_state")
    conn.execute(f"UPDATE etl.change_clock SET {as_if}".encode())
    assert shown(conn) == before, "what stands can be read before anybody writes"
    new = add_story(conn)
    assert told(conn, read) == [("story", "insert", new)]
    assert newest(conn) - read > 2**16 * 2**24, "numbers may have been given that are lost"
    assert one(conn, "SELECT generation FROM news.changes_state") == generation + generations


def test_cursors_go_on_after_all_changes_were_dropped_and_the_database_was_restored(conn):
    add_story(conn)
    read = newest(conn)
    partitions.make_ahead(conn, now=datetime.now(UTC))
    for partition in partitions.existing(conn, "changes"):
        assert partitions.drop(conn, partition)
    assert told(conn) == []
    assert one(conn, "SELECT dropped_to FROM news.changes_state") == read
    conn.execute("UPDATE etl.change_clock SET system_identifier = 1, server_started_at = '-infinity', first_cursor = 0")
    new = add_story(conn)
    assert told(conn, read) == [("story", "insert", new)]


def test_a_dump_restored_on_another_server_goes_on_for_the_same_reader(dsn, conn, server_folder):
    conn.execute("SELECT pg_current_xact_id() FROM generate_series(1, 3)")
    fill(conn)
    read, before = newest(conn), told(conn)
    pg_dump, psql = (embedded_host.find_program(name) for name in ("pg_dump", "psql"))
    dump = subprocess.run([pg_dump, "--no-owner"], env=environment(dsn), capture_output=True, check=True).stdout
    # Debian's 17.12 dumps an option that no other server knows; so does docs/operations.md, "Backup".
    dump = re.sub(rb"(?m)^ALTER TABLE ONLY .* SET \(pg_attver=\d*\);\n", b"", dump)
    with Embedded(server_folder, durable=False) as other:
        with psycopg.connect(other, autocommit=True) as server:
            server.execute("CREATE DATABASE restored")
            there = {role for (role,) in server.execute("SELECT rolname FROM pg_roles")}
            for role in {"news_reader", "news_writer", str(conninfo_to_dict(dsn)["user"])} - there:
                server.execute(f'CREATE ROLE "{role}"'.encode())
        restored = make_conninfo(other, dbname="restored")
        command = [psql, "-q", "-v", "ON_ERROR_STOP=1"]
        subprocess.run(command, input=dump, env=environment(restored), capture_output=True, check=True)
        with psycopg.connect(restored, autocommit=True) as there:
            assert shown(there) == before
            new = add_story(there)
            assert told(there, read) == [("story", "insert", new)]
            assert one(there, "SELECT generation FROM news.changes_state") == 2


def environment(dsn: str) -> dict[str, str]:
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    given = conninfo_to_dict(dsn)
    return {**os.environ, **{names[key]: str(value) for key, value in given.items() if key in names}}


def test_what_was_stored_before_the_feed_is_its_beginning(empty_dsn):
    migrate(empty_dsn, to="0005")
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        fill(conn)
    migrate(empty_dsn)
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        known = counts(conn)
        kinds = {"story": "stories", "article": "articles", "version": "article_versions", "link": "links"}
        assert Counter(kind for kind, _, _ in told(conn)) == {kind: known[table] for kind, table in kinds.items()}
        read = newest(conn)
        new = add_story(conn)
        assert told(conn, read) == [("story", "insert", new)]


def test_old_changes_without_a_month_of_their_own_are_dropped_in_batches(conn):
    add_story(conn)
    conn.execute("UPDATE etl.changes SET changed_at = '2015-01-01'")
    read = newest(conn)
    add_story(conn)
    month_ago = datetime.now(UTC) - timedelta(days=31)
    assert partitions.delete_changes(conn, before=month_ago, limit=10) == 1
    assert partitions.delete_changes(conn, before=month_ago, limit=10) == 0
    assert len(told(conn)) == 1
    assert one(conn, "SELECT dropped_to FROM news.changes_state") == read


def test_a_partition_is_only_made_of_a_table_of_ours_and_a_whole_month(conn):
    with pytest.raises(psycopg.errors.NoDataFound):
        conn.execute("SELECT etl.add_partition('links', '2026-01-01', 0)")
    with pytest.raises(psycopg.errors.RaiseException, match="first day of a month"):
        partitions.add(conn, Partition("changes", datetime(2026, 1, 2, tzinfo=UTC).date()))


def test_a_read_and_the_state_walk_the_index_of_each_month(conn):
    partitions.make_ahead(conn, now=datetime.now(UTC))
    conn.execute(
        """
        INSERT INTO etl.changes (cursor, kind, operation, id)
        SELECT n, 's', 'i', n FROM generate_series(1, 200000) AS n
        """
    )
    conn.execute("ANALYZE etl.changes")
    for query in (
        "SELECT * FROM news.changes WHERE cursor > 100 ORDER BY cursor LIMIT 1000",
        "SELECT max(cursor) FROM news.changes",
        "SELECT * FROM news.changes_state",
    ):
        plan = "\n".join(line for (line,) in conn.execute(f"EXPLAIN {query}".encode()).fetchall())
        month = f"{datetime.now(UTC):changes_%Y_%m}"
        assert f"using {month}_cursor_idx on {month}" in plan
        assert "Seq Scan on changes" not in plan
