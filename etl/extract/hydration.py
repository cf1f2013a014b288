"""The text of pages that only JavaScript prints: it waits in a script as HTML inside JSON, often escaped twice.

One page in sixty-four of the open news corpus is such a page (server components, hydration state). This is read only when
the page itself shows no text.
"""

from __future__ import annotations

import json
import re

from etl.errors import Unreadable
from etl.extract import document, runs
from etl.extract.document import Document
from etl.model import Block

TEXT_MIN_CHARS = 300
_SCRIPT_MAX_CHARS = 3_000_000
_NESTING_MAX = 3
_HTML = re.compile(r"(?:<|\\+u003[cC])(?:p|br|div)\b")
_LITERAL = re.compile(r'"((?:[^"\\]++|\\.?)*+)(?:"|\Z)', re.DOTALL)
"""A string; one that nobody closes takes the rest, or each of its escaped quotes would be tried as a beginning of its own."""
_PARAGRAPHS = frozenset({"p", "blockquote", "li", "h2", "h3", "h4"})


def read(doc: Document) -> tuple[Block, ...]:
    """Return the blocks of the longest text with paragraphs in the page's scripts; none when there is no such text."""
    best: tuple[Block, ...] = ()
    best_length = TEXT_MIN_CHARS
    for script in doc.scripts():
        if not _HTML.search(script, 0, _SCRIPT_MAX_CHARS):
            continue
        for html in _strings(script[:_SCRIPT_MAX_CHARS], _NESTING_MAX):
            blocks = _blocks(html, doc.url)
            length = sum(len(block.text) for block in blocks)
            if length > best_length:
                best, best_length = blocks, length
    return best


def _strings(text: str, nesting: int) -> list[str]:
    """Return the JSON strings in *text*, and in the JSON inside them, that hold paragraphs."""
    found: list[str] = []
    for literal in _LITERAL.finditer(text):
        if literal.end() - literal.start() < TEXT_MIN_CHARS or not _HTML.search(literal[1]):
            continue
        try:
            value: object = json.loads(literal[0], strict=False)
        except ValueError:
            continue
        if not isinstance(value, str):
            continue
        inner = _strings(value, nesting - 1) if nesting and "u003" in value else []
        found += inner or ([value] if "<" in value else [])
    return found


def _blocks(html: str, url: str) -> tuple[Block, ...]:
    # What a site's own script would put into the page may begin with marks of its templates.
    start = html.find("<")
    try:
        doc = document.parse(html[start:].encode("utf-8", "replace"), url=url)
    except Unreadable:
        return ()
    page = runs.read(doc)
    return tuple(
        Block("heading" if doc.tags[box][0] == "h" else "paragraph", text)
        for box, text, linked in zip(page.boxes, page.texts, page.linked, strict=True)
        if doc.tags[box] in _PARAGRAPHS and linked < len(text) / 2 and not _is_caption(doc, box)
    )


def _is_caption(doc: Document, element: int) -> bool:
    return any("caption" in doc.hint(one) or doc.tags[one] == "figure" for one in (element, *doc.ancestors(element)))
