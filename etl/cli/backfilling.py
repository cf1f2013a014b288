"""What `backfill list`, `show`, `pause` and `cancel` do and print."""

from __future__ import annotations

import time
from collections.abc import Mapping
from time import monotonic
from typing import Literal

import psycopg
import typer
from psycopg import Connection

from etl.errors import Misconfigured
from etl.run.backfill_jobs import watched
from etl.run.backfill_plans import asked_for
from etl.store import backfill_costs, backfills
from etl.store.backfills import Backfill, Progress
from etl.store.pool import Pool

from . import console
from .backfill_watching import watching
from .backfill_words import LEFT_OUT, MEANING, NEW, amount, groups, is_bytes, lasting, meaning, speed
from .session import now, session

PARTLY_FAILED = 4
ITEMS_SHOWN = 50
LIST_MAX = 200
AWAY_MAX_S, AWAY_PAUSE_S = 120.0, 1.0
LIST_COLUMNS = ("no.", "kind", "state", "begun", "parts", "failed", "records", "ends")
LIST_WIDTH, PLAN_MIN_WIDTH = 80, 20
"""Columns: what is wider than the list says what each backfill is of."""
STILL_GOING = ("planned", "running")


def list_backfills(*, as_json: bool) -> None:
    """Print all backfills."""
    with session() as opened, opened.pool.connection() as conn:
        rows = backfills.all_progress(conn, limit=LIST_MAX)
    if as_json:
        console.answer([fields(row) for row in rows])
        return
    if not rows:
        console.out.print("No backfill yet: `news-etl backfill --help` shows what there is.")
        return
    room = (console.out.width if console.out.is_terminal else console.WIDEST) - LIST_WIDTH
    if room >= PLAN_MIN_WIDTH:
        told = [(*list_row(row), _cut(asked_for(row.plan), room)) for row in rows]
        console.table(None, (*LIST_COLUMNS, "of"), told)
    else:
        console.table(None, LIST_COLUMNS, [list_row(row) for row in rows])
    for row in rows:
        words = [speed(row)] if row.state == "running" else []
        if row.detail and row.state not in ("done", "cancelled"):
            words.append(row.detail)
        if told := ", ".join(filter(None, words)):
            console.out.print(f"{row.backfill_id}: {told}")


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"


def list_row(row: Progress) -> tuple[object, ...]:
    """Return what the list says of one backfill: as much as 80 columns hold, `show` and --json say all. It ends on the
    day it began, or on another one, of which the list tells no time."""
    begun, ends = row.started_at or row.created_at, row.ended_at or row.ends_at
    end = None if ends is None else f"{ends:%H:%M}" if ends.date() == begun.date() else f"{ends:%m-%d}"
    return (
        row.backfill_id,
        row.kind,
        row.state,
        begun,
        f"{row.items_done}/{row.items}",
        row.items_failed,
        sum(row.outcomes.values()),
        end,
    )


def show_backfill(number: int, *, follow: bool, as_json: bool) -> None:
    """Print one backfill, after it is over when *follow*."""
    with session() as opened, opened.pool.connection() as conn:
        found(conn, number)
        if follow:
            follow_until_over(opened.pool, number)
        with opened.pool.connection() as after:  # The one before may have gone with a restart of the database.
            print_backfill(after, number, as_json=as_json)


def follow_until_over(pool: Pool, number: int) -> None:
    """Show how far the backfill is until it is over or paused; a database that restarts is waited for."""
    away_since: float | None = None
    with watching() as watch:
        while True:
            try:
                with pool.connection() as conn:
                    pause_s = watched(conn, number, watch)
                    job = found(conn, number)
            except psycopg.OperationalError:
                if away_since is None:
                    away_since = monotonic()
                    console.err.print("The database is away. Its backfill goes on when it is back.")
                elif monotonic() - away_since > AWAY_MAX_S:
                    raise
                time.sleep(AWAY_PAUSE_S)
                continue
            away_since = None
            if job.state not in STILL_GOING:
                return
            time.sleep(pause_s)


def steer(number: int, state: Literal["paused", "cancelled"], *, dry_run: bool, as_json: bool) -> None:
    """Pause or cancel a backfill."""
    with session() as opened, opened.pool.connection() as conn:
        job = found(conn, number)
        if job.state in ("done", "cancelled"):
            raise Misconfigured(f"backfill {number} is {job.state} already")
        if not dry_run:
            backfills.move(conn, number, state, now=now(), detail=None)
    if as_json:
        console.answer({"backfill": number, "was": job.state, "state": state, "dry_run": dry_run})
        return
    would = "would be" if dry_run else "is"
    after = f"`news-etl backfill resume {number}` goes on." if state == "paused" else "What it stored stays."
    console.out.print(f"Backfill {number} {would} {state} (it was {job.state}). {after}")


