"""The program with a wall clock that can jump: `python -m tests.run.storm_clock FILE scheduler`; FILE holds by how many seconds.

What asks for the time of day is moved: `datetime.now` in `etl.run`, `etl.cli` (no other room asks) and in APScheduler, and
`time.time` everywhere. Monotonic clocks are not, as on a real machine.
"""

from __future__ import annotations

import importlib
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import apscheduler.schedulers.background

import etl.cli
import etl.run

_true_time = time.time
ASKING = (etl.run, etl.cli, apscheduler)


class _AnyDatetime(type):
    def __instancecheck__(cls, given: object) -> bool:
        return isinstance(given, datetime)


class MovedDatetime(datetime, metaclass=_AnyDatetime):
    """`datetime` whose `now` is moved; all that it makes are plain ones."""

    def __new__(cls, *given: Any, **named: Any) -> Any:
        return datetime(*given, **named)  # noqa: DTZ001 - as the caller says.

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.fromtimestamp(time.time(), tz)


def install(file: Path) -> None:
    """Move the clock of this process by what *file* says, from now on and as it changes."""
    known: tuple[float, float] = (0.0, 0.0)

    def moved() -> float:
        nonlocal known
        if time.monotonic() - known[0] > 0.2:
            known = time.monotonic(), float(file.read_text() or 0)
        return _true_time() + known[1]

    for room in ("serving", "leading", "working"):
        importlib.import_module(f"etl.cli.{room}")  # With all that the commands of the service use.
    asking = tuple(f"{room.__name__}." for room in ASKING)
    for name, module in list(sys.modules.items()):
        if name.startswith(asking) and vars(module).get("datetime") is datetime:
            vars(module)["datetime"] = MovedDatetime
    time.time = moved


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))
    etl.cli.main()
