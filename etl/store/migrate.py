"""Bring the database's schema to the version of this program.

A step is a pair in `migrations/versions`: `0007_name.py` (the revision numbers, ten lines) and `0007_name.sql`, with
`0007_name.down.sql` for the way back. The SQL file goes to the server whole, as one simple query, so functions with
`$$` bodies need no splitting. Each step is one transaction: a step that fails leaves the steps before it done.

A file whose first line is `-- migrate:autocommit` runs outside a transaction, statement by statement (each ends with
`;` at the end of a line; no function bodies), for `CREATE INDEX CONCURRENTLY` and its kind.

Only one process migrates at a time: it holds a session-level advisory lock. Those that find nothing to do, which is
every start but the first after an upgrade, read one row and take no lock at all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import errors as pg

from etl.errors import Misconfigured, Transient

LOCK_KEY = 0x6E657773_65746C  # "newsetl" in ASCII: any constant that no other program on this database uses.
AUTOCOMMIT_MARK = "-- migrate:autocommit\n"
LOCK_TIMEOUT_S = 3.0
"""A step that waits for a table lock makes every later query on that table wait behind it, so it gives up and tries
again rather than stopping the service for as long as some report runs."""
LOCK_ATTEMPTS = 10
PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `migrate` did; a version is None when the database has no schema of ours."""

    before: str | None
    after: str | None

    @property
    def has_changed(self) -> bool:
        return self.before != self.after


def folder() -> Path:
    """Return the folder of the migrations: inside the package when installed, beside it in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "migrations", package.parent / "migrations"):
        if (candidate / "env.py").is_file():
            return candidate
    raise Misconfigured(f"the folder migrations is missing beside {package}: install news-etl again")


def steps(scripts: Path) -> tuple[str, ...]:
    """Return the versions in *scripts*, oldest first: the numbers that the names of the files begin with."""
    return tuple(sorted(path.name.partition("_")[0] for path in (scripts / "versions").glob("[0-9]*_*.py")))


def head(scripts: Path | None = None) -> str:
    """Return the version that this program wants."""
    return steps(scripts or folder())[-1]


def current(conn: psycopg.Connection[Any]) -> str | None:
    """Return the version of the database's schema, or None when it has none of ours."""
    exists = conn.execute("SELECT to_regclass('etl.alembic_version') IS NOT NULL").fetchone()
    if not exists or not exists[0]:
        return None
    row = conn.execute("SELECT version_num FROM etl.alembic_version").fetchone()
    return str(row[0]) if row else None


def migrate(dsn: str, *, to: str = "head", scripts: Path | None = None, patience_s: float = 600.0) -> Migrated:
    """Bring the schema to version *to* (`head`, `base` or a version) and return where it was and is.

    Raises Misconfigured when the database is newer than this program or cannot hold every letter, Transient when a table
    stays locked or another migration runs for longer than *patience_s*.
    """
    scripts = scripts or folder()
    known = steps(scripts)
    goal = known[-1] if to == "head" else None if to == "base" else to
    if goal not in (None, *known):
        raise Misconfigured(f"there is no schema version {goal!r}; known: {', '.join(known)}")
    with psycopg.connect(dsn, application_name="news-etl migrate") as conn:
        require_utf8(conn)
        before = current(conn)
        _refuse_unknown(before, known)
        if before == goal:
            return Migrated(before, before)
        conn.rollback()
        with _only_one(conn, patience_s=patience_s):
            before = current(conn)
            _refuse_unknown(before, known)
            conn.rollback()
            if before != goal:
                order = (None, *known)
                _walk(conn, scripts, goal=goal, is_up=order.index(goal) > order.index(before))
        return Migrated(before, goal)


def require_utf8(conn: psycopg.Connection[Any]) -> None:
    """Raise Misconfigured unless the database can hold every letter that a page may have."""
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Misconfigured(
            f"the database {conn.info.dbname} is encoded in {encoding}, which cannot hold every text: make another "
            "by `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
        )


def require_head(conn: psycopg.Connection[Any], *, scripts: Path | None = None) -> None:
    """Raise Misconfigured unless the database and its schema have all that this program was written for.

    One that is newer has: a step takes nothing away that the release before it reads (docs/operations.md, Upgrade).
    """
    require_utf8(conn)
    known = steps(scripts or folder())
    now = current(conn)
    if now != known[-1] and not is_newer(now, known):
        raise Misconfigured(
            f"the schema of the database is at {now or 'nothing yet'}, this news-etl needs {known[-1]}: "
            "run `news-etl migrate`"
        )


