"""What `news-etl erase` asks, does and prints."""

from __future__ import annotations

import sys
from dataclasses import asdict

import typer

from etl import boot
from etl.flow.erase import Erased, Target, erase, target_of

from . import console
from .session import now, session, settings, whoami


def erase_for_good(what: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Erase a page or a domain, after asking."""
    target = target_of(what)
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter(
            "this cannot be undone and there is no terminal to ask on: say --yes, or --dry-run first"
        )
    chosen = settings()
    archive = boot.archive(chosen)
    with session(chosen) as opened, opened.pool.connection() as conn:
        conn.autocommit = True
        if not (yes or dry_run):
            would = erase(conn, target, archive=archive, by=whoami(), now=now, dry_run=True)
            console.err.print(f"{_told(target, would)}. This cannot be undone.", markup=False)
            typer.confirm("Erase?", abort=True, err=True)
        done = erase(conn, target, archive=archive, by=whoami(), now=now, dry_run=dry_run)
    archive.close()
    if as_json:
        console.answer({"what": what, "kind": target.kind, **asdict(done), "dry_run": dry_run})
        return
    verb = "Would erase" if dry_run else "Erased"
    console.out.print(f"{verb} {_told(target, done)}.", markup=False)
    if target.kind == "domain":
        console.out.print("New pages of that domain are still fetched: pause its sources with `news-etl source pause`.")


def _told(target: Target, erased: Erased) -> str:
    rows = ", ".join(f"{count} {name}" for name, count in erased.counts.items() if count)
    return f"{target.kind} at {target.host}: {rows or 'no rows'}, {erased.archive_records} records in the archive"
