"""The decoded bytes of a WARC file, with the place of every compressed member.

Our own reader under the records, because of what files in the wild are like: warcio ends a file at its first broken
member, takes a cut-off gzip stream for a short record, and knows no zstd. A member that begins with `WARC/` begins a
record, whatever length the record before it claimed; every other member continues the last one (pigz, bgzip).
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import zlib
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

import zstandard

# ISA-L unfolds a record in less than half the time; some machines have no wheel of it.
INFLATER: Any = importlib.import_module("isal.isal_zlib") if importlib.util.find_spec("isal") else zlib

RAW_PIECE_BYTES = 65_536
TEXT_PIECE_BYTES = 1_000_000  # Most text that one call of the decoder may give.
ZSTD_INPUT_BYTES = 1_024  # zstandard has no limit for its output: 1 kB of a bomb gives 32 MB at most.
WINDOW_MAX_BYTES = 1 << 27
KEPT_MAX_BYTES = 16_000_000  # Of a member that may turn out broken: where the search for the next one begins.
DICTIONARY_MAX_BYTES = 16_000_000
BROKEN: tuple[type[Exception], ...] = (zlib.error, INFLATER.error, zstandard.ZstdError)
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)
_DICTIONARY = b"\x5d\x2a\x4d\x18"  # https://iipc.github.io/warc-specifications/specifications/warc-zstd/
_RECORD = re.compile(rb"WARC/[01]\.")
_MEMBER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd", re.DOTALL)
_ANY_START = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd|WARC/[01]\.", re.DOTALL)


class Damage(Exception):  # noqa: N818 - a signal to the reader of records, which makes a BrokenRecord of it
    """The bytes at hand are not what they should be; the message says how."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Members:
    """Reads forward only. `read` and `read_line` stop at the member that begins the next record."""

    def __init__(self, stream: BinaryIO, *, start: int = 0) -> None:
        self.member_at = start
        """Where the current member begins in the file."""
        self.is_plain = False
        self._stream = stream
        self._raw = b""
        self._raw_at = start
        """Place of the first byte of `_raw` in the file."""
        self._kept = bytearray()
        self._text = b""
        self._at = 0
        self._plain_at = start
        self._decoder: _Decoder | None = None
        self._dictionary: zstandard.ZstdCompressionDict | None = None
        self._raw_is_zstd = False
        self._has_members = False
        self._go_to(start)

    @property
    def place(self) -> int:
        """Where reading could begin again for the text that comes next."""
        return self._plain_at + self._at if self.is_plain else self.member_at

    @property
    def next_place(self) -> int:
        """Where the text after what was read begins: in a compressed file, the next member once this one is read out."""
        if self.is_plain or self._at < len(self._text) or self._decoder is not None:
            return self.place
        return self._raw_at

    def skip_blank_lines(self) -> bool:
        """Pass over line ends, into the next member if need be; tell whether there is any text left."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in b"\r\n":
                    return True
                self._at += 1
            if not self._fill(into_next=True):
                return False

    def close_member(self) -> None:
        """Pass over line ends to the end of the member, where its checksum is judged, or to the next record in it."""
        while not self.is_plain:
            while self._at < len(self._text):
                if self._text[self._at] not in b"\r\n":
                    if not b"WARC/".startswith(self._text[self._at : self._at + 5]):
                        raise Damage("the record goes on after its Content-Length")
                    return
                self._at += 1
            if not self._fill(into_next=False):
                return

    def whole(self) -> bytes | None:
        """Return the gzip member that was read out just now, as it stands in the file, when WARC text begins it.

        None for other members, and for one that goes on or was too long to be held.
        """
        is_held = len(self._kept) == self._raw_at - self.member_at
        if self.is_plain or self._decoder is not None or self._at < len(self._text) or not is_held:
            return None
        member = bytes(self._kept)
        if not member.startswith(_GZIP):
            return None
        start: bytes = INFLATER.decompressobj(31).decompress(member[:4096], len(b"WARC/1."))
        return member if start == b"WARC/1." else None

    def read(self, size: int) -> bytes:
        """Return *size* bytes, or fewer where the text or the record ends."""
        pieces: list[bytes] = []
        while size > 0:
            if self._at >= len(self._text) and not self._fill_same_record():
                break
            piece = self._text[self._at : self._at + size]
            self._take(len(piece))
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def read_line(self, *, max_bytes: int) -> bytes:
        """Return the next line with its end; raise `Damage` when it is longer than *max_bytes*."""
        line = b""
        while True:
            end = self._text.find(b"\n", self._at)
            piece = self._text[self._at : end + 1 if end >= 0 else len(self._text)]
            self._take(len(piece))
            line += piece
            if len(line) > max_bytes:
                raise Damage(f"a header line of more than {max_bytes:,} bytes")
            if end >= 0 or not self._fill_same_record():
                return line

    def give_back(self, text: bytes) -> None:
        """Put *text*, just read from a plain file, in front of what comes next."""
        self._plain_at += self._at - len(text)
        self._text, self._at = text + self._text[self._at :], 0

    def resume(self) -> bool:
        """After damage, go to the next place that begins a record; tell whether there is one."""
        if self.is_plain:
            return self._resume_plain()
        self._raw = bytes(self._kept) + self._raw
        self._raw_at -= len(self._kept)
        skip = max(1, self.member_at + 1 - self._raw_at)  # At least one byte on, or the same member comes again.
        self._end_member()
        self._text, self._at = b"", 0
        while True:
            # Compressors leave short texts as they are: in a compressed file `WARC/` by itself begins nothing.
            found = (_MEMBER if self._has_members else _ANY_START).search(self._raw, skip)
            if found is None:
                self._drop_raw(max(0, len(self._raw) - 6))
                skip = 0
                if not self._more_raw():
                    self._drop_raw(len(self._raw))
                    return False
                continue
            self._drop_raw(found.start())
            skip = 1
            if self._begins_record():
                return True

    def _resume_plain(self) -> bool:
        while True:
            found = _RECORD.search(self._text, self._at)
            if found is not None:
                self._at = found.start()
                return True
            self._at = max(self._at, len(self._text) - 6)
            rest = self._text[self._at :]
            if not self._fill(into_next=False):
                return False
            self._plain_at -= len(rest)
            self._text, self._at = rest + self._text, 0

    def _take(self, size: int) -> None:
        self._at += size

    def _begins_record(self) -> bool:
        """Look into the member at the raw position without moving: does its text begin like a record?"""
        while len(self._raw) < 4096 and self._more_raw():
            pass
        try:
            if self._raw.startswith(_GZIP):
                text = INFLATER.decompressobj(31).decompress(self._raw[:4096], 64)
            elif self._raw.startswith(_ZSTD):
                text = self._zstd().decompress(self._raw[:ZSTD_INPUT_BYTES])
                # A frame in one block gives nothing before its end: its magic number has to do.
                return text.lstrip().startswith(b"WARC/") or not text
            else:
                text = self._raw
        except BROKEN:
            return False
        return text.lstrip().startswith(b"WARC/")

    def _fill_same_record(self) -> bool:
        """Get more text unless the next member begins another record."""
        if self._fill(into_next=False):
            return True
        if self.is_plain or not (self._raw or self._more_raw()) or self._begins_record():
            return False
        return self._fill(into_next=True)

    def _fill(self, *, into_next: bool) -> bool:
        """Replace the spent text by the next piece of it; False at the end of the member, or of the file."""
        while True:
            if self._decoder is None and not self.is_plain and not (into_next and self._open_member()):
                return False
            self._plain_at += len(self._text) if self.is_plain else 0
            self._text, self._at = self._decoded(), 0
            if self._text:
                return True
            if self.is_plain:
                return False

    def _decoded(self) -> bytes:
        """Decode one piece; at the end of the member its decoder is put away."""
        if not self._raw and not self._more_raw() and not self.is_plain:
            self._end_member()
            raise Damage("the file breaks off in the middle of a record")
        if self._decoder is None:
            text = self._raw
            self._drop_raw(len(self._raw))
            return text
        piece = self._raw[: ZSTD_INPUT_BYTES if self._raw_is_zstd else RAW_PIECE_BYTES]
        try:
            text = self._inflate(piece)
        except BROKEN as error:
            raise Damage(f"broken compression ({error})") from error
        if self._decoder.eof:
            self._keep(len(piece) - len(self._decoder.unused_data))
            self._end_member()
        return text

    def _inflate(self, piece: bytes) -> bytes:
        decoder = self._decoder
        if isinstance(decoder, _Gzip):
            text = decoder.decompress(piece)
            if not decoder.eof:
                self._keep(len(piece) - len(decoder.tail))
            return text
        assert decoder is not None
        text = decoder.decompress(piece)
        if not decoder.eof:
            self._keep(len(piece))
        return text

    def _open_member(self) -> bool:
        """Find out what the next member is and make ready for it; False at the end of the file."""
        while True:
            while len(self._raw) < 8 and self._more_raw():
                pass
            if not self._raw.strip(b"\0"):
                self._drop_raw(len(self._raw))
                if not self._more_raw():
                    return False
                continue
            self.member_at = self._raw_at
            self._kept.clear()
            if self._raw.startswith(_GZIP):
                self._decoder, self._raw_is_zstd = _Gzip(), False
            elif self._raw.startswith(_ZSTD):
                self._decoder, self._raw_is_zstd = self._zstd(), True
            elif _SKIPPABLE.match(self._raw):
                self._skip_frame()
                continue
            elif self._raw.lstrip(b"\r\n").startswith(b"WARC/"):
                self.is_plain, self._plain_at = True, self._raw_at
                self._text, self._at = b"", 0
            else:
                raise Damage("neither WARC text nor gzip nor zstd")
            self._has_members = not self.is_plain
            return True

    def _zstd(self) -> _Decoder:
        return zstandard.ZstdDecompressor(dict_data=self._dictionary, max_window_size=WINDOW_MAX_BYTES).decompressobj()

    def _skip_frame(self) -> None:
        """Pass over a skippable zstd frame; the one with a dictionary is kept."""
        is_dictionary = self._raw.startswith(_DICTIONARY)
        size = int.from_bytes(self._raw[4:8], "little")
        self._drop_raw(8)
        parts: list[bytes] = []
        while size > 0 and (self._raw or self._more_raw()):
            part = self._raw[:size]
            self._drop_raw(len(part))
            size -= len(part)
            if is_dictionary and sum(map(len, parts)) < DICTIONARY_MAX_BYTES:
                parts.append(part)
        if is_dictionary:
            dictionary = b"".join(parts)
            try:
                if dictionary.startswith(_ZSTD):
                    dictionary = zstandard.ZstdDecompressor().decompress(
                        dictionary, max_output_size=DICTIONARY_MAX_BYTES
                    )
                self._dictionary = zstandard.ZstdCompressionDict(dictionary)
            except zstandard.ZstdError as error:
                raise Damage(f"broken zstd dictionary ({error})") from error

    def _go_to(self, start: int) -> None:
        if not start:
            return
        # A zstd file's dictionary stands at its very beginning.
        while len(self._raw) < 8 and self._more_raw():
            pass
        self._raw_at = 0
        if self._raw.startswith(_DICTIONARY):
            # Where it is broken, the records from *start* on say so themselves.
            with suppress(Damage):
                self._skip_frame()
        if self._stream.seekable():
            self._stream.seek(start)
            self._raw, self._raw_at = b"", start
        while self._raw_at < start and (self._raw or self._more_raw()):
            self._drop_raw(min(len(self._raw), start - self._raw_at))

    def _end_member(self) -> None:
        self._decoder = None

    def _keep(self, size: int) -> None:
        """Count *size* raw bytes as read, but hold them until the member is known to be whole."""
        if len(self._kept) < KEPT_MAX_BYTES:
            self._kept += self._raw[:size]
        else:
            self._kept.clear()
        self._drop_raw(size)

    def _drop_raw(self, size: int) -> None:
        self._raw = self._raw[size:]
        self._raw_at += size

    def _more_raw(self) -> bool:
        piece = self._stream.read(RAW_PIECE_BYTES)
        self._raw += piece
        return bool(piece)


class _Gzip:
    """zlib's decoder with bounded output; `tail` is what it has not looked at yet."""

    def __init__(self) -> None:
        self._decoder = INFLATER.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    @property
    def tail(self) -> bytes:
        return self._decoder.unconsumed_tail

    def decompress(self, data: bytes, /) -> bytes:
        return self._decoder.decompress(data, TEXT_PIECE_BYTES)
