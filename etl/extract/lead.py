"""The standfirst: the sentence or two an editor put between headline and text, as the page shows it.

On the open news pages with hand-written gold it is visible on 51 of 52, mostly right after the headline, and equals a
description of the markup on 38; so the page is read first, and the markup only confirms or stands in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from etl.extract import site, vocabulary
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, clean, strings, words

LEAD_MIN_CHARS, LEAD_MAX_CHARS = 25, 1_200
LONG_LINES = 6
"""Paragraphs after which the text has begun for certain."""
PROBE_CHARS = 12
"""Two texts that do not share so much of a beginning are not compared."""
BOLD_WITHIN = 3
"""Lines after the headline within which a paragraph in bold, the only one, is the standfirst."""
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


Line = tuple[int, int, int, int]
"""(order, first chunk, last chunk, box) of one line."""


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
    shown = _found(doc, facts, told, heading)
    if shown is not None:
        return Choice(shown.text, shown.rule, losers(told, shown.text))
    for rule, text in told:
        if len(text) >= LEAD_MIN_CHARS:
            return Choice(text, rule, losers(told, text))
    return Choice(None)


def find(doc: Document, facts: Structured, *, heading: int | None) -> Standfirst | None:
    """Return the standfirst that stands after the headline at *heading*, or None.

    Without a heading only words that the markup repeats, or a class that says so, are believed.
    """
    return _found(doc, facts, _told(facts), heading)


def _found(doc: Document, facts: Structured, told: list[tuple[str, str]], heading: int | None) -> Standfirst | None:
    headlines, other_headlines = _headlines(doc, facts, heading)
    lines = list(_candidates(doc, heading))
    if told and (exact := _repeated(doc, lines, told, headlines)):
        return _whole(doc, exact, heading)
    usual = _usual_parent(doc, lines)
    best: Standfirst | None = None
    best_score = 2.0
    is_before_text = heading is not None
    for order, first, last, box in lines:
        text = clean("".join(doc.texts[first:last]))
        if len(text) < LEAD_MIN_CHARS or _is_among(text, headlines):
            continue
        is_usual = doc.parents[box] == usual
        told_score, rule = _told_score(told, text)
        # A paragraph among its likes is not asked what the boxes around it say: that is true of all of them.
        score = told_score + _hint_score(doc, box, 0 if is_usual else 2) + _look_score(doc, first, last, box)
        if is_before_text and not is_usual and usual >= 0 and len(text) >= 60:
            score += 1.2
        if not rule and _is_among(text, other_headlines):
            score -= 1.5
        score += 0.5 * (len(text) >= 80) + 0.6 * (order == 0) - order * 0.06
        if order <= BOLD_WITHIN and len(text) >= 80 and _is_alone_in_bold(doc, lines, first, last):
            score += 0.6
        is_before_text = is_before_text and not is_usual
        if score > best_score and not _is_linked(doc, first, last):
            best, best_score = Standfirst(text, first, last, box, "shown:" + (rule or "place")), score
    return _whole(doc, best, heading) if best is not None else None


def _repeated(doc: Document, lines: list[Line], told: list[tuple[str, str]], headlines: list[str]) -> Standfirst | None:
    """Return the first line that says what the markup says of the article, word for word."""
    for _, first, last, box in lines:
        length = doc.chars[last] - doc.chars[first]
        if not any(abs(length - len(other)) <= 10 + len(other) // 20 for _, other in told):
            continue
        text = clean("".join(doc.texts[first:last]))
        rule = _told_score(told, text)[1]
        if rule and not _is_among(text, headlines) and _hint_score(doc, box, 2) >= 0:
            return Standfirst(text, first, last, box, f"shown:{rule}")
    return None


def _headlines(doc: Document, facts: Structured, heading: int | None) -> tuple[list[str], list[str]]:
    """Return what repeats the headline, and the other headlines of the article."""
    main = [text for node in facts.articles[:1] for text in strings(node.get("headline"))]
    if heading is not None:
        main.append(words(doc, heading))
    return main, [text for node in facts.articles[:1] for text in strings(node.get("alternativeHeadline"))]


def _is_among(text: str, others: list[str]) -> bool:
    """Say whether *text* says the same as one of *others*; lengths are compared first, keys cost more."""
    return any(abs(len(text) - len(other)) <= 8 and site.key(text) == site.key(other) for other in others)


def _told(facts: Structured) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for node in facts.articles[:1]:
        found += [("json-ld:description", text) for text in strings(node.get("description"))[:1]]
    for name in ("og:description", "description", "twitter:description", "dc.description", "sailthru.description"):
        found += [(name, text) for text in facts.meta.get(name, ())[:1]]
    return [(rule, text) for rule, text in found if len(text) <= LEAD_MAX_CHARS]


def _lines(doc: Document, first: int) -> Iterator[Line]:
    """Yield each line from chunk *first* on."""
    boxes, chars, count = doc.boxes, doc.chars, len(doc.texts)
    chunk, order = first, 0
    while chunk < count:
        chunk += 1
        if chunk == count or boxes[chunk] != boxes[first]:
            if chars[chunk] > chars[first]:
                yield order, first, chunk, boxes[first]
                order += 1
            first = chunk


def _candidates(doc: Document, heading: int | None) -> Iterator[Line]:
    """Yield the lines after *heading* that have the length of a standfirst, up to well into the text."""
    long = 0
    for line in _lines(doc, doc.last_text[heading] if heading is not None else 0):
        order, first, last, box = line
        if order >= (RUNS_MAX if heading is not None else 3 * RUNS_MAX) or long >= LONG_LINES:
            return
        length = doc.chars[last] - doc.chars[first]
        # White space at the ends of chunks is not counted, so the words may be a little longer than this says.
        if 0.8 * LEAD_MIN_CHARS <= length <= LEAD_MAX_CHARS and not _is_never(doc, box, heading or 0):
            long += length >= 150 and heading is not None
            yield line


def _usual_parent(doc: Document, lines: list[Line]) -> int:
    """Return the element most of the longer lines stand in: that of the text. A standfirst mostly stands elsewhere."""
    parents = Counter(doc.parents[box] for _, first, last, box in lines if doc.chars[last] - doc.chars[first] >= 80)
    parent, count = parents.most_common(1)[0] if parents else (-1, 0)
    return parent if count >= 3 else -1


def _told_score(told: list[tuple[str, str]], text: str) -> tuple[float, str]:
    """Return how far the markup repeats the words, and the rule that does: a dateline may stand before them."""
    for rule, other in told:
        if other[:PROBE_CHARS] not in text and text[:PROBE_CHARS] not in other:
            continue
        said, known = site.key(text), site.key(other)
        if said == known:
            return 4.0, rule
        if len(known) > 40 and said.endswith(known) and len(said) < len(known) + 60:
            return 3.0, ""
        if len(known) > 40 and (said.startswith(known[:60]) or known.startswith(said[:60])):
            return 1.5, ""
    return 0.0, ""


def _hint_score(doc: Document, box: int, levels: int) -> float:
    for level, element in enumerate((box, *islice(doc.ancestors(box), levels))):
        attrs = doc.attrs[element]
        if attrs and (
            verdict := _verdict(
                f"{attrs.get('class')} {attrs.get('id')} {attrs.get('data-testid')} {attrs.get('itemprop')}"
            )
        ):
            return verdict if verdict < 0 else verdict - level * 0.5
    return 0.0


@lru_cache(maxsize=4_096)
def _verdict(hint: str) -> float:
    """Return what class, id and their like say of a line: pages of one site share them, so the answers are kept."""
    low = hint.lower()
    if any(word in low for word in _NOT_HINTS):
        return -3.0
    return 3.0 if any(word in low for word in _HINTS) else 0.0


def _look_score(doc: Document, first: int, last: int, box: int) -> float:
    """Return what the look says: a heading's size, or all in bold."""
    if doc.tags[box] in ("h2", "h3"):
        return 1.4
    if "bold" in doc.hint(box) or "medium" in doc.hint(box):
        return 1.5
    return 1.5 if _is_bold(doc, first, last) else 0.0


