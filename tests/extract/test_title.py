"""The headline: chosen by agreement of what the page shows and what it tells machines, without the site's name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract import document, site, structured, title

URL = "https://www.hillpost.example/news/rain-in-the-hills-123"


def headline(
    *,
    ld: str = "",
    og: str = "",
    name: str = "",
    body: str = "",
    kind: str = "NewsArticle",
    second: str = "",
    head: str = "",
    url: str = URL,
) -> title.Headline:
    head += f'<meta property="og:title" content="{og}">' if og else ""
    head += '<meta property="og:site_name" content="Hill Post">'
    if ld:
        node = {"@type": kind, "headline": ld} | ({"alternativeHeadline": second} if second else {})
        head += f'<script type="application/ld+json">{json.dumps(node)}</script>'
    page = f"<html><head><title>{name}</title>{head}</head><body>{body}</body></html>"
    doc = document.parse(page.encode(), url=url)
    facts = structured.read(doc)
    return title.read(doc, facts, site.names(facts, url))


@pytest.mark.parametrize(
    ("sources", "expected", "rule"),
    [
        pytest.param(
            {"ld": "Rain in the hills", "og": "Rain in the hills", "body": "<h1>Rain in the hills</h1>"},
            "Rain in the hills",
            "json-ld:headline",
            id="all agree",
        ),
        pytest.param(
            {"body": "<h1> Rain\n in the hills</h1>", "name": "Rain | Hill Post"},
            "Rain in the hills",
            "h1",
            id="h1 alone",
        ),
        pytest.param(
            {"og": "Rain in the hills - Hill Post"}, "Rain in the hills", "og:title", id="site name after a dash"
        ),
        pytest.param({"og": "Hill Post | Rain in the hills"}, "Rain in the hills", "og:title", id="site name in front"),
        pytest.param(
            {"name": "Rain in the hills | News | Hill Post"}, "Rain in the hills", "title", id="section and site name"
        ),
        pytest.param({"name": "Hill Post :: Rain in the hills"}, "Rain in the hills", "title", id="two colons"),
        pytest.param(
            {"name": "Hill Post", "body": "<h2>Other news</h2><article><h2>Rain in the hills</h2></article>"},
            "Rain in the hills",
            "h1",
            id="a page that says its site's name only",
        ),
        pytest.param({"name": "丘に雨が降る｜Hill Post"}, "丘に雨が降る", "title", id="full-width bar"),
        pytest.param(
            {"og": "Rain in the hills – HP – 12.04.2026", "body": "<h1>Rain in the hills</h1>"},
            "Rain in the hills",
            "h1",
            id="what follows the heading is the template's",
        ),
        pytest.param(
            {"og": "Rain - and then some wind"},
            "Rain - and then some wind",
            "og:title",
            id="a dash in the headline stays",
        ),
        pytest.param(
            {
                "ld": "Rain falls in the hills",
                "og": "Hills: rain falls",
                "name": "Hills: rain falls",
                "body": "<h1>Rain falls in the hills</h1>",
            },
            "Rain falls in the hills",
            "h1",
            id="JSON-LD and heading against the search engines' title",
        ),
        pytest.param(
            {
                "ld": "Long rain in the hills today",
                "og": "Rain in the hills",
                "name": "Long rain in the hills today - Hill Post",
            }
            | {"body": "<h1>Long rain in the hills today</h1>"},
            "Rain in the hills",
            "og:title",
            id="the odd one was written for readers",
        ),
        pytest.param(
            {
                "ld": "Long rain in the hills today",
                "og": "Rain in the hills",
                "name": "Long rain in the hills today - Hill Post",
            }
            | {"body": "<h1>Long rain in the hills today</h1>", "kind": "BlogPosting"},
            "Long rain in the hills today",
            "h1",
            id="the odd one of a blog was not",
        ),
        pytest.param(
            {"og": "Rain in the hills", "body": "<h1>Hill Post</h1>"},
            "Rain in the hills",
            "og:title",
            id="the site's h1 is none",
        ),
        pytest.param(
            {"og": "Rain in the hills", "body": "<h1>Rain in the hills</h1><h1>Sun on the coast</h1>"},
            "Rain in the hills",
            "h1",
            id="the h1 that says what the page says",
        ),
        pytest.param(
            {"og": "Rain in the hills", "body": "<header><h1>News of the day</h1></header><h2>Rain in the hills</h2>"},
            "Rain in the hills",
            "h1",
            id="a lower heading that says it",
        ),
        pytest.param(
            {
                "og": "Wet week ahead",
                "name": "Rain in the hills | Hill Post",
                "body": "<h1>Rain in the hills</h1>",
            },
            "Rain in the hills",
            "h1",
            id="the heading that only the page's title repeats",
        ),
        pytest.param(
            {
                "og": "WET WEEK",
                "head": '<meta name="headline" content="Rain in the hills">',
                "body": "<h1>The Post</h1><h2>Rain in the hills</h2>",
            },
            "Rain in the hills",
            "h1",
            id="the heading that the content system names",
        ),
        pytest.param(
            {
                "name": "Rain in the hills | The Ridge – a blog",
                "body": "<h1>The Ridge – a blog</h1><h1>Rain in the hills</h1>",
            },
            "Rain in the hills",
            "h1",
            id="of two headings the one that begins the page's title",
        ),
        pytest.param(
            {
                "name": "Ridge diary : Rain fell in all of the hills",
                "body": "<h1>Ridge diary</h1><h3>Rain fell in all of the hills</h3>",
            },
            "Rain fell in all of the hills",
            "h1",
            id="or the one that is most of it",
        ),
        pytest.param(
            {"og": "NUCの最新型を比べてみた", "body": "<h1>NUCの最新型を比べてみた：三台の結果</h1>"},
            "NUCの最新型を比べてみた：三台の結果",
            "h1",
            id="words without spaces after Latin letters",
        ),
        pytest.param(
            {
                "og": "구릉지에 비가 내린다, 사흘째 계속-사회ㅣHill Post",
                "head": '<meta name="headline" content="구릉지에 비가 내린다, 사흘째 계속">',
            },
            "구릉지에 비가 내린다, 사흘째 계속",
            "og:title",
            id="a section glued on, where another source ends",
        ),
        pytest.param(
            {"name": "hillpost.example | Rain"}, "Rain", "title", id="the site's name before a short headline"
        ),
        pytest.param(
            {"og": "Best of Hill Post 2026: what you liked"},
            "Best of Hill Post 2026: what you liked",
            "og:title",
            id="before a colon only the very name is the site's",
        ),
        pytest.param(
            {
                "name": "How to live with rain in the hills | Hill Post",
                "head": '<meta name="application-name" content="How to live with rain in the hills | Hill Post">',
                "body": "<h1>How to live with rain in the hills</h1>",
            },
            "How to live with rain in the hills",
            "h1",
            id="an application named like the page",
        ),
        pytest.param(
            {"og": "Rain stays in the hills", "body": "<h1><span>Weather</span> Rain stays in the hills</h1>"},
            "Rain stays in the hills",
            "og:title",
            id="a kicker inside the heading",
        ),
        pytest.param(
            {"og": "Hills are full of rain", "body": "<h1>The hills are full of rain</h1>"},
            "The hills are full of rain",
            "h1",
            id="an article is no kicker",
        ),
        pytest.param(
            {
                "ld": "Weather - Rain stays in the hills",
                "og": "Weather: Rain stays in the hills",
                "name": "Weather: Rain stays in the hills",
                "body": "<h1>Rain stays in the hills</h1>",
            },
            "Weather: Rain stays in the hills",
            "og:title",
            id="in the spelling of most",
        ),
        pytest.param(
            {
                "ld": "Rain in all hills",
                "og": "Wet hills of May",
                "name": "Wet hills of May",
                "body": "<h1>Wet hills of May</h1>",
            },
            "Wet hills of May",
            "h1",
            id="JSON-LD alone against all",
        ),
        pytest.param(
            {
                "ld": "Rain in all hills",
                "og": "Wet hills of May",
                "name": "Wet hills of May",
                "body": "<h1>Wet hills of May</h1>",
            }
            | {"second": "Hills, rain, May"},
            "Rain in all hills",
            "json-ld:headline",
            id="JSON-LD alone with a second headline",
        ),
        pytest.param(
            {
                "ld": "Rain in the hills! - Weather now",
                "og": "Rain in the hills! - Weather now",
                "name": "Rain in the hills! - Weather now",
                "body": "<h1>Rain in the hills!</h1>",
            },
            "Rain in the hills! - Weather now",
            "json-ld:headline",
            id="what three sources say whole is no template's",
        ),
        pytest.param(
            {"og": "Rain in the hills » ★★★ - Hill Post"}, "Rain in the hills", "og:title", id="stars are no words"
        ),
        pytest.param(
            {
                "ld": "Wet hills of May",
                "og": "Why it rains in May",
                "name": "Wet hills of May",
                "body": "<h1>Wet hills of May</h1>",
            },
            "Wet hills of May",
            "h1",
            id="a title without the site's name was written too",
        ),
        pytest.param(
            {
                "ld": "Wet hills of May",
                "og": "Why it rains in May",
                "name": "Wet hills of May",
                "second": "Why it rains in May",
                "body": "<h1>Wet hills of May</h1>",
            },
            "Why it rains in May",
            "og:title",
            id="the second headline is shared",
        ),
        pytest.param(
            {
                "ld": "Rain in May: why it stays in the hills",
                "og": "Why it stays in the hills",
                "name": "Rain in May: why it stays in the hills",
                "body": "<h1>Rain in May: why it stays in the hills</h1>",
            },
            "Rain in May: why it stays in the hills",
            "h1",
            id="a kicker in heading and JSON-LD is part of the headline",
        ),
        pytest.param({}, "", "", id="nothing"),
    ],
)
def test_the_headline_is_chosen_by_agreement(sources: dict[str, str], expected: str, rule: str) -> None:
    choice = headline(**sources).choice
    assert (choice.value, choice.rule) == (expected, rule)


def test_a_page_without_any_title_in_its_head_shows_its_heading() -> None:
    found = headline(body="<h1>Rain in the hills</h1>")
    assert found.choice.value == "Rain in the hills"
    assert found.element is not None


def test_what_lost_is_kept_with_its_rule() -> None:
    found = headline(ld="Rain in the hills", og="Rain in the hills", body="<h1>Wet hills</h1>", name="Wet hills")
    assert ("h1", "Wet hills") in found.choice.losers


def test_the_element_is_the_heading_that_stands_above_the_text() -> None:
    assert headline(og="Rain", body="<h1>Wet hills of rain</h1>").element is not None
    assert headline(og="Rain", body="<p>No heading</p>").element is None


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="ab |-–:»\n", max_size=40), st.text(alphabet="ab |-", max_size=20))
def test_a_title_has_single_spaces_and_comes_from_the_page(shown: str, told: str) -> None:
    value = headline(og=told, body=f"<h1>{shown}</h1>", name=told).choice.value
    assert value == " ".join(value.split())
    assert not value or value in " ".join(shown.split()) or value in " ".join(told.split())
