"""One page as flat arrays: numbering, lines, words, bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import Unreadable
from etl.extract import document

URL = "https://paper.example/news/rain"


def parse(html: str) -> document.Document:
    return document.parse(html.encode(), url=URL)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("<p>one <b>two</b> three</p>", "one two three", id="inline elements do not break a line"),
        pytest.param("<p><b>one</b> <i>two</i></p>", "one two", id="white space between tags is kept as one space"),
        pytest.param("<p><b>one<i> </i></b>two</p>", "one two", id="white space deep inside the tag before"),
        pytest.param("<p><b>one</b><i>two</i></p>", "onetwo", id="no white space, no space"),
        pytest.param("<div>one</div><div>two</div>", "one two", id="blocks separate words"),
        pytest.param("<p>one<br>two</p>", "one two", id="a line break separates words"),
        pytest.param("<p>wo<script>x()</script>rd</p>", "word", id="what nobody sees separates nothing"),
        pytest.param("<p>one&nbsp; \n two</p>", "one two", id="all white space is one space"),
        pytest.param("<p>a<noscript>no</noscript><template>no</template></p>", "a", id="unseen elements have no text"),
        pytest.param("<ruby>子<rt>こ</rt></ruby>ども", "子ども", id="how a word sounds is no text"),
        pytest.param("<ruby>子<rp>(</rp><rt>こ</rt><rp>)</rp></ruby>ども", "子(こ)ども", id="but in brackets"),
        pytest.param("<custom-a>one</custom-a><custom-b>two</custom-b>", "one two", id="unknown elements are blocks"),
    ],
)
def test_text_reads_as_a_person_sees_it(html: str, text: str) -> None:
    doc = parse(f"<body>{html}</body>")
    assert doc.text(doc.by_tag["body"][0]) == text


def test_elements_know_their_descendants_and_their_text() -> None:
    doc = parse("<body><div id=a><p>one</p><p>two <a href=/x>three</a></p></div><p>four</p></body>")
    div = next(element for element in doc.by_tag["div"])
    assert [doc.tags[element] for element in range(div, doc.ends[div])] == ["div", "p", "p", "a"]
    assert doc.text(div) == "one two three"
    assert doc.text_length(div) == len("one") + len("two") + len("three")
    assert [doc.tags[element] for element in doc.children(div)] == ["p", "p"]
    assert [doc.tags[element] for element in doc.ancestors(div)] == ["body", "html"]
    anchor = doc.by_tag["a"][0]
    assert doc.boxes[doc.first_text[anchor]] == doc.parents[anchor]


def test_relative_links_use_the_base_element() -> None:
    doc = parse('<head><base href="https://cdn.example/deep/"></head><body></body>')
    assert doc.absolute("a.html") == "https://cdn.example/deep/a.html"
    assert doc.absolute("http://[broken") is None


def test_scripts_are_kept_apart_from_json_ld() -> None:
    doc = parse('<script type="application/LD+json">{"a": 1}</script><script>push(1)</script><script src=x></script>')
    assert doc.json_ld == ['{"a": 1}']
    assert list(doc.scripts()) == ["push(1)"]


def test_selectors_give_element_numbers_and_broken_ones_nothing() -> None:
    doc = parse("<body><p class=x>one</p><div><p class=x>two</p></div></body>")
    assert [doc.text(element) for element in doc.select("p.x")] == ["one", "two"]
    assert doc.select("p[") == []


def test_dropped_selectors_are_gone_before_anything_is_read() -> None:
    doc = document.parse(b"<body><p>one</p><div class=x>two</div></body>", url=URL, drop=("div.x", "p["))
    assert doc.text(0) == "one"


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        pytest.param(("html",), "one two three four", id="the root stays"),
        pytest.param(("*",), "", id="all but the root"),
        pytest.param(("div, .x, div.x", "div"), "four", id="one in another, each several times"),
        pytest.param((":root, .y", "p"), "one two", id="the root among others"),
    ],
)
def test_what_is_dropped_goes_once_with_all_inside_it_and_never_the_root(drop, left) -> None:
    body = b"<div class=x>one<div class=x>two<p class=y>three</p></div></div><p>four</p>"
    assert document.parse(body, url=URL, drop=drop).text(0) == left


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "empty", id="no bytes"),
        pytest.param(b" \n\t ", "empty", id="white space only"),
        pytest.param(b"%PDF-1.7 ...", "not_html", id="PDF"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "not_html", id="image"),
        pytest.param(b'{"error": 1}', "not_html", id="JSON"),
    ],
)
def test_what_is_no_page_is_unreadable_with_its_reason(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        document.parse(body, url=URL)
    assert raised.value.code == code


HOSTILE = {
    "nested blocks": b"<div>" * 100_000 + b"x" + b"</div>" * 100_000,
    "nested and never closed": b"<ul><li>" * 50_000 + b"x",
    "a million attributes": b"<div " + b" ".join(b"a%d=1" % n for n in range(1_000_000)) + b">x",
    "a million attributes without values": b"<div " + b" ".join(b"a%d" % n for n in range(1_000_000)) + b">x",
    "formatting that multiplies": b"".join(b"<b id=%d><p>" % n for n in range(50_000)),
    "40 MB of one text": b"<p>" + b"x" * 40_000_000,
    "tags that never end": b"<a" * 2_000_000,
    "scripts that never end": b"<script " * 500_000,
    "only less-than signs": b"<" * 4_000_000,
    "huge colspan": b"<table><tr><td colspan=9007199254740991>x" * 2_000,
    "zero bytes": b"<p>\0x" * 100_000,
    "wrong charset": b"<meta charset=utf-8><p>" + b"\xe9\xff\xfe" * 300_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_pages_cost_no_more_than_a_large_honest_one(body: bytes) -> None:
    started = time.process_time()
    doc = document.parse(body, url=URL)
    assert time.process_time() - started < 2.0
    assert len(doc.tags) <= 400_001


@given(st.binary(max_size=400))
def test_any_bytes_make_a_document_or_are_unreadable(body: bytes) -> None:
    try:
        doc = document.parse(b"<p>" + body, url=URL)
    except Unreadable:
        return
    count = len(doc.tags)
    assert len(doc.parents) == len(doc.ends) == len(doc.attrs) == len(doc.first_text) == len(doc.last_text) == count
    assert all(parent < element < doc.ends[element] <= count for element, parent in enumerate(doc.parents))
    assert len(doc.owners) == len(doc.boxes) == len(doc.texts) == len(doc.chars) - 1
    for text in doc.texts:
        text.encode("utf-8")


TAGS = st.sampled_from(["p", "div", "b", "a", "td", "tr", "table", "li", "h1", "span", "br", "script", "svg"])


@given(st.lists(st.tuples(st.booleans(), TAGS, st.text(max_size=5)), max_size=60))
def test_chunks_of_an_element_are_exactly_those_below_it(pieces: list[tuple[bool, str, str]]) -> None:
    doc = parse("<body>" + "".join(f"<{'/' if close else ''}{tag}>{text}" for close, tag, text in pieces))
    for element in range(len(doc.tags)):
        below = [chunk for chunk, owner in enumerate(doc.owners) if element <= owner < doc.ends[element]]
        assert below == list(range(doc.first_text[element], doc.last_text[element]))