def _is_bold(doc: Document, first: int, last: int) -> bool:
    owners = {doc.owners[chunk] for chunk in range(first, last) if doc.chars[chunk + 1] > doc.chars[chunk]}
    return bool(owners) and all(doc.tags[owner] in ("strong", "b") for owner in owners)


def _is_linked(doc: Document, first: int, last: int) -> bool:
    """Say whether a line is mostly links side by side: a list of offers or sections."""
    chars = doc.chars
    linked = [chunk for chunk in range(first, last) if doc.tags[doc.owners[chunk]] == "a"]
    return (
        len(linked) >= 3 and 2 * sum(chars[chunk + 1] - chars[chunk] for chunk in linked) > chars[last] - chars[first]
    )


def _is_alone_in_bold(doc: Document, lines: list[Line], first: int, last: int) -> bool:
    """Say whether a line is all in bold and no other long line is: an editor's summary, not a page in bold."""
    if not _is_bold(doc, first, last):
        return False
    long = [line for line in lines if line[1] != first and doc.chars[line[2]] - doc.chars[line[1]] >= 80]
    return bool(long) and not any(_is_bold(doc, other, end) for _, other, end, _ in long)


def _whole(doc: Document, part: Standfirst, heading: int | None) -> Standfirst:
    """Return the standfirst with the paragraphs that share its own box, when that box holds nothing else.

    A box that holds the headline too is the head of the article, with its counters and captions.
    """
    for above in islice(doc.ancestors(part.element), 2):
        first, last = doc.first_text[above], doc.last_text[above]
        if heading is not None and above <= heading < doc.ends[above]:
            break
        if doc.text_length(above) > LEAD_MAX_CHARS or not any(word in doc.hint(above) for word in _HINTS):
            continue
        lines = [clean("".join(doc.texts[start:end])) for _, start, end, _ in _lines(doc, first) if end <= last]
        if len(lines) > 1 and all(len(line) >= LEAD_MIN_CHARS for line in lines):
            return Standfirst(" ".join(lines), first, last, above, part.rule)
    return part


def _is_never(doc: Document, box: int, heading: int) -> bool:
    if doc.tags[box] in _NEVER:
        return True
    for above in doc.ancestors(box):
        if above <= heading < doc.ends[above]:
            return False
        if doc.tags[above] in _NEVER:
            return True
    return False
