"""CSV with a column of URLs, as people and spreadsheets write it → what stands in that column, row by row.

A quoted field may hold line breaks. A quote that is never closed would take all lines behind it into one field: so a row of
several lines counts only when it is well-formed and as wide as the rows before it; else each of its lines is a row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COLUMNS = (
    *("url", "link", "loc", "href", "uri", "address"),
    *("page_url", "article_url", "canonical_url", "source_url", "original_url", "permalink", "target_uri"),
)
"""Names of the column, or of the JSON field, that holds the URL; the first of them that is there counts."""
DELIMITERS = ",;\t|"
HAS_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoUrl:
    reason: str


def read(numbered: Iterable[tuple[int, str]], *, telling: str) -> Iterator[tuple[int, str | NoUrl, str]]:
    """Yield (number of its first line, what stands in the URL's column, the row) of each row that says anything.

    *telling* is the header, or the first line with a URL: it says what stands between two cells.
    """
    delimiter = delimiter_of(telling)
    taken = _Taken(numbered)
    table = _Table(delimiter)
    for cells in _rows(csv.reader(taken, delimiter=delimiter, skipinitialspace=True, strict=True)):
        lines = taken.row()
        if isinstance(cells, list) and (len(lines) == 1 or table.fits(cells)):
            yield from table.row(*lines[0], cells)
            continue
        for number, line in lines:
            try:
                yield from table.row(number, line, _cells(line, delimiter))
            except csv.Error as error:
                yield number, NoUrl(f"no CSV ({error})"), line


def delimiter_of(line: str) -> str:
    """Return what stands between the cells of *line*: where nothing does, a tab, for no URL holds one."""
    named = [one for one in DELIMITERS if _column_named(cells_of(line, one)) is not None and one in line]
    delimiter = max(named or DELIMITERS, key=line.count)
    return delimiter if delimiter in line else "\t"


def has_named_column(line: str) -> bool:
    """Tell whether the line is a header with a column that is called like a URL."""
    return _column_named(cells_of(line, delimiter_of(line))) is not None


def cells_of(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; a line that cannot be split is one cell."""
    try:
        return _cells(line, delimiter)
    except csv.Error:
        return [line]


def _cells(line: str, delimiter: str) -> list[str]:
    read = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True)
    return [cell for row in read for cell in row]


def _column_named(cells: list[str]) -> int | None:
    names = [cell.strip().lower() for cell in cells]
    return next((names.index(name) for name in COLUMNS if name in names), None)


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


class _Table:
    """The rows in turn: the first with a name or a URL says where the URL stands."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._column: int | None = None
        self._width: int | None = None
        self._has_header = False

    def fits(self, cells: list[str]) -> bool:
        """Tell whether a row of several lines is as wide as the first row."""
        return self._width is None or len(cells) == self._width

    def row(self, number: int, line: str, cells: list[str]) -> Iterator[tuple[int, str | NoUrl, str]]:
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            return
        self._width = self._width or len(cells)
        shown = self._delimiter.join(cells)
        if self._column is None:
            self._column = _column_named(cells)
            if self._column is not None:
                self._has_header = True
                return
            self._column = next((at for at, cell in enumerate(cells) if HAS_URL.match(cell.strip())), None)
        if self._column is None:
            if self._has_header:
                yield number, NoUrl("no http:// or https:// address"), shown
            self._has_header = True  # Of a header whose names say nothing to us.
        elif self._is_torn(line, cells):
            yield number, NoUrl("more cells than the header has: is an address with a delimiter not in quotes?"), shown
        elif len(cells) <= self._column or not cells[self._column].strip():
            yield number, NoUrl(f"nothing in column {self._column + 1}"), shown
        else:
            yield number, cells[self._column].strip(), shown

    def _is_torn(self, line: str, cells: list[str]) -> bool:
        """Tell whether the row has more cells than the header, and not for the commas of a title, behind which a space stands."""
        more = sum(1 for cell in cells[self._width :] if cell.strip())
        return self._has_header and more > line.count(f"{self._delimiter} ")


class _Taken:
    """The lines as they are taken into a row, which may have several."""

    def __init__(self, numbered: Iterable[tuple[int, str]]) -> None:
        self._numbered = iter(numbered)
        self._lines: list[tuple[int, str]] = []

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> str:
        number, line = next(self._numbered)
        self._lines.append((number, line))
        return line

    def row(self) -> list[tuple[int, str]]:
        """Return the lines of the row that was read."""
        lines, self._lines = self._lines, []
        return lines
