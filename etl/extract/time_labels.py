"""Times that a reader sees: `<time>` elements and date lines around the headline, with what they say they are.

Looked for only when the markup for machines does not settle the publication to the minute. A time in a teaser, a comment, a
sidebar or a footer is never the article's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from etl.extract import comments, dates, time_lines, time_mastheads, time_namings
from etl.extract.dates import Place
from etl.extract.document import Document, collapse
from etl.extract.time_claims import TimeRole, meta_role
from etl.extract.time_namings import LABEL_MAX_CHARS, LABEL_MIN_WEIGHT, Seen
from etl.model import Moment

if TYPE_CHECKING:
    from etl.extract.body import Main
    from etl.extract.teasers import Teasers

AROUND_CHUNKS = 40
"""Text chunks before the headline, and after the last paragraph, where a date line may stand."""
TIMES_MAX = 60
ABOVE_MAX = 12
"""Ancestors that are asked whether they are a comment, a sidebar or a footer."""

UNDER_CHUNKS = 10
"""Text chunks after the headline that a date line may be away."""
HEADINGS_MAX = 40
FOOT_CHUNKS = 4
"""Last text chunks of the body that may be a date line."""
TEASER_CHARS = 30
"""A link that shows this much beside a date leads to another article."""
CLOCK = "label:clock"
ITEM_CHARS = 15
"""The same for an item of a list in a box beside the text."""
ASIDE, ELSEWHERE = 4, 9

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_ASIDE_TAGS = frozenset({"aside", "figure", "figcaption", "blockquote", "select", "button"})
_COMMENT = re.compile(r"comment|disqus|\brespond\b|replies|copyright|tweet|twitter")
_ASIDE = re.compile(
    r"sidebar|side-bar|related|recirc|recommend|most-?(?:read|popular|viewed)|popular|trending|ranking|latest|ticker|widget|"
    r"teaser|newsletter|calendar|event|carousel|slider|next-?post|prev|promo|more-(?:news|stories|from)|forecast|weather|menu|"
    r"archive|author-?bio"
)
_HINT = re.compile(r"dat(?:e|um)|time|publi|posted|byline|meta|fecha|stamp|stand|entry-info|post-info|autor|author")
_HINT_PUBLISHED = re.compile(
    r"publi|posted|created|entry-date|pubdate|post-?date|first|original|erstellt|veroeffentlicht"
)
_HINT_MODIFIED = re.compile(r"modif|updat|aktualisier|edited|revis|last|changed")
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"://|www\.|\(@")
_ACCOUNT = re.compile(r"\S*@[^\W\d]\S*")
_EDITS = frozenset({"time", "ins", "del"})
"""Elements whose `datetime` is read elsewhere, or tells when a passage was altered."""


class Labels:
    """Finds the printed times of one page."""

    def __init__(self, doc: Document, main: Main, teasers: Teasers | None, place: Place, *, title: str) -> None:
        self._doc = doc
        self._place = place
        self._teasers = teasers
        self._first = main.spans[0][0] if main.spans else -1
        self._last = main.spans[-1][1] if main.spans else len(doc.texts)
        self._openings = [first for first, _ in main.spans[: time_namings.OPENINGS]]
        self._comments = comments.find(doc, main.elements)
        self._title, self._title_end = self._headline(title)
        self._distance: dict[int, int] = {}
        self._readings: dict[str, tuple[dates.Reading, ...]] = {}

    def find(self) -> list[Seen]:
        """Return the printed times, best first."""
        found = [*self._times(), *self._hinted(), *self._attributes(), *self._around()]
        found.sort(key=lambda seen: (-seen.weight, seen.chunk >= self._last))
        dated = max((seen.weight for seen in found if seen.moment.rule != CLOCK), default=LABEL_MIN_WEIGHT - 1)
        # "April 25, 2023" and "2:26 PM" in two elements are one time, and a clock alone means today.
        return [seen for seen in found if seen.moment.rule != CLOCK or dated < LABEL_MIN_WEIGHT]

    def named(self) -> list[Seen]:
        """Return times that only pages without a date line have (`time_namings`)."""
        found = time_namings.find(self._doc, self._place, self._openings, self._first, is_elsewhere=self._is_other)
        return [
            seen
            for seen in found
            if seen.rule == "named" or not self._is_todays(self._doc.boxes[seen.chunk], seen.moment)
        ]

    def _is_todays(self, element: int, moment: Moment) -> bool:
        headline = self._title if self._title >= 0 else self._first
        return time_mastheads.is_todays(self._doc, element, moment, self._place, headline=headline)

    def _is_other(self, element: int) -> bool:
        return self._is_teaser(element) or self._comments[0] <= element < self._comments[1]

    def _headline(self, title: str) -> tuple[int, int]:
        """Return the chunks where the headline starts and ends: the heading most like *title*, else the last h1 before the text."""
        doc, words = self._doc, frozenset(_WORD.findall(title.lower()))
        best, found = 0.0, (-1, -1)
        for tag in ("h1", "h2", "h3"):
            for element in doc.by_tag.get(tag, ())[:HEADINGS_MAX]:
                if not 8 <= doc.text_length(element) <= 300:
                    continue
                mine = _WORD.findall(doc.text(element).lower())
                alike = sum(word in words for word in mine) ** 2 / (len(mine) * len(words)) if mine and words else 0.0
                place = (doc.first_text[element], doc.last_text[element])
                score = alike + (0.3 if tag == "h1" and (self._first < 0 or place[0] <= self._first) else 0.0)
                if score > best or (score == best and tag == "h1" and place[0] <= self._first):
                    best, found = score, place
        return found

    def _times(self) -> Iterator[Seen]:
        doc = self._doc
        for element in doc.by_tag.get("time", ())[:TIMES_MAX]:
            attrs = doc.attrs[element]
            hint = f"{attrs.get('class') or ''} {attrs.get('itemprop') or ''}".lower()
            bonus = 4 if "pubdate" in attrs else 2
            yield from self._read(
                element, attrs.get("datetime") or attrs.get("content") or "", "time", bonus=bonus, hint=hint
            )
            if printed := doc.text(element)[:LABEL_MAX_CHARS]:
                yield from self._read(
                    element, self._with_label(element, printed), "time-text", bonus=bonus - 1, hint=hint
                )

    def _with_label(self, element: int, printed: str) -> str:
        """Return a printed time with the words before it in its box: "Published <time>3 May</time>"."""
        doc = self._doc
        first = doc.first_text[element]
        if first == 0 or first >= len(doc.boxes) or doc.boxes[first - 1] != doc.boxes[first]:
            return printed
        before = collapse(doc.texts[first - 1])
        return f"{before} {printed}" if 0 < len(before) <= 40 else printed

    def _hinted(self) -> Iterator[Seen]:
        """Yield times of elements whose class says that they are dates, and of hAtom's `<abbr class=published title=…>`."""
        doc = self._doc
        taken = 0
        for element, attrs in enumerate(doc.attrs):
            name = attrs.get("class") or attrs.get("id")
            if not name or doc.tags[element] == "time" or not _is_hint(name):
                continue
            size = doc.text_length(element)
            machine = attrs.get("datetime") or attrs.get("title") or attrs.get("data-datetime") or ""
            # hAtom's times may be for machines only: <span class="updated" title="2013-04-04T18:52:11+00:00"></span>.
            if not bool(not machine) <= size <= LABEL_MAX_CHARS or taken > TIMES_MAX:
                continue
            printed = time_lines.spaced(doc, doc.first_text[element], doc.last_text[element])
            if not _DIGIT.search(printed + machine):
                continue
            taken += 1
            if len(machine) > 9 and _DIGIT.search(machine):
                yield from self._read(element, machine, "title", bonus=2, hint=doc.hint(element))
            yield from self._read(element, printed, "hinted", bonus=1, hint=doc.hint(element))

    def _attributes(self) -> Iterator[Seen]:
        """Yield times in attributes that scripts read: `<article data-published-at=…>`, `<relative-time datetime=…>`."""
        doc = self._doc
        told = {name for attrs in doc.attrs for name in attrs}
        roles = {name: role for name in told if (role := _attribute_role(name))}
        if not roles:
            return
        taken = 0
        for element, attrs in enumerate(doc.attrs):
            for name in roles.keys() & attrs.keys() if taken < TIMES_MAX else ():
                said = attrs[name] or ""
                is_own = "-" in doc.tags[element] or self._holds(element)
                if is_own and doc.tags[element] not in _EDITS and _DIGIT.search(said):
                    taken += 1
                    yield from self._read(element, said[:LABEL_MAX_CHARS], "attribute", bonus=1, hint=roles[name])

    def _around(self) -> Iterator[Seen]:
        """Yield times of the lines near the headline and after the text."""
        doc = self._doc
        start = self._title if self._title >= 0 else self._first
        ranges = [(max(start - AROUND_CHUNKS, 0), min(max(self._first, start) + AROUND_CHUNKS // 2, len(doc.texts)))]
        foot = max(self._last - FOOT_CHUNKS, ranges[0][1])
        if self._first >= 0 and foot < len(doc.texts):
            ranges.append((foot, min(self._last + AROUND_CHUNKS // 2, len(doc.texts))))
        for first, last in ranges:
            for text, chunk in time_lines.lines(doc, first, last):
                if (
                    len(text) <= LABEL_MAX_CHARS
                    and _DIGIT.search(text)
                    and not self._is_headline_link(chunk, len(text))
                ):
                    yield from self._read(doc.boxes[chunk], text, "line", chunk=chunk)

    def _read(
        self, element: int, text: str, rule: str, *, bonus: int = 0, hint: str = "", chunk: int = -1
    ) -> Iterator[Seen]:
        if not text or _ADDRESS.search(text):
            return
        if "@" in text:
            text = _ACCOUNT.sub(" ", text)
        away = self._away(element)
        if away >= ELSEWHERE:
            return
        if chunk < 0:
            chunk = self._doc.first_text[element]
        if away >= ASIDE and chunk >= self._last and self._is_beside_link(element):
            return
        nearness = self._nearness(chunk)
        if text not in self._readings:
            self._readings[text] = dates.readings(text, self._place)
        for reading in time_namings.without_rights(text, self._readings[text]):
            weight = bonus + nearness - away - min(max(reading.noise - 2, 0), 5)
            role: TimeRole | None = None
            if reading.role in ("published", "modified"):
                role = "published" if reading.role == "published" else "modified"
                weight += 3
            elif _HINT_PUBLISHED.search(hint):
                role = "published"
                weight += 2
            elif _HINT_MODIFIED.search(hint):
                role = "modified"
            elif self._is_todays(element, reading.moment):
                continue
            yield Seen(role, reading.moment, rule, weight, chunk)

    def _nearness(self, chunk: int) -> int:
        """Return how close a place is to where date lines stand: under the headline, just above it, under the text."""
        if self._title >= 0:
            is_under = 0 <= chunk - self._title_end <= UNDER_CHUNKS and not self._title_end < self._last <= chunk
            if is_under or self._title_end <= chunk <= self._first:
                return 5
            if 0 <= self._title_end - chunk <= AROUND_CHUNKS // 2:
                return 4 if self._title - chunk <= 3 else 3
        elif 0 <= self._first - chunk <= UNDER_CHUNKS:
            return 3
        if -FOOT_CHUNKS <= chunk - self._last <= AROUND_CHUNKS // 4:
            return 1 if self._title >= 0 else 2
        return 0 if chunk < self._first or chunk >= self._last else -1

    def _away(self, element: int) -> int:
        """Return by how much an element's surroundings speak against it; ELSEWHERE for teasers, comments and footers."""
        if self._is_other(element):
            return ELSEWHERE
        doc, path, answer = self._doc, list[int](), 0
        size = doc.text_length(element)
        for above in (element, *doc.ancestors(element)):
            if above in self._distance:
                answer = self._distance[above]
                break
            if len(path) > ABOVE_MAX or doc.tags[above] in ("body", "main") or self._is_frame(above):
                break
            path.append(above)
            hint = doc.hint(above)
            is_teaser = doc.tags[above] == "a" and doc.text_length(above) > size + TEASER_CHARS
            if is_teaser or doc.tags[above] in ("nav", "form") or self._is_after(above, hint):
                answer = ELSEWHERE
                break
            if doc.tags[above] in _ASIDE_TAGS or (above != element and _ASIDE.search(hint)):
                answer = max(answer, ASIDE)
        for above in path:
            self._distance[above] = answer
        return answer

    def _is_after(self, element: int, hint: str) -> bool:
        """Tell whether *element* is a comment or the foot of the page. What begins before the text, or in it, is neither,
        and the foot of an article is no foot of the page."""
        doc = self._doc
        is_foot = doc.tags[element] == "footer" or "footer" in hint
        if not is_foot and not _COMMENT.search(hint) and "/Comment" not in (doc.attrs[element].get("itemtype") or ""):
            return False
        first = doc.first_text[element]
        if self._first >= 0 and (first <= self._first or (is_foot and first < self._last)):
            return False
        articles = (above for above in doc.ancestors(element) if doc.tags[above] == "article") if is_foot else iter(())
        return not any(self._holds(above) for above in articles)

    def _holds(self, element: int) -> bool:
        """Tell whether the headline or the start of the text stands in *element*."""
        start, stop = self._doc.first_text[element], self._doc.last_text[element]
        return start <= self._title < stop or start <= self._first < stop

    def _is_beside_link(self, element: int) -> bool:
        """Tell whether the item that *element* stands in shows a link to an article: in a box beside the text, another one."""
        doc = self._doc
        item = next(
            (above for above in islice(doc.ancestors(element), 3) if doc.tags[above] in ("li", "article")), element
        )
        return any(doc.tags[one] == "a" and doc.text_length(one) >= ITEM_CHARS for one in range(item, doc.ends[item]))

    def _is_headline_link(self, chunk: int, size: int) -> bool:
        """Tell whether a line starts with a link to another article, or stands in one: its date is that article's."""
        doc, owner = self._doc, self._doc.owners[chunk]
        for above in (owner, *islice(doc.ancestors(owner), 2)):
            if doc.tags[above] == "a":
                shown, inside = doc.text_length(above), doc.tags[above : doc.ends[above]]
                says_more = min(size, shown) > TEASER_CHARS or shown > size + TEASER_CHARS
                return (says_more or not _HEADINGS.isdisjoint(inside)) and not self._is_frame(above)
        return False

    def _is_teaser(self, element: int) -> bool:
        """Tell whether *element* is in a teaser; a range that holds the headline or starts the text is none, nor is one
        right below the headline whose links are too short for another: whom the page names there wrote it."""
        teasers, doc = self._teasers, self._doc
        if teasers is None or not teasers.covers(element):
            return False
        for first, end in teasers.ranges:
            if first <= element < end:
                if first < 0:
                    return False
                if 0 <= doc.first_text[first] - self._title_end <= UNDER_CHUNKS and self._title >= 0:
                    inside = range(first, end)
                    return any(doc.tags[one] == "a" and doc.text_length(one) > TEASER_CHARS for one in inside)
                return not self._holds(first)
        return True

    def _is_frame(self, element: int) -> bool:
        """Tell whether *element* holds the headline or half of the page: what is said of it is said of the article too."""
        doc = self._doc
        return (
            doc.first_text[element] <= self._title < doc.last_text[element]
            or doc.text_length(element) * 2 > doc.chars[-1]
        )


@lru_cache(maxsize=8192)
def _is_hint(name: str) -> bool:
    """Tell whether a class or id speaks of a date or a byline. Themes repeat a few hundred names: 0.3 ms a page less."""
    return _HINT.search(name.lower()) is not None


@lru_cache(maxsize=4096)
def _attribute_role(name: str) -> str:
    """Return the word for a time that an attribute's name says: an empty one for most."""
    if name == "datetime":
        return "date"
    if not name.startswith("data-") and not name.startswith(("publ", "updat", "modif")):
        return ""
    told = meta_role(name.removeprefix("data-"))
    return told[0] if told else ""
