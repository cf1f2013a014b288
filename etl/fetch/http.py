"""`Fetcher`: a URL becomes a `Capture` whose bytes are in the archive, or an error that says what to do about it.

Every way an exchange can end has one code, the outcome column of attempts and captures:

| code | error | when |
|---|---|---|
| `robots` | Refused | robots.txt forbids it (raised by `etl.fetch.robots`) |
| `bad_url` | Refused | not http(s), no host, a password in it |
| `address_refused` | Refused | the address or port is not one of the public web (`etl.fetch.guard`) |
| `blocked` | Refused | a bot wall, consent or login page answered in the article's place (`etl.fetch.outcome`) |
| `gone` | Refused | 404, 410 |
| `http_401` `http_403` `http_451` | Refused | as they say |
| `http_4xx` | Refused | any other 4xx |
| `http_3xx` | Refused | a redirect without a target, 300, 305 |
| `redirect_loop` | Refused | the same URL twice, or more redirects than the limit |
| `content_type` | Refused | not a text we read; the body is not loaded |
| `too_large` | Refused | body or headers beyond their cap, as declared or as received |
| `bomb` | Refused | a small body that unfolds without end |
| `bad_encoding` | Refused, Transient | an unknown Content-Encoding (Refused), or one that does not decode (Transient) |
| `http_429` `http_503` | TryLater | the host asks for patience; `at` honours Retry-After |
| `robots_unreachable` | TryLater | robots.txt answers 5xx or not at all: nothing may be fetched (`etl.fetch.robots`) |
| `http_5xx` | Transient | any other 5xx |
| `timeout` | Transient | a deadline passed (connect, first byte, silence, total), or 408 |
| `dns` | Transient | the name has no address, or nobody answers |
| `connect` | Transient | no connection: refused, unreachable, the proxy says no |
| `tls` | Transient | no handshake, or a certificate that does not verify |
| `reset` | Transient | the connection broke before the answer was complete |
| `truncated` | Transient | fewer bytes than announced, or a compressed body without its end |
| `bad_answer` | Transient | not HTTP, or a 304 or 206 nobody asked for |

Reading the archive adds `container_missing`, `record_damaged` and `erased` (Unreadable).

Why urllib3 and not requests: the pool is what we pay for on each page. bench/fetch.py measures both in one run.
Cookies are not kept because there is no jar; credentials do not cross hosts because none are ever sent.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from urllib.parse import quote, urljoin

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from etl.errors import Refused
from etl.fetch.answer import Fetched, Moved, NotModified
from etl.fetch.archive import Archive
from etl.fetch.dial import (
    HEADERS_MAX_BYTES,
    Dialer,
    Resolve,
    pool_classes,
    system_addresses,
)
from etl.fetch.exchange import Exchange, Hop, printable
from etl.fetch.failures import error_of
from etl.fetch.guard import opening
from etl.fetch.receive import Kind, receive, refuse_status
from etl.fetch.spool import Spool
from etl.model import Capture

REDIRECTS = frozenset({301, 302, 303, 307, 308})
AUTHORITY = re.compile(rb"(?:https?:)?//[^/?#]*", re.IGNORECASE)
HOSTS_KEPT_ALIVE = 128
POST_ANSWER_MAX_BYTES = 64 * 1024
CONNECTIONS_KEPT = 2  # A host is visited by one at a time; a poll may meet a visit.

# On news pages of 284 KB br sends 50 KB and decodes in 0.56 ms, zstd 56 KB and 0.21 ms, gzip 58 KB and 0.68 ms. All are
# welcome, but gzip first: it goes into the archive as it came, the others are deflated anew (etl.fetch.warc).
ACCEPT_ENCODING = "gzip, br;q=0.8, zstd;q=0.6"
ACCEPT = {
    "page": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
    "source": "application/rss+xml,application/atom+xml,application/feed+json,application/xml,text/xml;q=0.9,"
    "text/html;q=0.8,*/*;q=0.1",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may cost."""

    connect_s: float = 10.0
    first_byte_s: float = 30.0
    silence_s: float = 15.0
    """Between two reads."""
    total_s: float = 60.0
    """From the first look-up to the last byte, redirects included."""
    page_max_bytes: int = 10_000_000
    """Decoded. The largest of 1,778 articles we measured has 1.6 MB, one in a hundred more than 1.0 MB."""
    source_max_bytes: int = 60_000_000
    """Decoded. The sitemap protocol allows 50 MB (52,428,800 bytes) uncompressed."""
    redirects_max: int = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for; the parts of `Fetcher.get` that travel together."""

    url: str
    kind: Kind
    etag: str | None = None
    last_modified: str | None = None
    may_follow: Callable[[str], bool] | None = None
    max_bytes: int | None = None
    form: bytes | None = None
    """To be sent with POST (application/x-www-form-urlencoded)."""


class Fetcher:
    """Long-lived and safe to share between threads: connections are pooled by host, deadlines are per thread."""

    def __init__(
        self,
        *,
        archive: Archive,
        user_agent: str = "news-etl",
        contact: str = "",
        limits: Limits | None = None,
        open_addresses: Sequence[str] = (),
        proxy: str | None = None,
        ca_file: str | None = None,
        resolve: Resolve = system_addresses,
    ) -> None:
        """*open_addresses*: exceptions to the address guard, such as `127.0.0.1:0-65535` (see `etl.fetch.guard.opening`)."""
        self.archive = archive
        self.limits = limits or Limits()
        self.agent = agent_header(user_agent, contact)
        self._random = random.Random()
        dialer = Dialer(
            openings=[opening(text) for text in open_addresses],
            proxy=proxy,
            connect_s=self.limits.connect_s,
            resolve=resolve,
        )
        self._clock = dialer.clock
        self._pools = urllib3.PoolManager(num_pools=HOSTS_KEPT_ALIVE, maxsize=CONNECTIONS_KEPT)
        self._pools.pool_classes_by_scheme = pool_classes(dialer, ca_file)  # pyright: ignore[reportAttributeAccessIssue]

    def get(
        self,
        url: str,
        *,
        now: Callable[[], datetime],
        kind: Kind = "page",
        etag: str | None = None,
        last_modified: str | None = None,
        previous: Capture | None = None,
        may_follow: Callable[[str], bool] | None = None,
        syncs: bool = True,
    ) -> Fetched | NotModified | Moved:
        """Fetch *url*; its bytes are in the archive when this returns.

        Without *syncs* they are written but may not be on the disk: the caller calls `archive.sync()` before it commits.

        *previous*, the last capture of the same page, lets an identical body be kept as a revisit of a few hundred bytes.
        *may_follow* is asked about each redirect's target: False ends with `Moved`, and what it raises (robots) passes through.
        It may sleep, for a pause that the host is owed: that time is not the host's, so no deadline counts it.
        """
        request = Request(url, kind, etag, last_modified, may_follow)
        answer = self._exchange(request, now=now)
        if not isinstance(answer, Exchange):
            return answer
        self._refuse(answer)
        return self._kept(answer, previous=previous, syncs=syncs)

    def read(
        self, url: str, *, now: Callable[[], datetime], max_bytes: int, may_follow: Callable[[str], bool] | None = None
    ) -> Exchange:
        """Fetch *url* without keeping it, whatever its status: for robots.txt, whose text the store keeps.

        A body beyond *max_bytes* is cut there. Raises as `get` does when there is no answer.
        """
        answer = self._exchange(Request(url, "robots", may_follow=may_follow, max_bytes=max_bytes), now=now)
        if not isinstance(answer, Exchange):
            raise Refused(f"robots.txt leads elsewhere: {url}", code="redirect_loop")
        return answer

    def post(self, url: str, form: bytes, *, now: Callable[[], datetime]) -> None:
        """Send a form, under the same guard and deadlines; redirects are not followed and nothing is kept.

        Raises what `get` raises when the answer is not 2xx, or when there is none.
        """
        request = Request(url, "robots", may_follow=lambda _: False, max_bytes=POST_ANSWER_MAX_BYTES, form=form)
        answer = self._exchange(request, now=now)
        if not isinstance(answer, Exchange):
            raise Refused(f"it leads elsewhere: {url}", code="http_3xx")
        refuse_status(answer, jitter=self._random.random())

    def close(self) -> None:
        """Close idle connections and seal the archive's file."""
        self._pools.clear()
        self.archive.close()

    def _kept(self, exchange: Exchange, *, previous: Capture | None, syncs: bool) -> Fetched:
        place = self.archive.append(exchange, previous=previous)
        if syncs:
            self.archive.sync()
        final = exchange.final
        capture = Capture(
            url=exchange.url,
            final_url=final.url,
            status=final.status,
            headers=final.by_name,
            body_sha256=exchange.body_sha256,
            body_bytes=exchange.body_bytes,
            fetched_at=exchange.fetched_at,
            place=place,
            redirects=exchange.redirects,
        )
        return Fetched(
            capture, exchange.body if exchange.spool is None else exchange.spool, exchange.wire_bytes, exchange.took_s
        )

    def _exchange(self, request: Request, *, now: Callable[[], datetime]) -> Exchange | NotModified | Moved:
        started = monotonic()
        self._clock.start(total_s=self.limits.total_s)
        hops: list[Hop] = []
        url = request.url
        while True:
            hop, body = self._hop(request, url)
            hops.append(hop)
            at = now()
            took_s = monotonic() - started
            if hop.status == 304 and (request.etag or request.last_modified):
                by_name = hop.by_name
                return NotModified(
                    request.url,
                    by_name.get("etag", request.etag),
                    by_name.get("last-modified", request.last_modified),
                    at,
                    took_s,
                )
            if isinstance(body, Spool):
                exchange = Exchange(request.url, tuple(hops), b"", body.sha256, at, took_s, spool=body)
            else:
                exchange = Exchange(request.url, tuple(hops), body, hashlib.sha256(body).digest(), at, took_s)
            target = _target(hop) if hop.status in REDIRECTS else None
            if target is None:
                return exchange
            if any(target == earlier.url for earlier in hops) or len(hops) > self.limits.redirects_max:
                raise Refused(f"{len(hops)} redirects, the last to {target}", code="redirect_loop")
            asked_at = monotonic()
            if request.may_follow is not None and not request.may_follow(target):
                redirects = tuple((each.status, each.url) for each in hops)
                return Moved(hop.url, target, hop.status, redirects, at, took_s)
            paused_s = monotonic() - asked_at
            started += paused_s
            self._clock.total_at += paused_s
            url = target

    def _refuse(self, exchange: Exchange) -> None:
        """Raise the error of a status that is no success. A page that says no for good is kept: it is the evidence."""
        status = exchange.final.status
        if 400 <= status < 500 and status not in (408, 425, 429):
            self.archive.append(exchange)
        refuse_status(exchange, jitter=self._random.random())

    def _hop(self, request: Request, url: str) -> tuple[Hop, bytes | Spool]:
        """Ask once, and never again at once: a connection that breaks may have brought our request to the host.

        One that was closed while it lay idle is noticed before it is used (urllib3 looks whether it is readable).
        """
        parts = _parts(url)
        try:
            return self._ask(request, parts, url)
        except (HTTPError, OSError, ValueError) as error:
            raise error_of(error, url) from error

    def _ask(self, request: Request, parts: Url, url: str) -> tuple[Hop, bytes | Spool]:
        clock = self._clock
        clock.in_headers, clock.header_bytes_left = True, HEADERS_MAX_BYTES
        clock.silence_s = self.limits.first_byte_s
        pool = self._pools.connection_from_host(parts.host, parts.port, parts.scheme)
        headers = self._headers(request, parts)
        path = parts.request_uri
        method = "GET" if request.form is None else "POST"
        response = pool.urlopen(
            method,
            path,
            body=request.form,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(connect=self.limits.connect_s, read=self.limits.first_byte_s),
            preload_content=False,
            decode_content=False,
        )
        clock.in_headers = False
        clock.silence_s = self.limits.silence_s
        max_bytes = request.max_bytes or (
            self.limits.page_max_bytes if request.kind == "page" else self.limits.source_max_bytes
        )
        wire, body = receive(response, url=url, kind=request.kind, max_bytes=max_bytes)
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        hop = Hop(
            url=parts.url.partition("#")[0],
            request="\r\n".join(lines).encode("latin-1", "replace"),
            status=response.status,
            reason=printable(response.reason or ""),
            version=response.version_string,
            headers=tuple((printable(name), printable(value)) for name, value in response.headers.iteritems()),
            wire=wire,
            address=clock.address,
        )
        return hop, body

    def _headers(self, request: Request, parts: Url) -> dict[str, str]:
        headers = {
            "Host": parts.netloc or "",
            "User-Agent": self.agent,
            "Accept": ACCEPT.get(request.kind, "*/*"),
            "Accept-Encoding": ACCEPT_ENCODING,
        }
        if request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        return headers


