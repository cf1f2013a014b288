"""The index of a web archive: its forms, its pieces, and captures that repeat the one before."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.discover.wayback import Listing, next_query, query, read_listing_of, replay_url, replayed_at
from etl.errors import Unreadable

HEAD = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
ROWS = [
    ["org,example)/a", "20190101000000", "http://example.org:80/a", "text/html", "200", "AAA", "512"],
    ["org,example)/a", "20190201000000", "http://example.org/a", "text/html", "200", "AAA", "512"],
    ["org,example)/a", "20190301000000", "http://example.org/a", "text/html", "200", "BBB", "512"],
    ["org,example)/a", "20190401000000", "http://example.org/a", "text/html", "200", "AAA", "512"],
    ["org,example)/b.css", "20190401000000", "http://example.org/b.css", "text/css", "200", "CCC", "9"],
    ["org,example)/c", "20190401000000", "http://example.org/c", "text/html", "404", "DDD", "9"],
]
AS_JSON = json.dumps([HEAD, *ROWS, [], ["org%2Cexample%29%2Fd"]])
AS_TEXT = "\n".join(" ".join(row) for row in ROWS) + "\n\norg%2Cexample%29%2Fd\n"
AS_LINES = "\n".join(
    json.dumps({"urlkey": r[0], "timestamp": r[1], "url": r[2], "mime": r[3], "status": r[4], "digest": r[5]})
    for r in ROWS
)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param(AS_JSON, "org,example)/d", id="JSON rows under a header"),
        pytest.param(AS_TEXT, "org,example)/d", id="text"),
        pytest.param(AS_LINES, None, id="JSON lines of pywb"),
    ],
)
def test_of_captures_that_follow_each_other_unchanged_the_first_is_taken(body, key):
    listing = read_listing_of(body.encode(), asked="https://archive.example/cdx/search/cdx?url=example.org")
    assert [one.stamp for one in listing.captures] == ["20190101000000", "20190301000000", "20190401000000"]
    assert (listing.duplicates, listing.resume_key) == (1, key)


def test_the_next_piece_knows_the_last_row_of_this_one():
    asked = query("https://archive.example/", "example.org", since=None, until=None)
    first = read_listing_of(AS_JSON.encode(), asked=asked)
    following = next_query(asked, first.resume_key or "", first.last)
    parts = urlsplit(following)
    assert parse_qs(parts.query)["resumeKey"] == ["org,example)/d"]
    assert parse_qs(parts.query)["filter"] == parse_qs(urlsplit(asked).query)["filter"]
    again = json.dumps([HEAD, ROWS[3], ROWS[2]])
    assert read_listing_of(again.encode(), asked=following).duplicates == 1


@pytest.mark.parametrize(
    ("place", "url", "kind"),
    [
        pytest.param("example.org", "example.org", "domain", id="a domain"),
        pytest.param("example.org/", "example.org", "domain", id="with a slash"),
        pytest.param("example.org/news/*", "example.org/news/", "prefix", id="a path"),
    ],
)
def test_the_question_names_place_and_range(place, url, kind):
    since, until = datetime(2019, 1, 1, tzinfo=UTC), datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)
    asked = parse_qs(urlsplit(query("https://web.example", place, since=since, until=until)).query)
    assert (asked["url"], asked["matchType"]) == ([url], [kind])
    assert (asked["from"], asked["to"]) == (["20190101000000"], ["20191231235959"])


def test_a_replay_is_asked_as_it_came_and_says_when_it_was():
    url = replay_url("https://web.example/", "20190101000000 http://example.org/a?b=1")
    assert url == "https://web.example/web/20190101000000id_/http://example.org/a?b=1"
    assert replayed_at(url) == datetime(2019, 1, 1, tzinfo=UTC)
    assert replayed_at("https://web.example/about") is None


@pytest.mark.parametrize("body", [b"", b"[]", b"\n", json.dumps([HEAD]).encode()])
def test_an_archive_that_has_nothing_says_so(body):
    assert read_listing_of(body, asked="https://x.example/?u") == Listing((), 0, None, "")


@given(st.binary(max_size=200))
def test_what_is_no_index_is_unreadable_and_nothing_else(body):
    with suppress(Unreadable):
        assert read_listing_of(body, asked="https://x.example/?u").captures == ()
