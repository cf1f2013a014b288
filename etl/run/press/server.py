"""The press on loopback: one small HTTP server per paper, with ETags, gzip, robots.txt and a second edition."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from etl.run.press import feeds, layouts
from etl.run.press.content import Key, Paper, Story, papers
from etl.run.press.gold import Gold, gold_of
from etl.run.press.layouts import Press as Print
from etl.run.press.places import Places
from etl.run.press.sites import recipe_text


class Asked(NamedTuple):
    """One request that a paper answered."""

    paper: Key
    path: str
    """With its query."""
    status: int


class _Answer(NamedTuple):
    status: int
    content_type: str
    text: str


_NOT_FOUND = _Answer(404, "text/html; charset=utf-8", "<!doctype html><title>404</title><h1>404</h1>")
_GONE = _Answer(410, "text/html; charset=utf-8", "<!doctype html><title>410</title><h1>This story was withdrawn</h1>")


class Press:
    """The running press. `turn_page` brings out the second edition; `gold` is what a reader must find."""

    def __init__(self, now: datetime, *, host: str) -> None:
        if now.tzinfo is None:
            raise ValueError("now must carry its zone")
        self.asked: list[Asked] = []
        """Every request so far, in the order of the answers."""
        self._lock = threading.Lock()
        self._servers: dict[Key, _Server] = {paper.key: _Server((host, 0), self, paper) for paper in papers()}
        self.places = Places(
            {key: f"http://{host}:{server.server_address[1]}" for key, server in self._servers.items()}
        )
        self._print = Print(self.places, 1, (now, now))

    @property
    def edition(self) -> int:
        return self._print.edition

    @property
    def base_urls(self) -> dict[str, str]:
        """Paper → the address of its home page, without a closing slash."""
        return {key: base for key, base in self.places.bases.items()}  # noqa: C416 - the keys become plain strings

    @property
    def gold(self) -> Gold:
        """What is right to find, of both editions; made from the content, not by reading the pages.

        Times of the second edition are right once it is out.
        """
        return gold_of(self.places, self._print.editions_at)

    def turn_page(self, now: datetime | None = None) -> None:
        """Bring out the second edition, at *now*: relative labels count from there. None: at the time of the first."""
        first_at = self._print.editions_at[0]
        self._print = Print(self.places, 2, (first_at, now or first_at))

    def recipes_folder(self, path: Path) -> Path:
        """Write the three recipes, with the ports in use, into the folder at *path*; return it."""
        path.mkdir(parents=True, exist_ok=True)
        for paper in papers():
            (path / f"{paper.key}.toml").write_text(recipe_text(self.places, paper), encoding="utf-8")
        return path

    def answer(self, paper: Paper, target: str) -> tuple[int, str, str]:
        """Return (status, content type, text) of the page at *target*, a path with its query."""
        return _answer(self._print, paper, target)

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    @property
    def now(self) -> datetime:
        return self._print.now

    def start(self) -> None:
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


@contextmanager
def serve(now: datetime, *, host: str = "127.0.0.1") -> Generator[Press]:
    """Run the press on free ports of *host* while the context lasts; *now* is when its first edition comes out."""
    press = Press(now, host=host)
    press.start()
    try:
        yield press
    finally:
        press.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], press: Press, paper: Paper) -> None:
        super().__init__(address, _Handler)
        self.press = press
        self.paper = paper


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version = "LittlePress"
    disable_nagle_algorithm = True  # Headers and body are two writes: with Nagle each answer waits 40 ms for an ACK.

    def do_GET(self) -> None:
        status, content_type, text = self.server.press.answer(self.server.paper, self.path)
        body = text.encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            self._send(304, {"ETag": etag}, b"")
            return
        headers = {"Content-Type": content_type, "Vary": "Accept-Encoding"}
        if status == 200:
            headers |= {"ETag": etag, "Last-Modified": format_datetime(self.server.press.now)}
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 6, mtime=0)
            headers["Content-Encoding"] = "gzip"
        self._send(status, headers, body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Requests are kept in `Press.asked`, not printed."""

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        # Noted before it is sent: whoever has the answer finds it in `asked`.
        self.server.press.note(Asked(self.server.paper.key, self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _answer(press: Print, paper: Paper, target: str) -> _Answer:
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path == "/robots.txt":
        return _Answer(200, "text/plain; charset=utf-8", feeds.robots(press, paper))
    if parts.path == press.places.feed_path(paper):
        return _Answer(200, *feeds.feed(press, paper))
    if parts.path == "/":
        return _page(layouts.home(press, paper))
    name = query.get("name", "") if parts.path == "/section.php" else parts.path.strip("/")
    if name in dict(paper.sections) and press.places.section_path(paper, name).partition("?")[0] == parts.path:
        return _page(layouts.section(press, paper, name))
    return _story(press, paper, parts.path, query)


def _story(press: Print, paper: Paper, path: str, query: dict[str, str]) -> _Answer:
    for story in paper.stories:
        if story.edition > press.edition:
            continue
        current = story.in_edition(press.edition)
        if path == press.places.amp_path(story):
            return _page(layouts.amp(press, paper, current))
        if _is_at(press, story, path, query):
            is_withdrawn = story.is_gone and press.edition > 1
            return _GONE if is_withdrawn else _page(layouts.article(press, paper, current))
    return _NOT_FOUND


def _is_at(press: Print, story: Story, path: str, query: dict[str, str]) -> bool:
    own = press.places.path(story).partition("?")[0]
    return path == own and (story.paper != "ledger" or query.get("id") == str(story.number))


def _page(text: str) -> _Answer:
    return _Answer(200, "text/html; charset=utf-8", text)
