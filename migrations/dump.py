"""Write `schema.sql`, the whole schema today, from a database that the migrations have just made.

`python -m migrations.dump` from the repository's root, after each change of a migration; a test compares the two.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

SCHEMAS = ("etl", "news", "queue")
MONTHLY = "etl.*_20[0-9][0-9]_[0-1][0-9]"
"""Partitions depend on the day, as rights depend on whether the server's roles could be made."""
REFERENCE_MAJOR = 18
"""The version that renders the file. PostgreSQL 15 prints views with other column qualifiers, and a newer pg_dump
reads an older server but not the other way round."""
NOISE = re.compile(
    r"""
    ^--\n(?:--[ ].*\n)*--\n           # Headings of pg_dump, with versions and owners
    | ^--[ ]Dumped[ ].*\n
    | ^SET[ ].*;\n                    # What the session wants, not what the schema is
    | ^SELECT[ ]pg_catalog\.set_config\(.*\n
    | ^ALTER[ ]TABLE[ ]ONLY[ ]\S+[ ]ALTER[ ]COLUMN[ ]\S+[ ]SET[ ]\(pg_attver=\d+\);\n  # See STAMP
    | ^\\(?:un)?restrict[ ].*\n       # A random key per run, since the versions of August 2025
    """,
    re.MULTILINE | re.VERBOSE,
)
STAMP = re.compile(r"(?<=\()pg_attver=\d+, |, pg_attver=\d+(?=[,)])")
"""Debian's PostgreSQL 17.12 gives each column this option when it is made or altered, with a number that differs from
server to server and that no statement can change. It is not documented, 15.18, 16.14 and 18.4 do not know it."""
HEADING = """\
-- The whole schema today, made by `python -m migrations.dump`; CI proves that the migrations make exactly this.

-- Functions stand before the tables they use.
SET check_function_bodies = false;

"""
ENVIRONMENT = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


def plain(dump: str) -> str:
    """Return a dump without what depends on the server's version, the owner or the day."""
    return HEADING + re.sub(r"\n{3,}", "\n\n", NOISE.sub("", STAMP.sub("", dump))).strip() + "\n"


def schema_of(dsn: str, *, pg_dump: Path) -> str:
    """Return the schema of that database as SQL which makes it again, the same text each time."""
    target = {ENVIRONMENT[key]: str(value) for key, value in conninfo_to_dict(dsn).items() if key in ENVIRONMENT}
    command = [pg_dump, "--schema-only", "--no-owner", "--no-privileges", f"--exclude-table={MONTHLY}"]
    command += [f"--schema={schema}" for schema in SCHEMAS]
    # The password travels in the environment: arguments are seen by every user of the machine.
    answer = subprocess.run(command, env={**os.environ, **target}, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{pg_dump}: {answer.stderr.strip()}")
    return plain(answer.stdout)


def main() -> None:
    from etl.run import embedded_host
    from etl.run.embedded import Embedded
    from etl.store.migrate import migrate

    folder = embedded_host.throwaway_folder()
    try:
        with Embedded(folder, major=REFERENCE_MAJOR, durable=False) as dsn:
            migrate(dsn)
            text = schema_of(dsn, pg_dump=embedded_host.find_program("pg_dump", at_least=REFERENCE_MAJOR))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    Path(__file__).with_name("schema.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
