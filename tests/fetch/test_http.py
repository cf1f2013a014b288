from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta

import brotli
import pytest
import zstandard
from fetch.conftest import LOOPBACK, NOON
from newsroom import Newsroom, Reply
from warcio.archiveiterator import ArchiveIterator

from etl.errors import NewsEtlError, Refused, Transient, TryLater
from etl.fetch.http import Fetched, Fetcher, NotModified, agent_header
from etl.fetch.spool import Spool

TEXT = "<title>Hallo</title>" + "<p>Ein Absatz mit Text.</p>" * 400


def test_a_page_becomes_a_capture_whose_bytes_are_in_the_archive(room, fetcher, now):
    site = room.site("a")
    site.page("/a.html", TEXT, headers={"Set-Cookie": "session=1", "X-Twice": "1"})
    fetched = fetcher.get(site.url("/a.html"), now=now)
    capture = fetched.capture
    assert (capture.url, capture.final_url, capture.status) == (site.url("/a.html"), site.url("/a.html"), 200)
    assert capture.fetched_at == NOON
    assert capture.content_type == "text/html; charset=utf-8"
    assert fetched.body == TEXT.encode()
    assert fetched.wire_bytes < capture.body_bytes == len(fetched.body)
    assert "set-cookie" not in capture.headers
    assert fetcher.archive.read(capture.place).body == fetched.body


def test_we_say_who_we_are_and_what_we_can_read(room, fetcher, now):
    site = room.site("a")
    site.page("/a.html", TEXT)
    fetcher.get(site.url("/a.html"), now=now)
    headers = site.requests[0].headers
    assert headers["user-agent"] == "news-etl (+https://example.org/bot)"
    assert headers["host"] == f"127.0.0.1:{site.port}"
    assert all(coding in headers["accept-encoding"] for coding in ("gzip", "br", "zstd"))
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}
    assert agent_header("news-etl/1.0", "") == "news-etl/1.0"


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstandard.compress), ("identity", bytes)],
)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_every_coding_arrives_decoded(room, fetcher, now, coding, encode, is_chunked):
    site = room.site("a")
    wire = encode(TEXT.encode())
    site.put("/a", Reply(wire, headers={"Content-Encoding": coding}, is_chunked=is_chunked))
    fetched = fetcher.get(site.url("/a"), now=now)
    assert (fetched.body, fetched.wire_bytes) == (TEXT.encode(), len(wire))
    assert fetcher.archive.read(fetched.capture.place).body == fetched.body


def test_validators_are_sent_and_304_keeps_nothing(room, fetcher, now):
    site = room.site("a")
    site.page("/a.html", TEXT, etag='"v1"', headers={"Last-Modified": "Mon, 01 Jun 2026 08:00:00 GMT"})
    first = fetcher.get(site.url("/a.html"), now=now)
    files = [seen for name in fetcher.archive.files() for seen in fetcher.archive.walk(name)]
    answer = fetcher.get(
        site.url("/a.html"), now=now, etag=first.capture.headers["etag"], last_modified="Mon, 01 Jun 2026 08:00:00 GMT"
    )
    assert answer == NotModified(
        site.url("/a.html"), '"v1"', "Mon, 01 Jun 2026 08:00:00 GMT", NOON, took_s=pytest.approx(0.0, abs=2.0)
    )
    assert site.requests[1].headers["if-none-match"] == '"v1"'
    assert site.requests[1].headers["if-modified-since"] == "Mon, 01 Jun 2026 08:00:00 GMT"
    assert [seen for name in fetcher.archive.files() for seen in fetcher.archive.walk(name)] == files


