"""etl.discover.sitemap: plain, news, index and text sitemaps, whole or damaged, in little memory."""

import contextlib
import gzip
import io
import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import discover
from etl.discover.sitemap import Sitemap, is_over
from etl.errors import Unreadable

FETCHED = datetime(2024, 3, 1, 12, tzinfo=UTC)
URL = "https://www.example.org/sitemap.xml"


def read(body: bytes | str, *, since: datetime | None = None) -> discover.Discovery:
    content = body.encode() if isinstance(body, str) else body
    return discover.read("sitemap", content, url=URL, fetched_at=FETCHED, since=since)


def urlset(inside: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
        f"{inside}</urlset>"
    )


def index(inside: str) -> str:
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inside}</sitemapindex>'


def url(path: str, more: str = "") -> str:
    return f"<url><loc>https://www.example.org/{path}</loc>{more}</url>"


NEWS = (
    "<news:news><news:publication><news:name>Un journal</news:name><news:language>fr</news:language></news:publication>"
    "<news:publication_date>2024-02-29T08:15:00+01:00</news:publication_date><news:title>L&apos;eau &amp; la terre</news:title>"
    "<news:keywords>eau</news:keywords></news:news>"
)
IMAGE = "<image:image><image:loc>https://img.example.org/1.jpg</image:loc><image:title>Une photo</image:title></image:image>"


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(IMAGE + NEWS, id="image first"),
        pytest.param(NEWS + IMAGE, id="news first"),
        pytest.param(
            f"<x:a><x:a><loc>https://img.example.org/2</loc></x:a>{NEWS}</x:a>{NEWS}", id="one in its own name"
        ),
        pytest.param(
            f"<x:a><url><loc>https://img.example.org/2</loc></url></x:a>{NEWS}", id="an entry in what is passed over"
        ),
    ],
)
def test_a_news_entry_gives_address_title_and_times(more: str):
    (one,) = read(urlset(url("a", more + "<lastmod>2024-02-29</lastmod>"))).candidates
    assert (one.url, one.title, one.position) == ("https://www.example.org/a", "L'eau & la terre", 0)
    assert one.published is not None
    assert one.modified is not None
    assert one.published.at == datetime(2024, 2, 29, 7, 15, tzinfo=UTC)
    assert (one.modified.precision, one.modified.text) == ("day", "2024-02-29")


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        pytest.param(urlset(url("a") + url("b") + url("a")), ["a", "b"], id="each once, in order"),
        pytest.param(urlset(url("a")).replace("UTF-8", "UTF-16").encode("utf-16"), ["a"], id="UTF-16"),
        pytest.param(gzip.compress(urlset(url("a")).encode()), ["a"], id="gzip"),
        pytest.param(
            gzip.compress(urlset(url("a")).encode()[:200]) + gzip.compress(urlset(url("a")).encode()[200:]) + b"\0" * 9,
            ["a"],
            id="gzip in two members, padded",
        ),
        pytest.param("\ufeff\n  " + urlset(url("a")), ["a"], id="mark and blanks in front"),
        pytest.param(urlset("<url><loc>/rel</loc></url>"), ["rel"], id="relative"),
        pytest.param(urlset("<url><loc><![CDATA[https://www.example.org/c?a=1&b=2]]></loc></url>"), ["c?a=1&b=2"], id="CDATA"),
        pytest.param(urlset(url("c?a=1&amp;amp;b=2")), ["c?a=1&b=2"], id="escaped twice"),
        pytest.param(
            "<urlset><url><loc>https://www.example.org/a</loc><news:news><news:title>t</news:title></news:news></url></urlset>",
            ["a"],
            id="prefixes never declared",
        ),
        pytest.param(
            '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"><s:url><s:loc>https://www.example.org/a</s:loc></s:url></s:urlset>',
            ["a"],
            id="another prefix",
        ),
        pytest.param("https://www.example.org/a\r\nhttps://www.example.org/b\n\n", ["a", "b"], id="a text file"),
        pytest.param(urlset(""), [], id="empty"),
    ],
)  # fmt: skip
def test_every_kind_of_sitemap_names_its_pages(body: bytes | str, urls: list[str]):
    found = read(body)
    assert [one.url.removeprefix("https://www.example.org/") for one in found.candidates] == urls
    assert found.problems == ()


