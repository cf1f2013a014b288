"""`load`: articles from another system."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import typer

from .console import Json
from .extracting import JsonLines


def load(jsonl: JsonLines = False, as_json: Json = False) -> None:
    """Load articles from another system: {"id","url","title","text","published_at"} per line of standard input.

    They go through the same verdicts as fetched pages; `news-etl export` gives them back with `story_id`. Lines that
    are no article are named on standard error and skipped; the rest is stored. The same lines again change nothing.

    Example: zcat articles.jsonl.gz | news-etl load --jsonl
    """
    from etl.flow import loading

    from . import console
    from .session import now, session

    counts: Counter[str] = Counter()
    with session() as opened, opened.pool.connection() as conn, console.steps() as steps:
        for loaded in loading.load(conn, _records(), now=now):
            counts.update(settled.outcome for settled in loaded.settled)
            counts["bad_line"] += len(loaded.bad)
            for bad in loaded.bad:
                steps.say(f"line {bad.number}: {bad.reason}")
            steps.at("loading", loaded.lines, None, ", ".join(f"{name} {n}" for name, n in counts.items() if n))
    if as_json:
        console.answer({"lines": counts.total(), "counts": counts})
    else:
        rows = [(name, number) for name, number in counts.items() if number]
        console.table(None, ("outcome", "lines"), [*rows, ("all", counts.total())])
    if counts["bad_line"]:
        raise typer.Exit(4)


def _records() -> Iterator[Any]:
    from etl.flow.loading import BadLine

    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield BadLine(number, f"not a JSON object: {error}")
