"""`export`: stored articles out, one JSON line each."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    jsonl = "jsonl"


def export(
    form: Annotated[Format, typer.Option("--format", help="How the articles come out.")] = Format.jsonl,
    since: Annotated[str | None, typer.Option(help="Only what changed at or after this moment (ISO 8601).")] = None,
) -> None:
    """Stream the stored articles to standard output, in constant memory.

    Example: news-etl export --format jsonl --since 2026-02-01 | gzip > articles.jsonl.gz
    """
    import msgspec

    from etl.store import exports

    from .explaining import moment_given
    from .records import stored_record
    from .session import session

    changed_since = moment_given(since)
    encoder = msgspec.json.Encoder()
    with session() as opened, opened.pool.connection() as conn:
        for stored in exports.articles(conn, since=changed_since):
            sys.stdout.buffer.write(encoder.encode(stored_record(stored)) + b"\n")
        sys.stdout.buffer.flush()
