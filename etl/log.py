"""Structured logging to standard error: one line per finished unit of work, values as keys.

Standard output belongs to the commands' answers, so that pipes stay clean.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

QUIET = ("alembic", "apscheduler", "procrastinate", "psycopg.pool", "urllib3", "uvicorn.access")
"""Libraries that tell every step at `info`; their warnings are ours too."""
PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")


def set_up(*, level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records to *stream* (standard error).

    *form*: `json`, `console`, or `auto`, which is `console` on a terminal and `json` elsewhere.
    """
    out = stream if stream is not None else sys.stderr
    is_json = form == "json" or (form == "auto" and not out.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if is_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.set_name("json" if is_json else "console")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _hide_passwords,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("psycopg.pool").setLevel(max(logging.ERROR, root.level))
    if is_json:
        _take_what_python_prints()


def tells_json() -> bool:
    """Tell whether records become JSON lines: then nothing else should stand between them."""
    return any(handler.get_name() == "json" for handler in logging.getLogger().handlers)


def _take_what_python_prints() -> None:
    """Make records of warnings and of exceptions that nobody caught; in a container their lines would be records of their own."""
    logging.captureWarnings(True)
    log = structlog.get_logger()

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("process_crashed", exc_info=(kind, error, trace))

    def of_thread(crash: threading.ExceptHookArgs) -> None:
        if crash.exc_value is not None and not issubclass(crash.exc_type, SystemExit):
            name = crash.thread.name if crash.thread is not None else None
            log.error("thread_crashed", thread=name, exc_info=(crash.exc_type, crash.exc_value, crash.exc_traceback))

    sys.excepthook, threading.excepthook = of_process, of_thread


def _hide_passwords(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A database URL in an exception's words would otherwise end up in the log store."""
    for key, value in event.items():
        if isinstance(value, str) and "@" in value:
            event[key] = PASSWORD.sub(r"\1:…@", value)
    return event
