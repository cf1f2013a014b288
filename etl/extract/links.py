"""The links from a page to other articles, as data: one record per (URL, kind), in document order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from etl.extract import dates, teaser_fields
from etl.extract.anchors import Anchor, host_of, identity, is_channel
from etl.extract.article_urls import PLAIN, STRONG, WEAK, is_named
from etl.extract.dates import Place
from etl.extract.document import Document
from etl.extract.teaser_fields import Fields
from etl.extract.teaser_items import Item
from etl.extract.teasers import Block, Teasers
from etl.model import Link, LinkKind, Moment

_SEPARATOR = re.compile(r"\s*[|·•/]\s+|,\s+|\s[-–—]\s")
_SEPARATORS_AROUND = re.compile(r"^[\s|·•/,;:–—-]+|[\s|·•/,;:–—-]+$")
if TYPE_CHECKING:
    from etl.extract.body import Main

MORE_CHARS_MAX = 15
"""A link this short in the deck below a teaser to the same page is its "read more"."""
_CODE = re.compile(r"\d|\.pdf$|\?v=", re.IGNORECASE)


def read(
    doc: Document,
    teasers: Teasers,
    main: Main | None = None,
    *,
    language: str | None = None,
    country: str | None = None,
    zone: str | None = None,
    fetched_at: datetime | None = None,
    canonical: Callable[[str], str] = str,
    canonical_url: str | None = None,
) -> tuple[Link, ...]:
    """Return the links of the page. *canonical* names URLs; links to the page itself or *canonical_url* are none."""
    reader = _Reader(
        doc,
        locate=lambda name: dates.locate(language, country, name or zone, fetched_at),
        canonical=canonical,
    )
    host = host_of(doc.url)
    own = {identity(url) for url in (doc.url, canonical_url) if url}
    found: list[tuple[int, Item | Anchor, Block | None]] = [
        (item.element, item, block) for block in teasers.blocks for item in block.items
    ]
    found += [
        (anchor.element, anchor, None)
        for anchor in teasers.sentences
        if _is_document(anchor, host) and _is_body(doc, main, anchor, teasers)
    ]
    found.sort(key=lambda entry: entry[0])
    merged: dict[tuple[str, LinkKind], Link] = {}
    ranks: dict[int, list[tuple[str, LinkKind]]] = {}

    def is_more(anchor: Item | Anchor) -> bool:
        """Tell the "more" at the end of a teaser's deck from a link of its own."""
        return doc.text_length(anchor.element) <= MORE_CHARS_MAX

    for _, source, block in found:
        if source.key in own or (block is None and (source.key, "related") in merged and is_more(source)):
            continue
        kind = block.kind if block else "inline"
        known = merged.get((source.key, kind))
        position = len(merged) if known is None else known.position
        if isinstance(source, Item):
            assert block is not None
            link = reader.teaser(source, block, position)
        else:
            link = reader.inline(source, position)
        if link.title:
            merged[source.key, kind] = link if known is None else _merged(known, link)
            if block is not None and kind != "most_read" and link.rank is not None:
                ranks.setdefault(id(block), []).append((source.key, kind))
    for keys in ranks.values():
        said = [merged[key].rank or 0 for key in keys]
        if any(one >= other != 1 for one, other in pairwise(said)):
            # Numbers that neither rise nor begin again count pictures or comments.
            merged.update({key: replace(merged[key], rank=None) for key in keys})
    return tuple(merged.values())


def _is_body(doc: Document, main: Main | None, anchor: Anchor, teasers: Teasers) -> bool:
    """Tell whether *anchor* stands in the running text or between the ends of the body.

    Either reading alone loses text that a paywall or a box cuts off: with the body alone 22 of the 103 links in sentences of
    the open pages were lost, with the running text 4.
    """
    if teasers.running.container < anchor.element < doc.ends[teasers.running.container]:
        return True
    return (
        main is not None and bool(main.spans) and main.spans[0][0] <= doc.first_text[anchor.element] < main.spans[-1][1]
    )


def _is_document(anchor: Anchor, host: str) -> bool:
    """Tell a link to one document from one to a site or a topic.

    Elsewhere a PLAIN URL counts when its last part is a code (`doi.org/qbrm1`, `youtu.be/…`): short links lead to documents,
    while the PLAIN links inside a site lead to its topics and people.
    """
    if anchor.shape >= WEAK:
        return anchor.shape == STRONG or host_of(anchor.url) != host or is_named(anchor.key)
    there = host_of(anchor.url)
    return (
        anchor.shape == PLAIN
        and there != host
        and not is_channel(there)
        and _CODE.search(anchor.key.rpartition("/")[2]) is not None
    )


class _Reader:
    def __init__(self, doc: Document, *, locate: Callable[[str], Place], canonical: Callable[[str], str]) -> None:
        self._doc = doc
        self._locate = cache(locate)
        """Where the page was read: what its date labels mean depends on it. "": in the publisher's own zone."""
        self._canonical = canonical
        self._fields = teaser_fields.Reader(doc)
        self._moments: dict[str, Moment] = {}

    def teaser(self, item: Item, block: Block, position: int) -> Link:
        fields = self._fields.read(item, block)
        return Link(
            url=self._canonical(item.url),
            kind=block.kind,
            title=fields.title,
            position=position,
            href=self._doc.attribute(item.anchors[0], "href"),
            block=block.heading,
            rank=fields.rank,
            kicker=fields.kicker,
            date=self._date(fields),
            rule=block.rule,
        )

    def inline(self, anchor: Anchor, position: int) -> Link:
        return Link(
            url=self._canonical(anchor.url),
            kind="inline",
            title=self._fields.words(anchor.element),
            position=position,
            href=self._doc.attribute(anchor.element, "href"),
            rule="sentence",
        )

    def _date(self, fields: Fields) -> Moment | None:
        label = fields.labels[0] if fields.labels else ""
        if fields.machine and (moment := self._moment(fields.machine)).at is not None:
            return replace(moment, text=label or fields.machine)
        for label in fields.labels:
            for part in _parts(label):
                if (moment := self._moment(part)).at is not None:
                    return moment
        return None

    def _moment(self, label: str) -> Moment:
        if label not in self._moments:
            place = self._locate("")
            moment = dates.moment_of(label, place)
            if moment.at is None and place.fetched_at is not None and any(map(str.isalpha, label)):
                # "2 days ago" needs a zone only for its edges: a day counted from the fetch is right to a day in any.
                in_utc = dates.moment_of(label, self._locate("UTC"))
                moment = in_utc if in_utc.rule == "label:relative" and in_utc.precision == "day" else moment
            self._moments[label] = moment
        return self._moments[label]


def _parts(label: str) -> Iterator[str]:
    """Yield what of a line may be the date: without separators, without what stands before or behind one, the line."""
    label = _SEPARATORS_AROUND.sub("", label)
    parts = _SEPARATOR.split(label)
    if len(parts) > 1:
        digits = [part for part in parts if any(character.isdigit() for character in part)]
        first, last = parts.index(digits[0]) if digits else 0, parts.index(digits[-1]) if digits else len(parts) - 1
        yield label[label.index(parts[first]) : label.rindex(parts[last]) + len(parts[last])]
    yield label


def _merged(known: Link, link: Link) -> Link:
    """Return one link for two of the same URL and kind: the longest headline, of the other fields the first given."""
    is_longer = link.kind != "inline" and len(link.title) > len(known.title)
    return replace(
        known,
        title=link.title if is_longer else known.title,
        block=known.block or link.block,
        rank=link.rank if known.rank is None else known.rank,
        kicker=known.kicker or link.kicker,
        date=known.date or link.date,
    )
