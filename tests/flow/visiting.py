"""What visits and polls are tested with: a clock that only sleeping moves, and tools that may talk to the loopback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from newsroom import Reply, Request

from etl.fetch.archive import Archive
from etl.fetch.http import Fetcher, Limits
from etl.fetch.politeness import Manners
from etl.flow.visit import Tools
from etl.recipe.shelf import Shelf
from tests.flow.pages import DAY

SPACING_S = 2.0
LIMITS = Limits(connect_s=2.0, first_byte_s=2.0, silence_s=2.0, total_s=5.0)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = DAY
        self.asked: list[tuple[str, datetime]] = []
        """What publishers saw, and when by this clock."""

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def seen(self, reply: Reply) -> Callable[[Request], Reply]:
        """Return an answer that notes the moment of each request."""

        def answer(request: Request) -> Reply:
            self.asked.append((request.path, self.at))
            return reply

        return answer

    def pauses(self) -> list[float]:
        """Return the seconds between one request and the next."""
        moments = [at for _, at in self.asked]
        return [(after - before).total_seconds() for before, after in pairwise(moments)]


def tools_for(folder: Path, clock: Clock, *, shelf: Shelf | None = None) -> Tools:
    """Return the tools of one process; another call on the same folder is that process after a restart."""
    fetcher = Fetcher(archive=Archive(folder), open_addresses=["127.0.0.0/8:0-65535"], limits=LIMITS)
    return Tools(
        fetcher=fetcher,
        shelf=shelf or Shelf.of([]),
        now=clock.now,
        sleep=clock.sleep,
        random=Random(1),
        manners=Manners(spacing_min_s=SPACING_S, latency_factor=0.0),
    )
