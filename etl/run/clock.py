"""The time of day as the database's server has it, on every machine: one clock for all that is stored.

A worker whose clock is a day off would store captures from tomorrow, and ask hosts again too early or a day late. So each process
reads the server's clock every few seconds and counts on by itself in between, by a clock that nobody can set.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import structlog

log = structlog.get_logger()
JUMP_S = 5.0
"""More than this between two readings is no drift: the server's clock was set, or a machine slept."""


def _counted_s() -> float:
    """Return seconds that go on while the machine sleeps, where the system counts those."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ServerClock:
    """The server's clock; safe between threads. Until it was read, this machine's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        with self._lock:
            if self._read is None:
                return datetime.now(UTC)
            told, at_s = self._read
            return told + timedelta(seconds=_counted_s() - at_s)

    def read(self, told: datetime) -> None:
        """Take over what the server has just said."""
        expected = self.now() if self._read is not None else None
        with self._lock:
            self._read = told.astimezone(UTC), _counted_s()
        if expected is not None and abs(jump_s := (told - expected).total_seconds()) > JUMP_S:
            log.warning("clock_jumped", by_s=round(jump_s, 1), now=told)
