"""How answers look: tables and progress for people on a terminal, plain lines elsewhere, JSON when asked for."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Annotated, Any

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]

LINE_EVERY_S = 5.0
FOLDED_MAX = 1_000
"""Rows of a table that are folded to the terminal: ten thousand take ten seconds to lay out."""
WIDEST = 10_000
"""Columns of a terminal in which nothing is broken: how wide a table would be there is asked of it."""

# What is printed comes from lists, pages and file names: `[/b]` in it is text. Who wants markup says so (`markup=True`).
# A pipe has no width: what goes there is broken nowhere.
out = Console(highlight=False, soft_wrap=not sys.stdout.isatty(), markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def answer(value: object) -> None:
    """Print *value* as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows; numbers stand on the right. A terminal's table is folded to its width, columns moving together where that
    keeps every name whole; in a pipe, and when there are very many, each row is one line.
    """
    if title:
        out.print(title, style="bold")  # A title of the table itself is broken at the table's width.
    kept = [list(row) for row in rows]
    is_numeric = [
        bool(kept) and all(isinstance(row[number], int | float) for row in kept) for number in range(len(columns))
    ]
    texts = [[shown(value) for value in row] for row in kept]
    if len(texts) > FOLDED_MAX or not out.is_terminal:
        for line in _lines([list(columns), *texts], is_numeric):
            out.file.write(line + "\n")
        return
    grid = Table(header_style="bold", box=None, pad_edge=False)
    for column, on_the_right in zip(columns, is_numeric, strict=True):
        grid.add_column(column, justify="right" if on_the_right else "left", overflow="fold")
    for row in texts:
        grid.add_row(*row)
    wanted = Measurement.get(out, out.options.update(width=WIDEST), grid).maximum
    if wanted > out.width >= wanted - (len(columns) - 1):
        grid.padding = (0, 1, 0, 0)
    out.print(grid)


def _lines(rows: Sequence[Sequence[str]], is_numeric: Sequence[bool]) -> Iterator[str]:
    """Yield the rows as lines of aligned columns, a cell of several lines as one."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        parts = (
            " " * (width - cell_len(cell)) + cell if on_the_right else cell + " " * (width - cell_len(cell))
            for cell, width, on_the_right in zip(row, widths, is_numeric, strict=True)
        )
        yield "  ".join(parts).rstrip()


def shown(value: object) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        pairs: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(f"{key} {count}" for key, count in pairs.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return *number* and its noun: `1 worker`, `2,000 workers`."""
    return f"{number:,.0f} {one if round(number) == 1 else many or f'{one}s'}"


class Steps:
    """Progress of long work: a live line per step on a terminal, one plain line per finished step elsewhere."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}
        self._said_at: dict[str, float] = {}

    def at(self, step: str, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far *step* is."""
        if self._progress is None:
            self._at_in_lines(step, done, total, note)
            return
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=total, note=note)
        self._progress.update(self._tasks[step], completed=done, total=total, note=note)

    def _at_in_lines(self, step: str, done: int, total: int | None, note: str) -> None:
        """Print a line now and then: a log should show that work goes on, not every step of it."""
        if done and monotonic() - self._said_at.get(step, 0.0) >= LINE_EVERY_S:
            of_total = f" of {total}" if total else ""
            err.print(f"{step}: {done}{of_total}{f' ({note})' if note else ''}")
            self._said_at[step] = monotonic()

    def begin(self) -> None:
        """Begin the steps anew: what was shown stays as it is."""
        if self._progress is not None:
            for task in self._tasks.values():
                self._progress.stop_task(task)
        self._tasks.clear()

    def say(self, words: str) -> None:
        """Print a line for the person who waits."""
        (self._progress.console if self._progress else err).print(words)


@contextmanager
def steps() -> Generator[Steps]:
    """Show progress on standard error while the block runs."""
    if not err.is_terminal:
        yield Steps(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=False) as progress:
        yield Steps(progress)
