"""Where an article's running text stands, roughly: enough to tell a link in a sentence from a teaser.

Long pieces of text outside links vote for the element that holds them (and, half, for the one above), as Readability
does with paragraphs. It is read before the body, which leaves the teasers out.
"""

from __future__ import annotations

from dataclasses import dataclass

from etl.extract import headings
from etl.extract.document import Document

LONG_CHARS = 80
LONG_CHARS_WIDE = 30
"""In scripts that print a word in one or two characters."""
SENTENCE_CHARS = 40
"""Characters outside links from which a line with a link is a sentence and not a label."""
SENTENCE_CHARS_MIN = 15
"""The same for a paragraph whose words before the link announce nothing."""


@dataclass(frozen=True, slots=True)
class Running:
    container: int
    """The element that holds most of the text; -1 on a page without."""
    first: int
    last: int
    """Its first and last paragraph (elements); -1 on a page without."""

    def spans(self, element: int) -> bool:
        """Tell whether *element* stands between two paragraphs of the text."""
        return self.first < element < self.last


def find(doc: Document) -> Running:
    """Return where the running text of the page is."""
    boxes, owners, tags, parents = doc.boxes, doc.owners, doc.tags, doc.parents
    votes: dict[int, int] = {}
    paragraphs: list[int] = []
    for chunk, text in enumerate(doc.texts):
        size = len(text)
        if size < LONG_CHARS_WIDE or (size < LONG_CHARS and text[size // 2] < "\u2e80"):
            continue
        owner, box = owners[chunk], boxes[chunk]
        if doc.chars[chunk + 1] - doc.chars[chunk] < LONG_CHARS_WIDE or _in_link(tags, parents, owner, box):
            continue
        paragraphs.append(box)
        parent = parents[box]
        if parent >= 0:
            votes[parent] = votes.get(parent, 0) + 2 * size
            above = parents[parent]
            if above >= 0:
                votes[above] = votes.get(above, 0) + size
    if not votes:
        return Running(-1, -1, -1)
    container = max(votes, key=lambda element: (votes[element], element))
    end = doc.ends[container]
    inside = [box for box in paragraphs if container < box < end]
    return Running(container, inside[0], inside[-1]) if inside else Running(-1, -1, -1)


def _in_link(tags: list[str], parents: list[int], element: int, box: int) -> bool:
    while element >= box:
        if tags[element] == "a":
            return True
        element = parents[element]
    return tags[box] == "a" or tags[parents[box]] == "a"


def in_sentence(doc: Document, running: Running, anchor: int) -> bool:
    """Tell whether *anchor* stands in a sentence of the running text, not alone on its line or after a label."""
    if not running.container < anchor < doc.ends[running.container]:
        return False
    first, last = doc.first_text[anchor], doc.last_text[anchor]
    if first == last:
        return False
    box = doc.boxes[first]
    if box > anchor:
        return False
    before, after = _prose(doc, box, (first, last))
    if not before and not after:
        return False
    prose = before + after
    if prose >= SENTENCE_CHARS:
        return True
    if prose < SENTENCE_CHARS_MIN or doc.tags[box] != "p":
        return False
    return after >= SENTENCE_CHARS_MIN or headings.kind(doc.text(box)[:before]) is None


def _prose(doc: Document, box: int, link: tuple[int, int]) -> tuple[int, int]:
    """Return the visible characters in no link before and after chunks *link* on their line."""
    first, last = link
    boxes, owners, chars = doc.boxes, doc.owners, doc.chars
    while first > 0 and boxes[first - 1] == box:
        first -= 1
    count = len(boxes)
    while last < count and boxes[last] == box:
        last += 1
    before = after = 0
    for chunk in range(first, last):
        owner = owners[chunk]
        if owner == box or not _in_link(doc.tags, doc.parents, owner, box):
            size = chars[chunk + 1] - chars[chunk]
            if chunk < link[0]:
                before += size
            else:
                after += size
    return before, after
