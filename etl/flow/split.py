"""Undo a wrong join: a page that a redirect or a rel=canonical folded into another is a page of its own again.

Its captures wait for their digest once more, so its versions come back from the archive; what they had written into the article
of the other page is taken out of there. Both pages are due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError
from etl.errors import Misconfigured
from etl.store import articles, pages, splits
from etl.store.splits import Joined

from .reading import spell


@dataclass(frozen=True, slots=True)
class Split:
    """What was taken apart."""

    url: str
    page_id: int
    out_of: str
    out_of_page_id: int
    rule: str
    """What had joined them."""
    spellings: int
    versions_taken_out: int
    article_moved: bool
    """All versions of the other page's article were this page's: the article itself came along."""
    captures_to_read: int


def split(conn: Connection, url: str, *, now: datetime, dry_run: bool = False) -> Split:
    """Take the page at *url* out of the one it was folded into. Raises Misconfigured when it is in none."""
    with conn.transaction(force_rollback=dry_run):
        found = _joined(conn, url)
        pages.lock(conn, [found.page_id, found.into_id])
        spellings = splits.take_spellings(conn, found.page_id, now=now)
        taken, moved = _take_versions(conn, found)
        waiting = splits.read_again(conn, found.page_id)
        splits.forget_visits(conn, found.page_id, outcome="split", detail=f"out of {found.into_url}", now=now)
        splits.forget_visits(conn, found.into_id, outcome="split", detail=f"without {found.url}", now=now)
        return Split(
            url=found.url,
            page_id=found.page_id,
            out_of=found.into_url,
            out_of_page_id=found.into_id,
            rule=found.rule,
            spellings=spellings,
            versions_taken_out=taken,
            article_moved=moved,
            captures_to_read=waiting,
        )


def _joined(conn: Connection, url: str) -> Joined:
    try:
        spelled = spell(url)
    except BadUrlError as error:
        raise Misconfigured(f"{url}: {error}") from error
    found = splits.joined(conn, spelled.url_key)
    if found is not None:
        return found
    if spelled.url_key not in pages.find(conn, [spelled.url_key]):
        raise Misconfigured(f"no page is known under {spelled.url}")
    raise Misconfigured(
        f"{spelled.url} is folded into no other page. Spellings that the rules of addresses make one "
        f"({spelled.rule}) have one name and cannot be split"
    )


def _take_versions(conn: Connection, found: Joined) -> tuple[int, bool]:
    """Take out of the other page's article what this page said; return how many versions, and whether the article moved."""
    heads = articles.heads(conn, [found.page_id, found.into_id])
    if (head := heads.get(found.into_id)) is None:
        return 0, False
    line = articles.timeline(conn, head.article_id)
    theirs = splits.versions_from(conn, head.article_id, found.page_id)
    if len(theirs) < len(line):
        splits.delete_versions(conn, head.article_id, sorted(theirs))
        articles.keep_span(conn, [head.article_id])
        return len(theirs), False
    if found.page_id in heads:
        splits.delete_article(conn, head.article_id)
        articles.drop_empty_stories(conn, [head.story_id])
        return len(theirs), False
    splits.move_article(conn, head.article_id, found.page_id)
    return len(theirs), True