@pytest.mark.parametrize(
    ("body", "urls", "problem"),
    [
        pytest.param(urlset(url("a") + url("b?x=1&y=2") + url("c")), ["a", "b?x=1&y=2", "c"], "broken XML", id="bare ampersand"),
        pytest.param(urlset(url("a") + url("b", "<lastmod>2024</lst>") + url("c")), ["a", "b", "c"], "broken XML", id="wrong tag"),
        pytest.param(urlset(url("a") + "\x0b" + url("c")), ["a", "c"], "broken XML", id="control character"),
        pytest.param(urlset(url("a") + url("b"))[:-20], ["a"], "breaks off", id="cut off in an entry"),
        pytest.param(urlset(url("a") + url("b"))[:-9], ["a", "b"], "breaks off", id="cut off at the end"),
        pytest.param(gzip.compress(urlset(url("a") + " " * 9999 + url("b")).encode())[:-12], ["a"], "breaks off", id="gzip"),
        pytest.param(urlset(url("a") + "<url><loc>mailto:x@y.z</loc></url>" + "<url/>"), ["a"], "address: 2", id="none"),
    ],
)  # fmt: skip
def test_damage_costs_only_what_it_hits(body: bytes | str, urls: list[str], problem: str):
    found = read(body)
    assert [one.url.removeprefix("https://www.example.org/") for one in found.candidates][: len(urls)] == urls
    assert any(problem in one for one in found.problems), found.problems


def test_an_entry_around_the_seam_of_two_pieces_survives_a_mistake_in_it():
    filler = urlset("").removesuffix("</urlset>")
    many = "".join(url(f"{number:06d}") for number in range(5000))
    broken = many.replace("/001700<", "/001700&x<")  # Near the seam at 65,536 bytes; every other seam is tried too.
    for shift in range(0, 60, 7):
        found = read(filler + " " * shift + broken + "</urlset>")
        assert len(found.candidates) == 5000


@pytest.mark.parametrize(
    ("entry", "is_kept"),
    [
        pytest.param("<loc>https://x.org/1.xml</loc><lastmod>2024-02-20</lastmod>", False, id="finished long before"),
        pytest.param("<loc>https://x.org/1.xml</loc><lastmod>2024-02-27</lastmod>", True, id="finished a day before"),
        pytest.param("<loc>https://x.org/1.xml</loc><lastmod>2024-03-01T10:00:00Z</lastmod>", True, id="fresh"),
        pytest.param("<loc>https://x.org/1.xml</loc>", True, id="nothing known"),
        pytest.param("<loc>https://x.org/1.xml</loc><lastmod>soon</lastmod>", True, id="unreadable"),
        pytest.param("<loc>https://x.org/posts-2011-03.xml</loc>", False, id="a month in the address"),
        pytest.param("<loc>https://x.org/sitemap/201103.xml.gz</loc>", False, id="a month in six digits"),
        pytest.param("<loc>https://x.org/sitemap/20110312</loc>", False, id="a day in eight digits"),
        pytest.param("<loc>https://x.org/s.xml?yyyy=2011&amp;mm=03</loc>", False, id="a year by its name"),
        pytest.param("<loc>https://x.org/posts-2024-02.xml</loc>", True, id="the month of the cut-off"),
        pytest.param("<loc>https://x.org/2011-01_2024-03.xml</loc>", True, id="a range into it"),
        pytest.param("<loc>https://x.org/sitemap-2011.xml</loc>", True, id="a number that may be a year or not"),
        pytest.param(
            "<loc>https://x.org/posts-2011-03.xml</loc><lastmod>2024-03-01</lastmod>", True, id="an old month, edited"
        ),
    ],
)
def test_children_that_ended_before_the_cut_off_are_left_out(entry: str, is_kept: bool):
    found = read(index(f"<sitemap>{entry}</sitemap>"), since=datetime(2024, 2, 28, tzinfo=UTC))
    assert (len(found.children), found.pruned) == ((1, 0) if is_kept else (0, 1))
    whole = read(index(f"<sitemap>{entry}</sitemap>"))
    assert (len(whole.children), whole.candidates) == (1, ())
    assert is_over(whole.children[0], datetime(2024, 2, 28, tzinfo=UTC)) is not is_kept


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        pytest.param("", "not_a_sitemap", "empty", id="nothing"),
        pytest.param("<!doctype html><html>", "not_a_sitemap", "HTML", id="a page"),
        pytest.param("<rss version='2.0'><channel/></rss>", "not_a_sitemap", "feed", id="a feed"),
        pytest.param("plain text", "broken_sitemap", "broken", id="text"),
        pytest.param("<urlset><url><loc>", "broken_sitemap", "broken|without", id="cut off at once"),
        pytest.param(b"\x1f\x8b\x08\xff not gzip", "broken_sitemap", "broken gzip", id="broken gzip"),
        pytest.param(
            '<!DOCTYPE x [<!ENTITY a "b">]>' + urlset(url("&a;"))[38:], "broken_sitemap", "entities", id="entities"
        ),
        pytest.param("<a>" * 100_000, "broken_sitemap", "broken", id="depth"),
    ],
)
def test_what_is_no_sitemap_is_named(body: bytes | str, code: str, word: str):
    with pytest.raises(Unreadable, match=word) as caught:
        read(body)
    assert caught.value.code == code


