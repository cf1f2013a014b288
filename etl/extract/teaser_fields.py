"""What one teaser shows: headline, kicker, rank and date label, told apart piece by piece.

A *piece* is a stretch of text that a reader sees as one thing: a line, or within a line what one inline element holds
(`<b>2</b><i>Politics</i><span>Headline</span>`), while formatting inside a sentence (`A <em>word</em> more`) stays
together. Heading tags and the theme's own names decide first; then order, length and the link.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace

from etl.extract import headings
from etl.extract.document import Document, collapse
from etl.extract.teasers import Block, Item

KICKER_CHARS_MAX = 45
TITLE_CHARS_BOLD = 30
"""Bold words of this length at the start of a linked line are the headline, what follows is the deck."""
DECK_CHARS_MIN = 110
"""Under a short line, a line as long as this is its deck; a shorter one is the headline under its kicker."""
TITLE_CHARS_MIN = 20
"""A linked piece this long is the headline when no tag or name says which one is."""
LABEL_CHARS_MAX = 70
"""A longer piece is no date label."""

_FORMATTING = frozenset(
    {
        "em",
        "i",
        "b",
        "strong",
        "span",
        "sup",
        "sub",
        "mark",
        "u",
        "abbr",
        "cite",
        "q",
        "bdi",
        "s",
        "wbr",
        "nobr",
        "font",
        "a",
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_RANK = re.compile(r"\W{0,2}(\d{1,2})\W{0,2}")
_RANK_NAME = re.compile(r"(?<![a-z])(?:rank|ranking|number|position|no)[-_]{0,2}(\d{1,2})(?!\w)")
_LEADING_RANK = re.compile(r"(\d{1,2})\s*[.)]\s+(?=\S)")
_LEADING_SIGN = re.compile(r"^[:|·•/,;›»>]+\s+|\s+[|·•›>]$")
_DURATION = re.compile(r"\W*(?:\d{1,2}:)?\d{1,2}:\d\d\W*")
_HIDDEN = re.compile(
    r"sr-?only|screen-?reader|visually-?hidden|visuallyhidden|assistive|(?<![a-z])a11y|offscreen|icon|screenreader|invisible"
)
_DATE = re.compile(
    r"(?<![a-z])(?:date|time|timestamp|datum|fecha|data|zeit|ago|published|pubdate|created|updated|meta-time|timeago)(?![a-z])|datetime|timestamp|pub-?date|time-?ago|dateline"
)
_AUTHOR = re.compile(
    r"author|by-?line|(?<![a-z])autor|autore|skribent|writer|credit|source(?!d)|contributor|columnist|reporter"
)
_TITLE = re.compile(
    r"(?<!sub)(?<!sub-)(?<!sub_)(?:title|headline|hed(?![a-z])|heading|titel|titulo|titre|titolo|titulek|titul|otsikko|rubrik)(?!-?(?:kicker|label|wrapper-label|prefix|section|tag|intro|lead))"
)
_KICKER = re.compile(
    r"kicker|overline|eyebrow|top-?line|dachzeile|(?<!sub)(?<!sub-)category|section(?!-title|__title)|rubric|(?<![a-z])label|badge|flag|(?<![a-z])tag(?![a-z])|topic|surtit|pretit|over-?title|overtit|antetitulo|supertitle|spitzmarke|occhiello|vignette|channel|roof|prefix|pill|cat-links"
)
_DECK = re.compile(
    r"summary|(?<![a-z])desc|excerpt|(?<![a-z])dek|deck|standfirst|vorspann|sub-?title|subhead|sub-?line|teaser-?text|snippet|intro(?!-title)|abstract|caption|preamble|lead-?text|(?<![a-z])ingress"
)
_SENTENCE_END = re.compile(r"[.?!…]\W*$")
_LABEL_END = re.compile(r"\s*[-–—:|]$")
_CLIPPED = re.compile(r"clip:|width:\s*1px")
_VALUES = re.compile(r"\[[^\]]*\]")
"""Arbitrary values in the class names of utility frameworks (`text-[--kicker-color]`) name a colour, not a role."""
_OTHER = re.compile(
    r"(?<![a-z])(?:comments?|views|view-?count|read-?(?:time|more)|(?:video|media|audio)-?duration|share|btn|button|cta|"
    r"more-?link|likes?|counter|play)(?![a-z])"
)

TITLE, KICKER, DATE, AUTHOR, DECK, OTHER, HIDDEN, PLAIN = range(8)


@dataclass(slots=True)
class Piece:
    text: str
    role: int
    heading: int
    """The heading element it stands in; -1 when in none."""
    linked: bool
    element: int


@dataclass(frozen=True, slots=True)
class Fields:
    title: str
    kicker: str | None
    rank: int | None
    labels: tuple[str, ...]
    """Pieces that may be a date label, the likeliest first."""
    machine: str | None
    """The `datetime` of the teaser's `<time>`."""


