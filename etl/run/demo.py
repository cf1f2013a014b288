"""The demo: the little press on loopback, an embedded Postgres in a folder of its own, two polls, and what came of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl import boot
from etl.fetch.politeness import Manners
from etl.flow.listed import sync_sources
from etl.flow.visit import Tools
from etl.run.embedded import Embedded
from etl.run.once import HOSTS_AT_ONCE, Once, Progress, RunOnce
from etl.run.press import Press, serve
from etl.run.readers import Readers
from etl.settings import Settings
from etl.store import pages, sources
from etl.store.migrate import migrate
from etl.store.pool import Pool

BETWEEN_POLLS = timedelta(hours=1)
"""What the demo's clock moves on between its polls: the press edits, withdraws and re-posts in this hour."""


@dataclass(slots=True)
class Clock:
    """The time of day, moved on by what the demo skips."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class Demo:
    """The demo while it stands."""

    press: Press
    pool: Pool
    clock: Clock
    _tools: Tools
    _readers: Readers

    def poll(self, watch: Callable[[Progress], None]) -> Once:
        """Poll all sources and visit all pages there are."""
        with self.pool.connection() as conn:
            sync_sources(conn, self._tools.shelf, now=self.clock.now())
            sources.make_all_due(conn, now=self.clock.now())
            pages.make_all_due(conn, now=self.clock.now())
        return RunOnce(self.pool, self._tools, self._readers, watch=watch).run()

    def turn_page(self) -> None:
        """Let an hour pass; the press prints its next edition."""
        self.clock.ahead += BETWEEN_POLLS
        self.press.turn_page(self.clock.now())


def demo_settings(folder: Path) -> Settings:
    """Return the settings of a demo in *folder*: its own database, loopback open, no pause between requests."""
    return Settings(
        data_dir=folder,
        contact="https://example.org/demo",
        open_addresses=("127.0.0.1:0-65535",),
        host_spacing_s=0.0,
        pool_max_connections=HOSTS_AT_ONCE + 4,
    )


@contextmanager
def demo(folder: Path, *, say: Callable[[str], None]) -> Generator[Demo]:
    """Start everything in *folder*; it is all gone at the end but for the folder."""
    settings = demo_settings(folder)
    clock = Clock()
    say("starting Postgres")
    with Embedded(folder, durable=False) as dsn:
        say("making the schema")
        migrate(dsn)
        with boot.database_pool(settings, dsn) as pool, serve(clock.now()) as press:
            settings.recipes_folder.mkdir(parents=True, exist_ok=True)
            press.recipes_folder(settings.recipes_folder)
            archive = boot.archive(settings)
            fetcher = boot.fetcher(settings, archive)
            tools = Tools(
                fetcher=fetcher,
                shelf=boot.shelf(settings),
                now=clock.now,
                sleep=time.sleep,
                random=random.Random(),
                manners=Manners(spacing_min_s=0.0, latency_factor=0.0),
            )
            with Readers(settings.worker_count, shelf=tools.shelf, archive=settings.archive_place) as readers:
                yield Demo(press, pool, clock, tools, readers)
            fetcher.close()
