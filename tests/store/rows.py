"""One row for every table, made from the catalogue alone, so that a migration always meets data."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg import sql

BY_TYPE = {
    "text": "x",
    "bigint": 1,
    "integer": 1,
    "smallint": 1,
    "real": 1.0,
    "double precision": 1.0,
    "numeric": 1,
    "boolean": True,
    "timestamp with time zone": "2026-01-15 12:00+00",
    "date": "2026-01-15",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "bytea": bytes(32),
    "jsonb": "{}",
    "xid8": "1",
    "tsvector": "x",
}

TABLES = """
    SELECT c.oid, c.relname FROM pg_class c
    WHERE c.relnamespace = to_regnamespace('etl') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> 'alembic_version'
    ORDER BY c.relname
    """
REQUIRED = """
    SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
      AND a.attidentity = ''
    ORDER BY a.attnum
    """
REFERENCES = """
    SELECT (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1]),
           k.confrelid::regclass::text,
           (SELECT attname FROM pg_attribute WHERE attrelid = k.confrelid AND attnum = k.confkey[1])
    FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = %s AND k.confrelid <> k.conrelid
    """
CHECKS = """
    SELECT (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1]),
           pg_get_constraintdef(k.oid)
    FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid = %s AND cardinality(k.conkey) = 1
    """


def counts(conn: psycopg.Connection) -> dict[str, int]:
    """Return the number of rows of each table of schema etl."""
    found = {}
    for _, name in conn.execute(TABLES).fetchall():
        row = conn.execute(sql.SQL("SELECT count(*) FROM etl.{}").format(sql.Identifier(name))).fetchone()
        assert row is not None
        found[name] = row[0]
    return found


def fill(conn: psycopg.Connection) -> None:
    """Give every empty table of schema etl one row; fails with the name of a table that takes none."""
    waiting = [(oid, name) for oid, name in conn.execute(TABLES).fetchall() if counts(conn)[name] == 0]
    while waiting:
        left = [(oid, name) for oid, name in waiting if not _add_row(conn, oid, name)]
        assert len(left) < len(waiting), f"tables that refer to each other's rows: {left}"
        waiting = left


def _add_row(conn: psycopg.Connection, oid: int, name: str) -> bool:
    allowed = {
        column: found[1]
        for column, text in conn.execute(CHECKS, [oid]).fetchall()
        if (found := re.search(r"(?:ARRAY\[|= )'([^']*)'", text))
    }
    row: dict[str, Any] = {}
    for column, kind in conn.execute(REQUIRED, [oid]).fetchall():
        row[column] = allowed.get(column, BY_TYPE.get(kind))
        assert row[column] is not None, f"no example of type {kind} for etl.{name}.{column}"
    for column, target, key in conn.execute(REFERENCES, [oid]).fetchall():
        if column in row:
            query = sql.SQL("SELECT {} FROM {} LIMIT 1").format(
                sql.Identifier(key), sql.SQL(".").join(sql.Identifier(part) for part in target.split("."))
            )
            referred = conn.execute(query).fetchone()
            if referred is None:
                return False
            row[column] = referred[0]
    insert = sql.SQL("INSERT INTO etl.{} ({}) VALUES ({})") if row else sql.SQL("INSERT INTO etl.{} DEFAULT VALUES")
    names = sql.SQL(", ").join(sql.Identifier(column) for column in row)
    conn.execute(
        insert.format(sql.Identifier(name), names, sql.SQL(", ").join([sql.Placeholder()] * len(row))), [*row.values()]
    )
    return True
