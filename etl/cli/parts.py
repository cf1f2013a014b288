"""The parts of a service, `news-etl scheduler` and `news-etl worker` without options, started with what they need and no more.

They print nothing and read one word. What reads arguments and draws tables is a fifth of what they would load.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, cast

from .ending import ended_in_words

NOT_USED = ("rich", "twisted", "better_exceptions")
"""What structlog loads where it is installed, for tracebacks and loggers that a service has no use for."""


def run(part: str) -> None:
    """Run the scheduler or a worker until it is told to stop."""
    with ended_in_words():
        _load_structlog()
        if part == "scheduler":
            from .leading import run_scheduler

            run_scheduler()
        else:
            from .working import run_worker

            run_worker(until_idle=False)


def _load_structlog() -> None:
    modules = cast("dict[str, Any]", sys.modules)
    absent = [name for name in NOT_USED if name not in modules]
    modules.update(dict.fromkeys(absent))  # An import of what stands here as None fails as if it were not installed.
    try:
        import_module("structlog")
    finally:
        for name in absent:
            del modules[name]
