"""Times that a reader sees: `<time>` elements and date lines around the headline, with what they say they are.

Looked for only when the markup for machines does not settle the publication to the minute. A time in a teaser, a comment, a
sidebar or a footer is never the article's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from etl.extract import dates
from etl.extract.body import Main
from etl.extract.dates import Place
from etl.extract.document import Document, collapse
from etl.extract.teasers import Teasers
from etl.extract.time_claims import TimeRole
from etl.model import Moment

LABEL_MAX_CHARS = 160
AROUND_CHUNKS = 40
"""Text chunks before the headline, and after the last paragraph, where a date line may stand."""
TIMES_MAX = 60
ABOVE_MAX = 12
"""Ancestors that are asked whether they are a comment, a sidebar or a footer."""

_ELSEWHERE_TAGS = frozenset(
    {"nav", "footer", "aside", "form", "figure", "figcaption", "blockquote", "select", "button"}
)
_ELSEWHERE = re.compile(
    r"comment|disqus|respond|replies|sidebar|side-bar|related|recirc|recommend|most-?(?:read|popular|viewed)|popular|trending|"
    r"ranking|latest|ticker|footer|widget|teaser|newsletter|calendar|event|copyright|carousel|slider|tweet|twitter|next-?post|"
    r"prev|promo|more-(?:news|stories|from)|forecast|weather|menu|archive|author-?bio"
)
_HINT = re.compile(r"dat(?:e|um)|time|publi|posted|byline|meta|fecha|stamp|stand|entry-info|post-info|autor|author")
_HINT_PUBLISHED = re.compile(
    r"publi|posted|created|entry-date|pubdate|post-?date|first|original|erstellt|veroeffentlicht"
)
_HINT_MODIFIED = re.compile(r"modif|updat|aktualisier|edited|revis|last|changed")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Seen:
    """A time printed on the page. The higher the weight, the more it looks like the article's own."""

    role: TimeRole | None
    moment: Moment
    rule: str
    weight: int
    chunk: int


