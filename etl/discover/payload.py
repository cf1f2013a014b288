"""The HTTP answer inside a WARC record → status, headers and the body as a browser would hold it.

Producers differ: some keep the wire's bytes, some undo the transfer coding or the compression and leave the headers as
they were. So each coding is undone when the bytes are really in it, and left alone otherwise.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import brotli
import zstandard

HEADERS_MAX_BYTES = 256_000
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,200}\r?\n")
_ZSTD_WINDOW_MAX_BYTES = 1 << 27


class TooLarge(Exception):  # noqa: N818 - a signal to the reader of records, which makes a BrokenRecord of it
    """The body is larger than the limit once decoded."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: dict[str, str]
    """Lower-case names; several of one name are joined by `, `."""
    body: bytes
    is_cut: bool
    """The body ends before its coding says so."""


def read_http(block: bytes, *, body_max_bytes: int) -> HttpAnswer | None:
    """Return the answer in *block*, or None when it does not begin like HTTP. Raises `TooLarge`."""
    end = _HEAD_END.search(block, 0, HEADERS_MAX_BYTES)
    head, body = (block[: end.start()], block[end.end() :]) if end else (block[:HEADERS_MAX_BYTES], b"")
    first, _, rest = head.partition(b"\n")
    status = re.match(rb"HTTP/\d(?:\.\d)? +(\d{3})(?!\d)", first)
    if status is None:
        return None
    headers = read_headers(rest)
    is_cut = False
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, is_cut = _unchunked(body)
    for coding in reversed(headers.get("content-encoding", "").lower().split(",")):
        body, was_cut = _decoded(body, coding.strip(), body_max_bytes)
        is_cut = is_cut or was_cut
    if len(body) > body_max_bytes:
        raise TooLarge
    return HttpAnswer(int(status[1]), headers, body, is_cut)


def read_headers(lines: bytes) -> dict[str, str]:
    """Return header fields by lower-case name; folded lines are joined, lines that are no field are skipped."""
    headers: dict[str, str] = {}
    name = ""
    for raw in lines.splitlines():
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            line = raw.decode("latin-1")
        line = line.replace("\x00", "")
        if line[:1] in {" ", "\t"} and name:
            headers[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower() if colon else ""
        if name:
            headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return headers


def _unchunked(body: bytes) -> tuple[bytes, bool]:
    """Undo the chunked coding if *body* is in it; tell whether its end is missing."""
    pieces: list[bytes] = []
    at = 0
    while True:
        size = _CHUNK.match(body, at)
        if size is None:
            # Not chunked at all, or a file that was cut inside the coding.
            return (b"".join(pieces), True) if pieces else (body, False)
        length = int(size[1], 16)
        if length == 0:
            return b"".join(pieces), False
        piece = body[size.end() : size.end() + length]
        if not pieces and len(piece) == length and body[size.end() + length :][:1] not in {b"\r", b"\n", b""}:
            return body, False  # A body that happens to begin like a chunk's size.
        pieces.append(piece)
        if len(piece) < length:
            return b"".join(pieces), True
        at = size.end() + length
        at += 2 if body.startswith(b"\r\n", at) else 1


def _decoded(body: bytes, coding: str, limit: int) -> tuple[bytes, bool]:
    """Undo one content coding; a body that is not in it comes back as it is."""
    decode = _DECODERS.get(coding)
    if decode is None or not body:
        return body, False
    try:
        text, is_whole = decode(body, limit)
    except (zlib.error, zstandard.ZstdError, brotli.error):
        return body, False
    if len(text) > limit:
        raise TooLarge
    return (text, not is_whole) if text or is_whole else (body, False)


def _gunzip(body: bytes, limit: int) -> tuple[bytes, bool]:
    return _inflate(body, limit, 31)


def _deflate(body: bytes, limit: int) -> tuple[bytes, bool]:
    """`deflate` is zlib by the standard (RFC 9110, 8.4.1.2) and bare deflate from many servers."""
    try:
        return _inflate(body, limit, 15)
    except zlib.error:
        return _inflate(body, limit, -15)


def _inflate(body: bytes, limit: int, window_bits: int) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    total = 0
    while body:
        decoder = zlib.decompressobj(window_bits)
        try:
            piece = decoder.decompress(body, limit + 1 - total)
        except zlib.error:
            if not pieces:
                raise
            break  # Bytes after the last member are no reason to lose what came before.
        pieces.append(piece)
        total += len(piece)
        if total > limit:
            raise TooLarge
        if not decoder.eof:
            return b"".join(pieces), False
        body = decoder.unused_data
    return b"".join(pieces), True


def _unbrotli(body: bytes, limit: int) -> tuple[bytes, bool]:
    decoder = cast("Any", brotli).Decompressor()  # The package has no types.
    pieces: list[bytes] = [decoder.process(body, output_buffer_limit=limit + 1)]
    total = len(pieces[0])
    while total <= limit and not decoder.is_finished() and not decoder.can_accept_more_data():
        pieces.append(decoder.process(b"", output_buffer_limit=limit + 1 - total))
        total += len(pieces[-1])
    if total > limit:
        raise TooLarge
    return b"".join(pieces), decoder.is_finished()


def _unzstd(body: bytes, limit: int) -> tuple[bytes, bool]:
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_MAX_BYTES)
    with decoder.stream_reader(BytesIO(body), read_across_frames=True) as reader:
        return reader.read(limit + 1), True


_DECODERS: dict[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
