"""The standfirst: the sentence or two an editor put between headline and text, as the page shows it.

On the open news pages with hand-written gold it is visible on 51 of 52, mostly right after the headline, and equals a
description of the markup on 38; so the page is read first, and the markup only confirms or stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etl.extract import site, vocabulary
from etl.extract.choice import Choice, losers
from etl.extract.document import Document, collapse
from etl.extract.structured import Structured, strings

LEAD_MIN_CHARS, LEAD_MAX_CHARS = 25, 1_200
RUNS_MAX = 40
"""Lines after the headline in which a standfirst is looked for; bylines, dates and share buttons come between."""
_HINTS = vocabulary.words("lead", "hints")
_NOT_HINTS = vocabulary.words("lead", "not_hints")
_NEVER = frozenset(
    {
        "nav",
        "footer",
        "aside",
        "form",
        "button",
        "figure",
        "figcaption",
        "time",
        "address",
        "li",
        "h1",
        "head",
        "dialog",
    }
)


@dataclass(frozen=True, slots=True)
class Standfirst:
    text: str
    first: int
    last: int
    """Its chunks are `doc.texts[first:last]`."""
    element: int
    rule: str


def read(doc: Document, facts: Structured, *, heading: int | None) -> Choice[str | None]:
    """Return the standfirst, or what the markup says of the article when the page shows none."""
    told = _told(facts)
    shown = find(doc, facts, heading=heading)
    if shown is not None:
        return Choice(shown.text, shown.rule, losers(told, shown.text))
    for rule, text in told:
        if len(text) >= LEAD_MIN_CHARS:
            return Choice(text, rule, losers(told, text))
    return Choice(None)


def find(doc: Document, facts: Structured, *, heading: int | None) -> Standfirst | None:
    """Return the standfirst that stands after the headline at *heading*, or None."""
    if heading is None:
        return None
    told = {site.key(text): rule for rule, text in reversed(_told(facts)) if text}
    best: Standfirst | None = None
    best_score = 2.0
    headline = site.key(doc.text(heading))
    for order, (first, last, box, text) in enumerate(_runs_after(doc, heading)):
        if order >= RUNS_MAX:
            break
        if not LEAD_MIN_CHARS <= len(text) <= LEAD_MAX_CHARS or _is_never(doc, box, heading):
            continue
        said = site.key(text)
        if said == headline:
            continue
        score = _score(doc, box, told, said) - order * 0.06
        if score > best_score:
            rule = "shown:" + (told.get(said) or "class")
            best, best_score = Standfirst(text, first, last, box, rule), score
    return best


def _told(facts: Structured) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for node in facts.articles[:1]:
        found += [("json-ld:description", text) for text in strings(node.get("description"))[:1]]
        found += [("json-ld:alternativeHeadline", text) for text in strings(node.get("alternativeHeadline"))[:1]]
    for name in ("og:description", "description", "twitter:description", "dc.description", "sailthru.description"):
        found += [(name, text) for text in facts.meta.get(name, ())[:1]]
    return [(rule, text) for rule, text in found if len(text) <= LEAD_MAX_CHARS]


def _runs_after(doc: Document, heading: int) -> Iterator[tuple[int, int, int, str]]:
    """Yield (first chunk, last chunk, box, text) of each line after *heading*."""
    first, count = doc.last_text[heading], len(doc.texts)
    chunk = first
    while chunk < count:
        chunk += 1
        if chunk == count or doc.boxes[chunk] != doc.boxes[first]:
            if doc.chars[chunk] > doc.chars[first] and (text := collapse("".join(doc.texts[first:chunk]))):
                yield first, chunk, doc.boxes[first], text
            first = chunk


def _score(doc: Document, box: int, told: dict[str, str], said: str) -> float:
    score = 0.0
    if said in told:
        score += 4.0
    elif len(said) > 40 and any(
        said.startswith(other[:60]) or other.startswith(said[:60]) for other in told if len(other) > 40
    ):
        score += 1.5
    for level, element in enumerate((box, *doc.ancestors(box))):
        if level > 2:
            break
        hint = (
            doc.hint(element)
            + doc.attribute(element, "data-testid").lower()
            + doc.attribute(element, "itemprop").lower()
        )
        if any(word in hint for word in _NOT_HINTS):
            score -= 3.0
            break
        if any(word in hint for word in _HINTS):
            score += 3.0 - level * 0.5
            break
    if doc.tags[box] in ("h2", "h3"):
        score += 1.0
    return score


def _is_never(doc: Document, box: int, heading: int) -> bool:
    if doc.tags[box] in _NEVER:
        return True
    for above in doc.ancestors(box):
        if above <= heading < doc.ends[above]:
            return False
        if doc.tags[above] in _NEVER:
            return True
    return False
