"""Content codings (gzip, deflate, br, zstd) undone piece by piece, so that no answer can cost more than its cap.

Each coding is a generator over the pieces of the one below it, and every step's output is bounded: a bomb is noticed when the
cap is reached, not when memory is. RFC 9110, section 8.4; RFC 1952 (gzip members), RFC 7932 (br), RFC 8878 (zstd).

Two kindnesses, because publishers' caches do both: a body that is not gzip although the header says so is taken as it
is, and once a stream has reached its own end, an answer that breaks off after it (a Content-Length
that counts the uncompressed text) is whole.
"""

from __future__ import annotations

import importlib
import importlib.util
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import chain
from typing import Any

import brotli
import zstandard

from etl.errors import Refused, Transient

BROTLI: Any = brotli  # Without type stubs.
# ISA-L unfolds a page of 300 KB in 0.36 ms, zlib in 0.80 ms (126 pages of the measuring corpus); some machines have no wheel of it.
INFLATER: Any = importlib.import_module("isal.isal_zlib") if importlib.util.find_spec("isal") else zlib
BROKEN: tuple[type[Exception], ...] = (zlib.error, INFLATER.error, zstandard.ZstdError, BROTLI.error)
GZIP_MAGIC = b"\x1f\x8b"
STEP_BYTES = 256 * 1024
# gzip cannot do better than 1032:1, and a repetitive sitemap was seen at 40:1. Small bodies may do as they like.
BOMB_RATIO = 250
BOMB_MIN_BYTES = 4 * 1024 * 1024
PACKING_MAX_BYTES = 1024 * 1024
"""What a coding may add to a body that it cannot make smaller: frames, and comments in them."""
CODINGS_MAX = 2
# What browsers grant (RFC 8878, section 3.1.1.1.2 recommends 8 MB): the window is memory the server makes us keep.
ZSTD_WINDOW_MAX_BYTES = 8 * 1024 * 1024
# The zstandard package cannot limit one step's output. A block of 128 KiB needs at least 4 bytes (RFC 8878, 3.1.1.2.2), so
# sips of this size yield 8 MiB at most.
ZSTD_SIP_BYTES = 256


def codings(content_encoding: str) -> tuple[str, ...]:
    """Return the codings to undo, in the order they were applied; raise Refused (`bad_encoding`) for unknown ones."""
    names = (name.strip().lower().removeprefix("x-") for name in content_encoding.split(","))
    applied = tuple(name for name in names if name not in ("", "identity", "none", "utf-8"))
    unknown = [name for name in applied if name not in UNDO]
    if unknown or len(applied) > CODINGS_MAX:
        raise Refused(f"cannot undo Content-Encoding {content_encoding!r}", code="bad_encoding")
    return applied


def decoded(pieces: Iterator[bytes], applied: tuple[str, ...], *, max_bytes: int, cuts: bool = False) -> bytes:
    """Return the body that `unfolded` yields, in one."""
    # getvalue() of a BytesIO hands out its own buffer without a copy: a large body is in memory once, not twice.
    body = BytesIO()
    for piece in unfolded(pieces, applied, max_bytes=max_bytes, cuts=cuts):
        body.write(piece)
    return body.getvalue()


