"""What a page says about itself in markup for machines: meta elements, links, JSON-LD, microdata.

Everything here is found once per page and shared by the readers of metadata, times, body and links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import compress, count, repeat
from operator import contains
from typing import cast
from urllib.parse import unquote

from etl.extract import json_ld
from etl.extract.document import Document, collapse
from etl.extract.json_ld import Node

META_MAX = 1_000
"""Meta elements read; the corpora's pages have at most 200."""
VALUE_MAX_CHARS = 20_000
NAME_MAX_CHARS = 200
"""Of a name, property, itemprop or rel: these are a word or two."""
LIST_MAX = 200
"""Members of one list that are looked at."""

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_INVISIBLE = "\u00ad\u200b\u2060\ufeff"
"""Soft hyphen, zero-width space and joiner, byte order mark; not the non-joiner, which Persian spells with."""
_NAMING = frozenset({"name", "property", "itemprop", "http-equiv"})
_ARTICLE_ENDINGS = ("article", "posting", "report", "review", "interview")
"""NewsArticle, ReportageNewsArticle, BlogPosting, LiveBlogPosting, ClaimReview and their like."""
_FALLBACK_ENDINGS = ("page", "work", "object", "episode", "gallery", "event", "recipe")
"""WebPage, ItemPage, CreativeWork, VideoObject, PodcastEpisode …: what describes a page when no article object does."""
_ELSEWHERE = (
    "itemListElement",
    "hasPart",
    "liveBlogUpdate",
    "relatedLink",
    "citation",
    "isBasedOn",
    "comment",
    "mentions",
    "review",
)
"""What an object lists under these is another article, or a part of this one, not the one the page is about."""


@dataclass(frozen=True, slots=True)
class Structured:
    meta: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Lower-case name, property, itemprop or http-equiv of each `<meta>` → its contents, in order, none empty."""
    nodes: tuple[Node, ...] = ()
    """All JSON-LD objects of the page, outer before inner."""
    articles: tuple[Node, ...] = ()
    """The objects that can describe this page's article, best first, `@id` references resolved one level."""
    microdata: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """Lower-case itemprop → the elements that carry it."""
    links: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """Lower-case word of `rel` → the `<link>` elements that carry it."""

    @property
    def main(self) -> Node | None:
        """The JSON-LD object that describes this article, or None when none does."""
        return self.articles[0] if self.articles else None

    def first(self, *names: str) -> str:
        """Return the content of the first meta element among *names*, in the order of *names*, or an empty string."""
        for name in names:
            if values := self.meta.get(name):
                return values[0]
        return ""


def read(doc: Document) -> Structured:
    """Return all machine-readable statements of the page."""
    tops = json_ld.read(doc.json_ld)
    facts = Structured(
        meta=_meta(doc), nodes=tuple(json_ld.descendants(tops)), microdata=_microdata(doc), links=_links(doc)
    )
    return replace(facts, articles=tuple(_articles(doc, facts, tops))) if tops else facts


def kinds(node: Node) -> tuple[str, ...]:
    """Return the `@type`s of *node* in lower case, without the vocabulary's address."""
    said = node.get("@type")
    if isinstance(said, str) and said.isalpha():
        return (said.lower(),)
    return tuple(kind.rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower() for kind in strings(said))


def strings(value: object) -> tuple[str, ...]:
    """Return the texts in *value*: a string, a number, an object with `@value` or `name`, or a list of these."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (text,) if (text := clean(value)) else ()
    found: list[str] = []
    pending: list[object] = [value]
    while pending and len(found) < LIST_MAX:
        item = pending.pop()
        if isinstance(item, str):
            if text := clean(item):
                found.append(text)
        elif isinstance(item, bool):
            found.append("true" if item else "false")
        elif isinstance(item, int | float):
            found.append(str(item))
        elif isinstance(item, list):
            pending.extend(reversed(cast(list[object], item)[:LIST_MAX]))
        elif isinstance(item, dict):
            node = cast(Node, item)
            inner = node.get("@value") or node.get("name") or node.get("url") or node.get("@id")
            if isinstance(inner, str | list):
                pending.append(cast(object, inner))
    return tuple(found)


def objects(value: object) -> tuple[Node, ...]:
    """Return the objects in *value*: itself, or the members of a list."""
    if isinstance(value, dict):
        return (cast(Node, value),)
    if isinstance(value, list):
        return tuple(cast(Node, item) for item in cast(list[object], value)[:LIST_MAX] if isinstance(item, dict))
    return ()


def texts(value: object) -> tuple[str, ...]:
    """Return the plain strings in the list *value*; empty when it is no list."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in cast(list[object], value)[:LIST_MAX] if isinstance(item, str))


