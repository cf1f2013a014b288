"""The page as runs: stretches of text that a reader sees as one paragraph, heading, list item or label."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from operator import mul, sub

from etl import compiled
from etl.extract.document import Document

LABEL_MAX_CHARS = 60
"""A shorter run that is all link is a label, unless it stands in a paragraph or heading."""
OUTSIDE = ("nav", "footer")
LINKS = ("a",)
STRONG = ("b", "strong", "em", "i")
SAID = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
CELLS = frozenset({"td", "th"})
CELL_CHARS_MAX = 120
CELL_CHUNKS_MAX = 6
RUNS_MAX = 15_000
"""Further runs are not read: 190,000 short paragraphs in 5 MB took 5 s. Of 1,748 measured pages none has over 962."""


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
    links_before: list[int] = field(default_factory=list[int])
    """Per chunk of the document: linked characters before it."""


def read(doc: Document) -> Runs:
    """Return the runs that may be body.

    Two line breaks in a row end a run, one does not; the short cells of a table row are one run. Menus, footers and short
    link labels are left out: two runs in three, and 0.04 to 0.4 % of the words of the gold texts of three corpora.
    """
    # No box follows the last.
    tags, texts, boxes, firsts = doc.tags, doc.texts, [*doc.boxes, -1], doc.first_text
    sizes = list(map(sub, doc.chars[1:], doc.chars))
    links, strong = _marked(doc, sizes, LINKS), _marked(doc, sizes, STRONG)
    runs = Runs(links_before=links)
    start = firsts[doc.by_tag["body"][0]] if "body" in doc.by_tag else 0
    outside = _marks(doc, OUTSIDE)
    for element in quote_feet(doc):
        first, last = firsts[element], doc.last_text[element]
        outside[first:last] = bytes(last - first)
    breaks = Counter([firsts[element] for element in doc.by_tag.get("br", ())])
    pauses = {at for at, count in breaks.items() if count > 1}
    count = len(texts)
    while start < count and len(runs.texts) < RUNS_MAX:
        box = boxes[start]
        stop = start + 1
        while boxes[stop] == box and stop not in pauses:
            stop += 1
        tag = tags[box]
        if tag in CELLS and stop - start <= CELL_CHUNKS_MAX:
            # The cells of a row of figures are one line to a reader; cells with blocks inside have boxes of their own.
            row = doc.parents[box]
            while (
                stop < count
                and stop not in pauses
                and tags[boxes[stop]] in CELLS
                and doc.parents[boxes[stop]] == row
                and len(texts[stop]) < CELL_CHARS_MAX
            ):
                stop += 1
        linked = links[stop] - links[start]
        # Most labels are one text in one link: it is left out unread.
        if not outside[start] and not (
            0 < sizes[start] == linked < LABEL_MAX_CHARS and stop == start + 1 and tag not in SAID
        ):
            text = " ".join((texts[start] if stop == start + 1 else "".join(texts[start:stop])).split())
            if text and (not linked or len(text) >= LABEL_MAX_CHARS or linked < 0.8 * len(text) or tag in SAID):
                runs.first.append(start)
                runs.last.append(stop)
                runs.boxes.append(box)
                runs.texts.append(text)
                runs.linked.append(linked)
                runs.strong.append(strong[stop] - strong[start])
        start = stop
    return runs


def quote_feet(doc: Document) -> list[int]:
    """Return the footers of quotes: who said it (HTML, 4.4.4), and no foot of a page."""
    return [one for one in doc.by_tag.get("footer", ()) if doc.tags[doc.parents[one]] == "blockquote"]


def _marks(doc: Document, tags: tuple[str, ...]) -> bytearray:
    """Return per chunk 1 when it stands inside one of *tags*, else 0."""
    marks = bytearray(len(doc.texts))
    for tag in tags:
        for element in doc.by_tag.get(tag, ()):
            first, last = doc.first_text[element], doc.last_text[element]
            if last == first + 1:
                marks[first] = 1
            elif last > first:
                marks[first:last] = b"\1" * (last - first)
    return marks


def _marked(doc: Document, sizes: list[int], tags: tuple[str, ...]) -> list[int]:
    """Return per chunk how many characters before it stand inside one of *tags*."""
    marks = _marks(doc, tags)
    return list(accumulate(map(mul, sizes, marks), initial=0))


globals().update(compiled.forms(__name__))
