"""Links of a page: resolved, named and compared with the page itself."""

from __future__ import annotations

import pytest
from extract.forms import compiled_form, python_form
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.extract import anchors, article_urls, document
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


_KNOWN = (
    "news tag author jane-authors live 2024 03 1 07 20240307 81348547 a-b-c-d-e-f-g why-the-bridge-had-to-close x.html "
    "x.pdf photo.JPG terms-2 impressum article_12 12_march_24 2024-03-07 0a1b2c3d4e 1234abcd-12ab-34cd topics "
    "20241127-SYT8T6050497 caf%C3%A9-au-lait-et-plus \u0663\u0663-\u00e9t\u00e9 .pdf ."
)
_SEGMENTS = st.sampled_from(_KNOWN.split()) | st.text(alphabet="abcXYZ019-_+.%/ \n\u00e9\u0661", max_size=14)
_PATHS = st.lists(_SEGMENTS, max_size=5).map("/".join)
_QUERIES = st.sampled_from(["", "", "?", "?id=12345", "?utm_source=x", "?utm_source=x&p=123456", "?a=b#c", "#c", "#?d"])
_HREFS = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        ["/", "", "//other.example/", "https://WWW.news.example/", "http://m.news.example", "mailto:", " /", "x:"]
    ),
    _PATHS,
    _QUERIES,
)
_OWNS = st.none() | st.builds(article_urls.Own, st.integers(1, 8), st.booleans())


@settings(max_examples=400, deadline=None)
@given(_PATHS, _QUERIES, _OWNS)
@example("x/a_b_c-1-2-3", "", None)
@example("a/b/12/3", "", None)
@example("a/b/1234abcd-12ab-34cd-", "", None)
def test_both_forms_see_the_same_shape(path: str, query: str, own: article_urls.Own | None) -> None:
    key = f"news.example/{path}{query}"
    assert compiled_form("etl.extract._anchors")._shape_of(key, own) == article_urls.shape(key, own)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_HREFS, max_size=12),
    st.sampled_from([PAGE, "https://news.example/", "http://a.example/2024/x-y-z-v-w?id=12345"]),
)
def test_both_forms_find_the_same_links(hrefs: list[str], url: str) -> None:
    form, python = compiled_form("etl.extract._anchors"), python_form("etl.extract.anchors")
    links = "".join(f'<a href="{href}" rel="{"sponsored" if len(href) == 9 else ""}">x</a>' for href in hrefs)
    doc = document.parse(f"<html><body>{links}</body></html>".encode(), url=url)
    assert [tuple(one) for one in form.find(doc)] == [tuple(one) for one in python.find(doc)]
