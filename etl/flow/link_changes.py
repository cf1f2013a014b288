"""What a new capture of a page changes in its links (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from etl.model import Link
from etl.store.links import NewLink, OpenLink


@dataclass(frozen=True, slots=True)
class LinkChanges:
    ended: tuple[tuple[int, datetime], ...]
    """(link id, time of the last capture that showed it)."""
    begun: tuple[NewLink, ...]


def link_changes(
    page_id: int,
    shown: Sequence[tuple[UUID, Link]],
    standing: Sequence[OpenLink],
    *,
    at: datetime,
    last_captured_at: datetime | None,
) -> LinkChanges:
    """Compare what the capture of *at* shows with what stood on the page at its newest capture so far.

    A link goes on while target, kind, rank, block and title are the same; its position and its date label may move, for
    "2 hours ago" is another text at each visit. A capture older than the newest one tells what stood there once: its links
    become intervals of their own, ended at once, and end nothing.
    """
    if last_captured_at is not None and at < last_captured_at:
        return LinkChanges((), tuple(NewLink(page_id, key, link, at, at) for key, link in _once(shown).values()))
    now = _once(shown)
    if not standing:
        return LinkChanges((), tuple([NewLink(page_id, key, link, at) for key, link in now.values()]))
    before: Mapping[tuple[str, int], OpenLink] = {(link.kind, link.url_key.int): link for link in standing}
    ended: list[tuple[int, datetime]] = []
    begun: list[NewLink] = []
    for identity, link in before.items():
        new = now.get(identity)
        if new is None or (new[1].rank, new[1].block, new[1].title) != (link.rank, link.block, link.title):
            ended.append((link.id, max(last_captured_at or link.first_observed_at, link.first_observed_at)))
    gone = {link_id for link_id, _ in ended}
    for identity, (key, link) in now.items():
        old = before.get(identity)
        if old is None or old.id in gone:
            begun.append(NewLink(page_id, key, link, at))
    return LinkChanges(tuple(ended), tuple(begun))


def _once(shown: Sequence[tuple[UUID, Link]]) -> dict[tuple[str, int], tuple[UUID, Link]]:
    """Keep one record per kind and target: the first, in document order. Targets by their number, whose hash costs nothing."""
    kept: dict[tuple[str, int], tuple[UUID, Link]] = {}
    for shown_link in shown:
        kept.setdefault((shown_link[1].kind, shown_link[0].int), shown_link)
    return kept
