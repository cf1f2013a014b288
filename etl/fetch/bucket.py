"""The archive in an object store: any URL that fsspec knows (`s3://bucket/prefix`, `gs://…`, `memory://…`).

Objects cannot be appended to. So what was appended since the last `sync()` becomes one object, a small WARC file of its
own, put in one request: it is there whole or not at all, every machine sees it at once, and there is no torn tail to
cut. The price is one request per commit.

fsspec and the store's own package (s3fs for S3) are an extra: `pip install news-etl[s3]`.
"""

from __future__ import annotations

import contextlib
import importlib
import secrets
import threading
from collections.abc import Generator, Iterator, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO, cast

from etl.errors import Misconfigured, Unreadable
from etl.fetch.shelf import SUFFIX, FirstBytes, new_name


class Bucket:
    """Objects under a URL."""

    def __init__(self, url: str, *, first_bytes: FirstBytes) -> None:
        self._files, self._root = _file_system(url)
        self._first_bytes = first_bytes
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._name = ""
        self._open = bytearray()
        self._unsynced: dict[str, bytes] = {}

    def append(self, piece: bytes, *, at: datetime) -> tuple[str, int]:
        with self._lock:
            if not self._open:
                self._name = new_name(at)
                self._open += self._first_bytes(self._name.rpartition("/")[2], at)
            offset = len(self._open)
            self._open += piece
            return self._name, offset

    def sync(self) -> None:
        with self._sync_lock:
            with self._lock:
                if self._open:
                    self._unsynced[self._name] = bytes(self._open)
                    self._open.clear()
            # What could not be put stays here, so the sync of every thread whose records are in it fails too.
            for name, content in list(self._unsynced.items()):
                self._files.pipe_file(self._path(name), content)
                del self._unsynced[name]

    def open(self, name: str) -> BinaryIO:
        with self._missing_told(name):
            return cast("BinaryIO", self._files.open(self._path(name), "rb"))

    def read(self, name: str, *, offset: int, length: int) -> bytes:
        with self._missing_told(name):
            return self._files.cat_file(self._path(name), start=offset, end=offset + length)

    def patch(self, name: str, changes: Sequence[tuple[int, bytes]]) -> None:
        with self._missing_told(name):
            content = bytearray(self._files.cat_file(self._path(name)))
        for offset, piece in changes:
            content[offset : offset + len(piece)] = piece
        self._files.pipe_file(self._path(name), bytes(content))

    def names(self) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self._files.find(self._root)):
                if path.endswith(SUFFIX):
                    yield "/".join(path.split("/")[-2:])

    def repair(self) -> dict[str, int]:
        return {}

    def probe(self) -> None:
        path = self._path(f"probe-{secrets.token_hex(4)}")
        try:
            self._files.pipe_file(path, b"")
        except Exception as error:  # Each store has errors of its own.
            raise Misconfigured(f"nothing can be put into the archive at {self._root}: {error}") from error
        with contextlib.suppress(Exception):  # Some stores let nobody delete.
            self._files.rm_file(path)

    def expire(self, *, before: date) -> list[str]:
        gone: dict[str, None] = {}
        for name in list(self.names()):
            day = name.partition("/")[0]
            with contextlib.suppress(ValueError):
                if date.fromisoformat(day) < before:
                    self._files.rm_file(self._path(name))
                    gone[day] = None
        return list(gone)

    def close(self) -> None:
        self.sync()

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextlib.contextmanager
    def _missing_told(self, name: str) -> Generator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise Unreadable(f"not in the archive: {name}", code="container_missing") from error


def _file_system(url: str) -> tuple[Any, str]:
    try:
        # Listings are not cached: other machines put objects while we look.
        files, root = importlib.import_module("fsspec.core").url_to_fs(url, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise Misconfigured(f"an archive at {url} needs fsspec and its package for that store: {error}") from error
    return files, root.rstrip("/")