def is_newer(version: str | None, known: Sequence[str]) -> bool:
    """Say whether a later release made the schema of *version*; *known* are the versions of this one, oldest first."""
    return version is not None and version not in known and version > known[-1]


def _refuse_unknown(version: str | None, known: tuple[str, ...]) -> None:
    if version is not None and version not in known:
        raise Misconfigured(
            f"the database's schema is at {version}, newer than this news-etl {distribution_version('news-etl')} knows "
            f"({known[-1]}): upgrade news-etl on this machine, the database is ahead of it"
        )


@contextmanager
def _only_one(conn: psycopg.Connection[Any], *, patience_s: float) -> Generator[None]:
    """Hold the migration lock. Tries instead of waiting: a waiting query's snapshot would block concurrent indexes."""
    conn.autocommit = True
    deadline = time.monotonic() + patience_s
    while conn.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise Transient(f"another process has been migrating this database for more than {patience_s:g} s")
        time.sleep(PAUSE_S)
    try:
        yield
    finally:
        conn.rollback()
        conn.autocommit = True
        conn.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def _walk(conn: psycopg.Connection[Any], scripts: Path, *, goal: str | None, is_up: bool) -> None:
    conn.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S:g}s'".encode())
    _prepare(conn)
    conn.autocommit = False
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            _run(conn, scripts, goal=goal, is_up=is_up)
        except Exception as error:
            cause = error.__cause__ if isinstance(error.__cause__, pg.LockNotAvailable) else error
            if not isinstance(cause, pg.LockNotAvailable):
                raise
            conn.rollback()
            if attempt == LOCK_ATTEMPTS:
                raise Transient(
                    f"a migration step found its table locked {attempt} times for {LOCK_TIMEOUT_S:g} s; "
                    "nothing of that step was done: end the long transaction (see pg_stat_activity) and migrate again"
                ) from error
            time.sleep(PAUSE_S)
        else:
            return


def _prepare(conn: psycopg.Connection[Any]) -> None:
    """Make the schema and Alembic's table, which must stand before the first step, with their comments."""
    conn.execute("""
        CREATE SCHEMA IF NOT EXISTS etl;
        CREATE TABLE IF NOT EXISTS etl.alembic_version (
            version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY
        );
        COMMENT ON TABLE etl.alembic_version IS 'The version of the schema, one row; kept by news-etl migrate.';
        COMMENT ON COLUMN etl.alembic_version.version_num IS 'The last migration step that was applied.';
        """)


def _run(conn: psycopg.Connection[Any], scripts: Path, *, goal: str | None, is_up: bool) -> None:
    # Every process asks at its start whether the schema is the one it wants. Alembic and SQLAlchemy, which only who migrates
    # needs, would cost it 1.2 s of CPU (measured on a busy machine) and 28 MB.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    directory = ScriptDirectory(str(scripts))

    def plan(revision: Any, _context: Any) -> Any:
        # Alembic names these two for the use of its own commands only; they have been stable since 0.7.
        make = directory._upgrade_revs if is_up else directory._downgrade_revs  # pyright: ignore[reportPrivateUsage]
        return make(goal or "base", revision)

    engine = create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool)
    config = Config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with EnvironmentContext(config, directory, fn=plan, destination_rev=goal):
            directory.run_env()


def run_sql(step: str, direction: Literal["up", "down"]) -> None:
    """Run the SQL file beside the migration file *step*: `.sql` for up, `.down.sql` for down."""
    path = Path(step).with_suffix(".sql" if direction == "up" else ".down.sql")
    text = path.read_text(encoding="utf-8")
    if not text.startswith(AUTOCOMMIT_MARK):
        _send(text)
        return
    from alembic import op

    with op.get_context().autocommit_block():
        # A concurrent index waits for old transactions by design; giving up half-way would leave it invalid.
        _send("SET lock_timeout = 0")
        for statement in re.split(r"(?<=;)[ \t]*\n", text):
            _send(statement)
        _send(f"SET lock_timeout = '{LOCK_TIMEOUT_S:g}s'")


def _send(text: str) -> None:
    from alembic import op

    raw: Any = op.get_bind().connection.driver_connection
    raw.execute(text.encode())
