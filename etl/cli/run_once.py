"""One pass over all that is due, with progress and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from psycopg import Connection

from etl.errors import Misconfigured
from etl.flow.listed import sync_sources
from etl.run.once import HOSTS_AT_ONCE, Once, Progress, RunOnce
from etl.run.readers import Readers
from etl.settings import Settings
from etl.store import reports, schedule

from . import console
from .cleaning import cleaner
from .session import Session, now, session, settings, tools

COLUMNS = ("source", "found", "fetched", "new", "unchanged", "changed", "copies", "refused", "failed")
CLEAN_EVERY = timedelta(days=1)


def run_once(*, only: Sequence[str] | None, as_json: bool) -> None:
    """Run one pass on the user's own recipes and print what came of it."""
    chosen = settings()
    with session(chosen, migrates=True, connections=HOSTS_AT_ONCE + 4) as opened, tools(chosen) as kit:
        with opened.pool.connection() as conn:
            sync_sources(conn, kit.shelf, now=now())
        if not kit.shelf.recipes:
            raise Misconfigured(
                f"there is no recipe in {chosen.recipes_folder}: "
                "`news-etl source add https://www.example.org/` finds the feeds of a site and writes one"
            )
        with (
            Readers(chosen.worker_count, shelf=kit.shelf, archive=chosen.archive_place) as readers,
            console.steps() as steps,
        ):
            done = RunOnce(opened.pool, kit, readers, watch=lambda progress: show(steps, progress)).run(only)
        print_summary(opened, done, as_json=as_json)
        clean(chosen, opened)


def clean(chosen: Settings, opened: Session) -> None:
    """Do what a scheduler does every hour, at most once a day: who runs passes from cron has none."""
    with opened.pool.connection() as conn:
        last = schedule.cleaned_at(conn)
        if last is None or now() - last > CLEAN_EVERY:
            cleaner(chosen, opened.dsn).clean(conn, now=now())


def show(steps: console.Steps, progress: Progress) -> None:
    """Tell the person who waits how far the pass is."""
    steps.at("polling sources", progress.polled, progress.sources, f"{progress.found} pages found")
    if progress.polled >= progress.sources:
        due = progress.fetched + progress.waiting
        steps.at("fetching pages", progress.fetched, max(due, progress.fetched))
        steps.at("reading articles", progress.digested, max(progress.fetched, progress.digested))


def print_summary(opened: Session, done: Once, *, as_json: bool) -> None:
    """Print one line per source."""
    with opened.pool.connection() as conn:
        rows = summary(conn, done)
    if as_json:
        console.answer({"sources": rows, "digested": done.digested, "left_for_later": done.left})
        return
    console.table(None, COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    for polled in done.polls:
        if polled.outcome not in ("ok", "unchanged"):
            console.out.print(f"{polled.slug}: {polled.outcome}: {polled.detail}")
    if done.left:
        console.out.print(f"{done.left} pages are left for later: their hosts asked for patience")


def summary(conn: Connection, done: Once) -> list[dict[str, object]]:
    """Return, per source that was polled, what was found and what became of it."""
    polled = {poll.slug for poll in done.polls}
    rows: list[dict[str, object]] = []
    for report in reports.per_source(conn, since=done.started_at):
        if report.slug in polled:
            fields = asdict(report)
            rows.append({"source": fields.pop("slug"), **fields})
    return rows
