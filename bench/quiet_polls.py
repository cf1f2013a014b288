"""What a poll in which nothing changed costs: requests, and rows by table, the queue's own among them.

    python bench/quiet_polls.py [--sources 200] [--rounds 5] [--json]

A local publisher with one feed per host answers 304 to who knows its ETag. All sources are made due, put into the queue, and
polled by one `news-etl worker` until none is left; the first two rounds (all is new; each session says that it asks) are not
counted. Rows are those that the server counts as put in, changed or taken away (pg_stat_user_tables), without heartbeats.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from newsroom import Newsroom

from etl.flow.listed import sync_sources
from etl.recipe.rules import Recipe, SourceRule
from etl.recipe.shelf import Shelf
from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.run.queue import put_polls, sync_app_of
from etl.store import sources
from etl.store.migrate import migrate

WARM_ROUNDS = 2
PROGRAM = (sys.executable, "-c", "from etl.cli import main; main()")


def rows_written(conn: psycopg.Connection) -> Counter[str]:
    """Return how many rows were ever put in, changed or taken away, by table."""
    conn.execute("SELECT pg_stat_clear_snapshot()")
    query = """
        SELECT schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del
        FROM pg_stat_user_tables
        WHERE relname <> 'procrastinate_workers'
        """
    return Counter(dict(conn.execute(query.encode()).fetchall()))


def one_round(conn: psycopg.Connection, dsn: str, environment: dict[str, str]) -> None:
    now = datetime.now(UTC)
    ids = [row[0] for row in conn.execute("SELECT id FROM etl.sources")]
    sources.make_all_due(conn, now=now)
    app = sync_app_of(dsn)
    with app.open():
        put_polls(app, ids)
    subprocess.run(
        [*PROGRAM, "worker", "--until-idle"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def measured(count: int, rounds: int) -> dict[str, object]:
    database = embedded_host.throwaway_folder()
    server = Embedded(database, durable=False)
    with Newsroom() as room, tempfile.TemporaryDirectory() as folder:
        sites = [
            room.site(str(number), address=f"127.0.{1 + number // 200}.{1 + number % 200}") for number in range(count)
        ]
        recipes: list[Recipe] = []
        for number, site in enumerate(sites):
            site.robots("")
            site.feed("/feed", [("/a", "A", "Sat, 07 Feb 2026 08:00:00 GMT")])
            rule = SourceRule(kind="feed", url=site.url("/feed"), name="feed", interval_s=900.0)
            recipes.append(Recipe(f"paper{number}", site.url("/"), sources=(rule,)))
        try:
            dsn = server.start()
            migrate(dsn)
            environment = os.environ | {
                "NEWS_ETL_DATABASE_URL": dsn,
                "NEWS_ETL_DATA_DIR": folder,
                "NEWS_ETL_OPEN_ADDRESSES": "127.0.0.0/8:0-65535",
                "NEWS_ETL_CONTACT": "https://example.org/bot",
                "NEWS_ETL_LOG_LEVEL": "warning",
            }
            with psycopg.connect(dsn, autocommit=True) as conn:
                sync_sources(conn, Shelf.of(recipes), now=datetime.now(UTC))
                for _ in range(WARM_ROUNDS):
                    one_round(conn, dsn, environment)
                before, asked = rows_written(conn), sum(len(site.requests) for site in sites)
                for _ in range(rounds):
                    one_round(conn, dsn, environment)
                written = rows_written(conn) - before
                written["etl.sources"] -= count * rounds  # That of make_all_due.
                polls = conn.execute("SELECT count(*) FROM etl.sources WHERE outcome = 'unchanged'").fetchone() or (0,)
        finally:
            server.stop()
            shutil.rmtree(database, ignore_errors=True)
        requests = sum(len(site.requests) for site in sites) - asked
    return {
        "polls": count * rounds,
        "unchanged in the last round": polls[0],
        "requests a poll": requests / (count * rounds),
        "rows a poll": {table: round(rows / (count * rounds), 3) for table, rows in sorted(written.items())},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    facts = measured(given.sources, given.rounds)
    if given.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
