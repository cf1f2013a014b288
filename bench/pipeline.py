#!/usr/bin/env python3
"""The whole way, end to end: discover, fetch, archive, extract with links, dedupe, load; what one stored page costs.

  python bench/pipeline.py [--pages 1000,5000,20000] [--workers 1,2] [--warc FILE] [--no-scrapy] [--json]

Eight papers on this machine (bench/local_papers.py) serve distinct pages without delays; each paper has a news sitemap. For each
size and number of workers the service is started as an operator starts it (`news-etl scheduler`, `news-etl worker`) on a new
embedded Postgres and archive, with fsync, until every page is stored. Then all sources are polled a second time.

  CPU      ms per stored page of all processes: scheduler, workers, their readers, and every process of Postgres
  wall     seconds from the start of the first process to the last stored page
  memory   the largest resident set of a process by its part in MB (Postgres: without the buffers that all share)
  again    the second poll of unchanged sources: seconds, and requests per source

In the same run, on the same pages and the same kind of server: Scrapy + trafilatura + psycopg (bench/pipeline_scrapy.py), when
these are installed. Pages are made up (190 KB, 39 KB as gzip), or altered copies of those in a WARC file, whose weight is printed.
Starting the processes is part of the figures; byte code is there before, as in an installation.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import cost
import distinct
import local_papers
import psycopg

import etl
from etl.recipe.draft import draft
from etl.recipe.rules import SourceRule
from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

STALLED_S = 240.0
LOOK_S = 0.2
PROGRAM = (sys.executable, "-c", "from etl.cli import main; main()")
COLUMNS = (
    "who",
    "pages",
    "workers",
    "stored",
    "CPU ms/page",
    "of it Postgres",
    "wall s",
    "pages/s",
    "memory, MB",
    "again",
)


@dataclass(slots=True)
class Row:
    who: str
    pages: int
    workers: int
    stored: int
    cpu_ms: float
    postgres_ms: float
    wall_s: float
    memory: str
    again: str = ""

    def shown(self) -> str:
        cells = (
            self.who,
            f"{self.pages:,}",
            self.workers,
            f"{self.stored:,}",
            f"{self.cpu_ms:.1f}",
            f"{self.postgres_ms:.1f}",
            f"{self.wall_s:.1f}",
            f"{self.stored / self.wall_s:.0f}",
            self.memory,
            self.again,
        )
        return "| " + " | ".join(map(str, cells)) + " |"


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, psycopg.Connection, int]]:
    """Start a new Postgres in *folder*; yield its DSN, a connection, and the pid of its first process."""
    with Embedded(folder) as dsn:
        migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            yield dsn, conn, cost.postmaster_of(conn)


def one(conn: psycopg.Connection, question: str) -> int:
    row = conn.execute(question.encode()).fetchone()
    return 0 if row is None else int(row[0])


def wait_for(conn: psycopg.Connection, question: str, goal: int) -> tuple[int, float]:
    """Wait until *question* answers *goal*, or nothing moves any more; return its answer and when that was first seen."""
    best, since = -1, time.monotonic()
    while best < goal and time.monotonic() - since < STALLED_S:
        if (count := one(conn, question)) > best:
            best, since = count, time.monotonic()
        time.sleep(LOOK_S)
    return best, since


@dataclass(frozen=True, slots=True)
class Service:
    """The running service: the pids of its processes, and the environment it was started in."""

    roots: list[int]
    environ: dict[str, str]


@contextmanager
def service(folder: Path, dsn: str, origins: list[str], workers: int) -> Iterator[Service]:
    """Run the service on recipes for *origins*."""
    recipes = folder / "recipes"
    recipes.mkdir()
    for number, origin in enumerate(origins):
        rule = SourceRule(kind="sitemap", url=f"{origin}/news.xml", name="news", interval_s=86_400.0)
        (recipes / f"paper{number}.toml").write_text(draft(f"{origin}/", sources=[rule]))
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("NEWS_ETL_", "PYTHONDONT"))},
        "NEWS_ETL_DATABASE_URL": dsn,
        "NEWS_ETL_DATA_DIR": str(folder),
        "NEWS_ETL_CONTACT": "https://example.org/bench",
        "NEWS_ETL_OPEN_ADDRESSES": "127.0.0.1:0-65535",
        "NEWS_ETL_HOST_SPACING_S": "0",
        "NEWS_ETL_LOG_FORMAT": "json",
        "NEWS_ETL_LOG_LEVEL": "warning",
    }
    # As pip leaves a program: without its byte code each process would compile all of it at its start, 0.3 s of CPU.
    compileall.compile_dir(Path(etl.__file__).parent, quiet=1)
    parts = [["scheduler"], *([["worker"]] * workers)]
    started = [subprocess.Popen([*PROGRAM, *part], env=environ, cwd=folder) for part in parts]
    try:
        yield Service([process.pid for process in started], environ)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def ours(papers: local_papers.Papers, folder: Path, pages: int, workers: int) -> Row:
    folder.mkdir()
    with server(folder) as (dsn, conn, postmaster):
        before, begun = cost.cpu_s([postmaster]), time.monotonic()
        with service(folder, dsn, papers.origins, workers) as running:
            with cost.Memory(lambda: [*running.roots, postmaster]) as memory:
                stored, at = wait_for(conn, "SELECT count(*) FROM etl.articles", pages)
            in_postgres = cost.cpu_s([postmaster]) - before
            cpu = cost.cpu_s(running.roots) + in_postgres
            again = poll_again(papers, conn)
    per_page = 1000 / max(stored, 1)
    return Row(
        "news-etl", pages, workers, stored, cpu * per_page, in_postgres * per_page, at - begun, str(memory), again
    )


def poll_again(papers: local_papers.Papers, conn: psycopg.Connection) -> str:
    """Make all sources due; return how long the poll of all takes and what it asks."""
    before, begun = papers.counts(), time.monotonic()
    moment = datetime.now(UTC)
    conn.execute("UPDATE etl.sources SET next_poll_at = %(now)s", {"now": moment})
    wait_for(conn, f"SELECT count(*) FROM etl.sources WHERE polled_at > '{moment.isoformat()}'", len(papers.origins))
    asked = papers.counts() - before
    return f"{time.monotonic() - begun:.1f} s, {asked.total() / len(papers.origins):.2f} requests"


def scrapy(papers: local_papers.Papers, folder: Path, pages: int) -> Row:
    folder.mkdir()
    sitemaps = [f"{origin}/news.xml" for origin in papers.origins]
    with server(folder) as (dsn, conn, postmaster):
        before, begun = cost.cpu_s([postmaster]), time.monotonic()
        usage = os.times()
        script = Path(__file__).with_name("pipeline_scrapy.py")
        process = subprocess.Popen([sys.executable, str(script), dsn, *sitemaps], cwd=script.parent)
        with cost.Memory(lambda: [process.pid, postmaster]) as memory:
            process.wait()
        wall = time.monotonic() - begun
        in_postgres = cost.cpu_s([postmaster]) - before
        after = os.times()
        own = after.children_user + after.children_system - usage.children_user - usage.children_system
        stored = one(conn, "SELECT count(*) FROM scraped")
    per_page = 1000 / max(stored, 1)
    return Row(
        "Scrapy + trafilatura",
        pages,
        1,
        stored,
        (own + in_postgres) * per_page,
        in_postgres * per_page,
        wall,
        str(memory),
    )


def run(given: argparse.Namespace, folder: Path) -> list[Row]:
    sizes = [int(size) for size in given.pages.split(",")]
    workers = [int(count) for count in given.workers.split(",")]
    originals = distinct.of_warc(given.warc) if given.warc else distinct.made_up(now=datetime.now(UTC))
    has_scrapy = not given.no_scrapy and bool(find_spec("scrapy") and find_spec("trafilatura"))
    if not has_scrapy and not given.no_scrapy:
        print("Scrapy or trafilatura is not installed: measured without it.", file=sys.stderr)
    rows: list[Row] = []
    with local_papers.running() as papers:
        prepared = local_papers.prepare(originals, max(sizes), papers.origins, folder / "pages")
        packed = sum(length for _, length in prepared.places.values())
        print(
            f"{max(sizes):,} pages of {prepared.plain_bytes / max(sizes) / 1000:.0f} KB, {packed / max(sizes) / 1000:.0f} KB "
            f"as gzip; load before: {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores\n",
            flush=True,
        )
        print("| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1), sep="\n", flush=True)
        for size in sizes:
            for count in workers:
                papers.show(prepared, size)
                rows.append(ours(papers, folder / f"ours-{size}-{count}", size, count))
                print(rows[-1].shown(), flush=True)
                shutil.rmtree(folder / f"ours-{size}-{count}", ignore_errors=True)
            if has_scrapy and size <= given.scrapy_max:
                papers.show(prepared, size)
                rows.append(scrapy(papers, folder / f"scrapy-{size}", size))
                print(rows[-1].shown(), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", default="1000,5000,20000", help="sizes, with commas between")
    parser.add_argument("--workers", default="1,2", help="numbers of workers, with commas between")
    parser.add_argument("--warc", type=Path, help="make the pages from those of this WARC file")
    parser.add_argument("--no-scrapy", action="store_true", help="leave the comparison out")
    parser.add_argument("--scrapy-max", type=int, default=5_000, help="the largest size that Scrapy is run on")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON at the end")
    given = parser.parse_args()
    folder = embedded_host.throwaway_folder("news-etl-pipeline-")
    folder.chmod(0o711)  # Postgres runs as an ordinary user, in folders under this one.
    try:
        rows = run(given, folder)
        if given.json:
            print(json.dumps([asdict(row) for row in rows]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
