"""Bytes of the other side that try to become something else: an answer, a record, a crash."""

from __future__ import annotations

import gzip

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsroom import Reply

from etl.errors import NewsEtlError
from etl.fetch.http import NotModified

TEXT = "<title>Hallo</title><p>Ein Absatz mit Text.</p>"


def test_leftover_bytes_never_become_the_next_answer(room, fetcher, now):
    site = room.site("a")
    site.put(
        "/short",
        Reply(TEXT.encode() + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", content_length=str(len(TEXT))),
    )
    site.page("/a", TEXT + "mine")
    for _ in range(3):
        assert fetcher.get(site.url("/short"), now=now).body == TEXT.encode()
        assert fetcher.get(site.url("/a"), now=now).body == (TEXT + "mine").encode()


def test_control_characters_of_the_other_side_end_here(room, fetcher, now):
    site = room.site("a")
    site.put(
        "/a", Reply(raw=b"HTTP/1.1 200 O\0K\r\nX-Nul: a\0b\r\nX-Cr: a\rWARC-Type: x\r\nContent-Length: 2\r\n\r\nhi")
    )
    capture = fetcher.get(site.url("/a"), now=now).capture
    assert (capture.headers["x-nul"], capture.headers["content-length"]) == ("a b", "2")
    kept = fetcher.archive.read(capture.place)
    assert (kept.body, kept.headers["x-nul"], kept.status) == (b"hi", "a b", 200)


def test_an_address_cannot_write_into_a_record(room, fetcher, now):
    site = room.site("a")
    site.fallback = Reply(b"hi")
    url = site.url("/a b\r\nWARC-Type: metadata\r\nX:\0ü")
    capture = fetcher.get(url, now=now).capture
    assert capture.url == url
    assert capture.final_url == site.url("/a%20b%0D%0AWARC-Type:%20metadata%0D%0AX:%00%C3%BC")
    assert fetcher.archive.read(capture.place).url == capture.final_url
    assert len(site.requests) == 1


PARTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.0 301",
        b"HTTP/1.1 103 Early Hints",
        b"HTTP/9.9 999 \xff",
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"Content-Length: 5",
        b"Content-Length: -5",
        b"Content-Length: 5, 7",
        b"Content-Type: text/html",
        b"Content-Encoding: gzip",
        b"Content-Encoding: br, \0",
        b"Transfer-Encoding: chunked",
        b"Location: http://[",
        b"Location: //\xff\xfe:99999/",
        b"Location: \x00",
        b"Retry-After: Mon, 99",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"ffffffffff\r\n",
        b"hello",
        gzip.compress(b"hello"),
        b" folded: line",
        b":",
    ]
)


@given(st.lists(st.one_of(PARTS, st.binary(max_size=12)), max_size=14).map(b"".join))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_bytes_come_the_end_is_an_answer_or_an_error_of_ours(room, fetcher, now, raw):
    site = room.site("noise")
    site.put("/a", Reply(raw=raw))
    try:
        answer = fetcher.get(site.url("/a"), now=now, etag='"1"')
    except NewsEtlError:
        return
    assert isinstance(answer, NotModified) or fetcher.archive.read(answer.capture.place).body == answer.body
