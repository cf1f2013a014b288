"""The article's own text: which blocks of the page are body, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etl.extract.document import Document, collapse
from etl.extract.structured import Structured
from etl.extract.teasers import Teasers
from etl.model import Block, BlockKind

_KINDS: dict[str, BlockKind] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "list"),
    "blockquote": "quote",
}
_NEVER = frozenset({"nav", "footer", "aside", "form", "button", "figure", "figcaption", "header", "head"})


@dataclass(frozen=True, slots=True)
class Main:
    """The body of a page: blocks in reading order, and where in the document each one stands."""

    blocks: tuple[Block, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    """Per block: its chunks `doc.texts[first:last]`."""
    elements: tuple[int, ...] = ()
    """Per block: the nearest block-level element around it."""
    root: int = 0
    """The smallest element that holds all blocks."""
    rule: str = ""
    losers: tuple[tuple[str, str], ...] = ()


def find(doc: Document, facts: Structured, teasers: Teasers, *, only: tuple[int, ...] = ()) -> Main:
    """Return the blocks of *doc* that are the article's text; empty when there are none."""
    runs = [run for run in _runs(doc) if not _is_never(doc, run[2])]
    weight: dict[int, int] = {}
    for _, _, box, text in runs:
        if len(text) < 40:
            continue
        for level, element in enumerate(doc.ancestors(box)):
            if level > 3:
                break
            weight[element] = weight.get(element, 0) + len(text) // (level + 1)
    if not weight:
        return Main(rule="none")
    root = max(weight, key=lambda element: weight[element])
    chosen = [
        run
        for run in runs
        if root < run[2] < doc.ends[root] and not any(first <= run[2] < last for first, last in teasers.ranges)
    ]
    return Main(
        blocks=tuple(Block(_KINDS.get(doc.tags[box], "paragraph"), text) for _, _, box, text in chosen),
        spans=tuple((first, last) for first, last, _, _ in chosen),
        elements=tuple(box for _, _, box, _ in chosen),
        root=root,
        rule="densest",
    )


def _runs(doc: Document) -> Iterator[tuple[int, int, int, str]]:
    """Yield (first chunk, last chunk, box, text) of each stretch of text without a block boundary."""
    first, count = 0, len(doc.texts)
    for chunk in range(1, count + 1):
        if chunk == count or doc.boxes[chunk] != doc.boxes[first]:
            if text := collapse("".join(doc.texts[first:chunk])):
                yield first, chunk, doc.boxes[first], text
            first = chunk


def _is_never(doc: Document, element: int) -> bool:
    return doc.tags[element] in _NEVER or any(doc.tags[above] in _NEVER for above in doc.ancestors(element))
