"""What the names in a theme's markup say: the role of a piece of text, and words for other readers (`theme_names.toml`)."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from etl.extract.document import Document

TITLE, KICKER, DATE, AUTHOR, DECK, OTHER, HIDDEN, PLAIN = range(8)
"""Roles of a piece of text in a teaser; PLAIN: the theme says nothing."""

NAMES: dict[str, dict[str, str]] = tomllib.loads(
    files("etl.extract").joinpath("theme_names.toml").read_text(encoding="utf-8")
)
_CLIPPED = re.compile(r"clip:|width:\s*1px")
_VALUES = re.compile(r"\[[^\]]*\]")
"""Arbitrary values in the class names of utility frameworks (`text-[--kicker-color]`) name a colour, not a role."""


def pattern(alternatives: str) -> re.Pattern[str]:
    """Return one regular expression of *alternatives*, parted by white space."""
    return re.compile("|".join(alternatives.split()))


_ROLES = [
    (role, pattern(NAMES["roles"][name]))
    for role, name in (
        (HIDDEN, "hidden"),
        (KICKER, "kicker"),
        (DECK, "deck"),
        (TITLE, "title"),
        (AUTHOR, "author"),
        (DATE, "date"),
        (OTHER, "other"),
    )
]


_ANY_ROLE = pattern(" ".join(NAMES["roles"].values()))
_RANKED = (*(role for role, _ in _ROLES), PLAIN)
WORD_CHARS_MAX, WORDS_MAX = 40, 8192
"""Words of class names are kept from page to page: themes share them, and a publisher's pages share all of them."""


class Roles:
    """Answers for one page, each class name looked at once."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._known: dict[str, int] = {}

    def of(self, element: int) -> int:
        """Return what the name of *element* says about the text it holds."""
        if self._doc.tags[element] == "time":
            return DATE
        attrs = self._doc.attrs[element]
        name = attrs.get("class")
        if not name:
            return HIDDEN if "style" in attrs and _CLIPPED.search(attrs["style"] or "") else PLAIN
        role = self._known.get(name)
        if role is None:
            role = self._known[name] = _role_of((_VALUES.sub("", name) if "[" in name else name).lower())
        return role


def _role_of(name: str) -> int:
    """Return the first of the roles, in their order, that a word of *name* says: no pattern reaches over a space."""
    best = len(_ROLES)
    for word in name.split():
        rank = _rank_of(word) if len(word) <= WORD_CHARS_MAX else _rank(word)
        if rank < best:
            best = rank
    return _RANKED[best]


def _rank(word: str) -> int:
    """Return the place in `_ROLES` of the first that *word* says, or their number when it says none."""
    if _ANY_ROLE.search(word) is None:
        return len(_ROLES)
    return next((rank for rank, (_, names) in enumerate(_ROLES) if names.search(word)), len(_ROLES))


_rank_of = lru_cache(maxsize=WORDS_MAX)(_rank)
