"""Section and tags: keywords of the markup and the visible topic links, without the site's own name and codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import urlsplit

from etl.extract import site, vocabulary
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, clean, kinds, linked, objects, strings

_META = vocabulary.words("topics", "meta")
"""`article:tag` is written per article, keywords also by templates: the first is nearer to the gold on seven open news
pages of six publishers, the second on two."""
TAG_MAX_WORDS = 3
"""A single tag with more words is a search phrase."""
TAGS_MAX = 60
TAG_MAX_CHARS = 80
GROUP_MAX = 30
"""Links in one group; more are a cloud of all topics, not those of this article."""
_TAG_FOLDERS = frozenset(vocabulary.words("topics", "folders"))
_TAG_HINT = frozenset(vocabulary.words("topics", "hints"))
_NOT_HINTS = frozenset(vocabulary.words("topics", "not_hints"))
_LABELS = frozenset(vocabulary.words("topics", "labels"))
LABELLED_MAX = 20
"""The same for links that only a label says to be topics: menus have labels too."""
LABELS_MAX, LABEL_DEPTH, LABELLED_ELEMENTS_MAX = 20, 6, 200
"""How many labels are looked at, how far up, and how much stands below one: a page may be all labels."""
_MENUS = frozenset({"nav", "footer", "aside"})
_AROUND = " :#\n\r\t\xa0"
LABEL_MAX_CHARS, LABELLED_MEAN_CHARS = 40, 24
"""Links below "More on this" are tags when they are short; headlines are not."""
_CAPITALS = re.compile(r"[A-Z0-9]{2,7}|[A-Z]+:[A-Z0-9-]+")
_KIND = re.compile(
    r"(?:sections?|topics?|tags?|subjects?|organi[sz]ations?|persons?|people|places?|locations?|keywords?)[/:]\s*"
)
"""What a content system writes before each name of its lists: "topic/rain", "place:hills"."""
_LETTERS = re.compile(r"[a-z]+")
_CODE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{20,}$|(?:nlp |category:|section:|type:|author:|source:|channel:)|[A-Z]{2,8}\d{2}$|\d+$|https?:",
    re.IGNORECASE,
)
_IN_CODE = ("{", "}", "<", ">", "::")
MENU_LINKS_MAX = 150
"""Menus stand at the top; teasers with the section's name as their kicker come after."""
MENU_LABEL_MAX_CHARS = 40
_PLAIN_SEPARATOR = re.compile(r"\s*[,;、，；|]\s*|\s*\n\s*")


def section(doc: Document, facts: Structured, known: frozenset[str]) -> Choice[str | None]:
    """Return the section of the paper as the page names it, or None; *known* are the site's names."""
    found: list[tuple[str, str]] = []
    for node in facts.articles[:2]:
        found += [("json-ld:articleSection", said) for said in strings(node.get("articleSection"))[:1]]
    for name in (
        "article:section",
        "og:section",
        "section",
        "parsely-section",
        "dc.subject.section",
        "category",
        "cxenseparse:section",
    ):
        found += [(name, said) for said in facts.meta.get(name, ())[:1]]
    return (
        _first_section(found, known)
        or _first_section([("breadcrumb", said) for said in _breadcrumb(facts)[:1]], known)
        or _first_section(_in_menu(doc), known)
        or Choice(None, "", tuple(found))
    )


def _first_section(found: list[tuple[str, str]], known: frozenset[str]) -> Choice[str | None] | None:
    for rule, said in found:
        name = _PLAIN_SEPARATOR.split(said)[0].strip(" -–/>")
        if 1 < len(name) <= TAG_MAX_CHARS and not _is_code(name) and not site.is_name(name, known):
            return Choice(name, rule, losers(found, said))
    return None


def _is_code(said: str) -> bool:
    return _CODE.match(said) is not None or any(mark in said for mark in _IN_CODE)


def _in_menu(doc: Document) -> list[tuple[str, str]]:
    """Return what the page's own menu calls the folder that the page stands in: `/international/…` is "International"."""
    folder, slash, rest = urlsplit(doc.url).path.strip("/").partition("/")
    if not slash or not rest or not folder or folder.isdigit():
        return []
    wanted, ending = {f"/{folder}", f"/{folder}/"}, f"/{folder}"
    for anchor in doc.by_tag.get("a", ())[:MENU_LINKS_MAX]:
        href = doc.attribute(anchor, "href")
        if href.rstrip("/").endswith(ending) and urlsplit(doc.absolute(href) or "").path in wanted:
            label = doc.text(anchor)
            if 1 < len(label) <= MENU_LABEL_MAX_CHARS:
                return [("address and menu", label)]
    return []


def tags(
    doc: Document,
    facts: Structured,
    known: frozenset[str],
    *,
    authors: Iterable[str] = (),
    title: str = "",
    heading: int | None = None,
) -> Choice[tuple[str, ...]]:
    """Return the tags: those of the meta elements, of JSON-LD, or the visible topic links when no markup names any."""
    refused = {site.key(name) for name in authors} | {site.key(title)}
    found: list[tuple[str, list[str]]] = []
    for rule, said in _told(facts):
        if _is_coded(said):
            continue
        found.append((rule, _tidy(said, refused, known)))
        if len(found[-1][1]) >= (2 if rule.startswith("json-ld") else 1):
            break
    else:
        # One keyword in JSON-LD is often the section: the links below the text then say more.
        found.append(("links", _tidy(_topic_links(doc, heading or 0), refused, known)))
    rule, chosen = max(reversed(found), key=lambda entry: len(entry[1]) > 0, default=("", list[str]()))
    return Choice(
        tuple(chosen),
        rule if chosen else "",
        losers(((name, ", ".join(them)) for name, them in found), ", ".join(chosen)),
    )


