"""Our own prompt for SQL, for machines without psql: statements that end with a semicolon, `\\d` to see what there is, `\\q`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import psycopg

from . import console

HELP = "A statement ends with ; at the end of a line. \\d lists the views, \\d NAME the columns of one, \\q ends."
VIEWS = """
    SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS meaning
    FROM pg_class c
    WHERE c.relnamespace = 'news'::regnamespace AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc')
    FROM pg_proc p
    WHERE p.pronamespace = 'news'::regnamespace AND p.proretset
    ORDER BY 1
    """
COLUMNS = """
    SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, col_description(a.attrelid, a.attnum) AS meaning
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass(%(name)s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
    """


def prompt(conn: psycopg.Connection) -> int:
    """Answer what a person types, or what is piped in; return the exit code. Piped statements end with the first mistake."""
    if sys.stdin.isatty():
        console.err.print(HELP, markup=False)
        for statement in statements(_typed()):
            answer(conn, statement)
        return 0
    return next((code for statement in statements(sys.stdin) if (code := answer(conn, statement))), 0)


def statements(lines: Iterable[str]) -> Iterator[str]:
    """Yield whole statements and commands, until the end or `\\q`."""
    begun: list[str] = []
    for line in lines:
        if not begun and line.strip() in ("\\q", "quit", "exit"):
            return
        if not begun and line.lstrip().startswith("\\"):
            yield line.strip()
        elif begun or line.strip():
            begun.append(line.rstrip("\n"))
            if line.rstrip().endswith(";") and not line.lstrip().startswith("--"):
                yield "\n".join(begun)
                begun = []
    if begun:
        yield "\n".join(begun)


def answer(conn: psycopg.Connection, statement: str) -> int:
    """Run one statement or command and print what it gives; return 0, or 1 for a mistake."""
    given = None
    if statement.startswith("\\"):
        name = statement.removeprefix("\\d").removeprefix("+").strip().rstrip(";")
        if not statement.startswith("\\d"):
            console.err.print(f"{statement.split()[0]} is a command of psql. {HELP}", markup=False)
            return 1
        statement, given = (COLUMNS, {"name": name}) if name else (VIEWS, None)
    try:
        cursor = conn.execute(statement.encode(), given)
    except psycopg.Error as error:
        console.err.print(str(error).strip(), markup=False)
        return 1
    while cursor.nextset():  # Of several statements on one line, the last one's answer.
        pass
    if cursor.description is None:
        console.out.print(cursor.statusmessage or "done", markup=False)
    else:
        console.table(None, [column.name for column in cursor.description], cursor.fetchall())
    return 0


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input("news-etl> ")
        except EOFError:
            return
