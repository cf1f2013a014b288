"""How far a backfill is, while it runs: a bar with speed, time left and outcomes on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from time import monotonic

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from etl.store import backfills

from . import console
from .backfill_words import amount, groups, is_bytes, speed, time_left

SILENT_S = 60.0
"""Between two lines that say the same: a log shows that it goes on."""
BAR_MIN, BAR_MAX = 5, 24
BESIDE_BAR = 34
"""Columns for what stands in one line with the bar: a spinner, the backfill, its share and the time."""
Watch = Callable[[backfills.Progress], None]


@contextmanager
def watching() -> Generator[Watch]:
    """Yield a function to be told how far the backfill is."""
    if not console.err.is_terminal:
        yield _Lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=max(BAR_MIN, min(BAR_MAX, console.err.width - BESIDE_BAR))),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with _Bar(*columns, console=console.err) as bar:
        task = bar.add_task("backfill", total=None, note="", outcomes="")
        told = _Details()

        def show(progress: backfills.Progress) -> None:
            if words := told.new(progress):
                bar.console.print(words)
            note = ", ".join(filter(None, (_amounts(progress), speed(progress), time_left(progress))))
            bar.update(
                task,
                description=f"backfill {progress.backfill_id}",
                completed=progress.units_done,
                total=progress.units or None,
                note=note,
                outcomes=_outcomes(progress),
            )

        yield show


class _Bar(Progress):
    """The bar, and below it in as many lines as they need the numbers: in one line with it they were cut on most terminals."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            note, outcomes = str(task.fields["note"]), str(task.fields["outcomes"])
            yield Text.assemble(note, ("  " if note and outcomes else ""), (outcomes, "dim"), overflow="fold")


class _Details:
    """What a backfill has to tell beside its numbers (what it waits for), said once each time."""

    def __init__(self) -> None:
        self._said: str | None = None

    def new(self, progress: backfills.Progress) -> str | None:
        """Return what was not said last, in one line."""
        words = progress.detail if progress.state == "running" else None
        if words == self._said:
            return None
        self._said = words
        return None if words is None else f"backfill {progress.backfill_id} {words}"


class _Lines:
    def __init__(self) -> None:
        self._told = _Details()
        self._said_at = monotonic()
        self._said: tuple[int, int] | None = None

    def __call__(self, progress: backfills.Progress) -> None:
        if words := self._told.new(progress):
            console.err.print(words)
        how_far = (progress.units_done, progress.units)
        every_s = SILENT_S if how_far == self._said else console.LINE_EVERY_S
        if monotonic() - self._said_at >= every_s:
            self._said_at, self._said = monotonic(), how_far
            parts = (_amounts(progress), speed(progress), time_left(progress), _outcomes(progress))
            console.err.print(f"backfill {progress.backfill_id}: {', '.join(filter(None, parts))}")


def _amounts(progress: backfills.Progress) -> str:
    in_bytes = is_bytes(progress)
    noun = "" if in_bytes else " parts"
    return f"{amount(progress.units_done, in_bytes=in_bytes)} of {amount(progress.units, in_bytes=in_bytes)}{noun}"


def _outcomes(progress: backfills.Progress) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in groups(progress.outcomes).items())
