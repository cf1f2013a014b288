"""Lists of URLs as people keep them (one a line, CSV, JSON lines) → URLs and junk, each with the number of its line.

Nothing is dropped in silence: a line that gives no URL comes out as `Junk` with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal, cast

from etl.discover import url_rows
from etl.discover.discovery import absolute
from etl.discover.url_rows import COLUMNS, HAS_URL

ListForm = Literal["text", "csv", "jsonl"]
SHOWN_LENGTH = 100
LOOKED_AT = 1_000
"""Lines in which one is looked for that tells the form."""


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

    Without *form*, the first line that holds a URL, begins JSON, or has a column that is called like a URL decides: `{`, `[` or
    `"` begins JSON lines; such a column, or a delimiter beside a URL, begins CSV; all else is one URL a line. A line may give
    several URLs only where it is an array of JSON.
    """
    numbered = enumerate((line.removeprefix("\ufeff") for line in lines), start=1)
    first = list(islice(_until_telling(numbered), LOOKED_AT))
    telling = first[-1][1] if first else ""
    chosen = form or form_of(telling)
    whole = chain(first, numbered)
    if chosen == "csv":
        return _read_csv(whole, telling)
    return _read_lines(whole, chosen)


def form_of(line: str) -> ListForm:
    """Return the form of a list in which *line* is the first that tells it."""
    line = line.strip()
    if line == "[" or (line.startswith(("{", '"{', '"http', '["', "[{")) and _is_json(line)):
        return "jsonl"
    if url_rows.has_named_column(line):
        return "csv"
    cells = url_rows.cells_of(line, url_rows.delimiter_of(line))
    if len(cells) > 1 and any(HAS_URL.match(cell.strip()) for cell in cells) and not _is_one_url(line, cells):
        return "csv"
    return "text"


def _until_telling(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in numbered:
        yield number, line
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if HAS_URL.search(text) or text == "[" or text.startswith(("{", '["', "[{")) or url_rows.has_named_column(text):
            return


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return line.startswith(("{", "["))
    return True


def _is_one_url(line: str, cells: list[str]) -> bool:
    """Tell a URL with commas in it (`/0,1518,druck-1,00.html`) from a row: the rest of a row does not stick to its URL."""
    return (
        len(HAS_URL.findall(line)) == 1 and HAS_URL.match(cells[0]) is not None and " " not in line and '"' not in line
    )


def _read_lines(numbered: Iterable[tuple[int, str]], form: ListForm) -> Iterator[ListedUrl | Junk]:
    for number, line in numbered:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if form == "text":
            yield _judged(number, text, text)
            continue
        if text in ("[", "]", "],"):
            continue  # The brackets of an array that stands in many lines.
        try:
            found = _values(text)
        except ValueError as error:
            yield Junk(number, f"no JSON ({error})", text[:SHOWN_LENGTH])
            continue
        for value in found:
            url = _url_in(value)
            if url is None:
                yield Junk(number, f"no field {' or '.join(COLUMNS[:2])}", text[:SHOWN_LENGTH])
            else:
                yield _judged(number, url, text)


def _values(text: str) -> list[object]:
    """Return the values of a line: one, or those of an array. The line may be a part of an array that has one value a line."""
    try:
        value: object = json.loads(text)
    except ValueError:
        part = text.removesuffix(",").removeprefix("[").removesuffix("]")
        if part == text:
            raise
        value = json.loads(part)
    except RecursionError as error:
        raise ValueError("too deep") from error
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _url_in(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        fields = {str(name).lower(): kept for name, kept in cast("dict[Any, Any]", value).items()}
        return next((str(fields[name]) for name in COLUMNS if isinstance(fields.get(name), str)), None)
    return None


def _read_csv(numbered: Iterable[tuple[int, str]], telling: str) -> Iterator[ListedUrl | Junk]:
    for number, url, shown in url_rows.read(numbered, telling=telling):
        if isinstance(url, url_rows.NoUrl):
            yield Junk(number, url.reason, shown[:SHOWN_LENGTH])
        else:
            yield _judged(number, url, shown)


def _judged(number: int, url: str, shown: str) -> ListedUrl | Junk:
    if not HAS_URL.match(url):
        return Junk(number, "no http:// or https:// address", shown[:SHOWN_LENGTH])
    if any(character.isspace() or character == "\ufffd" for character in url):
        return Junk(number, "a space, or a character that is not UTF-8, in the address", shown[:SHOWN_LENGTH])
    if absolute("", url) is None:
        return Junk(number, "not a usable address", shown[:SHOWN_LENGTH])
    return ListedUrl(number, url)
