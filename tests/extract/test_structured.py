"""What a page says to machines: meta elements, the article's JSON-LD object, microdata, rel."""

from __future__ import annotations

import json

import pytest

from etl.extract import document, structured
from etl.extract.structured import Structured

URL = "https://paper.example/news/rain-in-the-hills-123"


def facts(head: str = "", body: str = "", *, ld: object = None, url: str = URL) -> Structured:
    script = f'<script type="application/ld+json">{json.dumps(ld)}</script>' if ld is not None else ""
    page = f"<html><head>{head}{script}</head><body>{body}</body></html>"
    return structured.read(document.parse(page.encode(), url=url))


def article(headline: str, **fields: object) -> dict[str, object]:
    return {"@type": "NewsArticle", "headline": headline, **fields}


def test_meta_contents_are_kept_in_order_under_lower_case_names() -> None:
    found = facts(
        '<meta property="OG:Title" content=" A  &amp;amp; B "><meta name="author" content="Ada"><meta name="author" content="Bo">'
        '<meta name="author" content="Bo"><meta name="empty" content=" "><meta http-equiv="Content-Language" content="fr">'
    )
    assert found.meta == {"og:title": ("A & B",), "author": ("Ada", "Bo"), "content-language": ("fr",)}
    assert found.first("nothing", "author") == "Ada"
    assert found.first("nothing") == ""


@pytest.mark.parametrize(
    ("ld", "headline"),
    [
        pytest.param(article("Rain"), "Rain", id="the only article"),
        pytest.param({"@type": ["Article", "NewsArticle"], "headline": "Rain"}, "Rain", id="several types"),
        pytest.param({"@type": "http://schema.org/NewsArticle", "headline": "Rain"}, "Rain", id="type as an address"),
        pytest.param([article("Sun"), article("Rain", url=URL)], "Rain", id="its address decides"),
        pytest.param(
            [article("Sun"), article("Rain", mainEntityOfPage={"@id": URL + "/"})],
            "Rain",
            id="main entity of this page",
        ),
        pytest.param(
            [article("Sun", url="https://paper.example/sun"), article("Rain")],
            "Rain",
            id="another page's address loses",
        ),
        pytest.param([article("Sun"), article("Rain in the hills")], "Rain in the hills", id="its headline decides"),
        pytest.param({"@type": "WebPage", "mainEntity": article("Rain")}, "Rain", id="inside the page object"),
        pytest.param(
            [{"@type": "WebPage", "datePublished": "2026-01-01"}, article("Rain")],
            "Rain",
            id="an article before a page",
        ),
        pytest.param(
            {"@type": "LiveBlogPosting", "headline": "Rain", "liveBlogUpdate": [article("12:00")]},
            "Rain",
            id="not an entry",
        ),
        pytest.param({"@type": "VideoObject", "headline": "Rain"}, "Rain", id="a video stands in"),
    ],
)
def test_the_main_object_is_the_one_about_this_page(ld: object, headline: str) -> None:
    main = facts(body="<h1>Rain in the hills</h1>", ld=ld).main
    assert main is not None
    assert main["headline"] == headline


@pytest.mark.parametrize(
    "ld",
    [
        pytest.param({"@type": "Organization", "name": "Paper"}, id="only a publisher"),
        pytest.param({"@type": "ItemList", "itemListElement": [article("Rain", url=URL)]}, id="only a list of teasers"),
        pytest.param(
            [article(f"Teaser {n}", url=f"https://paper.example/{n}") for n in range(9)], id="a front page's teasers"
        ),
        pytest.param([], id="nothing"),
    ],
)
def test_no_object_is_main_when_none_is_about_this_page(ld: object) -> None:
    assert facts(body="<h1>Paper</h1>", ld=ld, url="https://paper.example/").main is None


def test_references_by_id_are_resolved() -> None:
    graph = {
        "@graph": [article("Rain", author={"@id": "#ada"}), {"@id": "#ada", "@type": "Person", "name": "Ada Hill"}]
    }
    main = facts(ld=graph).main
    assert main is not None
    assert structured.strings(main["author"]) == ("Ada Hill",)


def test_microdata_and_rel_name_their_elements() -> None:
    page = b'<link rel="Canonical x" href="/c"><p itemprop="Author name">Ada</p><a rel="Tag nofollow" href="/x">x</a>'
    doc = document.parse(page, url=URL)
    found = structured.read(doc)
    paragraph, link, canonical = doc.by_tag["p"][0], doc.by_tag["a"][0], doc.by_tag["link"][0]
    assert found.microdata == {"author": (paragraph,), "name": (paragraph,)}
    assert found.links == {"canonical": (canonical,), "x": (canonical,)}
    assert structured.linked(doc, "tag") == [link]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        pytest.param("a &amp; b", ("a & b",), id="a text"),
        pytest.param(None, (), id="nothing"),
        pytest.param(True, ("true",), id="a boolean"),
        pytest.param(12, ("12",), id="a number"),
        pytest.param({"@value": "x", "name": "y"}, ("x",), id="a value object"),
        pytest.param([{"name": "a"}, "b", ["c", {"url": "d"}]], ("a", "b", "c", "d"), id="a mixed list"),
        pytest.param({"other": "x"}, (), id="an object without a text"),
    ],
)
def test_strings_are_the_texts_of_any_json_ld_value(value: object, texts: tuple[str, ...]) -> None:
    assert structured.strings(value) == texts


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param("Tom &amp;amp; Ann", "Tom & Ann", id="escaped twice"),
        pytest.param("The <em>long</em> rain<br/>", "The long rain", id="tags"),
        pytest.param("1 < 2 and 3 > 2", "1 < 2 and 3 > 2", id="signs that are no tags"),
        pytest.param("Heli\u00adkopter\u200b\ufeff", "Helikopter", id="invisible letters"),
        pytest.param("می\u200cروم", "می\u200cروم", id="Persian keeps its non-joiner"),
        pytest.param("  a \n\t b\u00a0c ", "a b c", id="white space"),
    ],
)
def test_texts_are_cleaned_to_what_a_reader_sees(raw: str, text: str) -> None:
    assert structured.clean(raw) == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("https://www.a.example/x/", "http://a.example/x?utm=1#top", True, id="scheme, www, query, slash"),
        pytest.param("https://a.example/caf%C3%A9", "https://a.example/café", True, id="percent-encoding"),
        pytest.param("https://a.example/x", "https://b.example/x", False, id="another host"),
        pytest.param("https://a.example/", "https://a.example/", False, id="front pages never"),
        pytest.param("", "", False, id="nothing"),
    ],
)
def test_two_addresses_of_one_page_are_the_same(one: str, other: str, same: bool) -> None:
    assert structured.is_same_page(one, other) is same
