"""Large files of other machines, read as a stream: a WARC of a gigabyte is neither kept nor held in memory.

One request reads a file to its end. Where it breaks off, `Transient` is raised and the caller, who knows up to where it has
stored what it read, opens the file again there: with a range when the server speaks ranges, else what was read is passed over.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import BinaryIO, cast
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from etl.errors import Refused, Transient, TryLater
from etl.fetch.dial import Dialer, pool_classes
from etl.fetch.failures import error_of
from etl.fetch.guard import opening
from etl.fetch.http import REDIRECTS, agent_header
from etl.fetch.politeness import retry_after_s

READ_MAX_S = 60.0
"""For one read of at most READ_BYTES; there is no limit for the whole file, which may take hours."""
READ_BYTES = 256 * 1024
REDIRECTS_MAX = 5


class RemoteFiles:
    """Opens files at URLs; connections go only to addresses that the guard allows. Safe to share between threads."""

    def __init__(
        self,
        *,
        user_agent: str = "news-etl",
        contact: str = "",
        connect_s: float = 10.0,
        silence_s: float = 30.0,
        open_addresses: Sequence[str] = (),
        proxy: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._agent = agent_header(user_agent, contact)
        self._connect_s, self._silence_s = connect_s, silence_s
        dialer = Dialer(openings=[opening(text) for text in open_addresses], proxy=proxy, connect_s=connect_s)
        self._clock = dialer.clock
        self._pools = urllib3.PoolManager(num_pools=8, maxsize=4)
        self._pools.pool_classes_by_scheme = pool_classes(dialer, ca_file)  # pyright: ignore[reportAttributeAccessIssue]

    def open(self, url: str, *, now: Callable[[], datetime], start: int = 0) -> RemoteFile:
        """Return the file at *url* from byte *start* on.

        Raises Refused (`gone`, `http_403` …), TryLater and Transient as fetching a page does.
        """
        return RemoteFile(self, url, self.request(url, now=now, start=start), now=now, start=start)

    def request(self, url: str, *, now: Callable[[], datetime], start: int) -> BaseHTTPResponse:
        """Ask for the file from byte *start* on. Raises as `open`."""
        headers = {"User-Agent": self._agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        response = self._ask(url, headers)
        _refuse(response, url, now())
        return response

    def size(self, url: str, *, now: Callable[[], datetime]) -> int | None:
        """Return the bytes of the file, asking for its head only; None when the server does not say."""
        response = self._ask(url, {"User-Agent": self._agent, "Accept-Encoding": "identity"}, method="HEAD")
        _refuse(response, url, now())
        length = response.headers.get("content-length", "")
        response.close()
        return int(length) if length.isdigit() else None

    def read(self, response: BaseHTTPResponse, size: int, url: str) -> bytes:
        """Read up to *size* bytes under the deadlines."""
        self._start_clock()
        try:
            return response.read1(size)
        except (HTTPError, OSError) as error:
            raise error_of(error, url) from error

    def close(self) -> None:
        self._pools.clear()

    def _ask(self, url: str, headers: dict[str, str], *, method: str = "GET") -> BaseHTTPResponse:
        target = url
        for _ in range(REDIRECTS_MAX + 1):
            self._start_clock()
            try:
                response = self._pools.urlopen(
                    method,
                    target,
                    headers=headers,
                    retries=False,
                    redirect=False,
                    timeout=urllib3.Timeout(connect=self._connect_s, read=self._silence_s),
                    preload_content=False,
                    decode_content=False,
                )
            except (HTTPError, OSError, ValueError) as error:
                raise error_of(error, target) from error
            location = response.headers.get("location")
            if response.status not in REDIRECTS or not location:
                return response
            response.close()
            target = urljoin(target, location)
            if not target.startswith(("http://", "https://")):
                raise Refused(f"it leads to no web address: {target}", code="bad_url")
        raise Refused(f"more than {REDIRECTS_MAX} redirects: {url}", code="redirect_loop")

    def _start_clock(self) -> None:
        self._clock.start(total_s=READ_MAX_S)
        self._clock.silence_s = self._silence_s
        self._clock.in_headers = False


class RemoteFile(io.RawIOBase):
    """A stream that can be read forward, and opened again elsewhere by `seek`."""

    def __init__(
        self,
        files: RemoteFiles,
        url: str,
        response: BaseHTTPResponse,
        *,
        now: Callable[[], datetime],
        start: int,
    ) -> None:
        super().__init__()
        self._files, self._url, self._now = files, url, now
        self._response = response
        self._at: int = 0
        self._last: bytes = b""
        self._given_back: bytes = b""
        self.size: int | None = None
        self.fetched = 0
        """Bytes that came over the wire."""
        self._take_on(response, start)

    @property
    def stream(self) -> BinaryIO:
        """This, as readers of files know it."""
        return cast("BinaryIO", self)

    def _take_on(self, response: BaseHTTPResponse, start: int) -> None:
        self._response = response
        span = re.match(r"bytes (\d+)-\d+/(\d+|\*)$", response.headers.get("content-range", ""))
        length = response.headers.get("content-length", "")
        if response.status == 416:
            self._at, self.size = start, start
            return
        if response.status == 206 and span is None:
            raise Transient(f"a part of the file that does not say which: {self._url}", code="bad_answer")
        self._at = int(span[1]) if response.status == 206 and span else 0
        told = span[2] if span else length
        self.size = int(told) if told.isdigit() else None
        self._pass_over(start)

    def _pass_over(self, start: int) -> None:
        while self._at < start and self.read(min(READ_BYTES, start - self._at)):
            pass

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to *offset*: back by what was read last, forward by passing over a little, else with a new request."""
        assert whence == io.SEEK_SET
        if offset == self._at - len(self._last) and not self._given_back:
            self._at, self._given_back = offset, self._last
        elif self._at <= offset <= self._at + READ_BYTES:
            self._pass_over(offset)
        else:
            self._response.close()
            self._given_back = b""
            self._take_on(self._files.request(self._url, now=self._now, start=offset), offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes, b"" at the end. Raises Transient when the file breaks off before its end."""
        if self._response.status == 416:
            return b""
        if self._given_back:
            wanted = len(self._given_back) if size < 0 else size
            piece, self._given_back = self._given_back[:wanted], self._given_back[wanted:]
            self._at += len(piece)
            self._last = piece
            return piece
        piece = self._files.read(self._response, READ_BYTES if size < 0 else size, self._url)
        if not piece and self.size is not None and self._at < self.size:
            raise Transient(f"the file breaks off at {self._at} of {self.size} bytes: {self._url}", code="truncated")
        self._at += len(piece)
        self._last = piece
        self.fetched += len(piece)
        return piece

    def close(self) -> None:
        self._response.close()
        super().close()

    def __enter__(self) -> RemoteFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _refuse(response: BaseHTTPResponse, url: str, now: datetime) -> None:
    """Return when the answer is a file; raise what any other status means."""
    status = response.status
    if status in (200, 206, 416):
        return
    retry_after = response.headers.get("retry-after")
    response.close()
    words = f"{status} {response.reason or ''}".strip() + f": {url}"
    if status in (429, 503):
        wait_s = retry_after_s(retry_after, now=now, jitter=0.5)
        raise TryLater(words, at=now + timedelta(seconds=wait_s), code=f"http_{status}")
    if status >= 500 or status in (408, 425):
        raise Transient(words, code="http_5xx" if status >= 500 else "timeout")
    if status in (404, 410):
        raise Refused(words, code="gone")
    raise Refused(words, code=f"http_{status}" if status in (401, 403, 451) else f"http_{status // 100}xx")
