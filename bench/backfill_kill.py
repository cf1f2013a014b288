#!/usr/bin/env python3
"""Whether a backfill that is killed again and again (kill -9) ends with the same rows as one that nobody disturbs.

  python bench/backfill_kill.py [--kind urls|warc] [--items 2000] [--kills 20] [--seed 1] [--paragraphs 5]

Makes distinct articles, serves them from this machine (urls) or writes them into one WARC file (warc), and runs the command
`news-etl backfill …` twice into throw-away databases of one embedded server: once undisturbed, once killed with SIGKILL at
random moments spread over the work, and started again each time. Then it compares what the two databases hold: articles,
versions, captures, links and the outcomes that the backfill reports, by content.

Prints seconds, pages per second, how often it was killed, how many pages were asked for more than once, and `same rows: True`.
Exit code 1 when the rows differ. The publishers are this machine: the least pause is 0 here.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

PROGRAM = [sys.executable, "-c", "from etl.cli import main; main()"]
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "ki", "lo", "mu", "ne", "pa", "ri", "so", "tu", "ve", "wi")
WORDS = 30
LOOK_S = 0.2
"""Between two counts of what is stored: counting 100,000 articles takes 10 ms, which the backfill would lack."""
PUBLISHERS = 8
"""Each is a host of its own: a pause of twice its answer time lies between two requests to one, however fast it is."""
CONTENT = (
    (
        "articles",
        "SELECT p.url, a.first_seen_at IS NOT NULL, a.copy_of IS NULL FROM etl.articles a JOIN etl.pages p ON p.id = a.page_id",
    ),
    (
        "versions",
        "SELECT p.url, v.title, md5(v.text), v.valid_to IS NULL FROM etl.article_versions v "
        "JOIN etl.articles a ON a.id = v.article_id JOIN etl.pages p ON p.id = a.page_id",
    ),
    ("captures", "SELECT p.url, c.body_sha256, c.outcome FROM etl.captures c JOIN etl.pages p ON p.id = c.page_id"),
    (
        "links",
        "SELECT p.url, l.url, l.kind, l.rank, l.last_observed_at IS NULL FROM etl.links l JOIN etl.pages p ON p.id = l.page_id",
    ),
)


def article(number: int, paragraphs: int) -> bytes:
    """Return an article of its own words, with links to three others."""
    dice = random.Random(number)
    word = lambda: "".join(dice.choices(SYLLABLES, k=3))  # noqa: E731
    title = f"{word().capitalize()} {word()} {word()} of {number}"
    body = "".join(f"<p>{' '.join(word() for _ in range(WORDS)).capitalize()}.</p>" for _ in range(paragraphs))
    more = "".join(
        f'<li><a href="/news/report-{number + k}-x{number + k}.html">{word()} {word()} {word()} {word()}</a></li>'
        for k in (1, 2, 3)
    )
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title><meta property="og:type" content="article"></head><body><main>'
        f"<article><h1>{title}</h1>{body}</article><section><h2>Read more</h2><ul>{more}</ul></section></main></body></html>"
    ).encode()


@contextmanager
def publishers(paragraphs: int) -> Iterator[tuple[list[str], Counter[str]]]:
    """Serve the articles on PUBLISHERS ports; yield their origins and how often each path was asked for."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            number = self.path.rpartition("-x")[2].removesuffix(".html")
            body = article(int(number), paragraphs) if number.isdigit() else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(PUBLISHERS)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield [f"http://127.0.0.1:{server.server_address[1]}" for server in servers], asked
    finally:
        for server in servers:
            server.shutdown()


