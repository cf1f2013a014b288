"""A process that hangs ends itself, so that whoever watches over it starts a new one and its work goes to others.

A connection that is open and over which nothing comes any more may hold its caller for ever: no time-out of the server ends a wait
for the server. So each long-running process shows a sign of life after each round, and a thread that waits for nobody looks for it.

The same sign is the time of a file, `news-etl-worker.alive` or `news-etl-scheduler.alive` in the folder of temporary files: what
the health checks of docker-compose.yml look at.
"""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger()
EXIT_HUNG = 70
"""EX_SOFTWARE of sysexits.h."""
LOOK_EVERY_S = 2.5
LOOKS = 2
"""So many looks in a row must find it silent: a process that was frozen and goes on may show a new sign of life first."""


class Watchdog:
    """Ends this process when it is silent for *limit_s*, between `with` and its end."""

    def __init__(self, name: str, *, limit_s: float) -> None:
        self._name = name
        self._limit_s = limit_s
        self._shown_at = monotonic()
        self._over = threading.Event()
        self._file = Path(tempfile.gettempdir()) / f"news-etl-{name}.alive"

    def __enter__(self) -> Self:
        self.alive()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def alive(self) -> None:
        """Show a sign of life."""
        self._shown_at = monotonic()
        with suppress(
            OSError
        ):  # Somebody else's file, or no place to write: only the check of a container looks at it.
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.utime(handle)
            finally:
                os.close(handle)

    def _watch(self) -> None:
        silent = 0
        while not self._over.wait(LOOK_EVERY_S):
            silent = silent + 1 if monotonic() - self._shown_at > self._limit_s else 0
            if silent >= LOOKS:
                log.error("process_hangs", part=self._name, silent_s=round(monotonic() - self._shown_at, 1))
                # Not sys.exit: what hangs would be waited for. The kernel closes connections, and Postgres lets go of their locks.
                os._exit(EXIT_HUNG)
