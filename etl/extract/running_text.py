"""Where an article's running text stands, roughly: enough to tell a link in a sentence from a teaser.

Long pieces of text outside links vote for the *look* of the element that holds them (its tag and class, so that a text
cut in two by a box still counts as one); the paragraphs of the winning look are the text. It is read before the body,
which leaves the teasers out.
"""

from __future__ import annotations

from dataclasses import dataclass

from etl.extract import headings
from etl.extract.document import Document

LONG_CHARS = 80
LONG_CHARS_WIDE = 30
"""In scripts that print a word in one or two characters."""
TEXT_CHARS_MIN = 250
"""Less in one place is a teaser's deck, not an article's text."""
SENTENCE_CHARS = 40
"""Characters outside links from which a line with a link is a sentence and not a label."""
SENTENCE_CHARS_MIN = 15
"""The same for a paragraph whose words before the link announce nothing."""
KIN_LEVELS = 2
"""How far above a text its first paragraphs may stand when they look like the others."""
CARD_LEVELS = 5
"""How far above a line the link may be that makes a whole card of it."""
LISTED_LEVELS = 5
LABEL_CHUNKS_MAX = 20
"""More pieces of text than this before a link are no label."""
WRAPPERS_MAX = 4
"""Elements without a class that may stand around one paragraph."""
TIGHT_SHARE = 0.5
"""A container with this share of running text holds little else: what stands in it belongs to the article."""


@dataclass(frozen=True, slots=True)
class Running:
    container: int
    """The smallest element around all paragraphs; -1 on a page without."""
    first: int
    last: int
    """The first and the last paragraph (elements); -1 on a page without."""
    end: int
    """Where what stands with the paragraphs ends: the end of the last one, or of the container when it is tight."""

    def spans(self, element: int) -> bool:
        """Tell whether *element* stands among the paragraphs of the text."""
        return self.first < element < self.end


NONE = Running(-1, -1, -1, -1)


def find(doc: Document) -> Running:
    """Return where the running text of the page is."""
    votes: dict[object, int] = {}
    places: dict[object, list[int]] = {}
    paragraphs = _paragraphs(doc)
    for box, size in paragraphs:
        for look, share in _looks(doc, box):
            votes[look] = votes.get(look, 0) + share * size
            places.setdefault(look, []).append(box)
    if not votes:
        return NONE
    best = max(votes, key=lambda look: votes[look])
    boxes = places[best]
    if votes[best] < 2 * TEXT_CHARS_MIN or not _is_text(doc, boxes):
        return NONE
    boxes += _kin(doc, boxes, [box for box, _ in paragraphs])
    first, last = min(boxes), max(boxes)
    container = _around(doc, first, last)
    size = sum(doc.text_length(box) for box in set(boxes))
    is_tight = size >= TIGHT_SHARE * doc.text_length(container)
    return Running(container, first, last, doc.ends[container] if is_tight else doc.ends[last])


def _around(doc: Document, first: int, last: int) -> int:
    """Return the smallest element above *first* that holds *last*, too."""
    container = doc.parents[first]
    while doc.ends[container] <= last:
        container = doc.parents[container]
    return container


def _kin(doc: Document, boxes: list[int], paragraphs: list[int]) -> list[int]:
    """Return the paragraphs that look like *boxes* and stand near them, outside: a text cut by a paywall or a box."""
    container = _around(doc, boxes[0], boxes[-1])
    near = container
    for _ in range(KIN_LEVELS):
        if doc.parents[near] > 0:
            near = doc.parents[near]
    look = (doc.tags[boxes[0]], doc.attrs[boxes[0]].get("class"))
    return [
        box
        for box in paragraphs
        if near < box < doc.ends[near]
        and not container < box < doc.ends[container]
        and look[1]
        and (doc.tags[box], doc.attrs[box].get("class")) == look
    ]


def _looks(doc: Document, box: int) -> list[tuple[object, int]]:
    """Return what a paragraph votes for: what holds it, the nearest named element around, and the one above that."""
    element = doc.parents[box]
    looks: list[tuple[object, int]] = []
    for _ in range(WRAPPERS_MAX):
        if element <= 0:
            break
        name = doc.attrs[element].get("class")
        if name:
            looks.append(((doc.tags[element], name), 2 if len(looks) < 2 else 1))
            above = doc.parents[element]
            if above > 0:
                looks.append(((doc.tags[above], doc.attrs[above].get("class") or above), 1))
            break
        if not looks:
            looks.append((element, 2))
        element = doc.parents[element]
    return looks


