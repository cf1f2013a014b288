"""The elements above a run of text: their kinds and the words of the theme, as bits and scores, each element read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
HIDDEN = 1 << (len(hints.NAMES) + len(_KINDS))
MASK_NAMES = (*hints.NAMES, *KIND_NAMES, "hidden")
APART = HIDDEN | sum(
    hints.BIT[name]
    for name in (
        "related", "sidebar", "share", "comment", "offer", "notice", "menu", "ad", "unseen", "tag", "byline", "caption",
    )
) | sum(KIND_BIT[tag] for tag in ("nav", "footer", "aside", "form"))  # fmt: skip


class Surroundings:
    """Bits and depths of elements, read once each, only for those above some text."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.own: dict[int, int] = {-1: 0}
        self.up: dict[int, int] = {-1: 0}
        self.depth: dict[int, float] = {-1: -1.0}
        self.score: dict[int, hints.Score] = {-1: hints.NO_SCORE}
        self.range: dict[int, tuple[float, float]] = {-1: (0.0, 0.0)}
        """The lowest and the highest score of an element and all above."""

    def learn(self, elements: Iterable[int]) -> None:
        """Make sure that *elements* and all above are known."""
        own, ups, depths, scores, ranges = self.own, self.up, self.depth, self.score, self.range
        tags, all_attrs, parents, read = self.doc.tags, self.doc.attrs, self.doc.parents, hints.read
        kinds, no_score = KIND_BIT, hints.NO_SCORE
        for element in elements:
            path: list[int] = []
            while element not in own:
                path.append(element)
                element = parents[element]
            # What is known of the parent goes down the path.
            up, depth, span = ups[element], depths[element], ranges[element]
            for one in reversed(path):
                attrs = all_attrs[one]
                tag = tags[one]
                bits = kinds.get(tag, 0)
                depth += 1.0
                score = no_score
                if attrs:
                    # The classes of <html> and <body> describe the page's frame, not a block of it.
                    if depth > 1.0:
                        said, score = read(attrs)
                        bits |= said
                        if score is not no_score and (score[0] < span[0] or score[1] > span[1]):
                            span = min(span[0], score[0]), max(span[1], score[1])
                    if (len(attrs) > 1 or "class" not in attrs) and is_hidden(attrs):
                        bits |= HIDDEN
                up |= bits
                own[one] = bits
                ups[one] = up
                depths[one] = depth
                scores[one] = score
                ranges[one] = span


def is_hidden(attrs: Mapping[str, str | None]) -> bool:
    return (
        "hidden" in attrs
        or ("aria-hidden" in attrs and attrs["aria-hidden"] == "true")
        or ("style" in attrs and "display:none" in (attrs["style"] or "").replace(" ", ""))
    )
