"""The nouns: what an item is on its way from a source to a version.

Every value is frozen. Instants are aware datetimes; what the publisher wrote stays beside them (`Moment`).
Rooms exchange these types and nothing else; how they are stored is the business of `etl.store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Precision = Literal["minute", "day"]
LinkKind = Literal["inline", "related", "most_read", "latest"]
BlockKind = Literal["paragraph", "heading", "list", "quote"]
SourceKind = Literal["feed", "sitemap", "listing"]
Access = Literal["free", "metered", "paid"]
Materiality = Literal["minor", "headline", "substantive"]
FoundBy = Literal["feed", "sitemap", "listing", "link", "backfill"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as a publisher wrote it. `at` is None when the label could not be read: never a guess."""

    at: datetime | None
    """Aware; carries the publisher's own offset when known. With precision `day`: midnight of that day."""
    precision: Precision
    text: str
    """The label as printed or as found in the markup."""
    rule: str
    """Which rule read it, for example `json-ld:datePublished` or `label:relative`."""
    zone: str | None = None
    """IANA name or offset (`+01:00`) the instant was resolved in; None when nothing said so."""


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of an article's body; `text` has single spaces, no line break and no markup."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link from one page to another article or document. One record per (url, kind) of a page."""

    url: str
    """Absolute and canonical."""
    kind: LinkKind
    title: str
    """The headline only: no kicker, rank, date, author, duration or badge."""
    position: int
    """0, 1, 2 … in document order."""
    href: str = ""
    """As written in the page."""
    block: str | None = None
    """The printed heading of the block it stands in."""
    rank: int | None = None
    kicker: str | None = None
    date: Moment | None = None
    rule: str = ""
    """Which rule decided the kind."""


@dataclass(frozen=True, slots=True)
class Article:
    """What one capture says. A field that the page does not show is empty or None; `evidence` names the rule per field."""

    title: str = ""
    authors: tuple[str, ...] = ()
    """People, then organisations."""
    lead: str | None = None
    body: tuple[Block, ...] = ()
    """In reading order; starts with the lead when the page shows one above the text."""
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    """BCP 47, lower-case primary language first: `fr`, `pt-BR`."""
    image: Image | None = None
    canonical_url: str | None = None
    language_versions: tuple[tuple[str, str], ...] = ()
    """Language and URL of each version of the page that it names (`hreflang`), itself mostly among them; not stored."""
    published: Moment | None = None
    modified: Moment | None = None
    access: Access | None = None
    links: tuple[Link, ...] = ()
    beside: tuple[str, ...] = ()
    """Longer texts of the page that were not taken for body; not stored. What still stands there was not withdrawn."""
    is_article: bool = True
    """False for fronts, section pages, search results: they have links but no text of their own. `evidence` says why."""
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    """Field name → rule that gave its value."""
    losers: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict[str, tuple[tuple[str, str], ...]])
    """Field name → candidates that lost, as (rule, value): what `news-etl explain` shows."""

    @property
    def text(self) -> str:
        """The body blocks joined by line breaks."""
        return "\n".join(block.text for block in self.body)


@dataclass(frozen=True, slots=True)
class Source:
    """Something to poll."""

    id: int
    slug: str
    """Unique and stable: `<recipe>/<n-or-name>`."""
    kind: SourceKind
    url: str
    recipe: str
    """Name of the recipe that owns it."""
    interval_s: float
    cron: str | None
    zone: str | None
    etag: str | None
    last_modified: str | None
    body_sha256: bytes | None
    next_poll_at: datetime
    is_active: bool
    follow: tuple[LinkKind, ...] = ()
    failures: int = 0
    """Failed polls in a row."""
    children_read: int = 0
    """Of a sitemap index with more children than one poll reads: where the next poll goes on."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL that a source pointed at, with what the source said about it."""

    url: str
    """Absolute, as the source wrote it (canonicalised later, in flow)."""
    found_by: FoundBy
    title: str | None = None
    published: Moment | None = None
    modified: Moment | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A known URL and when to visit it next."""

    id: int
    url: str
    host: str
    next_visit_at: datetime | None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: bytes | None = None
    failures: int = 0
    visits: int = 0


@dataclass(frozen=True, slots=True)
class PageUrl:
    """A URL that leads to a page: as written, and folded."""

    url: str
    """Canonical."""
    url_key: UUID
    host: str
    variant: str
    """As written."""
    variant_key: UUID
    rule: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in the archive. `length` is that of the compressed record, in bytes."""

    file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Capture:
    """One answer of one host on one day; its bytes are already in the archive."""

    url: str
    """The URL asked for."""
    final_url: str
    """The URL that answered, after redirects."""
    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body_sha256: bytes
    """Of the decoded body."""
    body_bytes: int
    fetched_at: datetime
    place: Place
    redirects: tuple[tuple[int, str], ...] = ()
    """(status, URL that redirected), in order."""
    id: int | None = None
    """The captures row; None before it is stored."""
    page_id: int | None = None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class New:
    reason: str


@dataclass(frozen=True, slots=True)
class Same:
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    fields: tuple[str, ...]
    materiality: Materiality
    reason: str


@dataclass(frozen=True, slots=True)
class CopyOf:
    article_id: int
    story_id: int
    similarity: float
    """0 … 1: share of the shorter text's shingles that the other carries."""
    reason: str


Verdict = New | Same | Changed | CopyOf
