"""The database of this process: the operator's server, or the embedded one of the data folder."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psycopg
from psycopg.conninfo import conninfo_to_dict

from etl.errors import Misconfigured
from etl.run.beyond import ADVICE
from etl.run.embedded import Embedded
from etl.settings import Settings
from etl.store import changes, partitions
from etl.store.migrate import current, folder, is_newer, migrate, require_head, steps

CONNECT_S = 10
KEPT = "-c news_etl.is_kept=yes"
"""A setting that a connection is opened with: whoever drops it drops those that the queue needs as well."""
POOLED = (
    "a pooler (pgbouncer or alike) answers at NEWS_ETL_DATABASE_URL, and the service needs connections of its own (LISTEN, locks, "
    "settings): give it the address of the server itself; those who only read may go through the pooler"
)


@contextmanager
def database(settings: Settings, *, migrates: bool = False) -> Generator[str]:
    """Yield the DSN of a database whose schema this program knows.

    The embedded server is ours alone and is always migrated; a server is migrated when *migrates*, and else must be at
    the version of this program. Raises Misconfigured with what to do.
    """
    if settings.database_url is None:
        with Embedded(settings.data_dir) as dsn:
            migrate(dsn)
            _make_ready(dsn)
            yield dsn
        return
    dsn = settings.database_url
    with answering():
        if migrates:
            _migrate(dsn)
        _make_ready(dsn)
    yield dsn


def _migrate(dsn: str) -> None:
    """Migrate, unless a later release did: beside it this one goes on."""
    with psycopg.connect(dsn, connect_timeout=CONNECT_S) as conn:
        is_ahead = is_newer(current(conn), steps(folder()))
    if not is_ahead:
        migrate(dsn)


def _make_ready(dsn: str) -> None:
    """Check the schema, and do what the first write after a start of the server or of a month would wait for.

    Without a partition of its own, a month's first rows would stand in the default one until the leader's first round.
    """
    options = f"{conninfo_to_dict(dsn).get('options') or ''} {KEPT}".strip()
    with psycopg.connect(dsn, connect_timeout=CONNECT_S, autocommit=True, options=options) as conn:
        if conn.execute("SELECT current_setting('news_etl.is_kept', true)").fetchone() != ("yes",):
            raise Misconfigured(POOLED)
        require_head(conn)
        changes.wind_clock(conn)
        # A user of fewer rights than those of news_writer: the scheduler's round makes them.
        with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
            partitions.make_ahead(conn, now=datetime.now(UTC))


@contextmanager
def answering() -> Generator[None]:
    """Turn the failure to connect into words for the operator."""
    try:
        yield
    except psycopg.OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        if "unsupported startup parameter" in reason:
            raise Misconfigured(f"{POOLED} ({reason})") from error
        if advice := ADVICE.get(error.sqlstate or ""):
            raise Misconfigured(f"the database cannot go on ({reason}): {advice}") from error
        raise Misconfigured(f"the database does not answer ({reason}): check NEWS_ETL_DATABASE_URL") from error
    except psycopg.ProgrammingError as error:
        reason = str(error).strip().partition("\n")[0]
        if error.sqlstate is None:  # It did not come from a server.
            raise Misconfigured(f"NEWS_ETL_DATABASE_URL is no address of a database: {reason}") from error
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise Misconfigured(
                f"the database does not allow this to its user ({reason}): the user that owns the database migrates it; "
                "which other users there may be is in docs/operations.md, Roles"
            ) from error
        raise Misconfigured(f"the database refuses what this news-etl asks ({reason})") from error