def write_warc(path: Path, items: int, paragraphs: int) -> None:
    """Write the articles as a crawler would."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        for number in range(items):
            url = f"https://www.example.org/news/report-{number}-x{number}.html"
            writer.write_record(
                writer.create_warc_record(
                    url,
                    "response",
                    payload=io.BytesIO(article(number, paragraphs)),
                    http_headers=headers,
                    warc_headers_dict={"WARC-Date": "2026-02-07T08:15:00Z"},
                )
            )


@dataclass(frozen=True, slots=True)
class Run:
    """One backfill into a database of its own."""

    dsn: str
    folder: Path
    command: tuple[str, ...]

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_ETL_")}
        return {
            **kept,
            "NEWS_ETL_DATABASE_URL": self.dsn,
            "NEWS_ETL_DATA_DIR": str(self.folder),
            "NEWS_ETL_HOST_SPACING_S": "0",
            "NEWS_ETL_HOST_DAILY_BUDGET": "100000000",
            "NEWS_ETL_OPEN_ADDRESSES": "127.0.0.0/8:0-65535",
            "NEWS_ETL_LOG_LEVEL": "warning",
        }

    def finish(self) -> dict[str, object]:
        """Run the command to its end and return its answer."""
        done = subprocess.run([*PROGRAM, *self.command, "--json"], env=self.environ(), capture_output=True, check=False)
        if done.returncode not in (0, 4):
            sys.exit(done.stderr.decode())
        return json.loads(done.stdout)

    def killed(self, wanted: int, dice: random.Random) -> None:
        """Run the command and kill it once so many articles are stored, and a random moment later."""
        process = subprocess.Popen(
            [*PROGRAM, *self.command],
            env=self.environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            while process.poll() is None and self._stored(conn) < wanted:
                time.sleep(LOOK_S)
        time.sleep(dice.random())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _stored(self, conn: psycopg.Connection) -> int:
        row = conn.execute("SELECT count(*) FROM etl.articles").fetchone()
        return row[0] if row else 0

    def content(self) -> dict[str, Counter[tuple[object, ...]]]:
        """Return what the database holds, without the numbers of its rows."""
        with psycopg.connect(self.dsn) as conn:
            return {name: Counter(conn.execute(query.encode()).fetchall()) for name, query in CONTENT}


@contextmanager
def databases(count: int) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and fresh databases on a throw-away server."""
    folder = embedded_host.throwaway_folder("news-etl-kill-")
    server = Embedded(folder, durable=True)
    try:
        url = server.start()
        dsns: list[str] = []
        with psycopg.connect(url, autocommit=True) as conn:
            for number in range(count):
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"run_{number}")))
                dsns.append(make_conninfo(url, dbname=f"run_{number}"))
        for dsn in dsns:
            migrate(dsn)
        yield folder, dsns
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("urls", "warc"), default="urls")
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--paragraphs", type=int, default=5, help="how long an article is: paragraphs of 30 words")
    args = parser.parse_args()
    dice = random.Random(args.seed)
    with databases(2) as (folder, dsns), publishers(args.paragraphs) as (origins, asked):
        given = folder / ("crawl.warc.gz" if args.kind == "warc" else "urls.txt")
        if args.kind == "warc":
            write_warc(given, args.items, args.paragraphs)
        else:
            given.write_text(
                "".join(f"{origins[n % PUBLISHERS]}/news/report-{n}-x{n}.html\n" for n in range(args.items))
            )
        runs = [Run(dsn, folder / f"data-{n}", ("backfill", args.kind, str(given))) for n, dsn in enumerate(dsns)]
        began = time.monotonic()
        calm = runs[0].finish()
        calm_s = time.monotonic() - began
        print(f"undisturbed: {calm_s:.0f} s, {args.items / calm_s:.0f} pages/s, counts {calm['counts']}", flush=True)
        asked.clear()
        began = time.monotonic()
        for number in range(args.kills):
            runs[1].killed(args.items * (number + 1) // (args.kills + 2), dice)
        stormy = runs[1].finish()
        stormy_s = time.monotonic() - began
        repeated = sum(times - 1 for path, times in asked.items() if path != "/robots.txt")
        print(
            f"killed {args.kills} times: {stormy_s:.0f} s, counts {stormy['counts']}, asked again {repeated}",
            flush=True,
        )
        before, after = (run.content() for run in runs)
        is_same = before == after and calm["counts"] == stormy["counts"]
        for name in before:
            print(
                f"  {name}: {before[name].total()} rows, {after[name].total()} rows, equal {before[name] == after[name]}"
            )
        print(f"same rows: {is_same}")
    sys.exit(0 if is_same else 1)


if __name__ == "__main__":
    main()
