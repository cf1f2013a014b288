"""`load`: articles from another system."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from etl.errors import Misconfigured

from .console import Json
from .extracting import JsonLines

if TYPE_CHECKING:
    from etl.flow.loading import Line, Loaded

GZIP = b"\x1f\x8b"
HEAD_BYTES = 1 << 20
"""So many of the first bytes tell one input from another."""
LINE_MAX_BYTES = 64 << 20
"""The longest article of the corpora has 60 KB: what is longer is no line of articles."""


def load(
    file: Annotated[
        str, typer.Argument(help="A file of JSON lines; `-`, or no file, for standard input.", show_default=False)
    ] = "-",
    *,
    jsonl: JsonLines = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Another load than an interrupted one whose input began like this one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load articles from another system: {"id","url","title","text","published_at"} per line.

    What else `news-etl export` writes of an article (authors, description, section, tags, language, image, modified_at, access)
    may be there, too. They go through the same verdicts as fetched pages; `export` gives them back with `story_id`. Lines that
    are no article are named on standard error and skipped; the rest is stored. Killed, the same command goes on; the same lines
    again change nothing.

    Examples:

      news-etl load --jsonl articles.jsonl

      zcat articles.jsonl.gz | news-etl load --jsonl
    """
    from . import console

    with _opened(file) as stream:
        loaded = _load(InputLines(stream), anew=anew)
    counts = {name: number for name, number in loaded.counts.items() if number}
    if as_json:
        console.answer({"lines": sum(counts.values()), "counts": counts})
    else:
        console.table(None, ("outcome", "lines"), [*counts.items(), ("all", sum(counts.values()))])
    if counts.get("bad_line"):
        raise typer.Exit(4)


@contextmanager
def _opened(file: str) -> Generator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        given = Path(file).open("rb")  # noqa: SIM115 - closed below: only what fails here is no file
    except OSError as error:
        raise Misconfigured(f"there is no file {file} to read ({error.strerror})") from error
    with given as stream:
        if stream.peek(2).startswith(GZIP):
            raise Misconfigured(f"{file} is compressed: zcat {file} | news-etl load --jsonl")
        yield stream


def _load(lines: InputLines, *, anew: bool) -> Loaded:
    from etl.flow import loading
    from etl.store import searching

    from . import console
    from .session import now, session, whoami

    with session() as opened, opened.pool.connection() as conn, console.steps() as steps:
        conn.autocommit = True
        job = loading.begin(conn, head_sha256=lines.head_sha256, by=whoami(), now=now(), anew=anew)
        loaded = loading.Loaded()
        for loaded in loading.load(conn, job, lines, now=now):
            for bad in loaded.bad:
                steps.say(f"line {bad.number}: {bad.reason}")
            steps.at("loading", loaded.line, None, ", ".join(f"{name} {n}" for name, n in loaded.counts.items() if n))
        searching.fill_all(conn)
    return loaded


class InputLines:
    """Lines of JSON, one object each; empty lines are left out, but counted."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._head = stream.read(HEAD_BYTES)
        self._seen = hashlib.sha256()
        self.head_sha256 = hashlib.sha256(self._head).hexdigest()

    def prefix_sha256(self) -> str:
        """Return the SHA-256 of all lines given out so far."""
        return self._seen.hexdigest()

    def __iter__(self) -> Iterator[Line]:
        import msgspec

        from etl.flow.loading import Line

        decoder = msgspec.json.Decoder(dict[str, Any])
        for number, raw in enumerate(self._raw(), 1):
            self._seen.update(raw)
            if not raw.strip():
                continue
            if len(raw) > LINE_MAX_BYTES:
                yield Line(number, problem=f"longer than {LINE_MAX_BYTES >> 20} MB")
                continue
            try:
                yield Line(number, decoder.decode(raw))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield Line(number, problem=f"not a JSON object: {error}")

    def _raw(self) -> Iterator[bytes]:
        """Yield the lines with their ends; of one that is too long only its beginning."""
        head, self._head = self._head, b""
        *whole, rest = head.split(b"\n")
        yield from (line + b"\n" for line in whole)
        line = rest + self._stream.readline(LINE_MAX_BYTES + 1)
        while line:
            yield line
            while len(line) > LINE_MAX_BYTES and not line.endswith(b"\n"):
                line = self._stream.readline(LINE_MAX_BYTES + 1)
            line = self._stream.readline(LINE_MAX_BYTES + 1)
