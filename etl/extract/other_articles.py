"""Other articles printed whole, or nearly, below this one: a heading that announces them, and a box of headlines with texts.

A box of links is known to the teasers. Blogs print whole texts of others there, which look like body one by one; their
headlines are links, and the heading above says what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from etl.extract import headings, vocabulary
from etl.extract.document import Document

LEVELS_MAX = 6
ENTRIES_MIN = 2
ENTRY_ELEMENTS = 12
"""So near its start the entry of another article has a link to it."""
_ANNOUNCE = frozenset(map(headings.normal, vocabulary.words("other_articles", "headings")))
_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_ENTRIES = frozenset({*_HEADINGS, "article"})


def find(doc: Document, body: Sequence[int]) -> list[tuple[int, int]]:
    """Return the boxes of other articles behind the start of the text, as ranges of elements.

    *body* are the elements of the text's blocks, in reading order.
    """
    if not body:
        return []
    found: list[tuple[int, int]] = []
    heads = sorted(one for tag in _HEADINGS for one in doc.by_tag.get(tag, ()) if body[0] < one < body[-1])
    for head in heads:
        size = doc.text_length(head)
        if 0 < size <= headings.HEADING_CHARS_MAX and _announces(doc.text(head)):
            box = _box(doc, head, body)
            if box != head and _entries(doc, head, doc.ends[box]) >= ENTRIES_MIN:
                found.append((head, doc.ends[box]))
    return found


def _box(doc: Document, head: int, body: Sequence[int]) -> int:
    """Return the largest box around a heading that holds no text before it; the heading itself when it has none of its own."""
    last = max(element for element in body if element < head)
    box = head
    for above, _ in zip(doc.ancestors(head), range(LEVELS_MAX), strict=False):
        if above <= last:
            break
        box = above
    return box


def _entries(doc: Document, head: int, end: int) -> int:
    """Return how many headings below *head* are links, or how many articles stand there that begin with one."""
    tags = doc.tags
    inside = [one for one in range(head + 1, end) if tags[one] in _ENTRIES]
    headlines = [
        one
        for one in inside
        if tags[one] != "article" and (tags[doc.parents[one]] == "a" or "a" in tags[one + 1 : doc.ends[one]])
    ]
    articles = [one for one in inside if tags[one] == "article" and "a" in tags[one + 1 : one + ENTRY_ELEMENTS]]
    return max(len(headlines), len(articles))


@lru_cache(maxsize=4096)
def _announces(heading: str) -> bool:
    said = headings.judge(heading)[0] is not None or headings.is_generic(heading)
    return said or headings.normal(heading) in _ANNOUNCE
