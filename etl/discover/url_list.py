"""Lists of URLs as people keep them (one a line, CSV, JSON lines) → URLs and junk, each with the number of its line.

Nothing is dropped in silence: a line that gives no URL comes out as `Junk` with the reason.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal, cast

from etl.discover.discovery import absolute

ListForm = Literal["text", "csv", "jsonl"]
SHOWN_LENGTH = 100
COLUMNS = ("url", "link", "loc", "href", "uri", "address")
"""Names of the column, or of the JSON field, that holds the URL; the first of them that is there counts."""
DELIMITERS = ",;\t|"
_HAS_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedUrl:
    line: int
    """From 1."""
    url: str


@dataclass(frozen=True, slots=True)
class Junk:
    line: int
    reason: str
    text: str
    """The beginning of the line."""


def read_urls(lines: Iterable[str], *, form: ListForm | None = None) -> Iterator[ListedUrl | Junk]:
    """Yield what each line gives, in order. Blank lines and lines that begin with `#` give nothing.

    Without *form*, the first line that is not blank decides: `{` or `"` begins JSON lines; a row with a column that is
    called like a URL, or with a delimiter beside a URL, begins CSV; all else is one URL a line.
    """
    numbered = enumerate((line.removeprefix("\ufeff") for line in lines), start=1)
    first = list(islice(_until_first(numbered), 1_000))
    chosen = form or form_of(first[-1][1] if first else "")
    whole = chain(first, numbered)
    if chosen == "csv":
        return _read_csv(whole)
    return _read_lines(whole, chosen)


def form_of(line: str) -> ListForm:
    """Return the form of a list whose first line that says anything is *line*."""
    line = line.strip()
    if line.startswith(("{", '"{', '"http')) and _is_json(line):
        return "jsonl"
    cells = _cells(line)
    if any(cell.strip().lower() in COLUMNS for cell in cells):
        return "csv"
    if len(cells) > 1 and not _is_one_url(line, cells):
        return "csv"
    return "text"


def _until_first(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in numbered:
        yield number, line
        if line.strip() and not line.lstrip().startswith("#"):
            return


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return line.startswith("{")
    return True


def _cells(line: str) -> list[str]:
    delimiter = max(DELIMITERS, key=line.count)
    return [cell for row in csv.reader([line], delimiter=delimiter) for cell in row]


def _is_one_url(line: str, cells: list[str]) -> bool:
    """Tell a URL with commas in it (`/0,1518,druck-1,00.html`) from a row: the rest of a row does not stick to its URL."""
    return (
        len(_HAS_URL.findall(line)) == 1
        and _HAS_URL.match(cells[0]) is not None
        and " " not in line
        and '"' not in line
    )


def _read_lines(numbered: Iterable[tuple[int, str]], form: ListForm) -> Iterator[ListedUrl | Junk]:
    for number, line in numbered:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if form == "text":
            yield _judged(number, text, text)
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            yield Junk(number, f"no JSON ({error})", text[:SHOWN_LENGTH])
            continue
        url = _url_in(row)
        if url is None:
            yield Junk(number, f"no field {' or '.join(COLUMNS[:2])}", text[:SHOWN_LENGTH])
        else:
            yield _judged(number, url, text)


def _url_in(row: object) -> str | None:
    if isinstance(row, str):
        return row
    if isinstance(row, dict):
        fields = {str(name).lower(): value for name, value in cast("dict[Any, Any]", row).items()}
        return next((str(fields[name]) for name in COLUMNS if isinstance(fields.get(name), str)), None)
    return None


def _read_csv(numbered: Iterable[tuple[int, str]]) -> Iterator[ListedUrl | Junk]:
    """Read rows; a quoted field may hold line breaks, and a row is named by its first line."""
    rows = _Numbered(numbered)
    first = next(rows, None)
    while first is not None and (not first.strip() or first.lstrip().startswith("#")):
        first = next(rows, None)
    if first is None:
        return
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(chain([first], rows), delimiter=delimiter)
    column: int | None = None
    begins_at = rows.number
    for cells in _rows(reader):
        number, begins_at = begins_at, rows.number + 1
        if isinstance(cells, str):
            yield Junk(number, f"no CSV ({cells})", "")
            continue
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            continue
        shown = delimiter.join(cells)[:SHOWN_LENGTH]
        if column is None:
            column = _column(cells)
            if not _HAS_URL.match(cells[column].strip()):
                continue  # The header.
        if len(cells) <= column or not cells[column].strip():
            yield Junk(number, f"nothing in column {column + 1}", shown)
        else:
            yield _judged(number, cells[column].strip(), shown)


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str] | str]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield str(error)


def _column(cells: list[str]) -> int:
    """Return the place of the URL: a column that is called so, else the first that holds one."""
    names = [cell.strip().lower() for cell in cells]
    for name in COLUMNS:
        if name in names:
            return names.index(name)
    return next((number for number, cell in enumerate(cells) if _HAS_URL.match(cell.strip())), 0)


class _Numbered:
    """The lines, counting along: a row of CSV may take more than one."""

    def __init__(self, numbered: Iterable[tuple[int, str]]) -> None:
        self._numbered = iter(numbered)
        self.number = 0

    def __iter__(self) -> _Numbered:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._numbered)
        return line


def _judged(number: int, url: str, shown: str) -> ListedUrl | Junk:
    if not _HAS_URL.match(url):
        return Junk(number, "no http:// or https:// address", shown[:SHOWN_LENGTH])
    if any(character.isspace() or character == "\ufffd" for character in url):
        return Junk(number, "a space, or a character that is not UTF-8, in the address", shown[:SHOWN_LENGTH])
    if absolute("", url) is None:
        return Junk(number, "not a usable address", shown[:SHOWN_LENGTH])
    return ListedUrl(number, url)