class Reader:
    """Reads the teasers of one page; each class name is looked at once."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._roles: dict[str, int] = {"": PLAIN}
        self._times = doc.by_tag.get("time", [])

    def read(self, item: Item, block: Block) -> Fields:
        """Return what *item* of *block* shows; the title is empty when it shows none."""
        pieces = [piece for piece in self._pieces(item) if piece.text != block.heading]
        title_pieces = _title(pieces)
        rank = self._rank(item, pieces, title_pieces)
        if rank is None and block.kind == "most_read":
            rank = self._place_in_list(item.element)
        title = collapse(" ".join(piece.text for piece in title_pieces))
        if block.kind == "most_read" and (found := _LEADING_RANK.match(title)) and rank in (None, int(found[1])):
            rank, title = int(found[1]), title[found.end() :]
        title = _LEADING_SIGN.sub("", title)
        kicker = _kicker(pieces, title_pieces)
        rest = [piece for piece in pieces if piece not in title_pieces and piece is not kicker]
        return Fields(title, kicker.text if kicker else None, rank, _labels(rest), self._machine(item))

    def words(self, element: int) -> str:
        """Return the visible text of *element* without what only screen readers say."""
        doc = self._doc
        first, last = doc.first_text[element], doc.last_text[element]
        kept: list[str] = []
        for chunk in range(first, last):
            owner = doc.owners[chunk]
            while owner > element and self._role(owner) != HIDDEN:
                owner = doc.parents[owner]
            if owner <= element:
                kept.append(doc.texts[chunk])
        return collapse("".join(kept))

    def _pieces(self, item: Item) -> list[Piece]:
        doc = self._doc
        first, last = doc.first_text[item.element], doc.last_text[item.element]
        pieces: list[Piece] = []
        previous: tuple[int, int, int] | None = None
        is_bold = False
        chunk = first
        anchors = set(item.anchors)
        while chunk < last:
            text = doc.texts[chunk]
            if not text.strip():
                if pieces and previous is not None:
                    pieces[-1].text += " "
                chunk += 1
                continue
            box = doc.boxes[chunk]
            unit, anchor, named = self._unit(doc.owners[chunk], box, anchors)
            key = (box, unit, anchor)
            if (
                previous is not None
                and pieces
                and self._joins(previous, key, named, pieces[-1])
                and not (is_bold and len(pieces[-1].text) >= TITLE_CHARS_BOLD and _is_start(text))
            ):
                pieces[-1].text += text
            else:
                pieces.append(self._piece(text, unit, box, (item.element, anchor, named)))
                previous = key
            is_bold = doc.tags[doc.owners[chunk]] in ("b", "strong")
            chunk += 1
        for piece in pieces:
            piece.text = collapse(piece.text)
        return [piece for piece in pieces if piece.role != HIDDEN and piece.text]

    def _unit(self, owner: int, box: int, anchors: set[int]) -> tuple[int, int, int]:
        """Return the inline element that makes a piece of a chunk, the teaser's link around it, and the role named on the way.

        That is the nearest element with a class, which a theme styles as a thing of its own, or else the topmost.
        """
        doc = self._doc
        unit, anchor, named, styled = owner, -1, PLAIN, -1
        element = owner
        while element > box:
            if element in anchors:
                anchor = element
            else:
                unit = element
                if styled < 0 and anchor < 0 and doc.attrs[element].get("class"):
                    styled = element
                if named == PLAIN:
                    named = self._role(element)
            element = doc.parents[element]
        if styled >= 0:
            unit = styled
        if anchor < 0:
            above = box
            for _ in range(12):
                if above in anchors:
                    anchor = above
                    break
                above = doc.parents[above]
                if above < 0:
                    break
        return unit, anchor, named

    def _joins(self, previous: tuple[int, int, int], key: tuple[int, int, int], named: int, last: Piece) -> bool:
        doc = self._doc
        if previous[0] != key[0]:
            return False
        if HIDDEN in (named, last.role):
            return False
        if previous[1] == key[1]:
            return True
        if named not in (PLAIN, TITLE) or last.role not in (PLAIN, TITLE) or previous[2] != key[2]:
            return False
        before, after = previous[1], key[1]
        is_direct = after in (key[0], key[2]) or before in (key[0], key[2])
        is_nested = before < after < doc.ends[before] or after < before < doc.ends[after]
        is_twin = doc.attrs[before].get("class") is not None and doc.attrs[before] == doc.attrs[after]
        if not (is_direct or is_nested or is_twin) or _RANK.fullmatch(last.text.strip()):
            return False
        return doc.tags[after] in _FORMATTING or after in (key[0], key[2])

    def _piece(self, text: str, unit: int, box: int, place: tuple[int, int, int]) -> Piece:
        doc = self._doc
        item, anchor, role = place
        heading = -1
        element = unit
        while element >= item:
            if heading < 0 and doc.tags[element] in _HEADINGS:
                heading = element
            if role == PLAIN and element != item:
                role = self._role(element)
            element = doc.parents[element]
        if doc.tags[unit] == "time" or doc.tags[box] == "time":
            role = DATE
        elif doc.tags[box] == "figcaption" and role == PLAIN:
            role = DECK
        return Piece(text, role, heading, anchor >= 0, unit)

    def _role(self, element: int) -> int:
        """Return what the theme's name for *element* says about its text."""
        if self._doc.tags[element] == "time":
            return DATE
        attrs = self._doc.attrs[element]
        name = attrs.get("class")
        if not name:
            return HIDDEN if _CLIPPED.search(attrs.get("style") or "") else PLAIN
        role = self._roles.get(name)
        if role is None:
            role = self._roles[name] = _role_of(_VALUES.sub("", name).lower())
        return role

    def _rank(self, item: Item, pieces: list[Piece], title: list[Piece]) -> int | None:
        """Return the number printed before the headline or named by the theme; one behind it counts comments."""
        for piece in pieces:
            if title and piece is title[0]:
                break
            if len(piece.text) <= 4 and piece.role != DATE and (found := _RANK.fullmatch(piece.text)):
                pieces.remove(piece)
                return int(found[1])
        for element in (item.element, self._doc.parents[item.element]):
            if found := _RANK_NAME.search(self._doc.hint(element)):
                return int(found[1])
        return None

    def _place_in_list(self, element: int) -> int | None:
        """Return the number that an `<ol>` prints before the teaser."""
        doc = self._doc
        for _ in range(4):
            parent = doc.parents[element]
            if parent < 0:
                break
            if doc.tags[element] == "li" and doc.tags[parent] == "ol":
                return 1 + sum(1 for child in doc.children(parent) if child < element and doc.tags[child] == "li")
            element = parent
        return None

    def _machine(self, item: Item) -> str | None:
        times = self._times
        place = bisect_left(times, item.element)
        if place < len(times) and times[place] < self._doc.ends[item.element]:
            return self._doc.attrs[times[place]].get("datetime")
        return None


