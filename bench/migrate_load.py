#!/usr/bin/env python3
"""The migrations under load: the last release writes while this one migrates the schema beneath it.

  python bench/migrate_load.py [--from 0005] [--articles 300000] [--writers 3]

Fills a throw-away embedded server, at the schema of the last release, with made-up articles; starts writers that run that
release's own code (from the repository's history: `git archive`), each settling batches of 20 new pages with 30 links without a
pause, and a reader that asks for an article by its URL; then migrates to the head. Ends with an error when any writer fails.

Prints how long the migration took, the batches written before, during and after it, and the longest that one batch or one
question took in each of these times.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import growth
import psycopg
from warc import number_on

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import head, migrate

ROOT = Path(__file__).resolve().parents[1]
AROUND_S = 5.0
WRITER = """
import hashlib, json, random, sys, time, uuid
from datetime import UTC, datetime
from etl.flow.reading import Reading, keyed, spell
from etl.flow.settle import settle
from etl.model import Article, Block, Capture, Link, Place
from etl.store.pool import open_pool

dsn, name = sys.argv[1:]
dice = random.Random(name)
words = [format(n, "x") + "lor" for n in range(5000)]

def reading(number):
    url = f"https://{name}.example.org/news/{number}-{'-'.join(dice.choices(words, k=4))}"
    text = [Block("paragraph", " ".join(dice.choices(words, k=60))) for _ in range(8)]
    links = tuple(Link(f"https://{name}.example.org/news/{dice.randrange(10**6)}", "related", " ".join(dice.choices(words, k=7)),
                       n, rule="bench") for n in range(30))
    article = Article(title=" ".join(dice.choices(words, k=8)), body=tuple(text), links=links, language="en")
    at = datetime.now(UTC)
    capture = Capture(url, url, 200, {"content-type": "text/html"}, hashlib.sha256(url.encode()).digest(), 1000, at,
                      Place("bench.warc.gz", number, 100))
    return keyed(Reading(capture, spell(url), spell(url), "article", article=article))

with open_pool(dsn) as pool, pool.connection() as conn:
    number = 0
    while True:
        batch = [reading(number + n) for n in range(20)]
        number += 20
        began = time.time()
        settled = settle(conn, batch, now=datetime.now(UTC))
        wrong = [one.outcome for one in settled if one.outcome != "stored"]
        assert not wrong, wrong
        print(json.dumps([began, time.time()]), flush=True)
"""
READER = """
import json, random, sys, time
import psycopg
conn = psycopg.connect(sys.argv[1], autocommit=True)
while True:
    number = random.randrange(1, int(sys.argv[2]))
    began = time.time()
    conn.execute("SELECT title FROM news.articles WHERE url = %s", [f"https://site{number % 500}.example/news/{number}"]).fetchall()
    print(json.dumps([began, time.time()]), flush=True)
    time.sleep(0.01)
"""


def released(step: str, folder: Path) -> Path:
    """Write the code as it was before the step after *step* was added into *folder*."""
    following = min(path.name for path in (ROOT / "migrations" / "versions").glob("*.py") if path.name[:4] > step)
    asked = ["git", "log", "--diff-filter=A", "--format=%H", "-1", "--", f"migrations/versions/{following}"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    packed = subprocess.run(
        ["git", "archive", f"{commit}^", "etl", "migrations"], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def start(code: str, *arguments: str, tree: Path, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdout=out,
        )


def shown(who: str, outputs: list[Path], begun: float, ended: float) -> str:
    """Return a row: how many, and the longest, before, during and after."""
    spans: list[tuple[float, float]] = []
    for output in outputs:
        spans += [tuple(json.loads(line)) for line in output.read_text().splitlines() if line.endswith("]")]
    cells: list[str] = []
    for first, last in ((0.0, begun), (begun, ended), (ended, time.time())):
        met = [end - start for start, end in spans if end > first and start < last]
        cells += [f"{len(met):,}", f"{1000 * max(met, default=0.0):,.0f}"]
    return f"| {who} | " + " | ".join(cells) + " |"


def run(given: argparse.Namespace, folder: Path, dsn: str) -> None:
    tree = released(given.since, folder / "released")
    migrate(dsn, to=given.since)
    with psycopg.connect(dsn) as conn:
        growth.fill(conn, 1, given.articles)
        number_on(conn, given.articles)
        conn.commit()
    outputs = [folder / f"writer{number}" for number in range(given.writers)] + [folder / "reader"]
    load: list[subprocess.Popen[Any]] = [
        start(WRITER, dsn, f"writer{number}", tree=tree, output=outputs[number]) for number in range(given.writers)
    ]
    load.append(start(READER, dsn, str(given.articles), tree=tree, output=outputs[-1]))
    try:
        while not all(output.stat().st_size for output in outputs):
            failed_at_once = [process.returncode for process in load if process.poll() is not None]
            if failed_at_once:
                raise SystemExit(f"a process of the load ended with {failed_at_once}")
            time.sleep(0.2)
        time.sleep(AROUND_S)
        begun = time.time()
        migrate(dsn)
        ended = time.time()
        time.sleep(AROUND_S)
        failed = [process.args[3:] for process in load if process.poll() is not None]  # type: ignore[index]
    finally:
        for process in load:
            process.kill()
            process.wait()
    print(
        f"{given.since} → {head()} with {given.articles:,} articles took {ended - begun:.1f} s; "
        f"load: {os.getloadavg()[0]:.1f}\n"
    )
    print("| who | before | longest ms | during | longest ms | after | longest ms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    print(shown("writers (batches of 20)", outputs[:-1], begun, ended))
    print(shown("reader (questions)", outputs[-1:], begun, ended))
    print(f"\nProcesses of the load that failed: {len(failed)}")
    if failed:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="since", default="0005", help="schema of the last release")
    parser.add_argument("--articles", type=int, default=300_000)
    parser.add_argument("--writers", type=int, default=3)
    given = parser.parse_args()
    folder = embedded_host.throwaway_folder("news-etl-migrate-")
    folder.chmod(0o711)  # Postgres runs as an ordinary user, in a folder under this one.
    (folder / "data").mkdir()
    try:
        with Embedded(folder / "data", durable=False) as dsn:
            run(given, folder, dsn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
