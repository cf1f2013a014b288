"""One page, parsed once, as flat arrays that every reader of the room shares.

Elements are numbered in document order, 0 is `<html>`. `tags[i]`, `parents[i]`, `ends[i]` and `attrs[i]` describe
element i; its descendants are exactly the elements `i + 1 … ends[i] - 1`. Visible text is a list of chunks in document
order: `texts[first_text[i]:last_text[i]]` is all the text under element i, and `owners[j]` is the element that directly
holds chunk j. `chars[j]` counts the visible characters before chunk j, so the length of the text under any element is one
subtraction. `boxes[j]` is the nearest block-level element around chunk j: where it changes a reader sees a new line, so
words do not join there. White space between tags is no chunk; where it separates words, the chunk before ends in a space.

Lexbor (selectolax) parses a 291 KB news page in 1.1 ms and one walk into these arrays (tree.py) takes 2.2 ms more (means of 40
open pages of the measuring corpus, on a machine where trafilatura takes 34 ms for them), its compiled form less than half of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode, SelectolaxError

from etl.errors import Unreadable
from etl.extract import tree
from etl.extract.armour import BODY_MAX_BYTES, tame
from etl.extract.charset import utf8
from etl.extract.scan import collapse

SOUNDED_MAX = 100_000
"""Elements of a page that is read a second time without the sounds of its words."""

_WHOLE = re.compile(r"https?://[a-z0-9.-]+/[A-Za-z0-9/_.~%=&+,@!:-]*(?:\?[A-Za-z0-9/_.~%=&+,@!:-]+)?")
"""Addresses that joining gives back as they are; it takes fourteen times as long as this pattern."""

_NOT_HTML = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x00\x00\x01\x00",
    b'{"',
)
"""First bytes of what servers send as text/html all the same: PDF, images, archives, JSON."""


@dataclass(slots=True, kw_only=True)
class Document(tree.Arrays):
    """One page; `tree.Arrays` names its arrays."""

    url: str
    base_url: str
    """What relative links are resolved against: `<base href>` or the page's own URL."""

    def text(self, element: int) -> str:
        """Return the visible text under *element* with single spaces."""
        return collapse("".join(self.texts[self.first_text[element] : self.last_text[element]]))

    def text_length(self, element: int) -> int:
        """Return the number of visible characters under *element*, white space at chunk ends not counted."""
        return self.chars[self.last_text[element]] - self.chars[self.first_text[element]]

    def hint(self, element: int) -> str:
        """Return class and id of *element* in lower case: what authors of themes say about a block."""
        attrs = self.attrs[element]
        return f"{attrs.get('class') or ''} {attrs.get('id') or ''}".lower()

    def attribute(self, element: int, name: str) -> str:
        return self.attrs[element].get(name) or ""

    def ancestors(self, element: int) -> Iterator[int]:
        """Yield the parents of *element* from the nearest to the root."""
        parent = self.parents[element]
        while parent >= 0:
            yield parent
            parent = self.parents[parent]

    def children(self, element: int) -> Iterator[int]:
        """Yield the child elements of *element* in order."""
        child, end = element + 1, self.ends[element]
        while child < end:
            yield child
            child = self.ends[child]

    def absolute(self, href: str) -> str | None:
        """Return *href* as an absolute URL, or None when it cannot be one."""
        href = href.strip()
        if _WHOLE.fullmatch(href):
            return href
        try:
            return urljoin(self.base_url, href)
        except ValueError:
            return None


def parse(body: bytes, *, url: str, content_type: str = "", drop: tuple[str, ...] = ()) -> Document:
    """Return the page as flat arrays, without what the selectors in *drop* match.

    Raises Unreadable when there is nothing to parse.
    """
    if not body or body.isspace():
        raise Unreadable(f"the page is empty: {url}", code="empty")
    if body.startswith(_NOT_HTML):
        raise Unreadable(f"the page is no HTML but starts with {body[:8]!r}: {url}", code="not_html")
    # Events would copy the chosen <option> into <selectedcontent>: nobody here reads forms.
    parser = LexborHTMLParser(
        tame(utf8(body[:BODY_MAX_BYTES], content_type=content_type)),
        scripting=True,
        options=LexborDocumentOptions.WO_EVENTS.value,
    )
    root = parser.root
    if root is None:
        raise Unreadable(f"no element in the page: {url}", code="empty")
    for selector in drop:
        try:
            unwanted = root.css(selector)
        except (SelectolaxError, ValueError):
            continue
        _take_out(root, unwanted)
    doc = _walked(url, root)
    if "rt" in doc.by_tag and "rp" not in doc.by_tag and len(doc.tags) < SOUNDED_MAX:
        # How a word sounds stands above it; in the line it is read only between the brackets that a page has for it (`rp`).
        _take_out(root, root.css("rt"))
        doc = _walked(url, root)
    if bases := doc.by_tag.get("base"):
        doc.base_url = doc.absolute(doc.attribute(bases[0], "href")) or url
    return doc


def _take_out(root: LexborNode, nodes: Sequence[LexborNode]) -> None:
    """Remove the nodes, but never the root, without which there is no page.

    Each once, though a list of selectors gives a node once for each that fits, and inner ones first: an outer one takes them along.
    """
    gone = {root.mem_id}
    for node in reversed(nodes):
        if node.mem_id not in gone:
            gone.add(node.mem_id)
            node.decompose()


def _walked(url: str, root: LexborNode) -> Document:
    doc = Document(url=url, base_url=url)
    tree.fill(doc, root)
    return doc
