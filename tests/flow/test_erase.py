"""Erasing: rows, bytes and the way back are gone, and the book says who did it."""

from __future__ import annotations

import gzip
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest

from etl.discover import records
from etl.errors import Misconfigured, Unreadable
from etl.fetch.archive import Archive
from etl.flow.erase import _erase_rows, _meant, erase, target_of
from etl.flow.imports import import_records
from etl.flow.reading import read_capture, spell
from etl.flow.settle import settle
from etl.model import Place
from etl.store import captures, pages
from tests.cli.test_backfill import write_warc
from tests.flow.pages import DAY, page, reading

PAGE = "https://www.example.org/news/report-1-x1"


def rows(conn: psycopg.Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


def now():
    return DAY + timedelta(days=1)


@pytest.fixture
def archive(tmp_path):
    opened = Archive(tmp_path / "archive")
    yield opened
    opened.close()


@pytest.fixture
def load(conn, archive, tmp_path):
    """Read the same WARC file: three articles, one of them under two spellings, and three records without a page."""
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, articles=3)

    def run() -> dict[str, int]:
        with path.open("rb") as stream:
            batch = list(records(stream))
        ends = import_records(
            conn, batch, archive=archive, read=lambda some: [read_capture(c, b or b"") for c, b in some], now=now()
        )
        return Counter(end.outcome for end in ends)

    return run


def bytes_of(folder) -> bytes:
    """Return all that can be read out of the archive's files."""
    return b"".join(gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.warc.gz")))


def test_a_page_is_gone_with_its_bytes_and_a_backfill_does_not_bring_it_back(conn, archive, load, tmp_path):
    assert load() == {"stored": 3, "known": 1, "content_type": 1, "http_404": 1}
    archive.close()
    assert b"Council report number 1" in bytes_of(tmp_path / "archive")
    (place,) = rows(conn, f"SELECT archive_file, archive_offset, archive_length FROM etl.captures WHERE url = '{PAGE}'")
    done = erase(conn, target_of(PAGE + "?utm_source=x"), archive=archive, by="jo@desk", now=now)
    assert done.counts["articles"] == done.counts["pages"] == done.counts["stories"] == 1
    assert done.archive_records >= 1
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(2,)]
    assert rows(conn, f"SELECT FROM etl.page_urls WHERE url LIKE '{PAGE}%'") == []
    left = bytes_of(tmp_path / "archive")
    assert b"Council report number 1" not in left
    assert PAGE.encode() not in left
    assert b"Council report number 2" in left
    with pytest.raises(Unreadable, match="erased"):
        archive.read(Place(*place))
    assert load() == {"buried": 1, "known": 3, "content_type": 1, "http_404": 1}
    assert rows(conn, "SELECT count(*) FROM etl.pages") == [(2,)]
    archive.close()
    assert b"Council report number 1" not in bytes_of(tmp_path / "archive")


def test_the_book_says_who_when_and_how_much_but_not_the_address(conn, archive, load):
    load()
    done = erase(conn, target_of(PAGE), archive=archive, by="jo@desk", now=now)
    (entry,) = rows(
        conn,
        "SELECT id, kind, host, url_key, erased_by, erased_at, counts, archive_records, archive_done_at FROM etl.erasures",
    )
    key = spell(PAGE).url_key
    assert entry == (
        done.number,
        "url",
        "www.example.org",
        key,
        "jo@desk",
        now(),
        done.counts,
        done.archive_records,
        now(),
    )
    assert rows(conn, "SELECT url_key, reason, buried_by FROM etl.tombstones") == [(key, "erased", "jo@desk")]


def test_a_poll_that_names_it_finds_no_page(conn, archive, load):
    load()
    erase(conn, target_of(PAGE), archive=archive, by="jo@desk", now=now)
    named = [spell(PAGE + "?utm_medium=feed"), spell("https://www.example.org/news/report-2-x2")]
    known = pages.ensure(conn, named, found_at=now(), next_visit_at=now())
    assert list(known) == [named[1].url_key]


def test_every_name_of_a_folded_page_is_buried(conn, archive, load):
    load()
    ids = dict(rows(conn, "SELECT url, id FROM etl.pages"))
    other = "https://www.example.org/news/report-0-x0"
    pages.fold_into(conn, ids[other], ids[PAGE], rule="redirect", now=now())
    done = erase(conn, target_of(other), archive=archive, by="jo@desk", now=now)
    assert done.counts["pages"] == done.counts["tombstones"] == 2
    assert load() == {"buried": 3, "known": 1, "content_type": 1, "http_404": 1}


def test_a_domain_goes_with_the_hosts_below_it_and_no_other(conn, archive, load):
    load()
    done = erase(conn, target_of("Example.org"), archive=archive, by="jo@desk", now=now)
    assert done.counts["pages"] == done.counts["tombstones"] == 3
    assert rows(conn, "SELECT count(*) FROM etl.pages") == [(0,)]
    assert load()["buried"] == 4
    assert erase(conn, target_of("ample.org"), archive=archive, by="jo@desk", now=now).counts["pages"] == 0


