"""What a fetched page costs: our fetcher (guard, deadlines, archive on disk) beside plain requests, in one run.

    python bench/fetch.py [--pages 300] [--latency-ms 0] [--coding gzip|br|zstd|identity] [--folder DIR] [--archive DIR] [--json]

A server in a process of its own serves the same pages to all over connections kept alive, turn by turn (20 pages each), so that
whatever else the machine does hits all. CPU is the time of this process only. requests does what a scraper does:
`session.get(url).content`. A visit syncs what it fetched before it writes the rows, up to 20 pages at once; that is in its
time. A poll syncs each answer. What the disk alone takes for that is measured beside them. Pages are made up (139 KB, 50 KB as
gzip), or taken from a folder of *.html or *.html.gz.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import brotli
import requests
import zstandard

from etl.fetch.archive import Archive
from etl.fetch.http import Fetched, Fetcher
from etl.flow.visit_ledger import ENTRIES_MAX

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "br": lambda body: brotli.compress(body, quality=5),
    "zstd": lambda body: zstandard.compress(body, 3),
    "identity": bytes,
}


def made_up_pages(count: int) -> list[bytes]:
    """Return pages with the size and the compressibility of news pages."""
    chance = random.Random(7)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(4000)]
    pages: list[bytes] = []
    for number in range(count):
        rows = [
            f'<div class="card card--{chance.choice(words)}"><a href="/2026/{chance.choice(words)}/'
            f'{chance.choice(words)}-{chance.randrange(10**6)}.html"><h3>{" ".join(chance.choices(words, k=6))}</h3></a></div>'
            for _ in range(900)
        ]
        text = [f"<p>{' '.join(chance.choices(words, k=60))}</p>" for _ in range(60)]
        page = (
            f"<!doctype html><title>Page {number}</title><body><article>{''.join(text)}</article>{''.join(rows)}</body>"
        )
        pages.append(page.encode())
    return pages


def pages_of(folder: Path, count: int) -> list[bytes]:
    files = sorted(path for path in folder.rglob("*.html*") if path.is_file())[:count]
    return [gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes() for f in files]


def serve(pages: list[bytes], coding: str, latency_s: float, told: Connection) -> None:
    """Answer `GET /<n>?<anything>` with page n for ever: each address is new, so nothing is kept as a revisit."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: bench\r\nCache-Control: max-age=60\r\n"
    head += 'ETag: "1"\r\nVary: Accept-Encoding\r\n' + (
        "" if coding == "identity" else f"Content-Encoding: {coding}\r\n"
    )
    bodies = [ENCODERS[coding](page) for page in pages]
    answers = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):  # The visitor left.
            while request := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(latency_s)
                writer.write(answers[int(request.split(b" ", 2)[1][1:].partition(b"?")[0])])
                await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        told.send((server.sockets[0].getsockname()[1], statistics.mean(map(len, bodies))))
        await server.serve_forever()

    asyncio.run(main())


def measured(fetch: Callable[[str], int], urls: Sequence[str], after: Callable[[], None]) -> tuple[float, float]:
    """Return CPU and wall seconds per page of fetching *urls* and what comes *after* them."""
    cpu, wall = time.process_time(), time.perf_counter()
    for url in urls:
        fetch(url)
    after()
    return (time.process_time() - cpu) / len(urls), (time.perf_counter() - wall) / len(urls)


def disk_alone(folder: Path, size: int) -> Callable[[str], int]:
    """Return what appends *size* bytes to a file and waits until they are on the disk: the least that such a page can take."""
    handle = os.open(folder / "alone", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    record = os.urandom(size)

    def write(_: str) -> int:
        os.write(handle, record)
        os.fdatasync(handle)
        return size

    return write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--coding", choices=ENCODERS, default="gzip")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--archive", type=Path, help="where the archive is kept meanwhile; a tmpfs takes the disk out")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    pages = pages_of(given.folder, given.pages) if given.folder else made_up_pages(min(given.pages, 50))
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(pages, given.coding, given.latency_ms / 1000, there), daemon=True
    )
    server.start()
    port, wire_bytes = here.recv()
    with tempfile.TemporaryDirectory(dir=given.archive) as folder, requests.Session() as session:
        archive = Archive(Path(folder))
        visiting, polling = (Fetcher(archive=archive, open_addresses=[f"127.0.0.1:{port}"]) for _ in range(2))

        def by(fetcher: Fetcher, *, syncs: bool) -> Callable[[str], int]:
            def fetch(url: str) -> int:
                answer = fetcher.get(url, now=lambda: datetime.now(UTC), syncs=syncs)
                assert isinstance(answer, Fetched)
                return len(answer.body)

            return fetch

        def nothing() -> None:
            return

        contestants: dict[str, tuple[Callable[[str], int], Callable[[], None]]] = {
            "requests": (
                lambda url: len(session.get(url, headers={"Accept-Encoding": "gzip, br, zstd"}).content),
                nothing,
            ),
            "news-etl, as visits sync": (by(visiting, syncs=False), archive.sync),
            "news-etl, each answer synced": (by(polling, syncs=True), nothing),
            "a write and its sync alone": (disk_alone(Path(folder), int(wire_bytes)), nothing),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
        order = list(contestants)
        for turn in range(given.pages // ENTRIES_MAX + 1):
            random.Random(turn).shuffle(order)
            for name in order:
                numbers = range(turn * ENTRIES_MAX, (turn + 1) * ENTRIES_MAX)
                urls = [f"http://127.0.0.1:{port}/{n % len(pages)}?{name[-4:]}{n}" for n in numbers]
                result = measured(contestants[name][0], urls, contestants[name][1])
                if turn:  # The first opens connections and fills caches.
                    times[name].append(result)
        archived = sum(path.stat().st_size for path in Path(folder).rglob("*.gz"))
        visiting.close()
    server.terminate()
    report(given, pages, wire_bytes, times, archived / (2 * (given.pages + ENTRIES_MAX)))


def report(
    given: argparse.Namespace,
    pages: list[bytes],
    wire_bytes: float,
    times: dict[str, list[tuple[float, float]]],
    archived: float,
) -> None:
    middle = {
        name: tuple(
            statistics.mean(sorted(values)[: int(len(values) * 0.9)]) * 1000 for values in zip(*pairs, strict=True)
        )
        for name, pairs in times.items()
    }
    peer = middle["requests"]
    rows = {
        name: {"cpu_ms": cpu, "wall_ms": wall, "cpu_ratio": cpu / peer[0], "wall_ratio": wall / peer[1]}
        for name, (cpu, wall) in middle.items()
    }
    facts = {
        "pages": given.pages,
        "coding": given.coding,
        "latency_ms": given.latency_ms,
        "page_bytes": statistics.mean(map(len, pages)),
        "wire_bytes": wire_bytes,
        "archive_bytes_per_page": archived,
    }
    if given.json:
        print(json.dumps({**facts, "results": rows}))
        return
    print(
        ", ".join(
            f"{name} {value:,.0f}" if isinstance(value, float) else f"{name} {value}" for name, value in facts.items()
        )
    )
    for name, row in rows.items():
        cpu = f"cpu {row['cpu_ms']:6.2f} ms  ×{row['cpu_ratio']:.2f}"
        print(f"{name:32} {cpu}   wall {row['wall_ms']:6.2f} ms  ×{row['wall_ratio']:.2f}")


if __name__ == "__main__":
    main()
