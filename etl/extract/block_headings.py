"""Which printed heading rules a teaser: found in the text between two teasers, in force until its element ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice

from etl.extract import article_urls, headings
from etl.extract.document import Document, collapse
from etl.extract.headings import HEADING_CHARS_MAX
from etl.extract.running_text import Running
from etl.model import LinkKind

GAP_CHARS_MAX = 250
"""More text than this between two teasers is an article's text: a heading above it does not reach below."""
GAP_CHUNKS_MAX = 40
"""How far before a teaser a heading is looked for, in pieces of text (most are white space)."""

LABEL_CHARS_MAX = 30
"""A longer first piece of a teaser is no label."""

WEAK_CHARS_MAX = 50
"""A longer line is no heading by its place alone."""

_HEADING_TAGS = frozenset({"h2", "h3", "h4", "h5", "h6", "legend", "summary", "caption", "dt"})
_LETTER = re.compile(r"[^\W\d_]")
_NAMED = re.compile(r"title|head|label|titel|kop(?<![a-z]kop)|titre|titulo|rubrik|tit(?<![a-z]tit)(?![a-z])")
"""All begin with a letter: so a search need not try everywhere."""
_NAMED_PARTS = ("tit", "head", "label", "kop", "rubrik")
"""One of these is in each such name."""
_NOT_WEAK = re.compile(r"[.,…!;]$|\d")
_HIDDEN = re.compile(r"sr-?only|screen-?reader|visually-?hidden|assistive|skip")
_HIDDEN_PARTS = ("only", "reader", "hidden", "assistive", "skip")


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    element: int
    """What prints it; -1 when that element holds the teaser, too ("Read also: <link>")."""
    scope_end: int
    """The first element it does not rule."""
    kind: LinkKind | None
    is_strong: bool
    """A heading by its tag, its name or its words, not only by its place."""


class Ruling:
    """Walks the teasers of one page in order and keeps the headings in force."""

    def __init__(self, doc: Document, running: Running, articles: frozenset[int]) -> None:
        self._doc = doc
        self._articles = articles
        """Links to articles: their text heads nothing, also where they were too short for a teaser."""
        self.running = running
        self._stack: list[Heading] = []
        self._tabs: list[tuple[int, Heading]] = []
        self._chunk = 0

    def advance(self, item: int, last_text: int, *, follows: bool) -> tuple[Heading | None, int]:
        """Return the heading that rules *item*, the next teaser, and the characters since the teaser before.

        *last_text*: the chunk behind the teaser.
        *follows*: it stands in one list with the teaser before, so that only a real heading can part them.
        """
        doc, stack = self._doc, self._stack
        end = doc.first_text[item]
        gap = max(0, doc.chars[end] - doc.chars[min(self._chunk, end)])
        while stack and stack[-1].scope_end <= item:
            stack.pop()
        if gap > GAP_CHARS_MAX:
            stack.clear()
        if gap:
            for heading in self._between(max(self._chunk, end - GAP_CHUNKS_MAX), end, item):
                if follows and not heading.is_strong:
                    continue
                self._push(heading)
        while self._tabs and self._tabs[0][0] <= item:
            if (tab := self._tabs.pop(0)[1]).scope_end > item:
                self._push(tab)
        self._chunk = max(self._chunk, last_text)
        return (stack[-1] if stack else None), gap

    def _push(self, heading: Heading) -> None:
        """Let *heading* rule: those before it that end with it or earlier are over."""
        while self._stack and self._stack[-1].scope_end <= heading.scope_end:
            self._stack.pop()
        self._stack.append(heading)

    def _between(self, first: int, end: int, item: int) -> list[Heading]:
        """Return the headings printed in chunks *first* to *end* that rule *item*: the strong ones, or one weak one."""
        doc = self._doc
        found: list[tuple[Heading, int]] = []
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
            if heading is not None:
                found.append((heading, box))
        found = self._without_tabs(found)
        strong: list[Heading] = []
        for heading, _ in found:
            if heading.is_strong and (heading.kind is not None or not strong or strong[-1].kind is None):
                strong.append(heading)
        return strong or [heading for heading, _ in found[:1]]

    def _without_tabs(self, found: list[tuple[Heading, int]]) -> list[tuple[Heading, int]]:
        """Take a strip of tabs out of *found* and keep which of the panels behind it each tab rules."""
        tags = self._doc.tags
        strip = [
            pair for pair in found if pair[0].element == found[-1][0].element and tags[pair[1]] == tags[found[-1][1]]
        ]
        if len(strip) < 2 or strip[-1][0].element < 0:
            return found
        others = [pair for pair in found if pair not in strip]
        if any(heading.is_strong for heading, _ in others) and not all(heading.kind for heading, _ in strip):
            return others
        panels = self._panels(strip[-1][0].element, len(strip))
        if not panels:
            return found
        self._tabs = [
            (panel, replace(heading, scope_end=self._doc.ends[panel]))
            for (heading, _), panel in zip(strip, panels, strict=False)
        ]
        return others

    def _panels(self, strip: int, count: int) -> list[int]:
        """Return the elements behind a *strip* of tabs, one for each; none when they cannot be told."""
        doc = self._doc
        end = doc.ends[doc.parents[strip]]
        panels: list[int] = []
        child = doc.ends[strip]
        while child < end and len(panels) <= count:
            panels.append(child)
            child = doc.ends[child]
        while len(panels) == 1:
            panels = list(islice(doc.children(panels[0]), count + 1))
        return panels if len(panels) == count else []

    def _heading(self, start: int, end: int, item: int) -> Heading | None:
        """Return the heading that the line of chunks *start* to *end* is for *item*, or None."""
        doc = self._doc
        while not doc.texts[start].strip():
            start += 1
        link = self._link_of(start)
        if link in self._articles:
            return None
        stop = doc.last_text[link] if link >= 0 and doc.last_text[link] < end else end
        text = collapse("".join(doc.texts[start:stop]))
        box, owner = doc.boxes[start], doc.owners[start]
        if not (text[:1].isalpha() or _LETTER.search(text)) or doc.tags[box] in ("h1", "figcaption"):
            return None
        element, parent = self._scope(box, item)
        if parent < 0:
            return None
        kind, is_noise = headings.judge(text)
        if is_noise:
            return None
        if kind is None and link >= 0 and doc.tags[box] in _HEADING_TAGS and self._leads_to_topic(link):
            kind = "related"
        is_titled = _is_titled(doc, box, owner, max(element, 0))
        if kind is None:
            if element < 0 or parent <= self.running.container < doc.ends[parent]:
                return None
            if not is_titled and (_is_weak(text) or (link >= 0 and self._is_entry(element, item))):
                return None
        if _is_hidden(doc, box) or (owner != box and _is_hidden(doc, owner)):
            return None
        if element < 0:
            element = self._label(owner, box, item)
        return Heading(text, element, doc.ends[parent], kind, is_titled or kind is not None)

    def _label(self, owner: int, box: int, item: int) -> int:
        """Return what prints a line inside the element that holds *item*, too (`<div><b>Read also</b><ul>`), or -1."""
        label = -1
        while owner > box and self._doc.ends[owner] <= item:
            label, owner = owner, self._doc.parents[owner]
        return label

    def _scope(self, box: int, item: int) -> tuple[int, int]:
        """Return what prints the line in *box* (-1: something around *item*) and what it rules (-1: not *item*)."""
        doc = self._doc
        if box < item < doc.ends[box]:
            return -1, box
        element, parent = box, doc.parents[box]
        while parent >= 0 and doc.ends[parent] <= item and doc.text_length(parent) <= HEADING_CHARS_MAX:
            element, parent = parent, doc.parents[parent]
        return element, parent if parent >= 0 and doc.ends[parent] > item else -1

    def _is_entry(self, element: int, item: int) -> bool:
        """Tell whether a line is an entry of the list that *item* stands in, and no heading."""
        doc = self._doc
        return doc.tags[element] == doc.tags[item] and doc.parents[element] == doc.parents[item]

    def _leads_to_topic(self, link: int) -> bool:
        """Tell whether a heading links to a topic's page: below an article that is a feed on the article's own topic."""
        href = self._doc.attribute(link, "href")
        return self.running.container >= 0 and article_urls.is_topic(href)

    def _link_of(self, chunk: int) -> int:
        doc = self._doc
        element, box = doc.owners[chunk], doc.boxes[chunk]
        while element > box:
            if doc.tags[element] == "a":
                return element
            element = doc.parents[element]
        return -1


