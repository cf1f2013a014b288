"""The headline, from what the page shows and what it tells machines.

No single source is right: on the open news pages with hand-written gold the first `<h1>` has the headline on 74 %, `og:title`
on 69 %, the JSON-LD headline on 83 % of the pages that have one; the best choice per page is right on 98 %. So site names are
stripped from all, and the sources vote. `<title>` is written for search engines: it says where a headline ends, but is chosen
only when nothing else is there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from etl.extract import site
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, kinds, strings, words

TITLE_MAX_CHARS = 400
_META = ("headline", "parsely-title", "sailthru.title", "cxenseparse:title", "dc.title", "dcterms.title")
"""Names under which content systems give their own headline to other programs than search engines."""
_SEPARATOR = re.compile(r"\s+[|\-–—:·»•›«←~/]+\s+|\s*[｜|－ㅣ]\s*|\s+::\s+|_(?=[^_\s]+$)|\s*:\s+(?=[^:]+$)")
_SEPARATING = frozenset("|-–—:·»•›«←~/｜－ㅣ_")
"""One of these is in each separator."""
_MARKS = frozenset("|-–—·»•«~｜－ㅣ")
_NEWS = ("newsarticle", "liveblogposting", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle")
_UNSPACED = re.compile(r"[\u3040-\u9fff\u0e00-\u0eff]")
KICKED_MIN_CHARS, KICKER_MIN_CHARS = 12, 5
"""Least length of a headline that stands below a kicker, and of the kicker: "The" before a headline is none."""
NAME_MAX_WORDS = 4
"""Templates give the page's title as the name of the application; a site whose title is its name has a short one."""
LEAD = 0.2
"""By so much a later heading must be more like it than one before it."""
SURE = 0.4
"""Likeness from which on no lower heading is asked."""
LIKE = 0.2
"""Share of common words from which on a heading and what the markup says are taken to be about the same."""
_NOT_A_HEADLINE = frozenset({"nav", "footer", "aside", "form", "dialog"})


@dataclass(frozen=True, slots=True)
class Headline:
    """The headline, and where the page shows it."""

    choice: Choice[str]
    element: int | None
    """The heading that stands above the text, whatever its words; None on a page without one."""


def read(doc: Document, facts: Structured, known: frozenset[str]) -> Headline:
    """Return the headline, empty when the page has none; *known* are the site's names."""
    page_title = "".join(words(doc, element) for element in doc.by_tag.get("title", ())[:1])[:TITLE_MAX_CHARS]
    known = frozenset(name for name in known if name.count(" ") < NAME_MAX_WORDS or name != site.key(page_title))
    told = {"json-ld:headline": _headline(facts), "og:title": facts.first("og:title")}
    told |= {"twitter:title": facts.first("twitter:title"), "meta": facts.first(*_META)}
    element, shown = _shown(doc, list(told.values()), page_title, known)
    # What JSON-LD, og:title and <title> all say whole is the headline as it was written, though the heading ends before.
    is_whole = told["json-ld:headline"] == told["og:title"] == page_title
    heads = [*told.values(), "" if is_whole else shown]
    bare = {text: _without_site(text[:TITLE_MAX_CHARS], heads, known) for text in {*told.values(), page_title} if text}
    told = {rule: bare.get(text, "") for rule, text in told.items()}
    stripped = bare.get(page_title, "")
    rule, value = _chosen(
        told,
        shown,
        stripped,
        is_news=_is_news(facts),
        is_bare=_same(page_title, stripped),
        second=_second(facts),
    )
    candidates = [*told.items(), ("h1", shown), ("title", stripped)]
    if rule == "h1" and not _same(told["json-ld:headline"], value):
        rule, value = _without_kicker(value, candidates)
    if shown and not _same(shown, value):
        rule, value = _spelt(rule, value, candidates)
    return Headline(Choice(value, rule if value else "", losers(candidates, value)), element)


