"""What one teaser shows: headline, kicker, rank and date label.

Heading tags and the theme's own names decide first; then order, length and the link.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from typing import NamedTuple

from etl.extract import headings
from etl.extract.document import Document
from etl.extract.teaser_items import Item
from etl.extract.teaser_pieces import NUMBER, Piece, Splitter, is_duration
from etl.extract.teasers import Block
from etl.extract.theme import AUTHOR, DATE, DECK, KICKER, OTHER, PLAIN, TITLE

KICKER_CHARS_MAX = 45
DECK_CHARS_MIN = 110
"""Under a short line, a line as long as this is its deck; a shorter one is the headline under its kicker."""
RANK_CHARS_MAX = 6
TITLE_CHARS_MIN = 20
"""A linked piece this long is the headline when no tag or name says which one is."""
LIST_LEVELS = 4
"""How far above a teaser the entry of its list may be."""
LABEL_CHARS_MAX = 70
"""A longer piece is no date label."""

_RANK_NAME = re.compile(r"(?<![a-z])(?:rank|ranking|number|position|no)[-_]{0,2}(\d{1,2})(?!\w)")
_RANKED = ("rank", "no", "number", "position")
_LEADING_RANK = re.compile(r"(\d{1,2})\s*[.)]\s+(?=\S)")
_SIGNS = frozenset(":|·•/,;›»>")
_LEADING_SIGN = re.compile(r"^[:|·•/,;›»>]+\s+|\s+[|·•›>]$")
_DURATION = re.compile(r"\W*(?:(?:\d{1,2}:)?\d{1,2}:\d\d|(?:\d+\s?(?:h|m|s|min|sec|std|sek)\.?\s?)+)\W*", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_SENTENCE_END = re.compile(r"[.?!…]\W*$")
_LABEL_END = re.compile(r"\s*[-–—:|]$")


class Fields(NamedTuple):
    title: str
    kicker: str | None
    rank: int | None
    labels: tuple[str, ...]
    """Pieces that may be a date label, the likeliest first."""
    machine: str | None
    """The `datetime` of the teaser's `<time>`."""


class Reader:
    """Reads the teasers of one page."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._splitter = Splitter(doc)
        self._times = doc.by_tag.get("time", [])
        self._lists: dict[int, dict[int, int]] = {}
        """`<ol>` → entry → its number."""
        self._ranks: dict[str, int | None] = {"": None}
        """Name of an element → the rank in it."""

    def words(self, element: int) -> str:
        """Return the visible text of *element* without what only screen readers say."""
        return self._splitter.words(element)

    def read(self, item: Item, block: Block) -> Fields:
        """Return what *item* of *block* shows; the title is empty when it shows none."""
        pieces = [piece for piece in self._splitter.pieces(item) if piece.text != block.heading]
        title_pieces = _title(pieces)
        rank = self._rank(item, pieces, title_pieces)
        if rank is None and block.kind == "most_read":
            rank = self._place_in_list(item.element)
        title = title_pieces[0].text if len(title_pieces) == 1 else " ".join(piece.text for piece in title_pieces)
        if block.kind == "most_read" and (found := _LEADING_RANK.match(title)) and rank in (None, int(found[1])):
            rank, title = int(found[1]), title[found.end() :]
        if title[:1] in _SIGNS or title[-1:] in _SIGNS:
            title = _LEADING_SIGN.sub("", title)
        kicker = _kicker(pieces, title_pieces)
        labels = _labels(pieces, title_pieces, kicker)
        return Fields(title, kicker.text if kicker else None, rank, labels, self._machine(item))

    def _rank(self, item: Item, pieces: list[Piece], title: list[Piece]) -> int | None:
        """Return the number printed before the headline or named by the theme; one behind it counts comments."""
        for piece in pieces:
            if title and piece is title[0]:
                break
            if len(piece.text) <= RANK_CHARS_MAX and piece.role != DATE and (found := NUMBER.fullmatch(piece.text)):
                pieces.remove(piece)
                return int(found[1])
        for element in (item.element, self._doc.parents[item.element]):
            attrs = self._doc.attrs[element]
            for name in ("class", "id"):
                if name in attrs and (rank := self._rank_in(attrs[name] or "")) is not None:
                    return rank
        return None

    def _rank_in(self, name: str) -> int | None:
        if name not in self._ranks:
            low = name.lower()
            found = _RANK_NAME.search(low) if any(word in low for word in _RANKED) else None
            self._ranks[name] = int(found[1]) if found else None
        return self._ranks[name]

    def _place_in_list(self, element: int) -> int | None:
        """Return the number that an `<ol>` prints before the teaser."""
        doc = self._doc
        for _ in range(LIST_LEVELS):
            parent = doc.parents[element]
            if parent < 0:
                break
            if doc.tags[element] == "li" and doc.tags[parent] == "ol":
                if parent not in self._lists:
                    entries = (child for child in doc.children(parent) if doc.tags[child] == "li")
                    self._lists[parent] = {child: number for number, child in enumerate(entries, start=1)}
                return self._lists[parent][element]
            element = parent
        return None

    def _machine(self, item: Item) -> str | None:
        times = self._times
        if not times:
            return None
        place = bisect_left(times, item.element)
        while place < len(times) and times[place] < item.end:
            said = self._doc.attrs[times[place]].get("datetime")
            if not said or not is_duration(said):
                return said
            place += 1
        return None


def _title(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces that make the headline."""
    headed = [piece for piece in pieces if piece.heading >= 0 and _is_headline(piece)]
    if len(headed) == 1:
        return headed
    if headed:
        heading = max(headed, key=lambda piece: (piece.linked, len(piece.text))).heading
        return [piece for piece in headed if piece.heading == heading]
    usable = [piece for piece in pieces if piece.role in (PLAIN, TITLE) and not _is_length(piece.text)]
    named = [piece for piece in usable if piece.role == TITLE]
    linked = [piece for piece in pieces if piece.linked and piece.role not in (DATE, AUTHOR)]
    for choice in (
        [piece for piece in named if piece.linked],
        [piece for piece in usable if piece.linked],
        linked,
        named,
        usable,
    ):
        for place, piece in enumerate(choice):
            if len(piece.text) >= TITLE_CHARS_MIN:
                after = choice[place + 1] if place + 1 < len(choice) else None
                return [after if after and _is_kicker_of(piece, after) else piece]
        if choice:
            return [max(choice, key=lambda piece: len(piece.text))]
    return []


