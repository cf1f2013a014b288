"""Where the archive's files stand: in a folder, or as objects in a store (`etl.fetch.bucket`).

A `Shelf` keeps bytes and knows nothing of WARC, except that each file begins with the bytes it is given for that
and that a file is whole as far as its records are.

In a folder one process appends to one file at a time, and holds a lock (`flock`) on it while it lives; the name carries
machine, process and a random part, so writers never meet. A file is rolled when the day (UTC) changes or it is full.
On closing, its write permission is taken away: read-only means whole. So `repair()` sees what a killed
writer left behind: a file that is writable and not locked. Its torn tail is cut, and it is sealed.
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
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from etl.errors import Misconfigured, Unreadable

CHUNK_BYTES = 1024 * 1024
READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
SUFFIX = ".warc.gz"

FirstBytes = Callable[[str, datetime], bytes]
"""File name and moment → what a new file begins with."""


class Shelf(Protocol):
    """What `Archive` asks of the place where its files stand."""

    def append(self, piece: bytes, *, at: datetime) -> tuple[str, int]:
        """Write *piece* and return the file's name and the offset in it."""
        ...

    def sync(self) -> None:
        """Return when all that was appended so far survives the loss of this machine's power (or of the machine)."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Return the file for reading; raise Unreadable (`container_missing`) when it is not there."""
        ...

    def read(self, name: str, *, offset: int, length: int) -> bytes: ...

    def patch(self, name: str, changes: Sequence[tuple[int, bytes]]) -> None:
        """Overwrite bytes in place, for good."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all files, oldest day first."""
        ...

    def repair(self) -> dict[str, int]:
        """Cut torn tails that killed writers left; return the bytes cut by file name."""
        ...

    def probe(self) -> None:
        """Raise Misconfigured when nothing can be put here."""
        ...

    def expire(self, *, before: date) -> list[str]:
        """Delete all files of the days before *before*; return those days."""
        ...

    def close(self) -> None: ...


def new_name(at: datetime) -> str:
    """Return a name that no other writer has: `2026-06-01/machine-pid-random.warc.gz`."""
    machine = "".join(c if c.isalnum() else "-" for c in socket.gethostname().split(".")[0]) or "machine"
    return f"{at.date().isoformat()}/{machine}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"


def member_at(file: BinaryIO, offset: int) -> bytes | None:
    """Return the whole gzip member at *offset*, or None at the end of the file and at a torn tail."""
    file.seek(offset)
    stream = zlib.decompressobj(31)
    pieces: list[bytes] = []
    try:
        while chunk := file.read(CHUNK_BYTES):
            pending = chunk
            while pending and not stream.eof:  # In steps: a megabyte may unfold to a thousand.
                stream.decompress(pending, CHUNK_BYTES)
                pending = stream.unconsumed_tail
            if stream.eof:
                pieces.append(chunk[: len(chunk) - len(stream.unused_data)])
                return b"".join(pieces)
            pieces.append(chunk)
    except zlib.error:
        return None
    return None


class Folder:
    """Files in a folder of this machine."""

    def __init__(self, root: Path, *, first_bytes: FirstBytes, file_max_bytes: int) -> None:
        self.root = root
        self._first_bytes = first_bytes
        self._file_max_bytes = file_max_bytes
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

    def append(self, piece: bytes, *, at: datetime) -> tuple[str, int]:
        with self._lock:
            if self._must_roll(at):
                with self._sync_lock:
                    self._close()
                    self._begin(at)
            return self._name, self._write(piece)

    def sync(self) -> None:
        with self._lock:
            file, wanted = self._file, self._size
        if file is None:
            return
        with self._sync_lock:
            if wanted <= self._synced or file.closed:  # Another thread's sync covered us; closing syncs.
                return
            os.fdatasync(file.fileno())
            self._synced = max(self._synced, wanted)

    def open(self, name: str) -> BinaryIO:
        try:
            return (self.root / name).open("rb")
        except FileNotFoundError as error:
            raise Unreadable(f"not in the archive: {name}", code="container_missing") from error

    def read(self, name: str, *, offset: int, length: int) -> bytes:
        with self.open(name) as file:
            file.seek(offset)
            return file.read(length)

    def patch(self, name: str, changes: Sequence[tuple[int, bytes]]) -> None:
        self.open(name).close()
        path = self.root / name
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IWUSR)
        try:
            with path.open("r+b") as file:
                for offset, piece in changes:
                    file.seek(offset)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.chmod(mode)

    def names(self) -> Iterator[str]:
        for path in sorted(self.root.glob(f"*/*{SUFFIX}")):
            yield path.relative_to(self.root).as_posix()

    def repair(self) -> dict[str, int]:
        cut: dict[str, int] = {}
        for name in self.names():
            path = self.root / name
            if not path.stat().st_mode & stat.S_IWUSR:
                continue
            with path.open("r+b") as file:
                if not _locked(file):
                    continue  # Its writer lives.
                whole = 0
                while (compressed := member_at(file, whole)) is not None:
                    whole += len(compressed)
                size = file.seek(0, os.SEEK_END)
                if whole < size:
                    file.truncate(whole)
                    cut[name] = size - whole
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), READ_ONLY)
        return cut

    def probe(self) -> None:
        if not os.access(self.root, os.W_OK):
            raise Misconfigured(f"{self.root} is not writable for this user: change its owner or set NEWS_ETL_ARCHIVE")

    def expire(self, *, before: date) -> list[str]:
        gone: list[str] = []
        for folder in sorted(path for path in self.root.iterdir() if path.is_dir()):
            with contextlib.suppress(ValueError):  # Not a day: somebody else's folder.
                if date.fromisoformat(folder.name) < before:
                    shutil.rmtree(folder)
                    gone.append(folder.name)
        return gone

    def close(self) -> None:
        with self._lock, self._sync_lock:
            self._close()

    def _must_roll(self, at: datetime) -> bool:
        return (
            self._file is None
            or self._day is None
            or self._day < at.date()
            or self._pid != os.getpid()
            or self._size >= self._file_max_bytes
        )

    def _write(self, piece: bytes) -> int:
        assert self._file is not None
        offset = self._size
        rest = memoryview(piece)
        try:
            while rest:  # One write may take less than all, for instance the last bytes of a disk.
                rest = rest[self._file.write(rest) :]
        except OSError:
            # A full disk leaves half a record: take it back, or whatever is appended next would stand behind rubbish.
            with contextlib.suppress(OSError):
                self._file.truncate(offset)
                self._file.seek(offset)
            raise
        self._size = offset + len(piece)
        return offset

    def _begin(self, at: datetime) -> None:
        self._day, self._pid, self._name = at.date(), os.getpid(), new_name(at)
        path = self.root / self._name
        path.parent.mkdir(exist_ok=True)
        # Unbuffered: bytes in a buffer of ours would die with a killed process, and rows may point to them.
        self._file = path.open("xb", buffering=0)
        _locked(self._file)
        for folder in (path.parent, self.root):
            _sync_folder(folder)
        self._size = self._synced = 0
        self._write(self._first_bytes(path.name, at))

    def _close(self) -> None:
        if self._file is not None:
            if self._pid == os.getpid():  # After a fork the file belongs to the parent.
                os.fsync(self._file.fileno())
                os.fchmod(self._file.fileno(), READ_ONLY)
            self._file.close()
            self._file = None


def _locked(file: BinaryIO) -> bool:
    """Take the file's lock, which lasts as long as this process has it open; tell whether it was free."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
