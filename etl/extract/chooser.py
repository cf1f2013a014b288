"""A small learned judge of text blocks: boosted trees shipped as data, run in plain Python.

The trees of `chooser.json` ask about the columns of `features`. They are turned into one Python function at import: nested
comparisons of local names take a fifth of the time of walking the same trees as lists. Most runs of a page are clear cases, and
a few trees are enough to see that: at each of `exits` a run whose sum is below the floor or above the ceiling is not read on.
So 200 trees cost what 33 would: 63 % of the runs leave after 12. A second look that also saw the first one's chances of the
neighbouring runs was tried and brought nothing (cross-validated by publisher: .953/.953/.944 against .956/.953/.946 on three
corpora), so there is one.

How it was learned, from which pages and under which licence is written in `bench/chooser/README.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from math import exp
from typing import Any

from etl.extract import features, surroundings, wordage, wording

SURE = 4.0
"""What the trees that were not asked would add, about: a run decided early is a clear case, and its chance must say so."""
Judge = Callable[[Sequence[int], Sequence[float], features.Late, int], float]
"""Reads the masks and numbers of a run; late columns it asks for by the run's number."""
_Tree = Any
"""A leaf's value, or [column, threshold, tree when the column is at most that, tree when it is more]."""


@dataclass(frozen=True, slots=True)
class Chooser:
    judge: Judge
    threshold: float
    """A run is body when its chance is above."""


def _names() -> tuple[list[str], dict[str, str]]:
    """Return the local name of each number, and the test of each bit."""
    numbers = [name for name in features.NUMBERS if name not in wordage.LATE]
    bits: dict[str, str] = {}
    for place, mask in enumerate(features.MASKS):
        names = wording.NAMES if mask == "words" else surroundings.MASK_NAMES
        for shift, name in enumerate(names):
            bits[f"{mask}:{name}"] = f"m{place} & {1 << shift}"
    return numbers, bits


def _judge(learned: dict[str, Any], numbers: list[str], bits: dict[str, str]) -> Judge:
    words = f"m{len(features.MASKS) - 1}"
    late = re.compile(rf"\b(?:{'|'.join((words, *wordage.LATE))})\b")
    is_late_known = False
    lines = [
        "def judge(masks, numbers, late, run):",
        f"    {', '.join(f'm{place}' for place in range(len(features.MASKS) - 1))} = masks",
        f"    {', '.join(numbers)} = numbers",
        "    total = 0.0",
    ]
    exits: dict[int, tuple[float, float]] = {after: (low, high) for after, low, high in learned["exits"]}
    for place, tree in enumerate(learned["trees"], 1):
        expression = _expression(tree, bits)
        if not is_late_known and late.search(expression):
            is_late_known = True
            lines.append(f"    {', '.join((words, *wordage.LATE))} = late(run)")
        lines.append(f"    total += {expression}")
        if place in exits:
            low, high = exits[place]
            lines.append(f"    if total < {float(low)!r}:")
            lines.append(f"        return total - {SURE}")
            lines.append(f"    if total > {float(high)!r}:")
            lines.append(f"        return total + {SURE}")
    lines.append("    return total")
    room: dict[str, Any] = {}
    # The source is built from our own data file, of which only numbers and the names above pass.
    exec(compile("\n".join(lines), "chooser.json", "exec"), room)
    return room["judge"]


def _expression(tree: _Tree, bits: dict[str, str]) -> str:
    if not isinstance(tree, list):
        return repr(float(tree))
    column, threshold, low, high = tree  # pyright: ignore[reportUnknownVariableType]
    if column in bits:
        return f"({_expression(high, bits)} if {bits[column]} else {_expression(low, bits)})"
    if not str(column).isidentifier():  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError(f"chooser.json asks for an unknown column: {column}")
    return f"({_expression(low, bits)} if {column} <= {float(threshold)!r} else {_expression(high, bits)})"  # pyright: ignore[reportUnknownArgumentType]


def _load() -> Chooser:
    learned = json.loads(resources.files("etl.extract").joinpath("chooser.json").read_text("utf-8"))
    numbers, bits = _names()
    return Chooser(judge=_judge(learned, numbers, bits), threshold=learned["threshold"])


def chance(total: float) -> float:
    """Return the probability that a sum of trees stands for."""
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total))))


CHOOSER = _load()
