"""The byline as the page shows it: by markup that says author, by links to profiles, by words such as "By" and "Von".

Read only when the markup for machines names no person; the nearest byline to the headline wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from etl.extract import names, site, time_lines, vocabulary
from etl.extract.document import Document, collapse
from etl.extract.structured import Structured, hints, linked

_HINTS = vocabulary.words("byline", "hints")
_SURE = vocabulary.words("byline", "sure_hints")
_NOT_HINTS = vocabulary.words("byline", "not_hints")
_OUTSIDE_HINTS = vocabulary.words("byline", "outside_hints")
_NEVER_BESIDE = tuple(frozenset(_OUTSIDE_HINTS) - frozenset(vocabulary.words("byline", "beside_hints")))
_PROFILE_FOLDERS = frozenset(vocabulary.words("byline", "profile_folders"))
_REPORTER = re.compile(r"([가-힣]{2,4})\s?(?:[가-힣]{0,4}기자|특파원|논설위원)(?:$|[\s\](|=·,])")
"""A name and what it is in Korean: "김철수 기자 kim@paper.example"."""
_STRONG = frozenset({"b", "strong"})
_MORE = vocabulary.words("byline", "more")
_OUTSIDE = frozenset({"nav", "footer", "form", "figcaption", "figure", "blockquote", "dialog", "title", "head"})
_FIGURES = frozenset({"figure", "figcaption"})
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_INLINE = frozenset({"a", "span", "b", "strong", "em"})
_BARS = "|•·●"
_APART = re.compile(rf"\s+[{_BARS}]\s+")
BYLINE_MAX_CHARS, BYLINE_MAX_ELEMENTS = 300, 200
MARKED_MAX = 500
BEFORE_ELEMENTS, AFTER_ELEMENTS = 80, 600
"""How far from the headline markup of authors is looked at; further down stand comments and teasers."""
HEAD_ELEMENTS = 30
"""So near below the headline a box that a theme calls a sidebar or a teaser is the article's own."""
HEADLINE_CHARS = 30
"""A link with a longer text leads to another article."""
IN_TEXT_CHARS = 140
"""In a paragraph this long a link to a profile leads to whom it tells of."""
LINES_BEFORE, LINES_AFTER = 6, 60
"""How far around the headline a line that says "By …" is looked for."""
LINES_MAX = 500
LINE_MAX_CHARS = 240
OPENING_CHARS, OPENING_NAMES_CHARS, OPENING_WORDS = 120, 60, 3
SURE_PREFIX_CHARS = 5
"""Far from the headline only long words are believed: "Author:", "Geschrieben von", not "de" or "by"."""


def read(
    doc: Document,
    facts: Structured,
    *,
    heading: int | None,
    is_near_only: bool = False,
    known: frozenset[str] = frozenset(),
) -> list[str]:
    """Return the names in the visible byline, in order; empty when there is none.

    With *is_near_only* words far from the headline, such as "Author: …" in a footer, are not believed. *known* are the
    site's names: "More from The Paper" leads to its other articles.
    """
    start = heading or 0
    reach = (start - BEFORE_ELEMENTS, start + AFTER_ELEMENTS) if heading is not None else (0, len(doc.tags))
    found_marks = list(_marked(doc, facts, *reach))
    best: list[str] = []
    best_distance = 1 << 30
    chosen = -1
    for element, is_sure in found_marks:
        distance = element - start if element >= start else 2 * (start - element)
        if distance >= best_distance or _is_outside(doc, element, start):
            continue
        if found := _names_in(doc, element, is_sure=is_sure):
            best, best_distance, chosen = found, distance, element
    spoken, spoken_distance = _spoken(doc, start, known)
    if spoken and spoken_distance < best_distance:
        found = spoken
    elif best:
        beside = [entry for entry in found_marks if entry[0] >= chosen and not _is_outside(doc, entry[0], start)]
        found = _with_inner_and_next(doc, beside, chosen, best)
    else:
        found = [] if is_near_only else _spoken_far(doc, known)
    return (_opening(doc, start) if all(site.is_name(name, known) for name in found) else []) or found


