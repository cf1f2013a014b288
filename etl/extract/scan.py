"""What is asked of every byte or character of a page: questions that C answers ten times as fast (`_scan.pyx`) as these do."""

from __future__ import annotations

import re

from etl import compiled

_DRESSED_NAMES = rb"(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)"
_UNCLEAR = re.compile(
    rb"<(?![^a-zA-Z]|[a-z0-9]++>|(?!html|body|%b[ \t\n\r\f/])[a-z0-9]++"
    # What most tags look like comes first.
    rb"""(?>(?: [a-z-]++="[^"]*+"){0,12}+)(?:>|"""
    rb"""(?:[ \t\r\n]++[^ \t\n\r\f/>"'<=]++(?:="[^"]*+"|='[^']*+'|=[^ \t\n\r\f>"'<]++)?+){0,12}+[ \n]*+/?>))"""
    % _DRESSED_NAMES
)


ATTRIBUTE_FORM = (
    rb"""[^ \t\n\r\f/>][^ \t\n\r\f/>=]*+(?:=(?:"[^"]*+"|'[^']*+')"""
    rb"""|[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\r\f>"'][^ \t\n\r\f>]*+)?+)?+"""
)
"""An attribute as the HTML Standard reads it: a quote opens a value only behind name and `=`, else it is part of a name."""
ATTRIBUTES_READ = 100
_SPACE = rb"[ \t\n\r\f/]*+"
_ATTRIBUTES = rb"(?:%b%b){0,100}+%b" % (_SPACE, ATTRIBUTE_FORM, _SPACE)
_OF_TAG = {True: re.compile(rb"<[a-zA-Z][^ \t\n\r\f/>]*+" + _ATTRIBUTES), False: re.compile(_ATTRIBUTES)}
_ATTRIBUTE = re.compile(ATTRIBUTE_FORM)
_NAMED = re.compile(rb"<(?:%b|(html|body))[\s/]" % _DRESSED_NAMES, re.IGNORECASE)
"""Formatting with attributes: of identical tags the parser reopens only three. The attributes of each further <html> and <body>
are given to the first."""
READ_MAX = 4
"""How often a page may be read over to count attributes: scripts make it 0.2 in the mean of 127 pages, 3.2 at most of 1,477."""
READ_LEAST = 1_000_000
"""Bytes that are read over in any case."""
COMPARISONS_MAX = 40_000_000
"""Of attributes, on tags beyond the limit: 0.1 s."""
_QUOTES = (b'"', b"'")
_BEFORE_QUOTE = b"= \t\n\r\f"


def next_unclear(body: bytes, start: int) -> int:
    """Return the first place from *start* on where a tag may begin, in whatever context, that is not plainly short; -1 for none.

    Such a place is a `<` before a letter (or the end). Plainly short has at most 24 attributes of the usual forms, and is no
    `<html>`, `<body>` or formatting with attributes. 70 of 1,150 places on a page of 315 KB are unclear.
    """
    found = _UNCLEAR.search(body, start)
    return found.start() if found else -1


def end_of_short(body: bytes, start: int, most: int) -> int:
    """Return where the tag at *start* ends if it has less than *most* attributes; -1 when that takes a closer look.

    A quote that is open at the first `>` is the last of its kind before, and stands behind `=`.
    """
    end = body.find(b">", start)
    if end < 0:
        return -1
    for quote in _QUOTES:
        last = body.rfind(quote, start, end)
        if last >= 0 and body[last - 1] in _BEFORE_QUOTE:
            return -1
    if end - start < 2 * most:
        return end
    # An attribute begins behind white space, a slash or the quote that closes a value.
    tag = body[start:end]
    starts = len(tag) - len(tag.translate(None, b" \t\n\r\f/")) + tag.count(b'="') + tag.count(b"='")
    return end if starts < most else -1


def past_attributes(body: bytes, start: int, *, is_tag: bool) -> int:
    """Return where the next ATTRIBUTES_READ attributes end, with the white space around them.

    *start* is where a tag begins or else where its further attributes do.
    """
    found = _OF_TAG[is_tag].match(body, start)
    return found.end() if found else start


def affordable(body: bytes, most: int) -> tuple[int, int, int]:
    """Return up to where the attributes of *body* can be compared, how many tags are dressed formatting, and the number of `<`.

    A tag is read from each `<` before a letter, also in scripts and comments: which of these the parser takes for tags depends
    on what is open, and here nothing needs to be known of it. Readings that overlap are all counted. A tag of *most* attributes
    or more costs as if each were compared with all before it.
    """
    left, comparisons, merged, dressed = READ_MAX * len(body) + READ_LEAST, 0, 0, 0
    start = next_unclear(body, 0)
    while start >= 0:
        count, at, end = 0, end_of_short(body, start, most), -1
        if at < 0:
            at, end = start, past_attributes(body, start, is_tag=True)
        while end > at and comparisons <= COMPARISONS_MAX:
            at = end
            if body[at : at + 1] in (b">", b""):
                break
            count += ATTRIBUTES_READ
            if count >= most:
                comparisons += 200 * count
            end = past_attributes(body, at, is_tag=False)
        named = _NAMED.match(body, start)
        if named and named[1] is None:
            dressed += 1
        elif named:
            count = len(_ATTRIBUTE.findall(body, start + len(b"<html"), at))
            merged += count
            comparisons += count * merged
        left -= at - start
        if left < 0 or comparisons > COMPARISONS_MAX:
            return start, dressed, body.count(b"<", 0, start)
        start = next_unclear(body, start + 1)
    return len(body), dressed, body.count(b"<")


def is_utf8(body: bytes) -> bool:
    """Say whether *body* is valid UTF-8 (RFC 3629: no surrogates, no longer forms than needed)."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def collapse(text: str) -> str:
    """Return *text* with each run of white space made one space, and none at its ends."""
    return " ".join(text.split())


def spelled(text: str, letters: bytes) -> str:
    """Return *text*, which is ASCII, with each character as *letters* says: small letters and digits, or a space.

    Runs of spaces are one space, and there is none at the ends.
    """
    return b" ".join(text.encode("ascii").translate(letters).split()).decode()


globals().update(compiled.forms(__name__))
