"""Sitemaps → candidates and children, as a stream: plain, news and index files, text files, gzip (sitemaps.org).

expat reads them piece by piece with nothing declared by the document itself (no entities, no external references).
Where the XML breaks off, which one unescaped `&` in 50,000 addresses is enough for, the rest is read entry by entry
with a pattern instead of being lost.
"""

from __future__ import annotations

import calendar
import html
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from xml.parsers import expat

from etl.discover.discovery import URL_MAX_LENGTH, ChildSitemap, Discovery, absolute, chunks, plain_text
from etl.discover.moments import moment
from etl.errors import Unreadable
from etl.model import Candidate, Moment

DECODED_MAX_BYTES = 200_000_000  # A sitemap may have 50 MB; four times that is no sitemap but a bomb.
ENTRIES_MAX = 200_000  # The protocol allows 50,000 entries in one file.
FIELD_MAX_LENGTH = 4 * URL_MAX_LENGTH
CUT_OFF_MARGIN = timedelta(days=2)  # `lastmod` is often a day without zone, and set when the file was begun.

# Field by place: `image:loc` and `video:title` are not the entry's own.
_FIELDS = {"loc": "loc", "lastmod": "lastmod"}
_NEWS_FIELDS = {"title": "title", "publication_date": "published"}
_ENTRY_END = re.compile(r"</(?:\w+:)?(url|sitemap)>", re.ASCII)
_FIELD = re.compile(
    r"<(?:(?!image|video)\w+:)?(loc|lastmod|title|publication_date)>\s*(?:<!\[CDATA\[)?([^<\]]*)", re.ASCII
)
# A month, never a year alone: `sitemap-2011.xml` is as often the 2,011th file as that of the year 2011.
_MONTH_IN_URL = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_/.]?(0[1-9]|1[0-2])(?:[-_/.]?(?:0[1-9]|[12]\d|3[01]))?(?!\d)")
_YEAR_IN_URL = re.compile(r"[?&]y(?:yyy|ear)=((?:19|20)\d{2})(?!\d)")


@dataclass(slots=True)
class _Entry:
    """The fields of one `<url>` or `<sitemap>` while it is being read."""

    kind: str
    fields: dict[str, str] = field(default_factory=dict[str, str])


def read_sitemap(
    body: bytes | BinaryIO,
    *,
    url: str,
    fetched_at: datetime,
    zone: str | None = None,
    since: datetime | None = None,
    each: Callable[[Candidate], None] | None = None,
) -> Discovery:
    """Return what the sitemap at *url* holds; children that ended before *since* are counted but left out.

    Given *each*, candidates go there one by one as they are read, repeated ones too, and not into the result.
    Raises `Unreadable`: `not_a_sitemap`, `broken_sitemap` (nothing in it can be read).
    """
    reader = Sitemap(body, url=url, fetched_at=fetched_at, zone=zone)
    candidates: dict[str, Candidate] = {}
    children: dict[str, ChildSitemap] = {}
    pruned = 0
    for entry in reader:
        if isinstance(entry, Candidate) and each is not None:
            each(entry)
        elif isinstance(entry, Candidate):
            candidates.setdefault(entry.url, entry)
        elif since is not None and is_over(entry, since):
            pruned += 1
        else:
            children.setdefault(entry.url, entry)
    return Discovery(tuple(candidates.values()), tuple(children.values()), pruned, problems=tuple(reader.problems))


def is_over(child: ChildSitemap, since: datetime) -> bool:
    """Tell whether *child* was finished before *since*, by its `lastmod` or else by the month in its address."""
    if child.lastmod is not None and child.lastmod.at is not None:
        return child.lastmod.at + CUT_OFF_MARGIN < since
    return child.ends_at is not None and child.ends_at + CUT_OFF_MARGIN < since