def _chosen(
    told: dict[str, str], shown: str, page_title: str, *, is_news: bool, is_bare: bool, second: str
) -> tuple[str, str]:
    """Return (rule, headline) by agreement of the sources; *is_bare*: `<title>` does not name the site."""
    linked, shared = told["json-ld:headline"], told["og:title"]
    if linked and shared and shown and len({site.key(text) for text in (linked, shared, shown)}) == 2:
        if _same(linked, shared):
            # Two against what stands above the text. Blogs shorten in the search box, newsrooms in the template.
            return ("json-ld:headline", linked) if is_news or not _same(linked, page_title) else ("h1", shown)
        odd, rule = (shared, "og:title") if _same(linked, shown) else (linked, "json-ld:headline")
        # When <title> only repeats the template's headline, the odd one was written by an editor for readers: right on
        # 13 of 15 open news pages (og:title), but on one of four where <title> does not name the site: that was written
        # too, unless the odd one is the second headline. On pages that do not say NewsArticle never. JSON-LD alone
        # against all others is believed when it tells a second headline too: then editors write several.
        is_written = (_same(odd, second) or not is_bare) if rule == "og:title" else bool(second)
        if is_news and is_written and _same(shown, page_title) and 15 <= len(odd) <= 160 and not odd.endswith("…"):
            return rule, odd
        return "h1", shown
    if (
        linked
        and (_same(linked, shown) or _same(linked, shared) or not shown or is_news)
        and not _is_cut(linked, shown)
    ):
        return "json-ld:headline", linked
    if shown:
        return "h1", shown
    for rule, text in told.items():
        if text:
            return rule, text
    return "title", page_title