def _told(facts: Structured) -> Iterator[tuple[str, list[str]]]:
    for name in _META:
        values = facts.meta.get(name, ())
        if values:
            said = [part for value in values for part in _PLAIN_SEPARATOR.split(value)]
            if name != "article:tag" or len(said) > 1 or said[0].count(" ") < TAG_MAX_WORDS:
                yield name, said
    for node in facts.articles[:2]:
        values = strings(node.get("keywords"))
        if values:
            said = [part for value in values for part in _PLAIN_SEPARATOR.split(value)]
            is_kinded = 4 * sum(_KIND.match(tag) is not None for tag in said) >= 3 * len(said)
            yield "json-ld:keywords", [_KIND.sub("", tag) for tag in said] if is_kinded else said


def _is_coded(said: list[str]) -> bool:
    """Say whether a list of keywords is one of codes, as agencies send them: "AERO", "CRSH", "RSBI:WAR"."""
    return len(said) >= 5 and 4 * sum(_CAPITALS.fullmatch(tag) is not None for tag in said) >= 3 * len(said)


def _tidy(said: Iterable[str], refused: set[str], known: frozenset[str]) -> list[str]:
    found: dict[str, str] = {}
    for raw in said:
        tag = clean(raw).strip(" ,;#\"'“”")
        key = site.key(tag)
        if key and len(tag) <= TAG_MAX_CHARS and key not in refused and key not in known and not _is_code(tag):
            found.setdefault(key, tag)
    return list(found.values())[:TAGS_MAX]


def _topic_links(doc: Document, heading: int) -> list[str]:
    """Return the texts of the links to topic pages that stand together, in the best group below the headline."""
    marked = set(linked(doc, "tag"))
    found = [
        link
        for link in doc.by_tag.get("a", ())
        if link >= heading
        and 0 < doc.text_length(link) <= TAG_MAX_CHARS
        and (link in marked or _is_topic(doc.attribute(link, "href")))
    ]
    return _best_group(doc, found, marked) or _best_group(doc, list(_labelled(doc, heading)), marked, most=LABELLED_MAX)


def _best_group(doc: Document, found: list[int], marked: set[int], *, most: int = GROUP_MAX) -> list[str]:
    """Return the texts of the best of the groups that the links *found* stand in; the first of equals."""
    groups: dict[int, list[int]] = {}
    for element in found:
        groups.setdefault(_group(doc, element), []).append(element)
    best: list[int] = []
    best_score = 0.0
    for order, (box, links) in enumerate(groups.items()):
        score = _group_score(doc, box, links, marked, most=most) - order * 0.2
        if score > best_score:
            best, best_score = links, score
    plain = [link for link in best if "category" not in (doc.attribute(link, "rel") + doc.attribute(link, "href"))]
    return [doc.text(link) for link in plain or best]


def _labelled(doc: Document, heading: int) -> Iterator[int]:
    """Yield the short links that stand in one box with a label such as "Read more about", "Themen:", "タグ"."""
    for owner, length in islice(_labels(doc, heading), LABELS_MAX):
        around = list(islice(doc.ancestors(owner), LABEL_DEPTH))
        box = next((above for above in around if doc.text_length(above) > length), owner)
        if doc.ends[box] - owner > LABELLED_ELEMENTS_MAX or any(doc.tags[above] in _MENUS for above in around):
            continue
        links = [element for element in range(owner, doc.ends[box]) if doc.tags[element] == "a"]
        if sum(doc.text_length(link) for link in links) <= LABELLED_MEAN_CHARS * len(links):
            yield from links


def _labels(doc: Document, heading: int) -> Iterator[tuple[int, int]]:
    """Yield (element, length) of each text after the headline that is a label of topics."""
    texts, chars = doc.texts, doc.chars
    for chunk in range(doc.first_text[heading], len(texts)):
        length = chars[chunk + 1] - chars[chunk]
        if 0 < length <= LABEL_MAX_CHARS and texts[chunk].strip(_AROUND).lower() in _LABELS:
            yield doc.owners[chunk], length


def _is_topic(href: str) -> bool:
    """Say whether a link leads below a folder of topics: "/tag/rain", "/thema/Regen", "?tag=rain"."""
    low = href.lower()
    return "tag=" in low or not _TAG_FOLDERS.isdisjoint(low.rstrip("/").split("/")[:-1])


def _group(doc: Document, element: int) -> int:
    """Return the nearest box of *element* that holds more than its own words."""
    own = doc.text_length(element)
    for above in doc.ancestors(element):
        if doc.text_length(above) > own + 2:
            return above
    return 0


def _group_score(doc: Document, box: int, links: list[int], marked: set[int], *, most: int) -> float:
    is_marked = any(link in marked for link in links)
    if len(links) > most * (1 + 2 * is_marked) or sum(doc.text_length(link) for link in links) < 0.5 * doc.text_length(
        box
    ):
        return 0.0
    hints = " ".join(doc.hint(element) for element in (box, *islice(doc.ancestors(box), 2)))
    words = set(_LETTERS.findall(hints))
    if "cloud" in hints or (not is_marked and (words & _NOT_HINTS or doc.tags[box] == "nav")):
        return 0.0
    return 1.0 + 2.0 * is_marked + 2.0 * bool(words & _TAG_HINT) + 0.5 * (len(links) > 1)


def _breadcrumb(facts: Structured) -> list[str]:
    """Return the names of the page's breadcrumb, the home page and the article itself left out."""
    for node in facts.nodes:
        if node.get("@type") == "BreadcrumbList" or "breadcrumblist" in kinds(node):
            items = objects(node.get("itemListElement"))
            said = [name for item in items for name in (strings(item.get("name")) or strings(item.get("item")))[:1]]
            return said[1:-1] or said[1:]
    return []
