#!/usr/bin/env python3
"""What articles take on disk and how fast they go in, at sizes of your choice: bytes per article of every table and index, rate.

    python bench/sizes.py [--at 100000,1000000,5000000] [--batch 10000] [--links 6] [--in-place 1000000] [--searched 1000000]

Fills a throw-away embedded database (fsync off) step by step. Nearly all of its rows are made by SQL (bench/stored.py says how), up
to --in-place articles with the indexes in place, beyond that with indexes that are built afterwards, and up to --searched articles
with the words for the search (7 kB an article: they alone would fill a disk). At each size:

- the sizes of all tables and indexes, after ANALYZE;
- --batch new articles with --links links each go in as the service stores them: read by nobody, but named, keyed, compared with all
  that are stored, and settled (`etl.flow.settle`), 100 to a transaction, by one connection with all checks and triggers on. Clock,
  CPU of our process and of the server's, for the keys and for the settling;
- the words of these articles are written (`etl.fill_search`), as the scheduler does it.

--feed tells what the feed of changes costs, --views asks the views at each size (bench/views_sql.py). It ends before a step for
which the disk (TMPDIR) has no room left, and with --minutes at the size that is reached by then.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import stored
import views_sql

from etl.flow.reading import Reading, keyed, spell
from etl.flow.settle import settle
from etl.model import Article, Block, Capture, Link, Moment, Place
from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

PER_TRANSACTION = 100
SPARE_BYTES = 8_000_000_000
"""What is left to others on the disk."""

SIZES = """
    WITH parts AS (
        SELECT coalesce(i.inhparent, c.oid) AS root, c.oid, c.relkind, c.reltuples, x.indrelid
        FROM pg_class c
        LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        LEFT JOIN pg_index x ON x.indexrelid = c.oid
        WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind IN ('r', 'i')
    )
    SELECT p.root::regclass::text, p.relkind = 'i' AS is_index, sum(greatest(p.reltuples, 0))::bigint AS entries,
           sum(CASE WHEN p.relkind = 'i' THEN pg_relation_size(p.oid) ELSE pg_table_size(p.oid) END)::bigint AS bytes,
           min(coalesce(ti.inhparent, p.indrelid, p.root)::regclass::text) AS of_table
    FROM parts p
    LEFT JOIN pg_inherits ti ON ti.inhrelid = p.indrelid
    GROUP BY p.root, p.relkind
    HAVING sum(greatest(p.reltuples, 0)) > 0
    ORDER BY of_table, is_index, bytes DESC
    """


@dataclass(slots=True)
class Spent:
    """Seconds of the clock, of our process and of the server's process."""

    clock: float = 0.0
    ours: float = 0.0
    server: float = 0.0


class Watch:
    """Adds what a block of code takes to a Spent."""

    def __init__(self, conn: psycopg.Connection[Any], spent: Spent) -> None:
        self.spent = spent
        self.scheduled = Path(f"/proc/{conn.info.backend_pid}/schedstat")

    def _now(self) -> tuple[float, float, float]:
        server = int(self.scheduled.read_text().split()[0]) / 1e9 if self.scheduled.exists() else float("nan")
        return time.perf_counter(), time.process_time(), server

    def __enter__(self) -> None:
        self.began = self._now()

    def __exit__(self, *_: object) -> None:
        clock, ours, server = (after - before for before, after in zip(self.began, self._now(), strict=True))
        self.spent.clock += clock
        self.spent.ours += ours
        self.spent.server += server


def readings(conn: psycopg.Connection[Any], name: str, count: int, links: int, most: int) -> Iterator[list[Reading]]:
    """Yield new articles in batches, as a reader hands them to the worker but for their keys: made of the words of the stored."""
    dice = random.Random(name)
    words = [row[0] for row in conn.execute("SELECT word FROM word ORDER BY rank").fetchall()]
    weights = [1 / (rank + 1) for rank in range(len(words))]

    def drawn(number: int) -> str:
        return " ".join(dice.choices(words, cum_weights=sums, k=number))

    sums: list[float] = []
    for weight in weights:
        sums.append(weight + (sums[-1] if sums else 0))
    for start in range(0, count, PER_TRANSACTION):
        batch: list[Reading] = []
        for number in range(start, min(start + PER_TRANSACTION, count)):
            host = f"news{number % stored.HOSTS}.example.org"
            url = f"https://{host}/{name}/{drawn(1)}-{drawn(1)}-{number}"
            at = datetime.now(UTC)
            targets = [dice.randrange(1, most) for _ in range(links)]
            article = Article(
                title=f"{drawn(8)} {number}",
                authors=("A. N. Author",),
                lead=drawn(20),
                body=tuple(Block("paragraph", drawn(75)) for _ in range(dice.randint(2, 12))),
                section="Section 1",
                tags=("one tag", "another tag"),
                links=tuple(
                    Link(
                        f"https://news{target % stored.HOSTS}.example.org/section-{target % 17}/a-headline-of-seven-words-{target}",
                        "inline" if place < links / 3 else "related",
                        f"{drawn(7)} {target}",
                        place,
                        block="More on this",
                        rule="block with a heading",
                    )
                    for place, target in enumerate(targets)
                ),
                language="en",
                published=Moment(at, "minute", at.isoformat(), "json-ld"),
                evidence={"body": "densest", "title": "h1"},
            )
            sha = hashlib.sha256(url.encode()).digest()
            place = Place("bench.warc.gz", 1 + number * 20_000, 20_000)
            capture = Capture(url, url, 200, {"content-type": "text/html"}, sha, 98_765, at, place)
            page = spell(url)
            batch.append(Reading(capture, page, page, "article", article=article))
        yield batch


