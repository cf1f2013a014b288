"""One visit per host at a time in the whole cluster: a session advisory lock, which ends with its holder however that dies."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from psycopg import Connection

from etl.flow.manners import host_of_url

TRY = "SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))"
WAIT = "SELECT pg_advisory_lock(hashtextextended(%(name)s, 0))"
LET_GO = "SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0))"


@contextmanager
def host_held(conn: Connection, url: str, *, waits: bool = False) -> Generator[bool]:
    """Hold the host of *url* in this session; yield False when another session has it (never, when this one *waits*)."""
    name = {"name": f"visit:{host_of_url(url)}"}
    row = conn.execute(WAIT if waits else TRY, name).fetchone()
    if not waits and not (row and row[0]):
        yield False
        return
    try:
        yield True
    finally:
        if not conn.closed:
            conn.execute(LET_GO, name)
