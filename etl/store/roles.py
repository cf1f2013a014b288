"""The roles of the database: who owns, who writes, who reads.

The owner is the role that migrates. `news_writer` is a group for the users that run the service: it may do all that workers and the
scheduler do, and change no table. `news_reader` reads schema `news` and nothing else. Roles belong to the whole server, so a
migration makes them only where its user may (`etl.grant_roles`); this module says what is missing, and which statements mend it.

A setting of a role holds for sessions of that very role, not for those of its members: readers either log in as `news_reader`, or
get its settings as well (docs/operations.md).
"""

from __future__ import annotations

from psycopg import Connection

READER_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "5min",
    "search_path": "news",
}


def to_mend(conn: Connection) -> list[str]:
    """Return the statements, for the owner or a superuser, that make the roles what they should be; none when they are."""
    statements: list[str] = []
    known = {role for (role,) in conn.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'news\\_%'")}
    if "news_writer" not in known:
        statements.append("CREATE ROLE news_writer NOLOGIN;")
    if "news_reader" not in known:
        statements.append("CREATE ROLE news_reader LOGIN;")
    statements += [
        f"ALTER ROLE news_reader SET {name} = '{value}';"
        for name, value in READER_SETTINGS.items()
        if "news_reader" not in known or not _is_set(conn, name)
    ]
    if statements or _lacks_rights(conn):
        statements.append("SELECT etl.grant_roles();")
    if "news_reader" in known and _reads_too_much(conn):
        statements.append("REVOKE ALL ON SCHEMA etl, queue FROM news_reader, PUBLIC;")
    return statements


def _is_set(conn: Connection, name: str) -> bool:
    """Tell whether the reader has a value of that setting, in all databases or in this one; the operator may choose another."""
    row = conn.execute(
        """
        SELECT EXISTS (
            SELECT
            FROM pg_db_role_setting s
            JOIN pg_roles r ON r.oid = s.setrole AND r.rolname = 'news_reader'
            CROSS JOIN unnest(s.setconfig) AS setting
            WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                  AND starts_with(setting, %(name)s || '=')
        )
        """,
        {"name": name},
    ).fetchone()
    return bool(row and row[0])


def _lacks_rights(conn: Connection) -> bool:
    """Tell whether something of schema news is closed to the reader, or something of etl and queue to the writer."""
    row = conn.execute(
        """
        SELECT EXISTS (
            SELECT
            FROM pg_class c
            CROSS JOIN (VALUES ('news_reader', 'news', 'SELECT'), ('news_writer', 'news', 'SELECT'),
                               ('news_writer', 'etl', 'INSERT'), ('news_writer', 'queue', 'INSERT')) AS w (role, of, needs)
            WHERE c.relnamespace = w.of::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
                  AND c.relname <> 'alembic_version' AND NOT has_table_privilege(w.role, c.oid, w.needs)
            UNION ALL
            SELECT
            FROM pg_proc p
            CROSS JOIN (VALUES ('news_reader', 'news'), ('news_writer', 'news'), ('news_writer', 'queue')) AS w (role, of)
            WHERE p.pronamespace = w.of::regnamespace AND NOT has_function_privilege(w.role, p.oid, 'EXECUTE')
            UNION ALL
            SELECT
            FROM (VALUES ('news_reader', 'news'), ('news_writer', 'news'), ('news_writer', 'etl'), ('news_writer', 'queue'))
                 AS w (role, of)
            WHERE NOT has_schema_privilege(w.role, w.of, 'USAGE')
        )
        """
    ).fetchone()
    return bool(row and row[0])


def _reads_too_much(conn: Connection) -> bool:
    row = conn.execute(
        "SELECT has_schema_privilege('news_reader', 'etl', 'USAGE') OR has_schema_privilege('news_reader', 'queue', 'USAGE')"
    ).fetchone()
    return bool(row and row[0])