def _marked(doc: Document, facts: Structured, first: int, last: int) -> Iterator[tuple[int, bool]]:
    """Yield (element, whether it is sure) of the elements whose markup says author, in document order.

    Classes and links are looked at from *first* to *last* only; `rel` and microdata say it for certain anywhere.
    """
    found = dict.fromkeys((*facts.microdata.get("author", ()), *linked(doc, "author")), True)
    hinted = hints(doc, max(0, first), last)
    every = "\n".join(hinted).lower()
    if words := [word for word in _HINTS if word in every]:
        for hint, elements in hinted.items():
            low = hint.lower()
            if any(word in low for word in words) and (verdict := _verdict(low)):
                for element in elements:
                    found[element] = found.get(element, False) or verdict == 2
    for element in doc.by_tag.get("a", ()):
        if first <= element < last and element not in found and _is_profile(doc, element) and _is_apart(doc, element):
            found[element] = True
    for element in sorted(found)[:MARKED_MAX]:
        if 0 < doc.text_length(element) <= BYLINE_MAX_CHARS and doc.ends[element] - element <= BYLINE_MAX_ELEMENTS:
            yield element, found[element]


def _is_profile(doc: Document, element: int) -> bool:
    """Say whether a link leads below a folder of authors: "/authors/jon-doe", "/autor/12-ada"."""
    folders = doc.attribute(element, "href").lower().rstrip("/").split("/")
    return not _PROFILE_FOLDERS.isdisjoint(folders[:-1])


def _is_apart(doc: Document, link: int) -> bool:
    """Say whether a link to a profile stands outside running text, and outside the topics: whom an article is about."""
    if doc.text_length(link) == 0 or doc.text_length(doc.boxes[doc.first_text[link]]) > IN_TEXT_CHARS:
        return False
    return not any("tag" in doc.hint(above) for above in (link, *islice(doc.ancestors(link), 2)))


def _verdict(hint: str) -> int:
    """Return 2 when *hint*, which speaks of authors, says it is the name, 1 when it may be, 0 when it is something else."""
    if any(word in hint for word in _OUTSIDE_HINTS):
        return 0
    if any(word in hint for word in _SURE):
        return 2
    return 0 if any(word in hint for word in _NOT_HINTS) else 1


def _is_outside(doc: Document, element: int, heading: int) -> bool:
    """Say whether *element* belongs to comments, teasers or captions: to a box that the headline is not in."""
    is_address = False
    for above in (element, *doc.ancestors(element)):
        if above <= heading < doc.ends[above] and heading > 0:
            return False
        tag = doc.tags[above]
        # `<address>` is whom to ask about the article (HTML, 4.3.10): a portrait may stand beside it.
        is_address = is_address or tag == "address"
        if tag == "footer" and _is_foot_of_article(doc, above, heading):
            continue
        if tag in (_FIGURES if is_address else ()):
            continue
        if tag in _OUTSIDE:
            return True
        if (hint := doc.hint(above)) and any(word in hint for word in _OUTSIDE_HINTS):
            is_frame = 2 * doc.text_length(above) > doc.chars[-1]
            if not is_frame and not (0 < above - heading <= HEAD_ELEMENTS and _is_head(doc, above, hint)):
                return True
    return False


def _is_head(doc: Document, box: int, hint: str) -> bool:
    """Say whether *box*, right below the headline, tells of this article though a theme calls it a sidebar or a teaser."""
    if any(word in hint for word in _NEVER_BESIDE) or doc.ends[box] - box > BYLINE_MAX_ELEMENTS:
        return False
    inside = range(box, doc.ends[box])
    return not any(
        doc.tags[one] in _HEADINGS or (doc.tags[one] == "a" and doc.text_length(one) > HEADLINE_CHARS) for one in inside
    )


