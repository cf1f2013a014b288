"""The queue: procrastinate on the same Postgres, in schema `queue`.

Three jobs (`etl.run.jobs`), each of which may run twice without harm. A job is put in once: its queueing lock keeps a second one
out while the first waits, and its lock keeps a second one from running beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any

import procrastinate
import psycopg
from psycopg_pool import AsyncConnectionPool

LIVE, BACKFILL, REDIGEST = 20, 10, 0
"""Priorities: what is live goes first."""
ALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""The server asks too: a machine that lost its power would else hold its locks for two hours, Linux's own limit."""
SEARCH_PATH = "-c search_path=queue -c timezone=UTC"
UNSYNCED = "-c synchronous_commit=off"
"""A commit of the queue does not wait for the disk, which took 0.24 ms of CPU and 4 ms, not 0.02 and 0.2. What a crash of the
server takes from the queue's last 0.6 s is made good: jobs say only what tables say is due, so the next tick puts them in; one
that was taken runs again, without harm; one that ended is nobody's, so its worker ends it (`etl.run.worker`). Data has other
connections."""
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
CONNECTION = {"options": f"{SEARCH_PATH} {ALIVE} {UNSYNCED}", "connect_timeout": 5, **KEEPALIVE}
CONNECTION_WAIT_S = 10.0
"""For one of the queue's own connections; shorter than a worker may be silent."""
POLL, VISIT, DIGEST, STEP = "poll_source", "visit_host", "digest", "backfill_step"
LIVE_JOBS = (POLL, VISIT, DIGEST)
STEPS_PER_WORKER = 4
"""Of the jobs that a worker runs at once, so many may be steps of backfills: live work always finds a free place."""
WORKER_NAME = "news-etl worker "
"""All connections of a worker have one name, this and a token, so that the leader can end those of one that is frozen."""
STALLED_AFTER_S = 12.0
"""A worker that shows no sign of life for this long has lost its jobs: they go to others (see `etl.run.scheduler`)."""


class _AnsweringPool(AsyncConnectionPool):
    """As `etl.store.pool.AnsweringPool`, which says why."""

    async def getconn(self, timeout: float | None = None) -> psycopg.AsyncConnection[Any]:
        ends_at = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            conn = await super().getconn(ends_at - monotonic())
            try:
                await self.check_connection(conn)
            except BaseException as error:
                await conn.close()
                await self.putconn(conn)
                if not isinstance(error, psycopg.Error):
                    raise
            else:
                return conn


def _answering_pool(**given: Any) -> _AnsweringPool:
    given["check"] = None
    return _AnsweringPool(**given)


def app_of(dsn: str, *, connections: int, name: str = "news-etl queue") -> procrastinate.App:
    """Return the queue as a worker uses it; its own connections, beside those of the jobs."""
    connector = procrastinate.PsycopgConnector(
        conninfo=dsn,
        min_size=1,
        max_size=connections,
        timeout=CONNECTION_WAIT_S,
        kwargs={**CONNECTION, "application_name": name},
        pool_factory=_answering_pool,
    )
    return procrastinate.App(connector=connector)


def sync_app_of(dsn: str) -> procrastinate.App:
    """Return the queue as the scheduler uses it: to put jobs in and to look after them."""
    connector = procrastinate.SyncPsycopgConnector(conninfo=dsn, min_size=1, max_size=2, kwargs=dict(CONNECTION))
    return procrastinate.App(connector=connector)


def put_polls(app: procrastinate.App, source_ids: Iterable[int]) -> int:
    """Put in a poll of each source; return how many were not waiting already."""
    return _put(app, POLL, {f"poll:{source_id}": {"source_id": source_id} for source_id in source_ids})


def put_visits(app: procrastinate.App, hosts: Iterable[str]) -> int:
    """Put in a visit of each host; return how many were not waiting already."""
    return _put(app, VISIT, {f"visit:{host}": {"host": host} for host in hosts})


def put_digests(app: procrastinate.App, count: int) -> int:
    """Put in up to *count* digests, each of which takes a batch of what waits."""
    return _put(app, DIGEST, {f"digest:{number}": {"number": number} for number in range(count)})


def put_steps(app: procrastinate.App, backfill_ids: Sequence[int], *, at_most: int) -> int:
    """Put in steps of the backfills, *at_most* in all, shared among them; return how many were not waiting already."""
    steps = [(backfill_id, number) for number in range(at_most) for backfill_id in backfill_ids][:at_most]
    jobs = {f"backfill:{job}:{number}": {"backfill_id": job, "number": number} for job, number in steps}
    return _put(app, STEP, jobs, priority=BACKFILL)


def _put(
    app: procrastinate.App, name: str, jobs: Mapping[str, Mapping[str, int | str]], *, priority: int = LIVE
) -> int:
    """Put in jobs, given as lock → arguments, in one statement: that of procrastinate_defer_jobs_v1, but for the conflicts.

    Put in one by one, the 422 jobs of a tick at 100,000 sources took 500 ms of CPU (bench/tick.py). They travel as one text and
    come back as a number: a row to read for each job was half of what a tick took in this process.
    """
    if not jobs:
        return 0
    added = app.connector.get_sync_connector().execute_query_one(
        """
        WITH added AS (
            INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
            SELECT 'live', %(name)s, %(priority)s, r.lock, r.lock, r.args::jsonb
            FROM json_each(%(jobs)s::json) WITH ORDINALITY AS r (lock, args, place)
            ORDER BY r.place
            ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
            RETURNING id
        )
        SELECT count(*) AS count FROM added
        """,
        name=name,
        priority=priority,
        jobs=json.dumps(jobs),
    )
    return added["count"]
