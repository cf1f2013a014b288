"""Where the readers' comments begin: a heading that says so, and the list below it.

Themes that name their comments are known to the judge of the body; hand-made pages are known by the words of the heading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from etl.extract import headings, vocabulary
from etl.extract.document import Document

HEADING_MAX_CHARS = 60
LEVELS_MAX = 6
BEFORE_MIN = 1 / 3
"""The share of the text that stands before its comments. Under the headline stands how many there are, and leads to them."""
NONE = (0, 0)
_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_BUILT = frozenset({"ul", "ol", "li", "article", "section", "time", "form", "textarea", "dl", "table"})
"""What comments are made of, and the paragraphs of a text are not."""
_WORDS = frozenset(map(headings.normal, vocabulary.words("comments", "headings")))
_COUNT = re.compile(r"\d[\d.,\u202f]*")


def find(doc: Document, body: Sequence[int]) -> tuple[int, int]:
    """Return the elements of the comments behind the text as a range; empty when no heading says that they are comments.

    *body* are the elements of the text's blocks, in reading order.
    """
    heads = [one for tag in _HEADINGS for one in doc.by_tag.get(tag, ()) if body and one > body[0]]
    for head in sorted(heads):
        if 0 < doc.text_length(head) <= HEADING_MAX_CHARS and _is_heading(text := doc.text(head)):
            end = _end(doc, head, body, is_counted=_COUNT.search(text) is not None)
            if end > head:
                return head, end
    return NONE


def _end(doc: Document, head: int, body: Sequence[int], *, is_counted: bool) -> int:
    """Return where the comments under *head* end; 0 when the heading is one of the text, of a guide to some language.

    A heading that counts says more than one that does not: "3 Comments".
    """
    last = max(element for element in body if element < head)
    after = [element for element in body if element > head]
    sizes = [(doc.text_length(element), element) for element in body]
    before = sum(size for size, element in sizes if element < head)
    if before < BEFORE_MIN * sum(size for size, _ in sizes):
        return 0
    if after and not is_counted and any(head < other < after[-1] for other in doc.by_tag.get(doc.tags[head], ())):
        return 0
    box = head
    for above, _ in zip(doc.ancestors(head), range(LEVELS_MAX), strict=False):
        if above <= last:
            break
        box = above
    held = [element for element in after if element < doc.ends[box]]
    end = doc.ends[box if held else doc.parents[box]]
    if box != head and not {doc.parents[one] for one in after}.isdisjoint(
        doc.parents[one] for one in body if one < head
    ):
        return 0  # the text goes on behind a line that leads to them
    is_prose = all(doc.parents[element] == doc.parents[head] for element in after)
    is_built = any(doc.tags[one] in _BUILT for one in range(head + 1, end))
    return 0 if after and is_prose and not (is_built or is_counted) else end


def is_count(text: str) -> bool:
    """Say whether *text* only tells how many comments there are."""
    is_counting = len(text) <= HEADING_MAX_CHARS and (text[0].isdigit() or text.rstrip(" )")[-1:].isdigit())
    return is_counting and _is_heading(text)


@lru_cache(maxsize=4096)
def _is_heading(text: str) -> bool:
    return headings.normal(_COUNT.sub(" ", text)) in _WORDS
