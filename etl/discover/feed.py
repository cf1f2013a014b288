"""RSS, Atom and JSON Feed → candidates.

feedparser reads the XML kinds, also broken ones. Its sanitising of entry bodies is off: nothing of them is kept, and
it is nineteen twentieths of its time (100 entries with bodies: 0.56 s, without 0.03 s). It never sees an address,
only bytes, so it cannot reach the network.
"""

from __future__ import annotations

import codecs
import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from types import ModuleType
from typing import Any, cast

import msgspec

from etl.discover.discovery import BODY_MAX_BYTES, Discovery, absolute, charset_in, plain_text
from etl.discover.moments import moment
from etl.errors import Unreadable
from etl.model import Candidate, Moment

TTL_MAX_S = 86_400.0  # A wish for more than a day would make a feed of news useless; a choice, not a measurement.
ENTRIES_MAX = 50_000
_PERIODS_S = {"hourly": 3600.0, "daily": 86_400.0, "weekly": 604_800.0}
# What reads XML as bytes here knows ASCII only: feeds in wider codings become UTF-8 first.
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
DEPTH_MAX = 1_000  # feedparser is quadratic in depth: 5 s for 50,000 open tags.
# What is not closed reaches to the end: each opening is looked at once, or thirty thousand of them take minutes.
_UNREAD = re.compile(rb"<!\[CDATA\[(?:.*?\]\]>|.*)|<!--(?:.*?-->|.*)", re.DOTALL)
_TAG_ENDS = re.compile(rb"<(/?)(?!br\b|img\b|hr\b|input\b|meta\b)[A-Za-z_][^<>]*?(/?)>")
_ENTRY_TAG = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What any of the three formats says about one article."""

    reference: str
    title: str
    published: str
    modified: str


def read_feed(
    body: bytes, *, url: str, fetched_at: datetime, zone: str | None = None, content_type: str = ""
) -> Discovery:
    """Return what the feed at *url* points at, in its order.

    Raises `Unreadable`: `not_a_feed` (a page, a sitemap, an empty answer), `broken_feed` (nothing in it can be read),
    `too_large`.
    """
    if len(body) > BODY_MAX_BYTES:
        raise Unreadable(f"the feed has {len(body):,} bytes; {BODY_MAX_BYTES:,} is the limit: {url}", code="too_large")
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"{", b"[")):
        return _JsonFeed(url, fetched_at, zone).read(body)
    wide = next((codec for mark, codec in _WIDE if body.startswith(mark)), None)
    if wide:
        return _XmlFeed(url, fetched_at, zone).read(_narrowed(body, wide), "utf-8")
    return _XmlFeed(url, fetched_at, zone).read(body, charset_in(content_type))


@dataclass(frozen=True, slots=True)
class _Feed:
    url: str
    fetched_at: datetime
    zone: str | None

    def moment(self, label: str, rule: str) -> Moment | None:
        return moment(label, rule=rule, zone=self.zone, fetched_at=self.fetched_at)

    def candidates(self, entries: Iterable[_Entry], *, rule: str) -> tuple[tuple[Candidate, ...], list[str]]:
        found: dict[str, Candidate] = {}
        without_link = beyond = 0
        for entry in entries:
            url = absolute(self.url, entry.reference)
            if url is None:
                without_link += 1
            elif len(found) >= ENTRIES_MAX:
                beyond += 1
            elif url not in found:
                found[url] = Candidate(
                    url=url,
                    found_by="feed",
                    title=plain_text(entry.title),
                    published=self.moment(entry.published, f"{rule}:published"),
                    modified=self.moment(entry.modified, f"{rule}:modified"),
                    position=len(found),
                )
        problems: list[str] = []
        if without_link:
            problems.append(f"entries without a usable link: {without_link}")
        if beyond:
            problems.append(f"{beyond} entries beyond the first {ENTRIES_MAX:,} were left out")
        return tuple(found.values()), problems


class _XmlFeed(_Feed):
    def read(self, body: bytes, charset: str | None) -> Discovery:
        if _depth(body) > DEPTH_MAX:
            raise Unreadable(f"the feed nests more than {DEPTH_MAX:,} elements: {self.url}", code="broken_feed")
        parsed = self._parsed(body, charset)
        head = _mapping(parsed.get("feed"))
        entries = [_mapping(entry) for entry in _list(parsed.get("entries"))]
        version = _text(parsed.get("version"))
        if not version and not entries:
            raise self._no_feed(body)
        rule = "rss" if version.startswith(("rss", "cdf")) or not version else "atom"
        candidates, problems = self.candidates((self._entry(entry, rule) for entry in entries), rule=rule)
        if parsed.get("bozo") and not candidates and _ENTRY_TAG.search(body):
            raise Unreadable(f"{self._reason(parsed)}: {self.url}", code="broken_feed")
        if parsed.get("bozo") and _is_grave(parsed):
            problems.append(self._reason(parsed))
        links = [_mapping(link) for link in _list(head.get("links"))]
        return Discovery(
            candidates=candidates,
            hub=self._rel(links, "hub"),
            topic=self._rel(links, "self"),
            ttl_s=_ttl_s(head),
            problems=tuple(problems),
        )

    def _parsed(self, body: bytes, charset: str | None) -> Mapping[str, Any]:
        headers = {"content-location": self.url}
        # What a document says of itself is right more often than what its server says.
        if charset and b"encoding=" not in body[:200]:
            headers["content-type"] = f"application/xml; charset={charset}"
        try:
            parsed = _feedparser().parse(
                BytesIO(_tidied(body)),
                response_headers=headers,
                resolve_relative_uris=False,
                sanitize_html=False,
            )
        # feedparser lets out what its handlers hit: of 3,000 mutated feeds, 197 ended in UnicodeEncodeError and 170 in
        # OverflowError. Nothing in its documentation says that these two are all.
        except Exception as error:
            raise Unreadable(f"the feed broke its reader ({error!r}): {self.url}", code="broken_feed") from error
        return _mapping(parsed)

    def _entry(self, entry: Mapping[str, Any], rule: str) -> _Entry:
        published, modified = _text(entry.get("published")), _text(entry.get("updated"))
        if rule == "rss" and not published:
            published, modified = modified, ""  # RSS 1.0 has one time only, dc:date, which feedparser calls `updated`.
        links = [_mapping(link) for link in _list(entry.get("links"))]
        reference = (
            _text(entry.get("feedburner_origlink")) or self._alternate(links) or _text(entry.get("link")).strip()
        )
        return _Entry(reference, _text(entry.get("title")), published, modified)

    def _alternate(self, links: list[Mapping[str, Any]]) -> str:
        """Return the page among an Atom entry's links: an alternate that is HTML, before one of another type."""
        pages = [link for link in links if _text(link.get("rel")) == "alternate" and _text(link.get("href"))]
        pages.sort(key=lambda link: "html" not in (_text(link.get("type")) or "html"))
        return _text(pages[0].get("href")) if pages else ""

    def _rel(self, links: list[Mapping[str, Any]], rel: str) -> str | None:
        for link in links:
            if _text(link.get("rel")) == rel and (url := absolute(self.url, _text(link.get("href")))):
                return url
        return None

    def _no_feed(self, body: bytes) -> Unreadable:
        start = body[:2048].lstrip().lower()
        if not start:
            what = "an empty answer"
        elif b"<html" in start or start.startswith(b"<!doctype html"):
            what = "an HTML page"
        elif b"<urlset" in start or b"<sitemapindex" in start:
            what = "a sitemap (use kind = 'sitemap')"
        elif start.startswith(b"<"):
            return Unreadable(f"XML, but neither RSS nor Atom: {self.url}", code="broken_feed")
        else:
            what = "something else"
        return Unreadable(f"no feed but {what}: {self.url}", code="not_a_feed")

    def _reason(self, parsed: Mapping[str, Any]) -> str:
        return f"the feed is broken ({' '.join(str(parsed.get('bozo_exception')).split())[:200]})"


