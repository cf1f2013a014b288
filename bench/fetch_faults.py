"""The fault matrix as a table: what a host did, how the exchange ended, and how long it took. And what bombs cost.

    python bench/fetch_faults.py [--json | --markdown]

The faults are those of tests/fetch/test_faults.py, served by the local publisher of the tests. Deadlines are short (connect
1 s, first byte and silence 0.6 s, total 2 s), so times above show which deadline ended it. Each bomb is met in a process of its own
with the usual limits, as a page and as a source; memory is what its peak (VmHWM) grows by. The publisher is another process.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import brotli
import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fetch.conftest import LIMITS, LOOPBACK
from fetch.test_faults import FAULTS, FINE
from newsroom import Newsroom, Reply, bomb

from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.fetch.http import Fetched, Fetcher, Limits
from etl.fetch.receive import Kind


def ended(fetcher: Fetcher, url: str, *, kind: Kind = "page") -> tuple[str, float]:
    """Return the outcome and the seconds it took."""
    started = time.perf_counter()
    try:
        answer = fetcher.get(url, now=lambda: datetime.now(UTC), kind=kind)
    except NewsEtlError as error:
        outcome = f"{type(error).__name__} {error.code}"
    else:
        assert isinstance(answer, Fetched)
        outcome = f"fetched {len(answer.body)} bytes"
    return outcome, time.perf_counter() - started


def matrix() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    with Newsroom() as room, tempfile.TemporaryDirectory() as folder:
        fetcher = Fetcher(archive=Archive(Path(folder)), open_addresses=[LOOPBACK], limits=LIMITS)
        for number, parameters in enumerate([*FAULTS, *FINE]):
            site = room.site(str(number))
            site.put("/fault", parameters.values[0])
            outcome, took_s = ended(fetcher, site.url("/fault"))
            rows.append(
                {"fault": parameters.id, "outcome": outcome, "took_s": round(took_s, 2), "asked": len(site.asked())}
            )
        loop = room.site("loop")
        loop.redirect("/fault", "/back")
        loop.redirect("/back", "/fault")
        stalled = socket.create_server(("127.0.0.1", 0))
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        for fault, url, asked in (
            ("redirects in a circle", loop.url("/fault"), 2),
            ("TLS handshake that stalls", f"https://127.0.0.1:{stalled.getsockname()[1]}/", 0),
            ("nobody listens", f"http://127.0.0.1:{port}/", 0),
            ("a name without an address", "http://nobody.invalid/", 0),
            ("an address of a private network", "http://10.0.0.7/", 0),
        ):
            outcome, took_s = ended(fetcher, url)
            rows.append({"fault": fault, "outcome": outcome, "took_s": round(took_s, 2), "asked": asked})
        assert len(loop.asked()) == 2
        stalled.close()
        fetcher.close()
    return rows


def zstd_bomb(megabytes: int) -> Iterator[bytes]:
    stream = zstandard.ZstdCompressor(level=1).compressobj()
    for _ in range(megabytes):
        yield stream.compress(MEGABYTE)
    yield stream.flush()


def brotli_bomb(megabytes: int) -> Iterator[bytes]:
    stream = brotli.Compressor(quality=1)
    for _ in range(megabytes):
        yield stream.process(MEGABYTE)
    yield stream.finish()


def gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    stream = zlib.compressobj(1, wbits=31)
    for piece in pieces:
        yield stream.compress(piece)
    yield stream.flush()


WORDS = {"Transient": "transient", "Refused": "refused", "TryLater": "later"}
MEGABYTE = bytes(1024 * 1024)
BOMBS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "gzip": bomb,
    "br": brotli_bomb,
    "zstd": zstd_bomb,
    "gzip, gzip": lambda megabytes: gzipped(bomb(megabytes)),
    "br, gzip": lambda megabytes: gzipped(brotli_bomb(megabytes)),
    "zstd, gzip": lambda megabytes: gzipped(zstd_bomb(megabytes)),
}


def serve_bomb(coding: str, megabytes: int, told: Connection) -> None:
    # One bomb in another is made before it is met: packing it takes the publisher longer than meeting it takes us.
    made = [b"".join(BOMBS[coding](megabytes))] if "," in coding else None
    with Newsroom() as room:
        site = room.site("bomb")
        site.put(
            "/",
            lambda _: Reply(
                iter(made) if made else BOMBS[coding](megabytes),
                headers={"Content-Encoding": coding},
                content_length="",
            ),
        )
        told.send(site.url("/"))
        told.recv()


def peak_mb() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def meet_bomb(url: str, kind: Kind, told: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fetcher = Fetcher(archive=Archive(Path(folder)), open_addresses=[LOOPBACK], limits=Limits())
        before, cpu = peak_mb(), time.process_time()
        outcome, took_s = ended(fetcher, url, kind=kind)
        cpu_s = time.process_time() - cpu
        told.send(
            {
                "outcome": outcome,
                "memory_mb": round(peak_mb() - before, 1),
                "cpu_s": round(cpu_s, 3),
                "took_s": round(took_s, 3),
            }
        )


def bomb_cost(coding: str, kind: Kind, megabytes: int) -> dict[str, object]:
    """Return memory and time of meeting a bomb."""
    spawn = multiprocessing.get_context("spawn")
    here, there = multiprocessing.Pipe()
    server = spawn.Process(target=serve_bomb, args=(coding, megabytes, there), daemon=True)
    server.start()
    results, telling = multiprocessing.Pipe()
    visitor = spawn.Process(target=meet_bomb, args=(here.recv(), kind, telling), daemon=True)
    visitor.start()
    cost = results.recv()
    visitor.join()
    here.send("done")
    server.join()
    return {"bomb_mb": megabytes, "coding": coding, "kind": kind, **cost}


def print_tables(costs: list[dict[str, object]], rows: list[dict[str, object]]) -> None:
    print("| What the host does | Ends in | Seconds | Requests |\n|---|---|---:|---:|")
    for row in rows:
        kind, _, code = str(row["outcome"]).partition(" ")
        ends = "is read" if kind == "fetched" else f"`{code}` ({WORDS[kind]})"
        print(f"| {row['fault']} | {ends} | {row['took_s']} | {row['asked']} |")
    print("\n| Bomb | Unfolds to | Met as | Memory | CPU | Wall |\n|---|---:|---|---:|---:|---:|")
    for cost in costs:
        size = f"{int(str(cost['bomb_mb'])) // 1000} GB"
        print(
            f"| {cost['coding']} | {size} | {cost['kind']} | {cost['memory_mb']} MB | {cost['cpu_s']} s | {cost['took_s']} s |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="as the tables of docs/faults.md")
    given = parser.parse_args()
    costs = [
        bomb_cost(coding, kind, 1_000 if "," in coding else 10_000) for coding in BOMBS for kind in ("page", "source")
    ]
    rows = matrix()
    if given.json:
        print(json.dumps({"bombs": costs, "faults": rows}))
        return
    if given.markdown:
        print_tables(costs, rows)
        return
    for cost in costs:
        print(", ".join(f"{name} {value}" for name, value in cost.items()))
    for row in rows:
        print(f"{row['fault']:42} {row['outcome']:28} {row['took_s']:6.2f} s  {row['asked']} request(s)")


if __name__ == "__main__":
    main()
