"""One visit per host at a time in the whole cluster."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from psycopg import Connection

from etl.flow.manners import host_of_url
from etl.store import hosts


@contextmanager
def host_held(conn: Connection, url: str, *, waits: bool = False) -> Generator[bool]:
    """Hold the host of *url* in this session; yield False when another session has it (never, when this one *waits*)."""
    host = host_of_url(url)
    if not hosts.hold(conn, host, waits=waits):
        yield False
        return
    try:
        yield True
    finally:
        if not conn.closed:
            hosts.let_go(conn, host)