class _JsonFeed(_Feed):
    """https://www.jsonfeed.org/version/1.1/"""

    def read(self, body: bytes) -> Discovery:
        try:
            raw: Any = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise Unreadable(f"broken JSON ({error}): {self.url}", code="broken_feed") from error
        head = _mapping(raw)
        if not isinstance(head.get("items"), list):
            raise Unreadable(f"JSON, but no JSON Feed (no `items`): {self.url}", code="not_a_feed")
        entries = [self._entry(_mapping(item)) for item in _list(head["items"])]
        candidates, problems = self.candidates(entries, rule="json-feed")
        hubs = [_mapping(hub) for hub in _list(head.get("hubs"))]
        hub = next((_text(hub.get("url")) for hub in hubs if _text(hub.get("type")).lower() == "websub"), "")
        return Discovery(
            candidates=candidates,
            hub=absolute(self.url, hub),
            topic=absolute(self.url, _text(head.get("feed_url"))),
            problems=tuple(problems),
        )

    def _entry(self, item: Mapping[str, Any]) -> _Entry:
        identity = _text(item.get("id"))
        return _Entry(
            reference=_text(item.get("url"))
            or _text(item.get("external_url"))
            or (identity if identity.startswith(("http://", "https://")) else ""),
            title=_text(item.get("title")),
            published=_text(item.get("date_published")),
            modified=_text(item.get("date_modified")),
        )


