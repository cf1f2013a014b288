"""The elements above a run of text: their kinds and the words of the theme, as bits and scores, each element read once."""

from __future__ import annotations

from etl.extract import hints
from etl.extract.document import Document

_KINDS = (
    ("paragraph", "p"),
    ("division", "div section"),
    ("item", "li dd dt"),
    ("cell", "td th"),
    ("heading1", "h1"),
    ("heading", "h2 h3"),
    ("subheading", "h4 h5 h6"),
    ("blockquote", "blockquote"),
    ("figure", "figure figcaption picture"),
    ("article", "article"),
    ("main", "main"),
    ("asides", "aside"),
    ("header", "header"),
    ("footer", "footer"),
    ("navigation", "nav"),
    ("form", "form fieldset button label"),
    ("list", "ul ol dl"),
    ("table", "table"),
    ("details", "details summary address"),
    ("dressed", "pre code center font"),
)
KIND_NAMES = tuple(name for name, _ in _KINDS)
KIND_BIT = {tag: 1 << (len(hints.NAMES) + place) for place, (_, tags) in enumerate(_KINDS) for tag in tags.split()}
_HIDDEN = 1 << (len(hints.NAMES) + len(_KINDS))
MASK_NAMES = (*hints.NAMES, *KIND_NAMES, "hidden")
APART = _HIDDEN | sum(
    hints.BIT[name]
    for name in (
        "related", "sidebar", "share", "comment", "offer", "notice", "menu", "ad", "unseen", "tag", "byline", "caption",
    )
) | sum(KIND_BIT[tag] for tag in ("nav", "footer", "aside", "form"))  # fmt: skip


class Surroundings:
    """Bits and depths of elements, read once each, only for those above some text."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.hints = hints.Hints(doc)
        self.own: dict[int, int] = {-1: 0}
        self.up: dict[int, int] = {-1: 0}
        self.depth: dict[int, int] = {-1: -1}
        self.score: dict[int, hints.Score] = {-1: hints.NO_SCORE}
        self.low: dict[int, float] = {-1: 0.0}
        self.high: dict[int, float] = {-1: 0.0}

    def learn(self, element: int) -> None:
        """Make sure that *element* and all above are known."""
        parents, path = self.doc.parents, list[int]()
        tags, all_attrs = self.doc.tags, self.doc.attrs
        while element not in self.own:
            path.append(element)
            element = parents[element]
        for one in reversed(path):
            parent = parents[one]
            bits = KIND_BIT.get(tags[one], 0)
            score = hints.NO_SCORE
            if attrs := all_attrs[one]:
                # The classes of <html> and <body> describe the page's frame, not a block of it.
                if parent > 0:
                    bits |= self.hints.of(one)
                    score = self.hints.score(one)
                if (
                    "hidden" in attrs
                    or attrs.get("aria-hidden") == "true"
                    or ("style" in attrs and "display:none" in (attrs["style"] or "").replace(" ", ""))
                ):
                    bits |= _HIDDEN
            self.own[one] = bits
            self.up[one] = self.up[parent] | bits
            self.depth[one] = self.depth[parent] + 1
            self.score[one] = score
            low, high = self.low[parent], self.high[parent]
            self.low[one] = min(low, score[0])
            self.high[one] = max(high, score[1])
