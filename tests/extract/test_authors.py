"""Authors: the markup first, the byline where it names no person, people before organisations."""

from __future__ import annotations

import json

import pytest

from etl.extract import authors, document, site, structured, title

URL = "https://www.hillpost.example/news/rain-in-the-hills-123"
PERSON = {"@type": "Person", "name": "Ada Hill"}
SITE = {"@type": "Organization", "name": "Hill Post"}


def written(author: object = None, *, head: str = "", body: str = "") -> tuple[tuple[str, ...], str]:
    ld = {"@type": "NewsArticle", "headline": "Rain in the hills", "author": author, "publisher": SITE}
    script = f'<script type="application/ld+json">{json.dumps(ld)}</script>'
    nav = "<nav><a href='/authors/zoe'>Zoe Menu</a></nav>"
    page = f"<html><head>{head}{script}</head><body>{nav}<h1>Rain in the hills</h1>{body}</body></html>"
    doc = document.parse(page.encode(), url=URL)
    facts = structured.read(doc)
    known = site.names(facts, URL)
    choice = authors.read(doc, facts, known, heading=title.read(doc, facts, known).element)
    return choice.value, choice.rule


@pytest.mark.parametrize(
    ("author", "head", "expected", "rule"),
    [
        pytest.param(PERSON, "", ("Ada Hill",), "json-ld:author", id="a person"),
        pytest.param(
            [PERSON, {"@type": "Person", "name": "Bo Dale"}],
            "",
            ("Ada Hill", "Bo Dale"),
            "json-ld:author",
            id="two people",
        ),
        pytest.param("Ada Hill and Bo Dale", "", ("Ada Hill", "Bo Dale"), "json-ld:author", id="a text"),
        pytest.param(["Ada Hill", "Bo Dale"], "", ("Ada Hill", "Bo Dale"), "json-ld:author", id="texts"),
        pytest.param(
            {"name": ["Ada Hill", "Bo Dale"]}, "", ("Ada Hill", "Bo Dale"), "json-ld:author", id="several names in one"
        ),
        pytest.param(
            {"givenName": "Ada", "familyName": "Hill"}, "", ("Ada Hill",), "json-ld:author", id="given and family name"
        ),
        pytest.param(
            [{"@type": "Organization", "name": "dpa"}, PERSON],
            "",
            ("Ada Hill", "dpa"),
            "json-ld:author",
            id="people before organisations",
        ),
        pytest.param(
            SITE,
            '<meta name="author" content="Ada Hill">',
            ("Ada Hill",),
            "meta",
            id="a person in meta before the site",
        ),
        pytest.param(SITE, '<meta name="author" content="dpa">', ("dpa",), "meta", id="an agency before the site"),
        pytest.param(SITE, "", ("Hill Post",), "json-ld:author", id="the site when nobody else"),
        pytest.param(
            None,
            '<meta name="author" content="Hill Post https://hillpost.example">',
            (),
            "",
            id="the site speaking of itself",
        ),
        pytest.param(
            None,
            '<meta property="article:author" content="https://social.example/ada"><meta name="author" content="Ada Hill">',
            ("Ada Hill",),
            "meta",
            id="an account's address is no name",
        ),
        pytest.param(
            None,
            '<meta name="dc.creator" content="Hill, Ada"><meta name="dc.creator" content="Dale, Bo">',
            ("Ada Hill", "Bo Dale"),
            "meta",
            id="libraries",
        ),
        pytest.param(
            None,
            '<meta name="author" content="Ada Hill"><meta name="author" content="Hill Media Inc.">',
            ("Ada Hill",),
            "meta",
            id="not the company",
        ),
        pytest.param(
            None,
            '<meta name="author" content="Ada Hill"><meta name="author" content="Hill Post">',
            ("Ada Hill",),
            "meta",
            id="not the site beside a person",
        ),
        pytest.param(
            [PERSON, SITE], "", ("Ada Hill", "Hill Post"), "json-ld:author", id="unless JSON-LD names both as authors"
        ),
        pytest.param(None, "", (), "", id="nobody"),
    ],
)
def test_the_markup_names_the_authors(author: object, head: str, expected: tuple[str, ...], rule: str) -> None:
    assert written(author, head=head) == (expected, rule)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param('<p class="byline">By Ada Hill</p>', ("Ada Hill",), id="a class"),
        pytest.param('<span itemprop="author">Ada Hill</span>', ("Ada Hill",), id="microdata"),
        pytest.param('<a rel="author" href="/x">Ada Hill</a>', ("Ada Hill",), id="rel"),
        pytest.param('<a href="/authors/ada-hill">Ada Hill</a>', ("Ada Hill",), id="a profile link"),
        pytest.param("<p>By <b>Ada Hill</b></p>", ("Ada Hill",), id="words only"),
        pytest.param("<p>Geschrieben von</p><p>Ada Hügel</p>", ("Ada Hügel",), id="the label stands alone on its line"),
        pytest.param(
            '<div class="meta-author"><p>Ada Hill</p><p>3 May 2026</p></div>', ("Ada Hill",), id="only the first line"
        ),
        pytest.param(
            '<div class="authors"><span class="author-name">Ada Hill</span> <span class="author-name">Bo Dale</span></div>',
            ("Ada Hill", "Bo Dale"),
            id="several in one box",
        ),
        pytest.param(
            '<p class="byline">By Ada Hill</p><aside class="related"><p class="byline">By Zoe Other</p></aside>',
            ("Ada Hill",),
            id="teasers",
        ),
        pytest.param(
            '<div class="byline"><span class="author-name">Ada Hill</span>'
            '<span class="author-title">Senior Autos Reporter</span></div>',
            ("Ada Hill",),
            id="what she is, in an element of its own",
        ),
        pytest.param(
            '<p class="byline"><span>Ada Hill</span><span>Founder</span></p>', ("Ada Hill",), id="set apart by style"
        ),
        pytest.param("<p>By HPT, in News, Hills · 31 Jan 2026</p>", ("HPT",), id="a desk in capitals"),
        pytest.param(
            '<div class="article-tags"><a href="/person/zoe-mayor/">Zoe Mayor</a></div>', (), id="whom it is about"
        ),
        pytest.param(
            f'<p><a href="/people/zoe-mayor/">Zoe Mayor</a> {"said that the rain would go on. " * 6}</p>',
            (),
            id="whom the text tells of",
        ),
        pytest.param('<a href="/authors/ada"></a>', (), id="a link without words at the end of the page"),
        pytest.param('<a href="/profile/topics">Edit topics</a>', (), id="what readers may do"),
        pytest.param('<div class="comments"><span class="author-name">Zoe Reader</span></div>', (), id="who comments"),
        pytest.param('<figcaption class="author">Zoe Camera</figcaption>', (), id="who took the picture"),
        pytest.param('<p class="author-info">About the author</p>', (), id="a label"),
        pytest.param(
            "<p>By the river it rained all day and all night long, and nobody minded.</p>", (), id="a sentence"
        ),
    ],
)
def test_the_byline_names_who_the_markup_does_not(body: str, expected: tuple[str, ...]) -> None:
    assert written(body=body) == (expected, "byline" if expected else "")


