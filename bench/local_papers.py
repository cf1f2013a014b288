"""Papers on this machine for benchmarks: one process that serves prepared pages as fast as asyncio can, without delays.

Each paper is a host of its own (a port of 127.0.0.1) with a robots.txt, a news sitemap that names its pages, and the pages,
compressed once (gzip, level 6) into one file. `GET /counts` tells how often each kind of address was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import mmap
import os
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from socket import create_server

import distinct

PAPERS = 8
HEAD = "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nServer: papers\r\n{more}Content-Length: {length}\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All pages in one file; path of each address → (offset, length)."""

    file: Path
    places: dict[str, tuple[int, int]]
    plain_bytes: int


def prepare(originals: Sequence[distinct.Original], count: int, origins: Sequence[str], file: Path) -> Prepared:
    """Write *count* distinct pages, dealt to the origins in turn; the key of a place is the whole URL."""
    places: dict[str, tuple[int, int]] = {}
    offset = plain = 0
    shares = [range(start, min(start + 100, count)) for start in range(0, count, 100)]
    with file.open("wb") as out, ProcessPoolExecutor(mp_context=get_context("spawn")) as makers:
        for made in makers.map(_some, [originals] * len(shares), shares, [origins] * len(shares)):
            for url, packed, size in made:
                out.write(packed)
                places[url] = (offset, len(packed))
                offset += len(packed)
                plain += size
    return Prepared(file, places, plain)


def _some(
    originals: Sequence[distinct.Original], numbers: Sequence[int], origins: Sequence[str]
) -> list[tuple[str, bytes, int]]:
    made: list[tuple[str, bytes, int]] = []
    for number in numbers:
        url, page = distinct.copy_of(originals[number % len(originals)], number + 1, at=origins[number % len(origins)])
        made.append((url, gzip.compress(page, 6, mtime=0), len(page)))
    return made


@dataclass(slots=True)
class Papers:
    """The running papers, as the benchmark sees them."""

    origins: list[str]
    _told: Connection

    def show(self, prepared: Prepared, count: int) -> None:
        """Serve the first *count* pages from now on."""
        self._told.send((prepared, count))
        self._told.recv()

    def counts(self) -> Counter[str]:
        """Return the requests so far by kind: robots, sitemap, page, other."""
        with urllib.request.urlopen(f"{self.origins[0]}/counts") as answer:
            return Counter(json.load(answer))


@contextlib.contextmanager
def running() -> Iterator[Papers]:
    """Serve in a process of its own while the context lasts."""
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield Papers(ours.recv(), ours)
    finally:
        server.terminate()
        server.join()


def _serve(told: Connection) -> None:
    sockets = [create_server(("127.0.0.1", 0), backlog=256) for _ in range(PAPERS)]
    told.send([f"http://127.0.0.1:{each.getsockname()[1]}" for each in sockets])
    asyncio.run(_Server(told).run(sockets))


class _Server:
    def __init__(self, told: Connection) -> None:
        self.told = told
        self.asked: Counter[str] = Counter()
        self.shown: dict[str, tuple[int, int]] = {}
        self.sitemaps: dict[str, bytes] = {}
        self.pages: mmap.mmap | None = None

    async def run(self, sockets: Sequence[object]) -> None:
        asyncio.get_running_loop().add_reader(self.told.fileno(), self._turn)
        for each in sockets:
            origin = f"http://127.0.0.1:{each.getsockname()[1]}"  # type: ignore[attr-defined]
            await asyncio.start_server(self._talker(origin), sock=each, limit=2**20)  # type: ignore[arg-type]
        await asyncio.Event().wait()

    def _turn(self) -> None:
        prepared, count = self.told.recv()
        self.shown = dict(list(prepared.places.items())[:count])
        with prepared.file.open("rb") as file:
            self.pages = mmap.mmap(file.fileno(), os.fstat(file.fileno()).st_size, prot=mmap.PROT_READ)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.sitemaps = {}
        self.asked.clear()
        for url in self.shown:
            origin = "/".join(url.split("/", 3)[:3])
            self.sitemaps[origin] = self.sitemaps.get(origin, b"") + (
                f"<url><loc>{url}</loc><lastmod>{now}</lastmod></url>\n".encode()
            )
        self.told.send("shown")

    def _talker(self, origin: str):
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # The visitor left.
                while request := await reader.readuntil(b"\r\n\r\n"):
                    writer.write(self._answer(origin, request))
                    await writer.drain()
            writer.close()

        return talk

    def _answer(self, origin: str, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        place = self.shown.get(origin + path)
        if place is not None and self.pages is not None:
            self.asked["page"] += 1
            body = self.pages[place[0] : place[0] + place[1]]
            return _head("200 OK", "text/html", len(body), f'Content-Encoding: gzip\r\nETag: "{place[0]}"\r\n') + body
        if path == "/news.xml":
            self.asked["sitemap"] += 1
            body = b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            body += self.sitemaps.get(origin, b"") + b"</urlset>"
            tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            if f"if-none-match: {tag}".encode() in request.lower():
                return _head("304 Not Modified", "application/xml", 0, f"ETag: {tag}\r\n")
            return _head("200 OK", "application/xml", len(body), f"ETag: {tag}\r\n") + body
        if path == "/counts":
            body = json.dumps(self.asked).encode()
            return _head("200 OK", "application/json", len(body), "Connection: close\r\n") + body
        self.asked["robots" if path == "/robots.txt" else "other"] += 1
        body = b"User-agent: *\nAllow: /\n" if path == "/robots.txt" else b"no such page"
        return _head("200 OK" if path == "/robots.txt" else "404 Not Found", "text/plain", len(body), "") + body


def _head(status: str, kind: str, length: int, more: str) -> bytes:
    return HEAD.format(status=status, kind=kind, length=length, more=more).encode()