def _is_weak(text: str) -> bool:
    """Tell whether a line that only its place makes a heading does not read like one."""
    return len(text) > WEAK_CHARS_MAX or _NOT_WEAK.search(text) is not None


def _is_titled(doc: Document, box: int, owner: int, top: int) -> bool:
    """Tell whether the theme marks a line as a heading, by its tag or by a name on it."""
    if _is_named_heading(doc, box) or (owner != box and _is_named_heading(doc, owner)):
        return True
    if top not in (box, owner) and _is_named_heading(doc, top):
        return True
    parent = doc.parents[box]
    return parent >= top and _is_named_heading(doc, parent)


def _is_named_heading(doc: Document, element: int) -> bool:
    if doc.tags[element] in _HEADING_TAGS:
        return True
    hint = doc.hint(element)
    return any(map(hint.__contains__, _NAMED_PARTS)) and _NAMED.search(hint) is not None


def _is_hidden(doc: Document, element: int) -> bool:
    hint = doc.hint(element)
    return any(map(hint.__contains__, _HIDDEN_PARTS)) and _HIDDEN.search(hint) is not None


def own_label(doc: Document, item: int) -> Heading | None:
    """Return the "Read also" that a single teaser carries as its first piece of text, or None."""
    first, last = doc.first_text[item], doc.last_text[item]
    while first < last and not doc.texts[first].strip():
        first += 1
    if first == last:
        return None
    text = collapse(doc.texts[first]) if len(doc.texts[first]) <= 2 * LABEL_CHARS_MAX else ""
    if (
        not text
        or len(text) > LABEL_CHARS_MAX
        or 2 * len(text) > doc.text_length(item)
        or headings.kind(text) != "related"
    ):
        return None
    return Heading(text, -1, doc.ends[item], "related", is_strong=True)


def opens(doc: Document, parent: int, item: int) -> bool:
    """Tell whether the text before *item* in *parent* is the heading of a block and no part of the teaser."""
    first, end = doc.first_text[parent], doc.first_text[item]
    size = doc.chars[end] - doc.chars[first]
    if not size or size > HEADING_CHARS_MAX:
        return False
    text = collapse("".join(doc.texts[first:end]))
    if headings.kind(text) is not None:
        return True
    while not doc.texts[first].strip():
        first += 1
    return doc.tags[doc.boxes[first]] in _HEADING_TAGS and any(
        tag in _HEADING_TAGS for tag in doc.tags[item : doc.ends[item]]
    )