def _paragraphs(doc: Document) -> list[tuple[int, int]]:
    """Return (element, characters) of each long piece of text in no link."""
    boxes, owners, tags, parents = doc.boxes, doc.owners, doc.tags, doc.parents
    found: list[tuple[int, int]] = []
    for chunk, text in enumerate(doc.texts):
        size = len(text)
        if size < LONG_CHARS_WIDE or (size < LONG_CHARS and text[size // 2] < "\u2e80"):
            continue
        size = doc.chars[chunk + 1] - doc.chars[chunk]
        if size >= LONG_CHARS_WIDE and not _in_link(tags, parents, owners[chunk], boxes[chunk]):
            found.append((boxes[chunk], size))
    return found


def _is_text(doc: Document, boxes: list[int]) -> bool:
    """Tell text from the decks of teasers: its paragraphs stand together, or alone in wrappers of their own."""
    alone = 0
    held: dict[int, int] = {}
    for box in set(boxes):
        parent = doc.parents[box]
        held[parent] = held.get(parent, 0) + doc.text_length(box)
        alone += doc.text_length(parent) == doc.text_length(box)
    return max(held.values()) >= TEXT_CHARS_MIN or alone * 2 > len(held)


def _in_link(tags: list[str], parents: list[int], element: int, box: int) -> bool:
    while element > box:
        if tags[element] == "a":
            return True
        element = parents[element]
    element = box
    for _ in range(CARD_LEVELS):
        if tags[element] == "a":
            return True
        element = parents[element]
        if element < 0:
            break
    return False


class Sentences:
    """Tells which links of one page stand in sentences. Asked in document order, it looks at each line once."""

    def __init__(self, doc: Document, running: Running) -> None:
        self._doc = doc
        self._running = running
        self._line = (0, 0)
        """The chunks of the line looked at last."""
        self._prose = [0]
        """Per chunk of that line: the visible characters in no link before it."""

    def hold(self, anchor: int) -> bool:
        """Tell whether *anchor* stands in a sentence, not alone on its line or after a label.

        Outside the running text only a paragraph counts, and one in no list: teasers have sentences, too.
        """
        doc, running = self._doc, self._running
        is_inside = running.container < anchor < doc.ends[running.container]
        first, last = doc.first_text[anchor], doc.last_text[anchor]
        if first == last:
            return False
        box = doc.boxes[first]
        if box > anchor or not (is_inside or (doc.tags[box] == "p" and not _is_listed(doc, running, box))):
            return False
        if not self._line[0] <= first < self._line[1]:
            self._look(first)
        start, end = self._line
        prose = self._prose[-1]
        if prose >= SENTENCE_CHARS:
            return True
        if prose < SENTENCE_CHARS_MIN or not is_inside or doc.tags[box] != "p":
            return False
        after = prose - self._prose[min(last, end) - start]
        if after >= SENTENCE_CHARS_MIN or first - start > LABEL_CHUNKS_MAX:
            return True
        return headings.kind("".join(doc.texts[start:first])) is None

    def _look(self, chunk: int) -> None:
        """Measure the line of *chunk*."""
        doc = self._doc
        boxes, owners, chars = doc.boxes, doc.owners, doc.chars
        box = boxes[chunk]
        first, last, count = chunk, chunk + 1, len(boxes)
        while first > 0 and boxes[first - 1] == box:
            first -= 1
        while last < count and boxes[last] == box:
            last += 1
        total = 0
        prose = [0]
        for place in range(first, last):
            owner = owners[place]
            if owner == box or not _in_link(doc.tags, doc.parents, owner, box):
                total += chars[place + 1] - chars[place]
            prose.append(total)
        self._line, self._prose = (first, last), prose


def _is_listed(doc: Document, running: Running, box: int) -> bool:
    """Tell whether a paragraph stands in a list or an aside, near enough to be part of an entry."""
    for above, _ in zip(doc.ancestors(box), range(LISTED_LEVELS), strict=False):
        if above <= running.container < doc.ends[above]:
            return False
        if doc.tags[above] in ("li", "aside", "article", "td"):
            return True
    return False