def agent_header(user_agent: str, contact: str) -> str:
    """Return the User-Agent that says who we are and where to complain: `news-etl (+https://example.org/bot)`."""
    return f"{user_agent} (+{contact})" if contact else user_agent


def _parts(url: str) -> Url:
    try:
        parts = parse_url(url)
    except LocationParseError as error:
        raise Refused(f"not a URL: {url!r}", code="bad_url") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise Refused(f"neither http nor https, or no host: {url!r}", code="bad_url")
    if parts.auth is not None:
        raise Refused(f"a URL with a user or password in it: {parts.host}", code="bad_url")
    return parts


def _target(hop: Hop) -> str | None:
    """Return where a redirect leads, absolute and without fragment; None when it does not say, or says nonsense.

    Headers are latin-1 to Python, but a Location with other letters is UTF-8 in practice (RFC 3987): its bytes are quoted, but
    for those of the host, which has an ASCII form of its own.
    """
    location = hop.by_name.get("location", "").strip()
    if not location:
        return None
    octets = location.encode("latin-1", "replace")
    front = AUTHORITY.match(octets)
    host = front[0].decode("utf-8", "replace") if front else ""
    quoted = host + quote(octets[front.end() if front else 0 :], safe="!#$%&'()*+,/:;=?@[]~")
    try:
        return urljoin(hop.url, quoted).partition("#")[0]
    except ValueError:  # "http://[" and the like.
        return None