def unfolded(
    pieces: Iterator[bytes], applied: tuple[str, ...], *, max_bytes: int, cuts: bool = False
) -> Iterator[bytes]:
    """Yield the body under its codings; raise Refused (`too_large`, `bomb`) as soon as it outgrows *max_bytes*.

    With *cuts*, it ends after *max_bytes* instead.
    Raises Transient (`truncated`, `bad_encoding`) when a stream ends early or cannot be decoded.
    """
    first = next(pieces, None)
    if first is None:  # Nothing is nothing, under any coding.
        return
    received = 0

    def counted() -> Iterator[bytes]:
        nonlocal received
        for piece in chain((first,), pieces):
            received += len(piece)
            # Empty gzip members without end unfold to nothing for ever.
            if received > max_bytes + PACKING_MAX_BYTES and applied:
                raise Refused(f"{received} bytes came for a body of at most {max_bytes}", code="too_large")
            yield piece

    flow: Iterator[bytes] = counted()
    for name in reversed(applied):
        flow = UNDO[name](flow)
    size = 0
    try:
        for piece in flow:
            size += len(piece)
            if size > BOMB_MIN_BYTES and size > received * BOMB_RATIO:
                raise Refused(f"{received} bytes unfold to more than {size}", code="bomb")
            if size > max_bytes and cuts:
                yield piece[: max_bytes - size]
                return
            if size > max_bytes:
                raise Refused(f"the body is larger than {max_bytes} bytes", code="too_large")
            yield piece
    except BROKEN as error:
        raise Transient(f"the body cannot be decoded ({', '.join(applied)}): {error}", code="bad_encoding") from error


def _head(pieces: Iterator[bytes]) -> bytes:
    """Return the first pieces, enough of them to see the magic number."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(GZIP_MAGIC):
            break
    return head


def _inflated(pieces: Iterator[bytes], first_wbits: Callable[[bytes], int | None]) -> Iterator[bytes]:
    head = _head(pieces)
    wbits = first_wbits(head)
    if wbits is None:
        yield head
        yield from pieces
        return
    stream = INFLATER.decompressobj(wbits)
    pending = head
    while True:
        while pending:
            if stream.eof:
                if len(pending) < len(GZIP_MAGIC) and GZIP_MAGIC.startswith(pending):
                    break  # The next member, cut by the pieces' border.
                if not pending.startswith(GZIP_MAGIC):  # Padding after the last member is allowed to be there.
                    return
                stream = INFLATER.decompressobj(wbits)
            if out := stream.decompress(pending, STEP_BYTES):
                yield out
            pending = stream.unconsumed_tail or stream.unused_data
        try:
            piece = next(pieces, None)
        except Transient:
            if stream.eof:
                return
            raise
        if piece is None:
            break
        pending += piece
    if out := stream.flush():
        yield out
    if not stream.eof:
        raise Transient("the compressed body breaks off", code="truncated")


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    return _inflated(pieces, lambda head: 31 if head.startswith(GZIP_MAGIC) else None)


def _undeflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    # "deflate" should be a zlib stream (RFC 1950) and is a bare one (RFC 1951) on many servers; the header tells.
    def wbits(head: bytes) -> int:
        is_zlib = len(head) >= 2 and head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
        return 15 if is_zlib else -15

    return _inflated(pieces, wbits)


def _unbrotlied(pieces: Iterator[bytes]) -> Iterator[bytes]:
    stream = BROTLI.Decompressor()
    while True:
        try:
            piece = next(pieces, None)
        except Transient:
            if stream.is_finished():
                return
            raise
        if piece is None:
            break
        if stream.is_finished():
            return
        # can_accept_more_data() says yes while output is still waiting (brotli 1.2.1), so we ask until nothing comes.
        while (out := stream.process(piece, output_buffer_limit=STEP_BYTES)) or not stream.can_accept_more_data():
            yield out
            piece = b""
    if not stream.is_finished():
        raise Transient("the compressed body breaks off", code="truncated")


def _unzstded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    opener = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX_BYTES)
    stream = opener.decompressobj()
    while True:
        try:
            piece = next(pieces, None)
        except Transient:
            if stream.eof:
                return
            raise
        if piece is None:
            break
        for start in range(0, len(piece), ZSTD_SIP_BYTES):
            sip = piece[start : start + ZSTD_SIP_BYTES]
            while sip:
                if stream.eof:
                    stream = opener.decompressobj()
                if out := stream.decompress(sip):
                    yield out
                sip = stream.unused_data
    if not stream.eof:
        raise Transient("the compressed body breaks off", code="truncated")


UNDO: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzipped,
    "deflate": _undeflated,
    "br": _unbrotlied,
    "zstd": _unzstded,
}
