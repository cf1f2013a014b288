"""Lists that give a backfill its further parts: sitemaps and their indexes, the index of a web archive, CC-NEWS's lists of files.

A list ends in the transaction that adds what it named, so a process that is killed reads it again and adds nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from etl.dedupe.canonical import BadUrlError
from etl.discover import Sitemap, ccnews, is_over, wayback
from etl.errors import NewsEtlError, Refused, Transient, TryLater, Unreadable
from etl.fetch.http import Fetched, Moved, NotModified
from etl.fetch.robots import Robots
from etl.model import Candidate
from etl.recipe.shelf import Shelf
from etl.store.backfill_items import ITEM_MAX_BYTES, DueItem, NewItem
from etl.store.hosts import host_of_url

from .backfill_turn import Turn
from .reading import spell

DEPTH_MAX = 5
FILE = "file://"


@dataclass(slots=True)
class Found:
    """What a list gave."""

    items: list[NewItem] = field(default_factory=list[NewItem])
    counts: Counter[str] = field(default_factory=Counter[str])
    """named, and of these: out_of_range, undated, unwanted, junk, duplicates; sitemaps, and sitemaps_pruned."""
    problems: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    @property
    def is_open(self) -> bool:
        return self.since is None and self.until is None


def span_of(plan: Mapping[str, Any]) -> Span:
    """Return the range of a plan (`from`, `to`: ISO times)."""
    since, until = plan.get("from"), plan.get("to")
    return Span(
        datetime.fromisoformat(since) if since else None,
        datetime.fromisoformat(until) if until else None,
    )


def ask_list(turn: Turn, item: DueItem, *, shelf: Shelf) -> Found | NewsEtlError | None:
    """Ask for a list and read it; None when it is not our turn now. An error is an answer too."""
    is_bulk = item.kind == "files"
    try:
        answer = turn.ask(item.item.partition("#")[0], lambda robots: _get(turn, item, robots), is_bulk=is_bulk)
    except TryLater as error:
        return error
    if answer is None or isinstance(answer, NewsEtlError):
        return answer
    if isinstance(answer, Moved):
        if item.depth >= DEPTH_MAX:
            return Refused(f"{item.depth} redirects, the last to {answer.target}", code="redirect_loop")
        to = NewItem(answer.target, item.kind, host_of_url(answer.target), depth=item.depth + 1)
        return Found([to], problems=[f"moved to {answer.target}"])
    if isinstance(answer, NotModified):
        return Transient("unchanged since never", code="bad_answer")
    turn.pay(answer.wire_bytes)
    try:
        reader = ListReader(turn.backfill.plan, shelf, answer.capture.fetched_at)
        return reader.read(item, answer.stream(), url=answer.capture.final_url)
    except Unreadable as error:
        return error


@dataclass(frozen=True, slots=True)
class ListReader:
    """Reads lists into the parts that they name within a plan."""

    plan: Mapping[str, Any]
    shelf: Shelf
    now: datetime

    def read(self, item: DueItem | NewItem, stream: BinaryIO, *, url: str) -> Found:
        """Return what the list names. Raises Unreadable."""
        if item.kind == "sitemap":
            return self._sitemap(stream, url, item.depth)
        body = stream.read()
        if item.kind == "captures":
            return _captures(body, item.item)
        return _files(body, url, self.plan)

    def read_local(self, item: DueItem | NewItem) -> Found:
        """Read a list that is a file of this machine. Raises Unreadable when it cannot be read."""
        try:
            with Path(item.item.removeprefix(FILE)).open("rb") as stream:
                return self.read(item, stream, url=item.item)
        except OSError as error:
            raise Unreadable(f"the list cannot be read ({error.strerror}): {item.item}", code="gone") from error

    def _sitemap(self, body: BinaryIO, url: str, depth: int) -> Found:
        span, found = span_of(self.plan), Found()
        sitemap = Sitemap(body, url=url, fetched_at=self.now, zone=self.plan.get("zone"))
        seen: set[str] = set()
        for entry in sitemap:
            if isinstance(entry, Candidate):
                found.counts["named"] += 1
                address, reason = _judged(entry, span, takes_undated=bool(self.plan.get("undated")), shelf=self.shelf)
                if reason is None and address in seen:
                    reason = "duplicates"
                if reason is not None:
                    found.counts[reason] += 1
                    continue
                seen.add(address)
                found.items.append(NewItem(address, "page", host_of_url(address)))
            elif span.since is not None and is_over(entry, span.since):
                found.counts["sitemaps_pruned"] += 1
            elif depth < DEPTH_MAX:
                found.counts["sitemaps"] += 1
                found.items.append(NewItem(entry.url, "sitemap", host_of_url(entry.url), depth=depth + 1))
        found.problems += sitemap.problems
        return found


def _get(turn: Turn, item: DueItem, robots: Robots) -> Fetched | NotModified | Moved:
    tools = turn.kit.tools
    return tools.fetcher.get(
        item.item.partition("#")[0],
        now=tools.now,
        kind="source",
        may_follow=lambda target: host_of_url(target) == turn.host and robots.allows(target),
    )


def _judged(entry: Candidate, span: Span, *, takes_undated: bool, shelf: Shelf) -> tuple[str, str | None]:
    """Return the address of an entry, and why it is left out or None.

    Its news date says when it was published; without one, lastmod says when it was last changed.
    """
    try:
        address = spell(entry.url).url
    except BadUrlError:
        return "", "junk"
    if len(address.encode()) > ITEM_MAX_BYTES:
        return "", "junk"
    recipe = shelf.recipe_for(address)
    if recipe is not None and not recipe.fetch.allows(address):
        return address, "unwanted"
    if span.is_open:
        return address, None
    told = entry.published if entry.published and entry.published.at else entry.modified
    if told is None or told.at is None:
        return address, None if takes_undated else "undated"
    return address, None if span.holds(told.at) else "out_of_range"


def _captures(body: bytes, asked: str) -> Found:
    listing = wayback.read_listing_of(body, asked=asked)
    found = Found(counts=Counter(named=len(listing.captures) + listing.duplicates, duplicates=listing.duplicates))
    host = host_of_url(asked)
    for listed in listing.captures:
        try:
            is_usable = len(spell(listed.url).url.encode()) <= ITEM_MAX_BYTES
        except BadUrlError:
            is_usable = False
        if not is_usable:
            found.counts["junk"] += 1
            continue
        found.items.append(NewItem(f"{listed.stamp} {listed.url}", "capture", host, size=listed.length))
    if listing.resume_key is not None and (listing.captures or listing.duplicates):
        following = wayback.next_query(asked, listing.resume_key, listing.last)
        found.items.append(NewItem(following, "captures", host))
    return found


def _files(body: bytes, url: str, plan: Mapping[str, Any]) -> Found:
    span, base = span_of(plan), str(plan["base"])
    assert span.since is not None
    assert span.until is not None
    paths = ccnews.read_paths(body, url=url)
    inside = ccnews.within(paths, span.since, span.until)
    found = Found(counts=Counter(named=len(paths), out_of_range=len(paths) - len(inside)))
    found.items = [file_item(place_of(base, path)) for path in inside]
    return found


def place_of(base: str, path: str) -> str:
    """Return where a file below a base is: a URL, or a path of this machine."""
    if base.startswith(("http://", "https://")):
        return f"{base.rstrip('/')}/{path}"
    return str(Path(base.removeprefix(FILE)) / path)


def file_item(place: str) -> NewItem:
    """Return the part that loads the WARC file at *place*, a URL or a path of this machine."""
    if place.startswith(("http://", "https://")):
        return NewItem(place, "file", host_of_url(place))
    path = Path(place)
    return NewItem(place, "file", size=path.stat().st_size if path.is_file() else None)
