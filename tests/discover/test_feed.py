"""etl.discover.feed: RSS, Atom and JSON Feed of all kinds, and what is none, by its name."""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import discover
from etl.errors import Unreadable

FETCHED = datetime(2024, 3, 1, 12, tzinfo=UTC)
URL = "https://www.example.org/feeds/une.xml"


def read(body: bytes | str, zone: str | None = None) -> discover.Discovery:
    content = body.encode() if isinstance(body, str) else body
    return discover.read("feed", content, url=URL, fetched_at=FETCHED, zone=zone)


def rss(items: str, head: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
        'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">'
        f"<channel><title>Une</title>{head}{items}</channel></rss>"
    )


def atom(entries: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><updated>2024-01-01T00:00:00Z</updated>{entries}</feed>'


def item(link: str = "<link>https://www.example.org/a</link>", more: str = "<title>Un titre</title>") -> str:
    return f"<item>{more}{link}</item>"


@pytest.mark.parametrize(
    ("body", "url"),
    [
        pytest.param(rss(item()), "https://www.example.org/a", id="link"),
        pytest.param(rss(item("<link>/b</link>")), "https://www.example.org/b", id="relative link"),
        pytest.param(rss(item("<link>\n  https://x.org/a  \n</link>")), "https://x.org/a", id="white space"),
        pytest.param(rss(item("<guid>https://x.org/g</guid>")), "https://x.org/g", id="guid alone"),
        pytest.param(
            rss(item('<guid isPermaLink="false">7</guid><link>https://x.org/a#top</link>')),
            "https://x.org/a",
            id="guid that is no link",
        ),
        pytest.param(
            rss(
                item("<link>https://feeds.example/r/1</link><feedburner:origLink>https://x.org/o</feedburner:origLink>")
            ),
            "https://x.org/o",
            id="the link before FeedBurner",
        ),
        pytest.param(
            atom(
                '<entry><link rel="self" href="/self"/><link rel="alternate" type="application/pdf" href="/p.pdf"/>'
                '<link rel="alternate" type="text/html" href="/a.html"/></entry>'
            ),
            "https://www.example.org/a.html",
            id="Atom: the alternate that is a page",
        ),
        pytest.param(
            atom('<entry xml:base="https://base.example/x/"><link href="a.html"/></entry>'),
            "https://base.example/x/a.html",
            id="Atom: xml:base and no rel",
        ),
        pytest.param(
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
            "<item><title>t</title><link>https://x.org/rdf</link></item></rdf:RDF>",
            "https://x.org/rdf",
            id="RSS 1.0",
        ),
        pytest.param(
            json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "/j"}]}),
            "https://www.example.org/j",
            id="JSON Feed",
        ),
        pytest.param(json.dumps({"items": [{"id": "https://x.org/id"}]}), "https://x.org/id", id="JSON Feed: id"),
        pytest.param("\ufeff\n " + rss(item()), "https://www.example.org/a", id="mark and blanks in front"),
        pytest.param(rss(item()).replace("</channel></rss>", ""), "https://www.example.org/a", id="cut off"),
        pytest.param(rss(item("<link>https://x.org/?a=1&b=2</link>")), "https://x.org/?a=1&b=2", id="bare ampersand"),
        pytest.param(
            rss(item(more="<title>à</title>")).replace("UTF-8", "iso-8859-1").encode("latin-1"),
            "https://www.example.org/a",
            id="declared charset",
        ),
    ],
)
def test_an_entry_gives_the_address_of_its_page(body: bytes | str, url: str):
    assert [one.url for one in read(body).candidates] == [url]


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("Sécheresse : l&apos;eau &amp; la terre", "Sécheresse : l'eau & la terre"),
        ("<![CDATA[L'<em>eau</em> &amp; la terre]]>", "L' eau & la terre"),
        ("AT&amp;amp;T monte", "AT&T monte"),
        ("1 &lt; 2 et 3 &gt; 2", "1 < 2 et 3 > 2"),
        ("\n  deux\n  lignes ", "deux lignes"),
        ("", None),
    ],
)
def test_a_title_is_plain_text(markup: str, title: str | None):
    (candidate,) = read(rss(item(more=f"<title>{markup}</title>"))).candidates
    assert candidate.title == title


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_feed_in_a_wide_coding_is_read_and_bounded(codec: str):
    body = rss(item(more="<title>Été ਅਖ਼ਬਾਰ</title>")).replace("UTF-8", "UTF-16")
    found = discover.read(
        "feed", body.encode(codec), url=URL, fetched_at=FETCHED, content_type="text/xml; charset=utf-16"
    )
    assert [one.title for one in found.candidates] == ["Été ਅਖ਼ਬਾਰ"]
    with pytest.raises(Unreadable, match="nests"):
        read(("<rss><channel>" + "<item>" * 20_000).encode(codec))


