"""What is cut from a page before the parser sees it, so that no page costs more than a large honest one.

Measured on lexbor: 100,000 different attributes on one tag take 25 s (each is compared with all before it), 40,000 nested blocks
2.6 s (each looks for its scope), and 27 KB of `<b id=1><p><b id=2><p>…` become 2 million nodes and 700 MB (each paragraph opens all
unclosed formatting again, as the HTML Standard asks). Honest news pages stay under 60 levels, 400 attributes and 7,500 tags.
"""

from __future__ import annotations

import re
from itertools import islice

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

_COMMENT = rb"<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)"
_ATTRIBUTE_FORM = (
    rb"""[^ \t\n\r\f/>][^ \t\n\r\f/>=]*+(?:=(?:"[^"]*+"|'[^']*+')"""
    rb"""|[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\r\f>"'][^ \t\n\r\f>]*+)?+)?+"""
)
"""An attribute as the HTML Standard reads it: a quote opens a value only behind name and `=`, else it is part of a name."""
_ATTRIBUTE = re.compile(_ATTRIBUTE_FORM)
_TAG = re.compile(
    rb"%b|<(script|style|textarea|title)\b(?:[^<]++|<(?!/\1))*+(?:</\1|\Z)"
    rb"|<(/?)([a-zA-Z][^ \t\n\r\f>/]*+)((?:[ \t\n\r\f/]++|%b)*+)(?:>|\Z)" % (_COMMENT, _ATTRIBUTE_FORM),
    re.DOTALL | re.IGNORECASE,
)
"""Comments, raw text and tags. Each form takes the rest of the page when it is not closed: searching stays linear."""
_RAW_TEXT = b"|".join(
    rb"%b\b(?:[^<]++|<(?!/%b))*+(?:</%b\b[^>]*+>|\Z)" % (name, name, name)
    for name in (
        b"[sS][cC][rR][iI][pP][tT]",
        b"[sS][tT][yY][lL][eE]",
        b"[tT][eE][xX][tT][aA][rR][eE][aA]",
        b"[tT][iI][tT][lL][eE]",
    )
)
_SHORT_TAGS = re.compile(
    # What most of a page is made of comes first: text, closing tags, and attributes in double quotes.
    rb"(?:[^<]++|</[a-zA-Z][^>=]{0,20}+>|<(?=[stST])(?:%b)"
    rb'|<[a-zA-Z][^>= "]*+(?: [a-z-]++="[^"]*+"){0,100}+>|%b'
    rb"|</?[a-zA-Z][^ \t\n\r\f>/]*+(?:[ \t\n\r\f/]*+%b){0,%d}+[ \t\n\r\f/]*+>|<(?![a-zA-Z/!])|<!(?!--))*+"
    % (_RAW_TEXT, _COMMENT, _ATTRIBUTE_FORM, _ATTRIBUTES_MAX)
)
"""A page as long as each of its tags is closed and has no more than _ATTRIBUTES_MAX attributes.

One match reads an honest page of 300 KB in 0.5 ms. Counting `=` or looking for long stretches without `>` takes a quarter
of that, but attributes without value around one value that holds a `>` pass both.
"""
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_IMPLIED = frozenset(b"p li dt dd tr td th thead tbody tfoot colgroup option optgroup rt rp html head body".split())
"""Tags that pages leave open by right; they do not nest without others between."""
_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())
_DRESSED = re.compile(rb"<(?=[bcefinstu])(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE)
"""Formatting with attributes: of identical tags the parser reopens only three."""


def tame(body: bytes) -> bytes:
    """Return *body* without what makes parsing slower than linear; nearly always *body* itself.

    Three counts clear most pages in 0.3 ms; only the others are read tag by tag.
    """
    body = body[:BODY_MAX_BYTES]
    if b"\0" in body:
        body = body.replace(b"\0", b"")
    if len(body) > LONG_BYTES:
        body = _shortened(body, _ATTRIBUTES_MAX_LONG)
    elif (read := _SHORT_TAGS.match(body)) and read.end() < len(body):
        body = body[: read.end()] + _shortened(body[read.end() :], _ATTRIBUTES_MAX)
    if body.count(b"<") > _TAGS_SAFE or len(_DRESSED.findall(body)) > _DRESSED_SAFE:
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
    open_tags: list[bytes] = []
    formatting = 0
    cuts: list[tuple[int, int]] = []
    for tag in _TAG.finditer(body):
        name = tag[3]
        if name is None:
            continue
        name = name.lower()
        if tag[2]:
            if name in open_tags[-8:]:
                while (closed := open_tags.pop()) != name:
                    formatting -= closed in _FORMATTING
                formatting -= name in _FORMATTING
            elif name in _FORMATTING and formatting:
                # Misnested: the parser closes it wherever it stands.
                formatting -= 1
        elif name not in _VOID and name not in _IMPLIED:
            if len(open_tags) >= _DEPTH_MAX or (name in _FORMATTING and formatting >= _FORMATTING_MAX):
                cuts.append(tag.span())
                continue
            open_tags.append(name)
            formatting += name in _FORMATTING
    if not cuts:
        return body
    kept: list[bytes] = []
    end = 0
    for first, last in cuts:
        kept.append(body[end:first])
        end = last
    kept.append(body[end:])
    return b"".join(kept)
