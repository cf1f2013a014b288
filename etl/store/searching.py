"""The words that `news.search` looks for, written after the page's transaction.

Storing a version leaves the article's number in `etl.search_waiting` (a trigger per statement); whoever calls `fill` writes the
words of what waits. So no page waits for its words, and each is found some seconds later.
"""

from __future__ import annotations

from psycopg import Connection

BATCH = 200
"""Articles in one transaction: a quarter of a second."""


def fill_all(conn: Connection) -> None:
    """Write the words of all that waits, batch by batch, each in a transaction of its own (*conn* commits each statement)."""
    while fill(conn, limit=BATCH):
        pass


def fill(conn: Connection, *, limit: int) -> int:
    """Write the words of up to *limit* articles that wait, oldest first; return how many. 0 also when another one is at it."""
    row = conn.execute("SELECT etl.fill_search(%(limit)s)", {"limit": limit}).fetchone()
    return row[0] if row else 0
