"""What a theme's own names (tags, classes, ids) say about a place on the page: chrome, or a kind of block."""

from __future__ import annotations

import re

from etl import compiled
from etl.extract.document import Document
from etl.extract.running_text import Running
from etl.extract.theme import NAMES, pattern
from etl.model import LinkKind

TEXT, MENU, FOOTER = 0, 1, 2
"""Where an element stands. A menu may show headlines; a footer's links are never teasers."""

MENU_WORDS = frozenset(NAMES["zones"]["menu"].split())
MENU_PAIRS = tuple(NAMES["zones"]["menu_pairs"].split())
FOOTER_WORDS = frozenset(NAMES["zones"]["footer"].split())
NOT_PAGE = frozenset(NAMES["zones"]["not_page"].split())
"""Words that make a footer the end of something smaller than the page."""
_TO_DASH = str.maketrans("_ \n\t", "----")
MARKED = frozenset({"a", "body", "html", "article", "nav", "footer", "blockquote"})
"""Elements whose tag says where they stand, whatever their names."""
EMBED = re.compile(r"tweet|twitter|instagram|tiktok|bluesky|mastodon|facebook|fb-post")
_POPULAR = pattern(NAMES["kinds"]["most_read"])
_RELATED = pattern(NAMES["kinds"]["related"])
LEVELS_MAX = 6
"""How far above a teaser a theme names its block."""


class Zones:
    """Answers for one page, each element and each class name looked at once."""

    def __init__(self, doc: Document, running: Running) -> None:
        self._doc = doc
        self._running = running
        self._zones: dict[int, int] = {-1: TEXT}
        self._named: dict[str, int] = {"": TEXT}

    def zone(self, element: int) -> int:
        """Return TEXT, MENU or FOOTER for the place of *element*."""
        parents, known = self._doc.parents, self._zones
        path: list[int] = []
        while element not in known:
            path.append(element)
            element = parents[element]
        answer = known[element]
        for step in reversed(path):
            if answer != FOOTER and (own := self._own_zone(step)) > answer:
                answer = own
            known[step] = answer
        return answer

    def _own_zone(self, element: int) -> int:
        doc = self._doc
        tag, attrs = doc.tags[element], doc.attrs[element]
        if tag in MARKED:
            if element <= self._running.container < doc.ends[element]:
                return TEXT
            if tag == "footer":
                return MENU if self._in_article(element) else FOOTER
            if tag == "blockquote":
                return FOOTER if EMBED.search(doc.hint(element)) else TEXT
            return MENU if tag == "nav" else TEXT
        if not attrs:
            return TEXT
        name = f"{attrs.get('class') or ''} {attrs.get('id') or ''} {attrs.get('role') or ''}"
        answer = self._named.get(name)
        if answer is None:
            answer = self._named[name] = zone_of(name)
        if answer and element <= self._running.container < doc.ends[element]:
            return TEXT
        return answer

    def _in_article(self, element: int) -> bool:
        """Tell the foot of an article, where its related blocks stand, from the foot of the page."""
        return any(self._doc.tags[above] in ("article", "main") for above in self._doc.ancestors(element))

    def kind(self, element: int, *, is_headed: bool = False) -> tuple[LinkKind, str]:
        return kind(self._doc, element, is_headed=is_headed)


def kind(doc: Document, element: int, *, is_headed: bool = False) -> tuple[LinkKind, str]:
    """Return the kind that the names of the elements around *element* suggest, and the rule: "latest" if none.

    Below a printed heading that says nothing we know only a ranking is believed: themes use one "related" box
    for everything.
    """
    for level, above in enumerate(doc.ancestors(element)):
        if level > LEVELS_MAX or doc.tags[above] == "body":
            break
        hint = doc.hint(above)
        if _POPULAR.search(hint):
            return "most_read", "theme"
        if not is_headed and _RELATED.search(hint):
            return "related", "theme"
    return "latest", "default"


def zone_of(name: str) -> int:
    """Return the zone that a class name says."""
    name = name.lower().translate(_TO_DASH)
    words = name.split("-")
    if not FOOTER_WORDS.isdisjoint(words):
        parts = [word for word in words if word]
        if any(
            word in FOOTER_WORDS and (not place or parts[place - 1] not in NOT_PAGE) for place, word in enumerate(parts)
        ):
            return FOOTER
    if not MENU_WORDS.isdisjoint(words) or any(pair in name for pair in MENU_PAIRS):
        return MENU
    return TEXT


globals().update(compiled.forms(__name__))