def test_a_role_in_the_markup_gives_way_to_the_byline() -> None:
    meta = '<meta name="author" content="Marketing and Event Coordinator">'
    assert written(head=meta, body='<p class="byline">By Ada Hill</p>') == (("Ada Hill",), "byline")


def test_a_byline_beats_the_site_in_the_markup_and_says_what_lost() -> None:
    assert written(SITE, body='<p class="byline">By Ada Hill</p>') == (("Ada Hill",), "byline")


ARTICLE = "<article><h1>Rain in the hills</h1>{}<p>Rain fell on the hills for the fourth day, and the river rose.</p>{}</article>"


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        pytest.param(
            "<figure><img src='a.jpg'><figcaption><address><a href='/authors/ada'>Ada Hill</a></address></figcaption></figure>",
            "",
            ("Ada Hill",),
            id="an address beside a portrait",
        ),
        pytest.param(
            "<figure><figcaption><a href='/authors/bo'>Bo Dale</a></figcaption></figure>",
            "",
            (),
            id="who took the picture",
        ),
        pytest.param("", "<footer><p class='author'>Ada Hill</p></footer>", ("Ada Hill",), id="foot of the article"),
        pytest.param("", "</article><footer><p class='author'>Ada Hill</p></footer>", (), id="foot of the page"),
        pytest.param(
            "<div class='header-sidebar'><p class='author'>Ada Hill</p></div>", "", ("Ada Hill",), id="beside the head"
        ),
        pytest.param(
            "<div class='comment-sidebar'><p class='author'>Ada Hill</p></div>", "", (), id="a comment beside the head"
        ),
        pytest.param(
            "<p class='byline'><b>Ada Hill</b><b>Bo Dale</b></p>", "", ("Ada Hill", "Bo Dale"), id="set apart by style"
        ),
        pytest.param("<p>By Ada Hill<i>March 4</i></p>", "", ("Ada Hill",), id="a date set apart by style"),
        pytest.param("<p>Weather | Today | Written by Ada Hill</p>", "", ("Ada Hill",), id="last of a line"),
        pytest.param("<div class='author breadcrumb'>Home Weather</div>", "", (), id="where the page stands"),
    ],
)
def test_a_byline_is_found_where_themes_put_it(above: str, below: str, expected: tuple[str, ...]) -> None:
    doc = document.parse(f"<html><body>{ARTICLE.format(above, below)}</body></html>".encode(), url=URL)
    facts = structured.read(doc)
    assert authors.read(doc, facts, frozenset(), heading=doc.by_tag["h1"][0]).value == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        pytest.param("Written by", ("Ada Hill",), id="English"),
        pytest.param("Verfasst von", ("Ada Hill",), id="German"),
        pytest.param("Escrito por", ("Ada Hill",), id="Spanish"),
        pytest.param("Est. reading time", (), id="something else"),
    ],
)
def test_the_card_for_social_networks_labels_the_author(label: str, expected: tuple[str, ...]) -> None:
    card = f'<meta name="twitter:label1" content="{label}"><meta name="twitter:data1" content="Ada Hill">'
    assert written(head=card)[0] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("More from Hill Post", (), id="its other articles"),
        pytest.param("More from Ada Hill", ("Ada Hill",), id="a person's other articles"),
        pytest.param("By Hill Post", ("Hill Post",), id="said to be the author"),
    ],
)
def test_a_line_that_leads_to_more_from_the_site_names_no_author(line: str, expected: tuple[str, ...]) -> None:
    links = "<ul><li><a href=/news/b-2>Ferry prices are to rise by a tenth</a></li></ul>"
    assert written(body=f"<p>Rain fell on the hills.</p><h3>{line}</h3>{links}")[0] == expected


