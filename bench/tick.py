#!/usr/bin/env python3
"""What one tick of the scheduler costs, and how late a source is polled, when there are very many.

  python bench/tick.py [--sources 100000] [--hosts 20000] [--pages 500000] [--ticks 20]

Fills a throw-away embedded server with sources (due evenly over their interval of 15 minutes), hosts and pages, then lets the
scheduler's own `Leader` tick, with its queue. Three states:

  quiet    nothing is due
  steady   in each tick, as many sources have become due as 15 minutes and the pause between ticks make it, and one host in
           a hundred has a page that is due; the jobs put in are taken out between the ticks, as workers would
  backlog  every source and 100,000 pages are due at once, as after a day without the service

Prints milliseconds per tick: wall (median, slowest), and CPU of this process and of Postgres; jobs put in; and, for the
backlog, after how many ticks every source was put in once.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import cost
import psycopg
import structlog

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.run.queue import SEARCH_PATH, sync_app_of
from etl.run.scheduler import TICK_S, Leader
from etl.store.migrate import migrate

INTERVAL_S = 900.0
FAR = timedelta(days=2)

FILL = (
    """
    INSERT INTO etl.hosts (host, free_at)
    SELECT 'news' || n || '.example.org', %(at)s FROM generate_series(1, %(hosts)s) AS n
    """,
    """
    INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
    SELECT 'site' || n %% %(hosts)s + 1 || '/' || n, 'feed',
           'https://news' || n %% %(hosts)s + 1 || '.example.org/' || n || '.xml', 'news' || n %% %(hosts)s + 1 || '.example.org',
           'site' || n %% %(hosts)s + 1, %(interval)s, %(far)s, %(at)s
    FROM generate_series(1, %(sources)s) AS n
    """,
    """
    INSERT INTO etl.pages (url, url_key, host, found_at, next_visit_at)
    SELECT 'https://news' || n %% %(hosts)s + 1 || '.example.org/' || n, md5(n::text)::uuid,
           'news' || n %% %(hosts)s + 1 || '.example.org', %(at)s, %(far)s
    FROM generate_series(1, %(pages)s) AS n
    """,
)


@dataclass(slots=True)
class Costs:
    wall_ms: list[float] = field(default_factory=list[float])
    own_s: float = 0.0
    postgres_s: float = 0.0
    jobs: int = 0

    def shown(self, state: str) -> str:
        count = len(self.wall_ms)
        return (
            f"| {state} | {count} | {statistics.median(self.wall_ms):.1f} | {max(self.wall_ms):.1f} "
            f"| {1000 * self.own_s / count:.1f} | {1000 * self.postgres_s / count:.1f} | {self.jobs / count:.0f} |"
        )


class Bench:
    def __init__(self, conn: psycopg.Connection[Any], leader: Leader, given: argparse.Namespace) -> None:
        self.conn = conn
        self.leader = leader
        self.given = given
        self.postmaster = cost.postmaster_of(conn)

    def tick(self, costs: Costs) -> None:
        postgres, own, begun = cost.cpu_s([self.postmaster]), time.process_time(), time.monotonic()
        self.leader.tick()
        costs.wall_ms.append(1000 * (time.monotonic() - begun))
        costs.own_s += time.process_time() - own
        costs.postgres_s += cost.cpu_s([self.postmaster]) - postgres

    def work_done(self) -> int:
        """Take the jobs out as workers would, and make what they did due again an interval later; return how many."""
        now = datetime.now(UTC)
        self.conn.execute(
            """
            UPDATE etl.sources SET next_poll_at = %(later)s
            WHERE id IN (SELECT (args ->> 'source_id')::bigint FROM queue.procrastinate_jobs WHERE task_name = 'poll_source')
            """,
            {"later": now + FAR},
        )
        self.conn.execute(
            """
            UPDATE etl.pages SET next_visit_at = %(later)s
            WHERE next_visit_at <= %(now)s
                  AND host IN (SELECT args ->> 'host' FROM queue.procrastinate_jobs WHERE task_name = 'visit_host')
            """,
            {"later": now + FAR, "now": now},
        )
        return self.conn.execute("DELETE FROM queue.procrastinate_jobs").rowcount

    def run(self, state: str, become_due: Callable[[int], None]) -> None:
        costs = Costs()
        for number in range(self.given.ticks):
            become_due(number)
            self.tick(costs)
            costs.jobs += self.work_done()
        print(costs.shown(state), flush=True)

    def steady(self, number: int) -> None:
        each = round(self.given.sources * TICK_S / INTERVAL_S)
        now = datetime.now(UTC)
        self.conn.execute(
            "UPDATE etl.sources SET next_poll_at = %(now)s WHERE id > %(first)s AND id <= %(last)s",
            {"now": now, "first": number * each, "last": (number + 1) * each},
        )
        self.conn.execute(
            "UPDATE etl.pages SET next_visit_at = %(now)s WHERE id <= %(hosts)s AND id %% 100 = %(number)s",
            {"now": now, "hosts": self.given.hosts, "number": number % 100},
        )

    def backlog(self) -> None:
        now = datetime.now(UTC)
        self.conn.execute("UPDATE etl.sources SET next_poll_at = %(now)s - id * interval '1 ms'", {"now": now})
        self.conn.execute("UPDATE etl.pages SET next_visit_at = %(now)s WHERE id <= 100000", {"now": now})
        self.conn.execute("VACUUM ANALYZE etl.sources, etl.pages")
        costs = Costs()
        while self.conn.execute("SELECT FROM etl.sources WHERE next_poll_at <= now() LIMIT 1").fetchone() is not None:
            self.tick(costs)
            costs.jobs += self.work_done()
        print(costs.shown("backlog"), flush=True)
        print(
            f"\nAfter {len(costs.wall_ms)} ticks, {len(costs.wall_ms) * TICK_S:.0f} s at one each {TICK_S:g} s, every source "
            f"had been put in once (interval: {INTERVAL_S:.0f} s)."
        )


def fill(conn: psycopg.Connection[Any], given: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    span = {
        "hosts": given.hosts,
        "sources": given.sources,
        "pages": given.pages,
        "interval": INTERVAL_S,
        "at": now - FAR,
        "far": now + FAR,
    }
    for statement in FILL:
        conn.execute(statement.encode(), span)
    conn.execute("VACUUM ANALYZE")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=100_000)
    parser.add_argument("--hosts", type=int, default=20_000)
    parser.add_argument("--pages", type=int, default=500_000)
    parser.add_argument("--ticks", type=int, default=20)
    given = parser.parse_args()
    folder = embedded_host.throwaway_folder("news-etl-tick-")
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True, options=SEARCH_PATH) as conn, sync_app_of(dsn).open() as queue:
                fill(conn, given)
                bench = Bench(conn, Leader(dsn, queue, lambda _: None, None), given)  # type: ignore[arg-type] - never cleans
                print("| state | ticks | wall ms (median) | (slowest) | own CPU ms | Postgres CPU ms | jobs put in |")
                print("|---|---:|---:|---:|---:|---:|---:|")
                bench.tick(Costs())
                bench.run("quiet", lambda _: None)
                bench.run("steady", bench.steady)
                bench.backlog()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
