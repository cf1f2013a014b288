"""A program that visits hosts until nothing is due: what a worker does, in a process that a test may kill.

python -m tests.flow.visitor DSN ARCHIVE-FOLDER
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg

from etl.fetch.archive import Archive
from etl.fetch.http import Fetcher, Limits
from etl.fetch.politeness import Manners
from etl.flow.visit import HostVisit, Tools
from etl.recipe.shelf import Shelf
from etl.run.held import host_held

MANNERS = Manners(spacing_min_s=0.1, spacing_max_s=1.5, latency_factor=1.0)
OPEN = ["127.0.0.0/8:0-65535"]


def now() -> datetime:
    return datetime.now(UTC)


def main(dsn: str, folder: str) -> None:
    random = Random()
    fetcher = Fetcher(archive=Archive(Path(folder)), open_addresses=OPEN, limits=Limits(total_s=5.0))
    tools = Tools(fetcher, Shelf.of([]), now=now, sleep=time.sleep, random=random, manners=MANNERS)
    with psycopg.connect(dsn, autocommit=True) as conn:
        print("ready", flush=True)
        while True:
            waiting = conn.execute("SELECT DISTINCT host FROM etl.pages WHERE next_visit_at IS NOT NULL").fetchall()
            if not waiting:
                return
            for (host,) in random.sample(waiting, len(waiting)):
                with host_held(conn, f"//{host}/") as is_held:
                    if is_held:
                        HostVisit(conn, tools, host).run()
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