def test_a_dry_run_counts_the_same_and_changes_nothing(conn, archive, load, tmp_path):
    load()
    archive.close()
    before = bytes_of(tmp_path / "archive")
    would = erase(conn, target_of(PAGE), archive=archive, by="jo@desk", now=now, dry_run=True)
    assert bytes_of(tmp_path / "archive") == before
    assert rows(conn, "SELECT count(*) FROM etl.articles") == [(3,)]
    assert rows(conn, "SELECT count(*) FROM etl.tombstones") == [(0,)]
    assert erase(conn, target_of(PAGE), archive=archive, by="jo@desk", now=now).counts == would.counts


def test_what_was_interrupted_before_the_archive_is_ended_by_the_same_command(conn, archive, load, tmp_path):
    load()
    ids = dict(rows(conn, "SELECT url, id FROM etl.pages"))
    pages.fold_into(conn, ids["https://www.example.org/news/report-0-x0"], ids[PAGE], rule="redirect", now=now())
    with pytest.raises(RuntimeError, match="unplugged"):
        erase(conn, target_of(PAGE), archive=Unplugged(tmp_path / "archive"), by="jo@desk", now=now)
    assert rows(conn, "SELECT archive_done_at FROM etl.erasures") == [(None,)]
    archive.close()
    assert b"Council report number 1" in bytes_of(tmp_path / "archive")
    erase(conn, target_of(PAGE), archive=archive, by="jo@desk", now=now)
    left = bytes_of(tmp_path / "archive")
    assert b"Council report number 1" not in left
    assert b"Council report number 0" not in left, "its other name was buried with it"
    assert b"Council report number 2" in left


class Unplugged(Archive):
    """An archive whose disk goes away."""

    def overwrite(self, place, *, at):
        raise RuntimeError(f"unplugged: {place} at {at}")


MEANWHILE = {
    "the same page": (PAGE, "buried", 0),
    "a spelling that was not known": (f"{PAGE}?fbclid=IwAR0", "buried", 0),
    "a copy elsewhere": ("https://www.example.net/copied-report-1", "stored", 1),
}


@pytest.mark.parametrize(("url", "outcome", "articles"), MEANWHILE.values(), ids=MEANWHILE.keys())
def test_a_page_that_is_erased_while_it_is_digested_stays_away(dsn, url, outcome, articles):
    """The digest finds page and story, waits for the erasure that holds them, and then sees what it left."""
    read = reading(PAGE, page("Quay to be built in two parts"))
    late = reading(url, page("Quay to be built in two parts"), at=now())
    with psycopg.connect(dsn) as eraser, psycopg.connect(dsn) as watcher, ThreadPoolExecutor(1) as other:
        settle(eraser, [read], now=DAY)
        eraser.commit()
        with psycopg.connect(dsn) as digest:
            with eraser.transaction():
                _erase_rows(eraser, _meant(eraser, target_of(PAGE)), by="jo@desk", now=now())
                running = other.submit(settle, digest, [late], now=now())
                while not waits(watcher, digest.info.backend_pid):
                    assert not running.done(), "it did not wait for the erasure"
            (done,) = running.result()
    assert done.outcome == outcome, done.detail
    with psycopg.connect(dsn) as conn:
        assert rows(conn, "SELECT count(*) FROM etl.articles") == [(articles,)]
        assert rows(conn, "SELECT count(*) FROM etl.stories") == [(articles,)]


def waits(conn: psycopg.Connection, process: int) -> bool:
    return rows(conn, f"SELECT FROM pg_locks WHERE pid = {process} AND NOT granted") != []


def test_an_erasure_and_a_digest_that_hold_what_the_other_needs_both_end(dsn, tmp_path):
    archive = Archive(tmp_path / "archive")
    with psycopg.connect(dsn, autocommit=True) as digest, psycopg.connect(dsn, autocommit=True) as watcher:
        settle(digest, [reading(PAGE, page("Quay to be built in two parts"))], now=DAY)
        digest.execute("UPDATE etl.captures SET digested_at = NULL")
        with ThreadPoolExecutor(1) as other, psycopg.connect(dsn, autocommit=True) as eraser:
            with digest.transaction():
                assert len(captures.pending(digest, limit=1)) == 1
                running = other.submit(erase, eraser, target_of(PAGE), archive=archive, by="jo@desk", now=now)
                while not waits(watcher, eraser.info.backend_pid):
                    assert not running.done()
                with suppress(psycopg.errors.DeadlockDetected), digest.transaction():
                    pages.lock(digest, [1])
            assert running.result().counts["pages"] == 1
    archive.close()


@pytest.mark.parametrize("what", ["org", "", "exa mple.org", "mailto://a@b/c"])
def test_what_is_neither_page_nor_domain_is_refused(what):
    with pytest.raises(Misconfigured):
        target_of(what)