def test_a_lying_etag_costs_a_revisit_not_a_copy(room, fetcher, now):
    site = room.site("a")
    tags = iter(range(100))
    site.put("/a", lambda _: Reply(TEXT.encode(), headers={"ETag": f'"{next(tags)}"'}))
    first = fetcher.get(site.url("/a"), now=now)
    again = fetcher.get(site.url("/a"), now=now, etag=first.capture.headers["etag"], previous=first.capture)
    assert isinstance(again, Fetched)
    assert again.capture.body_sha256 == first.capture.body_sha256
    assert again.capture.place.length < 700
    assert fetcher.archive.read(again.capture.place).body == first.body


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a",
        "file:///etc/passwd",
        "gopher://example.org/",
        "data:text/html,x",
        "javascript:alert(1)",
        "http:///a",
        "https://user:secret@example.org/",
        "http://user@example.org/",
        "http://[::1",
        "http://example.org:99999/",
        "example.org/a",
        "",
    ],
)
def test_what_is_no_url_of_the_web_is_refused_before_anything_is_sent(fetcher, now, url):
    with pytest.raises(Refused) as caught:
        fetcher.get(url, now=now)
    assert caught.value.code == "bad_url"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "content_type", "is_read"),
    [
        pytest.param("page", "text/html; charset=utf-8", True, id="html"),
        pytest.param("page", "application/xhtml+xml", True, id="xhtml"),
        pytest.param("page", "", True, id="not said"),
        pytest.param("page", "html", True, id="nonsense"),
        pytest.param("page", "application/pdf", False, id="pdf"),
        pytest.param("page", "image/jpeg", False, id="image"),
        pytest.param("page", "video/mp4", False, id="video"),
        pytest.param("page", "application/json", False, id="json as a page"),
        pytest.param("source", "application/json", True, id="json as a source"),
        pytest.param("source", "application/rss+xml", True, id="feed"),
        pytest.param("source", "application/x-gzip", True, id="packed sitemap"),
        pytest.param("source", "binary/octet-stream", True, id="sitemap from a bucket"),
        pytest.param("source", "image/png", False, id="image as a source"),
    ],
)
def test_only_what_we_can_read_is_loaded(room, fetcher, now, kind, content_type, is_read):
    site = room.site("a")
    site.put("/a", Reply(TEXT.encode(), content_type=content_type))
    if is_read:
        assert fetcher.get(site.url("/a"), now=now, kind=kind).body == TEXT.encode()
    else:
        with pytest.raises(Refused) as caught:
            fetcher.get(site.url("/a"), now=now, kind=kind)
        assert caught.value.code == "content_type"


