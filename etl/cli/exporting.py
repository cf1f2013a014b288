"""`export`: stored articles out, as JSON lines, CSV or Parquet."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer


class Format(StrEnum):
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


def export(
    form: Annotated[Format, typer.Option("--format", help="How the articles come out.")] = Format.jsonl,
    since: Annotated[
        str | None,
        typer.Option(help="Only what changed at or after this moment (ISO 8601), at the publisher's or here."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write, whole or not at all. Without: standard output."),
    ] = None,
) -> None:
    """Stream the stored articles out, in constant memory: one line, or one row, per article as it reads now.

    CSV has the same columns, lists as JSON. Parquet needs the extra `parquet`.

    Example: news-etl export --format parquet --since 2026-02-01 -o articles.parquet
    """
    from .explaining import moment_given

    changed_since = moment_given(since)
    if output is None and form == Format.parquet and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is nothing to read on a terminal: name a file with --output")
    if output is None:
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream:
            _write(form, stream, changed_since)
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as stream:
            _write(form, stream, changed_since)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _write(form: Format, stream: BinaryIO, since: datetime | None) -> None:
    from etl.store import exports

    from .session import session
    from .tables import writer_of

    writer = writer_of(form.value, stream)  # First: a missing extra is told before the database is asked.
    with session() as opened, opened.pool.connection() as conn:
        for stored in exports.articles(conn, since=since):
            writer.add(stored)
    writer.close()
