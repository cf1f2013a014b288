"""Dialogs that ask for consent to cookies: long, well-formed text that is on every page of a site and on none its article.

Most are known by the name of the program that shows them; the others speak of cookies and say that they are a dialog, or have a
button that accepts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from etl.extract import headings, vocabulary
from etl.extract.document import Document

_NAME = re.compile(
    r"onetrust|ot-(?<=\bot-)(?:main|pc|sdk)|gdpr|didomi|usercentrics|qc-cmp|"
    r"cookie[-_]?(?:ban|bar|cons|dia|info|law|lay|mess|mod|not|over|pol|pop|wall)|consent[-_](?:ban|dia|lay|mod|over|pop|wall)"
)
"""Names that consent programs, and themes, give to such a dialog. All begin with a letter: so a search need not try everywhere."""
_PARTS = ("cookie", "consent", "ot-", "onetrust", "gdpr", "didomi", "usercentrics", "qc-cmp")
"""One of these is in each such name."""


BOX_MAX_CHARS = 3_000
"""A box that says more is no dialog, whatever stands in it."""
BOX_LEVELS = 6
BUTTON_MAX_CHARS = 60
_ROLES = frozenset({"dialog", "alertdialog"})
_COOKIES = vocabulary.words("consent", "other_cookies")
_LATIN_COOKIES = tuple(word for word in _COOKIES if max(word) < "\u0250")
_WIDE_COOKIES = tuple(word for word in _COOKIES if word not in _LATIN_COOKIES)
_WIDE = re.compile("[\u0370-\u1fff\u3040-\ud7af]")
EMBED_MAX_CHARS, EMBED_HEAD = 500, 90
_EMBEDS = tuple(f"{headings.normal(words)} " for words in vocabulary.words("consent", "embeds"))
_EMBED_FIRST = frozenset(words[:2] for words in _EMBEDS)
SAMPLED = 13
"""Of so many letters one tells the script."""
_ACCEPT = frozenset(map(headings.normal, vocabulary.words("consent", "accept")))


class Dialogs:
    """Tells of elements whether they stand in a consent dialog, each looked at once."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._heads = doc.by_tag.get("h1", ())
        self._known: dict[int, bool] = {-1: False}
        self._names: dict[str, bool] = {" ": False}

    def hold(self, element: int) -> bool:
        """Say whether *element* stands in a dialog. What holds a headline is none: articles are written about cookies, too."""
        parents, path = self._doc.parents, list[int]()
        while element not in self._known:
            path.append(element)
            element = parents[element]
        for one in reversed(path):
            is_named = parents[one] > 0 and (self._is_dialog(one) or self._is_named(self._doc.hint(one)))
            self._known[one] = self._known[parents[one]] or (is_named and not self._is_headed(one))
            element = one
        return self._known[element]

    def asking(self, texts: Sequence[tuple[int, str]]) -> list[tuple[int, int]]:
        """Return the boxes, as ranges of elements, that ask for consent and have no telling name.

        *texts* are elements and what stands in them: those that speak of cookies are looked at.
        """
        if not _says_cookies("\n".join([text for _, text in texts])):
            return []
        return [box for element, text in texts if _says_cookies(text) and (box := self._asks(element)) is not None]

    def _asks(self, element: int) -> tuple[int, int] | None:
        """Return the smallest box around *element* with a button that accepts cookies."""
        doc = self._doc
        for _ in range(BOX_LEVELS):
            if element <= 0 or doc.tags[element] in ("body", "article", "main"):
                break
            if doc.text_length(element) > BOX_MAX_CHARS or self._is_headed(element):
                break
            end = doc.ends[element]
            if any(self._accepts(inner) for inner in range(element + 1, end)):
                return element, end
            element = doc.parents[element]
        return None

    def _accepts(self, element: int) -> bool:
        doc = self._doc
        tag = doc.tags[element]
        if tag == "input":
            return _is_accepting(doc.attribute(element, "value"))
        is_button = tag in ("button", "a") or doc.attribute(element, "role") == "button"
        return is_button and doc.text_length(element) <= BUTTON_MAX_CHARS and _is_accepting(doc.text(element))

    def _is_dialog(self, element: int) -> bool:
        """Say whether *element* tells whoever reads the page aloud that it is a dialog (WAI-ARIA, 5.3.5), and speaks of cookies.

        A year's report unfolds its chapters in dialogs, too.
        """
        doc = self._doc
        is_one = doc.tags[element] == "dialog" or doc.attrs[element].get("role") in _ROLES
        return is_one and _says_cookies(doc.text(element))

    def _is_named(self, hint: str) -> bool:
        """Say whether a hint names a dialog. Most elements have no name, and most names none of these parts."""
        if hint not in self._names:
            self._names[hint] = any(map(hint.__contains__, _PARTS)) and _NAME.search(hint) is not None
        return self._names[hint]

    def _is_headed(self, element: int) -> bool:
        return any(element <= head < self._doc.ends[element] for head in self._heads)


def is_embed(text: str) -> bool:
    """Say whether a paragraph stands in for what another site would show: "An dieser Stelle finden Sie externe Inhalte …"."""
    return (
        len(text) <= EMBED_MAX_CHARS
        and text[:2].lower() in _EMBED_FIRST
        and headings.normal(text[:EMBED_HEAD]).startswith(_EMBEDS)
    )


@lru_cache(maxsize=1024)
def _is_accepting(label: str) -> bool:
    return headings.normal(label) in _ACCEPT


def _says_cookies(text: str) -> bool:
    if "ookie" in text or "OOKIE" in text:
        return True
    if text.isascii():
        return False
    return any(word in text for word in (_WIDE_COOKIES if _WIDE.search(text[::SAMPLED]) else _LATIN_COOKIES))
