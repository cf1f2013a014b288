"""Memory and time of polling a sitemap of 50 MB: fetched, archived, read and stored by the poll itself.

    python bench/fetch_sitemap.py [--entries 50000] [--megabytes 50] [--coding gzip|br|zstd|identity|file] [--json]

The publisher, Postgres (embedded, thrown away afterwards) and the poller are processes of their own. The poller polls a small feed
first, so that everything is loaded; then its peak (VmHWM) is set back, and the sitemap is polled: once as new, and once more
with the same bytes and no validator (the archive then keeps a revisit). `file` serves a `.xml.gz` without Content-Encoding.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import brotli
import psycopg
import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from newsroom import Newsroom, Reply

from etl.fetch.archive import Archive
from etl.fetch.http import Fetcher
from etl.fetch.politeness import Manners
from etl.flow.listed import listed_sources
from etl.flow.poll import Poll
from etl.flow.visit import Tools
from etl.recipe.rules import Recipe, SourceRule
from etl.recipe.shelf import Shelf
from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store import sources
from etl.store.migrate import migrate

ENCODERS = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "file": lambda body: gzip.compress(body, 6, mtime=0),
    "br": lambda body: brotli.compress(body, quality=4),
    "zstd": lambda body: zstandard.compress(body, 3),
    "identity": bytes,
}


def sitemap(entries: int, megabytes: float) -> bytes:
    """Return a news sitemap of that size: what an address does not fill, images do."""
    chance = Random(7)
    each = int(megabytes * 1024 * 1024 / entries)
    pieces = [
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
    ]
    for number in range(entries):
        piece = (
            f"<url><loc>https://news{number % 3}.example.org/2026/02/a-headline-of-seven-words-or-so-{number}</loc>"
            "<lastmod>2026-02-07T08:00:00+00:00</lastmod><news:news><news:publication_date>2026-02-07T07:00:00Z"
            f"</news:publication_date><news:title>A headline of seven words or so {number}</news:title></news:news>"
        )
        while len(piece) < each - 100:
            piece += (
                f"<image:image><image:loc>https://images.example.org/{chance.getrandbits(64):x}.jpg</image:loc>"
                "</image:image>"
            )
        pieces.append(piece + "</url>")
    return ("".join(pieces) + "</urlset>").encode()


def publish(entries: int, megabytes: float, coding: str, told: Connection) -> None:
    body = sitemap(entries, megabytes)
    wire = ENCODERS[coding](body)
    with Newsroom() as room:
        site = room.site("paper")
        site.robots("")
        site.feed("/feed", [("/a", "A", "Sat, 07 Feb 2026 08:00:00 GMT")])
        encoded = {} if coding in ("file", "identity") else {"Content-Encoding": coding}
        media_type = "application/gzip" if coding == "file" else "application/xml"
        site.put("/sitemap.xml", Reply(wire, headers=encoded, content_type=media_type))
        told.send((site.url("/"), len(body), len(wire)))
        told.recv()


def peak_mb() -> float:
    """Return the most memory of this process since it began, or since it was set back."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def polled(dsn: str, url: str, folder: str, told: Connection) -> None:
    """Poll a feed, then the sitemap twice; tell what each cost."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        fetcher = Fetcher(archive=Archive(Path(folder)), open_addresses=["127.0.0.0/8:0-65535"])
        rules = (
            SourceRule(kind="feed", url=f"{url}feed", name="feed"),
            SourceRule(kind="sitemap", url=f"{url}sitemap.xml", name="sitemap"),
        )
        shelf = Shelf.of([Recipe("paper", url, sources=rules)])
        sources.sync(conn, listed_sources(shelf), now=datetime.now(UTC))
        manners = Manners(spacing_min_s=0.1, latency_factor=0.0)
        tools = Tools(fetcher, shelf, lambda: datetime.now(UTC), time.sleep, Random(1), manners)
        rows: list[dict[str, object]] = []
        for slug, title in (("feed", "small feed"), ("sitemap", "new"), ("sitemap", "the same bytes again")):
            if title == "the same bytes again":
                conn.execute("UPDATE etl.sources SET etag = NULL, last_modified = NULL, body_sha256 = NULL")
            Path("/proc/self/clear_refs").write_text("5")
            before, cpu, started = peak_mb(), time.process_time(), time.perf_counter()
            source = sources.named(conn, f"paper/{slug}")
            assert source is not None
            end = Poll(conn, tools, source).run()
            rows.append(
                {
                    "poll": title,
                    "outcome": end.outcome,
                    "found": end.found,
                    "new": end.new,
                    "before_mb": round(before, 1),
                    "peak_mb": round(peak_mb(), 1),
                    "grown_mb": round(peak_mb() - before, 1),
                    "cpu_s": round(time.process_time() - cpu, 2),
                    "wall_s": round(time.perf_counter() - started, 2),
                }
            )
        fetcher.close()
    told.send(rows)


def measured(entries: int, megabytes: float, coding: str) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return what was served, and what each poll cost."""
    spawn = multiprocessing.get_context("spawn")
    here, there = multiprocessing.Pipe()
    publisher = spawn.Process(target=publish, args=(entries, megabytes, coding, there), daemon=True)
    publisher.start()
    url, body_bytes, wire_bytes = here.recv()
    database = embedded_host.throwaway_folder()
    server = Embedded(database, durable=False)
    try:
        dsn = server.start()
        migrate(dsn)
        with tempfile.TemporaryDirectory() as folder:
            results, telling = multiprocessing.Pipe()
            poller = spawn.Process(target=polled, args=(dsn, url, folder, telling), daemon=True)
            poller.start()
            telling.close()
            rows = results.recv()
            poller.join()
    finally:
        server.stop()
        shutil.rmtree(database, ignore_errors=True)
        here.send("done")
        publisher.join()
    return {"coding": coding, "entries": entries, "body_bytes": body_bytes, "wire_bytes": wire_bytes}, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--megabytes", type=float, default=50.0)
    parser.add_argument("--coding", choices=ENCODERS, default="gzip")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    facts, rows = measured(given.entries, given.megabytes, given.coding)
    if given.json:
        print(json.dumps({**facts, "polls": rows}))
        return
    for facts_or_row in (facts, *rows):
        print(", ".join(f"{name} {value}" for name, value in facts_or_row.items()))


if __name__ == "__main__":
    main()
