"""A database that went away: told once in a line, not with a traceback for each thing that was being done.

Nothing is wrong with the program then, and nothing is to be done about what broke off: it is still due.
"""

from __future__ import annotations

import logging

import psycopg
from procrastinate.exceptions import ConnectorException

GONE = ("08", "57P")
"""The classes of SQLSTATE for a connection that broke, and for a server that ends or begins."""
TELLING = ("asyncio", "procrastinate.utils", "procrastinate.worker")
"""Loggers of libraries that tell of tasks that broke off with their connection."""


def is_lost(error: BaseException | None) -> bool:
    """Tell whether *error* says that the database is away, and not that it refused something."""
    cause = error.__cause__ if isinstance(error, ConnectorException) else error
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(GONE)


def words(error: BaseException) -> str:
    """Return the first line of what the database said, or the library in its place."""
    cause = error.__cause__ or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


def hush_libraries() -> None:
    """Let libraries tell no more that the database is away: whoever calls this tells it."""
    for name in TELLING:
        logger = logging.getLogger(name)
        if not any(isinstance(each, _Hush) for each in logger.filters):
            logger.addFilter(_Hush())


class _Hush(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not (isinstance(record.exc_info, tuple) and is_lost(record.exc_info[1]))
