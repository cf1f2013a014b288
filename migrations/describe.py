"""Write `docs/sql.md`, the consumer's contract, and `dbt/models/sources.yml` from the COMMENTs of schema `news`.

`python -m migrations.describe` from the repository's root, after each change of a view; a test compares the two.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psycopg

from migrations.dbt_sources import sources

INTRODUCTION = """\
# The SQL contract

What you may build on: the views and functions of schema `news`. They change only by addition, and times are `timestamptz` in UTC.
Schema `etl` is ours and may change with any release. This page is made from the comments in the database
(`\\d+ news.articles` shows the same).

Open the database with `news-etl psql`, or with any client on `NEWS_ETL_DATABASE_URL`. Ten questions that are asked of it stand in
[questions](questions), one statement each (`news-etl psql < docs/questions/01_reposts_within_the_hour.sql`).
[dbt](../dbt/README.md) is a package with these views as tested sources and an incremental copy of the articles;
[grafana](../grafana) holds dashboards.
"""


def described(conn: psycopg.Connection[Any]) -> str:
    """Return the page: one section per view, then one per function, one line per column."""
    parts = [INTRODUCTION]
    for view, comment in _views(conn):
        lines = [f"## news.{view}", "", str(comment), "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {kind} | {_cell(words)} |" for name, kind, words in _columns(conn, view)]
        parts.append("\n".join(lines) + "\n")
    for signature, comment, result in _functions(conn):
        lines = [f"## news.{signature}", "", str(comment), "", "| column | type |", "|---|---|"]
        lines += [f"| `{name}` | {kind} |" for name, kind in result]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _views(conn: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    return conn.execute(
        """
        SELECT c.relname, obj_description(c.oid, 'pg_class')
        FROM pg_class c
        WHERE c.relnamespace = 'news'::regnamespace AND c.relkind IN ('v', 'm')
        ORDER BY c.relname
        """
    ).fetchall()


def _columns(conn: psycopg.Connection[Any], view: str) -> list[tuple[str, str, str]]:
    return conn.execute(
        """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = format('news.%%I', %(view)s::text)::regclass AND a.attnum > 0
        ORDER BY a.attnum
        """,
        {"view": view},
    ).fetchall()


def _functions(conn: psycopg.Connection[Any]) -> list[tuple[str, str, list[list[str]]]]:
    """Return (signature, comment, columns of the result) of the functions that return rows."""
    return conn.execute(
        """
        SELECT format('%%s(%%s)', p.proname, pg_get_function_identity_arguments(p.oid)), obj_description(p.oid, 'pg_proc'),
               ARRAY(
                   SELECT ARRAY[p.proargnames[n], format_type(p.proallargtypes[n], NULL)]
                   FROM generate_subscripts(p.proallargtypes, 1) AS n
                   WHERE p.proargmodes[n] = 't'
                   ORDER BY n
               )
        FROM pg_proc p
        WHERE p.pronamespace = 'news'::regnamespace AND p.proretset
        ORDER BY p.proname
        """,
        {},
    ).fetchall()


def _cell(words: str | None) -> str:
    return (words or "").replace("|", "\\|")


def main() -> None:
    from etl.run import embedded_host
    from etl.run.embedded import Embedded
    from etl.store.migrate import migrate

    folder = embedded_host.throwaway_folder()
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn) as conn:
                text, yaml = described(conn), sources(conn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    root = Path(__file__).parents[1]
    root.joinpath("docs", "sql.md").write_text(text, encoding="utf-8")
    root.joinpath("dbt", "models", "sources.yml").write_text(yaml, encoding="utf-8")


if __name__ == "__main__":
    main()
