"""The feed of changes: nothing twice, nothing skipped, whatever commits late, aborts, restarts or is restored."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from store.rows import counts, fill

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store import changes, partitions
from etl.store.migrate import migrate
from etl.store.partitions import Partition

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
WRITERS = 10
STORM_S = 61.0
"""Writers that take up to STAY_S between write and commit overlap all the time, and the horizon moves thousands of times."""
STAY_S = 1.5

Told = tuple[str, str, int]


@pytest.fixture
def conn(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def one(conn: psycopg.Connection, query: str, *given: object) -> int:
    row = conn.execute(query.encode(), given).fetchone()
    assert row is not None
    return row[0]


def add_page(conn: psycopg.Connection, key: UUID) -> int:
    return one(
        conn,
        "INSERT INTO etl.pages (url, url_key, host, found_at) VALUES (%s, %s, 'a.example', now()) RETURNING id",
        f"https://a.example/{key}",
        key,
    )


def add_article(conn: psycopg.Connection, page_id: int, story_id: int, copy_of: int | None = None) -> int:
    return one(
        conn,
        """
        INSERT INTO etl.articles (page_id, story_id, copy_of, story_reason, first_seen_at, changed_at)
        VALUES (%s, %s, %s, 'new', now(), now()) RETURNING id
        """,
        page_id,
        story_id,
        copy_of,
    )


def add_version(
    conn: psycopg.Connection, article_id: int, valid_from: datetime, follows: datetime | None = None
) -> int:
    return one(
        conn,
        """
        INSERT INTO etl.article_versions (article_id, valid_from, follows, content_key, title, text, extractor)
        VALUES (%s, %s, %s, '', 'a title', 'a text', 'test') RETURNING id
        """,
        article_id,
        valid_from,
        follows,
    )


def add_links(conn: psycopg.Connection, page_id: int, count: int) -> list[int]:
    """Add links by COPY, as the service does, and return their ids."""
    known = {link for (link,) in conn.execute("SELECT id FROM etl.links WHERE page_id = %s", [page_id])}
    with conn.cursor().copy(
        "COPY etl.links (page_id, kind, url_key, url, first_observed_at, position, title, rule) FROM STDIN"
    ) as copy:
        for place in range(len(known), len(known) + count):
            key = UUID(int=place)
            copy.write_row((page_id, "inline", key, f"https://b.example/{place}", AT, place, "a link", "test"))
    rows = conn.execute("SELECT id FROM etl.links WHERE page_id = %s ORDER BY id", [page_id]).fetchall()
    return [link for (link,) in rows if link not in known]


def add_story(conn: psycopg.Connection) -> int:
    return one(conn, "INSERT INTO etl.stories (opened_at) VALUES (now()) RETURNING id")


def shown(conn: psycopg.Connection, after: int = 0) -> list[Told]:
    return [(change.kind, change.operation, change.id) for change in changes.after(conn, after, limit=100_000)]


def told(conn: psycopg.Connection, after: int = 0) -> list[Told]:
    """Return what is told once nothing waits: other tests write on the same server, and their open transactions count too."""
    eventually(lambda: changes.held_back(conn) is None)
    return shown(conn, after)


def newest(conn: psycopg.Connection) -> int:
    eventually(lambda: changes.held_back(conn) is None)
    return one(conn, "SELECT coalesce(max(cursor), 0) FROM news.changes")


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Writer(threading.Thread):
    """Works on pages of its own and remembers what it has committed."""

    def __init__(self, dsn: str, number: int, ends_at: float) -> None:
        super().__init__(name=f"writer {number}")
        self.dsn, self.number, self.ends_at = dsn, number, ends_at
        self.random = Random(number)
        self.done: list[Told] = []
        self.aborted = 0
        self.committed = 0
        self.live: list[tuple[int, int, int, int, list[int]]] = []
        """Page, article, story, version and links that stand."""

    def run(self) -> None:
        conn = psycopg.connect(self.dsn, application_name=self.name)
        while time.monotonic() < self.ends_at:
            steps: list[Told] = []
            live = [(*page[:4], list(page[4])) for page in self.live]
            for _ in range(self.random.randint(1, 3)):
                self.random.choice([self.add, self.add, self.rewrite, self.relink, self.erase, self.undo])(
                    conn, live, steps
                )
                self.stay()
            conn.execute("INSERT INTO bare (writer) VALUES (%s)", [self.number])
            self.stay()
            fate = self.random.random()
            if fate < 0.2:
                conn.rollback()
            elif fate < 0.25:  # The process dies.
                conn.close()
                conn = psycopg.connect(self.dsn, application_name=self.name)
            else:
                conn.commit()
                self.done += steps
                self.live = live
                self.committed += 1
                continue
            self.aborted += 1
        conn.close()

    def stay(self) -> None:
        time.sleep(self.random.random() ** 6 * STAY_S)

    def add(self, conn, live, steps) -> None:
        page_id = add_page(conn, UUID(int=self.random.getrandbits(128)))
        story_id = add_story(conn)
        self.stay()
        article_id = add_article(conn, page_id, story_id)
        version_id = add_version(conn, article_id, AT)
        links = add_links(conn, page_id, self.random.randint(0, 12))
        live.append((page_id, article_id, story_id, version_id, links))
        steps += [("story", "insert", story_id), ("article", "insert", article_id), ("version", "insert", version_id)]
        steps += [("link", "insert", link) for link in links]

    def rewrite(self, conn, live, steps) -> None:
        """Write versions, and then the same again: the second time nothing changes, and nothing is told."""
        for _, _, _, version_id, _ in live[-2:]:
            title = f"title {self.random.random()}"
            for _ in range(2):
                conn.execute("UPDATE etl.article_versions SET title = %s WHERE id = %s", [title, version_id])
            steps.append(("version", "update", version_id))

    def relink(self, conn, live, steps) -> None:
        for page_id, _, _, _, links in live[-3:]:
            conn.execute("UPDATE etl.links SET position = position + 1 WHERE page_id = %s", [page_id])
            steps += [("link", "update", link) for link in links]
            fresh = add_links(conn, page_id, 2)
            links += fresh
            steps += [("link", "insert", link) for link in fresh]

    def erase(self, conn, live, steps) -> None:
        if live:
            page_id, article_id, story_id, version_id, links = live.pop(self.random.randrange(len(live)))
            conn.execute("DELETE FROM etl.pages WHERE id = %s", [page_id])
            conn.execute("DELETE FROM etl.stories WHERE id = %s", [story_id])
            steps += [
                ("article", "delete", article_id),
                ("version", "delete", version_id),
                ("story", "delete", story_id),
            ]
            steps += [("link", "delete", link) for link in links]

    def undo(self, conn, _live, _steps) -> None:
        """Do something and go back to a savepoint: none of it is told."""
        conn.execute("SAVEPOINT before")
        self.add(conn, [], [])
        conn.execute("ROLLBACK TO SAVEPOINT before")


def follow(conn: psycopg.Connection, seen: list[changes.Change], random: Random, is_over: threading.Event) -> None:
    """Read by cursor alone, in pieces of any size, as a consumer does."""
    last = 0
    while True:
        ends = is_over.is_set()
        limit = random.choice([1, 7, 100, 5000])
        rows = changes.after(conn, last, limit=limit)
        seen += rows
        last = rows[-1].cursor if rows else last
        if ends and len(rows) < limit:
            return
        time.sleep(0.002 if rows else 0.02)


def follow_bare(conn: psycopg.Connection, seen: set[int], is_over: threading.Event) -> None:
    """The same by a bare sequence."""
    last = 0
    while True:
        ends = is_over.is_set()
        rows = conn.execute("SELECT n FROM bare WHERE n > %s ORDER BY n", [last]).fetchall()
        seen |= {n for (n,) in rows}
        last = rows[-1][0] if rows else last
        if ends and not rows:
            return
        time.sleep(0.02)


def test_a_minute_of_writers_that_commit_late_and_abort_is_told_exactly_once(dsn, conn, record_property):
    conn.execute("CREATE TABLE bare (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, writer integer)")
    ends_at = time.monotonic() + STORM_S
    writers = [Writer(dsn, number, ends_at) for number in range(WRITERS)]
    seen: list[changes.Change] = []
    bare: set[int] = set()
    is_over = threading.Event()
    with psycopg.connect(dsn, autocommit=True) as reader, psycopg.connect(dsn, autocommit=True) as bare_reader:
        readers = [
            threading.Thread(target=follow, args=(reader, seen, Random(1), is_over)),
            threading.Thread(target=follow_bare, args=(bare_reader, bare, is_over)),
        ]
        for thread in [*readers, *writers]:
            thread.start()
        for writer in writers:
            writer.join()
        is_over.set()
        for thread in readers:
            thread.join()
    committed = Counter(step for writer in writers for step in writer.done)
    assert Counter((change.kind, change.operation, change.id) for change in seen) == committed
    cursors = [change.cursor for change in seen]
    assert cursors == sorted(set(cursors))
    stored = {n for (n,) in conn.execute("SELECT n FROM bare").fetchall()}
    counted = {
        "changes": len(seen),
        "transactions": sum(writer.committed for writer in writers),
        "aborted": sum(writer.aborted for writer in writers),
        "lost_by_the_bare_sequence": len(stored - bare),
    }
    record_property("counted", counted)
    print(counted)
    assert len(seen) > 2_000
    assert counted["aborted"] > 50
    assert bare < stored, "a reader of a bare sequence loses rows under these writers, or the test proves nothing"


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
    with Embedded(server_folder, durable=False) as other:
        with psycopg.connect(other, autocommit=True) as server:
            server.execute("CREATE DATABASE restored")
            server.execute("CREATE ROLE news_reader")
            server.execute("CREATE ROLE news_writer")
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


def test_the_plan_of_a_read_walks_the_index_of_each_month(conn):
    partitions.make_ahead(conn, now=datetime.now(UTC))
    conn.execute(
        """
        INSERT INTO etl.changes (cursor, kind, operation, id)
        SELECT n, 's', 'i', n FROM generate_series(1, 20000) AS n
        """
    )
    conn.execute("ANALYZE etl.changes")
    plan = conn.execute("EXPLAIN SELECT * FROM news.changes WHERE cursor > 100 ORDER BY cursor LIMIT 10").fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "Index Scan" in text
    assert "Sort Key: c.cursor" not in text or "Merge Append" in text
    assert "Seq Scan on changes" not in text
