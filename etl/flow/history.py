"""Where an older capture belongs in the versions of its article: its own place, not the newest.

Times of versions follow captures, not when we stored them, so a backfill may come in any order and as-of queries stay true.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from psycopg import Connection

from etl.store import articles, captures
from etl.store.articles import NewVersion, VersionHead

TICK = timedelta(microseconds=1)


def after(head: VersionHead, at: datetime) -> datetime:
    """Return the moment at which another version may follow *head*: *at*, or a tick later when both were captured at once."""
    return at if at > head.valid_from else head.valid_from + TICK


def insert(conn: Connection, page_id: int, version: NewVersion) -> str:
    """Put *version* where its capture belongs and return the outcome: `earlier_version` or `unchanged`.

    - Before the first version: it becomes the first, or the first begins earlier when both say the same.
    - Inside the span of a version that says something else: that one ends here, and goes on at the next capture that was
      taken of it, for then it was seen again.
    - Just before a version that says the same: that one begins earlier.
    """
    line = articles.timeline(conn, version.article_id)
    first, at = line[0], version.valid_from
    if at < first.valid_from:
        if first.content_key == version.content_key:
            articles.begin_version(conn, first.version_id, at, follows=None)
            articles.keep_span(conn, [version.article_id])
            return "unchanged"
        articles.begin_version(conn, first.version_id, first.valid_from, follows=first.valid_from)
        articles.add_versions(conn, [replace(version, valid_to=first.valid_from)])
        articles.keep_span(conn, [version.article_id])
        return "earlier_version"
    number = max(n for n, head in enumerate(line) if head.valid_from <= at)
    over = line[number]
    following = line[number + 1] if number + 1 < len(line) else None
    if over.content_key == version.content_key or at == over.valid_from:
        return "unchanged"
    seen_again = captures.next_after(conn, page_id, at, over.valid_to)
    if following is not None and seen_again is None and following.content_key == version.content_key:
        articles.close_versions(conn, [(over.version_id, at)])
        articles.begin_version(conn, following.version_id, at, follows=at)
        articles.keep_span(conn, [version.article_id])
        return "unchanged"
    _split(conn, over, version, seen_again)
    articles.keep_span(conn, [version.article_id])
    return "earlier_version"


def _split(conn: Connection, over: VersionHead, version: NewVersion, seen_again: datetime | None) -> None:
    at = version.valid_from
    ends = seen_again or over.valid_to
    articles.close_versions(conn, [(over.version_id, at)])
    pieces = [replace(version, follows=at, valid_to=ends)]
    if seen_again is not None:
        said = articles.said(conn, [over.version_id])[over.version_id]
        pieces.append(
            NewVersion(
                article_id=over.article_id,
                valid_from=seen_again,
                article=said,
                content_key=over.content_key,
                capture_id=over.capture_id,
                extractor=version.extractor,
                valid_to=over.valid_to,
                follows=seen_again,
            )
        )
    articles.add_versions(conn, pieces)