def _is_foot_of_article(doc: Document, footer: int, heading: int) -> bool:
    """Say whether *footer* ends the article that the headline is in, not the page or a comment."""
    article = next((above for above in doc.ancestors(footer) if doc.tags[above] == "article"), -1)
    return article > 0 and (article <= heading < doc.ends[article] or 2 * doc.text_length(article) > doc.chars[-1])


def _names_in(doc: Document, element: int, *, is_sure: bool) -> list[str]:
    """Return the names under *element*: those of its profile links when it has some, else those of its text."""
    linked = [
        name
        for inner in range(element, doc.ends[element])
        if doc.tags[inner] == "a" and _is_profile(doc, inner)
        for name in names.split(doc.text(inner))
    ]
    said = linked or _side_by_side(doc, element) or names.split(_first_line(doc, element))
    return _kept(said, is_sure=is_sure or bool(linked))


def _side_by_side(doc: Document, element: int) -> list[str]:
    """Return the names under *element* that stand in elements alike, set apart by the style sheet only."""
    alike: dict[tuple[str, str], list[str]] = {}
    for inner in range(element + 1, doc.ends[element]):
        if doc.tags[inner] in _INLINE and doc.ends[inner] == inner + 1:
            alike.setdefault((doc.tags[inner], doc.hint(inner)), []).append(doc.text(inner))
    for texts in alike.values():
        if len(texts) > 1 and all(names.looks_like_person(text) and names.split(text) == [text] for text in texts):
            return texts
    return []


def _kept(said: Iterable[str], *, is_sure: bool) -> list[str]:
    return [
        name
        for name in dict.fromkeys(said)
        if not names.is_phrase(name)
        and (
            names.looks_like_person(name)
            or (len(name) <= 30 and ((is_sure and not names.is_sentence(name)) or name.isupper()))
        )
    ]


def _with_inner_and_next(doc: Document, marks: list[tuple[int, bool]], chosen: int, found: list[str]) -> list[str]:
    """Return the names of the byline *chosen*: of the marked elements inside it, and of its likes that follow it."""
    inside = [
        name
        for element, is_sure in marks
        if chosen < element < doc.ends[chosen]
        for name in _names_in(doc, element, is_sure=is_sure)
        if names.looks_like_person(name)
    ]
    found = list(dict.fromkeys(inside)) or found
    hint, end = doc.hint(chosen), doc.ends[chosen]
    for element, is_sure in marks:
        if end <= element <= end + 12 and doc.hint(element) == hint and hint.strip():
            found += [name for name in _names_in(doc, element, is_sure=is_sure) if name not in found]
            end = doc.ends[element]
    return _without_roles(found)[: names.NAMES_MAX]


def _without_roles(found: list[str]) -> list[str]:
    """Return *found* without what the people in it are: "Ada Colle", "Head of News"."""
    people = [name for name in found if not names.is_role(name)]
    return people if any(names.looks_like_person(name) for name in people) else found


def _first_line(doc: Document, element: int) -> str:
    """Return the text under *element* up to where a new line would start, *By* alone on its line not counted."""
    line: list[str] = []
    for chunk in range(doc.first_text[element], doc.last_text[element]):
        if line and doc.boxes[chunk] != doc.boxes[chunk - 1]:
            said = "".join(line).strip()
            if said and not names.is_prefix(said):
                break
            line.append(" ")
        elif line and line[-1][-1:].islower() and doc.texts[chunk][:1].isupper() and chunk > 0:
            # "Ada Colle" and "Editor" in two elements of one line are set apart by the style sheet.
            line.append(" ")
        line.append(doc.texts[chunk])
    return "".join(line)


def _lines(doc: Document, chunk: int) -> Iterator[tuple[int, str]]:
    """Yield (first chunk, text) of each line from *chunk* on."""
    first, count = chunk, len(doc.texts)
    while chunk < count:
        chunk += 1
        if chunk == count or doc.boxes[chunk] != doc.boxes[first]:
            if doc.chars[chunk] > doc.chars[first]:
                yield first, collapse(time_lines.spaced(doc, first, chunk))
            first = chunk