class Sitemap:
    """An iterator over the entries of one sitemap; holds one piece of it at a time.

    `problems` is complete when the iteration is over.
    """

    def __init__(self, body: bytes | BinaryIO, *, url: str, fetched_at: datetime, zone: str | None = None) -> None:
        self.problems: list[str] = []
        self._body = body
        self._url = url
        self._fetched_at = fetched_at
        self._zone = zone
        self._seen = 0
        self._without_address = 0

    def __iter__(self) -> Iterator[Candidate | ChildSitemap]:
        pieces = self._decoded()
        start = b""
        for piece in pieces:
            start += piece
            if len(start) > 1024:
                break
        text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
        self._refuse_other(text[:1024].lower())
        pieces = _chain(start.removeprefix(b"\xef\xbb\xbf").lstrip(), pieces)
        entries = self._lines(pieces) if text.startswith((b"http://", b"https://")) else self._elements(pieces)
        for entry in entries:
            if self._seen >= ENTRIES_MAX:
                self.problems.append(f"entries beyond the first {ENTRIES_MAX:,} were left out")
                break
            self._seen += 1
            if (made := self._made(entry)) is not None:
                yield made
        if self._without_address:
            self.problems.append(f"entries without a usable address: {self._without_address}")

    def _refuse_other(self, start: bytes) -> None:
        if not start and self.problems:
            raise Unreadable(f"{self.problems[0]}: {self._url}", code="broken_sitemap")
        if not start:
            raise Unreadable(f"no sitemap but an empty answer: {self._url}", code="not_a_sitemap")
        if b"<html" in start or start.startswith(b"<!doctype html"):
            raise Unreadable(f"no sitemap but an HTML page: {self._url}", code="not_a_sitemap")
        if re.search(rb"<rss[\s>]|<feed[\s>]|<rdf:rdf[\s>]", start):
            raise Unreadable(f"no sitemap but a feed (use kind = 'feed'): {self._url}", code="not_a_sitemap")

    def _decoded(self) -> Iterator[bytes]:
        """Yield the sitemap without its gzip, up to the limit."""
        total = 0
        for piece in _gunzipped(chunks(self._body), self.problems):
            total += len(piece)
            if total > DECODED_MAX_BYTES:
                self.problems.append(f"only the first {DECODED_MAX_BYTES:,} bytes were read")
                return
            yield piece

    def _lines(self, pieces: Iterable[bytes]) -> Iterator[_Entry]:
        """Read a text sitemap: one address a line."""
        rest = b""
        for piece in _chain(b"", pieces):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.strip():
                    yield _Entry("url", {"loc": line[: 2 * FIELD_MAX_LENGTH].decode("utf-8", "replace")})
            rest = rest[: 2 * FIELD_MAX_LENGTH]
        if rest.strip():
            yield _Entry("url", {"loc": rest.decode("utf-8", "replace")})

    def _elements(self, pieces: Iterator[bytes]) -> Iterator[_Entry]:
        parser = _Elements()
        for piece in pieces:
            try:
                parser.feed(piece)
            except (expat.ExpatError, _Declared, ValueError, LookupError) as error:
                yield from parser.taken()
                if isinstance(error, _Declared):
                    raise Unreadable(f"the sitemap declares entities: {self._url}", code="broken_sitemap") from error
                yield from self._salvaged(_chain(parser.rest(piece), pieces), error)
                return
            yield from parser.taken()
        try:
            parser.close()
        except expat.ExpatError as error:
            last = parser.taken()
            if not self._seen and not last:
                raise self._broken(error) from error
            self.problems.append(f"the sitemap breaks off ({error})")
            yield from last
        yield from parser.taken()

    def _salvaged(self, pieces: Iterable[bytes], error: Exception) -> Iterator[_Entry]:
        """Read what follows a mistake in the XML, entry by entry."""
        found = 0
        text = ""
        for piece in pieces:
            text += piece.decode("utf-8", "replace")
            end = 0
            # From end to end, not from begin to end: entries that are never closed would be looked at again and again.
            for match in _ENTRY_END.finditer(text):
                inside = text[end : match.start()].rpartition(f"{match[1]}>")[2]
                fields = {
                    (_FIELDS | _NEWS_FIELDS)[name]: html.unescape(value).strip()
                    for name, value in reversed(_FIELD.findall(inside))
                }
                end = match.end()
                found += 1
                yield _Entry(match[1], fields)
            text = text[end:][-FIELD_MAX_LENGTH:]
        if not found and not self._seen:
            raise self._broken(error) from error
        self.problems.append(f"broken XML ({error}); {found} entries after it were read by pattern")

    def _broken(self, error: Exception) -> Unreadable:
        return Unreadable(f"the sitemap is broken ({error}): {self._url}", code="broken_sitemap")

    def _made(self, entry: _Entry) -> Candidate | ChildSitemap | None:
        url = absolute(self._url, html.unescape(entry.fields.get("loc", "")))
        if url is None:
            self._without_address += 1
            return None
        modified = self._moment(entry.fields.get("lastmod", ""), "sitemap:lastmod")
        if entry.kind == "sitemap":
            return ChildSitemap(url, modified, _end_in_url(url))
        return Candidate(
            url=url,
            found_by="sitemap",
            title=plain_text(entry.fields["title"]) if "title" in entry.fields else None,
            published=self._moment(entry.fields.get("published", ""), "sitemap:publication_date"),
            modified=modified,
            position=self._seen - 1,
        )

    def _moment(self, label: str, rule: str) -> Moment | None:
        return moment(label, rule=rule, zone=self._zone, fetched_at=self._fetched_at)


