#!/usr/bin/env python3
"""WARC files to Postgres with all of it (archive, extraction, links, near-copies, versions): pages a second, memory, growth.

  python bench/warc.py [--warc FILE] [--pages 4000] [--workers 1,2,1@1] [--stored 0] [--sample 60] [--files FOLDER]

Makes WARC files of distinct pages (altered copies of those in FILE, else made up: bench/distinct.py); one in thirty comes a
second time, edited, an hour later, and one in thirty is repeated by another host. Then the service is started as an operator
starts it (`news-etl scheduler`, `news-etl worker`) on a new embedded Postgres with fsync; `news-etl backfill warc FILES…` is run.

  pages/s   records of the files, from the start of the command to its end
  CPU       ms per page of all processes, those of Postgres and the start of each (byte code is there) among them, and by part
  memory    the largest resident set of a process, by its part (Postgres: without the buffers that all share)
  outcomes  what became of the records, as the command tells it

--workers 1@1,2@2 lets one worker, its readers, Postgres and all the rest have one core, then two workers two: what a machine with
twice the cores does, where `1,2` shows what a second worker adds on this one.

--files FOLDER keeps the files, for a next run of as many pages.

--stored N,M fills the database with that many made-up articles first (as bench/growth.py does) and measures the largest number of
workers on each. In the same run trafilatura reads --sample of the same pages, one core, without storing anything.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import cost
import distinct
import growth
import psycopg
from pipeline import PROGRAM, server, service

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
FILES = 8
EDITED = 30
REPEATED = 30
COLUMNS = ("stored before", "workers", "cores", "pages", "pages/s", "CPU ms/page", "by part", "memory, MB", "outcomes")


@dataclass(frozen=True, slots=True)
class Record:
    url: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Run:
    workers: int
    cores: int
    stored: int = 0

    @classmethod
    def of(cls, text: str) -> Run:
        """Read `2` (two workers on all cores) or `2@1` (two workers on one)."""
        workers, _, cores = text.partition("@")
        return cls(int(workers), int(cores) if cores else len(CORES))


def records_of(originals: Sequence[distinct.Original], numbers: Iterable[int]) -> Iterator[Record]:
    """Yield the records of a file: mostly new pages, some of them again, edited or under another host."""
    for number in numbers:
        original = originals[number % len(originals)]
        url, body = distinct.copy_of(original, number + 1)
        yield Record(url, original.at, body)
        if number % EDITED == 0:
            yield Record(url, original.at + timedelta(hours=1), edited(body, number))
        if number % REPEATED == 1:
            host = url.split("/")[2]
            yield Record(
                url.replace(host, f"copy.{host}"),
                original.at + timedelta(hours=2),
                body.replace(host.encode(), b"copy." + host.encode()),
            )


def edited(body: bytes, number: int) -> bytes:
    """Return the page with another first paragraph."""
    words = " ".join(random.Random(number).choices(growth.VOCABULARY, k=40)).encode()
    head, tag, rest = body.partition(b"</p>")
    return head + b" " + words + tag + rest if tag else body


def write_file(path: Path, originals: Sequence[distinct.Original], numbers: Sequence[int]) -> int:
    """Write one WARC file, a gzip member a record, as most producers do; return its records."""
    count = 0
    with path.open("wb") as file:
        for record in records_of(originals, numbers):
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + record.body
            digest = hashlib.sha1(record.body).hexdigest()
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{uuid4()}>\r\n"
                f"WARC-Target-URI: {record.url}\r\nWARC-Date: {record.at:%Y-%m-%dT%H:%M:%SZ}\r\n"
                f"WARC-Payload-Digest: sha1:{digest}\r\nContent-Type: application/http; msgtype=response\r\n"
                f"Content-Length: {len(http)}\r\n\r\n"
            )
            file.write(gzip.compress(head.encode() + http + b"\r\n\r\n", 6))
            count += 1
    return count


def write_files(folder: Path, originals: Sequence[distinct.Original], pages: int) -> tuple[list[Path], int]:
    """Write the files and return them with the number of their records; those that a run before left there are taken."""
    tally = folder / "records.json"
    if tally.exists() and (left := json.loads(tally.read_text()))["pages"] == pages:
        return sorted(folder.glob("*.warc.gz")), left["records"]
    paths = [folder / f"{number}.warc.gz" for number in range(FILES)]
    shares = [list(range(number, pages, FILES)) for number in range(FILES)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as makers:
        counts = list(makers.map(write_file, paths, [originals] * FILES, shares))
    tally.write_text(json.dumps({"pages": pages, "records": sum(counts)}))
    return paths, sum(counts)


@contextlib.contextmanager
def confined(cores: int) -> Iterator[None]:
    """Give this process, and so all that it starts, *cores* cores (Linux only, where fewer than all are asked for)."""
    if not 1 <= cores <= len(CORES):
        raise SystemExit(f"{cores} cores were asked for, this machine gives {len(CORES)}")
    if cores == len(CORES):
        yield
        return
    os.sched_setaffinity(0, CORES[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


def backfill(folder: Path, files: Sequence[Path], records: int, run: Run) -> str:
    folder.mkdir()
    with server(folder) as (dsn, conn, postmaster):
        if run.stored:
            with psycopg.connect(dsn) as filling:
                growth.fill(filling, 1, run.stored)
            number_on(conn, run.stored)
        before = cost.cpu_s([postmaster])
        with service(folder, dsn, [], run.workers) as running:
            until_led(conn)
            with cost.Memory(lambda: [*running.roots, postmaster]) as memory:
                begun, usage = time.monotonic(), os.times()
                command = [*PROGRAM, "backfill", "warc", *map(str, files), "--json"]
                told = subprocess.run(command, env=running.environ, cwd=folder, check=False, capture_output=True)
                took = time.monotonic() - begun
                after = os.times()
            own = after.children_user + after.children_system - usage.children_user - usage.children_system
            in_postgres = cost.cpu_s([postmaster]) - before
            parts = cost.cpu_by_part(running.roots) | {"command": own, "postgres": in_postgres}
    cells = (
        f"{run.stored:,}",
        run.workers,
        run.cores,
        f"{records:,}",
        f"{records / took:.0f}",
        f"{1000 * sum(parts.values()) / records:.1f}",
        ", ".join(f"{part} {1000 * spent / records:.1f}" for part, spent in sorted(parts.items())),
        memory,
        outcomes(told),
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def number_on(conn: psycopg.Connection[Any], stored: int) -> None:
    """Let the ids go on behind the rows that were filled in."""
    for table in ("pages", "articles", "stories"):
        conn.execute(f"SELECT setval(pg_get_serial_sequence('etl.{table}', 'id'), {stored})".encode())


def until_led(conn: psycopg.Connection[Any]) -> None:
    """Wait until a scheduler leads and a worker is there, so that what is measured is work."""
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        row = conn.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'news-etl%%') > 3"
        ).fetchone()
        if row and row[0]:
            return
        time.sleep(0.2)


def outcomes(told: subprocess.CompletedProcess[bytes]) -> str:
    try:
        counts = json.loads(told.stdout)
    except ValueError:
        return f"exit code {told.returncode}: {told.stderr.decode()[-300:]}"
    found = counts.get("counts") or counts.get("outcomes") or {}
    return ", ".join(f"{name} {count:,}" for name, count in sorted(found.items(), key=lambda pair: -pair[1]))


def trafilatura_ms(originals: Sequence[distinct.Original], sample: int) -> float | None:
    """Return the CPU ms that trafilatura takes to read a page, or None when it is not installed."""
    if find_spec("trafilatura") is None or not sample:
        return None
    read: Any = import_module("trafilatura").bare_extraction
    pages = [distinct.copy_of(originals[number % len(originals)], number + 1)[1] for number in range(sample)]
    read(pages[0], with_metadata=True)
    begun = time.process_time()
    for page in pages:
        read(page, with_metadata=True, include_comments=False)
    return 1000 * (time.process_time() - begun) / len(pages)


def run(given: argparse.Namespace, folder: Path) -> None:
    originals = distinct.of_warc(given.warc) if given.warc else distinct.made_up(now=datetime.now(UTC))
    place = given.files.absolute() if given.files else folder
    place.mkdir(parents=True, exist_ok=True)
    files, records = write_files(place, originals, given.pages)
    packed = sum(path.stat().st_size for path in files) / records
    plain = sum(len(original.body) for original in originals) / len(originals)
    print(
        f"{records:,} records of {plain / 1000:.0f} KB, {packed / 1000:.0f} KB as gzip, in {len(files)} files; load before: "
        f"{os.getloadavg()[0]:.1f}; {os.cpu_count()} cores\n",
        flush=True,
    )
    print("| " + " | ".join(COLUMNS) + " |", "|" + "---:|" * len(COLUMNS), sep="\n", flush=True)
    runs = [Run.of(text) for text in given.workers.split(",")]
    if given.stored:
        most = max(runs, key=lambda run: run.workers)
        runs = [replace(most, stored=int(stored)) for stored in given.stored.split(",")]
    for number, one in enumerate(runs):
        own = folder / f"run{number}"
        with confined(one.cores):
            print(backfill(own, files, records, one), flush=True)
        shutil.rmtree(own, ignore_errors=True)
    if (theirs := trafilatura_ms(originals, given.sample)) is not None:
        print(f"\ntrafilatura, reading only: {theirs:.1f} ms of CPU per page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warc", type=Path, help="make the pages from those of this WARC file")
    parser.add_argument("--pages", type=int, default=4_000)
    parser.add_argument(
        "--files", type=Path, metavar="FOLDER", help="keep the files there, or take those that are there"
    )
    parser.add_argument("--workers", default="1,2", help="numbers of workers, with commas between; 1@1: on one core")
    parser.add_argument("--stored", default="", help="articles to store before, with commas between")
    parser.add_argument("--sample", type=int, default=60, help="pages that trafilatura reads for comparison")
    folder = growth.embedded_host.throwaway_folder("news-etl-warc-")
    folder.chmod(0o711)  # Postgres runs as an ordinary user, in folders under this one.
    with contextlib.suppress(KeyboardInterrupt):
        try:
            run(parser.parse_args(), folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
