"""How far a backfill is, as a terminal of any width and a log show it."""

from __future__ import annotations

import io
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import typer
from rich.console import Console

from etl.cli import backfill_watching, backfilling, console
from etl.store import backfills
from etl.store.backfill_items import NewItem
from etl.store.backfills import Progress
from etl.store.pool import open_pool

NOW = datetime(2026, 2, 7, 8, tzinfo=UTC)
PROGRESS = Progress(
    backfill_id=1234, kind="wayback", state="running", plan={}, created_at=NOW, created_by="me", started_at=NOW, ended_at=None,
    detail=None, items=400_000, items_done=353_120, items_failed=17, units=400_000, units_done=353_137, units_per_second=81.3,
    outcomes={"stored": 200_000, "copy": 3_100, "unchanged": 150_000, "http_403": 20, "timeout": 17},
    ends_at=NOW + timedelta(minutes=9),
)  # fmt: skip


def shown(monkeypatch, *given, width=80, is_terminal=True) -> str:
    """Return what is printed, in one line."""
    said = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(
            console, "err", Console(file=said, width=width, force_terminal=is_terminal, markup=False, highlight=False)
        )
        patch.setattr(console, "LINE_EVERY_S", 0.0)
        with backfill_watching.watching() as watch:
            for progress in given:
                watch(progress)
    return " ".join(re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", " ", said.getvalue()).split())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_width_of_a_terminal_cuts_what_is_told(monkeypatch, width):
    text = shown(monkeypatch, PROGRESS, width=width)
    for words in ("1234", "━", "88%", "353,137 of 400,000 parts", "81.3/s", "about 9.6 min left"):
        assert words in text, words
    for words in ("200,000 stored", "3,100 copies", "150,000 unchanged", "20 refused", "17 failed"):
        assert words in text, words
    assert "…" not in text


@pytest.mark.parametrize("ends_after", [timedelta(minutes=9), timedelta(days=30)], ids=["the same day", "later"])
def test_a_row_of_the_list_is_one_line_of_80_columns(monkeypatch, ends_after):
    said = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=said, width=80, markup=False, highlight=False))
    progress = replace(PROGRESS, kind="redigest", state="cancelled", items=4_000, items_done=3_512)
    progress = replace(progress, backfill_id=123, ends_at=NOW + ends_after)
    console.table(None, backfilling.LIST_COLUMNS, [backfilling.list_row(progress)])
    heads, row, *rest = said.getvalue().splitlines()
    assert (heads.split(), rest) == (["no.", "kind", "state", "begun", "parts", "failed", "records", "ends"], [])
    end = f"{NOW + ends_after:%H:%M}" if ends_after < timedelta(days=1) else f"{NOW + ends_after:%m-%d}"
    assert row.split() == f"123 redigest cancelled 2026-02-07 08:00 3512/4000 17 353137 {end}".split()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_it_waits_for_is_said_once(monkeypatch, is_terminal):
    waits = replace(PROGRESS, detail="waits: no worker sees /data/[/b].warc")
    text = shown(monkeypatch, PROGRESS, waits, waits, PROGRESS, width=400, is_terminal=is_terminal)
    assert text.count("backfill 1234 waits: no worker sees /data/[/b].warc") == 1


def test_a_log_gets_plain_lines(monkeypatch):
    assert shown(monkeypatch, PROGRESS, width=40, is_terminal=False) == (
        "backfill 1234: 353,137 of 400,000 parts, 81.3/s, about 9.6 min left, "
        "200,000 stored, 3,100 copies, 150,000 unchanged, 20 refused, 17 failed"
    )


def test_a_restart_of_the_database_does_not_end_the_watching(dsn):
    with open_pool(dsn, name="watched") as pool, psycopg.connect(dsn, autocommit=True) as conn:
        job, _ = backfills.begin(
            conn, "urls", {}, [NewItem("https://a.example/1", "page", "a.example")], by="me", now=NOW
        )
        backfills.move(conn, job.id, "running", now=NOW)
        follower = threading.Thread(target=backfilling.follow_until_over, args=(pool, job.id), daemon=True)
        follower.start()
        ended = 0
        while ended < 5:
            ended += conn.execute(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'watched'
                """
            ).fetchone()[0]
            assert follower.is_alive()
        backfills.move(conn, job.id, "cancelled", now=NOW)
        follower.join(timeout=120.0)
        assert not follower.is_alive()


@pytest.mark.parametrize(
    ("state", "code"), [("done", 0), ("running", 0), ("paused", 4), ("cancelled", 4), ("failed", 4)]
)
def test_a_command_whose_backfill_somebody_stopped_does_not_say_that_it_is_done(dsn, state, code):
    with psycopg.connect(dsn) as conn:
        job, _ = backfills.begin(
            conn, "urls", {}, [NewItem("https://a.example/1", "page", "a.example")], by="x", now=NOW
        )
        backfills.move(conn, job.id, state, now=NOW)
        ended = 0
        try:
            backfilling.end_with_exit_code(conn, job.id)
        except typer.Exit as error:
            ended = error.exit_code
    assert ended == code
