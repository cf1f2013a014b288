"""What was read again is made what the database says: versions, links, outcomes of captures, decisions on copies.

Only what differs is written, so a second redigest by the same program writes nothing, and `news.changes` tells of nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from psycopg import Connection

from etl.model import Article, Block, Image, Moment
from etl.store import articles, captures, links, redigests
from etl.store.articles import NewVersion
from etl.store.captures import CaptureEnd
from etl.store.redigests import StoredVersion
from etl.store.text import storable

from .rejudge import judge_again
from .replay import Piece
from .reread import UNREAD, Reread
from .settle import settle

ARTICLE = frozenset({"stored", "copy", "changed", "unchanged", "earlier_version", "article"})
"""Outcomes of a capture that holds an article."""
FIELDS = (
    *("title", "authors", "lead", "body", "section", "tags", "language", "image", "canonical_url", "access"),
    *("published", "modified"),
)
TEXT_FIELDS = frozenset({"title", "lead", "body"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one version that reads otherwise now, as a person reads it."""

    name: str
    before: str
    after: str


@dataclass(slots=True)
class Told:
    """What became of one page: rewritten, same, stored, copy, kept, lost or not_an_article."""

    page_id: int
    url: str
    outcome: str = "same"
    article_id: int | None = None
    fields: list[FieldChange] = field(default_factory=list[FieldChange])
    versions_added: int = 0
    versions_removed: int = 0
    links_added: int = 0
    links_removed: int = 0
    story: str | None = None
    """Whose copy it is now, or no more, in words; None when that stays."""

    @property
    def has_other_text(self) -> bool:
        texts = TEXT_FIELDS.intersection(one.name for one in self.fields)
        return bool(texts or self.versions_added or self.versions_removed)

    @property
    def differs(self) -> bool:
        return bool(self.fields or self.has_other_text or self.links_added or self.links_removed or self.story)


def rewrite(conn: Connection, pages: Sequence[Reread], *, now: datetime, rejudges_all: bool) -> list[Told]:
    """Write what differs, in the caller's transaction, which holds the pages; return what became of each."""
    told: list[Told] = []
    for page in pages:
        one = Told(page.row.page_id, page.row.url, article_id=page.head.article_id if page.head else None)
        told.append(one)
        if page.head is not None:
            _write_versions(conn, page, one)
        elif page.unsettled:
            _settle(conn, page, one, now=now)
            continue
        _write_links(conn, page, one)
        _write_outcomes(conn, page, now=now)
    held = [one for one in told if one.article_id and one.outcome == "same" and (rejudges_all or one.has_other_text)]
    moved = judge_again(conn, [one.article_id for one in held if one.article_id]) if held else {}
    for page, one in zip(pages, told, strict=True):
        one.story = moved.get(one.article_id or 0)
        if one.outcome == "same":
            one.outcome = "rewritten" if one.differs else _why_not(page)
    return told


def _why_not(page: Reread) -> str:
    """Say why nothing changes: it reads the same, nothing can be read, or nothing that is an article any more."""
    if page.last is None or not (page.line.outcomes or page.unsettled):
        return "kept"
    if page.head is None:
        return "not_an_article"
    return "same" if any(piece.is_read for piece in page.line.pieces) else "lost"


def _settle(conn: Connection, page: Reread, told: Told, *, now: datetime) -> None:
    """Store the article of a page that held none."""
    done = settle(conn, page.unsettled, now=now, is_live=False)
    first = next((one for one in done if one.outcome in ("stored", "copy")), done[0])
    told.outcome, told.article_id = first.outcome, first.article_id
    if first.page_id == page.row.page_id:
        redigests.restore_visits(conn, [page.row])
        page.stored_links = redigests.links_of(conn, [page.row.page_id]).get(page.row.page_id, [])
        _write_links(conn, page, Told(told.page_id, told.url))


