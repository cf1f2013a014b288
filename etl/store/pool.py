"""The connections of one process."""

from __future__ import annotations

from time import monotonic

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from etl.errors import Misconfigured

Pool = ConnectionPool[psycopg.Connection[TupleRow]]

CONNECT_S = 10
STATEMENT_TIMEOUT_S = 120
"""No statement of the service takes this long; one that does is stuck, and holds locks that others wait for."""
IDLE_IN_TRANSACTION_S = 45
"""A worker that is frozen in the middle of a transaction gives its locks back. Reading a batch takes up to 30 s (`run.readers`)."""
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""A half-open connection (a firewall forgot it, the other machine lost its power) is noticed within half a minute."""


class AnsweringPool(Pool):
    """A pool that hands out connections that answer.

    The library's own check waits 1, 2, 4, 8 s … after each connection that does not: when the server had been restarted, which
    breaks all, a worker stood still for 14 s with the server up again. What is broken is replaced in the background, and for that
    the next turn waits.
    """

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[TupleRow]:
        ends_at = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            conn = super().getconn(ends_at - monotonic())
            try:
                self.check_connection(conn)
            except BaseException as error:
                conn.close()
                self.putconn(conn)
                if not isinstance(error, psycopg.Error):
                    raise
            else:
                return conn


def open_pool(dsn: str, *, max_size: int = 4, name: str = "news-etl", timeout_s: float = 30.0) -> Pool:
    """Return an open pool of up to *max_size* connections. Raises Misconfigured when the database does not answer.

    Connections commit each statement unless `conn.transaction()` says where a transaction begins and ends.
    Sessions speak UTC, so what psycopg returns compares and prints the same on every server.
    """
    pool = AnsweringPool(
        dsn,
        min_size=1,
        max_size=max_size,
        timeout=timeout_s,
        name=name,
        open=False,
        configure=_configure,
        kwargs={"autocommit": True, "application_name": name, "connect_timeout": CONNECT_S, **KEEPALIVE},
    )
    try:
        # One plain attempt first: the pool would retry in the background and tell only that time ran out.
        psycopg.connect(dsn, connect_timeout=CONNECT_S).close()
        pool.open(wait=True, timeout=timeout_s)
    except (psycopg.Error, TimeoutError) as error:
        pool.close()
        raise Misconfigured(f"the database does not answer: {_without_password(error, dsn)}") from error
    return pool


def _configure(conn: psycopg.Connection[TupleRow]) -> None:
    conn.execute("SET TIME ZONE 'UTC'")
    # The server asks too: the locks of a machine that lost its power would else be held for two hours, Linux's own limit.
    conn.execute("SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3")
    conn.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'".encode())
    conn.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_S}s'".encode())


def _without_password(error: Exception, dsn: str) -> str:
    try:
        password = str(conninfo_to_dict(dsn).get("password") or "")
    except psycopg.Error:
        password = ""
    words = str(error).strip()
    return words.replace(password, "…") if password else words
