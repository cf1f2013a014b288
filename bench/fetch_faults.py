"""The fault matrix as a table: what a host did, how the exchange ended, and how long it took. And what a bomb costs.

    python bench/fetch_faults.py [--json]

The faults are those of tests/fetch/test_faults.py, served by the local publisher of the tests. Deadlines are short (connect
1 s, first byte and silence 0.6 s, total 2 s), so times above show which deadline ended it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fetch.conftest import LIMITS, LOOPBACK
from fetch.test_faults import FAULTS, FINE
from newsroom import Newsroom, Reply, bomb

from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.fetch.http import Fetched, Fetcher, Limits


def ended(fetcher: Fetcher, url: str) -> tuple[str, float]:
    """Return the outcome and the seconds it took."""
    started = time.perf_counter()
    try:
        answer = fetcher.get(url, now=lambda: datetime.now(UTC))
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
        fetcher.close()
    return rows


def serve_bomb(megabytes: int, told: object) -> None:
    with Newsroom() as room:
        site = room.site("bomb")
        site.put("/", lambda _: Reply(bomb(megabytes), headers={"Content-Encoding": "gzip"}, content_length=""))
        told.send(site.url("/"))  # type: ignore[attr-defined]
        told.recv()  # type: ignore[attr-defined]


def bomb_cost(megabytes: int) -> dict[str, object]:
    """Return memory and time of meeting a bomb; the publisher is another process, the limits are the usual ones."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve_bomb, args=(megabytes, there), daemon=True)
    server.start()
    url = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        fetcher = Fetcher(archive=Archive(Path(folder)), open_addresses=[LOOPBACK], limits=Limits())
        before, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        outcome, took_s = ended(fetcher, url)
        cost = {
            "bomb_mb": megabytes,
            "outcome": outcome,
            "memory_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, 1),
            "cpu_s": round(time.process_time() - cpu, 3),
            "took_s": round(took_s, 3),
        }
    here.send("done")
    server.join()
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    cost = bomb_cost(10_000)
    rows = matrix()
    if given.json:
        print(json.dumps({"bomb": cost, "faults": rows}))
        return
    print(", ".join(f"{name} {value}" for name, value in cost.items()))
    for row in rows:
        print(f"{row['fault']:42} {row['outcome']:28} {row['took_s']:6.2f} s  {row['asked']} request(s)")


if __name__ == "__main__":
    main()
