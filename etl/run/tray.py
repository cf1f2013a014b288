"""Where bodies lie that a worker hands to a reader: memory that both see.

A socket holds less than a page, so the worker waits in turn with the reader until all of it went through. Where a body cannot be
laid here (another system than Linux, a body that is too large or too small), it is sent with its capture as before.
"""

from __future__ import annotations

import mmap
import os
from typing import NamedTuple

PLACES = 4
"""As many as a child has pages ahead: the place of a page is free again when the page PLACES before it was answered."""
PLACE_BYTES = 1 << 20
"""News pages have 190 to 315 KB on average; what is larger goes by the socket."""
WORTH_BYTES = 16_000
"""A smaller body costs no more within its message."""


class Laid(NamedTuple):
    """Where a body lies."""

    start: int
    size: int


class Tray:
    """PLACES for bodies: those of the worker, which writes, or those that a reader sees."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._laid = 0

    @classmethod
    def of_child(cls, number: int) -> Tray:
        """Return the tray behind this file descriptor, which is closed: to be read, not to be written."""
        try:
            return cls(mmap.mmap(number, PLACES * PLACE_BYTES, prot=mmap.PROT_READ))
        finally:
            os.close(number)

    def lay(self, body: bytes | None) -> bytes | Laid | None:
        """Return where the body lies now, or the body itself; it is called for each page that is sent, in their order."""
        start = self._laid % PLACES * PLACE_BYTES
        self._laid += 1
        # Exactly bytes: what else calls itself a body knows how it wants to travel.
        if type(body) is not bytes or not WORTH_BYTES <= len(body) <= PLACE_BYTES:
            return body
        self._memory[start : start + len(body)] = body
        return Laid(start, len(body))

    def take(self, laid: Laid) -> bytes:
        return self._memory[laid.start : laid.start + laid.size]

    def close(self) -> None:
        self._memory.close()


def new_tray() -> tuple[Tray, int] | None:
    """Return a tray and the file descriptor for the child, to be closed by the caller; None where there is no such memory."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        number = os.memfd_create("news-etl-tray")
    except OSError:
        return None
    try:
        # Taken now: memory that is missing later would be a signal that ends the worker.
        os.posix_fallocate(number, 0, PLACES * PLACE_BYTES)
        return Tray(mmap.mmap(number, PLACES * PLACE_BYTES)), number
    except OSError:
        os.close(number)
        return None
