"""A local publisher that does what publishers do, and what they should not: the other side of every fetching test.

    with Newsroom() as room:
        site = room.site("alpha")                       # a host of its own: 127.0.0.1 and a free port
        site.page("/a.html", "<h1>Hello</h1>")          # 200 text/html with an ETag; answers If-None-Match with 304
        site.robots("User-agent: *\\nDisallow: /private/")
        site.feed("/rss.xml", [("/a.html", "Hello", "Mon, 01 Jun 2026 08:00:00 GMT")])
        site.sitemap("/news.xml", ["/a.html"])
        site.redirect("/old", "/a.html", status=301)
        site.put("/slow", Reply(b"...", delay_s=1))     # anything else is a Reply, or a function from Request to Reply
        site.url("/a.html")                             # http://127.0.0.1:40913/a.html
        site.requests                                   # what was asked: Request(method, path, headers, at_s, connection)

Time is the server's own `time.monotonic()`: `Request.at_s` when the request line was complete, `Request.done_s` when the
answer was sent (just before, where it goes out in one piece). So `site.spacings()` are the pauses a visitor made, and
`site.overlaps()` how often it came twice at a time.

Hosts are ports of 127.0.0.1; `room.site(name, address="127.0.0.7")` gives one an address of its own (Linux answers on all of
127/8). Nothing is real but the sockets: names are not resolved, so tests open the loopback by exception
(`open_addresses=["127.0.0.0/8:0-65535"]`). With `tls=True` the site speaks TLS with the server context you pass.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from http import HTTPStatus
from itertools import pairwise
from typing import Self

HEAD_MAX_BYTES = 64 * 1024
SENT_WITH_HEAD_BYTES = 32 * 1024


@dataclass(slots=True)
class Request:
    """One request as the server saw it."""

    method: str
    path: str
    """With its query."""
    headers: dict[str, str]
    """Lower-case names."""
    at_s: float
    connection: int
    """A number per connection: requests that share it came over one kept alive."""
    body: bytes = b""
    done_s: float = 0.0
    status: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, with everything that may go wrong with it.

    `body` may be an iterator of pieces (a bomb need not be in memory). `content_length`: None counts, "" leaves the header out.
    """

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = "text/html; charset=utf-8"
    content_length: str | None = None
    is_chunked: bool = False
    delay_s: float = 0.0
    """Before the first byte."""
    drip_s: float = 0.0
    """Between two bytes of the body; `drips_head` drips the headers too."""
    drips_head: bool = False
    cut_after: int | None = None
    """Send so many bytes of the body, then close."""
    resets: str = ""
    """`request` (before any byte), `head` (in the middle of the headers), `body` (in its middle)."""
    closes: bool = False
    """Close the connection after an honest answer, without saying so before."""
    raw: bytes | None = None
    """Send these bytes and nothing else."""


Answer = Reply | Callable[[Request], Reply]


