"""Links of a page: resolved, named and compared with the page itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import anchors, document
from etl.extract.anchors import OWN

PAGE = "https://www.news.example/town/why-the-bridge-had-to-close-81348547.html"


def shapes(*hrefs: str) -> list[tuple[str, int]]:
    links = "".join(f'<a href="{href}">x</a>' for href in hrefs)
    doc = document.parse(f"<html><body>{links}</body></html>".encode(), url=PAGE)
    return [(anchor.url, anchor.shape) for anchor in anchors.find(doc)]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        pytest.param("/town/a-b-c-d-e", "https://www.news.example/town/a-b-c-d-e", id="from the root"),
        pytest.param("mayor-12345.html", "https://www.news.example/town/mayor-12345.html", id="relative"),
        pytest.param("//other.example/a-b-c-d-e", "https://other.example/a-b-c-d-e", id="without scheme"),
        pytest.param("/town/a-b-c-d-e#comments", "https://www.news.example/town/a-b-c-d-e", id="fragment dropped"),
    ],
)
def test_links_are_absolute(href: str, url: str) -> None:
    assert [found for found, _ in shapes(href)] == [url]


@pytest.mark.parametrize(
    "href",
    ["#top-1-2-3", "javascript:void(0-1-2)", "mailto:a-b-c@news.example", "tel:+12-34-56", "", "/sport/", "http://"],
)
def test_what_leads_to_no_article_is_left_out(href: str) -> None:
    assert shapes(href) == []


@pytest.mark.parametrize(
    "href",
    [
        PAGE,
        PAGE + "?utm_source=x&utm_medium=y",
        PAGE.replace("https", "http") + "#comments-12",
        PAGE + "/gallery-1",
        PAGE + "?page=2",
    ],
)
def test_the_page_and_its_parts_are_its_own(href: str) -> None:
    assert [shape for _, shape in shapes(href)] == [OWN]


def test_sponsored_links_are_left_out() -> None:
    body = '<a rel="sponsored nofollow" href="/town/a-b-c-d-e">x</a>'
    doc = document.parse(f"<html><body>{body}</body></html>".encode(), url=PAGE)
    assert anchors.find(doc) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://News.example/a/", "http://news.example/a", id="scheme, case of the host, slash"),
        pytest.param("https://news.example/a?utm_source=x", "https://news.example/a", id="tracking"),
        pytest.param("https://news.example/a?id=7&utm_source=x", "https://news.example/a?id=7", id="keeps the rest"),
    ],
)
def test_one_page_has_one_identity(one: str, other: str) -> None:
    assert anchors.identity(one) == anchors.identity(other)


def test_different_pages_differ() -> None:
    assert anchors.identity("https://news.example/a?id=7") != anchors.identity("https://news.example/a?id=8")


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_href_is_survived(hrefs: list[str]) -> None:
    doc = document.parse(b"<html><body><p>x</p></body></html>", url=PAGE)
    for href in hrefs:
        doc.by_tag.setdefault("a", []).append(len(doc.tags))
        doc.tags.append("a")
        doc.attrs.append({"href": href})
    for anchor in anchors.find(doc):
        assert anchor.url.startswith("http")