def test_the_header_names_the_charset_when_the_feed_does_not():
    body = rss(item(more="<title>Привет</title>")).partition("?>")[2].encode("cp1251")
    found = discover.read(
        "feed", body, url=URL, fetched_at=FETCHED, content_type='application/xml; charset="windows-1251"'
    )
    assert [one.title for one in found.candidates] == ["Привет"]
    said = rss(item(more="<title>é</title>")).encode()
    found = discover.read("feed", said, url=URL, fetched_at=FETCHED, content_type="text/xml; charset=iso-8859-1")
    assert [one.title for one in found.candidates] == ["é"]


@pytest.mark.parametrize("doctype", ["", '<!DOCTYPE rss [<!ENTITY nbsp "&#160;">\n<!ENTITY eacute "&#233;">]>'])
def test_names_of_html_are_read_with_or_without_a_declaration(doctype: str):
    body = '<?xml version="1.0"?>' + doctype + rss(item(more="<title>L&apos;&eacute;t&eacute;&nbsp;!</title>"))[38:]
    assert [one.title for one in read(body).candidates] == ["L'été !"]


def test_times_are_published_and_modified():
    (one,) = read(rss(item(more="<pubDate>Tue, 07 Feb 2023 08:15:00 +0100</pubDate>"))).candidates
    assert one.published is not None
    assert one.published.at == datetime(2023, 2, 7, 7, 15, tzinfo=UTC)
    assert (one.published.text, one.published.rule) == ("Tue, 07 Feb 2023 08:15:00 +0100", "rss:published")
    (one,) = read(rss(item(more="<dc:date>2023-02-07T08:15:00</dc:date>")), zone="Europe/Paris").candidates
    assert one.published is not None
    assert one.published.at == datetime(2023, 2, 7, 7, 15, tzinfo=UTC)
    assert one.modified is None
    entry = '<entry><link href="/a"/><published>2023-02-07T08:15:00Z</published><updated>2023-02-08T00:00:00Z</updated></entry>'
    (one,) = read(atom(entry)).candidates
    assert one.published is not None
    assert one.modified is not None
    assert (one.published.at, one.modified.at) == (
        datetime(2023, 2, 7, 8, 15, tzinfo=UTC),
        datetime(2023, 2, 8, tzinfo=UTC),
    )
    (one,) = read(atom('<entry><link href="/a"/><updated>2023-02-08T00:00:00Z</updated></entry>')).candidates
    assert one.published is None
    item_json = {"url": "/j", "title": "T", "date_published": "2023-02-07T08:15:00Z", "date_modified": "2023-02-07"}
    (one,) = read(json.dumps({"items": [item_json]})).candidates
    assert one.published is not None
    assert one.modified is not None
    assert (one.title, one.modified.precision) == ("T", "day")


def test_entries_keep_their_order_and_come_once():
    found = read(rss("".join(item(f"<link>/{name}</link>") for name in "cabc")))
    assert [(one.url[-1], one.position) for one in found.candidates] == [("c", 0), ("a", 1), ("b", 2)]
    assert found.problems == ()


def test_entries_without_a_usable_link_are_counted():
    found = read(rss(item("<link>mailto:a@b.c</link>") + item("<link>javascript:x()</link>") + item("") + item()))
    assert len(found.candidates) == 1
    assert found.problems == ("entries without a usable link: 3",)


@pytest.mark.parametrize(
    ("head", "ttl_s"),
    [
        ("<ttl>15</ttl>", 900),
        ("<ttl>999999</ttl>", 86_400),
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 900),
        ("<sy:updatePeriod> daily </sy:updatePeriod>", 86_400),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600),
        ("<ttl>nan</ttl>", None),
        ("<ttl>inf</ttl>", 86_400),
        ("", None),
    ],
)
def test_a_feed_may_ask_to_be_left_alone(head: str, ttl_s: float | None):
    assert read(rss(item(), head)).ttl_s == ttl_s


def test_a_hub_and_what_to_subscribe_to():
    head = '<atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="/feeds/self.xml"/>'
    found = read(rss(item(), head))
    assert (found.hub, found.topic) == ("https://hub.example/", "https://www.example.org/feeds/self.xml")
    feed = {
        "items": [],
        "feed_url": URL,
        "hubs": [{"type": "rssCloud", "url": "https://no"}, {"type": "WebSub", "url": "https://hub.example/"}],
    }
    found = read(json.dumps(feed))
    assert (found.hub, found.topic) == ("https://hub.example/", URL)
    assert read(rss(item())).hub is None


