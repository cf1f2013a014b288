"""What is cut from a page before the parser sees it, so that no page costs more than a large honest one.

Measured on lexbor: 100,000 different attributes on one tag take 25 s (each is compared with all before it), 40,000 nested blocks
2.6 s (each looks for its scope), and 27 KB of `<b id=1><p><b id=2><p>…` become 2 million nodes and 700 MB (each paragraph opens all
unclosed formatting again, as the HTML Standard asks). Honest news pages stay under 60 levels, 400 attributes and 7,500 tags.
"""

from __future__ import annotations

import re
from itertools import islice

from etl.extract import scan

BODY_MAX_BYTES = 12_000_000
"""The rest of a longer page is not read: the longest live blogs seen have 5 MB."""
NODES_MAX = 400_000
"""Elements and texts that are read: thirty times the largest page of the measuring corpus."""

_DEPTH_MAX = 512
"""The same limit as in Chromium and WebKit."""
_FORMATTING_MAX = 40
_ATTRIBUTES_MAX = 400
_ATTRIBUTES_MAX_LONG = 100
"""The same for a page over LONG_BYTES: it has room for more tags."""
LONG_BYTES = 1_000_000
_TAGS_SAFE = 8_000
"""Fewer tags cannot nest deep enough to take 0.1 s."""
_DRESSED_SAFE = 300

_COMMENT = rb"<!--(?:-?>|(?:[^-]++|-(?!-!?>))*+(?:--!?>|\Z))"
_ATTRIBUTE = re.compile(scan.ATTRIBUTE_FORM)
_TAG = re.compile(
    rb"%b|<(script|style|textarea|title|xmp|iframe|noembed|noframes|noscript)\b(?:[^<]++|<(?!/\1))*+(?:</\1|\Z)"
    rb"|<(/?)([a-zA-Z][^ \t\n\r\f>/]*+)((?:[ \t\n\r\f/]++|%b)*+)(?:>|\Z)" % (_COMMENT, scan.ATTRIBUTE_FORM),
    re.DOTALL | re.IGNORECASE,
)
"""Comments, raw text and tags. Each form takes the rest of the page when it is not closed: searching stays linear."""
_OPENING = re.compile(rb"<([a-zA-Z][^ \t\n\r\f/>]*+)(?:[ \t\n\r\f/]++|%b)*+(?:>|\Z)" % scan.ATTRIBUTE_FORM)
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_IMPLIED = frozenset(b"p li dt dd tr td th thead tbody tfoot colgroup option optgroup rt rp html head body".split())
"""Tags that pages leave open by right; they do not nest without others between."""
_WALLS = frozenset(b"table template object applet marquee".split())
"""An end tag closes nothing outside the nearest of these; only that of a table passes most."""
_FOREIGN = frozenset((b"svg", b"math"))
_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())


def tame(body: bytes) -> bytes:
    """Return *body* without what makes parsing slower than linear; nearly always *body* itself."""
    body = body[:BODY_MAX_BYTES]
    if b"\0" in body:
        body = body.replace(b"\0", b"")
    most = _ATTRIBUTES_MAX_LONG if len(body) > LONG_BYTES else _ATTRIBUTES_MAX
    end, dressed, tags = scan.affordable(body, most)
    if end < len(body):
        body = _shortened(body, most)
        # What stands in no tag to us may do so to the parser, which knows foreign content and where no comment is.
        end, dressed, tags = scan.affordable(body, most)
        body = body[:end]
    if tags > _TAGS_SAFE or dressed > _DRESSED_SAFE:
        body = _flatten(body)
    return body


def _shortened(body: bytes, attributes_max: int) -> bytes:
    """Return *body* with at most *attributes_max* attributes on each tag."""

    def shorten(tag: re.Match[bytes]) -> bytes:
        attributes = tag[4]
        if attributes is None or len(attributes) < 2 * attributes_max:
            return tag[0]
        kept = [attribute[0] for attribute in islice(_ATTRIBUTE.finditer(attributes), attributes_max + 1)]
        if len(kept) <= attributes_max:
            return tag[0]
        return b"<" + tag[2] + tag[3] + b" " + b" ".join(kept[:-1]) + b">"

    return _TAG.sub(shorten, body)


def _flatten(body: bytes) -> bytes:
    """Drop the tags that open deeper than a browser would go, and formatting that nobody closes."""
    nesting = _Nesting()
    cuts: list[tuple[int, int]] = []
    for tag in _TAG.finditer(body):
        name = tag[3]
        if name is None:
            # Inside `<svg>` and `<math>` the parser finds tags in what is raw text elsewhere.
            if tag[1] and nesting.foreign:
                inner = _OPENING.finditer(body, tag.start() + 1, tag.end())
                cuts += [one.span() for one in inner if not nesting.open(one[1].lower())]
        elif tag[2]:
            nesting.close(name.lower())
        elif not nesting.open(name.lower()):
            cuts.append(tag.span())
    if not cuts:
        return body
    kept: list[bytes] = []
    end = 0
    for first, last in cuts:
        kept.append(body[end:first])
        end = last
    kept.append(body[end:])
    return b"".join(kept)


class _Nesting:
    """The elements that are open, as far as depth goes: never fewer than the parser's."""

    def __init__(self) -> None:
        self.foreign = 0
        self._open: list[bytes] = []
        self._formatting = 0

    def open(self, name: bytes) -> bool:
        """Say whether there is room for one more, and count it."""
        if name in _VOID or name in _IMPLIED:
            return True
        is_formatting = name in _FORMATTING
        if len(self._open) >= _DEPTH_MAX or (is_formatting and self._formatting >= _FORMATTING_MAX):
            return False
        self._open.append(name)
        self._formatting += is_formatting
        self.foreign += name in _FOREIGN
        return True

    def close(self, name: bytes) -> None:
        for open_ in reversed(self._open[-8:]):
            if open_ == name:
                break
            if open_ in _WALLS and (name != b"table" or open_ == b"template"):
                return
        else:
            # Misnested: the parser closes it wherever it stands.
            self._formatting -= name in _FORMATTING and self._formatting > 0
            return
        while True:
            closed = self._open.pop()
            self._formatting -= closed in _FORMATTING
            self.foreign -= closed in _FOREIGN
            if closed == name:
                return
