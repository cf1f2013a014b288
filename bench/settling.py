#!/usr/bin/env python3
"""What storing a page costs once it is read: CPU of our process and of the server's, by statement.

  python bench/settling.py [--pages 600] [--rows 12]

Reads made-up pages (bench/distinct.py) in this process, sends each reading through pickle as a child would, and settles them in
batches as a WARC backfill does, in a new embedded Postgres with fsync. Then their words for search are written. The CPU of the
server is that of the process behind our connection, read from its own clock (Linux), so nothing else on the machine counts.
"""

from __future__ import annotations

import argparse
import pickle
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import distinct
import growth
import psycopg
import warc

from etl.discover import records
from etl.fetch.archive import Archive
from etl.flow import imports
from etl.flow.reading import Reading, read_capture
from etl.run.embedded import Embedded
from etl.run.lean import send_lean
from etl.store import searching
from etl.store.migrate import migrate
from etl.store.pool import open_pool

RECORDS_PER_CHUNK = 25
CHUNKS_PER_TRANSACTION = 4
NAME_CHARS = 80


@dataclass(slots=True)
class Cost:
    """CPU seconds of a statement, all its runs together."""

    runs: int = 0
    ours_s: float = 0.0
    server_s: float = 0.0


@dataclass(slots=True)
class Costs:
    """Counts what goes through cursors of *conn*, whose server process has the clock *clock*."""

    conn: psycopg.Connection[Any]
    clock: int
    by_statement: dict[str, Cost] = field(default_factory=dict[str, Cost])

    def server_s(self) -> float:
        return time.clock_gettime(self.clock)

    @contextmanager
    def counted(self, statement: object) -> Iterator[None]:
        words = statement.decode() if isinstance(statement, bytes) else str(statement)
        cost = self.by_statement.setdefault(" ".join(words.split())[:NAME_CHARS], Cost())
        ours, server = time.thread_time(), self.server_s()
        try:
            yield
        finally:
            cost.runs += 1
            cost.ours_s += time.thread_time() - ours
            cost.server_s += self.server_s() - server

    @contextmanager
    def watching(self) -> Iterator[None]:
        execute, copy, costs = psycopg.Cursor.execute, psycopg.Cursor.copy, self

        def counted_execute(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
            with costs.counted(query):
                return execute(cursor, query, *args, **more)

        @contextmanager
        def counted_copy(cursor: Any, query: Any, *args: Any, **more: Any) -> Iterator[Any]:
            with costs.counted(query), copy(cursor, query, *args, **more) as copying:
                yield copying

        psycopg.Cursor.execute, psycopg.Cursor.copy = counted_execute, counted_copy  # type: ignore[method-assign]
        try:
            yield
        finally:
            psycopg.Cursor.execute, psycopg.Cursor.copy = execute, copy  # type: ignore[method-assign]


def read_all(conn: psycopg.Connection[Any], folder: Path, pages: int) -> list[tuple[imports.Prepared, list[Reading]]]:
    """Return the pages of a new WARC file in chunks, read, as they come back from a child."""
    originals = distinct.made_up(now=datetime.now(UTC))
    file = folder / "pages.warc.gz"
    warc.write_file(file, originals, range(pages))
    archive, now = Archive(folder / "archive"), datetime.now(UTC)
    with file.open("rb") as stream:
        found = list(records(stream))
    chunks = [found[start : start + RECORDS_PER_CHUNK] for start in range(0, len(found), RECORDS_PER_CHUNK)]
    read: list[tuple[imports.Prepared, list[Reading]]] = []
    for chunk in chunks:
        prepared = imports.prepare(conn, chunk, archive=archive, now=now)
        readings = [read_capture(capture, body or b"") for capture, body in prepared.pages]
        prepared.pages.clear()
        read.append((prepared, [pickle.loads(pickle.dumps(reading, pickle.HIGHEST_PROTOCOL)) for reading in readings]))
    return read


def measure(dsn: str, folder: Path, given: argparse.Namespace) -> None:
    with open_pool(dsn) as pool, pool.connection() as conn:
        costs = Costs(conn, (~conn.info.backend_pid << 3) | 2)
        read = read_all(conn, folder, given.pages)
        pages = sum(len(readings) for _, readings in read)
        ours, server = time.process_time(), costs.server_s()
        with costs.watching():
            for start in range(0, len(read), CHUNKS_PER_TRANSACTION):
                with conn.transaction():
                    imports.store(conn, read[start : start + CHUNKS_PER_TRANSACTION], now=datetime.now(UTC))
        ours, server = time.process_time() - ours, costs.server_s() - server
        print(
            f"{pages} pages settled: ours {1000 * ours / pages:.2f}, server {1000 * server / pages:.2f} ms of CPU a page\n"
        )
        print("| statement | runs | ours, ms/page | server, ms/page |", "|---|---:|---:|---:|", sep="\n")
        dearest = sorted(costs.by_statement.items(), key=lambda pair: -pair[1].ours_s - pair[1].server_s)
        for name, cost in dearest[: given.rows]:
            print(f"| {name} | {cost.runs} | {1000 * cost.ours_s / pages:.3f} | {1000 * cost.server_s / pages:.3f} |")
        server = costs.server_s()
        written = 0
        while count := searching.fill(conn, limit=searching.BATCH):
            written += count
        print(
            f"\nwords of {written} articles: server {1000 * (costs.server_s() - server) / written:.2f} ms of CPU an article"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--rows", type=int, default=12, help="statements to show, the dearest first")
    given = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("The clock of another process is read as Linux numbers it.")
    send_lean()
    folder = growth.embedded_host.throwaway_folder("news-etl-settling-")
    folder.chmod(0o711)  # Postgres runs as an ordinary user, in folders under this one.
    try:
        with Embedded(folder / "data") as dsn:
            migrate(dsn)
            measure(dsn, folder, given)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