class _Declared(Exception):  # noqa: N818 - a signal from inside expat's callback, not an outcome
    """The document declares entities: a sitemap never does."""


class _Elements:
    """expat with three callbacks. Prefixes are taken as written: a sitemap that never declares `news:` is read too."""

    def __init__(self) -> None:
        self._entry: _Entry | None = None
        self._field: str | None = None
        self._text: list[str] = []
        self._length = 0
        self._depth = 0
        """How deep inside the entry: 1 is its own field, 2 a field of its news."""
        self._passed_over = ""
        self._before = b""
        self._done: list[_Entry] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._declared
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._fed = 0

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)
        self._fed += len(piece)
        self._before = piece

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def rest(self, piece: bytes) -> bytes:
        """Return what is left to read after expat gave up in *piece*: from the beginning of the entry it was in."""
        read = self._before + piece
        at = max(0, self._parser.ErrorByteIndex - self._fed + len(self._before))
        if self._entry is None:
            return read[at:]
        return read[max(0, read.rfind(b"<url>", 0, at), read.rfind(b"<sitemap>", 0, at)) :]

    def taken(self) -> list[_Entry]:
        done, self._done = self._done, []
        return done

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self._entry is None:
            if local in {"url", "sitemap"}:
                self._entry = _Entry(local)
                self._depth = 0
            return
        self._depth += 1
        wanted: str | None = None
        if self._depth == 1:
            wanted = _FIELDS.get(local)
            if wanted is None and local != "news":
                self._pass_over(name)
        elif self._depth == 2 and self._field is None:  # In its news: everything else is passed over.
            wanted = _NEWS_FIELDS.get(local)
        if wanted is not None:
            self._field = wanted
            self._text, self._length = [], 0
            self._parser.CharacterDataHandler = self._characters

    def _pass_over(self, name: str) -> None:
        """Let expat read to the end of this element alone: half of a news sitemap are its images."""
        self._passed_over = name
        self._parser.StartElementHandler = None
        self._parser.EndElementHandler = self._end_passed_over

    def _end_passed_over(self, name: str) -> None:
        if name == self._passed_over:
            self._depth -= 1
            self._parser.StartElementHandler = self._start
            self._parser.EndElementHandler = self._end

    def _end(self, name: str) -> None:
        if self._entry is None:
            return
        if self._depth == 0:
            # Of an element in one of its own name only the inner one was passed over: its end is not the entry's.
            if name.rpartition(":")[2] == self._entry.kind:
                self._done.append(self._entry)
                self._entry = None
            return
        if self._field is not None:
            self._entry.fields.setdefault(self._field, "".join(self._text).strip())
            self._field = None
            self._parser.CharacterDataHandler = None
        self._depth -= 1

    def _characters(self, text: str) -> None:
        if self._length < FIELD_MAX_LENGTH:
            self._length += len(text)
            self._text.append(text[:FIELD_MAX_LENGTH])

    def _declared(self, *_declaration: object) -> None:
        raise _Declared


def _gunzipped(pieces: Iterable[bytes], problems: list[str]) -> Iterator[bytes]:
    """Undo gzip when the bytes begin like it, whatever the address says; several members are one file."""
    decoder = None
    is_gzip: bool | None = None
    for piece in pieces:
        if is_gzip is None:
            is_gzip = piece.startswith(b"\x1f\x8b")
        if not is_gzip:
            yield piece
            continue
        rest = piece
        while rest:
            decoder = decoder or zlib.decompressobj(31)
            try:
                # Bounded output: 64 kB of a bomb would otherwise become 64 MB at once.
                yield decoder.decompress(rest, 1_000_000)
            except zlib.error as error:
                problems.append(f"broken gzip ({error})")
                return
            rest = decoder.unconsumed_tail
            if decoder.eof:
                rest, decoder = decoder.unused_data.lstrip(b"\0"), None  # Padding after the end is no member.
    if decoder is not None and not decoder.eof:
        problems.append("the gzip file breaks off")


def _chain(first: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from pieces


def _end_in_url(url: str) -> datetime | None:
    """Return the end of the last month that the address names (`post-2011-03.xml`, `?yyyy=2011`)."""
    ends: list[datetime] = []
    place = url.partition("//")[2].partition("/")[2]
    years = [(year, "12") for year in _YEAR_IN_URL.findall(place)]
    for year, month in _MONTH_IN_URL.findall(place) or years:
        days = calendar.monthrange(int(year), int(month))[1]
        ends.append(datetime(int(year), int(month), days, tzinfo=UTC) + timedelta(days=1))
    return max(ends, default=None)
