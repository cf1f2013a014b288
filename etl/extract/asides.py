"""Lines in the text that are the page's own: advertising, "read also", tools, offers, credits, labels of tags.

The judge of the body knows such a line by its links, its class and its place. Where a page prints it as one more paragraph, only
its words tell; so they are whole lines, or beginnings that no sentence of an article has.
"""

from __future__ import annotations

import re
from functools import lru_cache

from etl.extract import headings, vocabulary
from etl.model import BlockKind

LINE_MAX_CHARS = 160
SHORT_MAX_CHARS = 60
LINES_MAX = 4096
"""Verdicts that are kept from page to page: a publisher prints the same lines on all of them."""
_SET_OFF = re.compile(r"\s?[:：»›|]\s?|\s[–—-]\s")
_DIGITS = re.compile(r"\d+")
_SENTENCES = re.compile(r"[.!。！।]\s+\S")


def _lines(name: str) -> frozenset[str]:
    return frozenset(map(headings.normal, vocabulary.words("asides", name)))


_WHOLE, _COUNTED, _LABELS = _lines("whole"), _lines("counted"), _lines("labels")
_STARTS = tuple(map(headings.normal, vocabulary.words("asides", "starts")))


def is_aside(text: str, kind: BlockKind) -> bool:
    """Say whether a block of the body is such a line. Of a list and a quote nothing is: their short lines are the article's."""
    return len(text) <= LINE_MAX_CHARS and kind in ("paragraph", "heading") and _is_aside(text, kind == "heading")


@lru_cache(maxsize=LINES_MAX)
def _is_aside(text: str, is_heading: bool) -> bool:
    line = headings.normal(text)
    label, *rest = _SET_OFF.split(text, 1)
    said = headings.normal(label)
    if (
        headings.is_advertising(line)
        or headings.is_related(line)
        or (headings.is_advertising(said) and len(text) <= SHORT_MAX_CHARS)
    ):
        return True
    if is_heading or not line:
        return False
    if line in _WHOLE or _DIGITS.sub("0", line) in _COUNTED:
        return True
    is_led = (rest and rest[0] and (headings.is_related(said) or said in _LABELS)) or line.startswith(_STARTS)
    return bool(is_led) and not _SENTENCES.search(text)
