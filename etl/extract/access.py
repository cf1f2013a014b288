"""Whether anybody may read the article: what the page declares, then the marks of a paywall."""

from __future__ import annotations

from etl.extract import vocabulary
from etl.extract.choice import Choice
from etl.extract.document import Document
from etl.extract.structured import Structured, objects, strings
from etl.model import Access

_TIERS: dict[str, Access] = {
    **dict.fromkeys(("free", "open", "public", "false", "no"), "free"),
    **dict.fromkeys(("metered", "registration", "reg"), "metered"),
    **dict.fromkeys(
        (
            "locked",
            "paid",
            "premium",
            "subscriber",
            "subscribers",
            "subscription",
            "true",
            "plus",
            "paywall",
            "payed",
            "yes",
        ),
        "paid",
    ),
}
_META = vocabulary.words("access", "meta")
_WALLS = vocabulary.words("access", "walls")


def read(doc: Document, facts: Structured) -> Choice[Access | None]:
    """Return free, metered or paid; None when the page says nothing."""
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
    # Walls are searched in all hints at once: a page has hundreds, and hardly any is a wall.
    every = "\n".join(facts.hints)
    for wall in _WALLS:
        if wall in every and any(wall in hint and doc.text_length(them[0]) > 0 for hint, them in facts.hints.items()):
            return Choice("paid", "wall")
    return Choice(None)


def _kind_of_wall(facts: Structured) -> Access:
    for name in _META:
        for value in facts.meta.get(name, ())[:1]:
            if _TIERS.get(value.lower()) == "metered":
                return "metered"
    return "paid"
