"""Section and tags: keywords of the markup and the visible topic links, without the site's own name and codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from etl.extract import site, vocabulary
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, clean, kinds, objects, strings

TAGS_MAX = 60
TAG_MAX_CHARS = 80
_TAG_PATH = re.compile(
    r"/(?:tags?|topics?|themen?|thema|keywords?|subjects?|sujets?|mots?-cles?|temas?|etiquetas?|argomenti|temi|stikkord|emner?|amne|tema|"
    r"aihe|avainsana|tagi|temat|konu|etiket|article_tag|all-about|dossiers?|hashtag|chu-de|tagged|etiketter|label|who|wiki|trefwoord)"
    r"(?:/|\.|=|_)|[?&]tag=|/t-\d+",
    re.IGNORECASE,
)
_TAG_HINT = vocabulary.words("topics", "hints")
_CODE = re.compile(
    r"^[0-9a-f]{8}-[0-9a-f-]{20,}$|^(?:nlp |category:|section:|type:|author:|source:|channel:)|^[A-Z]{2,8}\d{2}$|"
    r"^\d+$|^https?:|[{}<>]|:{2}",
    re.IGNORECASE,
)
_PLAIN_SEPARATOR = re.compile(r"\s*[,;、，；|]\s*|\s*\n\s*")


def section(facts: Structured, known: frozenset[str]) -> Choice[str | None]:
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
    found += [("breadcrumb", said) for said in _breadcrumb(facts)[:1]]
    for rule, said in found:
        name = _PLAIN_SEPARATOR.split(said)[0].strip(" -–/>")
        if 1 < len(name) <= TAG_MAX_CHARS and not _CODE.search(name) and not site.is_name(name, known):
            return Choice(name, rule, losers(found, said))
    return Choice(None, "", tuple(found))


def tags(
    doc: Document, facts: Structured, known: frozenset[str], *, authors: Iterable[str] = (), title: str = ""
) -> Choice[tuple[str, ...]]:
    """Return the tags: those of the meta elements, of JSON-LD, or the visible topic links when no markup names any."""
    refused = {site.key(name) for name in authors} | {site.key(title)}
    found = [(rule, _tidy(said, refused, known)) for rule, said in _told(facts)]
    found.append(("links", _tidy(_linked(doc, facts), refused, known)))
    for rule, some in found:
        if some:
            return Choice(tuple(some), rule, losers(((name, ", ".join(them)) for name, them in found), ", ".join(some)))
    return Choice(())


def _told(facts: Structured) -> Iterator[tuple[str, list[str]]]:
    for name in (
        "news_keywords",
        "keywords",
        "article:tag",
        "parsely-tags",
        "sailthru.tags",
        "dc.subject",
        "cxenseparse:taglist",
        "og:article:tag",
    ):
        values = facts.meta.get(name, ())
        if values:
            yield name, [part for value in values for part in _PLAIN_SEPARATOR.split(value)]
    for node in facts.articles[:2]:
        values = strings(node.get("keywords"))
        if values:
            yield "json-ld:keywords", [part for value in values for part in _PLAIN_SEPARATOR.split(value)]


def _tidy(said: Iterable[str], refused: set[str], known: frozenset[str]) -> list[str]:
    found: dict[str, str] = {}
    for raw in said:
        tag = clean(raw).strip(" ,;#\"'“”")
        key = site.key(tag)
        if key and len(tag) <= TAG_MAX_CHARS and key not in refused and key not in known and not _CODE.search(tag):
            found.setdefault(key, tag)
    return list(found.values())[:TAGS_MAX]


def _linked(doc: Document, facts: Structured) -> list[str]:
    """Return the texts of the links to topic pages that stand together: one block, the first after the article's start."""
    groups: dict[int, list[str]] = {}
    for element in dict.fromkeys((*facts.links.get("tag", ()), *doc.by_tag.get("a", ()))):
        attrs = doc.attrs[element]
        is_tag = "tag" in (attrs.get("rel") or "").split() or bool(_TAG_PATH.search(attrs.get("href") or ""))
        if is_tag and 0 < doc.text_length(element) <= TAG_MAX_CHARS:
            box = next(
                (
                    above
                    for above in doc.ancestors(element)
                    if doc.tags[above] in ("ul", "ol", "nav", "p", "section", "article")
                ),
                0,
            )
            parent = doc.parents[element]
            above = doc.parents[parent] if doc.tags[parent] in ("li", "span") and doc.parents[parent] >= 0 else parent
            groups.setdefault(above if box == 0 else max(box, above if doc.tags[above] != "li" else box), []).append(
                doc.text(element)
            )
    best = max(groups.items(), key=lambda group: (_hinted(doc, group[0]), len(group[1])), default=None)
    return best[1] if best is not None and (len(best[1]) > 1 or _hinted(doc, best[0])) else []


def _hinted(doc: Document, element: int) -> bool:
    hints = doc.hint(element) + " " + (doc.hint(doc.parents[element]) if doc.parents[element] >= 0 else "")
    return any(word in hints for word in _TAG_HINT)


def _breadcrumb(facts: Structured) -> list[str]:
    """Return the names of the page's breadcrumb, the home page and the article itself left out."""
    for node in facts.nodes:
        if "breadcrumblist" in kinds(node):
            items = objects(node.get("itemListElement"))
            said = [name for item in items for name in (strings(item.get("name")) or strings(item.get("item")))[:1]]
            return said[1:-1] or said[1:]
    return []
