"""What we know about one site: the types a recipe is made of.

A recipe is one TOML file (docs/recipes.md). `etl.recipe.form` reads it, `etl.recipe.shelf` finds it again by URL.
Every selector is CSS; `selector@attribute` takes an attribute in place of the text. A field's selectors are tried in
order and the first that gives something wins; a field without selectors, or whose selectors find nothing, falls back
to the generic rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from etl.model import LinkKind, SourceKind

DEFAULT_INTERVAL_S = 900.0  # Four requests an hour and source; a recipe says otherwise where that is too slow.
DEFAULT_FOLLOW_DEPTH = 1
FOLLOW_DEPTH_MAX = 5
"""Also a CHECK of etl.sources. Every article links to dozens of others: five links away is the whole site, which its
sitemap names better."""
DEFAULT_FOLLOW_PER_DAY = 200


@dataclass(frozen=True, slots=True)
class SourceRule:
    """One thing to poll."""

    kind: SourceKind
    url: str
    name: str
    """Unique within the recipe; the number of the source, from 1, when the file gives none."""
    interval_s: float = DEFAULT_INTERVAL_S
    fastest_s: float | None = None
    """Bounds of adaptive polling; None leaves that side to the engine."""
    slowest_s: float | None = None
    cron: str | None = None
    """Five fields, read in `zone`; wins over the interval."""
    zone: str | None = None
    """IANA name; the recipe's own when the source gives none."""
    selector: str | None = None
    """Listing only: what matches the teasers, or their links. None: the teasers are found by their pattern."""
    follow: tuple[LinkKind, ...] = ()
    """Kinds of links of the stored articles that become pages to visit too."""
    follow_depth: int = DEFAULT_FOLLOW_DEPTH
    """How many links away from what the source names itself; 1: the links of its own articles only."""
    follow_per_day: int = DEFAULT_FOLLOW_PER_DAY
    """At most this many pages are found by links in one UTC day."""


@dataclass(frozen=True, slots=True)
class Revisits:
    """How a page is visited again as it ages (`etl.flow.revisit`)."""

    first_gap_s: float = 20 * 60.0
    longest_gap_s: float = 7 * 86_400.0
    watched_for_s: float = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class FetchRules:
    """Which pages of the site are wanted, and how gently.

    Patterns are those of robots.txt (RFC 9309, 2.2.3): compared from the start of the path with its query,
    `*` stands for anything and a closing `$` for the end. `deny` wins over `allow`.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    min_interval_s: float | None = None
    """At least this many seconds between two requests to the site."""
    requests_per_day: int | None = None
    revisits: Revisits = Revisits()
    keep_captures_days: int | None = None
    """Raw pages of the site older than this go; None: when those of all sites go."""

    def allows(self, url: str) -> bool:
        """Tell whether a page at *url* is wanted."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if any(_fits(one, path) for one in self.deny):
            return False
        return not self.allow or any(_fits(one, path) for one in self.allow)


@dataclass(frozen=True, slots=True)
class LinkRule:
    """A block of links: everything linked inside what `selector` matches is of this kind."""

    selector: str
    kind: LinkKind
    zone: str | None = None
    """Of the date labels in the block; None: that of the rules."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How to read a page of the site. Empty fields are left to the generic rules."""

    title: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    """What these match is taken out of the page before anything is read."""
    links: tuple[LinkRule, ...] = ()
    zone: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2, upper case: how ambiguous dates are written there."""
    language: str | None = None
    layouts: tuple[Layout, ...] = ()
    """Other faces of the site, each valid for the pages fetched in its time; in the order of the file."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The rules of pages fetched from `start` to `end`, both days included; None leaves that side open."""

    start: date | None
    end: date | None
    rules: Rules

    def holds_on(self, day: date) -> bool:
        """Tell whether a page fetched on *day* wears this layout."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that is true of one site."""

    name: str
    """The file's name without `.toml`."""
    home: str
    """Front page. Its host, and its path when there is one, say which URLs the recipe is for."""
    hosts: tuple[str, ...] = ()
    """Other hosts that carry the same site."""
    language: str | None = None
    country: str | None = None
    zone: str | None = None
    sources: tuple[SourceRule, ...] = ()
    fetch: FetchRules = field(default_factory=FetchRules)
    extract: Rules | None = None
    file: str = ""
    """Where it was read, for messages."""


def _fits(pattern: str, path: str) -> bool:
    """Match by taking each piece at its first place: linear, where a regular expression of `.*` would be a power."""
    is_anchored = pattern.endswith("$")
    first, *others = (pattern[:-1] if is_anchored else pattern).split("*")
    if not path.startswith(first):
        return False
    if is_anchored and not others:
        return path == first
    at = len(first)
    last = others.pop() if is_anchored else ""
    for piece in others:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return path.endswith(last) and len(path) - len(last) >= at