class Labels:
    """Finds the printed times of one page."""

    def __init__(self, doc: Document, main: Main, teasers: Teasers | None, place: Place) -> None:
        self._doc = doc
        self._place = place
        self._teasers = teasers
        spans = main.spans
        self._first = spans[0][0] if spans else -1
        self._last = spans[-1][1] if spans else len(doc.texts)
        self._title = self._headline()
        self._elsewhere: dict[int, bool] = {}

    def find(self) -> list[Seen]:
        """Return the printed times, best first."""
        found = [*self._times(), *self._hinted(), *self._around()]
        found.sort(key=lambda seen: -seen.weight)
        return found

    def _headline(self) -> int:
        """Return the chunk where the headline starts, or -1."""
        doc = self._doc
        for tag in ("h1", "h2"):
            starts = [doc.first_text[element] for element in doc.by_tag.get(tag, ()) if doc.text_length(element) >= 10]
            before = [start for start in starts if self._first < 0 or start <= self._first]
            if before:
                return before[-1] if tag == "h1" else before[0]
            if starts and tag == "h1":
                return starts[0]
        return -1

    def _times(self) -> Iterator[Seen]:
        doc = self._doc
        for element in doc.by_tag.get("time", ())[:TIMES_MAX]:
            if self.is_elsewhere(element):
                continue
            attrs = doc.attrs[element]
            printed = doc.text(element)[:LABEL_MAX_CHARS]
            hint = f"{attrs.get('class') or ''} {attrs.get('itemprop') or ''}".lower()
            bonus = 4 if "pubdate" in attrs else 2
            yield from self._read(element, attrs.get("datetime") or attrs.get("content") or "", "time", bonus, hint)
            if printed:
                yield from self._read(element, self._with_label(element, printed), "time-text", bonus - 1, hint)

    def _with_label(self, element: int, printed: str) -> str:
        """Return a printed time with the words before it in its box: "Published <time>3 May</time>"."""
        doc = self._doc
        first = doc.first_text[element]
        if first == 0 or first >= len(doc.boxes) or doc.boxes[first - 1] != doc.boxes[first]:
            return printed
        before = collapse(doc.texts[first - 1])
        return f"{before} {printed}" if 0 < len(before) <= 40 else printed

    def _hinted(self) -> Iterator[Seen]:
        """Yield times of elements whose class says that they are dates, and of hAtom's `<abbr class=published title=…>`."""
        doc = self._doc
        taken = 0
        for element, attrs in enumerate(doc.attrs):
            name = attrs.get("class") or attrs.get("id")
            if not name or doc.tags[element] == "time" or not _HINT.search(name.lower()):
                continue
            size = doc.text_length(element)
            if not 0 < size <= LABEL_MAX_CHARS or taken > TIMES_MAX:
                continue
            printed = doc.text(element)
            machine = attrs.get("datetime") or attrs.get("title") or attrs.get("data-datetime") or ""
            if not _DIGIT.search(printed + machine) or self.is_elsewhere(element):
                continue
            taken += 1
            if len(machine) > 9 and _DIGIT.search(machine):
                yield from self._read(element, machine, "title", 2, doc.hint(element))
            yield from self._read(element, printed, "hinted", 1, doc.hint(element))

    def _around(self) -> Iterator[Seen]:
        """Yield times of the lines near the headline and after the text."""
        doc = self._doc
        start = self._title if self._title >= 0 else self._first
        ranges = [(max(start - AROUND_CHUNKS, 0), min(max(self._first, start) + AROUND_CHUNKS // 2, len(doc.texts)))]
        if self._last < len(doc.texts):
            ranges.append((self._last, min(self._last + AROUND_CHUNKS // 2, len(doc.texts))))
        for first, last in ranges:
            for text, chunk in _lines(doc, first, last):
                if len(text) <= LABEL_MAX_CHARS and _DIGIT.search(text) and not self.is_elsewhere(doc.boxes[chunk]):
                    yield from self._read(doc.boxes[chunk], text, "line", 0, "", chunk)

    def _read(self, element: int, text: str, rule: str, bonus: int, hint: str, chunk: int = -1) -> Iterator[Seen]:
        if not text:
            return
        if chunk < 0:
            chunk = self._doc.first_text[element]
        weight = bonus + self._nearness(chunk)
        for reading in dates.readings(text, self._place):
            role: TimeRole | None = None
            if reading.role in ("published", "modified"):
                role = "published" if reading.role == "published" else "modified"
                weight += 3
            elif _HINT_MODIFIED.search(hint):
                role = "modified"
            elif _HINT_PUBLISHED.search(hint):
                role = "published"
                weight += 2
            yield Seen(role, reading.moment, rule, weight, chunk)

    def _nearness(self, chunk: int) -> int:
        """Return how close a place is to where date lines stand: between headline and text, just above, just below."""
        if self._title <= chunk <= self._first and self._title >= 0:
            return 5
        if self._title >= 0 and 0 <= self._title - chunk <= AROUND_CHUNKS // 2:
            return 3
        if 0 <= chunk - self._last <= AROUND_CHUNKS // 4:
            return 2
        return 0 if chunk < self._first or chunk >= self._last else -1

    def is_elsewhere(self, element: int) -> bool:
        """Tell whether *element* belongs to a teaser, a comment, a sidebar or a footer."""
        if self._teasers is not None and self._teasers.covers(element):
            return True
        doc, path, answer = self._doc, list[int](), False
        for above in (element, *doc.ancestors(element)):
            if above in self._elsewhere:
                answer = self._elsewhere[above]
                break
            path.append(above)
            if len(path) > ABOVE_MAX or doc.tags[above] in ("body", "main"):
                break
            if doc.tags[above] in _ELSEWHERE_TAGS or (
                _ELSEWHERE.search(doc.hint(above)) and not self._holds_title(above)
            ):
                answer = True
                break
        for above in path:
            self._elsewhere[above] = answer
        return answer

    def _holds_title(self, element: int) -> bool:
        doc = self._doc
        return doc.first_text[element] <= self._title < doc.last_text[element]


def _lines(doc: Document, first: int, last: int) -> Iterator[tuple[str, int]]:
    """Yield the lines of text between two chunks, each with its first chunk."""
    start = first
    for chunk in range(first + 1, last + 1):
        if chunk == last or doc.boxes[chunk] != doc.boxes[start]:
            if text := collapse("".join(doc.texts[start:chunk])):
                yield text, start
            start = chunk