RAIN = (
    "<p>Rain fell on the hills for the ninth day on Friday, and the river rose by another metre overnight, the weather service "
    "said in its report to the council.</p>"
)


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        pytest.param("<p><strong>Ada Hill</strong></p>", ("Ada Hill",), id="bold"),
        pytest.param(
            "<p><em>… as the river rises</em></p><p><b>Ada Hill/Bo Dale</b></p>", ("Ada Hill", "Bo Dale"), id="two"
        ),
        pytest.param("<p>Ada Hill</p>", ("Hill Post",), id="plain"),
        pytest.param("<p><strong>Ada Hill</strong> was there</p>", ("Hill Post",), id="part of a line"),
        pytest.param("<p><strong>The river rises</strong></p>", ("Hill Post",), id="words"),
        pytest.param(f"{RAIN}<p><strong>Ada Hill</strong></p>", ("Hill Post",), id="a heading in the text"),
    ],
)
def test_names_in_bold_before_the_text_wrote_what_the_site_publishes(opening: str, expected: tuple[str, ...]) -> None:
    assert written(SITE, body=f"<article><p>by Hill Post</p>{opening}{RAIN}</article>")[0] == expected


def test_names_in_bold_before_the_text_give_way_to_a_byline() -> None:
    opening = f"<p><strong>Palm Bay</strong></p>{RAIN}"
    assert written(SITE, body=f"<article><p>By Bo Dale</p>{opening}</article>")[0] == ("Bo Dale",)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("<div>김철수 기자</div>", ("김철수",), id="Korean"),
        pytest.param(
            "<div>김철수 선임기자 kim@hillpost.example</div>", ("김철수",), id="Korean, with a rank and an address"
        ),
        pytest.param("<div>de Ana Berg</div>", ("Ana Berg",), id="Romanian"),
        pytest.param("<div>De Ana Berg</div>", (), id="a name that begins so"),
        pytest.param(
            "<div><span>Oleh Anna Berg</span><span>Senin, 12 Januari 2026</span></div>",
            ("Anna Berg",),
            id="before a weekday",
        ),
    ],
)
def test_a_byline_says_who_in_its_own_way(line: str, expected: tuple[str, ...]) -> None:
    assert written(None, body=line)[0] == expected
