"""Which printed heading rules a teaser: found in the text between two teasers, in force until its element ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.extract import headings
from etl.extract.document import Document, collapse
from etl.extract.headings import HEADING_CHARS_MAX
from etl.extract.running_text import Running
from etl.model import LinkKind

GAP_CHARS_MAX = 250
"""More text than this between two teasers is an article's text: a heading above it does not reach below."""
GAP_CHUNKS_MAX = 14
"""How far before a teaser a heading is looked for, in pieces of text."""

_HEADING_TAGS = frozenset({"h2", "h3", "h4", "h5", "h6", "legend", "summary", "caption", "dt"})
_LETTER = re.compile(r"[^\W\d_]")
_NAMED = re.compile(r"title|head|label|caption|titel|kop|titre|titulo|rubrik")


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    element: int
    """What prints it; -1 when that element holds the teaser, too ("Read also: <link>")."""
    scope_end: int
    """The first element it does not rule."""
    kind: LinkKind | None


class Ruling:
    """Walks the teasers of one page in order and keeps the headings in force."""

    def __init__(self, doc: Document, running: Running) -> None:
        self._doc = doc
        self._running = running
        self._stack: list[Heading] = []
        self._chunk = 0

    def advance(self, item: int) -> tuple[Heading | None, int]:
        """Return the heading that rules *item*, the next teaser, and the characters since the teaser before."""
        doc, stack = self._doc, self._stack
        end = doc.first_text[item]
        gap = max(0, doc.chars[end] - doc.chars[min(self._chunk, end)])
        while stack and stack[-1].scope_end <= item:
            stack.pop()
        if gap > GAP_CHARS_MAX:
            stack.clear()
        if gap:
            for heading in self._between(max(self._chunk, end - GAP_CHUNKS_MAX), end, item):
                while stack and stack[-1].scope_end <= heading.scope_end:
                    stack.pop()
                stack.append(heading)
        self._chunk = max(self._chunk, doc.last_text[item])
        return (stack[-1] if stack else None), gap

    def _between(self, first: int, end: int, item: int) -> list[Heading]:
        """Return the headings printed in chunks *first* to *end* that rule *item*."""
        doc = self._doc
        found: list[Heading] = []
        chunk = first
        since = doc.chars[end]
        while chunk < end:
            box = doc.boxes[chunk]
            start = chunk
            while chunk < end and doc.boxes[chunk] == box:
                chunk += 1
            size = doc.chars[chunk] - doc.chars[start]
            if not size or size > HEADING_CHARS_MAX or since - doc.chars[chunk] > GAP_CHARS_MAX:
                continue
            heading = self._heading(start, chunk, item)
            if heading is not None and (heading.kind or doc.chars[chunk] == since or _is_titled(doc, box)):
                found.append(heading)
        return found

    def _heading(self, start: int, end: int, item: int) -> Heading | None:
        doc = self._doc
        text = collapse("".join(doc.texts[start:end]))
        if not _LETTER.search(text):
            return None
        element = doc.boxes[start]
        if doc.tags[element] == "h1":
            return None
        holds_item = element < item < doc.ends[element]
        parent = element
        if not holds_item:
            parent = doc.parents[element]
            while parent >= 0 and doc.ends[parent] <= item and doc.text_length(parent) <= HEADING_CHARS_MAX:
                element, parent = parent, doc.parents[parent]
            if parent < 0 or doc.ends[parent] <= item:
                return None
        kind = headings.kind(text)
        if kind is None and (holds_item or parent <= self._running.container < doc.ends[parent] or text[-1] in ".,…!"):
            return None
        return Heading(text, -1 if holds_item else element, doc.ends[parent], kind)


def _is_titled(doc: Document, box: int) -> bool:
    return doc.tags[box] in _HEADING_TAGS or _NAMED.search(doc.hint(box)) is not None


def opens(doc: Document, parent: int, item: int) -> bool:
    """Tell whether the text before *item* in *parent* is the heading of a block and no part of the teaser."""
    first, end = doc.first_text[parent], doc.first_text[item]
    if doc.chars[end] == doc.chars[first]:
        return False
    if doc.chars[end] - doc.chars[first] > HEADING_CHARS_MAX:
        return False
    text = collapse("".join(doc.texts[first:end]))
    if headings.kind(text) is not None:
        return True
    return doc.tags[doc.boxes[first]] in _HEADING_TAGS and any(
        tag in _HEADING_TAGS for tag in doc.tags[item : doc.ends[item]]
    )
