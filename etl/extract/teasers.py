"""The blocks of a page that point at other articles: one decision, used by the body (left out) and by the links.

A link to an article grows into an *item*: the highest element that holds no link to another article and no long text.
Items in document order are split into *blocks* by the headings printed between them; a heading rules everything up to
the end of the element it opens. The kind of a block is what its heading says, then where it stands (inside the running
text: related), then what the theme calls it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice

from etl.extract import anchors as page_anchors
from etl.extract import block_headings, headings, running_text, teaser_items
from etl.extract.anchors import OWN, Anchor, host_of, is_channel, site_of
from etl.extract.article_urls import OTHER, PLAIN, STRONG
from etl.extract.block_headings import Heading, Ruling
from etl.extract.document import Document
from etl.extract.running_text import SENTENCE_CHARS, Running, Sentences
from etl.extract.teaser_items import Item
from etl.extract.zones import FOOTER, MENU, TEXT, Zones
from etl.model import LinkKind

MENU_TITLE_CHARS = 40
"""A menu entry this long is a headline card and no section."""
MENU_ENTRIES_MAX = 60
MENU_ITEMS_MIN = 4
"""A list this long in which most entries are too short for a headline is a menu, also without a `<nav>`."""
HEADLINE_CHARS_MAX = 300
HEADLINE_CHUNKS_MAX = 20
STEM_CHARS = 5
"""Longer than most function words, short enough to meet an inflected form."""


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
    in_sentence = Sentences(doc, running)
    home = site_of(doc.url)
    away: dict[str, bool] = {}
    """Host → whether it is another site's."""
    sentences: list[Anchor] = []
    wanted: list[Anchor] = []
    for anchor in page_anchors.find(doc):
        if anchor.shape == OTHER:
            continue
        if in_sentence.hold(anchor.element):
            if anchor.shape >= PLAIN and zones.zone(anchor.element) != FOOTER:
                sentences.append(anchor)
        elif anchor.shape != PLAIN and _may_tease(doc, anchor, zones):
            host = anchor.key.partition("/")[0]
            is_away = away.get(host)
            if is_away is None:
                is_away = away[host] = site_of(anchor.url) != home
            if is_away and running.spans(anchor.element):
                sentences.append(anchor)
            elif not (is_away and is_channel(host_of(anchor.url))):
                wanted.append(anchor)
    items = teaser_items.find(doc, wanted, running)
    articles = frozenset(anchor.element for anchor in wanted if anchor.shape in (STRONG, OWN))
    blocks = _blocks(doc, items, block_headings.Ruling(doc, running, articles), zones)
    return Teasers(tuple(blocks), tuple(sentences), running, _ranges(doc, blocks))


def _may_tease(doc: Document, anchor: Anchor, zones: Zones) -> bool:
    """Tell whether *anchor* stands where teasers do; in a menu only what is as long as a headline."""
    zone = zones.zone(anchor.element)
    if zone == MENU:
        return anchor.shape == STRONG and doc.text_length(anchor.element) >= MENU_TITLE_CHARS
    return zone == TEXT


def _blocks(doc: Document, items: list[Item], ruling: Ruling, zones: Zones) -> list[Block]:
    """Split the items where the ruling heading changes, or, without one, where the list around them does.

    Behind the text, what follows a list of legal and service pages and has no heading that we know is the page's foot.
    """
    running = ruling.running
    groups: list[tuple[list[Item], Heading | None]] = []
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
                groups.append((group, head))
                group = []
        group.append(item)
        head = heading
    groups.append((group, head))
    blocks: list[Block] = []
    is_foot = False
    for group, head in groups:
        if any(item.is_service for item in group):
            is_foot = is_foot or 0 <= running.end <= group[0].element
            continue
        found = _block(doc, group, head, running=running, zones=zones)
        blocks += [block for block in found if not is_foot or block.rule != "default"]
    return blocks


def _side_by_side(doc: Document, left: int, right: int) -> bool:
    """Tell whether two items stand in one list: their parents are the same, or two twins of one parent."""
    one, other = doc.parents[left], doc.parents[right]
    return one == other or doc.parents[one] == doc.parents[other]


def _block(doc: Document, group: list[Item], heading: Heading | None, *, running: Running, zones: Zones) -> list[Block]:
    items = tuple(item for item in group if item.shape != OWN)
    sure = [item for item in items if item.is_sure]
    if _is_menu(doc, items):
        return []
    if not items or not sure or (len(sure) * 2 < len(items) and len(items) >= MENU_ITEMS_MIN):
        return []
    in_text = running.spans(items[0].element)
    kind: LinkKind
    if heading is None:
        if in_text:
            kind, rule = "related", "inside the text"
        elif _is_below_headline(doc, items[0].element, running):
            kind, rule = "related", "below the headline"
        else:
            kind, rule = zones.kind(items[0].element)
        return [Block(items, kind, rule, None, -1, in_text)]
    if headings.is_generic(heading.text):
        # "Read more:" before one link is a line of the article, wherever the text was cut.
        is_label = len(items) == 1 and heading.text.endswith((":", "："))
        kind, rule = (
            ("related", "on the same story")
            if in_text or is_label or _on_same_story(doc, items)
            else ("latest", "heading")
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
    own = _stems(_headline(doc))
    return sum(1 for item in items if own & _stems(doc.text(item.element))) * 2 >= len(items)


def _is_below_headline(doc: Document, element: int, running: Running) -> bool:
    """Tell whether a teaser stands between the headline and the text, as a linked second headline does."""
    headlines = doc.by_tag.get("h1", ())
    return len(headlines) == 1 and headlines[0] < element < running.first


def _is_menu(doc: Document, items: tuple[Item, ...]) -> bool:
    """Tell whether the items are a few long names among the many entries of a list."""
    lists: dict[int, int] = {}
    for item in items:
        if doc.tags[item.element] == "li":
            parent = doc.parents[item.element]
            lists[parent] = lists.get(parent, 0) + 1
    for parent, teased in lists.items():
        entries = sum(1 for child in islice(doc.children(parent), MENU_ENTRIES_MAX) if doc.text_length(child))
        if entries > MENU_ITEMS_MIN and teased * 3 < entries:
            return True
    return False


def _headline(doc: Document) -> str:
    """Return the page's first `<h1>`, or its start when a theme puts more than a headline into it."""
    for element in doc.by_tag.get("h1", ())[:1]:
        first = doc.first_text[element]
        return "".join(doc.texts[first : min(doc.last_text[element], first + HEADLINE_CHUNKS_MAX)])[:HEADLINE_CHARS_MAX]
    return ""


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
            spans += _line_of(doc, block)
        spans.extend((item.element, item.end) for item in block.items)
    spans.sort()
    merged: list[tuple[int, int]] = []
    for first, end in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return tuple(merged)


def _line_of(doc: Document, block: Block) -> list[tuple[int, int]]:
    """Return the element whose own text is nothing but the block's heading, as in `<div><b>Read also</b><ul>`."""
    head = block.heading_element
    box = doc.boxes[doc.first_text[head]] if doc.first_text[head] < doc.last_text[head] else head
    if box >= head:
        return []
    beside = sum(doc.text_length(item.element) for item in block.items if box < item.element < doc.ends[box])
    return [(box, box + 1)] if doc.text_length(box) - beside <= doc.text_length(head) else []
