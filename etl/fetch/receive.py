"""Receiving one answer within its caps.

What is worth loading is decided from the headers: a PDF or a video costs us nothing but its head.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from urllib3 import exceptions
from urllib3.response import BaseHTTPResponse

from etl.errors import Refused, Transient, TryLater
from etl.fetch.decode import codings, decoded, unfolded
from etl.fetch.exchange import Exchange
from etl.fetch.failures import error_of
from etl.fetch.outcome import classify
from etl.fetch.politeness import retry_after_s
from etl.fetch.spool import Spool, collected

Kind = Literal["page", "source", "robots"]

READ_BYTES = 64 * 1024
# What says no is kept as evidence, but nobody needs a megabyte of it; past this a new connection is cheaper too.
REFUSAL_MAX_BYTES = 512 * 1024
READABLE = {
    "page": ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain"),
    "source": ("text/", "application/", "binary/"),
    "robots": ("",),
}
NEVER_READABLE = ("application/pdf", "application/javascript", "text/javascript", "text/css", "application/wasm")


def receive(response: BaseHTTPResponse, *, url: str, kind: Kind, max_bytes: int) -> tuple[bytes, bytes | Spool]:
    """Return the body as it came and as it reads; the connection is free again, or closed.

    Of a large source that came without coding there is only the spool: the body as it came is empty.

    Raises Refused (`content_type`, `too_large`, `bomb`, `bad_encoding`) and Transient (`timeout`, `reset`, `truncated`,
    `bad_encoding`). For robots.txt, *max_bytes* cuts instead; of a redirect or a refusal only a little is read.
    """
    try:
        if not 200 <= response.status < 300:
            return _leftover(response, url=url)
        headers = response.headers
        if kind != "robots":
            _check_type(headers.get("content-type", ""), kind=kind, url=url)
            _check_length(headers.get("content-length", ""), max_bytes=max_bytes, url=url)
        wire: list[bytes] = []
        applied = codings(headers.get("content-encoding", ""))
        pieces = _pieces(response, url=url, kept=wire if applied else None)
        if kind == "source":
            body = collected(unfolded(pieces, applied, max_bytes=max_bytes))
        else:
            body = decoded(pieces, applied, max_bytes=max_bytes, cuts=kind == "robots")
        if applied:
            return b"".join(wire), body
        return b"" if isinstance(body, Spool) else body, body
    finally:
        _leave(response)


def _leave(response: BaseHTTPResponse) -> None:
    """Give the connection back when the answer was read to its end, and close it when not."""
    if response.closed:
        response.release_conn()
    else:
        response.close()


def _leftover(response: BaseHTTPResponse, *, url: str) -> tuple[bytes, bytes]:
    """Read what comes with a redirect or a refusal. The status counts, so nothing that goes wrong here does."""
    wire: list[bytes] = []
    try:
        applied = codings(response.headers.get("content-encoding", ""))
        body = decoded(_pieces(response, url=url, kept=wire), applied, max_bytes=REFUSAL_MAX_BYTES, cuts=True)
    except (Transient, Refused):
        return b"", b""
    return b"".join(wire), body


def _pieces(response: BaseHTTPResponse, *, url: str, kept: list[bytes] | None) -> Iterator[bytes]:
    while True:
        try:
            piece = response.read1(READ_BYTES)
        except (exceptions.HTTPError, OSError) as error:
            raise error_of(error, url) from error
        if not piece:
            return
        if kept is not None:
            kept.append(piece)
        yield piece


def _check_type(content_type: str, *, kind: Kind, url: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type or "/" not in media_type:  # Many servers say nothing, some say nonsense: the bytes will tell.
        return
    if not media_type.startswith(READABLE[kind]) or media_type in NEVER_READABLE:
        raise Refused(f"{media_type!r} is not what we read: {url}", code="content_type")


def _check_length(content_length: str, *, max_bytes: int, url: str) -> None:
    if content_length.isdigit() and int(content_length) > max_bytes:
        raise Refused(f"{content_length} bytes announced, at most {max_bytes} taken: {url}", code="too_large")


def refuse_status(exchange: Exchange, *, jitter: float) -> None:
    """Return for a 2xx; raise what any other status means. *jitter* (0 … 1) spreads those who were told the same moment."""
    status, url = exchange.final.status, exchange.final.url
    words = f"{status} {exchange.final.reason}".strip() + f": {url}"
    if 200 <= status < 300 and status != 206:  # We never ask for a part.
        return
    if status in (429, 503):
        wait_s = retry_after_s(exchange.final.by_name.get("retry-after"), now=exchange.fetched_at, jitter=jitter)
        at = exchange.fetched_at + timedelta(seconds=wait_s)
        raise TryLater(words, at=at, code=f"http_{status}")
    if status >= 500:
        raise Transient(words, code="http_5xx")
    if status in (408, 425):
        raise Transient(words, code="timeout")
    if status < 300 or status == 304:
        raise Transient(words, code="bad_answer")
    if status in (404, 410):
        raise Refused(words, code="gone")
    by_name = exchange.final.by_name
    outcome = classify(status, by_name, exchange.body, url=exchange.url, final_url=url)
    if outcome.code == "blocked":
        raise Refused(f"{words} ({outcome.evidence})", code="blocked")
    code = f"http_{status}" if status in (401, 403, 451) else f"http_{status // 100}xx"
    raise Refused(words, code=code)
