"""`news-etl backfill …`: one-off jobs that can be started, watched, killed and started again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import DryRun, Json

app = typer.Typer(
    no_args_is_help=True,
    help="One-off jobs. Kill one at any moment: the same command goes on from where it was.",
)


@app.command()
def warc(
    files: Annotated[list[Path], typer.Argument(help="WARC files of any producer: plain, gzip or zstd.")],
    again: Annotated[
        bool, typer.Option("--again", help="Read the files once more; captures that are stored stay as they are.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load the pages of WARC files: raw answers into the archive, articles and links into the database.

    Prints what became of every record: the numbers add up to the records in the files.

    Example: news-etl backfill warc CC-NEWS-20260207-00001.warc.gz
    """
    from .backfilling import backfill_warc

    backfill_warc(files, again=again, dry_run=dry_run, as_json=as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the backfills and how far they are."""
    from .backfilling import list_backfills

    list_backfills(as_json=as_json)


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Its number, from `backfill list`.")], as_json: Json = False
) -> None:
    """Show one backfill: its plan, its parts, and what became of every record."""
    from .backfilling import show_backfill

    show_backfill(number, as_json=as_json)