def _is_kicker_of(first: Piece, second: Piece) -> bool:
    """Tell whether *first* is a long kicker of *second*, and not a headline with its deck."""
    one, other = first.text, second.text
    if second.role != first.role or second.linked != first.linked or _has_digits(one):
        return False
    if len(one) > KICKER_CHARS_MAX or len(other) > DECK_CHARS_MIN:
        return False
    if one[-1] == ":" and len(other) >= TITLE_CHARS_MIN:
        return True
    if len(one) >= len(other):
        return False
    return not other.endswith((".", "…")) and not _SENTENCE_END.search(one)


def _is_headline(piece: Piece) -> bool:
    """Tell whether a piece of a heading is part of the headline: a kicker is not, a lead-in with a colon is."""
    if piece.role == KICKER:
        return len(piece.text) > KICKER_CHARS_MAX or piece.text[-1] in ":–—"
    if _is_length(piece.text) or (piece.text[-1] == ":" and headings.kind(piece.text) is not None):
        return False
    return piece.role in (PLAIN, TITLE, DECK, OTHER)


def _kicker(pieces: list[Piece], title: list[Piece]) -> Piece | None:
    """Return the label shown with the headline: named so, or a short line before it."""
    if not title or len(title) == len(pieces):
        return None
    for piece in pieces:
        is_short = piece.role == KICKER and len(piece.text) <= KICKER_CHARS_MAX
        if is_short and not _is_length(piece.text) and piece not in title:
            return piece
    for piece in pieces:
        is_short_capitals = len(piece.text) <= KICKER_CHARS_MAX and piece.text.isupper()
        if is_short_capitals and piece not in title and _LABEL_END.search(piece.text):
            return replace(piece, text=_LABEL_END.sub("", piece.text))
    before = pieces[: pieces.index(title[0])]
    for piece in reversed(before):
        if piece.role in (PLAIN, TITLE) and 1 < len(piece.text) <= KICKER_CHARS_MAX and not _has_digits(piece.text):
            return piece
    return None


def _labels(pieces: list[Piece], title: list[Piece], kicker: Piece | None) -> tuple[str, ...]:
    """Return what stands beside the headline and may be a date: what the theme calls one, then what has digits."""
    named: list[str] = []
    others: list[str] = []
    for piece in pieces:
        if len(piece.text) > LABEL_CHARS_MAX or piece.role == OTHER or piece is kicker:
            continue
        if piece.role == DATE:
            if piece not in title:
                named.append(piece.text)
        # A bare clock without a name is as likely the length of a video.
        elif _has_digits(piece.text) and not _is_length(piece.text) and piece not in title:
            others.append(piece.text)
    return (*named, *others)


def _is_length(text: str) -> bool:
    """Tell whether *text* is how long a video is; most begin with a letter and are none."""
    return not text[:1].isalpha() and _DURATION.fullmatch(text) is not None


def _has_digits(text: str) -> bool:
    return _DIGIT.search(text) is not None
