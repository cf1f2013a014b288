"""A small learned judge of text blocks: boosted trees shipped as data, run in plain Python.

The trees of `chooser.json` ask about the columns of `features`. They are turned into one Python function: nested
comparisons of local names take a fifth of the time of walking the same trees as lists. That is done for the first page that needs
it, for it takes 90 ms and the compiled form (`judging`) has trees of its own. Most runs of a page are clear cases, and
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
from functools import cache
from importlib import resources
from math import exp
from typing import Any

from etl.extract import features, hints, surroundings, wordage, wording
from etl.extract.runs import Runs
from etl.extract.surroundings import KIND_BIT

SURE = 4.0
"""What the trees that were not asked would add, about: a run decided early is a clear case, and its chance must say so."""
FIGURE, ASIDE, ITEM, _CELL = (KIND_BIT[tag] for tag in ("figure", "aside", "li", "td"))
TABLE = _CELL | KIND_BIT["table"]
LISTED = ITEM | _CELL
POINTER = 1 << wording.NAMES.index("pointer")
PARAGRAPH = KIND_BIT["p"]
PICTURE = hints.BIT["picture"] | hints.BIT["caption"]
CAPTION_WORDS_MAX, CAPTION_LENGTH_MAX = 60, 500
CAPTION_SHARE = 0.85
"""A short run that is nearly all the text beside an image is its caption, with or without a `<figure>`."""
_SET_APART, _IN_TEASERS, _LINK_SHARE, _WORDS, _LENGTH, _PICTURE_UP, _PICTURE_SHARE = (
    features.NUMBERS.index(name)
    for name in ("set_apart", "in_teasers", "link_share", "words", "length", "picture_up", "picture_share")
)

Judge = Callable[[Sequence[int], Sequence[float], features.Late, int], float]
"""Reads the masks and numbers of a run; late columns it asks for by the run's number."""
_Tree = Any
"""A leaf's value, or [column, threshold, tree when the column is at most that, tree when it is more]."""


@dataclass(frozen=True, slots=True)
class Chooser:
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


def learned() -> dict[str, Any]:
    """Return what was learned: `trees`, `exits` and `threshold`."""
    return json.loads(resources.files("etl.extract").joinpath("chooser.json").read_text("utf-8"))


@cache
def trees() -> Judge:
    """Return the function that asks the trees about one run."""
    return _judge(learned(), *_names())


def chance(total: float) -> float:
    """Return the probability that a sum of trees stands for."""
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total))))


def judge(runs: Runs, table: features.Table) -> list[float]:
    """Return per run the chance that it is body; 0 for what is none whatever it looks like."""
    one, late = trees(), table.late
    return [
        0.0 if is_never(masks, numbers, text) else chance(one(masks, numbers, late, run))
        for run, (masks, numbers, text) in enumerate(zip(table.masks, table.numbers, runs.texts, strict=True))
    ]


def is_never(masks: Sequence[int], numbers: Sequence[float], text: str) -> bool:
    """Say whether a run is a teaser, stands in a figure or an aside, or is a link that points elsewhere ("Read also: …").

    The chooser sees all this too and is mostly right; these are decided because the links say the same of teasers, and
    captions are not body. Cross-validated by publisher: fundus .964 → .966, scrapinghub .947 → .957, wcxb .943 → .941.
    Tables inside figures are text, and so are lists and cells of links: guides are made of them.
    """
    own, parent, near, far = masks
    above = own | parent | near | far
    if above & FIGURE and not (own | parent) & TABLE:
        return True
    if above & ASIDE and numbers[_SET_APART]:
        return True
    if numbers[_IN_TEASERS] and not own & LISTED:
        return True
    if numbers[_PICTURE_SHARE] > CAPTION_SHARE and _is_caption(own, parent, numbers):
        return True
    return bool(numbers[_LINK_SHARE] > 0.5 and not own & ITEM and wording.read(text) & POINTER)


def _is_caption(own: int, parent: int, numbers: Sequence[float]) -> bool:
    """Say whether a run that stands alone with an image is its caption: by its theme's names, or because it is no paragraph.

    By publisher: fundus +.0007, scrapinghub +.0018, wcxb +.0001.
    """
    if numbers[_WORDS] >= CAPTION_WORDS_MAX or numbers[_LENGTH] >= CAPTION_LENGTH_MAX:
        return False
    up = numbers[_PICTURE_UP]
    return bool((own | parent) & PICTURE and up <= 1) or (0 < up <= 2 and not own & PARAGRAPH)


CHOOSER = Chooser(learned()["threshold"])