def _without_kicker(shown: str, candidates: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the headline without the line above it that templates put into the same heading, where a source tells it."""
    said = site.key(shown)
    for rule, text in candidates:
        if KICKED_MIN_CHARS <= len(key := site.key(text)) <= len(said) - KICKER_MIN_CHARS and said.endswith(key):
            return rule, text
    return "h1", shown


def _spelt(rule: str, value: str, candidates: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the headline in the spelling that most sources give it: words alike, marks and cases may differ."""
    alike = [entry for entry in candidates if entry[1] == value or _same(entry[1], value)]
    count = Counter(text for _, text in alike)
    best = max(count.values(), default=0)
    if count[value] == best:
        return rule, value
    return next(entry for entry in alike if count[entry[1]] == best)


def _same(one: str, other: str) -> bool:
    return site.key(one) == site.key(other)


def _is_cut(text: str, whole: str) -> bool:
    """Say whether *text* is *whole* cut short: search engines once allowed 110 characters."""
    return len(text) >= 80 and len(whole) > len(text) and whole.startswith(text.rstrip(" .…")[:-3])


def _is_news(facts: Structured) -> bool:
    return facts.main is not None and any(kind.endswith(_NEWS) for kind in kinds(facts.main))


def _second(facts: Structured) -> str:
    return next(iter(strings(facts.main.get("alternativeHeadline"))), "") if facts.main is not None else ""


def _headline(facts: Structured) -> str:
    for node in facts.articles[:3]:
        if found := strings(node.get("headline"))[:1]:
            return found[0]
    return ""


def _shown(doc: Document, told: list[str], page_title: str, known: frozenset[str]) -> tuple[int | None, str]:
    """Return the heading that shows the headline and its text: the `<h1>` most like what the page tells machines."""
    said = [text for text in dict.fromkeys(told) if text]
    wanted = [_parts(text) for text in said or _with_main_part(page_title)]
    if said and page_title:
        wanted.append(_parts(page_title))
    is_unsaid = not said and (not page_title or site.is_name(page_title, known))
    best, best_text, best_likeness, best_votes = None, "", -1.0, -2.0
    for tag in ("h1", "h2", "h3"):
        for element in doc.by_tag.get(tag, ())[:30]:
            if not 0 < doc.text_length(element) <= TITLE_MAX_CHARS:
                continue
            text = words(doc, element)
            parts = _parts(text)
            shares = [len(parts & other) / len(parts | other) for other in wanted if parts]
            likeness = max(shares, default=0.0)
            is_unlike = tag != "h1" and likeness < (0.6 if best_likeness < LIKE else 0.9)
            if is_unlike and not (is_unsaid and best_likeness < 0 and _is_of_article(doc, element)):
                # A lower heading is the headline only when it says what the page says of itself, or the page says nothing.
                continue
            if site.is_name(text, known) or (
                likeness < LIKE and (_is_aside(doc, element) or _is_tail(text, said or [page_title]))
            ):
                likeness -= 1.0
            votes = likeness + sum(shares)
            if votes > best_votes + LEAD:
                best, best_text, best_likeness, best_votes = element, text, likeness, votes
        if best_likeness >= SURE:
            break
    if best is None or best_likeness < 0:
        return None, ""
    return best, best_text if best_likeness > 0 or not said else ""


def _with_main_part(page_title: str) -> list[str]:
    """Return *page_title* whole and without the site's name, which is mostly its last and seldom its longest part."""
    marks = _separators(page_title)
    if not marks:
        return [page_title]
    tail = page_title[marks[0].end() :]
    if marks[0].start() * 2 < len(tail):
        return [page_title, tail]
    return [page_title, *dict.fromkeys(page_title[: mark.start()] for mark in (marks[0], marks[-1]))]


def _separators(text: str) -> list[re.Match[str]]:
    return [] if _SEPARATING.isdisjoint(text) else list(_SEPARATOR.finditer(text))


def _parts(text: str) -> set[str]:
    """Return the words of *text*; pairs of letters where a script sets no spaces between words."""
    said = site.key(text)
    if not said.isascii() and _UNSPACED.search(said):
        tight = said.replace(" ", "")
        return {tight[at : at + 2] for at in range(max(1, len(tight) - 1))}
    return set(said.split())


def _is_tail(text: str, told: list[str]) -> bool:
    """Say whether each of *told* ends in *text* after a separator: then *text* is the site's name."""
    return any(told) and all(whole.endswith(text) and len(whole) > 2 * len(text) for whole in told if whole)


def _is_aside(doc: Document, element: int) -> bool:
    return any(doc.tags[above] in _NOT_A_HEADLINE for above in doc.ancestors(element))


def _is_of_article(doc: Document, element: int) -> bool:
    return any(doc.tags[above] in ("article", "main") for above in doc.ancestors(element))


def _without_site(text: str, heads: Iterable[str], known: frozenset[str]) -> str:
    """Return *text* without the site's name, section and date around the headline."""
    others = {site.key(head): head for head in heads if head and head != text}
    for head in others.values():
        if len(head) > 15 and text.startswith(head) and text[len(head) :].lstrip()[:1] in _MARKS:
            return head
    marks = _separators(text)
    if not marks:
        return text
    for mark in marks:
        # Another source ends exactly here: the rest is the template's.
        if len(head := site.key(text[: mark.start()])) > 8 and head in others:
            return text[: mark.start()].strip()
    for _ in range(3):
        marks = _separators(text)
        if not marks:
            break
        first, last = marks[0], marks[-1]
        head, tail = text[: last.start()].strip(), text[last.end() :]
        is_label = (
            last.group().strip() in "|｜ㅣ" and len(tail.split()) <= 5 and len(tail) < len(head) and len(head) >= 15
        )
        if not site.key(tail) or _is_site(tail, last, known):
            text = head
        elif _is_site(text[: first.start()], first, known):
            text = text[first.end() :].strip()
        elif is_label and site.key(text) not in others:
            text = head
        else:
            break
    return text


def _is_site(part: str, mark: re.Match[str], known: frozenset[str]) -> bool:
    """Say whether *part* is the site's name; beside a colon, which headlines are full of, only when it says just that."""
    return site.key(part) in known if mark.group().strip() == ":" else site.is_name(part, known)