def clean(text: str) -> str:
    """Return *text* as a reader sees it: entities resolved (publishers escape twice), no tags, no invisible letters."""
    text = text[:VALUE_MAX_CHARS]
    if "&" in text:
        text = unescape(text)
        if "&" in text:
            text = unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    if not text.isascii():
        for letter in _INVISIBLE:
            if letter in text:
                text = text.replace(letter, "")
    return collapse(text)


def words(doc: Document, element: int) -> str:
    """Return the text under *element*, at most VALUE_MAX_CHARS of it: for titles and names, not for text."""
    return clean("".join(doc.texts[doc.first_text[element] : doc.last_text[element]]))


def is_same_page(one: str, other: str) -> bool:
    """Say whether two URLs name the same page; scheme, `www.`, query and trailing slash aside, front pages never."""
    return bool(one) and (key := _page_key(one)) != ("", "") and key == _page_key(other)


def _page_key(url: str) -> tuple[str, str]:
    """Return host and path of *url*, both empty for a front page and for what is no address."""
    scheme, _, rest = url.strip().partition("://")
    if not scheme.startswith("http"):
        return "", ""
    for mark in ("#", "?"):
        rest = rest.partition(mark)[0]
    host, _, path = rest.partition("/")
    path = path.strip("/").casefold()
    if "%" in path:
        path = unquote(path)
    return (host.casefold().removeprefix("www."), path) if path else ("", "")


def _meta(doc: Document) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for element in doc.by_tag.get("meta", ())[:META_MAX]:
        attrs = doc.attrs[element]
        content = clean(attrs.get("content") or "")
        if not content:
            continue
        for attribute, said in attrs.items():
            if attribute in _NAMING and said:
                for name in said[:NAME_MAX_CHARS].lower().split():
                    values = found.setdefault(name, [])
                    if not values or values[-1] != content:
                        values.append(content)
    return {name: tuple(values) for name, values in found.items()}


def _microdata(doc: Document) -> dict[str, tuple[int, ...]]:
    """Return the elements by itemprop."""
    props: dict[str, list[int]] = {}
    for element in compress(count(), map(contains, doc.attrs, repeat("itemprop"))):
        for name in doc.attribute(element, "itemprop")[:NAME_MAX_CHARS].lower().split():
            props.setdefault(name, []).append(element)
    return {name: tuple(found) for name, found in props.items()}


def linked(doc: Document, rel: str) -> list[int]:
    """Return the `<a>` elements with *rel*."""
    return [
        element
        for element in doc.by_tag.get("a", ())
        if "rel" in (attrs := doc.attrs[element]) and rel in (attrs["rel"] or "")[:NAME_MAX_CHARS].lower().split()
    ]


def absolute(doc: Document, url: str) -> str:
    """Return *url* as an absolute web address, or an empty string; most are absolute already, and joining is dear."""
    found = url if url.startswith(("https://", "http://")) else doc.absolute(url) if url else ""
    return found if found and found.startswith(("https://", "http://")) else ""


def hints(doc: Document, first: int = 0, last: int | None = None) -> dict[str, list[int]]:
    """Return each class, id and test id as written → the elements from *first* to *last* that carry it.

    A page has thousands of elements and some hundred different hints, so words are looked for in these.
    """
    found: dict[str, list[int]] = {}
    for element, attrs in enumerate(doc.attrs[first:last], first):
        if not attrs:
            continue
        if hint := attrs.get("class"):
            if hint in found:
                found[hint].append(element)
            else:
                found[hint] = [element]
        for name in ("id", "data-testid"):
            if name in attrs and (hint := attrs[name]):
                found.setdefault(hint, []).append(element)
    return found