def _role_of(name: str) -> int:
    for role, pattern in (
        (HIDDEN, _HIDDEN),
        (KICKER, _KICKER),
        (DECK, _DECK),
        (TITLE, _TITLE),
        (AUTHOR, _AUTHOR),
        (DATE, _DATE),
        (OTHER, _OTHER),
    ):
        if pattern.search(name):
            return role
    return PLAIN


def _title(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces that make the headline."""
    usable = [piece for piece in pieces if piece.role in (PLAIN, TITLE) and not _DURATION.fullmatch(piece.text)]
    headed = [piece for piece in pieces if piece.heading >= 0 and _is_headline(piece)]
    if headed:
        heading = max(headed, key=lambda piece: (piece.linked, len(piece.text))).heading
        return [piece for piece in headed if piece.heading == heading]
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


def _is_start(text: str) -> bool:
    """Tell whether *text* begins a sentence, as a deck behind a bold headline does."""
    return text.lstrip(" \n\t\r\"'«»„“”‘’")[:1].isupper()


def _is_kicker_of(first: Piece, second: Piece) -> bool:
    """Tell whether *first* is a long kicker of *second*, and not a headline with its deck."""
    one, other = first.text, second.text
    if second.role != first.role or second.linked != first.linked or _has_digits(one):
        return False
    if len(one) > KICKER_CHARS_MAX or not len(one) < len(other) <= DECK_CHARS_MIN:
        return False
    return not other.endswith((".", "…")) and not _SENTENCE_END.search(one)


def _is_headline(piece: Piece) -> bool:
    """Tell whether a piece of a heading is part of the headline: a kicker is not, a lead-in with a colon is."""
    if piece.role == KICKER:
        return len(piece.text) > KICKER_CHARS_MAX or piece.text[-1] in ":–—"
    if _DURATION.fullmatch(piece.text) or (headings.kind(piece.text) is not None and piece.text[-1] == ":"):
        return False
    return piece.role in (PLAIN, TITLE, DECK, OTHER)


def _kicker(pieces: list[Piece], title: list[Piece]) -> Piece | None:
    """Return the label shown with the headline: named so, or a short line before it."""
    if not title:
        return None
    for piece in pieces:
        if piece.role == KICKER and len(piece.text) <= KICKER_CHARS_MAX and piece not in title:
            return piece
    for piece in pieces:
        if piece not in title and piece.text.isupper() and len(piece.text) <= KICKER_CHARS_MAX:
            if _LABEL_END.search(piece.text):
                return replace(piece, text=_LABEL_END.sub("", piece.text))
    before = pieces[: pieces.index(title[0])]
    for piece in reversed(before):
        if piece.role in (PLAIN, TITLE) and 1 < len(piece.text) <= KICKER_CHARS_MAX and not _has_digits(piece.text):
            return piece
    return None


def _labels(pieces: list[Piece]) -> tuple[str, ...]:
    named = [piece.text for piece in pieces if piece.role == DATE and len(piece.text) <= LABEL_CHARS_MAX]
    others = [
        piece.text
        for piece in pieces
        if piece.role != DATE and len(piece.text) <= LABEL_CHARS_MAX and _has_digits(piece.text)
    ]
    return (*named, *others)


def _has_digits(text: str) -> bool:
    return any(character.isdigit() for character in text)
