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
        self._hints = hints.Hints()
        self.own: dict[int, int] = {-1: 0}
        self.up: dict[int, int] = {-1: 0}
        self.depth: dict[int, int] = {-1: -1}
        self.score: dict[int, hints.Score] = {-1: hints.NO_SCORE}
        self.low: dict[int, float] = {-1: 0.0}
        self.high: dict[int, float] = {-1: 0.0}

    def learn(self, element: int) -> None:
        """Make sure that *element* and all above are known."""
        doc, own = self.doc, self.own
        parents, path = doc.parents, list[int]()
        while element not in own:
            path.append(element)
            element = parents[element]
        tags, all_attrs, read = doc.tags, doc.attrs, self._hints.read
        # What is known of the parent goes down the path.
        up, depth, low, high = self.up[element], self.depth[element], self.low[element], self.high[element]
        for one in reversed(path):
            bits = KIND_BIT.get(tags[one], 0)
            depth += 1
            score = hints.NO_SCORE
            if attrs := all_attrs[one]:
                # The classes of <html> and <body> describe the page's frame, not a block of it.
                if depth > 1:
                    said, score = read(attrs)
                    bits |= said
                    if score[0] < low:
                        low = score[0]
                    if score[1] > high:
                        high = score[1]
                if (
                    "hidden" in attrs
                    or ("aria-hidden" in attrs and attrs["aria-hidden"] == "true")
                    or ("style" in attrs and "display:none" in (attrs["style"] or "").replace(" ", ""))
                ):
                    bits |= _HIDDEN
            up |= bits
            own[one] = bits
            self.up[one] = up
            self.depth[one] = depth
            self.score[one] = score
            self.low[one] = low
            self.high[one] = high
