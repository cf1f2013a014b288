"""What the publisher calls itself: the words that are no part of a headline and no person."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from etl.extract import scan
from etl.extract.structured import Structured, objects, strings

_WORDS = re.compile(r"\w+")
_LETTERS = bytes(
    ord(letter.lower()) if letter.isalnum() or letter == "_" else 32 for letter in map(chr, range(128))
) + bytes(128)
"""The same of ASCII, each byte as it is kept."""
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "ac", "or", "ne", "go", "gob", "edu"})

_REMEMBERED_CHARS_MAX = 400


def key(text: str) -> str:
    """Return the letters and digits of *text* in lower case, one space between words: what two spellings share."""
    return _remembered(text) if len(text) < _REMEMBERED_CHARS_MAX else _key(text)


def _key(text: str) -> str:
    if text.isascii():
        return scan.spelled(text, _LETTERS)
    return " ".join(_WORDS.findall(text.casefold()))


_remembered = lru_cache(maxsize=512)(_key)
"""A page's titles and names are asked for some twenty times."""


def names(facts: Structured, url: str) -> frozenset[str]:
    """Return the publisher's names as keys: from the markup, and the host name with and without its ending."""
    found = [*facts.meta.get("og:site_name", ())[:1], *facts.meta.get("application-name", ())[:1]]
    found += facts.meta.get("apple-mobile-web-app-title", ())[:1]
    for node in facts.articles[:2]:
        found += strings(node.get("publisher"))[:2]
    for node in facts.nodes[:40]:
        if node.get("@type") == "WebSite":
            found += strings(node.get("name"))[:1]
            for publisher in objects(node.get("publisher")):
                found += strings(publisher.get("name"))[:1]
    host = host_of(url)
    labels = host.split(".")
    if len(labels) > 1:
        end = -2 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else -1
        found += [host, ".".join(labels[end - 1 :]), labels[end - 1]]
    # A title shorter than the name it is compared with must not vanish: names of one letter prove nothing.
    return frozenset(name for text in found if len(name := key(text)) > 1)


def host_of(url: str) -> str:
    """Return the host of *url* without `www.`, or an empty string."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def is_name(text: str, known: frozenset[str]) -> bool:
    """Say whether *text* is one of the *known* names, or one of them with its web ending or section around it."""
    said = key(text)
    if said in known:
        return True
    tight = said.replace(" ", "")
    return any(tight == (close := name.replace(" ", "")) or _is_inside(close, tight) for name in known)


def _is_inside(name: str, text: str) -> bool:
    """Say whether one of the two holds the other and they are nearly as long ("BBC" and "BBC News" are one)."""
    short, long = sorted((name, text), key=len)
    return len(short) > 3 and short in long and len(long) <= 2 * len(short) + 6