def test_a_page_that_says_no_is_kept_as_evidence(room, fetcher, now):
    site = room.site("a")
    wall = b"<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"
    site.put("/a", Reply(wall, status=403))
    with pytest.raises(Refused) as caught:
        fetcher.get(site.url("/a"), now=now)
    assert caught.value.code == "blocked"
    assert "Just a moment" in str(caught.value)
    (name,) = fetcher.archive.files()
    (place,) = [seen.place for seen in fetcher.archive.walk(name) if seen.type == "response"]
    assert fetcher.archive.read(place).body == wall


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        pytest.param("120", timedelta(seconds=120), id="seconds"),
        pytest.param("Mon, 01 Jun 2026 13:00:00 GMT", timedelta(hours=1), id="date"),
        pytest.param("999999", timedelta(hours=24), id="capped at a day"),
        pytest.param(None, timedelta(seconds=600), id="not said"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_patience_gets_it(room, fetcher, now, status, retry_after, wait):
    site = room.site("a")
    site.busy("/a", status=status, retry_after=retry_after)
    with pytest.raises(TryLater) as caught:
        fetcher.get(site.url("/a"), now=now)
    assert caught.value.code == f"http_{status}"
    assert wait <= caught.value.at - NOON <= min(wait * 1.25, timedelta(hours=24))


def test_connections_are_kept_and_one_that_was_dropped_is_replaced_without_a_word(room, fetcher, now):
    site = room.site("a")
    site.page("/a", TEXT)
    for _ in range(3):
        fetcher.get(site.url("/a"), now=now)
    assert {request.connection for request in site.requests} == {1}
    site.drop_connections()
    fetcher.get(site.url("/a"), now=now)
    assert {request.connection for request in site.requests} == {1, 2}


def test_a_connection_that_breaks_is_not_asked_twice(room, fetcher, now):
    """The host may have seen the request: asking again at once would be a second one without a pause."""
    site = room.site("a")
    site.page("/a", TEXT)
    site.put("/broken", Reply(resets="request"))
    fetcher.get(site.url("/a"), now=now)
    with pytest.raises(Transient) as caught:
        fetcher.get(site.url("/broken"), now=now)
    assert caught.value.code == "reset"
    assert len(site.asked("/broken")) == 1


def test_the_address_kept_is_that_of_the_connection_used(room, fetcher, now, tmp_path):
    sites = [room.site("a", address="127.0.0.2"), room.site("b", address="127.0.0.3")]
    for site in sites:
        site.page("/a", TEXT)
    for site in (*sites, *sites):
        fetcher.get(site.url("/a"), now=now)
    fetcher.close()
    (file,) = (tmp_path / "archive").glob("*/*.gz")
    kept = [line for line in gzip.decompress(file.read_bytes()).splitlines() if line.startswith(b"WARC-IP-Address")]
    assert [line.decode().partition(": ")[2] for line in kept] == ["127.0.0.2", "127.0.0.3"] * 2


def test_threads_share_a_fetcher(room, fetcher, now):
    sites = [room.site(str(number)) for number in range(8)]
    for site in sites:
        site.page("/fast", f"{site.port}" * 500)
        site.put("/slow", Reply(b"x", delay_s=5))
    wrong: list[object] = []

    def visit(number: int) -> None:
        site = sites[number]
        for _ in range(5):
            fetched = fetcher.get(site.url("/fast"), now=now)
            if fetched.body != (f"{site.port}" * 500).encode():
                wrong.append(fetched)
        try:
            fetcher.get(site.url("/slow"), now=now)
        except NewsEtlError as error:
            if error.code != "timeout":
                wrong.append(error)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [len({request.connection for request in site.asked("/fast")}) for site in sites] == [1] * 8


def test_the_bytes_are_on_the_disk_when_get_returns(room, archive, now: Callable[[], datetime], monkeypatch):
    site = room.site("a")
    site.page("/a", TEXT)
    synced: list[str] = []
    sync = archive.sync
    monkeypatch.setattr(archive, "sync", lambda: (synced.append("sync"), sync()))
    Fetcher(archive=archive, open_addresses=[LOOPBACK]).get(site.url("/a"), now=now)
    assert synced == ["sync"]
    Fetcher(archive=archive, open_addresses=[LOOPBACK]).get(site.url("/a"), now=now, syncs=False)
    assert synced == ["sync"]


def test_an_unchanged_poll_costs_one_request(fetcher, now):
    with Newsroom() as room:
        site = room.site("a")
        site.feed("/rss.xml", [("/a", "A", "Mon, 01 Jun 2026 08:00:00 GMT")])
        first = fetcher.get(site.url("/rss.xml"), now=now, kind="source")
        site.forget()
        answer = fetcher.get(site.url("/rss.xml"), now=now, kind="source", etag=first.capture.headers["etag"])
        assert isinstance(answer, NotModified)
        assert len(site.requests) == 1


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_sitemap_of_50_mb_is_never_in_memory(room, archive, now, coding):
    sitemap = b"".join(b"<url><loc>https://example.org/%d/%d</loc></url>" % (n, n * 7919) for n in range(1_000_000))
    wire = gzip.compress(sitemap, 1) if coding == "gzip" else sitemap
    site = room.site("a")
    site.put("/s.xml", Reply(wire, headers={"Content-Encoding": coding}, content_type="application/xml"))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK])
    tracemalloc.start()
    fetched = fetcher.get(site.url("/s.xml"), now=now, kind="source")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fetched.capture.body_bytes == len(sitemap) > 45_000_000
    assert peak < 40_000_000


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "identity", "gzip in name only"])
def test_a_large_source_is_read_back_as_it_was_and_kept_once(room, archive, now, tmp_path, coding):
    sitemap = b"".join(b"<url><loc>https://example.org/%d/%d</loc></url>" % (n, n * 7919) for n in range(60_000))
    wire = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress}.get(coding, bytes)(sitemap)
    site = room.site("a")
    site.put("/s.xml", Reply(wire, headers={"Content-Encoding": coding.split()[0]}, content_type="application/xml"))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK])
    first, again = (fetcher.get(site.url("/s.xml"), now=now, kind="source") for _ in range(2))
    assert isinstance(first.held, Spool)
    assert first.stream().read() == first.body == sitemap
    assert (first.capture.body_bytes, first.wire_bytes) == (len(sitemap), len(wire))
    assert [archive.read(fetched.capture.place).body == sitemap for fetched in (first, again)] == [True, True]
    assert again.capture.place.length < 1500 < first.capture.place.length
    (path,) = tmp_path.rglob("*.warc.gz")
    with path.open("rb") as file:
        records = [(record.rec_type, record.content_stream().read()) for record in ArchiveIterator(file)]
    assert [sitemap == body for kind, body in records if kind == "response"] == [True]
