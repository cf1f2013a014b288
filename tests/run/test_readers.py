"""Pages that kill their reader cost themselves and nothing else."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from etl.model import Capture, Place
from etl.run import readers, tray
from etl.run.backfill_jobs import Shared
from etl.run.readers import Readers
from etl.store import digest_times

DAY = datetime(2026, 2, 7, 8, 15, tzinfo=UTC)


class Segfault(bytes):
    """A body whose unpickling in the child reads address 0: a real SIGSEGV in the child, none here."""

    def __reduce__(self):
        return ctypes.string_at, (0,)


class Slow(bytes):
    """A body that is there after a second."""

    def __reduce__(self):
        return subprocess.check_output, (["sh", "-c", 'sleep 1; printf %s "$0"', bytes(self).decode()],)


class Sleepy(bytes):
    """A body that takes longer than a page may."""

    def __reduce__(self):
        return time.sleep, (60,)


def body_of(number: int) -> bytes:
    text = "".join(
        f"<p>Paragraph {k} of page {number} says something about the harbour and its ferries.</p>" for k in range(6)
    )
    return f"<html lang=en><title>Page {number}</title><h1>Page {number}</h1><article>{text}</article></html>".encode()


def page(number: int, body: bytes | None = None) -> tuple[Capture, bytes]:
    whole = body_of(number) if body is None else body
    capture = Capture(
        url=f"https://www.example.org/news/page-{number}",
        final_url=f"https://www.example.org/news/page-{number}",
        status=200,
        headers={"content-type": "text/html"},
        body_sha256=hashlib.sha256(b"x").digest(),
        body_bytes=1,
        fetched_at=DAY,
        place=Place("a.warc.gz", number, 1),
    )
    return capture, whole


@pytest.fixture
def two():
    with Readers(2, shelf=None) as made:
        yield made


def test_pages_come_back_in_their_order(two):
    readings = two.read([page(number) for number in range(40)])
    assert [reading.capture.place.offset for reading in readings] == list(range(40))
    assert {reading.outcome for reading in readings} == {"article"}
    assert readings[7].article.title == "Page 7"


def test_a_segfault_costs_one_page(two):
    pages = [page(number) for number in range(12)]
    pages[5] = page(5, Segfault(b"x"))
    readings = two.read(pages)
    assert [reading.outcome for reading in readings] == ["article"] * 5 + ["crashed"] + ["article"] * 6
    assert readings[5].detail == "the reader was ended by SIGSEGV"
    assert [reading.outcome for reading in two.read([page(1)])] == ["article"]


def test_a_page_that_never_ends_is_given_up(two, monkeypatch):
    monkeypatch.setattr(readers, "PAGE_MAX_S", 6.0)  # The others have to be read in it, on a machine that is busy.
    pages = [page(0), page(1, Sleepy(b"x")), page(2)]
    readings = two.read(pages)
    assert [reading.outcome for reading in readings] == ["article", "too_slow", "article"]


def long_body_of(number: int, size: int) -> bytes:
    """Return a page of *size* bytes whose first and last words name it."""
    head, foot = f"<title>Page {number}</title><h1>Page {number}</h1><!--", f"-->{body_of(number).decode()}"
    return f"{head}{'x' * (size - len(head) - len(foot))}{foot}".encode()


@pytest.mark.parametrize("has_memory", [True, False])
def test_bodies_of_any_size_come_whole(monkeypatch, has_memory):
    """Those that lie in shared memory, those that are sent, and a crash between them: each reading is of its own page."""
    if not has_memory:
        monkeypatch.setattr(readers, "new_tray", lambda: None)
    sizes = [tray.WORTH_BYTES, 190_000, tray.PLACE_BYTES - 1, tray.PLACE_BYTES, tray.PLACE_BYTES + 1, 2_000_000, 2_000]
    pages = [page(number, long_body_of(number, sizes[number % len(sizes)])) for number in range(40)]
    pages[13] = page(13, Segfault(b"x"))
    with Readers(2, shelf=None) as some:
        readings = some.read(pages)
    assert [len(body) for _, body in pages[:13]] == [sizes[number % len(sizes)] for number in range(13)]
    assert [number for number, reading in enumerate(readings) if reading.outcome != "article"] == [13]
    for number, reading in enumerate(readings):
        if number != 13:
            assert (reading.article.title, f"of page {number} says" in reading.article.text) == (f"Page {number}", True)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no such memory")
def test_shared_memory_is_given_back_with_its_reader():
    def held() -> int:
        return Path("/proc/self/maps").read_text().count("news-etl-tray")

    gc.collect()
    before = held()
    with Readers(1, shelf=None) as one:
        for _ in range(3):
            assert [reading.outcome for reading in one.read([page(1, long_body_of(1, 50_000))])] == ["article"]
            assert held() == before + 1
            one.close()
            assert held() == before


def test_a_page_whose_reader_was_killed_by_somebody_is_read_by_another():
    with Readers(1, shelf=None) as one:
        one.read([page(0)])
        [child] = [child._process for child in one._children]
        threading.Timer(0.4, child.kill).start()
        readings = one.read([page(1, Slow(body_of(1))), page(2)])
        assert child.poll() is not None
    assert [reading.outcome for reading in readings] == ["article", "article"]
    assert readings[0].article.title == "Page 1"


def test_a_batch_of_slow_pages_ends_in_time_and_the_next_goes_on():
    pages = [page(number, Slow(body_of(number))) for number in range(4)]
    with Readers(1, shelf=None) as one:
        first = one.read(pages, at_most_s=2.5)
        assert 1 <= len(first) < 4
        assert len(one.read(pages[len(first) :], at_most_s=60.0)) == 4 - len(first)


def test_readers_are_replaced_after_their_share(monkeypatch):
    monkeypatch.setattr(readers, "PAGES_PER_CHILD", 5)
    with Readers(1, shelf=None) as one:
        assert len(one.read([page(number) for number in range(23)])) == 23


def test_what_backfills_read_is_counted_once_in_the_times_of_digests(two, dsn):
    shared = Shared(two, threading.Lock())
    shared.read([page(1), page(2)])
    shared.read([])
    shared.read([page(3)])
    with psycopg.connect(dsn, autocommit=True) as conn:
        for _ in range(2):
            shared.tell_times(conn)
            told = digest_times.steps(conn)
            assert sum(step.pages for step in told) == 3
            assert sum(step.seconds for step in told) > 0


def test_a_reader_loads_no_database_driver():
    asked = (
        "import etl.run.reader, etl.extract.article, sys; print(*{'psycopg', 'asyncio', 'croniter'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert told.stdout.split() == []
