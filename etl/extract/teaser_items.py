"""Teasers, one by one: each link to an article grows into the highest element that is still the same teaser."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from etl.extract import block_headings, headings
from etl.extract.anchors import OWN, Anchor
from etl.extract.article_urls import STRONG
from etl.extract.document import Document
from etl.extract.running_text import Running

ITEM_CHARS_MAX = 400
"""Characters beside the link that one teaser may show: deck, author, date."""
CARD_CHARS_MAX = 1500
"""A link around more text than this is no teaser, also when a whole card is linked."""
SHORT_TITLE_CHARS = 12
SHORT_TITLE_CHARS_WEAK = 24
"""Shorter link texts are labels; the second for URLs that only may be an article's."""
SERVICE_CHARS_MAX = 40
WIDE_SAMPLE = 12
"""Characters at the start that tell a script of wide ones, which says in half of them what Latin says."""
HEADLINES_MAX = 2
"""Pages with more `<h1>` than these use it for teasers."""
TAIL_CHARS_MAX = 60
"""What may follow a bare link and still be of its teaser: a date, a section, an author."""

_ITEM_TAGS = frozenset({"li", "article", "tr", "dd"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BARE = frozenset({"a", "h2", "h3", "h4", "h5", "h6", "strong", "b", "span"})
_STOP_TAGS = frozenset({"body", "html", "main", "ul", "ol", "table", "tbody", "head"})


class Item(NamedTuple):
    """One teaser: an element and the links in it that lead to its article."""

    element: int
    anchors: tuple[int, ...]
    url: str
    key: str
    shape: int
    end: int
    """The first element that is not part of it: siblings behind a bare link may be."""
    last_text: int
    """The first chunk that is not part of it."""
    is_service: bool = False
    """Its text names a legal or service page."""
    is_sure: bool = True
    """False for one that counts only beside others that are sure."""


def find(doc: Document, wanted: Sequence[Anchor], running: Running) -> list[Item]:
    """Return the teasers that the links *wanted* make. Self-teasers stay among them: they part their neighbours."""
    found: list[Item] = []
    for item in _grown(doc, wanted, running):
        if item.shape != OWN:
            certainty = _certainty(doc, item, running)
            if not certainty:
                continue
            if _is_service(doc, item):
                item = item._replace(is_service=True)
            elif certainty == 1:
                item = item._replace(is_sure=False)
        found.append(item)
    return found


def _grown(doc: Document, wanted: Sequence[Anchor], running: Running) -> list[Item]:
    items: list[Item] = []
    index = last = 0
    while index < len(wanted):
        last = max(index, last)
        while last + 1 < len(wanted) and wanted[last + 1].key == wanted[index].key:
            last += 1
        before = wanted[index - 1].element if index else -1
        after = wanted[last + 1].element if last + 1 < len(wanted) else len(doc.tags)
        first = wanted[index]
        element = _grow(doc, first.element, (before, after), running)
        end, last_text = _tail(doc, element, after)
        start = index
        while index <= last and wanted[index].element < end:
            index += 1
        same = tuple(anchor.element for anchor in wanted[start:index])
        items.append(Item(element, same, first.url, first.key, first.shape, end, last_text))
    return items


def _grow(doc: Document, element: int, between: tuple[int, int], running: Running) -> int:
    """Return the highest element around *element* that is still the same teaser."""
    before, after = between
    container = running.container
    parents, ends, tags = doc.parents, doc.ends, doc.tags
    first_text, last_text, sizes = doc.first_text, doc.last_text, doc.chars
    chars = length = sizes[last_text[element]] - sizes[first_text[element]]
    headlines = doc.by_tag.get("h1", ())
    headlines = headlines if len(headlines) <= HEADLINES_MAX else ()
    while tags[element] not in _ITEM_TAGS:
        parent = parents[element]
        end = ends[parent]
        if parent <= before or end > after or tags[parent] in _STOP_TAGS or parent <= container < end:
            break
        if headlines and _holds(headlines, parent, end):
            break
        around = sizes[last_text[parent]] - sizes[first_text[parent]]
        if around > length:
            if around - chars > ITEM_CHARS_MAX or _has_twin(doc, element, parent):
                break
            if block_headings.opens(doc, parent, element):
                break
        element, length = parent, around
    return element


def _tail(doc: Document, element: int, after: int) -> tuple[int, int]:
    """Return where a teaser ends, in elements and chunks: a bare link goes on with the short text behind it.

    `<h4>Related</h4><a>Headline</a> <small>2 hours ago</small><a>…` has no element around a teaser.
    """
    end, last_text = doc.ends[element], doc.last_text[element]
    if doc.tags[element] not in _BARE:
        return end, last_text
    parent = doc.parents[element]
    stop = doc.last_text[parent]
    if after < doc.ends[parent]:
        while doc.parents[after] != parent:
            after = doc.parents[after]
        stop = doc.first_text[after]
    else:
        after = doc.ends[parent]
    size = doc.chars[stop] - doc.chars[last_text]
    if not 0 < size <= TAIL_CHARS_MAX or not _HEADINGS.isdisjoint(doc.tags[end:after]):
        return end, last_text
    if any(headings.kind(text) for text in doc.texts[last_text:stop] if text.strip()):
        return end, last_text
    return after, stop


def _holds(headlines: Sequence[int], element: int, end: int) -> bool:
    return any(element < headline < end for headline in headlines)


def _has_twin(doc: Document, element: int, parent: int) -> bool:
    """Tell whether the next or previous child looks the same and has a link: then *element* is one of a list."""
    sibling = doc.ends[element]
    if sibling >= doc.ends[parent] or doc.tags[sibling] != doc.tags[element]:
        return False
    label = doc.attrs[element].get("class")
    if not label or doc.attrs[sibling].get("class") != label:
        return False
    links = doc.by_tag["a"]
    place = bisect_left(links, sibling)
    return place < len(links) and links[place] < doc.ends[sibling]


def _is_service(doc: Document, item: Item) -> bool:
    return any(
        doc.text_length(anchor) <= SERVICE_CHARS_MAX and headings.is_service(doc.text(anchor))
        for anchor in item.anchors
    )


def _is_labelled(doc: Document, item: Item, running: Running) -> bool:
    """Tell whether a link without text, as one laid over a whole card, says the name that the card shows.

    Among the paragraphs of a text it is a picture with its caption.
    """
    if running.first < item.element < running.last:
        return False
    shown = headings.normal(doc.text(item.element)[:CARD_CHARS_MAX])
    for anchor in item.anchors:
        name = doc.attribute(anchor, "aria-label") or doc.attribute(anchor, "title")
        if len(name) >= SHORT_TITLE_CHARS and headings.normal(name[:CARD_CHARS_MAX]) in shown:
            return True
    return False


def _certainty(doc: Document, item: Item, running: Running) -> int:
    """Return 2 for a teaser by its own look, 1 for one in good company, 0 for none."""
    chars = max(doc.text_length(anchor) for anchor in item.anchors)
    tags = doc.tags[item.element : doc.ends[item.element]]
    if chars > CARD_CHARS_MAX:
        return 0
    if not chars:
        if _HEADINGS.isdisjoint(tags) and not _is_labelled(doc, item, running):
            return 0
        chars = doc.text_length(item.element)
    text = doc.text(item.element)
    if text[:1] == "©":
        return 0
    sample = text[:WIDE_SAMPLE]
    wide = 2 if not sample.isascii() and max(sample) > "\u2e80" else 1
    chars *= wide
    if item.shape == STRONG:
        if tags[0] in _ITEM_TAGS and len(text) * wide >= 2 * SHORT_TITLE_CHARS:
            return 2
        if chars < SHORT_TITLE_CHARS:
            return 0
        return 2 if wide == 2 or chars >= SHORT_TITLE_CHARS_WEAK or " " in text else 1
    if chars >= SHORT_TITLE_CHARS_WEAK or (chars >= SHORT_TITLE_CHARS and not _HEADINGS.isdisjoint(tags)):
        return 2
    return 1 if chars >= SHORT_TITLE_CHARS or tags[0] in _ITEM_TAGS else 0
