"""Times that only pages without a date line have: datelines, lines that name their date, a bare date right above the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from etl.extract import dates, time_lines
from etl.extract.dates import Place
from etl.extract.document import Document, collapse
from etl.extract.time_claims import TimeRole
from etl.model import Moment

LABEL_MIN_WEIGHT = -3
"""Printed times that weigh less are other dates of the page."""
LABEL_MAX_CHARS = 160
OPENINGS = 3
"""First blocks of the body that may open with a dateline: the first ones may be a headline and a standfirst."""
NAMED_CHUNKS = 2_000
NAMED_CHARS = 120
DATELINE_WORDS = 4
NAMED_WORDS = 12
"""Words beside the date that a dateline, and a line that names its date, may have."""
ABOVE_CHUNKS = 10
_DATELINE = re.compile(r".{0,40}?\d.{3,30}?(?:\)|[.:,]\s|\s[–—-]\s|\s[„“«\"])", re.DOTALL)
"""What opens a press release: "Karlsruhe, (12.11.2021). ", "BERLIN, 3. Mai 2024 – "."""
_RUNNING_ON = re.compile(r"\s[^\W\d_A-Z]\w*\s+[^\W\d_A-Z]\w*[^\w\d]*$")
"""Two small words after the date."""
_DIGIT = re.compile(r"\d")
_RIGHTS = re.compile(r"©|\(c\)|copyright|\bsite\W+(?:was\W+)?(?:last\W+)?(?:updat|modif)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """A time printed on the page. The higher the weight, the more it looks like the article's own."""

    role: TimeRole | None
    moment: Moment
    rule: str
    weight: int
    chunk: int


def find(
    doc: Document, place: Place, openings: Sequence[int], first: int, *, is_elsewhere: Callable[[int], bool]
) -> list[Seen]:
    """Return the datelines that open the text, the times of lines anywhere that say themselves what they are
    ("Stand: 09.10.2017"), the footer too; without any, a bare date right above the text, which begins at chunk *first*."""
    found = [*_datelines(doc, place, openings)]
    end = len(doc.texts)
    shown = time_lines.lines(doc, 0, min(end, NAMED_CHUNKS))
    for text, chunk in chain(shown, time_lines.lines(doc, max(NAMED_CHUNKS, end - NAMED_CHUNKS // 10), end)):
        if not is_elsewhere(doc.boxes[chunk]):
            found += _named(place, text, chunk) or _named_in(doc, place, text, chunk)
    return found or _above_text(doc, place, first)


def without_rights(text: str, readings: Iterable[dates.Reading]) -> Iterable[dates.Reading]:
    """Return *readings* of a line without those that tell when its site was altered: "© The Paper. Last updated 2 May 2026"."""
    if not _RIGHTS.search(text):
        return readings
    return [reading for reading in readings if reading.role == "published"]


def _datelines(doc: Document, place: Place, openings: Sequence[int]) -> Iterator[Seen]:
    for chunk in openings:
        readings = dates.readings(doc.texts[chunk], place) if _DIGIT.search(doc.texts[chunk][:NAMED_CHARS]) else ()
        if len(readings) == 1 and readings[0].moment.rule == "label:absolute" and not readings[0].noise:
            yield Seen("published", readings[0].moment, "dateline", LABEL_MIN_WEIGHT, chunk)
            return
        opening = _DATELINE.match(collapse("".join(doc.texts[chunk : chunk + 3])))
        # "On 28 September 2014 we want to meet, …" begins a sentence.
        if opening and not _RUNNING_ON.search(opening[0]):
            for reading in dates.readings(opening[0], place):
                if reading.moment.rule == "label:absolute" and reading.noise <= DATELINE_WORDS:
                    yield Seen("published", reading.moment, "dateline", LABEL_MIN_WEIGHT, chunk)
                    return


def _named(place: Place, text: str, chunk: int) -> list[Seen]:
    """Return the times of a line that says which times they are."""
    if len(text) > NAMED_CHARS or not _DIGIT.search(text):
        return []
    return [
        Seen(
            "published" if reading.role == "published" else "modified", reading.moment, "named", LABEL_MIN_WEIGHT, chunk
        )
        for reading in without_rights(text, dates.readings(text, place))
        if reading.role in ("published", "modified") and reading.noise <= NAMED_WORDS
    ]


def _named_in(doc: Document, place: Place, line: str, chunk: int) -> list[Seen]:
    """Return the times of the pieces of a short line that breaks cut: "Published 16.08.2019<br>Duration: 50:11"."""
    found: list[Seen] = []
    if len(line) > LABEL_MAX_CHARS or not _DIGIT.search(line) or _RIGHTS.search(line):
        return found
    last = chunk + 1
    while last < len(doc.texts) and doc.boxes[last] == doc.boxes[chunk]:
        last += 1
    for piece in range(chunk, last if last - chunk > 1 else chunk):
        found += _named(place, collapse(doc.texts[piece]), piece)
    return found


def _above_text(doc: Document, place: Place, first: int) -> list[Seen]:
    """Return the date that stands alone on the line nearest above the text, also when it links somewhere."""
    found = list[Seen]()
    for text, chunk in time_lines.lines(doc, max(0, first - ABOVE_CHUNKS), max(0, first)):
        if len(text) <= LABEL_MAX_CHARS and _DIGIT.search(text):
            readings = dates.readings(text, place)
            if len(readings) == 1 and not readings[0].noise and readings[0].moment.at is not None:
                found = [Seen("published", readings[0].moment, "above", LABEL_MIN_WEIGHT, chunk)]
    return found
