"""The text of a teaser in pieces, each a stretch that a reader sees as one thing.

A piece is a line, or within a line what one inline element holds (`<b>2</b><i>Politics</i><span>Headline</span>`), while
formatting inside a sentence (`A <em>word</em> more`) stays together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from etl.extract.document import Document, collapse
from etl.extract.teaser_items import Item
from etl.extract.theme import DATE, DECK, HIDDEN, OTHER, PLAIN, TITLE, Roles

TITLE_CHARS_BOLD = 30
"""Bold words of this length at the start of a linked line are the headline, what follows is the deck."""
CARD_LEVELS = 12
"""How far above a line the link may be that makes a whole card of it."""
NUMBER = re.compile(r"(?:\W{0,2}|no\.?\s?|nr\.?\s?|n[º°]\.?\s?|第)(\d{1,2})(?:\W{0,2}|\.?[ºª]|位|위)", re.IGNORECASE)
"""A piece that is a rank: "1", "1.", "#1", "No. 1", "1º", "第1位"."""

_FORMATTING = frozenset(
    {*"biqsu", "a", "em", "strong", "span", "sup", "sub", "mark", "abbr", "cite", "bdi", "wbr", "nobr", "font"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(slots=True)
class Piece:
    text: str
    role: int
    heading: int
    """The heading element it stands in; -1 when in none."""
    linked: bool
    """Stands in a link to the article."""


class _Place(NamedTuple):
    """What decides whether two chunks are one piece."""

    box: int
    unit: int
    anchor: int
    """The teaser's link around it; -1 when none is."""


class Splitter:
    """Splits the teasers of one page."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._roles = Roles(doc)

    def words(self, element: int) -> str:
        """Return the visible text of *element* without what only screen readers say."""
        doc = self._doc
        first, last = doc.first_text[element], doc.last_text[element]
        if last - first == 1 and doc.owners[first] == element:
            return collapse(doc.texts[first])
        kept: list[str] = []
        for chunk in range(first, last):
            owner = doc.owners[chunk]
            while owner > element and self._roles.of(owner) != HIDDEN:
                owner = doc.parents[owner]
            if owner <= element:
                kept.append(doc.texts[chunk])
        return collapse("".join(kept))

    def pieces(self, item: Item) -> list[Piece]:
        """Return the visible pieces of *item* in order."""
        doc = self._doc
        texts, owners, tags = doc.texts, doc.owners, doc.tags
        anchors = item.anchors
        pieces: list[Piece] = []
        previous: _Place | None = None
        is_bold = False
        for chunk in range(doc.first_text[item.element], item.last_text):
            text = texts[chunk]
            if not text or text.isspace():
                if pieces:
                    pieces[-1].text += " "
                continue
            place, named = self._place(chunk, anchors)
            if previous is None or not self._joins(previous, place, named, pieces[-1]):
                is_new = True
            else:
                is_new = is_bold and len(pieces[-1].text) >= TITLE_CHARS_BOLD and _is_start(text)
            if is_new:
                pieces.append(self._piece(text, place, named, item.element))
                previous = place
            else:
                pieces[-1].text += text
            is_bold = tags[owners[chunk]] in ("b", "strong")
        for piece in pieces:
            piece.text = collapse(piece.text)
        return [piece for piece in pieces if piece.role != HIDDEN and piece.text]

    def _place(self, chunk: int, anchors: tuple[int, ...]) -> tuple[_Place, int]:
        """Return the place of a chunk and the role that the names on the way to its line say.

        Its unit is the nearest inline element with a class, which a theme styles as a thing of its own, or the topmost.
        """
        doc = self._doc
        parents = doc.parents
        box = doc.boxes[chunk]
        element = unit = doc.owners[chunk]
        anchor = styled = -1
        named = PLAIN
        while element > box:
            if element in anchors:
                anchor = element
            else:
                unit = element
                if styled < 0 and anchor < 0 and doc.attrs[element].get("class"):
                    styled = element
                if named == PLAIN:
                    named = self._roles.of(element)
            element = parents[element]
        # Above the first of its links there is none.
        first = anchors[0]
        levels = 0
        while anchor < 0 and element >= first and levels < CARD_LEVELS:
            if element in anchors:
                anchor = element
            element = parents[element]
            levels += 1
        return _Place(box, unit if styled < 0 else styled, anchor), named

    def _joins(self, previous: _Place, place: _Place, named: int, last: Piece) -> bool:
        """Tell whether a chunk at *place* goes on with the piece before it."""
        doc = self._doc
        if previous.box != place.box or HIDDEN in (named, last.role):
            return False
        before, after = previous.unit, place.unit
        if before == after:
            return True
        if named not in (PLAIN, TITLE) or last.role not in (PLAIN, TITLE) or previous.anchor != place.anchor:
            return False
        around = (place.box, place.anchor)
        is_direct = after in around or before in around
        is_nested = before < after < doc.ends[before] or after < before < doc.ends[after]
        is_twin = doc.attrs[before].get("class") is not None and doc.attrs[before] == doc.attrs[after]
        if not (is_direct or is_nested or is_twin) or NUMBER.fullmatch(last.text.strip()):
            return False
        return doc.tags[after] in _FORMATTING or after in around

    def _piece(self, text: str, place: _Place, role: int, item: int) -> Piece:
        doc = self._doc
        tags, parents = doc.tags, doc.parents
        heading = -1
        element = place.unit
        is_caption = False
        while element >= item:
            tag = tags[element]
            if heading < 0 and tag in _HEADINGS:
                heading = element
            elif tag == "figcaption":
                is_caption = True
            if role == PLAIN and element != item:
                role = self._roles.of(element)
            element = parents[element]
        for time in (place.unit, place.box):
            if doc.tags[time] == "time":
                role = OTHER if is_duration(doc.attribute(time, "datetime")) else DATE
                break
        else:
            # A credit in a caption is no kicker; a headline may stand in one as a link.
            if is_caption and role == PLAIN and (place.anchor < 0 or doc.tags[place.box] == "figcaption"):
                role = DECK
        return Piece(text, role, heading, place.anchor >= 0)


def is_duration(datetime: str) -> bool:
    """Tell whether a `datetime` is a length ("PT2M53S", of a video) and no moment."""
    return datetime[:1] == "P"


def _is_start(text: str) -> bool:
    """Tell whether *text* begins a sentence, as a deck behind a bold headline does."""
    return text.lstrip(" \n\t\r\"'«»„“”‘’")[:1].isupper()
