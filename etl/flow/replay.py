"""What the captures of one page say when they are read again: its versions and its links, as if they had come in this order (pure).

The captures between two stored versions said the same when they were read first. So the first of them that can be read now gives
the version its better text, in its place and under its number; the others make further versions only where the publisher changed
something that the first reading did not see. Two versions that now say the same become one: they differed in what belongs to the
page. A version whose captures are all gone keeps what it says, and so does its difference from its neighbours, for readings by two
extractors must not be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from etl.dedupe.verdict import compare_versions, version_of
from etl.model import Article, Changed, Materiality
from etl.store.links import NewLink, OpenLink
from etl.store.redigests import StoredVersion

from .link_changes import link_changes
from .reading import Reading

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """One version of the new line."""

    valid_from: datetime
    article: Article
    content_key: bytes
    capture_id: int | None
    extractor: str
    is_read: bool
    """False for a version that stays as it is stored: none of its captures can be read."""
    version_id: int | None = None
    """The stored version whose place it takes; None for one that nobody has seen before."""
    changed_fields: tuple[str, ...] = ()
    materiality: Materiality | None = None


@dataclass(slots=True)
class Line:
    """The versions of one page, told anew: captures in the order of their times, then `end`."""

    stored: Sequence[StoredVersion]
    said: dict[int, Article]
    """Version id → what it says now."""
    extractor: str
    pieces: list[Piece] = field(default_factory=list[Piece])
    outcomes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """(capture id, what became of it)."""
    _reached: int = 0
    """Stored versions before this one are represented."""
    _of: dict[int, int] = field(default_factory=dict[int, int])

    def __post_init__(self) -> None:
        self._of = {version.capture_id: n for n, version in enumerate(self.stored) if version.capture_id is not None}

    def add(self, reading: Reading) -> None:
        """Take the next capture."""
        capture, article = reading.capture, reading.article
        assert capture.id is not None
        if reading.outcome != "article" or article is None:
            self.outcomes.append((capture.id, reading.outcome))
            return
        number = self._number(capture.id, capture.fetched_at)
        while self._reached < number:
            self._keep(self.stored[self._reached])
        before = len(self.pieces)
        piece = Piece(capture.fetched_at, article, reading.content_key, capture.id, self.extractor, is_read=True)
        if self._reached == number >= 0:
            self._represent(self.stored[number], piece)
        else:
            self._follow(piece)
        is_first = before == 0
        self.outcomes.append(
            (capture.id, "unchanged" if len(self.pieces) == before else "stored" if is_first else "changed")
        )

    def end(self) -> list[Piece]:
        """Return the versions, the oldest first."""
        while self._reached < len(self.stored):
            self._keep(self.stored[self._reached])
        return self.pieces

    def _number(self, capture_id: int, at: datetime) -> int:
        """Return which stored version the capture spoke for: -1 for what came before all of them."""
        own = self._of.get(capture_id)
        if own is None:
            own = sum(version.valid_from <= at for version in self.stored) - 1
        return max(own, self._reached - 1)

    def _represent(self, version: StoredVersion, piece: Piece) -> None:
        """Let the capture speak for the stored version, unless it says what the version before says now."""
        self._reached += 1
        last = self.pieces[-1] if self.pieces else None
        piece = replace(piece, valid_from=version.valid_from, version_id=version.version_id)
        if last is not None and not last.is_read:
            self.pieces.append(
                replace(piece, changed_fields=tuple(version.changed_fields), materiality=version.materiality)
            )
            return
        self._follow(piece)

    def _keep(self, version: StoredVersion) -> None:
        """Leave a stored version as it is."""
        self._reached += 1
        kept = Piece(
            valid_from=version.valid_from,
            article=self.said[version.version_id],
            content_key=version.content_key,
            capture_id=version.capture_id,
            extractor=version.extractor,
            is_read=False,
            version_id=version.version_id,
            changed_fields=tuple(version.changed_fields),
            materiality=version.materiality,
        )
        if self.pieces and not self.pieces[-1].is_read:
            self._follow(kept)
        else:
            self.pieces.append(kept)

    def _follow(self, piece: Piece) -> None:
        """Append the piece when it changes what the last one says."""
        if not self.pieces:
            self.pieces.append(replace(piece, changed_fields=(), materiality=None))
            return
        last = self.pieces[-1]
        verdict = (
            None if last.content_key == piece.content_key else compare_versions(version_of(last.article), piece.article)
        )
        if isinstance(verdict, Changed):
            begins = max(piece.valid_from, last.valid_from + TICK)
            self.pieces.append(
                replace(piece, valid_from=begins, changed_fields=verdict.fields, materiality=verdict.materiality)
            )
        elif last.version_id is None:  # The stored version begins earlier now.
            self.pieces[-1] = replace(last, version_id=piece.version_id)


@dataclass(slots=True)
class Shown:
    """The links of one page, told anew: captures in the order of their times."""

    page_id: int
    since: datetime
    """From here on all captures can be read: what ended before stays as it is."""
    before: datetime | None
    """Time of the last capture before *since*."""
    standing: dict[int, OpenLink] = field(default_factory=dict[int, OpenLink])
    """By a number of ours; those below zero stand in the database under the number's opposite, and stood before *since*."""
    begun: dict[int, NewLink] = field(default_factory=dict[int, NewLink])
    ended: dict[int, datetime] = field(default_factory=dict[int, datetime])
    """Of links that stood before *since*: when they were last seen."""

    def add(self, reading: Reading) -> None:
        """Take the next capture; one that holds no page only passes the time."""
        at, article = reading.capture.fetched_at, reading.article
        if article is not None:
            changes = link_changes(
                self.page_id,
                list(zip(reading.link_keys, article.links, strict=True)),
                list(self.standing.values()),
                at=at,
                last_captured_at=self.before or self.since - TICK,
            )
            for number, last_at in changes.ended:
                del self.standing[number]
                if number < 0:
                    self.ended[-number] = last_at
                else:
                    self.begun[number] = self.begun[number]._replace(last_observed_at=last_at)
            for link in changes.begun:
                number = len(self.begun)
                self.begun[number] = link
                self.standing[number] = _open(number, link)
        self.before = at


def _open(number: int, new: NewLink) -> OpenLink:
    link = new.link
    return OpenLink(
        number, new.page_id, link.kind, new.url_key, new.first_observed_at, link.rank, link.block, link.title
    )
