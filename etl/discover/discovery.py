"""What reading a source gives, and the little that all its readers share."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from etl.model import Candidate, Moment

BODY_MAX_BYTES = 20_000_000  # Of a feed or a section page: room for 5,000 entries with whole articles. An estimate.
URL_MAX_LENGTH = 2_083  # The longest address a sitemap may name has 2,048 characters (sitemaps.org); browsers end here.
TITLE_MAX_LENGTH = 1_000
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
# Nearly all references of feeds and sitemaps: nothing to join, to split or to cut off.
_CLEAN = re.compile(r"https?://(?!\.)[a-zA-Z0-9.-]+(?:[/?][!$-;=?-Z_a-z~]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names."""

    url: str
    lastmod: Moment | None = None
    ends_at: datetime | None = None
    """End of the month or year in its address (`/sitemap-2011-03.xml`); None when the address names none."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What one source said on one day."""

    candidates: tuple[Candidate, ...] = ()
    """One per URL, in the order of the source."""
    children: tuple[ChildSitemap, ...] = ()
    """Sitemaps to read next; those that cannot hold anything since the cut-off are left out."""
    pruned: int = 0
    """How many children the cut-off left out."""
    hub: str | None = None
    """WebSub: where to subscribe."""
    topic: str | None = None
    """WebSub: what to subscribe to (the feed's own idea of its address)."""
    ttl_s: float | None = None
    """How long the source asks to be left alone."""
    problems: tuple[str, ...] = ()
    """What could not be read, in words; what could be read is in `candidates` all the same."""


def absolute(base: str, reference: str) -> str | None:
    """Return *reference* as an absolute http(s) URL without fragment, or None when it is none."""
    if len(reference) <= URL_MAX_LENGTH and _CLEAN.fullmatch(reference):
        return reference
    reference = "".join(reference.split())
    if not reference or len(reference) > URL_MAX_LENGTH:
        return None
    try:
        # Joining costs as much as all the rest, and most references are absolute.
        joined = reference if reference.startswith(("http://", "https://")) else urljoin(base, reference)
        parts = urlsplit(joined)
        if parts.scheme not in {"http", "https"} or not parts.hostname or (parts.port or 1) < 1:
            return None
        joined.encode()
    except ValueError:  # Brackets that are no IPv6 address, a port out of range, a lone surrogate.
        return None
    return joined.partition("#")[0]


def charset_in(content_type: str) -> str | None:
    """Return the charset that a Content-Type header names; None when it names none that Python knows as text."""
    named = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", content_type, re.IGNORECASE)
    if named is None:
        return None
    try:
        "".encode(named[1])
    except LookupError:
        return None
    return named[1].lower()


def plain_text(markup: str) -> str | None:
    """Return a headline without tags, entities and line breaks; None when nothing is left."""
    text = markup[: 4 * TITLE_MAX_LENGTH]
    if "<" in text or "&" in text:
        text = html.unescape(_TAG.sub(" ", text))
    text = " ".join(text.replace("\x00", " ").split())[:TITLE_MAX_LENGTH]
    return text.encode("utf-8", "ignore").decode("utf-8") or None


def chunks(body: bytes | BinaryIO, *, size: int = 65_536) -> Iterator[bytes]:
    """Yield *body* piece by piece; bytes are sliced, never copied whole."""
    stream = BytesIO(body) if isinstance(body, bytes) else body
    while piece := stream.read(size):
        yield piece
