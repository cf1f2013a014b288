"""The headline, from what the page shows and what it tells machines.

No single source is right: on the open news pages with hand-written gold the first `<h1>` has the headline on 74 %, `og:title`
on 69 %, the JSON-LD headline on 83 % of the pages that have one; the best choice per page is right on 98 %. So site names are
stripped from all, and the sources vote. `<title>` is written for search engines: it says where a headline ends, but is chosen
only when nothing else is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from etl.extract import site
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, kinds, strings, words

TITLE_MAX_CHARS = 400
_SEPARATOR = re.compile(r"\s+[|\-–—:·»•›«←~/]+\s+|\s*[｜|－ㅣ]\s*|\s+::\s+|_(?=[^_\s]+$)|\s*:\s+(?=[^:]+$)")
_NEWS = ("newsarticle", "liveblogposting", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle")
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
    told = {
        "json-ld:headline": _headline(facts),
        "og:title": facts.first("og:title"),
        "twitter:title": facts.first("twitter:title", "parsely-title", "dc.title", "sailthru.title"),
    }
    wanted = [told["json-ld:headline"], told["og:title"], told["twitter:title"]]
    element, shown = _shown(doc, wanted if any(wanted) else [page_title], known)
    heads = [*told.values(), shown]
    bare = {text: _without_site(text[:TITLE_MAX_CHARS], heads, known) for text in {*told.values(), page_title} if text}
    told = {rule: bare.get(text, "") for rule, text in told.items()}
    stripped = bare.get(page_title, "")
    rule, value = _chosen(told, shown, stripped, is_news=_is_news(facts))
    candidates = [*told.items(), ("h1", shown), ("title", stripped)]
    return Headline(Choice(value, rule if value else "", losers(candidates, value)), element)


def _chosen(told: dict[str, str], shown: str, page_title: str, *, is_news: bool) -> tuple[str, str]:
    """Return (rule, headline) by agreement of the sources."""
    linked, shared = told["json-ld:headline"], told["og:title"]
    if linked and shared and shown and len({site.key(text) for text in (linked, shared, shown)}) == 2:
        if _same(linked, shared):
            # Two against what stands above the text. Blogs shorten in the search box, newsrooms in the template.
            return ("json-ld:headline", linked) if is_news or not _same(linked, page_title) else ("h1", shown)
        odd, rule = (shared, "og:title") if _same(linked, shown) else (linked, "json-ld:headline")
        # When <title> only repeats the template's headline, the odd one was written by an editor for readers: right on
        # 14 of 19 open news pages (og:title) and 5 of 6 (JSON-LD); on pages that do not say NewsArticle never.
        if is_news and _same(shown, page_title) and 15 <= len(odd) <= 160 and not odd.endswith("…"):
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


def _same(one: str, other: str) -> bool:
    return site.key(one) == site.key(other)


def _is_cut(text: str, whole: str) -> bool:
    """Say whether *text* is *whole* cut short: search engines once allowed 110 characters."""
    return len(text) >= 80 and len(whole) > len(text) and whole.startswith(text.rstrip(" .…")[:-3])


def _is_news(facts: Structured) -> bool:
    return facts.main is not None and any(kind.endswith(_NEWS) for kind in kinds(facts.main))


def _headline(facts: Structured) -> str:
    for node in facts.articles[:3]:
        if found := strings(node.get("headline"))[:1]:
            return found[0]
    return ""


def _shown(doc: Document, told: list[str], known: frozenset[str]) -> tuple[int | None, str]:
    """Return the heading that shows the headline and its text: the `<h1>` most like what the page tells machines."""
    wanted = [_parts(text) for text in dict.fromkeys(told) if text]
    best, best_text, best_likeness = None, "", -1.0
    for tag in ("h1", "h2", "h3"):
        for element in doc.by_tag.get(tag, ())[:30]:
            if not 0 < doc.text_length(element) <= TITLE_MAX_CHARS:
                continue
            text = words(doc, element)
            parts = _parts(text)
            likeness = max((len(parts & other) / len(parts | other) for other in wanted if parts), default=0.0)
            if tag != "h1" and likeness < 0.6:
                # A lower heading is the headline only when it says what the page says of itself.
                continue
            if site.is_name(text, known) or (likeness < LIKE and (_is_aside(doc, element) or _is_tail(text, told))):
                likeness -= 1.0
            if likeness > best_likeness:
                best, best_text, best_likeness = element, text, likeness
        if best_likeness >= LIKE:
            break
    if best is None or best_likeness < 0:
        return None, ""
    return best, best_text if best_likeness > 0 or len(told) == 1 else ""


def _parts(text: str) -> set[str]:
    """Return the words of *text*; pairs of letters where a script sets no spaces between words."""
    said = site.key(text).split()
    if any("\u3040" <= letter <= "\u9fff" or "\u0e00" <= letter <= "\u0eff" for word in said for letter in word[:1]):
        tight = "".join(said)
        return {tight[at : at + 2] for at in range(max(1, len(tight) - 1))}
    return set(said)


def _is_tail(text: str, told: list[str]) -> bool:
    """Say whether each of *told* ends in *text* after a separator: then *text* is the site's name."""
    return any(told) and all(whole.endswith(text) and len(whole) > 2 * len(text) for whole in told if whole)


def _is_aside(doc: Document, element: int) -> bool:
    return any(doc.tags[above] in _NOT_A_HEADLINE for above in doc.ancestors(element))


def _without_site(text: str, heads: Iterable[str], known: frozenset[str]) -> str:
    """Return *text* without the site's name, section and date around the headline."""
    marks = list(_SEPARATOR.finditer(text))
    if not marks:
        return text
    others = {site.key(head) for head in heads if head and head != text}
    for mark in marks:
        # Another source ends, or begins, exactly here: the rest is the template's.
        if len(head := site.key(text[: mark.start()])) > 8 and head in others:
            return text[: mark.start()].strip()
    for _ in range(3):
        marks = list(_SEPARATOR.finditer(text))
        if not marks:
            break
        first, last = marks[0], marks[-1]
        head, tail = text[: last.start()].strip(), text[last.end() :]
        is_label = (
            last.group().strip() in "|｜ㅣ" and len(tail.split()) <= 5 and len(tail) < len(head) and len(head) >= 15
        )
        if site.is_name(tail, known) or (is_label and site.key(text) not in others):
            text = head
        elif site.is_name(text[: first.start()], known):
            text = text[first.end() :].strip()
        else:
            break
    return text
