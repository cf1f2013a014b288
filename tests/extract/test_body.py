"""Which runs of a page are its text, on pages of our own writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import body, document, runs, structured, teasers
from etl.extract.body import Main

URL = "https://paper.example/news/rain-in-the-hills-123"
FIRST = "Heavy rain fell over the northern hills on Tuesday night, and two roads were closed until the morning."
SECOND = (
    "The council said that nobody was hurt. Crews cleared the last of the mud by noon, according to its spokeswoman."
)
THIRD = "More rain is expected on Friday, the weather service wrote, but less than this week. Farmers were relieved."
SPAIN = (
    "Las lluvias caídas durante la noche obligaron a cortar dos carreteras, según informó el ayuntamiento el miércoles."
)
JAPAN = (
    "昨夜の大雨で北部の道路二本が通行止めになった。けが人はいないと町は発表した。復旧作業は正午までに終わる見込みだ。"
)


def main_of(html: str) -> Main:
    doc = document.parse(f"<html><head><title>Rain</title></head><body>{html}</body></html>".encode(), url=URL)
    return body.find(doc, structured.read(doc), teasers.find(doc))


def texts(html: str) -> list[str]:
    return [block.text for block in main_of(html).blocks]


def page(*paragraphs: str, after: str = "") -> str:
    inner = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        "<header><nav><ul><li><a href=/a>Home</a></li><li><a href=/b>World</a></li></ul></nav></header><main><article>"
        f"<h1>Rain in the hills</h1><div class=article-body>{inner}</div></article>{after}</main>"
        "<footer><p>© 2026 The Paper. All rights reserved.</p></footer>"
    )


@pytest.mark.parametrize(
    "paragraphs",
    [
        pytest.param((FIRST, SECOND, THIRD), id="English"),
        pytest.param((SPAIN, SPAIN.replace("dos", "tres"), SPAIN.replace("noche", "tarde")), id="Spanish"),
        pytest.param((JAPAN, JAPAN.replace("北部", "南部"), JAPAN.replace("二本", "三本")), id="Japanese"),
    ],
)
def test_paragraphs_of_the_article_are_the_body_in_reading_order(paragraphs: tuple[str, ...]) -> None:
    assert texts(page(*paragraphs)) == list(paragraphs)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(
            "<aside class=sidebar><p>Subscribe to our newsletter and never miss a story.</p></aside>", id="offer"
        ),
        pytest.param(
            "<div id=cookie-consent class=cookie-banner><p>We use cookies to improve our service. Read our policy.</p></div>",
            id="cookie wall",
        ),
        pytest.param(
            "<section class=comments><div class=comment><p>What a storm it was, I could not sleep at all.</p></div></section>",
            id="comments",
        ),
        pytest.param(
            "<section class=related><h2>Read more</h2><ul><li><a href=/news/a-long-headline-here-1>A long headline is here</a></li>"
            "<li><a href=/news/another-long-headline-2>Another long headline is here</a></li></ul></section>",
            id="related articles",
        ),
        pytest.param("<div class=share-buttons><p>Share this article on social media</p></div>", id="share line"),
    ],
)
def test_what_stands_around_the_article_is_no_body(after: str) -> None:
    assert texts(page(FIRST, SECOND, THIRD, after=after)) == [FIRST, SECOND, THIRD]


def test_the_headline_is_not_said_again_and_nothing_twice() -> None:
    assert texts(page("Rain in the hills", FIRST, SECOND, FIRST, THIRD)) == [FIRST, SECOND, THIRD]


def test_blocks_know_their_kind_and_their_place() -> None:
    html = (
        f"<article><h1>Rain</h1><p>{FIRST}</p><h2>What comes next</h2><p>{SECOND}</p><blockquote><p>{THIRD}</p></blockquote>"
        f"<p>{FIRST.replace('Tuesday', 'Monday')}</p></article>"
    )
    doc = document.parse(html.encode(), url=URL)
    main = body.find(doc, structured.read(doc), teasers.find(doc))
    assert [block.kind for block in main.blocks] == ["paragraph", "heading", "paragraph", "quote", "paragraph"]
    for block, (first, last), element in zip(main.blocks, main.spans, main.elements, strict=True):
        assert document.collapse("".join(doc.texts[first:last])) == block.text
        assert doc.boxes[first] == element


def test_text_that_only_a_script_holds_is_found() -> None:
    state = (
        '{"html":"\\u003cp\\u003e'
        + "\\u003c/p\\u003e\\u003cp\\u003e".join((FIRST, SECOND, THIRD))
        + '\\u003c/p\\u003e"}'
    )
    main = main_of(f"<div id=app></div><script>window.state={state}</script>")
    assert [block.text for block in main.blocks] == [FIRST, SECOND, THIRD]
    assert (main.rule, main.spans) == ("script", ())


def test_text_that_only_json_ld_holds_is_found() -> None:
    ld = '{"@type":"NewsArticle","headline":"Rain","articleBody":"' + "\\n".join((FIRST, SECOND, THIRD)) + '"}'
    main = main_of(f'<script type="application/ld+json">{ld}</script><div id=app></div>')
    assert [block.text for block in main.blocks] == [FIRST, SECOND, THIRD]
    assert main.rule == "json-ld:articleBody"


def test_a_recipe_names_the_body() -> None:
    doc = document.parse(f"<div class=odd><p>Short.</p><p>{FIRST}</p></div><p>{SECOND}</p>".encode(), url=URL)
    main = body.find(doc, structured.read(doc), teasers.find(doc), only=tuple(doc.select("div.odd")))
    assert [block.text for block in main.blocks] == ["Short.", FIRST]


@given(
    st.lists(
        st.sampled_from(
            [f"<p>{FIRST}", f"<div>{SECOND}", "<li>x", "</div>", "<table><td>1", "<h2>y</h2>", "<br><br>z", "\x00"]
        ),
        max_size=12,
    )
)
def test_blocks_have_single_spaces_and_no_line_breaks(pieces: list[str]) -> None:
    for block in main_of("".join(pieces)).blocks:
        assert block.text == " ".join(block.text.split()) != ""


@pytest.mark.parametrize(
    ("html", "chances", "picked"),
    [
        pytest.param("<div>a</div><div>b</div><div>c</div>", [0.9, 0.3, 0.9], [0, 1, 2], id="between two of one block"),
        pytest.param("<div>a</div><div>b</div><div>c</div>", [0.9, 0.1, 0.9], [0, 2], id="too unlikely"),
        pytest.param("<div>a</div><div>b</div><div>c</div>", [0.9, 0.3, 0.3], [0], id="nothing after it"),
        pytest.param(
            "<div>a</div><ul><li>b</li></ul><div>c</div>", [0.9, 0.3, 0.9], [0, 2], id="in a block of its own"
        ),
    ],
)
def test_a_line_between_two_pieces_of_body_needs_less_evidence(
    html: str, chances: list[float], picked: list[int]
) -> None:
    doc = document.parse(f"<body>{html}</body>".encode(), url=URL)
    assert body.picked(doc, runs.read(doc), chances) == picked


POST = "<blockquote class=twitter-tweet><p>The bridge is closed, take the ferry.</p>— Council (@council) May 2</blockquote>"


def test_a_quoted_post_among_the_paragraphs_is_body() -> None:
    found = texts(page(FIRST, SECOND).replace(f"<p>{SECOND}", f"{POST}<p>{SECOND}"))
    assert found == [FIRST, "The bridge is closed, take the ferry.", "— Council (@council) May 2", SECOND]


def test_posts_far_from_the_text_are_none() -> None:
    far = "<aside>" + "<p>Feed</p>" * 5 + POST + "</aside>"
    assert texts(page(FIRST, SECOND, THIRD, after=far)) == [FIRST, SECOND, THIRD]


def test_a_caption_without_a_figure_is_no_body() -> None:
    picture = (
        "<div class=photo><img src=a.jpg><div>Crews at work in the hills on Tuesday night (Image: PAPER)</div></div>"
    )
    assert texts(page(FIRST, SECOND, THIRD).replace(f"<p>{SECOND}", f"{picture}<p>{SECOND}")) == [FIRST, SECOND, THIRD]


def test_a_consent_dialog_is_no_body_however_long() -> None:
    dialog = "<div id=onetrust-banner-sdk>" + f"<p>We store cookies on your device. {SECOND}</p>" * 4 + "</div>"
    assert texts(page(FIRST, SECOND, THIRD, after=dialog)) == [FIRST, SECOND, THIRD]


def test_what_is_not_taken_for_body_is_told_when_it_is_long() -> None:
    offer = "Subscribe to our newsletter and never miss a story from the northern hills again."
    main = main_of(page(FIRST, SECOND, after=f"<aside class=sidebar><p>{offer}</p><p>Sign in</p></aside>"))
    assert offer in main.beside
    assert not {FIRST, SECOND, "Sign in"} & set(main.beside)


def test_a_list_is_read_whole_when_one_of_its_items_is_body() -> None:
    items = "".join(f"<li>{text}</li>" for text in ("Two roads", "A long line of words on the roads", "A bridge"))
    doc = document.parse(f"<html><body><ul>{items}</ul><ul><li>Elsewhere</li></ul></body></html>".encode(), url=URL)
    lines = runs.read(doc)
    assert body.picked(doc, lines, [0.3, 0.6, 0.25, 0.3], least=0.38) == [0, 1, 2]
    assert body.picked(doc, lines, [0.3, 0.37, 0.25, 0.3], least=0.38) == []
    assert body.picked(doc, lines, [0.3, 0.6, 0.1, 0.3], least=0.38) == [0, 1], "an unlikely item stays out"


@pytest.mark.parametrize("foot", ["Anna Berg, harbour master", "— <cite>Anna Berg</cite>"], ids=["text", "cite"])
def test_who_is_quoted_belongs_to_the_quote(foot: str) -> None:
    quote = f"<blockquote><p>{THIRD}</p><footer>{foot}</footer></blockquote>"
    html = page(FIRST, SECOND).replace("</p></div>", f"</p>{quote}<p>{FIRST.replace('Tuesday', 'Monday')}</p></div>")
    quoted = [block.text for block in main_of(html).blocks if block.kind == "quote"]
    assert quoted[0] == THIRD
    assert len(quoted) == 2
    assert "Anna Berg" in quoted[1]


ABOUT_US = "<p>News and views from the valley and its people since 1887.</p><nav><a href=/a>World</a></nav>"


def test_what_a_paper_says_above_the_headline_is_no_body() -> None:
    article = f"<h1>Rain in the hills</h1><p>{FIRST}</p><p>{SECOND}</p>"
    assert texts(ABOUT_US + article) == [FIRST, SECOND]


def test_an_article_may_stand_above_the_only_h1() -> None:
    """A page whose `<h1>` is the heading of something below the article."""
    assert texts(f"<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p><h1>More from the hills</h1>") == [FIRST, SECOND, THIRD]
