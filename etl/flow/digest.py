"""Captures become articles: read what waits, then settle it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError
from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.model import Capture
from etl.recipe.shelf import Shelf
from etl.store import captures

from .reading import Reading, read_capture, spell
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


def read_archived(waiting: Sequence[Capture], *, archive: Archive, shelf: Shelf | None) -> list[Reading]:
    """Read captures back from the archive. One that cannot be read is a reading with its reason."""
    return [_read_one(capture, archive, shelf) for capture in waiting]


def _read_one(capture: Capture, archive: Archive, shelf: Shelf | None) -> Reading:
    try:
        body = archive.read(capture.place).body
        return read_capture(capture, body, shelf=shelf)
    except BadUrlError as error:  # It was one when the capture was stored: the rules have changed since.
        nowhere = spell(f"https://{'invalid'}/")
        return Reading(capture, nowhere, nowhere, "bad_url", str(error))
    except NewsEtlError as error:
        asked = spell(capture.url)
        return Reading(capture, asked, asked, error.code, str(error))
