"""The blocks of a page that point at other articles: one decision, used by the body (left out) and by the links.

A link to an article grows into an *item*: the highest element that holds no link to another article and no long text.
Items in document order are split into *blocks* by the headings printed between them; a heading rules everything up to
the end of the element it opens. The kind of a block is what its heading says, then where it stands (inside the running
text: related), then what the theme calls it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl.extract import anchors as page_anchors
from etl.extract import block_headings, headings, running_text
from etl.extract.anchors import OWN, Anchor, host_of, is_channel, site_of
from etl.extract.article_urls import PLAIN, STRONG, WEAK
from etl.extract.block_headings import Heading, Ruling
from etl.extract.document import Document
from etl.extract.running_text import SENTENCE_CHARS, Running
from etl.extract.zones import FOOTER, MENU, TEXT, Zones
from etl.model import LinkKind

ITEM_CHARS_MAX = 400
"""Characters beside the link that one teaser may show: deck, author, date."""
SHORT_TITLE_CHARS = 12
SHORT_TITLE_CHARS_WEAK = 24
"""Shorter link texts are labels; the second for URLs that only may be an article's."""
MENU_TITLE_CHARS = 40
"""A menu entry this long is a headline card and no section."""
HEADLINES_MAX = 2
"""Pages with more `<h1>` than these use it for teasers."""
MENU_ITEMS_MIN = 4
"""A list this long in which most entries are too short for a headline is a menu, also without a `<nav>`."""
STEM_CHARS = 5
"""Longer than most function words, short enough to meet an inflected form."""
TAIL_CHARS_MAX = 60
"""What may follow a bare link and still be of its teaser: a date, a section, an author."""
_ITEM_TAGS = frozenset({"li", "article", "tr", "dd"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BARE = frozenset({"a", "h2", "h3", "h4", "h5", "h6", "strong", "b", "span"})
_STOP_TAGS = frozenset({"body", "html", "main", "ul", "ol", "table", "tbody", "head"})


@dataclass(frozen=True, slots=True)
class Item:
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
    is_sure: bool = True
    """False for one that counts only beside others that are sure."""


@dataclass(frozen=True, slots=True)
class Block:
    """Teasers under one heading, or side by side without one."""

    items: tuple[Item, ...]
    kind: LinkKind
    rule: str
    heading: str | None
    heading_element: int
    """-1: none, or one that holds the teaser, too."""
    in_text: bool
    """Stands between two paragraphs of the article."""


@dataclass(frozen=True, slots=True)
class Teasers:
    blocks: tuple[Block, ...]
    sentences: tuple[Anchor, ...]
    """Links of the running text: in a sentence, or alone on a line to another site ("Sources: …")."""
    running: Running
    ranges: tuple[tuple[int, int], ...]
    """Elements that are teaser or the heading of teasers, as sorted, disjoint (first, end): not body."""

    def covers(self, element: int) -> bool:
        """Tell whether *element* is part of a teaser or of the heading of a block of teasers."""
        place = bisect_right(self.ranges, (element, len(self.ranges) + (1 << 60))) - 1
        return place >= 0 and element < self.ranges[place][1]


def find(doc: Document) -> Teasers:
    """Return the teaser blocks of the page; none is no error."""
    running = running_text.find(doc)
    zones = Zones(doc, running)
    home = site_of(doc.url)
    sentences: list[Anchor] = []
    wanted: list[Anchor] = []
    for anchor in page_anchors.find(doc):
        if running_text.in_sentence(doc, running, anchor.element):
            if anchor.shape >= PLAIN and zones.zone(anchor.element) != FOOTER:
                sentences.append(anchor)
        elif (anchor.shape >= WEAK or anchor.shape == OWN) and _may_tease(doc, anchor, zones):
            is_away = site_of(anchor.url) != home
            if is_away and running.spans(anchor.element):
                sentences.append(anchor)
            elif not (is_away and is_channel(host_of(anchor.url))):
                wanted.append(anchor)
    items: list[Item] = []
    for item in _items(doc, wanted, running):
        certainty = 2 if item.shape == OWN else _certainty(doc, item)
        if certainty:
            items.append(item if certainty == 2 else replace(item, is_sure=False))
    articles = frozenset(anchor.element for anchor in wanted if anchor.shape in (STRONG, OWN))
    blocks = _blocks(doc, items, block_headings.Ruling(doc, running, articles), zones)
    return Teasers(tuple(blocks), tuple(sentences), running, _ranges(doc, blocks))


def _may_tease(doc: Document, anchor: Anchor, zones: Zones) -> bool:
    """Tell whether *anchor* stands where teasers do; in a menu only what is as long as a headline."""
    zone = zones.zone(anchor.element)
    if zone == MENU:
        return anchor.shape == STRONG and doc.text_length(anchor.element) >= MENU_TITLE_CHARS
    return zone == TEXT


def _items(doc: Document, wanted: list[Anchor], running: Running) -> list[Item]:
    """Grow each link to an article into its teaser. Self-teasers keep their place: they part their neighbours."""
    items: list[Item] = []
    index = 0
    while index < len(wanted):
        last = index
        while last + 1 < len(wanted) and wanted[last + 1].key == wanted[index].key:
            last += 1
        before = wanted[index - 1].element if index else -1
        after = wanted[last + 1].element if last + 1 < len(wanted) else len(doc.tags)
        first = wanted[index]
        element = _grow(doc, first.element, (before, after), running)
        end, last_text = _tail(doc, element, after)
        same = tuple(anchor.element for anchor in wanted[index : last + 1] if anchor.element < end)
        items.append(Item(element, same, first.url, first.key, first.shape, end, last_text))
        index += len(same)
    return items


def _grow(doc: Document, element: int, between: tuple[int, int], running: Running) -> int:
    """Return the highest element around *element* that is still the same teaser."""
    before, after = between
    parents, ends, tags = doc.parents, doc.ends, doc.tags
    chars = doc.text_length(element)
    headlines = doc.by_tag.get("h1", ())
    headlines = headlines if len(headlines) <= HEADLINES_MAX else ()
    while tags[element] not in _ITEM_TAGS:
        parent = parents[element]
        if parent <= before or ends[parent] > after or tags[parent] in _STOP_TAGS:
            break
        if parent <= running.container < ends[parent] or _holds(headlines, parent, ends[parent]):
            break
        more = doc.text_length(parent) - doc.text_length(element)
        if more:
            if doc.text_length(parent) - chars > ITEM_CHARS_MAX or _has_twin(doc, element, parent):
                break
            if block_headings.opens(doc, parent, element):
                break
        element = parent
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


def _certainty(doc: Document, item: Item) -> int:
    """Return 2 for a teaser by its own look, 1 for one in good company, 0 for none."""
    chars = max(doc.text_length(anchor) for anchor in item.anchors)
    tags = doc.tags[item.element : doc.ends[item.element]]
    if not chars:
        if _HEADINGS.isdisjoint(tags):
            return 0
        chars = doc.text_length(item.element)
    text = doc.text(item.element)
    if text[:1] == "©":
        return 0
    wide = 2 if text[-1:] > "\u2e80" else 1
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


def _blocks(doc: Document, items: list[Item], ruling: Ruling, zones: Zones) -> list[Block]:
    """Split the items where the ruling heading changes, or, without one, where the list around them does."""
    running = ruling.running
    blocks: list[Block] = []
    group: list[Item] = []
    head: Heading | None = None
    for item in items:
        follows = bool(group) and _side_by_side(doc, group[-1].element, item.element)
        heading, gap = ruling.advance(item.element, item.last_text, follows=follows)
        if running.spans(item.element):
            heading = block_headings.own_label(doc, item.element) or heading
        if group:
            same = heading is head and (heading is not None or (follows and gap < SENTENCE_CHARS))
            if not same:
                blocks += _block(doc, group, head, running, zones)
                group = []
        group.append(item)
        head = heading
    if group:
        blocks += _block(doc, group, head, running, zones)
    return blocks


def _side_by_side(doc: Document, left: int, right: int) -> bool:
    """Tell whether two items stand in one list: their parents are the same, or two twins of one parent."""
    one, other = doc.parents[left], doc.parents[right]
    return one == other or doc.parents[one] == doc.parents[other]


def _block(doc: Document, group: list[Item], heading: Heading | None, running: Running, zones: Zones) -> list[Block]:
    items = tuple(item for item in group if item.shape != OWN)
    sure = [item for item in items if item.is_sure]
    if not items or not sure or (len(sure) * 2 < len(items) and len(items) >= MENU_ITEMS_MIN):
        return []
    in_text = running.spans(items[0].element)
    if heading is None:
        kind, rule = ("related", "inside the text") if in_text else zones.kind(items[0].element)
        return [Block(items, kind, rule, None, -1, in_text)]
    if headings.is_generic(heading.text):
        kind, rule = (
            ("related", "on the same story") if in_text or _on_same_story(doc, items) else ("latest", "heading")
        )
    elif heading.kind is not None:
        kind, rule = heading.kind, "heading"
    elif in_text:
        kind, rule = "related", "inside the text"
    else:
        kind, rule = zones.kind(items[0].element, is_headed=True)
    return [Block(items, kind, rule, heading.text, heading.element, in_text)]


def _on_same_story(doc: Document, items: tuple[Item, ...]) -> bool:
    """Tell whether at least half of *items* share a word of some length with the page's headline."""
    own = _stems(" ".join(doc.text(element) for element in doc.by_tag.get("h1", ())[:1]))
    return sum(1 for item in items if own & _stems(doc.text(item.element))) * 2 >= len(items)


def _stems(text: str) -> set[str]:
    """Return the beginnings of the longer words of *text*; of text without spaces its pairs of characters."""
    stems: set[str] = set()
    for word in headings.normal(text).split():
        if word[0] > "\u2e80":
            stems.update(word[place : place + 3] for place in range(len(word) - 2))
        elif len(word) >= STEM_CHARS:
            stems.add(word[:STEM_CHARS])
    return stems


def _ranges(doc: Document, blocks: list[Block]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for block in blocks:
        if block.heading_element >= 0:
            spans.append((block.heading_element, doc.ends[block.heading_element]))
        spans.extend((item.element, item.end) for item in block.items)
    spans.sort()
    merged: list[tuple[int, int]] = []
    for first, end in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return tuple(merged)
