"""CC-NEWS: months, lists, and the files begun within a range."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from etl.discover.ccnews import list_path, months, read_paths, within
from etl.errors import Unreadable

PATHS = [f"crawl-data/CC-NEWS/2026/02/CC-NEWS-202602{day:02}081500-000{day:02}.warc.gz" for day in (9, 7, 8, 10)]
TEXT = "\n".join(PATHS).encode() + b"\n"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_a_range_touches_its_months_and_nothing_before_the_crawl_began():
    assert list(months(at(2025, 12, 31), at(2026, 2, 1))) == [(2025, 12), (2026, 1)]
    assert list(months(at(2016, 1, 1), at(2016, 9, 2))) == [(2016, 8), (2016, 9)]
    assert list(months(at(2015, 1, 1), at(2015, 9, 2))) == []
    assert list_path(2026, 2) == "crawl-data/CC-NEWS/2026/02/warc.paths.gz"


@pytest.mark.parametrize("body", [pytest.param(gzip.compress(TEXT), id="gzip"), pytest.param(TEXT, id="plain")])
def test_the_files_begun_in_the_range_are_taken_oldest_first(body):
    paths = read_paths(body, url="x")
    assert within(paths, at(2026, 2, 7, 8, 15), at(2026, 2, 9)) == [PATHS[1], PATHS[2]]


NO_LISTS = {
    "a page": b"<html>",
    "gzip that breaks off": gzip.compress(TEXT, mtime=0)[:-9],
    "no gzip": b"\x1f\x8bxx",
    "no text": b"\xff\xfe",
    "other files": b"crawl-data/other.warc.gz\n",
}


@pytest.mark.parametrize("body", NO_LISTS.values(), ids=NO_LISTS.keys())
def test_what_is_no_list_is_unreadable(body):
    with pytest.raises(Unreadable) as caught:
        read_paths(body, url="x")
    assert caught.value.code == "broken_index"