class Site:
    """One host of the newsroom."""

    def __init__(self, name: str, *, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.requests: list[Request] = []
        self.fallback: Answer = Reply(b"<title>404 Not Found</title>", status=404)
        self._answers: dict[str, Answer] = {}
        self._tls = tls
        self._lock = threading.Lock()
        self._connections = 0
        self._is_open = True
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((address, 0), backlog=128)
        self.address, self.port = self._listener.getsockname()[:2]
        threading.Thread(target=self._accept, name=f"newsroom {name}", daemon=True).start()

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}:{self.port}"

    def url(self, path: str) -> str:
        return self.origin + path

    def put(self, path: str, answer: Answer) -> None:
        """Answer *path* (with its query, or without for any query) in this way from now on."""
        with self._lock:
            self._answers[path] = answer

    def page(
        self,
        path: str,
        text: str | bytes,
        *,
        etag: str | None = "",
        gzips: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Publish a page with an ETag (of its bytes, unless given; None: no ETag), gzipped for those who accept it."""
        body = text.encode() if isinstance(text, str) else text
        tag = f'"{hashlib.md5(body).hexdigest()}"' if etag == "" else etag
        packed = gzip.compress(body, 6, mtime=0)
        own = dict(headers or {}) | ({} if tag is None else {"ETag": tag})
        media_type = own.pop("Content-Type", "text/html; charset=utf-8")

        def answer(request: Request) -> Reply:
            if tag is not None and request.headers.get("if-none-match") == tag:
                return Reply(status=304, headers=own)
            if gzips and "gzip" in request.headers.get("accept-encoding", ""):
                return Reply(packed, headers=own | {"Content-Encoding": "gzip"}, content_type=media_type)
            return Reply(body, headers=own, content_type=media_type)

        self.put(path, answer)

    def robots(self, text: str, *, status: int = 200) -> None:
        self.put("/robots.txt", Reply(text.encode(), status=status, content_type="text/plain"))

    def feed(self, path: str, items: Sequence[tuple[str, str, str]], *, etag: str | None = "") -> None:
        """Publish an RSS feed of (path, title, RFC 2822 date)."""
        entries = "".join(
            f"<item><title>{escape(title)}</title><link>{escape(self.url(where))}</link>"
            f"<guid>{escape(self.url(where))}</guid><pubDate>{date}</pubDate></item>"
            for where, title, date in items
        )
        xml = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{self.name}</title>{entries}</channel></rss>'
        self.page(path, xml, etag=etag, headers={"Content-Type": "application/rss+xml"})

    def sitemap(self, path: str, paths: Sequence[str], *, etag: str | None = "") -> None:
        urls = "".join(f"<url><loc>{escape(self.url(where))}</loc></url>" for where in paths)
        xml = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
        self.page(path, xml, etag=etag, headers={"Content-Type": "application/xml"})

    def redirect(self, path: str, target: str, *, status: int = 302) -> None:
        self.put(path, Reply(status=status, headers={"Location": target}))

    def busy(self, path: str, *, retry_after: str | None = None, status: int = 429) -> None:
        self.put(
            path, Reply(b"busy", status=status, headers={} if retry_after is None else {"Retry-After": retry_after})
        )

    def asked(self, path: str | None = None) -> list[Request]:
        """Return the requests so far, of one *path* if given, in the order they came."""
        with self._lock:
            return [request for request in self.requests if path is None or request.path == path]

    def forget(self) -> None:
        with self._lock:
            self.requests.clear()

    def spacings(self) -> list[float]:
        """Return the pauses, in seconds, from the end of each answer to the next request."""
        asked = self.asked()
        return [after.at_s - before.done_s for before, after in pairwise(asked)]

    def overlaps(self) -> int:
        """Return how many requests came while another one to this host was still being answered.

        Of a long answer the visitor may have the last byte a moment before we have taken the time, hence the tolerance.
        """
        return sum(spacing < -0.01 for spacing in self.spacings())

    def drop_connections(self) -> None:
        """Close all connections kept alive, as a server does when it restarts."""
        with self._lock:
            kept = list(self._open)
        for connection in kept:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._is_open = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def _accept(self) -> None:
        while self._is_open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
                number = self._connections
                self._open.add(connection)
            threading.Thread(target=self._talk, args=(connection, number), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        plain = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as reader:
                while (request := _read_request(reader, number)) is not None:
                    if not self._answer(connection, request):
                        break
        except OSError:
            pass  # The visitor hung up, or we were told to: both are part of the game.
        finally:
            with self._lock:
                self._open.discard(plain)

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        with self._lock:
            self.requests.append(request)
            answer = (
                self._answers.get(request.path) or self._answers.get(request.path.partition("?")[0]) or self.fallback
            )
        reply = answer if isinstance(answer, Reply) else answer(request)
        request.status = reply.status
        try:
            return _send(connection, request, reply)
        finally:
            request.done_s = request.done_s or time.monotonic()


class Newsroom:
    """Sites by name; closes them all at the end."""

    def __init__(self) -> None:
        self.sites: dict[str, Site] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for site in self.sites.values():
            site.close()

    def site(self, name: str, *, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Site:
        """Return the site of this name, opened at its first mention."""
        if name not in self.sites:
            self.sites[name] = Site(name, address=address, tls=tls)
        return self.sites[name]

    def requests(self) -> list[tuple[str, Request]]:
        """Return (site name, request) of all sites in the order they came."""
        all_of_them = [(name, request) for name, site in self.sites.items() for request in site.asked()]
        return sorted(all_of_them, key=lambda pair: pair[1].at_s)


def bomb(megabytes: int) -> Iterator[bytes]:
    """Yield a gzip stream that unfolds to so many megabytes of zeros: about a thousandth of that goes over the wire."""
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1024 * 1024)
    for _ in range(megabytes):
        if piece := stream.compress(zeros):
            yield piece
    yield stream.flush()


def _read_request(reader: object, number: int) -> Request | None:
    line = reader.readline(HEAD_MAX_BYTES).decode("latin-1").strip()  # type: ignore[attr-defined]
    if not line:
        return None
    method, path, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    while header := reader.readline(HEAD_MAX_BYTES).decode("latin-1").strip():  # type: ignore[attr-defined]
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]
    return Request(method, path, headers, time.monotonic(), number, body)


def _send(connection: socket.socket, request: Request, reply: Reply) -> bool:
    """Send the reply with its faults; tell whether the connection may go on."""
    if reply.delay_s:
        time.sleep(reply.delay_s)
    if reply.resets == "request":
        request.done_s = time.monotonic()
        return _reset(connection)
    if reply.raw is not None:
        connection.sendall(reply.raw)
        return False
    head = _head(reply)
    if reply.resets == "head":
        connection.sendall(head[: len(head) // 2])
        return _reset(connection)
    if reply.drips_head:
        _drip(connection, head, reply.drip_s)
    is_bare = request.method == "HEAD" or reply.status in (204, 304)
    body = [] if is_bare else [reply.body] if isinstance(reply.body, bytes) else reply.body
    pieces = iter(body)
    first = next(pieces, b"")
    is_plain = not (reply.drip_s or reply.resets or reply.cut_after is not None or reply.is_chunked)
    if is_plain and len(first) < SENT_WITH_HEAD_BYTES:
        # Taken before, because on a busy machine the visitor may have read it all before we run again.
        request.done_s = time.monotonic()
        connection.sendall(head + first)  # In one packet, as servers do.
        first = b""
    elif not reply.drips_head:
        connection.sendall(head)
    if not _send_body(connection, first, pieces, reply):
        return False
    if reply.is_chunked:
        connection.sendall(b"0\r\n\r\n")
    is_endless = reply.content_length == "" and not reply.is_chunked and not is_bare
    return not (is_endless or reply.closes or request.headers.get("connection", "").lower() == "close")


def _send_body(connection: socket.socket, first: bytes, others: Iterator[bytes], reply: Reply) -> bool:
    left = reply.cut_after
    for piece in (first, *others) if isinstance(reply.body, bytes) else _chained(first, others):
        if reply.resets == "body":
            connection.sendall(piece[: len(piece) // 2])
            return _reset(connection)
        if left is not None:
            piece, left = piece[:left], left - len(piece[:left])
        if reply.drip_s:
            _drip(connection, piece, reply.drip_s)
        elif piece:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if reply.is_chunked else piece)
        if left == 0:
            return False
    return True


def _chained(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _head(reply: Reply) -> bytes:
    try:
        reason = HTTPStatus(reply.status).phrase
    except ValueError:
        reason = "Odd"
    headers = {"Date": formatdate(usegmt=True), "Server": "newsroom"}
    if reply.content_type and reply.status not in (204, 304):
        headers["Content-Type"] = reply.content_type
    if reply.is_chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif reply.content_length is None and isinstance(reply.body, bytes) and reply.status not in (204, 304):
        headers["Content-Length"] = str(len(reply.body))
    elif reply.content_length:
        headers["Content-Length"] = reply.content_length
    headers |= reply.headers
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _drip(connection: socket.socket, piece: bytes, pause_s: float) -> None:
    for byte in piece:
        connection.sendall(bytes([byte]))
        time.sleep(pause_s)


def _reset(connection: socket.socket) -> bool:
    """Close with RST instead of FIN: what a visitor sees as "connection reset by peer"."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False
