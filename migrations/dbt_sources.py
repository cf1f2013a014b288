"""`dbt/models/sources.yml` from the COMMENTs of schema `news`: what the words promise is what dbt tests.

- "Stable number." : never null, no two alike.
- "paused, new or late …" at its beginning: no other values.
- "The article …" of a column `…article_id`: it exists (null is allowed).

A column says so in its comment, or it is not tested. `python -m migrations.describe` writes the file; a test compares the two.
"""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg

HEADING = """\
# Made by `python -m migrations.describe` from the comments in the database: change those.
version: 2
sources:
  - name: news
    description: {about}
    schema: news
    tables:
"""
FRESHNESS = {"changes": "changed_at", "runs": "ended_at", "articles": "last_seen_at"}
"""What tells that the service is at work, by view: `dbt source freshness` warns after two hours and fails after a day."""
LISTED = re.compile(r"((?:[a-z_0-9]+, )+[a-z_0-9]+ or [a-z_0-9]+)(?:[.;:]| \()")
TELLS_OF_WHAT_IS_GONE = {"changes"}
KEYS = {"article_id": "articles", "source_id": "sources", "story_id": "stories"}


def sources(conn: psycopg.Connection[Any]) -> str:
    """Return the file: each view of schema `news` with its columns, their words and the tests these promise."""
    row = conn.execute("SELECT obj_description('news'::regnamespace, 'pg_namespace')").fetchone()
    parts = [HEADING.format(about=json.dumps(row[0] if row else "", ensure_ascii=False))]
    views: dict[str, list[tuple[str, str]]] = {}
    abouts: dict[str, str] = {}
    for view, about, column, words in _columns(conn):
        abouts[view] = about
        views.setdefault(view, []).append((column, words))
    for view, columns in views.items():
        parts.append(f"      - name: {view}\n        description: {json.dumps(abouts[view], ensure_ascii=False)}\n")
        if view in FRESHNESS:
            parts.append(
                f"        config:\n          loaded_at_field: {FRESHNESS[view]}\n          freshness:\n"
                "            warn_after: {count: 2, period: hour}\n            error_after: {count: 24, period: hour}\n"
            )
        parts.append("        columns:\n")
        for column, words in columns:
            parts.append(
                f"          - name: {column}\n            description: {json.dumps(words, ensure_ascii=False)}\n"
            )
            tests = _tests(view, column, words)
            if tests:
                parts.append("            data_tests:\n" + "".join(f"              - {test}\n" for test in tests))
    return "".join(parts)


def _tests(view: str, column: str, words: str) -> list[str]:
    """Return the tests that a comment promises, as lines of YAML."""
    if words.startswith("Stable number"):
        return ["unique", "not_null"]
    listed = LISTED.match(words)
    if listed:
        values = re.split(r", | or ", listed[1])
        return [f"accepted_values: {{arguments: {{values: {json.dumps(values)}}}}}"]
    key = next((key for key in KEYS if column.endswith(key)), None)
    if (
        key
        and words.startswith(("The article", "Number of the source"))
        and view not in {KEYS[key], *TELLS_OF_WHAT_IS_GONE}
    ):
        return [f"relationships: {{arguments: {{to: \"source('news', '{KEYS[key]}')\", field: {key}}}}}"]
    return []


def _columns(conn: psycopg.Connection[Any]) -> list[tuple[str, str, str, str]]:
    return conn.execute(
        """
        SELECT c.relname::text, obj_description(c.oid, 'pg_class'), a.attname::text, col_description(c.oid, a.attnum)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'news'::regnamespace AND c.relkind IN ('v', 'm')
        ORDER BY c.relname, a.attnum
        """
    ).fetchall()
