"""The database of this process: the operator's server, or the embedded one of the data folder."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from etl.errors import Misconfigured
from etl.run.embedded import Embedded
from etl.settings import Settings
from etl.store.migrate import migrate, require_head

CONNECT_S = 10


@contextmanager
def database(settings: Settings, *, migrates: bool = False) -> Generator[str]:
    """Yield the DSN of a database whose schema this program knows.

    The embedded server is ours alone and is always migrated; a server is migrated when *migrates*, and else must be at
    the version of this program. Raises Misconfigured with what to do.
    """
    if settings.database_url is None:
        with Embedded(settings.data_dir) as dsn:
            migrate(dsn)
            yield dsn
        return
    dsn = settings.database_url
    with answering():
        if migrates:
            migrate(dsn)
        else:
            with psycopg.connect(dsn, connect_timeout=CONNECT_S) as conn:
                require_head(conn)
    yield dsn


@contextmanager
def answering() -> Generator[None]:
    """Turn the failure to connect into words for the operator."""
    try:
        yield
    except psycopg.OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        raise Misconfigured(f"the database does not answer ({reason}): check NEWS_ETL_DATABASE_URL") from error
    except psycopg.ProgrammingError as error:
        raise Misconfigured(f"NEWS_ETL_DATABASE_URL is no address of a database: {error}") from error