def found(conn: Connection, number: int) -> Backfill:
    """Return the backfill of that number; raises Misconfigured when there is none."""
    job = backfills.get(conn, number)
    if job is None:
        raise Misconfigured(f"there is no backfill {number}: `news-etl backfill list` shows all")
    return job


def print_backfill(conn: Connection, number: int, *, as_json: bool) -> None:
    """Print one backfill: what became of its records, its speed, and its parts that have something to tell."""
    progress = backfills.progress(conn, number)
    assert progress is not None
    items = backfills.items(conn, number, limit=ITEMS_SHOWN, only_told=True)
    lists = backfill_costs.list_counts(conn, number)
    if as_json:
        console.answer({**fields(progress), "lists": lists, "items": items})
        return
    console.out.print(_headline(progress))
    rows = _rows(progress.outcomes)
    console.table(None, ("outcome", "records", "meaning"), [*rows, ("all", sum(progress.outcomes.values()), "")])
    if left_out := ", ".join(f"{words} {lists[name]:,}" for name, words in LEFT_OUT.items() if lists.get(name)):
        console.out.print(
            f"Left out of the {console.counted(lists.get('named', 0), 'entry', 'entries')} of its lists: {left_out}."
        )
    for item in items:
        if item.detail or item.state == "failed":
            outcome = "" if item.outcome == "ok" else item.outcome
            words = ", ".join(filter(None, (item.state if item.state == "failed" else "", outcome, item.detail)))
            console.out.print(f"{item.item}: {words}")
    if progress.items_failed:
        console.out.print(
            f"`news-etl backfill retry {number}` tries the {console.counted(progress.items_failed, 'failed part')} again."
        )
    elif progress.state == "done" and not any(progress.outcomes.get(name) for name in NEW):
        console.out.print("Nothing new was stored.")


def end_with_exit_code(conn: Connection, number: int) -> None:
    """End the command as the backfill ended: partly failed, paused or cancelled is not done."""
    progress = backfills.progress(conn, number)
    if progress is None:
        return
    if progress.items_failed or progress.state == "failed":
        raise typer.Exit(PARTLY_FAILED if progress.items_failed < progress.items else 1)
    if progress.state in ("paused", "cancelled"):
        raise typer.Exit(PARTLY_FAILED)


def _headline(progress: Progress) -> str:
    noun = "file" if progress.kind == "warc" else "part"
    text = (
        f"Backfill {progress.backfill_id} ({progress.kind}, {progress.state}): {console.counted(progress.items, noun)}"
    )
    words = asked_for(progress.plan)
    if progress.state in (*STILL_GOING, "paused") or progress.items_done + progress.items_failed < progress.items:
        in_bytes = is_bytes(progress)
        text += (
            f", {amount(progress.units_done, in_bytes=in_bytes)} of {amount(progress.units, in_bytes=in_bytes)} done"
        )
    if progress.state == "running" and progress.ends_at is not None:
        text += f", {speed(progress)}, ends {console.shown(progress.ends_at)} UTC"
    if progress.ended_at is not None and progress.started_at is not None:
        text += f", in {lasting((progress.ended_at - progress.started_at).total_seconds())}"
    text += f"; begun {console.shown(progress.created_at)} by {progress.created_by}"
    return "\n".join(filter(None, (text, words and f"Plan: {words}", progress.detail)))


def _rows(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    order = [*MEANING, *sorted(set(counts) - set(MEANING))]
    return [(name, counts[name], meaning(name)) for name in order if counts.get(name)]


def fields(progress: Progress) -> dict[str, object]:
    """Return a backfill as JSON shows it."""
    return {
        "backfill": progress.backfill_id,
        "kind": progress.kind,
        "state": progress.state,
        "plan": progress.plan,
        "created_at": progress.created_at,
        "created_by": progress.created_by,
        "started_at": progress.started_at,
        "ended_at": progress.ended_at,
        "detail": progress.detail,
        "parts": {
            "planned": progress.items,
            "done": progress.items_done,
            "failed": progress.items_failed,
        },
        "counts": progress.outcomes,
        "groups": groups(progress.outcomes),
        "records": sum(progress.outcomes.values()),
        "units": "bytes" if is_bytes(progress) else "parts",
        "units_planned": progress.units,
        "units_done": progress.units_done,
        "units_per_second": progress.units_per_second,
        "ends_at": progress.ends_at,
    }
