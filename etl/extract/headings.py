"""What kind of links a printed heading announces, in any language of `headings.toml`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files

from etl.extract import scan
from etl.model import LinkKind

HEADING_CHARS_MAX = 90
LINES_MAX = 4096
"""Lines whose kind is kept from page to page: a publisher prints the same headings on all of them."""
_NOT_WORDS = re.compile(r"[^\w+]+")
_LETTERS = bytes(
    ord(letter.lower()) if letter.isalnum() or letter in "_+" else 32 for letter in map(chr, range(128))
) + bytes(128)
"""The same of ASCII, each byte as it is kept."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that print no space between words, and Korean, whose particles stick to the word."""
_ORDER: tuple[LinkKind, ...] = ("most_read", "related", "latest")
"""A popularity word wins over the others ("Most popular related stories" is a ranking), and "related" over "latest"."""


def kind(heading: str) -> LinkKind | None:
    """Return the kind of link that *heading* announces, or None when it says nothing we know."""
    if len(heading) > HEADING_CHARS_MAX:
        return None
    return _kind(normal(heading))


def judge(heading: str) -> tuple[LinkKind | None, bool]:
    """Return the kind that *heading* announces, and whether it heads nothing at all: "Advertisement", "Show all"."""
    return _judged(heading) if len(heading) <= HEADING_CHARS_MAX else _judge(heading)


def _judge(heading: str) -> tuple[LinkKind | None, bool]:
    text = normal(heading)
    if text in _NOISE or text.partition(" ")[0] in _ADVERTISING:
        return None, True
    return _kind(text), False


_judged = lru_cache(maxsize=LINES_MAX)(_judge)


def _kind(text: str) -> LinkKind | None:
    found: set[LinkKind] = set()
    words = text.split(" ")
    for first, word in enumerate(words):
        for length in _LENGTHS.get(word, ()):
            if (said := _SPACED.get(" ".join(words[first : first + length]))) is not None:
                found.add(said)
    if not text.isascii() and _UNSPACED.search(text):
        found.update(said for phrase, said in _GLUED.items() if phrase in text)
    return next((said for said in _ORDER if said in found), None)


def is_service(text: str) -> bool:
    """Tell whether a link's whole text is the name of a legal or service page ("Privacy policy")."""
    return normal(text) in _SERVICES


def is_generic(heading: str) -> bool:
    """Tell whether *heading* promises more to read without saying what: its items must tell."""
    text = normal(heading)
    return text in _GENERIC or text.startswith(_GENERIC_STARTS)


def is_advertising(line: str) -> bool:
    """Tell whether a whole line (`normal`) says that advertising stands beside it: "Advertisement", "Werbung", "Anzeige"."""
    return line in _ADVERTISING


def is_related(line: str) -> bool:
    """Tell whether a whole line (`normal`) announces other articles: "Read also", "Lesen Sie auch"."""
    return line in _GENERIC or _SPACED.get(line) == "related" or _GLUED.get(line) == "related"


def normal(text: str) -> str:
    """Return *text* case-folded, all but letters, digits and plus signs as single spaces."""
    if text.isascii():
        return scan.spelled(text, _LETTERS)
    text = unicodedata.normalize("NFC", text).casefold().replace("\u0307", "")
    return _NOT_WORDS.sub(" ", text.lower()).strip()


def _read(listed: dict[str, str]) -> tuple[dict[str, LinkKind], dict[str, LinkKind]]:
    spaced: dict[str, LinkKind] = {}
    glued: dict[str, LinkKind] = {}
    for said in _ORDER:
        for phrase in map(normal, listed[said].split("|")):
            (glued if _UNSPACED.search(phrase) else spaced).setdefault(phrase, said)
    return spaced, glued


_LISTED: dict[str, str] = tomllib.loads(files("etl.extract").joinpath("headings.toml").read_text(encoding="utf-8"))
_SPACED, _GLUED = _read(_LISTED)
_NOISE = frozenset(map(normal, _LISTED["noise"].split("|")))
_ADVERTISING = frozenset(map(normal, _LISTED["advertising"].split("|")))
_GENERIC = frozenset(map(normal, _LISTED["generic"].split("|")))
_SERVICES = frozenset(map(normal, _LISTED["services"].split("|")))
_GENERIC_STARTS = tuple(f"{normal(phrase)} " for phrase in _LISTED["generic_starts"].split("|"))
_LENGTHS: dict[str, set[int]] = {}
"""First word of a phrase → lengths in words of the phrases that start with it."""
for _phrase in _SPACED:
    _LENGTHS.setdefault(_phrase.partition(" ")[0], set()).add(_phrase.count(" ") + 1)
