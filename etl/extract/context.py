"""What the chooser thinks of the runs around each run: the columns of its second look."""

from __future__ import annotations

from itertools import accumulate

from etl.extract.document import Document
from etl.extract.runs import Runs

CONTEXT = (
    "chance", "chance_before1", "chance_before2", "chance_before3", "chance_after1", "chance_after2", "chance_after3",
    "parent_chance", "grand_chance", "shape_chance", "body_before", "body_after", "sure_before", "sure_after",
    "best_chance", "body_length", "window_chance",
)  # fmt: skip
_SURE = 0.6
_FAR = 40.0


def read(doc: Document, runs: Runs, lengths: list[float], chances: list[float]) -> list[list[float]]:
    """Return per run the columns named in CONTEXT, from the first look's *chances*."""
    count = len(chances)
    padded = [0.0, 0.0, 0.0, *chances, 0.0, 0.0, 0.0]
    body = [length * chance for length, chance in zip(lengths, chances, strict=True)]
    sums = list(accumulate(body, initial=0.0))
    total = sums[-1] or 1.0
    best = max(chances, default=0.0)
    parents = [doc.parents[box] for box in runs.boxes]
    grands = [doc.parents[parent] if parent >= 0 else -1 for parent in parents]
    of_parent = _means(parents, lengths, body)
    of_grand = _means(grands, lengths, body)
    shapes = [
        (doc.tags[box], doc.attrs[box].get("class"), parent) for box, parent in zip(runs.boxes, parents, strict=True)
    ]
    looks: dict[tuple[str, str | None, str | None], list[float]] = {}
    keys = [(tag, name, doc.attrs[parent].get("class") if parent >= 0 else None) for tag, name, parent in shapes]
    for key, length, part in zip(keys, lengths, body, strict=True):
        pair = looks.setdefault(key, [0.0, 0.0])
        pair[0] += length
        pair[1] += part
    before = _gaps(chances)
    after = _gaps(chances[::-1])[::-1]
    rows: list[list[float]] = []
    for run in range(count):
        at = run + 3
        look = looks[keys[run]]
        low, high = max(0, run - 5), min(count, run + 6)
        rows.append([
            padded[at], padded[at - 1], padded[at - 2], padded[at - 3], padded[at + 1], padded[at + 2], padded[at + 3],
            of_parent[parents[run]], of_grand[grands[run]], look[1] / (look[0] or 1.0),
            sums[run] / total, (total - sums[run + 1]) / total, before[run], after[run],
            best, total, sum(chances[low:high]) / (high - low),
        ])  # fmt: skip
    return rows


def _means(groups: list[int], lengths: list[float], body: list[float]) -> dict[int, float]:
    """Return per group the chance of its runs, weighted by length."""
    sums: dict[int, list[float]] = {}
    for group, length, part in zip(groups, lengths, body, strict=True):
        pair = sums.setdefault(group, [0.0, 0.0])
        pair[0] += length
        pair[1] += part
    return {group: part / (length or 1.0) for group, (length, part) in sums.items()}


def _gaps(chances: list[float]) -> list[float]:
    """Return per run how many runs ago the last one that is surely body stood."""
    gaps: list[float] = []
    gap = _FAR
    for chance in chances:
        gaps.append(gap)
        gap = 1.0 if chance > _SURE else min(_FAR, gap + 1.0)
    return gaps
