"""What was said: requests as sent and answers as received, hop by hop, and the WARC records they make."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.fetch import warc
from etl.fetch.decode import codings
from etl.fetch.spool import Spool
from etl.model import Place

# What every reader of WARC files can undo; see etl.fetch.warc for the others.
KEPT_CODINGS = (("gzip",), ("deflate",))
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Not ours to keep: a cookie is a key to somebody's session, even if only to ours.
NOT_KEPT = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True, slots=True)
class Hop:
    """One request and its answer."""

    url: str
    request: bytes
    """Request line and headers as sent, with the blank line; empty when they are not known (an import)."""
    status: int
    reason: str
    version: str
    headers: tuple[tuple[str, str], ...]
    wire: bytes
    """The body as it came, content codings and all; only the transfer coding is undone. Empty where only a spool holds it."""
    address: str
    """Of the machine that answered."""

    @property
    def by_name(self) -> dict[str, str]:
        return joined(self.headers)


@dataclass(frozen=True, slots=True)
class Exchange:
    """All that one call to a URL brought: redirects first, the answer last."""

    url: str
    hops: tuple[Hop, ...]
    body: bytes
    """Of the last hop, decoded; empty when it is spooled."""
    body_sha256: bytes
    fetched_at: datetime
    took_s: float
    spool: Spool | None = None

    @property
    def body_bytes(self) -> int:
        return len(self.body) if self.spool is None else self.spool.size

    @property
    def wire_bytes(self) -> int:
        return self.spool.size if self.spool is not None and not self.final.wire else len(self.final.wire)

    @property
    def final(self) -> Hop:
        return self.hops[-1]

    @property
    def redirects(self) -> tuple[tuple[int, str], ...]:
        return tuple((hop.status, hop.url) for hop in self.hops[:-1])


def printable(text: str) -> str:
    """Return text of the other side without control characters: a NUL cannot be stored, a lone CR would split a record's lines."""
    return CONTROL.sub(" ", text)


def joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name, repeated ones joined by commas (RFC 9110, section 5.3), cookies left out."""
    by_name: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key not in NOT_KEPT:
            by_name[key] = f"{by_name[key]}, {value}" if key in by_name else value
    return by_name


def records(exchange: Exchange, *, original: tuple[Place, Mapping[str, str]] | None) -> list[bytes]:
    """Return the WARC members of an exchange: the response or revisit, its request, then each redirect with its request.

    *original* is the place and the fields of the record whose body this one repeats.
    """
    first_id = warc.new_id()
    final = exchange.final
    body = exchange.body if exchange.spool is None else exchange.spool
    kept, payload, is_compressed = _as_kept(final, body)
    fields = _fields(final, exchange.fetched_at, record_id=first_id)
    if original is None:
        # Hashing a page of 190 KB takes 0.2 ms: what is kept is mostly the body, whose hash is known.
        sha256 = exchange.body_sha256 if payload is body else warc.sha256_of(final.wire)
        fields = [("WARC-Type", "response"), *fields, ("WARC-Payload-Digest", warc.digest(sha256))]
    else:
        fields = [("WARC-Type", "revisit"), *fields, *_refers_to(*original)]
        payload = b""
    members = [
        warc.member(fields, head=_http_head(final, kept), body=payload, is_compressed=is_compressed),
        *_request(final, exchange.fetched_at, first_id=first_id),
    ]
    for hop in exchange.hops[:-1]:
        kept, payload, is_compressed = _as_kept(hop, hop.wire)
        fields = [
            ("WARC-Type", "response"),
            *_fields(hop, exchange.fetched_at, record_id=warc.new_id()),
            ("WARC-Payload-Digest", warc.digest(warc.sha256_of(hop.wire))),
            ("WARC-Concurrent-To", first_id),
        ]
        members += [
            warc.member(fields, head=_http_head(hop, kept), body=payload, is_compressed=is_compressed),
            *_request(hop, exchange.fetched_at, first_id=first_id),
        ]
    return members


def _fields(hop: Hop, at: datetime, *, record_id: str) -> list[tuple[str, str]]:
    return [
        ("WARC-Record-ID", record_id),
        ("WARC-Target-URI", hop.url),
        ("WARC-Date", warc.warc_date(at)),
        *((("WARC-IP-Address", hop.address),) if hop.address else ()),
        ("Content-Type", "application/http;msgtype=response"),
    ]


def _refers_to(place: Place, original: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        ("WARC-Profile", warc.REVISIT_PROFILE),
        ("WARC-Payload-Digest", original.get("warc-payload-digest", "")),
        ("WARC-Refers-To", original.get("warc-record-id", "")),
        ("WARC-Refers-To-Target-URI", original.get("warc-target-uri", "")),
        ("WARC-Refers-To-Date", original.get("warc-date", "")),
        ("WARC-Refers-To-Filename", place.file),
        ("WARC-Refers-To-File-Offset", str(place.offset)),
    ]


def _request(hop: Hop, at: datetime, *, first_id: str) -> list[bytes]:
    if not hop.request:
        return []
    fields = [
        ("WARC-Type", "request"),
        ("WARC-Record-ID", warc.new_id()),
        ("WARC-Target-URI", hop.url),
        ("WARC-Date", warc.warc_date(at)),
        ("WARC-Concurrent-To", first_id),
        ("Content-Type", "application/http;msgtype=request"),
    ]
    return [warc.member(fields, head=hop.request)]


def _as_kept(hop: Hop, body: bytes | Spool) -> tuple[tuple[tuple[str, str], ...], bytes | Spool, bool]:
    """Return headers and payload as they go into the archive, and whether the payload is compressed.

    The transfer coding is gone, so its header must not claim it; nor may the content coding when the body was plain all
    along. A body that readers could not decode is kept decoded.
    """
    applied = codings(hop.by_name.get("content-encoding", ""))
    is_decoded = bool(applied) and (applied not in KEPT_CODINGS or _is_same(body, hop.wire))
    payload = hop.wire if applied and not is_decoded else body
    moved = {"transfer-encoding"} | ({"content-encoding", "content-length"} if is_decoded else set[str]())
    headers = [(f"X-Archive-Orig-{n}" if n.lower() in moved else n, v) for n, v in hop.headers]
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(warc.size_of(payload))))
    return tuple(headers), payload, bool(applied) and not is_decoded


def _is_same(body: bytes | Spool, wire: bytes) -> bool:
    if isinstance(body, Spool):
        return body.size == len(wire) and body.sha256 == warc.sha256_of(wire)
    return body == wire


def _http_head(hop: Hop, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [f"{hop.version} {hop.status} {hop.reason}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
