"""A program that polls every source again and again, as fast as their hosts may be asked, until it is killed.

python -m tests.flow.poller DSN ARCHIVE-FOLDER
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import psycopg

from etl.fetch.archive import Archive
from etl.fetch.http import Fetcher, Limits
from etl.flow.poll import Poll
from etl.flow.visit import Tools
from etl.recipe.shelf import Shelf
from etl.run.held import host_held
from etl.store import sources
from tests.flow.visitor import MANNERS, OPEN, now

STEADY = replace(MANNERS, latency_factor=0.0)
"""The pause does not follow the machine's load, so that polls stay quiet ones."""


def main(dsn: str, folder: str) -> None:
    random = Random()
    fetcher = Fetcher(archive=Archive(Path(folder)), open_addresses=OPEN, limits=Limits(total_s=5.0))
    tools = Tools(fetcher, Shelf.of([]), now=now, sleep=time.sleep, random=random, manners=STEADY)
    with psycopg.connect(dsn, autocommit=True) as conn:
        while True:
            states = sources.states(conn)
            for state in random.sample(states, len(states)):
                with host_held(conn, state.url) as is_held:
                    source = sources.named(conn, state.slug) if is_held else None
                    if source is not None:
                        Poll(conn, tools, source).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
