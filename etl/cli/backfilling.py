"""What the backfill commands do and print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from etl import boot
from etl.errors import Misconfigured
from etl.flow import backfill as flow
from etl.flow.backfill import Far, Kit
from etl.run.readers import Readers
from etl.store import backfills
from etl.store.backfills import Backfill

from . import console
from .session import Session, now, session, settings, whoami

NEW = ("stored", "copy", "changed", "earlier_version")
MEANING = {
    "stored": "new articles",
    "copy": "new articles that repeat a stored one",
    "changed": "new versions of stored articles",
    "earlier_version": "older versions of stored articles",
    "unchanged": "say what is stored already",
    "known": "captures that were stored before",
    "not_an_article": "pages without an article",
    "buried": "erased or aged out: they do not come back",
    "content_type": "refused: not HTML",
    "revisit": "refused: they repeat the body of another record",
    "bad_url": "refused: no address of a web page",
    "blocked": "refused: a wall in the article's place",
    "gone": "refused: the page says that it is gone",
    "empty": "refused: nothing in it",
    "not_html": "refused: not HTML, whatever its type says",
    "broken_record": "failed: the record cannot be read",
    "unstorable": "failed: Postgres cannot hold it",
}


def backfill_warc(files: Sequence[Path], *, again: bool, dry_run: bool, as_json: bool) -> None:
    """Load WARC files and print what became of every record."""
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise Misconfigured(f"there is no file {', '.join(missing)}")
    paths = [path.resolve() for path in files]
    plan = {"files": [[str(path), path.stat().st_size] for path in paths]}
    if dry_run:
        _print_plan(paths, as_json=as_json)
        return
    chosen = settings()
    with session(chosen) as opened, opened.pool.connection() as conn:
        with conn.transaction():
            job, is_new = backfills.begin(conn, "warc", plan, [str(path) for path in paths], by=whoami(), now=now())
        if job.state == "done" and again:
            backfills.start_again(conn, job.id)
        elif job.state == "done":
            console.err.print(
                f"Nothing new: backfill {job.id} has read these files, and ended {console.shown(job.ended_at)}. "
                "--again reads them once more."
            )
        elif not is_new:
            console.err.print(f"Going on with backfill {job.id}.")
        if job.state != "done" or again:
            archive = boot.archive(chosen)
            with Readers(chosen.worker_count, shelf=boot.shelf(chosen)) as readers, console.steps() as steps:
                flow.run_warc(conn, job, Kit(archive, readers.read, now), watch=partial(_watch, steps))
            archive.close()
        _print_job(opened, job.id, as_json=as_json)


def _watch(steps: console.Steps, far: Far) -> None:
    note = f"{far.counts.total()} records, {sum(far.counts[name] for name in NEW)} stored"
    steps.at(Path(far.item).name, far.reached, far.size, note)


def _print_plan(paths: Sequence[Path], *, as_json: bool) -> None:
    rows = [{"file": str(path), "bytes": path.stat().st_size} for path in paths]
    if as_json:
        console.answer({"files": rows, "requests": 0})
        return
    console.table("Would read, without any request:", ("file", "bytes"), [(r["file"], r["bytes"]) for r in rows])


def list_backfills(*, as_json: bool) -> None:
    """Print all backfills."""
    with session() as opened, opened.pool.connection() as conn:
        jobs = backfills.all_of(conn)
        rows = [(job, backfills.totals(conn, job.id)) for job in jobs]
    if as_json:
        console.answer([{**_fields(job), "counts": counts} for job, counts in rows])
        return
    columns = ("no.", "kind", "state", "started", "ended", "records")
    console.table(
        None,
        columns,
        [(job.id, job.kind, job.state, job.started_at, job.ended_at, sum(counts.values())) for job, counts in rows],
    )


def show_backfill(number: int, *, as_json: bool) -> None:
    """Print one backfill."""
    with session() as opened:
        _print_job(opened, number, as_json=as_json)


def _print_job(opened: Session, number: int, *, as_json: bool) -> None:
    with opened.pool.connection() as conn:
        job = backfills.get(conn, number)
        if job is None:
            raise Misconfigured(f"there is no backfill {number}: `news-etl backfill list` shows all")
        items = backfills.items(conn, number)
        counts = backfills.totals(conn, number)
    if as_json:
        console.answer({**_fields(job), "counts": counts, "records": sum(counts.values()), "items": items})
        return
    console.out.print(f"Backfill {job.id} ({job.kind}, {job.state}): {len(items)} files")
    console.table(None, ("outcome", "records", "meaning"), [*_rows(counts), ("all", sum(counts.values()), "")])
    for item in items:
        if item.detail:
            console.out.print(f"{item.item}: {item.detail}")
    if job.state == "done" and not any(counts.get(name) for name in NEW):
        console.out.print("Nothing new was stored.")


def _rows(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    order = [*MEANING, *sorted(set(counts) - set(MEANING))]
    return [(name, counts[name], _meaning(name)) for name in order if counts.get(name)]


def _meaning(outcome: str) -> str:
    if outcome.startswith("http_"):
        return f"refused: HTTP status {outcome.removeprefix('http_')}"
    return MEANING.get(outcome, "failed: see docs/operations.md")


def _fields(job: Backfill) -> dict[str, object]:
    return {
        "backfill": job.id,
        "kind": job.kind,
        "state": job.state,
        "plan": job.plan,
        "created_at": job.created_at,
        "created_by": job.created_by,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "detail": job.detail,
    }
