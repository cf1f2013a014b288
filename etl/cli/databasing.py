"""What the commands on the database do and print."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from etl.dedupe.canonical import BadUrlError
from etl.errors import Misconfigured
from etl.flow.reading import spell
from etl.run import embedded_host
from etl.run.database import answering, database
from etl.run.embedded import Embedded
from etl.store import migrate as migrations
from etl.store import page_reports, pages

from . import console
from .prompting import answer, prompt
from .session import session, settings


def migrate_database(to: str, *, dry_run: bool, as_json: bool) -> None:
    """Migrate the embedded or the configured database."""
    chosen = settings()
    source = Embedded(chosen.data_dir) if chosen.database_url is None else nullcontext(chosen.database_url)
    with source as dsn, answering():
        if dry_run:
            with psycopg.connect(dsn) as conn:
                before, after = migrations.current(conn), migrations.head() if to == "head" else to
        else:
            done = migrations.migrate(dsn, to=to)
            before, after = done.before, done.after
    if as_json:
        console.answer({"before": before, "after": after, "dry_run": dry_run})
    elif before == after:
        console.out.print(f"Nothing to do: the schema is at {after}.")
    else:
        verb = "Would go" if dry_run else "Went"
        console.out.print(f"{verb} from {before or 'nothing'} to {after or 'nothing'}.")


def open_psql(command: str | None) -> None:
    """Run psql, or our own prompt, and end with its exit code."""
    with database(settings()) as dsn:
        try:
            program = embedded_host.find_program("psql")
        except Misconfigured:
            sys.exit(_prompt(dsn, command))
        sys.exit(_run_psql(program, dsn, command))


def _run_psql(program: Path, dsn: str, command: str | None) -> int:
    """Run psql with the password in its environment: arguments can be read by every user of the machine."""
    parts = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    environ = {**os.environ, **{names[key]: value for key, value in parts.items() if key in names}}
    environ.setdefault("PGOPTIONS", "-c search_path=news,public")
    argv = [str(program), "-X", *(["-c", command] if command is not None else [])]
    if not sys.stdin.isatty():  # What is piped in ends with the first mistake, as a script does.
        argv += ["-v", "ON_ERROR_STOP=1"]
    return min(subprocess.run(argv, env=environ, check=False).returncode, 1)


def _prompt(dsn: str, command: str | None) -> int:
    """Answer at our own prompt: all that is needed where psql is missing."""
    with psycopg.connect(dsn, autocommit=True, options="-c search_path=news,public") as conn:
        return answer(conn, command) if command is not None else prompt(conn)


def show_page(url: str, *, as_json: bool) -> None:
    """Print all that is known of one page."""
    try:
        spelled = spell(url)
    except BadUrlError as error:
        raise Misconfigured(f"{url}: {error}") from error
    with session() as opened, opened.pool.connection() as conn:
        page_id = pages.find(conn, [spelled.url_key]).get(spelled.url_key)
        if page_id is None:
            raise Misconfigured(f"no page is known under {spelled.url}: no source, link or backfill has named it")
        facts = page_reports.facts(conn, page_id)
    if as_json:
        console.answer(facts)
        return
    for title, rows in facts.items():
        if rows:
            console.table(title, list(rows[0]), [list(row.values()) for row in rows])
            console.out.print()
