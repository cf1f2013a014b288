"""Section and tags: what the markup names, and the topic links a reader sees."""

from __future__ import annotations

import json

import pytest

from etl.extract import document, site, structured, topics

URL = "https://www.hillpost.example/news/rain-in-the-hills-123"


def read(
    ld: dict[str, object] | None = None, *, head: str = "", body: str = ""
) -> tuple[str | None, tuple[str, ...], str]:
    script = (
        f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **ld})}</script>'
        if ld is not None
        else ""
    )
    site_name = '<meta property="og:site_name" content="Hill Post">'
    doc = document.parse(f"<html><head>{site_name}{head}{script}</head><body>{body}</body></html>".encode(), url=URL)
    facts = structured.read(doc)
    known = site.names(facts, URL)
    tags = topics.tags(doc, facts, known, authors=("Ada Hill",), title="Rain in the hills")
    return topics.section(doc, facts, known).value, tags.value, tags.rule


@pytest.mark.parametrize(
    ("head", "ld", "expected", "rule"),
    [
        pytest.param(
            '<meta name="keywords" content="rain, hills,rain ; river">',
            None,
            ("rain", "hills", "river"),
            "keywords",
            id="split, each once",
        ),
        pytest.param(
            '<meta property="article:tag" content="Rain"><meta property="article:tag" content="River">',
            None,
            ("Rain", "River"),
            "article:tag",
            id="repeated",
        ),
        pytest.param(
            '<meta name="keywords" content="weather news, news today"><meta property="article:tag" content="Rain,River">',
            None,
            ("Rain", "River"),
            "article:tag",
            id="the article's tags before keywords",
        ),
        pytest.param(
            '<meta name="keywords" content="rain, river"><meta property="article:tag" content="why it rains in hills">',
            None,
            ("rain", "river"),
            "keywords",
            id="a search phrase is no tag",
        ),
        pytest.param(
            '<meta name="dcterms.subject" content="Rain">', None, ("Rain",), "dcterms.subject", id="Dublin Core"
        ),
        pytest.param(
            "",
            {"keywords": ["topic/Rain", "place/Hill Dale"]},
            ("Rain", "Hill Dale"),
            "json-ld:keywords",
            id="with kinds",
        ),
        pytest.param(
            "",
            {"keywords": ["Tag: rain", "river", "hills"]},
            ("Tag: rain", "river", "hills"),
            "json-ld:keywords",
            id="once is no kind",
        ),
        pytest.param("", {"keywords": ["Rain", "River"]}, ("Rain", "River"), "json-ld:keywords", id="JSON-LD list"),
        pytest.param("", {"keywords": "Rain, River"}, ("Rain", "River"), "json-ld:keywords", id="JSON-LD text"),
        pytest.param(
            '<meta name="keywords" content="Hill Post, Ada Hill, Rain in the hills, rain">',
            None,
            ("rain",),
            "keywords",
            id="not site, author, title",
        ),
        pytest.param(
            '<meta name="keywords" content="rain,8ae9ab2d-fe1b-4230-acb8-a59b52877682,INDG08,Category: News,12">',
            None,
            ("rain",),
            "keywords",
            id="no codes",
        ),
        pytest.param(
            '<meta name="keywords" content="雨、丘、川">', None, ("雨", "丘", "川"), "keywords", id="Japanese commas"
        ),
        pytest.param('<meta name="keywords" content="#雨">', None, ("雨",), "keywords", id="a hash is no part of it"),
        pytest.param(
            '<meta name="news_keywords" content="AERO,CRSH,GEN,RSBI:WAR,US,Rain">'
            '<meta property="article:tag" content="Hills">',
            None,
            ("Hills",),
            "article:tag",
            id="no list of an agency's codes",
        ),
        pytest.param("", None, (), "", id="nothing"),
    ],
)
def test_tags_come_from_the_markup(
    head: str, ld: dict[str, object] | None, expected: tuple[str, ...], rule: str
) -> None:
    assert read(ld, head=head)[1:] == (expected, rule)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            '<ul class="tags"><li><a href="/tag/rain">Rain</a></li><li><a href="/tag/river">River</a></li></ul>',
            ("Rain", "River"),
            id="a list",
        ),
        pytest.param(
            '<p>Topics: <a rel="tag" href="/x">Rain</a>, <a rel="tag" href="/y">River</a></p>',
            ("Rain", "River"),
            id="rel",
        ),
        pytest.param(
            '<nav class="menu"><a href="/tag/a">A one</a><a href="/tag/b">B two</a></nav>', (), id="not a menu"
        ),
        pytest.param(
            '<p>A long sentence about the river, which is <a href="/topic/rivers">a river</a> like any other.</p>',
            (),
            id="not in a sentence",
        ),
        pytest.param(
            "<div>" + "".join(f'<a href="/tag/t{n}">Topic {n}</a> ' for n in range(60)) + "</div>",
            (),
            id="not a cloud of all topics",
        ),
        pytest.param(
            '<section><h3>\n Mehr lesen über\n </h3><ul><li><a href="/wetter/">Wetter</a></li>'
            '<li><a href="/hills/">Hügel</a></li></ul></section>',
            ("Wetter", "Hügel"),
            id="below a label, wherever they lead",
        ),
        pytest.param(
            '<p><b>Tags:</b> <a href="/weather">Weather</a>, <a href="/hills">Hills</a></p>',
            ("Weather", "Hills"),
            id="behind a label",
        ),
        pytest.param(
            '<section><h3>More about</h3><ul><li><a href="/1">How the rain came to all of the hills</a></li>'
            '<li><a href="/2">Why the river did not mind it at all</a></li></ul></section>',
            (),
            id="not headlines below a label",
        ),
        pytest.param(
            '<footer><div><h4>Topics</h4><p><a href="/a">Sport</a> <a href="/b">Arts</a></p></div></footer>',
            (),
            id="not the footer's",
        ),
        pytest.param(
            '<p><a href="/news/rain">Rain</a> <a href="/news/sun">Sun</a></p>', (), id="not links to articles"
        ),
    ],
)
def test_topic_links_stand_in(body: str, expected: tuple[str, ...]) -> None:
    assert read(body=f"<h1>Rain in the hills</h1>{body}")[1] == expected


def test_a_single_keyword_in_json_ld_gives_way_to_more_topic_links() -> None:
    body = '<ul class="tags"><li><a href="/tag/rain">Rain</a></li><li><a href="/tag/river">River</a></li></ul>'
    assert read({"keywords": "Weather"}, body=body)[1] == ("Rain", "River")


@pytest.mark.parametrize(
    ("head", "ld", "section"),
    [
        pytest.param('<meta property="article:section" content="Weather">', None, "Weather", id="meta"),
        pytest.param(
            '<meta property="article:section" content="Weather">',
            {"articleSection": ["News", "Hills"]},
            "News",
            id="JSON-LD first",
        ),
        pytest.param('<meta property="article:section" content="Hill Post">', None, None, id="not the site"),
        pytest.param("", {"articleSection": "https://x.example/1"}, None, id="not an address"),
        pytest.param(
            "",
            {
                "mainEntity": {
                    "@type": "BreadcrumbList",
                    "itemListElement": [
                        {"item": {"name": "Home"}},
                        {"name": "Weather"},
                        {"item": {"name": "Rain in the hills"}},
                    ],
                }
            },
            "Weather",
            id="breadcrumb",
        ),
        pytest.param("", None, None, id="nothing"),
    ],
)
def test_the_section_is_the_one_the_page_names(head: str, ld: dict[str, object] | None, section: str | None) -> None:
    assert read(ld, head=head)[0] == section
