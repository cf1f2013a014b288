#!/usr/bin/env python3
"""What `--dry-run` says a backfill costs, against what it then costs.

  python bench/backfill_plan.py

Publishers on this machine answer after a while of their own (the articles of `bench/backfill_kill.py`, 20 paragraphs). Each case
is a list of pages, planned (`--dry-run --json`) and then fetched:

  unknown    4 hosts that were never asked, 60 pages each, 0.2 s between requests, answers after 0.05 s
  known      60 other pages of each of these hosts
  slow       2 known hosts that answer after 0.4 s, hence with pauses of 0.8 s: 25 pages each
  many       24 known hosts, more than are asked at once, 30 pages each
  bytes      60 pages of each of the 4 hosts at 40,000 bytes a second
  no pause   8 known hosts that may be asked without a pause, 150 pages each

Prints requests, bytes and seconds as planned and as counted: requests at the publishers, bytes as stored in the archive, seconds
that the backfill says it took.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
from backfill_kill import PROGRAM, article

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

PARAGRAPHS = 20


@dataclass(slots=True)
class Publisher:
    answers_after_s: float
    asked: int = 0
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                publisher.asked += 1
                time.sleep(publisher.answers_after_s)
                number = self.path.rpartition("-x")[2].removesuffix(".html")
                body = article(int(number), PARAGRAPHS) if number.isdigit() else b""
                body = gzip.compress(body, 6)
                self.send_response(200 if number.isdigit() else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, number: int) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/news/report-x{number}.html"


class Bench:
    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn, self.folder = dsn, folder
        self.next_number = 1

    def list_of(self, publishers: Sequence[Publisher], pages: int) -> Path:
        path = self.folder / "urls.txt"
        urls: list[str] = []
        for _ in range(pages):
            for publisher in publishers:
                urls.append(publisher.url(self.next_number))
                self.next_number += 1
        path.write_text("\n".join(urls))
        return path

    def backfill(self, *arguments: str, spacing_s: float) -> dict[str, object]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_ETL_")}
        env |= {
            "NEWS_ETL_DATABASE_URL": self.dsn,
            "NEWS_ETL_DATA_DIR": str(self.folder / "data"),
            "NEWS_ETL_HOST_SPACING_S": str(spacing_s),
            "NEWS_ETL_OPEN_ADDRESSES": "127.0.0.0/8:0-65535",
            "NEWS_ETL_LOG_LEVEL": "error",
        }
        done = subprocess.run(
            [*PROGRAM, "backfill", *arguments, "--json"], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def stored_bytes(self) -> int:
        with psycopg.connect(self.dsn) as conn:
            row = conn.execute("SELECT coalesce(sum(archive_length), 0) FROM etl.captures").fetchone()
        return int(row[0]) if row else 0

    def warm(self, publishers: Sequence[Publisher], *, spacing_s: float) -> None:
        """Let a few pages of each be known."""
        self.backfill("urls", str(self.list_of(publishers, 8)), spacing_s=spacing_s)

    def compare(
        self, name: str, publishers: Sequence[Publisher], pages: int, *, spacing_s: float, extra: Sequence[str] = ()
    ) -> None:
        path = self.list_of(publishers, pages)
        plan = self.backfill("urls", str(path), "--dry-run", *extra, spacing_s=spacing_s)
        before, bytes_before = sum(one.asked for one in publishers), self.stored_bytes()
        load = os.getloadavg()[0]
        end = self.backfill("urls", str(path), *extra, spacing_s=spacing_s)
        took_s = _seconds(str(end["ended_at"])) - _seconds(str(end["started_at"]))
        planned_s = float(str(plan["takes_s"]))
        print(
            f"| {name} | {plan['requests']} | {sum(one.asked for one in publishers) - before} | {plan['bytes']} "
            f"| {self.stored_bytes() - bytes_before} | {planned_s:.0f} | {took_s:.0f} | {took_s / planned_s:.2f} | {load:.0f} |",
            flush=True,
        )


def _seconds(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()


def main() -> None:
    folder = embedded_host.throwaway_folder("news-etl-plan-")
    folder.chmod(0o711)
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            bench = Bench(dsn, folder)
            print(
                "| case | requests planned | made | bytes planned | stored | seconds planned | taken | taken / planned | load |"
            )
            print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
            four = [Publisher(0.05) for _ in range(4)]
            bench.compare("unknown", four, 60, spacing_s=0.2)
            bench.compare("known", four, 60, spacing_s=0.2)
            slow = [Publisher(0.4) for _ in range(2)]
            bench.warm(slow, spacing_s=0.2)
            bench.compare("slow", slow, 25, spacing_s=0.2)
            many = [Publisher(0.05) for _ in range(24)]
            bench.warm(many, spacing_s=0.2)
            bench.compare("many", many, 30, spacing_s=0.2)
            bench.compare("bytes", four, 60, spacing_s=0.2, extra=("--bytes-per-second", "40000"))
            eight = [Publisher(0.0) for _ in range(8)]
            bench.warm(eight, spacing_s=0.0)
            bench.compare("no pause", eight, 150, spacing_s=0.0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
