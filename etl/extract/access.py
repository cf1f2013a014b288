"""Whether anybody may read the article: what the page declares, then the marks of a paywall."""

from __future__ import annotations

from etl.extract import vocabulary
from etl.extract.choice import Choice
from etl.extract.document import Document
from etl.extract.structured import Structured, hints, objects, strings
from etl.model import Access

_TIERS: dict[str, Access] = {
    **dict.fromkeys(vocabulary.words("access", "free"), "free"),
    **dict.fromkeys(vocabulary.words("access", "metered"), "metered"),
    **dict.fromkeys(vocabulary.words("access", "paid"), "paid"),
}
WALLED_MAX_CHARS = 1_500
"""A page that shows more text than this shows it to everybody: themes carry the wall's markup on free articles too."""
_META = vocabulary.words("access", "meta")
_WALLS = vocabulary.words("access", "walls")


def read(doc: Document, facts: Structured, *, text: str = "") -> Choice[Access | None]:
    """Return free, metered or paid; None when the page says nothing.

    *text* is the body that was found: a wall in the markup counts only where the text is short.
    """
    for node in facts.articles[:3]:
        said = [text.lower().rsplit("/", 1)[-1] for text in strings(node.get("isAccessibleForFree"))[:1]]
        if said and said[0] in ("true", "false", "1", "0", "yes", "no"):
            return Choice(
                "free" if said[0] in ("true", "1", "yes") else _kind_of_wall(facts), "json-ld:isAccessibleForFree"
            )
        for part in objects(node.get("hasPart"))[:5]:
            if strings(part.get("isAccessibleForFree"))[:1] in (("False",), ("false",)):
                return Choice(_kind_of_wall(facts), "json-ld:hasPart.isAccessibleForFree")
    for name in _META:
        for value in facts.meta.get(name, ())[:1]:
            if tier := _TIERS.get(value.lower()):
                return Choice(tier, name)
    if len(text) > WALLED_MAX_CHARS:
        return Choice(None)
    # Walls are searched in all hints at once: a page has hundreds, and hardly any is a wall.
    hinted = hints(doc)
    every = "\n".join(hinted)
    for wall in _WALLS:
        if wall in every and any(wall in hint and doc.text_length(them[0]) > 0 for hint, them in hinted.items()):
            return Choice("paid", "wall")
    return Choice(None)


def _kind_of_wall(facts: Structured) -> Access:
    for name in _META:
        for value in facts.meta.get(name, ())[:1]:
            if _TIERS.get(value.lower()) == "metered":
                return "metered"
    return "paid"
