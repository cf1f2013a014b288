"""One reading on its way through a batch, and the rows that come of it: the pure half of `etl.flow.settle`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from etl.model import Changed, CopyOf, New, Verdict
from etl.store.articles import NewArticle, NewVersion, VersionHead
from etl.store.pages import PageState

from . import copies, history
from .reading import Reading

EXTRACTOR = "2"
"""Goes up when the same bytes may read otherwise: `backfill redigest --since-extractor` finds what an older one read."""


@dataclass(slots=True)
class Item:
    """One reading on its way through a batch."""

    number: int
    reading: Reading
    page_id: int = 0
    asked_id: int = 0
    head: VersionHead | None = None
    verdict: Verdict | None = None
    outcome: str = ""
    detail: str | None = None
    article_id: int | None = None
    story_id: int = 0

    @property
    def at(self) -> datetime:
        return self.reading.capture.fetched_at


def rounds(items: list[Item]) -> Iterator[list[Item]]:
    """Yield the items in rounds with no page twice, each page's captures in the order of time."""
    waiting = sorted(items, key=lambda item: (item.at, item.number))
    while waiting:
        seen: set[UUID] = set()
        now: list[Item] = []
        later: list[Item] = []
        for item in waiting:
            keys = {item.reading.asked.url_key, item.reading.answered.url_key}
            (later if keys & seen else now).append(item)
            seen |= keys
        yield now
        waiting = later


def is_older(item: Item, state: PageState) -> bool:
    return state.captured_at is not None and item.at < state.captured_at


def rewritten_by(item: Item, state: PageState) -> copies.Rewritten | None:
    """Return the article whose current text this item changes; what an older capture says is never compared with others."""
    if item.head is None or not isinstance(item.verdict, Changed) or is_older(item, state):
        return None
    return copies.rewritten(item.head.article_id, item.head.story_id, item.reading, item.verdict)


def outcome_of(verdict: Verdict) -> tuple[str, str | None]:
    """Return the outcome column and its detail."""
    if isinstance(verdict, New):
        return "stored", None
    if isinstance(verdict, CopyOf):
        return "copy", f"of article {verdict.article_id}: {verdict.reason}"
    if isinstance(verdict, Changed):
        return "changed", verdict.reason
    return "unchanged", None


def new_article(item: Item) -> NewArticle:
    verdict = item.verdict
    copy = verdict if isinstance(verdict, CopyOf) else None
    assert isinstance(verdict, New | CopyOf)
    return NewArticle(
        id=item.article_id or 0,
        page_id=item.page_id,
        story_id=item.story_id,
        story_reason=verdict.reason,
        first_seen_at=item.at,
        copy_of=copy.article_id if copy else None,
        similarity=copy.similarity if copy else None,
    )


def new_version(item: Item) -> NewVersion:
    reading = item.reading
    assert reading.article is not None
    return NewVersion(
        article_id=item.article_id or 0,
        valid_from=item.at,
        article=reading.article,
        content_key=reading.content_key,
        capture_id=reading.capture.id,
        extractor=EXTRACTOR,
    )


def next_version(item: Item) -> NewVersion:
    assert item.head is not None
    assert isinstance(item.verdict, Changed)
    begins = history.after(item.head, item.at)
    return replace(
        new_version(item),
        article_id=item.head.article_id,
        valid_from=begins,
        follows=begins,
        changed_fields=item.verdict.fields,
        materiality=item.verdict.materiality,
    )
