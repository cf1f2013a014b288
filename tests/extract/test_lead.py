"""The standfirst: found by place, look and words between headline and text."""

from __future__ import annotations

import json

import pytest

from etl.extract import document, lead, site, structured, title

URL = "https://www.hillpost.example/news/rain-in-the-hills-123"
LEAD = "It rained for three days in the hills, and the river at last rose above the old bridge."
BODY = "".join(
    f"<p>Paragraph {n}: the water came down the valley and stood in the cellars of the lower town, said the mayor, who had "
    "not slept, and nobody could say when it would go down again.</p>"
    for n in range(6)
)


def found(
    before: str = "", *, told: str = "", ld: dict[str, object] | None = None, body: str = BODY
) -> tuple[str | None, str]:
    head = f'<meta property="og:description" content="{told}">' if told else ""
    head += f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **(ld or {})})}</script>'
    page = f"<html><head>{head}</head><body><h1>Rain in the hills</h1>{before}<div class='x'>{body}</div></body></html>"
    doc = document.parse(page.encode(), url=URL)
    facts = structured.read(doc)
    choice = lead.read(doc, facts, heading=title.read(doc, facts, site.names(facts, URL)).element)
    return choice.value, choice.rule


@pytest.mark.parametrize(
    ("before", "told"),
    [
        pytest.param(f'<p class="article__standfirst">{LEAD}</p>', "", id="a class that says so"),
        pytest.param(f"<h2>{LEAD}</h2>", "", id="a second heading"),
        pytest.param(f"<section><p>{LEAD}</p></section>", "", id="right after the headline, apart from the text"),
        pytest.param(f"<section><p><strong>{LEAD}</strong></p></section>", "", id="all in bold"),
        pytest.param(
            f"<p>By Ada Hill</p><p>3 May 2026</p><section><p>{LEAD}</p></section>",
            LEAD,
            id="after byline and date, told by the markup",
        ),
        pytest.param(
            f"<figure><figcaption>{LEAD} A picture.</figcaption></figure><section><p>{LEAD}</p></section>",
            LEAD,
            id="not the caption",
        ),
    ],
)
def test_the_standfirst_is_what_stands_between_headline_and_text(before: str, told: str) -> None:
    text, rule = found(before, told=told)
    assert text == LEAD
    assert rule.startswith("shown:")


def test_paragraphs_of_one_standfirst_box_belong_together() -> None:
    assert found('<div class="lead"><p>The river rose above the bridge.</p><p>Nobody was hurt in the hills.</p></div>')[
        0
    ] == ("The river rose above the bridge. Nobody was hurt in the hills.")


def test_the_head_of_an_article_is_no_standfirst_box() -> None:
    head = (
        '<div class="lead-content"><h1>Rain in the hills</h1><div>1,300 shares, updated 3 hours ago</div>'
        f'<p class="lead">{LEAD}</p></div>'
    )
    doc = document.parse(f"<html><body>{head}<div class='x'>{BODY}</div></body></html>".encode(), url=URL)
    facts = structured.read(doc)
    assert lead.read(doc, facts, heading=title.read(doc, facts, site.names(facts, URL)).element).value == LEAD


def test_a_dateline_before_the_description_is_part_of_it() -> None:
    text, _ = found(told=LEAD, body=f"<p>OBERDORF, May 3 (HP) - {LEAD}</p>{BODY}")
    assert text == f"OBERDORF, May 3 (HP) - {LEAD}"


@pytest.mark.parametrize(
    ("before", "ld", "value", "rule"),
    [
        pytest.param("", {"description": LEAD}, LEAD, "json-ld:description", id="the description stands in"),
        pytest.param("", {}, None, "", id="nothing is said"),
        pytest.param(
            '<p class="byline-description">Ada Hill writes about weather and rivers in the hills.</p>',
            {},
            None,
            "",
            id="not who wrote it",
        ),
        pytest.param(
            "<p>Rain in the hills</p>", {"headline": "Rain in the hills"}, None, "", id="not the headline again"
        ),
    ],
)
def test_without_a_standfirst_the_markup_speaks(
    before: str, ld: dict[str, object], value: str | None, rule: str
) -> None:
    assert found(before, ld=ld) == (value, rule)


def test_links_side_by_side_are_no_standfirst() -> None:
    offers = "".join(f"<a href='/{n}'>Offers of shop {n} for readers</a> " for n in range(9))
    assert found(f"<section><h2>{offers}</h2></section>", told="What the rain did.") == (None, "")


def test_where_it_stands_is_known() -> None:
    doc = document.parse(f'<h1>Rain</h1><p class="standfirst">{LEAD}</p><div>{BODY}</div>'.encode(), url=URL)
    standfirst = lead.find(doc, structured.read(doc), heading=doc.by_tag["h1"][0])
    assert standfirst is not None
    assert document.collapse("".join(doc.texts[standfirst.first : standfirst.last])) == LEAD
    assert doc.tags[standfirst.element] == "p"
