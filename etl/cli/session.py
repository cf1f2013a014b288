"""What a command works with: the settings, and the database with a pool on it."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from etl import boot
from etl.run.database import database
from etl.settings import Settings, read_settings
from etl.store import askers
from etl.store.pool import Pool

if TYPE_CHECKING:
    from etl.flow.visit import Tools


@dataclass(frozen=True, slots=True)
class Session:
    settings: Settings
    dsn: str
    pool: Pool


def now() -> datetime:
    return datetime.now(UTC)


def whoami() -> str:
    """Return user and machine, for the books of who asked for what."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # A container may run as a user without a name.
        return socket.gethostname()


def settings() -> Settings:
    """Return the settings of this process's environment, and send the log where they say."""
    read = read_settings(os.environ)
    boot.start_logging(read)
    return read


@contextmanager
def session(
    given: Settings | None = None, *, migrates: bool = False, connections: int | None = None, name: str = "news-etl"
) -> Generator[Session]:
    """Open the database for one command; the embedded server ends with its last user.

    Who names *connections* needs many, because it asks hosts: when that ended well, nobody has to rest them for it.
    """
    chosen = given or settings()
    if connections is not None:
        chosen = replace(chosen, pool_max_connections=max(connections, chosen.pool_max_connections))
    with database(chosen, migrates=migrates) as dsn:
        with boot.database_pool(chosen, dsn, name=name) as pool:
            yield Session(chosen, dsn, pool)
        if connections is not None:
            askers.leave(dsn)


@contextmanager
def tools(chosen: Settings) -> Generator[Tools]:
    """Open what fetching needs: the archive, the fetcher and the recipes."""
    from etl.fetch.politeness import Manners  # Here, because most commands fetch nothing.
    from etl.flow.visit import Tools

    fetcher = boot.fetcher(chosen, boot.archive(chosen))
    try:
        yield Tools(
            fetcher=fetcher,
            shelf=boot.shelf(chosen),
            now=now,
            sleep=time.sleep,
            random=Random(),
            manners=Manners(
                spacing_min_s=chosen.host_spacing_s,
                spacing_max_s=max(Manners().spacing_max_s, chosen.host_spacing_s),
                requests_per_day=chosen.host_daily_budget,
            ),
            public_url=chosen.public_url,
        )
    finally:
        fetcher.close()
