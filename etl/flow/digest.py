"""Captures become articles: read what waits, settle it, then follow its links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg import Connection
from psycopg.errors import DeadlockDetected

from etl.model import Capture
from etl.recipe.shelf import Shelf
from etl.store import captures

from .batch import PAGES_PER_TRANSACTION
from .follow import follow
from .reading import Reading
from .settle import DEADLOCK_TRIES, Settled, settle


def digest_pending(
    conn: Connection,
    read: Callable[[Sequence[Capture]], Sequence[Reading]],
    *,
    now: Callable[[], datetime],
    shelf: Shelf,
    limit: int = PAGES_PER_TRANSACTION,
) -> list[Settled]:
    """Digest up to *limit* waiting captures and say what became of each; an empty list when none waits.

    The captures are held until the end: another worker takes others, and a worker that dies gives them back.
    Links are followed as the recipes on *shelf* say.
    """
    for last_try in (False,) * (DEADLOCK_TRIES - 1) + (True,):
        try:
            with conn.transaction():
                return _digest(conn, read, now=now(), shelf=shelf, limit=limit)
        except DeadlockDetected:
            # Two digests that each hold a new page of their own may find each other's by a link: one begins again.
            if last_try:
                raise
    raise AssertionError("unreachable")


def _digest(
    conn: Connection,
    read: Callable[[Sequence[Capture]], Sequence[Reading]],
    *,
    now: datetime,
    shelf: Shelf,
    limit: int,
) -> list[Settled]:
    waiting = captures.pending(conn, limit=limit)
    if not waiting:
        return []
    readings = read(waiting)
    settled = settle(conn, readings, now=now)
    follow(conn, readings, settled, shelf=shelf, now=now)
    return settled
