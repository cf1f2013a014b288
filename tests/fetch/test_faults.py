"""The fault matrix: whatever a host does, the exchange ends in its documented outcome, in time, and the next one works."""

from __future__ import annotations

import gzip
import os
import re
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest
from newsroom import Reply, bomb

from etl.errors import NewsEtlError, Refused, Transient, TryLater
from etl.fetch.http import __doc__ as code_table

TEXT = b"<p>A paragraph of text.</p>" * 300
PACKED = gzip.compress(TEXT)
GZIP = {"Content-Encoding": "gzip"}
NOTHING = b"\x1f\x8b\x08\x10" + bytes(5) + b"\xff" + b"c" * 60_000 + b"\0\3\0" + bytes(8)
"""A member of gzip with a long comment and no text."""


def endless(piece: bytes):
    while True:
        yield piece


FAULTS = [
    pytest.param(Reply(TEXT, status=500), Transient, "http_5xx", id="500"),
    pytest.param(Reply(TEXT, status=502), Transient, "http_5xx", id="502"),
    pytest.param(Reply(TEXT, status=520), Transient, "http_5xx", id="520 of a CDN"),
    pytest.param(Reply(TEXT, status=503), TryLater, "http_503", id="503"),
    pytest.param(Reply(TEXT, status=429), TryLater, "http_429", id="429"),
    pytest.param(Reply(TEXT, status=408), Transient, "timeout", id="408"),
    pytest.param(Reply(TEXT, status=400), Refused, "http_4xx", id="400"),
    pytest.param(Reply(TEXT, status=401), Refused, "http_401", id="401"),
    pytest.param(Reply(TEXT, status=402), Refused, "http_4xx", id="402"),
    pytest.param(Reply(TEXT, status=403), Refused, "http_403", id="403"),
    pytest.param(Reply(b"", status=403), Refused, "blocked", id="403 without a word"),
    pytest.param(Reply(TEXT, status=404), Refused, "gone", id="404"),
    pytest.param(Reply(TEXT, status=410), Refused, "gone", id="410"),
    pytest.param(Reply(TEXT, status=451), Refused, "http_451", id="451"),
    pytest.param(Reply(TEXT, status=300), Refused, "http_3xx", id="300"),
    pytest.param(Reply(TEXT, status=301), Refused, "http_3xx", id="redirect without a target"),
    pytest.param(Reply(status=302, headers={"Location": "http://["}), Refused, "http_3xx", id="redirect to nonsense"),
    pytest.param(
        Reply(status=302, headers={"Location": "//[::1"}), Refused, "http_3xx", id="redirect to more nonsense"
    ),
    pytest.param(
        Reply(status=302, headers={"Location": "http://a:b/"}), Refused, "bad_url", id="redirect to a bad port"
    ),
    pytest.param(Reply(status=302, headers={"Location": "mailto:a@b"}), Refused, "bad_url", id="redirect to a mailbox"),
    pytest.param(Reply(status=304), Transient, "bad_answer", id="304 that nobody asked for"),
    pytest.param(Reply(TEXT, status=403, headers=GZIP), Refused, "http_403", id="403 with a body that does not decode"),
    pytest.param(Reply(TEXT, status=404, cut_after=10), Refused, "gone", id="404 that breaks off"),
    pytest.param(Reply(TEXT, resets="request"), Transient, "reset", id="reset before the answer"),
    pytest.param(Reply(TEXT, resets="head"), Transient, "reset", id="reset in the headers"),
    pytest.param(Reply(TEXT, resets="body"), Transient, "reset", id="reset in the body"),
    pytest.param(Reply(TEXT, cut_after=100), Transient, "truncated", id="closed in the body"),
    pytest.param(Reply(TEXT, cut_after=100, is_chunked=True), Transient, "truncated", id="closed in a chunk"),
    pytest.param(Reply(PACKED[:-20], headers=GZIP), Transient, "truncated", id="gzip without its end"),
    pytest.param(Reply(PACKED, headers=GZIP, cut_after=50), Transient, "truncated", id="gzip cut on the way"),
    pytest.param(Reply(TEXT, content_length="999999"), Transient, "timeout", id="announces more than it sends, waits"),
    pytest.param(
        Reply(TEXT, content_length="999999", cut_after=len(TEXT)), Transient, "truncated", id="announces more, closes"
    ),
    pytest.param(Reply(b"\x1f\x8b" + TEXT, headers=GZIP), Transient, "bad_encoding", id="bad gzip"),
    pytest.param(Reply(TEXT, headers={"Content-Encoding": "br"}), Transient, "bad_encoding", id="bad br"),
    pytest.param(Reply(TEXT, headers={"Content-Encoding": "rot13"}), Refused, "bad_encoding", id="unknown coding"),
    pytest.param(Reply(TEXT, delay_s=4), Transient, "timeout", id="silence before the answer"),
    pytest.param(Reply(TEXT, drip_s=0.05), Transient, "timeout", id="body dripping"),
    pytest.param(Reply(TEXT, drip_s=0.05, drips_head=True), Transient, "timeout", id="headers dripping"),
    pytest.param(
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), Transient, "truncated", id="headers, then closed"
    ),
    pytest.param(Reply(raw=b""), Transient, "reset", id="closed without a word"),
    pytest.param(Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"), Transient, "bad_answer", id="not HTTP"),
    pytest.param(Reply(raw=os.urandom(5000).replace(b"\n", b"") + b"\n"), Transient, "bad_answer", id="noise"),
    pytest.param(Reply(raw=b"HTTP/1.1 abc OK\r\n\r\n"), Transient, "bad_answer", id="status that is no number"),
    pytest.param(
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        Transient,
        "truncated",
        id="bad chunk",
    ),
    pytest.param(Reply(raw=b"H" * 200_000), Transient, "bad_answer", id="status line without end"),
    pytest.param(
        Reply(TEXT, headers={f"X-{n}": "y" * 100 for n in range(150)}), Transient, "bad_answer", id="150 headers"
    ),
    pytest.param(
        Reply(TEXT, headers={f"X-{n}": "y" * 60_000 for n in range(9)}), Refused, "too_large", id="huge headers"
    ),
    pytest.param(Reply(TEXT, content_length="99999999999"), Refused, "too_large", id="announces 100 GB"),
    pytest.param(Reply(endless(os.urandom(65536)), content_length=""), Refused, "too_large", id="endless body"),
    pytest.param(Reply(endless(os.urandom(65536)), is_chunked=True), Refused, "too_large", id="endless chunks"),
    pytest.param(Reply(bomb(10_000), headers=GZIP, content_length=""), Refused, "bomb", id="10 GB gzip bomb"),
    pytest.param(
        Reply(endless(NOTHING), headers=GZIP, content_length=""),
        Refused,
        "too_large",
        id="endless gzip of nothing",
    ),
    pytest.param(Reply(TEXT, status=206), Transient, "bad_answer", id="a part that nobody asked for"),
    pytest.param(
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        Transient,
        "bad_answer",
        id="two lengths",
    ),
    pytest.param(Reply(TEXT, content_type="application/zip"), Refused, "content_type", id="not a text"),
]


