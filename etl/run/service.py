"""The service on one machine: a scheduler, workers and the status page as child processes, started again when they die.

On a server each is a container or a unit of its own (`news-etl scheduler`, `news-etl worker`), and this is not needed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

import structlog

from etl.run.tied import TIED

log = structlog.get_logger()
STOP_S = 28.0
LOOK_EVERY_S = 0.5
RESTART_FIRST_S = 1.0
RESTART_LONGEST_S = 60.0
STEADY_S = 60.0
"""A process that ran this long was well: its next death is a new one."""


@dataclass(slots=True)
class _Part:
    """One child process and how often it died lately."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    starts_at: float = 0.0
    deaths: int = 0

    def start(self, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*TIED, *self.command], env=environ, stdin=subprocess.PIPE, start_new_session=True
        )
        self.started_at = monotonic()


@dataclass(slots=True)
class Service:
    """A scheduler, *workers* workers, and the status page at *web_address* unless that is None, on the database at *dsn*."""

    dsn: str
    workers: int
    web_address: str | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Keep the parts alive until SIGTERM or SIGINT; then let them end what they are doing."""
        parts = [_Part("scheduler", ["scheduler"])]
        parts += [_Part(f"worker {number}", ["worker"]) for number in range(1, self.workers + 1)]
        environ = {**os.environ, "NEWS_ETL_DATABASE_URL": self.dsn}
        if self.web_address is not None:
            parts.append(_Part("web", ["web"]))
            environ["NEWS_ETL_WEB_ADDRESS"] = self.web_address
        environ.pop("NEWS_ETL_DATABASE_URL_FILE", None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        try:
            while not self._stopped.wait(LOOK_EVERY_S):
                for part in parts:
                    self._look_after(part, environ)
        finally:
            stop(parts)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped.set()

    def _look_after(self, part: _Part, environ: dict[str, str]) -> None:
        now = monotonic()
        if part.process is not None and (code := part.process.poll()) is not None:
            part.deaths = 1 if now - part.started_at > STEADY_S else part.deaths + 1
            wait_s = min(RESTART_FIRST_S * 2.0 ** (part.deaths - 1), RESTART_LONGEST_S)
            log.warning("part_died", part=part.name, code=code, again_in_s=wait_s)
            part.process, part.starts_at = None, now + wait_s
        if part.process is None and now >= part.starts_at:
            part.start(environ)


def stop(parts: Sequence[_Part]) -> None:
    """Ask all to end, and end those that do not."""
    running = [part.process for part in parts if part.process is not None]
    for process in running:
        process.terminate()
    ends_at = monotonic() + STOP_S
    for process in running:
        try:
            process.wait(timeout=max(0.1, ends_at - monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
