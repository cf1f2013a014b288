"""A list of URLs, as the file or the standard input that holds it: each page once, and what is left out by name."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

from etl.dedupe.canonical import BadUrlError
from etl.discover.url_list import Junk, ListForm, read_urls
from etl.errors import Misconfigured
from etl.flow.reading import spell
from etl.store.backfill_items import ITEM_MAX_BYTES, NewItem

from . import console

GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""What spreadsheets call Unicode begins so."""
LINE_MAX = 16_000_000
"""Characters. What is longer is no line; an array of JSON may stand in one."""
REMARKS_SHOWN = 20
SHOWN_LENGTH = 100


@dataclass(slots=True)
class UrlList:
    """What a list gives."""

    items: list[NewItem] = field(default_factory=list[NewItem])
    remarks: list[str] = field(default_factory=list[str])
    """Lines that are junk or repeat another."""
    reasons: Counter[str] = field(default_factory=Counter[str])

    def leave_out(self, line: int, reason: str, words: str) -> None:
        # Nothing in a list may steer the terminal.
        shown = "".join(character if character.isprintable() else " " for character in words[:SHOWN_LENGTH])
        self.remarks.append(f"line {line}: {reason}: {shown}")
        self.reasons["repeats another" if reason.startswith("repeats ") else reason.partition(" (")[0]] += 1

    def tell(self) -> None:
        """Name the first lines that are left out, and how many there are of each sort."""
        for remark in self.remarks[:REMARKS_SHOWN]:
            console.err.print(remark)
        if len(self.remarks) > REMARKS_SHOWN:
            sorts = "; ".join(f"{reason}: {number:,}" for reason, number in self.reasons.most_common())
            console.err.print(
                f"… {len(self.remarks):,} lines are left out in all ({sorts}); --dry-run --json names each."
            )


def read_list(file: str, *, form: str | None) -> UrlList:
    """Return the pages of a list in the order of their lines, and what is left out. Raises Misconfigured."""
    found = UrlList()
    lines: dict[UUID, int] = {}
    for listed in read_urls(_lines(file), form=cast("ListForm | None", form)):
        if isinstance(listed, Junk):
            found.leave_out(listed.line, listed.reason, listed.text)
            continue
        try:
            address = spell(listed.url)
        except BadUrlError as error:
            found.leave_out(listed.line, f"not a usable address ({error})", listed.url)
            continue
        if len(address.url.encode()) > ITEM_MAX_BYTES:
            found.leave_out(listed.line, f"longer than {ITEM_MAX_BYTES} bytes", listed.url)
        elif address.url_key in lines:
            found.leave_out(listed.line, f"repeats line {lines[address.url_key]}", listed.url)
        else:
            lines[address.url_key] = listed.line
            found.items.append(NewItem(address.url, "page", address.host))
    return found


def _lines(file: str) -> Iterator[str]:
    name = "standard input" if file == "-" else file
    try:
        with _opened(file) as stream:
            while line := stream.readline(LINE_MAX):
                yield line
                while len(line) >= LINE_MAX and not line.endswith(("\n", "\r")):
                    line = stream.readline(LINE_MAX)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Misconfigured(f"{name} cannot be read ({reason})") from error


@contextmanager
def _opened(file: str) -> Generator[io.TextIOWrapper]:
    """Open a list that may be packed with gzip; a line ends as its author's machine ends lines."""
    with Path(file).open("rb") if file != "-" else sys.stdin.buffer as given:
        raw = cast("io.BufferedReader", given)
        if raw.peek(2).startswith(GZIP):
            raw = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=cast("BinaryIO", raw))))
        encoding = "utf-16" if raw.peek(2).startswith(UTF_16) else "utf-8"
        yield io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