@pytest.mark.parametrize(("reply", "error", "code"), FAULTS)
def test_each_fault_ends_in_its_outcome_and_leaves_the_fetcher_whole(room, fetcher, now, reply, error, code):
    site = room.site("hostile")
    site.put("/fault", reply)
    site.put("/fine", Reply(TEXT))
    fetcher.get(site.url("/fine"), now=now)  # So that the fault comes over a connection kept alive.
    started = time.monotonic()
    with pytest.raises(NewsEtlError) as caught:
        fetcher.get(site.url("/fault"), now=now)
    assert (type(caught.value), caught.value.code) == (error, code)
    assert time.monotonic() - started < 3.5
    assert len(site.asked("/fault")) == 1
    assert not re.search(r"Error\(|host=|_ssl|\('|Expected|Incomplete| at 0x", str(caught.value)), "words of a program"
    assert fetcher.get(site.url("/fine"), now=now).body == TEXT
    assert f"`{code}`" in code_table


FINE = [
    pytest.param(Reply(TEXT, content_length=""), TEXT, id="no length, closes"),
    pytest.param(Reply(PACKED, headers=GZIP, content_length=str(len(TEXT))), TEXT, id="length of the unpacked text"),
    pytest.param(Reply(TEXT, headers=GZIP), TEXT, id="says gzip, is plain"),
    pytest.param(Reply(PACKED + b"\0" * 100, headers=GZIP), TEXT, id="gzip with padding"),
    pytest.param(Reply(zlib.compress(TEXT)[2:-4], headers={"Content-Encoding": "deflate"}), TEXT, id="bare deflate"),
    pytest.param(Reply(TEXT, content_length="27"), TEXT[:27], id="announces less"),
    pytest.param(Reply(b""), b"", id="no body at all"),
    pytest.param(Reply(TEXT, content_type="text/html; charset=klingon"), TEXT, id="unknown charset"),
    pytest.param(Reply(TEXT[:200], drip_s=0.0005), TEXT[:200], id="slow but in time"),
    pytest.param(Reply(raw=b"HTTP/1.0 200\r\n\r\n" + TEXT), TEXT, id="HTTP 1.0 without reason or headers"),
    pytest.param(Reply(raw=b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"), b"abc", id="bare line feeds"),
    pytest.param(
        Reply(
            raw=b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
        ),
        b"abc",
        id="early hints before the answer",
    ),
]


@pytest.mark.parametrize(("reply", "body"), FINE)
def test_what_can_be_read_all_the_same_is_read(room, fetcher, now, reply, body):
    site = room.site("sloppy")
    site.put("/a", reply)
    fetched = fetcher.get(site.url("/a"), now=now)
    assert fetched.body == body
    assert fetcher.archive.read(fetched.capture.place).body == body


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param({"/a": "/a"}, id="to itself"),
        pytest.param({"/a": "/b", "/b": "/c", "/c": "/a"}, id="in a circle"),
        pytest.param({"/a": "/0"} | {f"/{n}": f"/{n + 1}" for n in range(50)}, id="on and on"),
    ],
)
def test_redirects_without_end_end(room, fetcher, now, paths):
    site = room.site("loop")
    for path, target in paths.items():
        site.redirect(path, target)
    with pytest.raises(Refused) as caught:
        fetcher.get(site.url("/a"), now=now)
    assert caught.value.code == "redirect_loop"
    assert len(site.requests) <= 11


