"""The crash matrix in full: the service is struck at random moments while it reads a press, then compared with what is right.

    python bench/crash.py [--moments 500] [--pages 5000] [--hosts 24] [--every 4] [--minutes N] [--seed N]
                          [--embedded] [--faults worker,disk]

A Postgres server, two schedulers, two workers and the publisher are started here in a throw-away folder. Each moment is one of:

    worker     kill -9 of a worker                     freeze   SIGSTOP of a scheduler or worker for 20 to 50 s
    reader     kill -9 of a digest child               cut      some or all database connections are ended
    scheduler  kill -9 of a scheduler                  deaf     all connections go half-open (nothing comes through) for 15 to 45 s
    all        kill -9 of everything at once           disk     the archive's file system is full for 2 to 6 s (needs root: a tmpfs)
    postgres   pg_ctl stop -m immediate, then start    clock    the wall clock of a process jumps a day for 5 to 20 s

Editions follow one another while moments are left: a tenth of the pages carry the text of another paper, 15 % are edited in
each edition, some are new. After each edition all is compared: articles, every version in order, stories, links, the queue,
and the archive (each capture's bytes by hash; whole files by warcio if it is installed). Pauses after failures are not waited out.

Exit code 1 when anything is lost, doubled, skipped, stuck or damaged; the folder is kept then.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.run.storm import FAULTS, Result, Storm, Weather  # noqa: I001 - found only after the line above.

from etl.run import embedded_host


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=500)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--hosts", type=int, default=24)
    parser.add_argument("--every", type=float, default=4.0, help="mean seconds between two moments")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no moments after so long")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--embedded", action="store_true", help="the embedded server instead of one run by pg_ctl")
    parser.add_argument("--faults", default=",".join(FAULTS))
    chosen = parser.parse_args()
    storm = Storm(
        hosts=chosen.hosts,
        pages=chosen.pages,
        moments=chosen.moments,
        every_s=chosen.every,
        seed=chosen.seed,
        faults=tuple(chosen.faults.split(",")),
        embedded=chosen.embedded,
        at_most_s=chosen.minutes * 60,
    )
    print(f"seed {storm.seed}, {storm.pages} pages of {storm.hosts} papers, {storm.moments} moments", flush=True)
    folder = embedded_host.throwaway_folder("news-etl-crash-")
    with Weather(storm, folder, say=lambda words: print(words, flush=True)) as weather:
        result = weather.run()
    report(result)
    if result.differences:
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def report(result: Result) -> None:
    print(f"\n{sum(result.moments.values())} moments: {dict(result.moments.most_common())}")
    for fault, why in result.left_out.items():
        print(f"left out: {fault}: {why}")
    print(
        f"{result.editions} editions, {result.pages} pages, {result.versions} versions, {result.requests} requests, "
        f"{result.restarts} restarts of parts, {result.took_s:.0f} s"
    )
    print("as it should be" if not result.differences else "\n".join(["DIFFERENCES", *result.differences]))


if __name__ == "__main__":
    sys.exit(main())