def test_a_large_sitemap_is_a_stream():
    def pieces():
        yield urlset("").removesuffix("</urlset>").encode()
        for number in range(10_000):
            yield url(f"un-titre-{number}", IMAGE * 3 + "<lastmod>2024-02-29T08:15:00+01:00</lastmod>").encode()
        yield b"</urlset>"

    content = b"".join(pieces())
    tracemalloc.start()
    count = sum(1 for _ in Sitemap(io.BytesIO(content), url=URL, fetched_at=FETCHED))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, len(content) > 4_000_000) == (10_000, True)
    assert peak < 1_500_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(urlset(url("a")).encode() + b" " * 300_000_000), id="gzip bomb"),
        pytest.param(urlset("<url>" * 200_000 + "&"), id="entries never closed"),
        pytest.param(urlset("&" + "<url>" * 200_000), id="entries never closed after a mistake"),
        pytest.param(urlset("&" + "<url><loc>" * 200_000), id="addresses never closed after a mistake"),
        pytest.param(urlset(f"<url><loc>{'a' * 5_000_000}</loc></url>" + url("a")), id="endless address"),
        pytest.param("https://x.org/" + "a" * 5_000_000, id="endless line"),
        pytest.param(urlset("<url " + "a='b' " * 3 + "></url>" * 1), id="attributes"),
    ],
)
def test_a_hostile_sitemap_ends_soon_in_little_memory(body: bytes | str):
    content = body.encode() if isinstance(body, str) else body
    tracemalloc.start()
    began = time.process_time()
    with contextlib.suppress(Unreadable):
        read(content)
    took_s = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took_s < 8  # Tracing memory makes it four times as slow.
    assert peak < 40_000_000


SEEDS = [
    urlset(url("a", NEWS) + url("b", "<lastmod>2024-02-29</lastmod>") + url("c", IMAGE)).encode(),
    index("<sitemap><loc>https://x.org/2011-03.xml</loc><lastmod>2024-02-29</lastmod></sitemap>").encode(),
    gzip.compress(urlset(url("a")).encode(), mtime=0),
    b"https://x.org/a\nhttps://x.org/b\n",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=8)), max_size=5)
)
def test_a_damaged_sitemap_is_read_or_named(body: bytes, edits: list[tuple[float, int, bytes]]):
    mutated = bytearray(body)
    for where, length, new in edits:
        at = int(where * len(mutated))
        mutated[at : at + length] = new
    try:
        found = read(bytes(mutated), since=FETCHED)
    except Unreadable as error:
        assert error.code in {"not_a_sitemap", "broken_sitemap"}  # noqa: PT017 - both ways are right here
    else:
        assert all(one.url.startswith("http") for one in (*found.candidates, *found.children))
