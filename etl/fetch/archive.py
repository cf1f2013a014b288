"""The archive: every answer's bytes on disk, as standard WARC files, before anything reads them.

One process appends to one file at a time, and holds a lock (`flock`) on it while it lives; the name carries machine, process and
a random part, so writers never meet. A file is rolled when the day (UTC) changes or it is full. On closing, its write
permission is taken away: read-only means whole. So `repair()` knows what a killed writer left behind, by looking:
writable, but no lock on it. It walks the records of those files, cuts a torn tail and seals the file.

An answer is written in one piece: the response (or a revisit), its request, then the redirects that led to it, each of those with
`WARC-Concurrent-To` the first. So a `Place`, which points at the first, leads to all that `overwrite()` must erase.

When `append` returns, the bytes are in the file; after `sync()` they are on the disk. Commit no row that points to a place
before `sync()` came back. It costs nothing when another thread's sync already covered yours.

A revisit says that the body was the same as an earlier record's, and where that record is (`WARC-Refers-To-…`, with file and
offset as Heritrix writes them). It never refers further back than REVISIT_WITHIN, so `expire()` can drop a day's files
that much later than asked and leave no revisit without its body.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import stat
import threading
import zlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from etl.errors import Misconfigured, Transient, Unreadable
from etl.fetch import warc
from etl.fetch.decode import codings, decoded
from etl.fetch.exchange import Exchange, joined, records
from etl.model import Capture, Place

FILE_MAX_BYTES = 1_000_000_000  # The customary size of WARC files (annex C of the standard recommends 1 GB).
REVISIT_WITHIN = timedelta(days=7)
READ_MAX_BYTES = 256 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


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
    """The files under *root*; safe to share between threads, and between processes that each build their own."""

    def __init__(self, root: Path, *, file_max_bytes: int = FILE_MAX_BYTES, software: str = "news-etl") -> None:
        self.root = root
        self._file_max_bytes = file_max_bytes
        self._software = software
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._name = ""
        self._day: date | None = None
        self._pid = 0
        self._size = 0
        self._synced = 0
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"the archive cannot be kept in {root}: {error}") from error

    def append(self, exchange: Exchange, *, previous: Capture | None = None) -> Place:
        """Write one exchange and return where its response stands; *previous* is an earlier capture of the same page.

        When the decoded body is that of *previous*, and its record is young enough, a revisit without the body is written.
        """
        original = None if previous is None else self._original(exchange, previous)
        members = records(exchange, original=original)
        with self._lock:
            offset = self._write(b"".join(members), at=exchange.fetched_at)
            return Place(self._name, offset, len(members[0]))

    def sync(self) -> None:
        """Return when all that was appended so far is on the disk."""
        with self._lock:
            file, wanted = self._file, self._size
        if file is None:
            return
        with self._sync_lock:
            if wanted <= self._synced or file.closed:  # Closing syncs.
                return
            os.fdatasync(file.fileno())
            self._synced = max(self._synced, wanted)

    def read(self, place: Place) -> ArchivedResponse:
        """Return the response at *place*, following a revisit to its body.

        Raises Unreadable: `container_missing` when the file is gone, `record_damaged` when it holds no such record,
        `erased` when the bytes were blotted out.
        """
        record = self._record(place)
        if record.type == "metadata":
            raise Unreadable(f"erased: {place.file} at {place.offset}", code="erased")
        try:
            status, headers, payload = warc.parse_http(record.block)
            at = datetime.fromisoformat(record.fields["warc-date"])
            if record.type == "revisit":
                body = self.read(_original_place(record)).body
            else:
                by_name = joined(headers)
                applied = codings(by_name.get("content-encoding", ""))
                body = decoded(iter((payload,)), applied, max_bytes=READ_MAX_BYTES) if applied else payload
        except (KeyError, ValueError, Transient) as error:
            raise Unreadable(f"{place.file} at {place.offset}: {error}", code="record_damaged") from error
        return ArchivedResponse(record.url, status, joined(headers), body, at)

    def overwrite(self, place: Place, *, at: datetime) -> None:
        """Make the record at *place*, its request and its redirects unrecoverable; the file stays readable."""
        with self._opened_to_change(place.file) as file:
            first = _member_at(file, place.offset)
            erased = [(place.offset, place.length)]
            record = warc.read_member(first) if first is not None else None
            if record is not None and record.type != "metadata":
                following = place.offset + place.length
                while (compressed := _member_at(file, following)) is not None:
                    if warc.read_member(compressed).fields.get("warc-concurrent-to") != record.id:
                        break
                    erased.append((following, len(compressed)))
                    following += len(compressed)
            for offset, length in erased:
                file.seek(offset)
                file.write(warc.blot(length, at=at))
            file.flush()
            os.fsync(file.fileno())

    def files(self) -> Iterator[str]:
        """Yield the names of all files, oldest day first."""
        for path in sorted(self.root.glob("*/*.warc.gz")):
            yield path.relative_to(self.root).as_posix()

    def walk(self, name: str) -> Iterator[Seen]:
        """Yield each record of a file; stop at a torn tail. For erasing by domain, and for rebuilding what rows point to."""
        with self._open(name) as file:
            offset = 0
            while (compressed := _member_at(file, offset)) is not None:
                record = warc.read_member(compressed)
                date_text = record.fields.get("warc-date")
                at = None if date_text is None else datetime.fromisoformat(date_text)
                yield Seen(Place(name, offset, len(compressed)), record.type, record.url, at)
                offset += len(compressed)

    def repair(self) -> dict[str, int]:
        """Cut the torn tails that killed writers left, seal their files, and return the bytes cut by file name."""
        cut: dict[str, int] = {}
        for name in self.files():
            path = self.root / name
            if not path.stat().st_mode & stat.S_IWUSR:
                continue
            with path.open("r+b") as file:
                if not _locked(file):
                    continue  # Its writer lives.
                whole = 0
                while (compressed := _member_at(file, whole)) is not None:
                    whole += len(compressed)
                size = file.seek(0, os.SEEK_END)
                if whole < size:
                    file.truncate(whole)
                    cut[name] = size - whole
                os.fsync(file.fileno())
                _seal(file)
        return cut

    def expire(self, *, before: date) -> list[str]:
        """Delete the days that ended before *before* and that no later revisit can need; return their names."""
        gone: list[str] = []
        for folder in sorted(path for path in self.root.iterdir() if path.is_dir()):
            with contextlib.suppress(ValueError):
                if date.fromisoformat(folder.name) < before - REVISIT_WITHIN:
                    shutil.rmtree(folder)
                    gone.append(folder.name)
        return gone

    def close(self) -> None:
        """Sync and seal the current file; the next append opens another."""
        with self._lock, self._sync_lock:
            self._close()

    def _write(self, piece: bytes, *, at: datetime) -> int:
        if self._file is None or self._day != at.date() or self._pid != os.getpid() or self._is_full():
            with self._sync_lock:
                self._close()
                self._begin(at)
        assert self._file is not None
        offset = self._size
        try:
            self._file.write(piece)
        except OSError:
            # A full disk leaves half a record: take it back, or whatever is appended next would stand behind rubbish.
            with contextlib.suppress(OSError):
                self._file.truncate(offset)
                self._file.seek(offset)
            raise
        self._size = offset + len(piece)
        return offset

    def _is_full(self) -> bool:
        return self._size >= self._file_max_bytes

    def _begin(self, at: datetime) -> None:
        machine = "".join(c if c.isalnum() else "-" for c in socket.gethostname().split(".")[0]) or "machine"
        self._day, self._pid = at.date(), os.getpid()
        self._name = f"{self._day.isoformat()}/{machine}-{self._pid}-{secrets.token_hex(4)}.warc.gz"
        path = self.root / self._name
        path.parent.mkdir(exist_ok=True)
        # Unbuffered: a buffer that the process takes with it when it is killed would hold bytes that rows point to.
        self._file = path.open("xb", buffering=0)
        _locked(self._file)
        for folder in (path.parent, self.root):
            _sync_folder(folder)
        fields = (
            ("WARC-Type", "warcinfo"),
            ("WARC-Record-ID", warc.new_id()),
            ("WARC-Date", warc.warc_date(at)),
            ("WARC-Filename", path.name),
            ("Content-Type", "application/warc-fields"),
        )
        about = f"software: {self._software}\r\nformat: WARC File Format 1.1\r\nhostname: {machine}\r\n"
        self._size = self._synced = 0
        self._size = self._file.write(warc.member(fields, head=about.encode())) or 0

    def _close(self) -> None:
        if self._file is not None:
            if self._pid == os.getpid():  # After a fork the file belongs to the parent.
                os.fsync(self._file.fileno())
                _seal(self._file)
            self._file.close()
            self._file = None

    def _record(self, place: Place) -> warc.Record:
        with self._open(place.file) as file:
            file.seek(place.offset)
            compressed = file.read(place.length) if place.length else _member_at(file, place.offset)
        try:
            return warc.read_member(compressed or b"")
        except ValueError as error:
            raise Unreadable(f"{place.file} at {place.offset}: {error}", code="record_damaged") from error

    def _original(self, exchange: Exchange, previous: Capture) -> tuple[Place, Mapping[str, str]] | None:
        """Return place and fields of the record that holds the body of *previous*, if a revisit may name it."""
        if previous.body_sha256 != exchange.body_sha256 or not exchange.body:
            return None
        try:
            place, record = previous.place, self._record(previous.place)
            if record.type == "revisit":
                place = _original_place(record)
                record = self._record(place)
            at = datetime.fromisoformat(record.fields["warc-date"])
        except (Unreadable, KeyError, ValueError):
            return None
        if record.type != "response" or exchange.fetched_at - at > REVISIT_WITHIN:
            return None
        return place, record.fields

    def _open(self, name: str) -> BinaryIO:
        try:
            return (self.root / name).open("rb")
        except FileNotFoundError as error:
            raise Unreadable(f"not in the archive: {name}", code="container_missing") from error

    @contextlib.contextmanager
    def _opened_to_change(self, name: str) -> Generator[BinaryIO]:
        path = self.root / name
        try:
            mode = path.stat().st_mode
        except FileNotFoundError as error:
            raise Unreadable(f"not in the archive: {name}", code="container_missing") from error
        path.chmod(mode | stat.S_IWUSR)
        try:
            with path.open("r+b") as file:
                yield file
        finally:
            path.chmod(mode)


def _original_place(revisit: warc.Record) -> Place:
    # A length of 0 says that it must be found by reading; a record's length is not among the fields readers know.
    fields = revisit.fields
    return Place(fields["warc-refers-to-filename"], int(fields["warc-refers-to-file-offset"]), 0)


def _member_at(file: BinaryIO, offset: int) -> bytes | None:
    """Return the whole gzip member at *offset*, or None at the end of the file and at a torn tail."""
    file.seek(offset)
    stream = zlib.decompressobj(31)
    pieces: list[bytes] = []
    try:
        while chunk := file.read(CHUNK_BYTES):
            stream.decompress(chunk)
            if stream.eof:
                pieces.append(chunk[: len(chunk) - len(stream.unused_data)])
                return b"".join(pieces)
            pieces.append(chunk)
    except zlib.error:
        return None
    return None


def _locked(file: BinaryIO) -> bool:
    """Take the file's lock, which lasts as long as this process has it open; tell whether it was free."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _seal(file: BinaryIO) -> None:
    os.fchmod(file.fileno(), READ_ONLY)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
