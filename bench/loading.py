#!/usr/bin/env python3
"""Articles of another system in, and out again: memory, time, and that nothing is lost.

  python bench/loading.py [--articles N,N] [--bad-every N]

Makes N articles of 120 words (a twentieth are edited copies, two in a hundred have the URL of an earlier one, of each --bad-every
lines one is broken), pipes them into `news-etl load --jsonl` on a throw-away embedded server, twice, and gets them back with
`news-etl export` in each form that is installed. Prints the largest resident memory of the program, seconds of its CPU and of the
clock, and whether the counts add up. Memory must not grow with N.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from growth import edited, story

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

PROGRAM = (sys.executable, "-c", "from etl.cli import main; main()")


def lines(count: int, bad_every: int) -> Iterator[bytes]:
    dice = random.Random(count)
    for number in range(1, count + 1):
        if number % bad_every == 0:
            yield b'{"id": "broken", "text": \n'
            continue
        title, text = story(number)
        if number % 20 == 0:
            text = edited(story(dice.randrange(1, number))[1], dice)
        page = dice.randrange(1, number) if number % 50 == 0 else number
        record = {
            "id": f"a{number}",
            "url": f"https://site{page % 500}.example/news/{page}",
            "title": title,
            "text": text,
        }
        yield json.dumps(record).encode() + b"\n"


def run(arguments: list[str], env: dict[str, str], *, given: Path | None, gets: Path) -> tuple[float, float, float]:
    """Return megabytes of resident memory, seconds of CPU and of the clock of one command."""
    begun = time.monotonic()
    with gets.open("wb") as out, (given or Path(os.devnull)).open("rb") as stream:
        process = subprocess.Popen([*PROGRAM, *arguments], env=env, stdin=stream, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 4):
        sys.exit(f"news-etl {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, time.monotonic() - begun


def measure(count: int, bad_every: int, folder: Path) -> None:
    given, answer = folder / "in.jsonl", folder / "answer.json"
    with given.open("wb") as out:
        out.writelines(lines(count, bad_every))
    server = embedded_host.throwaway_folder("news-etl-loading-")
    with removed(server), Embedded(server, durable=False) as dsn:
        migrate(dsn)
        env = {**os.environ, "NEWS_ETL_DATABASE_URL": dsn, "NEWS_ETL_DATA_DIR": str(folder)}
        used = run(["load", "--jsonl", "--json"], env, given=given, gets=answer)
        counts: dict[str, Any] = json.loads(answer.read_bytes())["counts"]
        told(count, "load", used, f"{counts}, all {sum(counts.values()) == count}")
        used = run(["load", "--jsonl", "--json"], env, given=given, gets=answer)
        again: dict[str, Any] = json.loads(answer.read_bytes())["counts"]
        told(count, "load again", used, str(again))
        for form in ("jsonl", "csv", *(["parquet"] if find_spec("pyarrow") else [])):
            gets = folder / f"out.{form}"
            used = run(["export", "--format", form], env, given=None, gets=gets)
            told(count, f"export {form}", used, f"{gets.stat().st_size / 1e6:.1f} MB")


@contextmanager
def removed(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def told(count: int, step: str, used: tuple[float, float, float], words: str) -> None:
    megabytes, cpu_s, clock_s = used
    print(f"| {count:,} | {step} | {megabytes:.0f} | {cpu_s:.1f} | {clock_s:.1f} | {words} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", default="10000,100000", help="how many, with commas between")
    parser.add_argument("--bad-every", type=int, default=1000, metavar="N")
    given = parser.parse_args()
    print("| articles | step | MB | CPU, s | clock, s | |", "|---:|---|---:|---:|---:|---|", sep="\n", flush=True)
    for count in given.articles.split(","):
        with tempfile.TemporaryDirectory() as folder:
            measure(int(count), given.bad_every, Path(folder))


if __name__ == "__main__":
    main()
