"""Dialogs that ask for consent to cookies: long, well-formed text that is on every page of a site and on none its article."""

from __future__ import annotations

import re

from etl.extract.document import Document

_NAME = re.compile(
    r"onetrust|ot-(?<=\bot-)(?:main|pc|sdk)|gdpr|didomi|usercentrics|qc-cmp|"
    r"cookie[-_]?(?:ban|bar|cons|dia|info|law|lay|mess|mod|not|over|pol|pop|wall)|consent[-_](?:ban|dia|lay|mod|over|pop|wall)"
)
"""Names that consent programs, and themes, give to such a dialog. All begin with a letter: so a search need not try everywhere."""


class Dialogs:
    """Tells of elements whether they stand in a consent dialog, each looked at once."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._heads = doc.by_tag.get("h1", ())
        self._known: dict[int, bool] = {-1: False}

    def hold(self, element: int) -> bool:
        """Say whether *element* stands in a dialog. What holds a headline is none: articles are written about cookies, too."""
        parents, path = self._doc.parents, list[int]()
        while element not in self._known:
            path.append(element)
            element = parents[element]
        for one in reversed(path):
            is_named = parents[one] > 0 and _NAME.search(self._doc.hint(one)) is not None
            self._known[one] = self._known[parents[one]] or (is_named and not self._is_headed(one))
            element = one
        return self._known[element]

    def _is_headed(self, element: int) -> bool:
        return any(element <= head < self._doc.ends[element] for head in self._heads)
