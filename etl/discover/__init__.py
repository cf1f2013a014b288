"""Bytes → candidates, without network, clock or state: feeds, sitemaps, section pages; WARC files; what a home page offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from etl.discover.autofind import HomePage, Suggestion, suggest
from etl.discover.discovery import ChildSitemap, Discovery
from etl.discover.feed import read_feed
from etl.discover.listing import read_listing
from etl.discover.page import parsed
from etl.discover.sitemap import Sitemap, is_over, read_sitemap
from etl.discover.warc import BrokenRecord, WarcRecord, records
from etl.model import Candidate, SourceKind
from etl.recipe.rules import SourceRule

__all__ = [
    "BrokenRecord",
    "ChildSitemap",
    "Discovery",
    "HomePage",
    "Sitemap",
    "Suggestion",
    "WarcRecord",
    "is_over",
    "read",
    "records",
    "suggest",
]


def read(
    kind: SourceKind,
    body: bytes | BinaryIO,
    *,
    url: str,
    fetched_at: datetime,
    zone: str | None = None,
    rule: SourceRule | None = None,
    since: datetime | None = None,
    content_type: str = "",
    each: Callable[[Candidate], None] | None = None,
) -> Discovery:
    """Return what the source at *url* points at.

    *url* is where the answer came from, after redirects: relative links start there. *zone* (IANA) holds for times
    without an offset; the rule's own wins. *since* leaves out children of a sitemap index that were finished before.
    *content_type* is the answer's header, for its charset. Given *each*, candidates go there one by one, and not into the result.
    A sitemap may come as a stream; the other kinds are held in memory. Raises `Unreadable` and nothing else; its codes
    are `not_a_feed`, `broken_feed`, `not_a_sitemap`, `broken_sitemap`, `not_a_listing` and `too_large`.
    """
    zone = rule.zone if rule is not None and rule.zone else zone
    if kind == "sitemap":
        return read_sitemap(body, url=url, fetched_at=fetched_at, zone=zone, since=since, each=each)
    whole = body if isinstance(body, bytes) else body.read()
    if kind == "feed":
        found = read_feed(whole, url=url, fetched_at=fetched_at, zone=zone, content_type=content_type)
    else:
        selector = rule.selector if rule is not None else None
        tree = parsed(whole, url=url, content_type=content_type)
        found = read_listing(tree, url=url, fetched_at=fetched_at, zone=zone, selector=selector)
    if each is None:
        return found
    for candidate in found.candidates:
        each(candidate)
    return replace(found, candidates=())
