"""The page as runs: stretches of text that a reader sees as one paragraph, heading, list item or label."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from etl.extract.document import Document, collapse

_CELLS = frozenset({"td", "th"})
_CELL_CHARS_MAX = 120
_CELL_CHUNKS_MAX = 6


@dataclass(slots=True)
class Runs:
    """Parallel arrays, one entry per run, in document order."""

    first: list[int] = field(default_factory=list[int])
    """First chunk."""
    last: list[int] = field(default_factory=list[int])
    """One past the last chunk."""
    boxes: list[int] = field(default_factory=list[int])
    """The block-level element around the run."""
    texts: list[str] = field(default_factory=list[str])
    linked: list[int] = field(default_factory=list[int])
    """Characters inside links."""
    strong: list[int] = field(default_factory=list[int])
    """Characters in bold or italics."""


def read(doc: Document) -> Runs:
    """Return the runs of the page's body. Two line breaks in a row end a run, one does not; the short cells of a table row are
    one run."""
    runs = Runs()
    texts, boxes = doc.texts, doc.boxes
    start = doc.first_text[doc.by_tag["body"][0]] if "body" in doc.by_tag else 0
    breaks: dict[int, int] = {}
    for element in doc.by_tag.get("br", ()):
        at = doc.first_text[element]
        breaks[at] = breaks.get(at, 0) + 1
    count = len(texts)
    while start < count:
        box = boxes[start]
        stop = start + 1
        while stop < count and boxes[stop] == box and breaks.get(stop, 0) < 2:
            stop += 1
        if doc.tags[box] in _CELLS and stop - start <= _CELL_CHUNKS_MAX:
            # The cells of a row of figures are one line to a reader; cells with blocks inside have boxes of their own.
            row = doc.parents[box]
            while (
                stop < count
                and doc.tags[boxes[stop]] in _CELLS
                and doc.parents[boxes[stop]] == row
                and len(texts[stop]) < _CELL_CHARS_MAX
            ):
                stop += 1
        text = collapse(texts[start] if stop == start + 1 else "".join(texts[start:stop]))
        if text:
            runs.first.append(start)
            runs.last.append(stop)
            runs.boxes.append(box)
            runs.texts.append(text)
        start = stop
    runs.linked = _marked(doc, runs, ("a",))
    runs.strong = _marked(doc, runs, ("b", "strong", "em", "i"))
    return runs


def _marked(doc: Document, runs: Runs, tags: tuple[str, ...]) -> list[int]:
    """Return per run how many of its characters stand inside one of *tags*."""
    marked = [0] * len(runs.texts)
    firsts, lasts, chars = runs.first, runs.last, doc.chars
    for tag in tags:
        for element in doc.by_tag.get(tag, ()):
            first, last = doc.first_text[element], doc.last_text[element]
            if first == last:
                continue
            run = bisect_right(firsts, first) - 1
            if run < 0:
                continue
            while run < len(firsts) and firsts[run] < last:
                marked[run] += max(0, chars[min(last, lasts[run])] - chars[max(first, firsts[run])])
                run += 1
    return marked
