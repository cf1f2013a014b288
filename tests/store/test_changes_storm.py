"""A minute of writers that commit late, abort and die, and a reader that knows nothing but its last cursor."""

from __future__ import annotations

import threading
import time
from collections import Counter
from random import Random
from uuid import UUID

import psycopg
from store.feed import AT, Told, add_article, add_links, add_page, add_story, add_version

from etl.store import changes

WRITERS = 10
STORM_S = 61.0
"""Writers that take up to STAY_S between write and commit overlap all the time, and the horizon moves thousands of times."""
STAY_S = 1.5


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
    conn.commit()
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
