"""Captures become articles: read what waits, then settle it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg import Connection

from etl.model import Capture
from etl.store import captures

from .reading import Reading
from .settle import PAGES_PER_TRANSACTION, Settled, settle


def digest_pending(
    conn: Connection,
    read: Callable[[Sequence[Capture]], Sequence[Reading]],
    *,
    now: Callable[[], datetime],
    limit: int = PAGES_PER_TRANSACTION,
) -> list[Settled]:
    """Digest up to *limit* waiting captures and say what became of each; an empty list when none waits.

    The captures are held until the end: another worker takes others, and a worker that dies gives them back.
    """
    with conn.transaction():
        waiting = captures.pending(conn, limit=limit)
        if not waiting:
            return []
        return settle(conn, read(waiting), now=now())