def test_a_feed_without_entries_is_a_feed():
    assert read(rss("")).candidates == ()
    assert read(atom("")).candidates == ()
    assert read('{"items": []}').candidates == ()


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        pytest.param("<!DOCTYPE html><html><body>404", "not_a_feed", "HTML", id="a page"),
        pytest.param(
            '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', "not_a_feed", "HTML", id="XHTML"
        ),
        pytest.param("", "not_a_feed", "empty", id="nothing"),
        pytest.param(" \n\t", "not_a_feed", "empty", id="blanks"),
        pytest.param("<urlset><url><loc>https://x.org</loc></url></urlset>", "not_a_feed", "sitemap", id="a sitemap"),
        pytest.param('{"error": 404}', "not_a_feed", "items", id="other JSON"),
        pytest.param('{"items": 3}', "not_a_feed", "items", id="items that are no list"),
        pytest.param("[1, 2]", "not_a_feed", "items", id="a JSON list"),
        pytest.param('{"items": [', "broken_feed", "JSON", id="broken JSON"),
        pytest.param("{" * 100_000, "broken_feed", "JSON", id="JSON nested without end"),
        pytest.param("<a><b/></a>", "broken_feed", "neither", id="other XML"),
        pytest.param("plain text", "not_a_feed", "something else", id="text"),
        pytest.param(b"\x00\x01\x02\xff", "not_a_feed", "something else", id="bytes"),
        pytest.param("x" * 20_000_001, "too_large", "limit", id="too large"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes | str, code: str, word: str):
    with pytest.raises(Unreadable, match=word) as caught:
        read(body)
    assert caught.value.code == code
    assert URL in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
            + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
            + "]>"
            + rss(item(more="<title>&m;</title>"))[38:],
            id="a billion laughs",
        ),
        pytest.param(
            '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + rss(item(more="<title>&f;</title>"))[38:],
            id="a file of this machine",
        ),
        pytest.param('<?xml version="1.0"?>' + "\n" * 1_000_000 + rss(item())[38:], id="a million blank lines"),
        pytest.param("<rss><channel>" + "<item>" * 100_000, id="items in items"),
        pytest.param("<rss><channel><item><title>" + "<b>" * 50_000, id="depth"),
        pytest.param(rss(item(more="<title>" + "&amp;" * 200_000 + "</title>")), id="a long title"),
        pytest.param(rss(item(more="<title>" + "<![CDATA[" * 30_000 + "</title>")), id="CDATA unclosed"),
        pytest.param(rss(item(more="<title>" + "&" * 100_000 + "</title>")), id="ampersands"),
        pytest.param(rss(item(more="<title>" + "<!--" * 30_000 + "</title>")), id="comments unclosed"),
        pytest.param("<rss version='2.0'><channel>" + "<item><link>" + "<" * 100_000, id="angles"),
        pytest.param("<rss version='2.0'><channel><item " + "a='b' " * 100_000 + "/>", id="attributes"),
    ],
)
def test_a_hostile_feed_ends_soon_and_gives_nothing_away(body: str):
    began = time.process_time()
    try:
        found = read(body)
    except Unreadable:
        found = None
    assert time.process_time() - began < 5
    assert "root:" not in repr(found)
    assert all(len(one.title or "") <= 1000 for one in (found.candidates if found else ()))


SEEDS = [
    rss(
        item(more="<title>Un titre</title><pubDate>Tue, 07 Feb 2023 08:15:00 +0100</pubDate>"), "<ttl>5</ttl>"
    ).encode(),
    atom('<entry><title type="html">&lt;b&gt;x</title><link href="/a"/><updated>2023-02-08</updated></entry>').encode(),
    json.dumps({"items": [{"url": "/j", "title": "T"}], "hubs": [{"type": "WebSub", "url": "/h"}]}).encode(),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=8)), max_size=5)
)
def test_a_damaged_feed_is_read_or_named(body: bytes, edits: list[tuple[float, int, bytes]]):
    mutated = bytearray(body)
    for where, length, new in edits:
        at = int(where * len(mutated))
        mutated[at : at + length] = new
    try:
        found = read(bytes(mutated))
    except Unreadable as error:
        assert error.code in {"not_a_feed", "broken_feed"}  # noqa: PT017 - both ways are right here
    else:
        assert all(one.url.startswith("http") for one in found.candidates)


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["items", "url", "id", "title", "hubs", "type", "date_published", "feed_url"]), x), max_leaves=12))  # fmt: skip
def test_any_json_is_read_or_named(value: object):
    try:
        read(json.dumps({"items": value}))
    except Unreadable as error:
        assert error.code in {"not_a_feed", "broken_feed"}  # noqa: PT017 - both ways are right here