def _narrowed(body: bytes, codec: str) -> bytes:
    """Return *body* as UTF-8, without the declaration that says otherwise."""
    text = body.decode(codec, "replace").lstrip("\ufeff \t\r\n")
    return re.sub(r"\A<\?xml[^>]*>", "", text).encode("utf-8", "replace")


def _tidied(body: bytes) -> bytes:
    """Take out what stands before the first element and costs time there.

    feedparser's doctype pattern is quadratic in blank lines. Entities declared on one line get past its filter, and
    expat lets them grow to 8 MB before it objects: 2 s for a feed of 1 kB. Names of HTML are known without declaration.
    """
    body = body.lstrip()
    first = re.search(rb"<\w", body)
    if first is None:
        return body
    at = first.start()
    head = re.sub(rb"\s+", b" ", body[:at])
    if b"<!ENTITY" in head:
        head = head[: head.find(b"<!DOCTYPE")] if b"<!DOCTYPE" in head else b""
    return head + body[at:]


def _depth(body: bytes) -> int:
    """Return how deep the elements of *body* nest, closed or not."""
    depth = deepest = 0
    for closing, empty in _TAG_ENDS.findall(_UNREAD.sub(b"", body)):
        if closing:
            depth = max(0, depth - 1)
        elif not empty:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _feedparser() -> ModuleType:
    """Load the library when the first feed comes: it takes 0.05 s of CPU, and most processes never read one."""
    return importlib.import_module("feedparser")


def _is_grave(parsed: Mapping[str, Any]) -> bool:
    """Tell a broken document from a wrong label: a charset that was overridden did no harm."""
    problem = parsed.get("bozo_exception")
    harmless = (_feedparser().CharacterEncodingOverride, _feedparser().NonXMLContentType)
    return not isinstance(problem, harmless)


def _ttl_s(head: Mapping[str, Any]) -> float | None:
    """Return the wish of `<ttl>` (minutes, RSS 2.0) or of the syndication module (periods and a count)."""
    try:
        if ttl := _text(head.get("ttl")):
            asked_s = 60.0 * float(ttl)
        elif period_s := _PERIODS_S.get(_text(head.get("sy_updateperiod")).strip().lower()):
            asked_s = period_s / max(1.0, float(_text(head.get("sy_updatefrequency")) or 1))
        else:
            return None
    except ValueError:
        return None
    return min(asked_s, TTL_MAX_S) if asked_s > 0 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    # As a plain dict: feedparser's own answers one key with another's value (`updated` with `published`).
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
