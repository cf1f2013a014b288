"""CC-NEWS, the news crawl of Common Crawl: which WARC files there are, by the time in their names.

Each month has a list `crawl-data/CC-NEWS/2026/02/warc.paths.gz`, one path a line, relative to the base
(https://data.commoncrawl.org). A file `CC-NEWS-20260207081500-00042.warc.gz` was begun at that moment.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

from etl.errors import Unreadable

LIST_MAX_BYTES = 20_000_000
_NAME = re.compile(r"CC-NEWS-(\d{14})-\d+\.warc(?:\.gz|\.zst)?$")


def list_path(year: int, month: int) -> str:
    """Return where the list of a month stands below the base."""
    return f"crawl-data/CC-NEWS/{year:04}/{month:02}/warc.paths.gz"


def months(since: datetime, until: datetime) -> Iterator[tuple[int, int]]:
    """Yield (year, month) of every month that [since, until) touches; CC-NEWS begins in August 2016."""
    year, month = max((since.year, since.month), (2016, 8))
    while datetime(year, month, 1, tzinfo=UTC) < until:
        yield year, month
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def read_paths(body: bytes, *, url: str) -> list[str]:
    """Return the paths in a list, gzip or plain. Raises Unreadable (`broken_index`)."""
    try:
        if body.startswith(b"\x1f\x8b"):
            decoder = zlib.decompressobj(31)
            body = decoder.decompress(body, LIST_MAX_BYTES)
            if not decoder.eof:
                raise Unreadable(f"the list of files breaks off: {url}", code="broken_index")
        text = body.decode("ascii")
    except (zlib.error, UnicodeDecodeError) as error:
        raise Unreadable(f"the list of files cannot be read ({error}): {url}", code="broken_index") from error
    paths = [line.strip() for line in text.splitlines() if line.strip()]
    if not all(_NAME.search(path) for path in paths):
        strange = next(path for path in paths if not _NAME.search(path))
        raise Unreadable(f"no list of CC-NEWS files ({strange[:80]!r}): {url}", code="broken_index")
    return paths


def begun_at(path: str) -> datetime:
    """Return when the crawler began the file."""
    found = _NAME.search(path)
    assert found is not None
    return datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def within(paths: list[str], since: datetime, until: datetime) -> list[str]:
    """Return the files begun in [since, until), the oldest first."""
    return sorted((path for path in paths if since <= begun_at(path) < until), key=lambda path: (begun_at(path), path))