def store(conn: psycopg.Connection[Any], size: int, count: int, links: int, *, name: str = "batch") -> None:
    """Store *count* articles as the service does and say what they took."""
    keys, settling = Spent(), Spent()
    for batch in readings(conn, f"{name}-{size}", count, links, size):
        with Watch(conn, keys):
            named = [keyed(one) for one in batch]
        with Watch(conn, settling):
            ends = settle(conn, named, now=datetime.now(UTC))
        wrong = {one.outcome for one in ends} - {"stored", "copy"}
        assert not wrong, wrong
    waiting, taken, words = Spent(), 0, 0
    while words < count:
        with Watch(conn, waiting):
            row = conn.execute("SELECT etl.fill_search(500)").fetchone()
        taken = row[0] if row else 0
        words += taken
        if not taken:
            break
    each = 1000 / count
    print(
        f"{count:,} more by the service's own path, {links} links each (load {os.getloadavg()[0]:.0f}):",
        f"{count / settling.clock:,.0f} settled a second by one connection, {settling.clock * each:.2f} ms of the clock each,",
        f"CPU {settling.ours * each:.2f} ms ours and {settling.server * each:.2f} the server's; its keys {keys.ours * each:.2f} ms",
        f"ours before; its words for the search {1000 * waiting.server / max(words, 1):.2f} ms the server's after ({words:,})\n",
        flush=True,
    )


def compare(conn: psycopg.Connection[Any], size: int, count: int, links: int) -> None:
    """Store four batches in turn with the feed of changes and without it."""
    for number, verb in enumerate(("DISABLE", "ENABLE") * 2):
        for table in stored.FED:
            conn.execute(f"ALTER TABLE etl.{table} {verb} TRIGGER changes_inserted".encode())
        print("without the feed:" if verb == "DISABLE" else "with the feed:")
        store(conn, size, count, links, name=f"feed-{number}")


def sizes(conn: psycopg.Connection[Any]) -> float:
    """Print the table of sizes; return the bytes of all, per article."""
    row = conn.execute("SELECT count(*) FROM etl.articles").fetchone()
    assert row is not None
    (articles,) = row
    print(f"| {articles:,} articles | rows | bytes per row | bytes per article |", "|---|---:|---:|---:|", sep="\n")
    total: dict[bool, int] = {False: 0, True: 0}
    for name, is_index, entries, size, _ in conn.execute(SIZES.encode()).fetchall():
        if size / articles < 1:
            continue
        total[is_index] += size
        shown = f"&nbsp;&nbsp;{name.removeprefix('etl.')}" if is_index else f"**{name}**"
        print(f"| {shown} | {entries:,} | {size / entries:,.0f} | {size / articles:,.0f} |")
    print(
        f"| all tables | | | {total[False] / articles:,.0f} |",
        f"| all indexes | | | {total[True] / articles:,.0f} |\n",
        sep="\n",
        flush=True,
    )
    return sum(total.values()) / articles


def run(given: argparse.Namespace, folder: Path, dsn: str) -> None:
    steps = [int(size) for size in given.at.split(",")]
    last, each, until = 0, 16_000.0, time.perf_counter() + 60 * given.minutes
    with psycopg.connect(dsn, autocommit=True) as conn:
        print(*conn.execute("SELECT version()").fetchone() or ())
        stored.prepare(conn, steps[-1])
        for step in steps:
            room = shutil.disk_usage(folder).free - SPARE_BYTES
            fits = last + int(room / each)
            if fits < step:
                print(f"{step:,} articles do not fit on this disk: {fits:,} would")
                return
            in_place, searched = step <= given.in_place, step <= given.searched
            done = stored.fill(conn, last + 1, step, in_place=in_place, searched=searched, until=until)
            conn.execute("ANALYZE" if step > 1_000_000 else "VACUUM ANALYZE")
            each = sizes(conn)
            store(conn, done, given.batch, given.links)
            if given.feed:
                compare(conn, done, given.batch, given.links)
            if given.views:
                views_sql.ask_all(conn, done, rounds=10, with_plans=False)
            if done < step:
                print(f"ended at {done:,} of {step:,} articles, for --minutes {given.minutes:g} are over")
                return
            last = stored.reached(conn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--at", default="100000,1000000", metavar="N,N", help="sizes to measure, ascending (%(default)s)"
    )
    parser.add_argument("--batch", type=int, default=10_000, help="articles by the service's path (%(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=1e6, help="fill no longer, and measure the size that is reached then"
    )
    parser.add_argument("--links", type=int, default=6, help="links on each of these (%(default)s)")
    parser.add_argument("--in-place", type=int, default=1_000_000, help="size up to which indexes grow (%(default)s)")
    parser.add_argument("--searched", type=int, default=1_000_000, help="size up to which words are kept (%(default)s)")
    parser.add_argument(
        "--feed", action="store_true", help="store four batches more, in turn without and with the feed of changes"
    )
    parser.add_argument("--views", action="store_true", help="ask the views, too, as bench/views_sql.py does")
    given = parser.parse_args()
    folder = embedded_host.throwaway_folder("news-etl-sizes-")
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            run(given, folder, dsn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
