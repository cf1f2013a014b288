"""The consumer's contract: documented, and changed by addition only."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migrations.describe import described

ROOT = Path(__file__).resolve().parents[2]
PROMISED = Path(__file__).with_name("promised.txt")


def columns(conn: psycopg.Connection) -> set[str]:
    """Return `view.column type` and `function(arguments).column type` of all that schema news offers."""
    rows = conn.execute(
        """
        SELECT c.relname::text, a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'news'::regnamespace AND c.relkind IN ('v', 'm')
        UNION ALL
        SELECT format('%s(%s)', f.proname, pg_get_function_identity_arguments(f.oid)), f.proargnames[n],
               format_type(f.proallargtypes[n], NULL)
        FROM pg_proc f, generate_subscripts(f.proallargtypes, 1) AS n
        WHERE f.pronamespace = 'news'::regnamespace AND f.proargmodes[n] = 't'
        """
    ).fetchall()
    return {f"{view}.{column} {kind}" for view, column, kind in rows}


def test_the_page_says_what_the_database_says(conn):
    assert ROOT.joinpath("docs", "sql.md").read_text(encoding="utf-8") == described(conn), (
        "run: python -m migrations.describe"
    )


def test_nothing_promised_is_gone_or_of_another_type(conn):
    promised = set(PROMISED.read_text(encoding="utf-8").split("\n")) - {""}
    assert promised - columns(conn) == set()


def test_everything_offered_is_promised(conn):
    promised = set(PROMISED.read_text(encoding="utf-8").split("\n")) - {""}
    assert columns(conn) - promised == set(), f"add these lines to {PROMISED.name}: from now on they stay"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        pytest.param(" p.outcome_detail,", "", id="a removed column"),
        pytest.param(" p.outcome_detail,", " p.outcome_detail::varchar,", id="a column of another type"),
    ],
)
def test_what_breaks_the_promise_is_noticed(conn, was, becomes):
    row = conn.execute("SELECT pg_get_viewdef('news.outcomes'::regclass)").fetchone()
    assert was in row[0]
    conn.execute("DROP VIEW news.outcomes")
    conn.execute(f"CREATE VIEW news.outcomes AS {row[0].replace(was, becomes)}")
    promised = set(PROMISED.read_text(encoding="utf-8").split("\n")) - {""}
    assert promised - columns(conn) == {"outcomes.outcome_detail text"}