def _links(doc: Document) -> dict[str, tuple[int, ...]]:
    """Return the `<link>` elements by rel."""
    rels: dict[str, list[int]] = {}
    for element in doc.by_tag.get("link", ())[:META_MAX]:
        for name in doc.attribute(element, "rel")[:NAME_MAX_CHARS].lower().split():
            rels.setdefault(name, []).append(element)
    return {name: tuple(found) for name, found in rels.items()}


def _articles(doc: Document, facts: Structured, tops: list[Node]) -> Iterator[Node]:
    """Yield the objects that can describe this page's article, best first.

    A page may carry a list of teasers as `NewsArticle` objects beside its own, and content systems repeat the article
    in several scripts, so the address and the headline decide before completeness does.
    """
    own = [doc.url, *facts.meta.get("og:url", ())[:1]]
    own += [doc.attribute(element, "href") for element in facts.links.get("canonical", ())[:1]]
    here = {_page_key(url) for url in own} - {("", "")}
    shown, titles = _titles(doc, facts)
    scored: list[tuple[int, int, Node]] = []
    for node in _reachable(tops):
        if (score := _kind_score(node)) is None:
            continue
        score += _address_score(doc, node, here)
        headline = " ".join(strings(node.get("headline"))[:1]).casefold()
        if headline and (
            headline in shown or any(title.startswith(headline) or headline.startswith(title) for title in titles)
        ):
            score += 5
        score += sum(name in node for name in ("datePublished", "author", "description", "image", "articleBody"))
        scored.append((-score, len(scored), node))
    if len(scored) > 3:
        # Several articles and none of them is this page: they are teasers of a front page.
        scored = [entry for entry in scored if entry[0] <= -14]
    by_id = {identity: node for node in facts.nodes if len(node) > 1 and isinstance(identity := node.get("@id"), str)}
    for _, _, node in sorted(scored, key=lambda entry: entry[:2]):
        yield {name: _resolved(value, by_id) for name, value in node.items()}


def _titles(doc: Document, facts: Structured) -> tuple[set[str], list[str]]:
    """Return the headings of the page, and its titles, which may have the site's name at their ends."""
    shown = {words(doc, element).casefold() for element in doc.by_tag.get("h1", ())[:3]}
    titles = [value.casefold() for name in ("og:title", "twitter:title") for value in facts.meta.get(name, ())[:1]]
    titles += [words(doc, element).casefold() for element in doc.by_tag.get("title", ())[:1]]
    return shown, [title for title in titles if title]


def _kind_score(node: Node) -> int | None:
    """Return 10 for an article, 0 for what may stand in for one, None for anything else."""
    types = kinds(node)
    if any(kind.endswith(_ARTICLE_ENDINGS) for kind in types):
        return 10
    if not types or any(kind.endswith(_FALLBACK_ENDINGS) for kind in types):
        return 0 if "headline" in node or "datePublished" in node else None
    return None


def _address_score(doc: Document, node: Node, here: set[tuple[str, str]]) -> int:
    found = [
        _page_key(absolute(doc, url))
        for name in ("url", "mainEntityOfPage", "@id")
        for url in _addresses(node.get(name))
    ]
    if any(address in here for address in found):
        return 6
    return -3 if found and all(path for _, path in found) else 0


def _reachable(tops: Iterable[Node]) -> Iterator[Node]:
    """Yield the objects that may be about this page: not those listed as parts or teasers."""
    level = list(tops)
    for _ in range(4):
        below: list[Node] = []
        for node in level:
            yield node
            for name, value in node.items():
                if name not in _ELSEWHERE and len(below) < json_ld.NODES_MAX:
                    below.extend(objects(value))
        level = below[: json_ld.NODES_MAX]


def _addresses(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(
        address for node in objects(value) for name in ("@id", "url") if isinstance(address := node.get(name), str)
    )


def _resolved(value: object, by_id: dict[str, Node]) -> object:
    """Return *value* with `{"@id": …}` references replaced by the objects they name."""
    if isinstance(value, list):
        return [_resolved(item, by_id) for item in cast(list[object], value)[:LIST_MAX]]
    if isinstance(value, dict):
        node = cast(Node, value)
        identity = node.get("@id")
        if len(node) <= 2 and isinstance(identity, str):
            return by_id.get(identity, node)
        return node
    return value