def _write_versions(conn: Connection, page: Reread, told: Told) -> None:
    """Make the versions of an article those that were told anew."""
    assert page.head is not None
    pieces = page.line.end()
    stored = {version.version_id: version for version in page.line.stored}
    gone = sorted(set(stored) - {piece.version_id for piece in pieces})
    if gone:
        redigests.delete_versions(conn, gone)
    new: list[NewVersion] = []
    for number, piece in enumerate(pieces):
        ends = pieces[number + 1].valid_from if number + 1 < len(pieces) else None
        version = _version(page.head.article_id, piece, is_first=number == 0, ends=ends)
        if piece.version_id is None:
            new.append(version)
            continue
        old = stored[piece.version_id]
        changes = field_changes(page.line.said[piece.version_id], piece.article) if piece.is_read else []
        told.fields += changes
        if piece.is_read and (changes or old.extractor != piece.extractor or old.content_key != piece.content_key):
            redigests.rewrite_version(conn, piece.version_id, version)
        elif _place_of(old) != (ends, version.valid_from, piece.capture_id, piece.changed_fields, piece.materiality):
            redigests.place_version(conn, piece.version_id, version)
    if new:
        articles.add_versions(conn, new)
    if gone or new:
        articles.keep_span(conn, [page.head.article_id])
    told.versions_added, told.versions_removed = len(new), len(gone)


def _place_of(old: StoredVersion) -> tuple[object, ...]:
    return (old.valid_to, old.valid_from, old.capture_id, tuple(old.changed_fields), old.materiality)


def _version(article_id: int, piece: Piece, *, is_first: bool, ends: datetime | None) -> NewVersion:
    return NewVersion(
        article_id=article_id,
        valid_from=piece.valid_from,
        article=piece.article,
        content_key=piece.content_key,
        capture_id=piece.capture_id,
        extractor=piece.extractor,
        valid_to=ends,
        follows=None if is_first else piece.valid_from,
        changed_fields=piece.changed_fields,
        materiality=piece.materiality,
    )


def field_changes(before: Article, after: Article) -> list[FieldChange]:
    """Return the fields that a reader of the database would see changed."""
    changes: list[FieldChange] = []
    for name in FIELDS:
        old, new = _value(getattr(before, name)), _value(getattr(after, name))
        if old != new:
            changes.append(FieldChange(name, old, new))
    return changes


def _value(value: object) -> str:
    """Return a field as it is stored, in one form to compare and to show."""
    match value:
        case None:
            return ""
        case Moment():
            if value.at is None:
                return storable(value.text)
            at = value.at.astimezone(UTC).isoformat()
            return storable(f"{at} ({value.precision}, {value.zone or 'no zone'}: {value.text})")
        case Image():
            return storable(f"{value.url} {value.caption or ''}".rstrip())
        case Block():
            mark = "" if value.kind == "paragraph" else f"[{value.kind}] "
            return mark + storable(value.text).replace("\n", " ")
        case tuple():
            parts: tuple[object, ...] = value  # pyright: ignore[reportUnknownVariableType]
            is_body = any(isinstance(part, Block) for part in parts)
            return ("\n" if is_body else ", ").join(_value(part) for part in parts)
        case _:
            return storable(str(value))


def _write_links(conn: Connection, page: Reread, told: Told) -> None:
    """Make the links since the first capture that can be read those that were told anew."""
    shown = page.shown
    if shown is None:
        return
    wanted = Counter(redigests.without_rule(link) for link in shown.begun.values())
    gone: list[int] = []
    ends: list[tuple[int, datetime | None]] = []
    for link in page.stored_links:
        if link.stands_across(shown.since):
            end = shown.ended.get(link.id)
            if end != link.last_observed_at:
                ends.append((link.id, end))
        elif link.first_observed_at >= shown.since:
            if wanted[link.row] > 0:
                wanted[link.row] -= 1
            else:
                gone.append(link.id)
    added = [link for link in shown.begun.values() if _takes(wanted, redigests.without_rule(link))]
    if gone:
        redigests.delete_links(conn, gone)
    if ends:
        redigests.end_links(conn, ends)
    if added:
        links.add(conn, added)
    told.links_added, told.links_removed = len(added), len(gone) + len(ends)


def _takes(wanted: Counter[tuple[object, ...]], row: tuple[object, ...]) -> bool:
    """Take one of the rows that are still wanted."""
    if wanted[row] <= 0:
        return False
    wanted[row] -= 1
    return True


def _write_outcomes(conn: Connection, page: Reread, *, now: datetime) -> None:
    """Write what became of captures that hold an article now and held none, or the other way round."""
    ends = [
        CaptureEnd(capture_id, outcome, "read again")
        for capture_id, outcome in page.line.outcomes
        if _kind(outcome) != _kind(page.outcomes[capture_id]) and outcome not in UNREAD
    ]
    if ends:
        captures.keep_ends(conn, ends, now=now)


def _kind(outcome: str) -> str:
    return "article" if outcome in ARTICLE else outcome
