"""The archive: every answer's bytes kept, as standard WARC files, before anything reads them.

An answer is written in one piece: the response (or a revisit), its request, then the redirects that led to it, each of
those with `WARC-Concurrent-To` the first. So a `Place`, which points at the first, leads to all that `overwrite()` must erase.

When `append` returns, the bytes are written; after `sync()` they are safe. Commit no row that points to a place before
`sync()` came back. It costs nothing when another thread's sync already covered yours.

A revisit is written when the caller names an earlier capture with the same body, or when this archive remembers one of the
same URL (REMEMBERED; a feed without validators is mostly the same every few minutes). It says that
the body was that of an earlier record, and where this is (`WARC-Refers-To-…`, with file and offset as Heritrix writes
them). It never refers further back than REVISIT_WITHIN, so `expire()` drops a day's files that much later than
asked and leaves no revisit without its body.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from etl.errors import Refused, Transient, Unreadable
from etl.fetch import warc
from etl.fetch.bucket import Bucket
from etl.fetch.decode import codings, decoded
from etl.fetch.exchange import Exchange, joined, records
from etl.fetch.shelf import Folder, Shelf, member_at
from etl.model import Capture, Place

FILE_MAX_BYTES = 1_000_000_000  # The customary size of WARC files (annex C of the standard recommends 1 GB).
REVISIT_WITHIN = timedelta(days=7)
REMEMBERED = 10_000  # URLs; about 4 MB.
READ_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ArchivedResponse:
    """A response as it was kept, with its body decoded."""

    url: str
    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """One record met while walking through a file."""

    place: Place
    type: str
    url: str
    at: datetime | None


class Archive:
    """WARC files in the folder or at the URL *root*; safe between threads, and between processes that each build their own."""

    def __init__(self, root: Path | str, *, file_max_bytes: int = FILE_MAX_BYTES, software: str = "news-etl") -> None:
        self._software = software
        self._recent: OrderedDict[str, tuple[bytes, Place]] = OrderedDict()
        self._recent_lock = threading.Lock()
        self._shelf: Shelf
        if "://" in str(root):
            self._shelf = Bucket(str(root), first_bytes=self._warcinfo)
        else:
            self._shelf = Folder(Path(root), first_bytes=self._warcinfo, file_max_bytes=file_max_bytes)

    def append(
        self,
        exchange: Exchange,
        *,
        previous: Capture | None = None,
        at: datetime | None = None,
        member: bytes | None = None,
    ) -> Place:
        """Write one exchange and return where its response stands.

        When the decoded body is that of *previous*, an earlier capture of the same page, or of the last record of the same
        URL, and that is young enough, a revisit without the body is written. *at* is now, where the exchange itself is
        of another time (an import): it decides on the day's folder. *member* is a record of another archive that says all
        that ours would: unless a revisit is written, it is kept as it is, for deflating 190 KB anew takes 0.4 ms.
        """
        earlier = None if previous is None else (previous.body_sha256, previous.place)
        at = at or exchange.fetched_at
        recent = self._recent.get(exchange.url)
        original = self._original(exchange, earlier, at=at) or self._original(exchange, recent, at=at)
        members = [member] if member is not None and original is None else records(exchange, original=original)
        name, offset = self._shelf.append(b"".join(members), at=at)
        place = Place(name, offset, len(members[0]))
        self._remember(exchange, place if original is None else original[0])
        return place

    def sync(self) -> None:
        """Return when all that was appended so far is safe."""
        self._shelf.sync()

    def read(self, place: Place) -> ArchivedResponse:
        """Return the response at *place*, following a revisit to its body.

        Raises Unreadable: `container_missing` when the file is gone, `record_damaged` when it holds no such record,
        `erased` when the bytes were blotted out.
        """
        record = self._record(place)
        if record.type == "metadata":
            raise Unreadable(f"erased: {place.file} at {place.offset}", code="erased")
        try:
            status, pairs, payload = warc.parse_http(record.block)
            headers = joined(pairs)
            at = datetime.fromisoformat(record.fields["warc-date"])
            if record.type == "revisit":
                body = self.read(self._place_of_original(record)).body
            else:
                applied = codings(headers.get("content-encoding", ""))
                body = decoded(iter((payload,)), applied, max_bytes=READ_MAX_BYTES) if applied else payload
        except (KeyError, ValueError, Refused, Transient) as error:
            raise Unreadable(f"{place.file} at {place.offset}: {error}", code="record_damaged") from error
        return ArchivedResponse(record.url, status, headers, body, at)

    def overwrite(self, place: Place, *, at: datetime) -> None:
        """Make the record at *place*, its request and its redirects unrecoverable; the file stays readable.

        Erasing twice does nothing. What a file system or an object store keeps of older versions (snapshots, versioned
        buckets, backups) is out of our reach.
        """
        record = self._record(place)
        if record.type == "metadata":
            return
        erased = [(place.offset, warc.blot(place.length, at=at))]
        following = place.offset + place.length
        with self._shelf.open(place.file) as file:
            while (compressed := member_at(file, following)) is not None:
                if warc.read_member(compressed).fields.get("warc-concurrent-to") != record.id:
                    break
                erased.append((following, warc.blot(len(compressed), at=at)))
                following += len(compressed)
        self._shelf.patch(place.file, erased)

    def overwrite_all(self, is_meant: Callable[[str], bool], *, at: datetime) -> int:
        """Overwrite every record whose URL *is_meant*, whether a row points to it or not; return how many.

        For erasing a URL or a domain for good: redirects, refusals and answers whose row was never written have bytes too.
        Reads the whole archive.
        """
        count = 0
        for name in list(self.files()):
            meant = [seen.place for seen in self.walk(name) if seen.url and is_meant(seen.url)]
            if meant:
                self._shelf.patch(name, [(place.offset, warc.blot(place.length, at=at)) for place in meant])
                count += len(meant)
        return count

    def files(self) -> Iterator[str]:
        """Yield the names of all files, oldest day first."""
        return self._shelf.names()

    def walk(self, name: str) -> Iterator[Seen]:
        """Yield each record of a file, up to its end or its torn tail: to erase a domain, or rebuild what rows point to."""
        with self._shelf.open(name) as file:
            offset = 0
            while (compressed := member_at(file, offset)) is not None:
                record = warc.read_member(compressed)
                written_at = record.fields.get("warc-date")
                at = None if written_at is None else datetime.fromisoformat(written_at)
                yield Seen(Place(name, offset, len(compressed)), record.type, record.url, at)
                offset += len(compressed)

    def repair(self) -> dict[str, int]:
        """Cut the torn tails that killed writers left, seal their files, and return the bytes cut by file name."""
        return self._shelf.repair()

    def probe(self) -> None:
        """Raise Misconfigured when nothing can be put into the archive."""
        self._shelf.probe()

    def expire(self, *, before: date) -> list[str]:
        """Delete the days before *before* that no later revisit can need; return them."""
        return self._shelf.expire(before=before - REVISIT_WITHIN)

    def close(self) -> None:
        """Sync and seal the current file; the next append opens another."""
        self._shelf.close()

    def _warcinfo(self, name: str, at: datetime) -> bytes:
        fields = (
            ("WARC-Type", "warcinfo"),
            ("WARC-Record-ID", warc.new_id()),
            ("WARC-Date", warc.warc_date(at)),
            ("WARC-Filename", name),
            ("Content-Type", "application/warc-fields"),
        )
        return warc.member(fields, head=f"software: {self._software}\r\nformat: WARC File Format 1.1\r\n".encode())

    def _record(self, place: Place) -> warc.Record:
        return self._read(place, warc.read_member)

    def _head(self, place: Place) -> warc.Record:
        return self._read(place, warc.read_head)

    def _read(self, place: Place, by: Callable[[bytes], warc.Record]) -> warc.Record:
        compressed = self._shelf.read(place.file, offset=place.offset, length=place.length)
        try:
            return by(compressed)
        except ValueError as error:
            raise Unreadable(f"{place.file} at {place.offset}: {error}", code="record_damaged") from error

    def _original(
        self, exchange: Exchange, earlier: tuple[bytes, Place] | None, *, at: datetime
    ) -> tuple[Place, Mapping[str, str]] | None:
        """Return place and fields of the record that holds the body of *earlier*, if a revisit may name it."""
        if earlier is None or earlier[0] != exchange.body_sha256 or not exchange.body_bytes:
            return None
        place = earlier[1]
        try:
            record = self._head(place)
            if record.type == "revisit":
                place = self._place_of_original(record)
                record = self._head(place)
            kept_on = date.fromisoformat(place.file.partition("/")[0])
        except (Unreadable, KeyError, ValueError):
            return None
        if record.type != "response" or at.date() - kept_on > REVISIT_WITHIN:
            return None
        return place, record.fields

    def _remember(self, exchange: Exchange, place: Place) -> None:
        with self._recent_lock:
            self._recent[exchange.url] = exchange.body_sha256, place
            self._recent.move_to_end(exchange.url)
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)

    def _place_of_original(self, revisit: warc.Record) -> Place:
        """Return where a revisit's body is. Its fields have no length, so the record is measured where it stands."""
        name, offset = revisit.fields["warc-refers-to-filename"], int(revisit.fields["warc-refers-to-file-offset"])
        with self._shelf.open(name) as file:
            compressed = member_at(file, offset)
        if compressed is None:
            raise Unreadable(f"{name} at {offset}: the record breaks off", code="record_damaged")
        return Place(name, offset, len(compressed))