def test_a_slow_chain_of_redirects_ends_at_the_total(room, fetcher, now):
    site = room.site("slow")
    for n in range(12):
        site.put(f"/{n}", Reply(status=302, headers={"Location": f"/{n + 1}"}, delay_s=0.4))
    started = time.monotonic()
    with pytest.raises(Transient) as caught:
        fetcher.get(site.url("/0"), now=now)
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 3.0


def test_nobody_listens(fetcher, now):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Transient) as caught:
        fetcher.get(f"http://127.0.0.1:{port}/", now=now)
    assert caught.value.code == "connect"


def test_a_handshake_that_stalls_ends_at_the_connect_deadline(fetcher, now):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(Transient) as caught:
            fetcher.get(f"https://127.0.0.1:{listener.getsockname()[1]}/", now=now)
        assert caught.value.code == "timeout"
        assert time.monotonic() - started < 2.5


def test_the_table_in_the_documents_says_what_each_fault_ends_in():
    words = {Transient: "transient", Refused: "refused", TryLater: "later"}
    text = (Path(__file__).resolve().parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
    table = text.partition("<!-- faults -->")[2].partition("<!-- end -->")[0]
    rows = dict(line.strip("| ").split(" | ")[:2] for line in table.splitlines() if line.startswith("| "))
    expected = {str(one.id): f"`{one.values[2]}` ({words[one.values[1]]})" for one in FAULTS}
    expected |= {str(one.id): "is read" for one in FINE}
    assert {fault: rows.get(fault) for fault in expected} == expected


def test_a_storm_of_faults_loses_nothing(room, fetcher, now):
    """Every page is asked for until it comes; a third of the answers are faults, over connections kept alive."""
    site = room.site("storm")
    faults = [parameters.values[0] for parameters in FAULTS if not _waits(parameters.values[0])]
    count = iter(range(10_000))
    lock = threading.Lock()

    def moody(path: str):
        def answer(_: object) -> Reply:
            with lock:
                turn = next(count)
            return faults[turn // 3 % len(faults)] if turn % 3 == 0 else Reply(path.encode() * 100)

        return answer

    for n in range(60):
        site.put(f"/{n}", moody(f"/{n}"))
    bodies: dict[str, bytes] = {}
    codes: set[str] = set()
    for n in range(60):
        for _ in range(5):
            try:
                bodies[f"/{n}"] = fetcher.get(site.url(f"/{n}"), now=now).body
                break
            except NewsEtlError as error:
                codes.add(f"`{error.code}`")
    assert codes
    assert all(code in code_table for code in codes)
    assert bodies == {f"/{n}": f"/{n}".encode() * 100 for n in range(60)}


def _waits(reply: Reply) -> bool:
    is_slow = reply.delay_s or reply.drip_s or reply.content_length == "999999"
    return bool(is_slow) or not isinstance(reply.body, bytes)  # Iterators serve once.
