"""How a command ends: with a sentence for a user's mistake, and with an exit code that says what kind of end it was."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from etl.errors import Misconfigured, NewsEtlError

FAILED, MISCONFIGURED, INTERRUPTED = 1, 3, 130
PARTS = ("scheduler", "worker", "web", "migrate")
STOPPED = "\nnews-etl: stopped. What was stored stays; the same command goes on from there.\n"


@contextmanager
def ended_in_words() -> Generator[None]:
    """End the process as the program's own errors want it; all others are raised."""
    try:
        yield
    except Misconfigured as error:
        _say(error)
        sys.exit(MISCONFIGURED)
    except NewsEtlError as error:
        _say(error)
        sys.exit(FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.stderr.write(STOPPED)
        sys.exit(INTERRUPTED)
    except SystemExit as end:  # The library of the command line turns Ctrl-C into this exit code and says nothing.
        if end.code == INTERRUPTED:
            sys.stderr.write(STOPPED)
        raise
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        _say(f"the database ended the work ({str(error).strip()}). What was stored stays; try again.")
        sys.exit(FAILED)


def _is_of_the_database(error: Exception) -> bool:
    """Tell whether the server went away or may not go on: no mistake of ours. The library is asked only where it was loaded."""
    library = sys.modules.get("psycopg")
    return library is not None and isinstance(
        error,
        (library.OperationalError, library.errors.ReadOnlySqlTransaction, library.errors.InsufficientPrivilege),
    )


def _say(words: object) -> None:
    """Say it to a person; of a part of the service the reader is a collector of logs, which wants a record."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    log = sys.modules.get("etl.log") if part in PARTS else None
    if log is not None and log.tells_json():
        log.structlog.get_logger().error("part_failed", part=part, detail=str(words))
    else:
        sys.stderr.write(f"news-etl: {words}\n")