def _spoken(doc: Document, heading: int, known: frozenset[str]) -> tuple[list[str], int]:
    """Return the names in the line that says "By …" nearest after the headline, and its distance in elements."""
    start = max(0, doc.first_text[heading] - LINES_BEFORE)
    before = ""
    for chunk, text in islice(_lines(doc, start), LINES_AFTER):
        box = doc.boxes[chunk]
        found = _without_site(before, text, _said(before, text), known)
        if found and not _is_outside(doc, box, heading):
            return found, abs(box - heading)
        before = text
    return [], 1 << 30


def _opening(doc: Document, heading: int) -> list[str]:
    """Return the names that stand alone, in bold, in the paragraph before the text: papers that publish under one account
    print them so."""
    start = doc.first_text[heading] if heading else 0
    before = -1
    for chunk, text in islice(_lines(doc, start), LINES_AFTER):
        box = doc.boxes[chunk]
        if doc.tags[box] != "p":
            continue
        if len(text) >= OPENING_CHARS:
            is_alone = before >= 0 and doc.parents[before] == doc.parents[box] and not _is_outside(doc, box, heading)
            return _alone(doc, before) if is_alone else []
        before = box
    return []


def _alone(doc: Document, box: int) -> list[str]:
    """Return the names that are all of a paragraph in bold."""
    text = doc.text(box)
    strong = next((inner for inner in range(box + 1, doc.ends[box]) if doc.tags[inner] in _STRONG), None)
    if strong is None or doc.text(strong) != text or len(text) > OPENING_NAMES_CHARS or text[-1] in ".:!?…":
        return []
    said = [name for piece in text.split("/") for name in names.split(piece)]
    are_names = all(
        names.looks_like_person(name)
        and not names.is_phrase(name)
        and not names.is_role(name)
        and not names.is_organisation(name, frozenset())
        and len(name.split()) <= OPENING_WORDS
        and all(word[:1].isupper() for word in name.split())
        for name in said
    )
    return said if are_names else []


def _spoken_far(doc: Document, known: frozenset[str]) -> list[str]:
    """Return the names of a line such as "Author: …" anywhere on the page."""
    before = ""
    for _, text in islice(_lines(doc, 0), LINES_MAX):
        if len(text) < 100 and (found := _said(before, text, least=SURE_PREFIX_CHARS)):
            found = _without_site(before, text, found, known)
            if found:
                return found
        before = text if len(text) < 30 else ""
    return []


def _without_site(before: str, text: str, said: list[str], known: frozenset[str]) -> list[str]:
    """Return the names *said* without the site and other organisations where the line, or the one *before*, leads to more."""
    if said and (text.lower().startswith(_MORE) or before.lower().startswith(_MORE)):
        return [name for name in said if not names.is_organisation(name, known)]
    return said


def _said(before: str, text: str, *, least: int = 1) -> list[str]:
    """Return the names in *text* when it, or the line *before* it, introduces an author."""
    if any(map(text.__contains__, _BARS)) and len(pieces := _APART.split(text)) > 1 and len(text) <= LINE_MAX_CHARS:
        # A line may tell section, times and author one after the other, with bars between them.
        for piece in pieces:
            if found := _said("", piece, least=least):
                return found
        return []
    if len(text) > 120:
        return []
    if "\uac00" <= text[:1] <= "\ud7a3" and (reporter := _REPORTER.match(text)):
        return [reporter[1]]
    is_label = len(before) >= least and names.is_prefix(before) and len(text) <= 60
    said = names.split(text) if is_label or names.prefix_chars(text) >= least else []
    people = [name for name in said if names.looks_like_person(name) and not names.is_phrase(name)]
    return people or [name for name in said[:1] if not is_label and names.is_acronym(name)]
