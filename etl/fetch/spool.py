"""A body that is too large for memory: a file without a name, read as a stream as often as is wanted.

Only sources are spooled. A sitemap of 50 MB would otherwise be most of what a worker needs; pages are smaller, and parsed whole.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import BinaryIO, cast

SPOOLED_FROM_BYTES = 2 * 1024 * 1024
PIECE_BYTES = 64 * 1024


class Spool:
    """Bytes on disk, with their length and hash. The file is gone when nobody holds this any more, or on `close()`."""

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(prefix="news-etl-")  # noqa: SIM115 - it lives as long as this object
        self._file = cast("BinaryIO", file)
        self._hash = hashlib.sha256()
        self.size = 0
        self.close = weakref.finalize(self, file.close)

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def stream(self) -> BinaryIO:
        """Return the one file, at its beginning."""
        self._file.seek(0)
        return self._file

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes, whatever else reads the stream."""
        self._file.flush()
        at = 0
        while piece := os.pread(self._file.fileno(), PIECE_BYTES, at):
            yield piece
            at += len(piece)


def collected(pieces: Iterable[bytes]) -> bytes | Spool:
    """Return all pieces in one: as bytes, or as a spool from SPOOLED_FROM_BYTES on."""
    held = BytesIO()
    spool: Spool | None = None
    for piece in pieces:
        if spool is None and held.tell() + len(piece) >= SPOOLED_FROM_BYTES:
            spool = Spool()
            spool.write(held.getvalue())
            held.close()
        if spool is None:
            held.write(piece)
        else:
            spool.write(piece)
    return held.getvalue() if spool is None else spool
