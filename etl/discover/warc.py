"""WARC files of any producer → records, as a stream (WARC 1.0 and 1.1, ISO 28500; plain, gzip, zstd).

Only what can hold a page comes out: HTTP responses, resources and revisits. A record that cannot be read comes out as
a `BrokenRecord` with its place, and reading goes on at the next one. Memory is bounded by one record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, Literal

from etl.discover.members import Damage, Members
from etl.discover.payload import HttpAnswer, TooLarge, read_headers, read_http

RECORD_MAX_BYTES = 64_000_000  # One record is held in memory; no page of news is near this. An estimate.
BODY_MAX_BYTES = 64_000_000
HEADERS_MAX_BYTES = 256_000
LINE_MAX_BYTES = 64_000

_STRICT_STATUS = re.compile(rb"HTTP/\d\.\d \d{3}[ \r]")

WarcKind = Literal["response", "resource", "revisit"]
_UNKNOWN = HttpAnswer(304, {}, b"", is_cut=False)
"""Of a revisit whose producer kept no headers."""


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """One answer as somebody kept it. `body` is decoded; a revisit has none and names the record that has it."""

    offset: int
    """Where reading can begin again to get this record: its own place, or that of the compressed member around it."""
    end: int
    """Where reading can begin to get the records after this one; equals `offset` inside a member of many records."""
    kind: WarcKind
    url: str
    fetched_at: datetime
    status: int
    headers: Mapping[str, str]
    """Lower-case names, as the producer kept them: they may name codings that are undone in `body`."""
    body: bytes = b""
    record_id: str | None = None
    refers_to: str | None = None
    """Record id of what a revisit repeats."""
    refers_to_url: str | None = None
    refers_to_at: datetime | None = None
    payload_digest: str | None = None
    """As written: `sha1:` and base 32 in most files."""
    truncated: str | None = None
    """Why the body is not whole: the producer's word (`length`, `time`, `disconnect`), or `payload` where it ends early."""
    warc_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    member: bytes | None = None
    """The gzip member that holds this response and nothing else, as it stands in the file: where every strict reader finds the
    same in it, and `body` under no coding."""


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A place in the file that holds no readable record."""

    offset: int
    reason: str
    url: str | None = None


def records(
    stream: BinaryIO, *, start: int = 0, body_max_bytes: int = BODY_MAX_BYTES
) -> Iterator[WarcRecord | BrokenRecord]:
    """Yield the pages in *stream* from *start* on, a place that an earlier run gave as `offset` or `end`.

    Never raises for what is in the file; what the stream itself raises (a disk, a network) comes through.
    """
    members = Members(stream, start=start)
    at, begun_at = start, -1
    while True:
        try:
            if not members.skip_blank_lines():
                return
            at = members.place
            is_first, begun_at = at != begun_at, at
            record = _read_record(members, at, body_max_bytes, is_first=is_first)
        except Damage as damage:
            yield BrokenRecord(max(at, members.member_at), str(damage))
            if not members.resume():
                return
            at = members.place
            continue
        if record is not None:
            yield record


def _read_record(members: Members, at: int, body_max_bytes: int, *, is_first: bool) -> WarcRecord | BrokenRecord | None:
    headers, is_strict = _read_warc_headers(members)
    length = headers.get("content-length", "")
    if not re.fullmatch(r"[0-9]{1,15}", length):
        raise Damage(f"no readable Content-Length ({length[:40]!r})")
    url = _url(headers)
    kind = headers.get("warc-type", "").lower()
    is_wanted = kind in {"response", "resource", "revisit"}
    block = _read_block(members, int(length), is_kept=is_wanted and int(length) <= RECORD_MAX_BYTES)
    members.close_member()
    if not is_wanted:
        return None
    if int(length) > RECORD_MAX_BYTES:
        return BrokenRecord(at, f"the record has {int(length):,} bytes; {RECORD_MAX_BYTES:,} is the limit", url)
    end = members.next_place
    is_alone = is_first and is_strict and kind == "response" and members.member_at == at
    return _Page(at, end, url, headers, members.whole() if is_alone else None).made(kind, block, body_max_bytes)


def _read_warc_headers(members: Members) -> tuple[dict[str, str], bool]:
    """Return the fields, and whether each is one line that ends as the standard says, under a name of its own."""
    first = members.read_line(max_bytes=LINE_MAX_BYTES)
    if not re.match(rb"WARC/[01]\.\d", first):
        raise Damage(f"no WARC record begins here ({first[:40]!r})")
    lines: list[bytes] = []
    size = 0
    while line := members.read_line(max_bytes=LINE_MAX_BYTES):
        if line in {b"\r\n", b"\n"}:
            headers = read_headers(b"".join(lines))
            is_strict = line == b"\r\n" and all(each.endswith(b"\r\n") for each in (first, *lines))
            return headers, is_strict and len(headers) == len(lines)
        size += len(line)
        if size > HEADERS_MAX_BYTES:
            raise Damage(f"headers of more than {HEADERS_MAX_BYTES:,} bytes")
        lines.append(line)
    raise Damage("the file breaks off in the headers of a record")


def _read_block(members: Members, length: int, *, is_kept: bool) -> bytes:
    """Read *length* bytes and see that a record really ends there."""
    pieces: list[bytes] = []
    left = length
    while left > 0:
        piece = members.read(min(left, 1_000_000))
        if not piece:
            raise Damage(f"the record ends {left:,} bytes before its Content-Length says so")
        left -= len(piece)
        if is_kept or (members.is_plain and length <= RECORD_MAX_BYTES):
            pieces.append(piece)
    block = b"".join(pieces)
    if members.is_plain:
        after = members.read(2)
        if after[:1] not in {b"\r", b"\n", b""}:
            # A wrong length: the next record may begin inside what was read.
            members.give_back(block + after)
            raise Damage("the record goes on after its Content-Length")
    return block


def _url(headers: Mapping[str, str]) -> str | None:
    url = headers.get("warc-target-uri", "").strip()
    if url.startswith("<") and url.endswith(">"):  # wget 1.19 writes them so.
        url = url[1:-1]
    return url.replace(" ", "%20") or None


@dataclass(frozen=True, slots=True)
class _Page:
    """What the three kinds of records have in common."""

    offset: int
    end: int
    url: str | None
    headers: Mapping[str, str]
    member: bytes | None

    def made(self, kind: str, block: bytes, body_max_bytes: int) -> WarcRecord | BrokenRecord | None:
        if self.url is None:
            return self._broken("no WARC-Target-URI")
        fetched_at = _instant(self.headers.get("warc-date", ""))
        if fetched_at is None:
            return self._broken(f"no readable WARC-Date ({self.headers.get('warc-date', '')[:40]!r})")
        if not self.url.lower().startswith(("http://", "https://")):
            return None  # DNS answers, and files and notes that crawlers keep beside the pages.
        if kind == "resource":
            if len(block) > body_max_bytes:
                return self._too_large(body_max_bytes)
            return self._record("resource", fetched_at, HttpAnswer(200, self._resource_headers(), block, is_cut=False))
        try:
            answer = read_http(block, body_max_bytes=body_max_bytes)
        except TooLarge:
            return self._too_large(body_max_bytes)
        if kind == "revisit":
            kept = HttpAnswer(answer.status, answer.headers, b"", is_cut=False) if answer else _UNKNOWN
            return self._record("revisit", fetched_at, kept)
        if answer is None:
            return self._broken(f"no HTTP answer inside ({block[:40]!r})")
        return self._record("response", fetched_at, answer, self.member if _is_as_it_reads(block, answer) else None)

    def _record(
        self, kind: WarcKind, fetched_at: datetime, answer: HttpAnswer, member: bytes | None = None
    ) -> WarcRecord:
        say = self.headers.get
        own_word = "segmented" if say("warc-segment-number") else "payload" if answer.is_cut else None
        return WarcRecord(
            offset=self.offset,
            end=self.end,
            kind=kind,
            url=self.url or "",
            fetched_at=fetched_at,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            record_id=say("warc-record-id"),
            refers_to=say("warc-refers-to"),
            refers_to_url=say("warc-refers-to-target-uri"),
            refers_to_at=_instant(say("warc-refers-to-date", "")),
            payload_digest=say("warc-payload-digest"),
            truncated=say("warc-truncated") or own_word,
            warc_headers=self.headers,
            member=member,
        )

    def _resource_headers(self) -> dict[str, str]:
        content_type = self.headers.get("content-type")
        return {"content-type": content_type} if content_type else {}

    def _broken(self, reason: str) -> BrokenRecord:
        return BrokenRecord(self.offset, reason, self.url)

    def _too_large(self, limit: int) -> BrokenRecord:
        return self._broken(f"the body has more than {limit:,} bytes")


def _is_as_it_reads(block: bytes, answer: HttpAnswer) -> bool:
    """Say whether what follows the head of an answer is its body, for readers that know no damage and undo no coding."""
    end = block.find(b"\r\n\r\n", 0, HEADERS_MAX_BYTES)
    is_coded = "transfer-encoding" in answer.headers or "content-encoding" in answer.headers
    return _STRICT_STATUS.match(block) is not None and not is_coded and end + 4 + len(answer.body) == len(block)


def _instant(label: str) -> datetime | None:
    """Read `2023-02-07T08:15:00Z`, with fractions in WARC 1.1; 14 digits in some converted ARC files."""
    label = label.strip()
    try:
        if re.fullmatch(r"\d{14}", label):
            label = f"{label[:8]}T{label[8:]}"
        at = datetime.fromisoformat(label)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
