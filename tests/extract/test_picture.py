"""The lead image: what a reader sees at the head of the article, else what is shared with its link."""

from __future__ import annotations

import pytest

from etl.extract import document, picture, structured
from etl.model import Image

URL = "https://paper.example/news/rain"


def read(body: str = "", *, head: str = "") -> Image | None:
    doc = document.parse(
        f"<html><head>{head}</head><body><h1>Rain</h1>{body}<p>Text.</p></body></html>".encode(), url=URL
    )
    return picture.read(doc, structured.read(doc), heading=doc.by_tag["h1"][0]).value


@pytest.mark.parametrize(
    ("body", "url"),
    [
        pytest.param('<img src="/rain.jpg">', "https://paper.example/rain.jpg", id="an image"),
        pytest.param(
            '<img src="data:image/gif;base64,R0" data-src="/rain.jpg">',
            "https://paper.example/rain.jpg",
            id="loaded later",
        ),
        pytest.param(
            '<img src="/placeholder.png" data-src="/rain.jpg">', "https://paper.example/rain.jpg", id="a stand-in"
        ),
        pytest.param(
            '<img srcset="/s.jpg 300w, /l.jpg 1200w, /m.jpg 600w">',
            "https://paper.example/l.jpg",
            id="the largest of a set",
        ),
        pytest.param(
            '<picture><source srcset="/rain.webp 2x"><img></picture>',
            "https://paper.example/rain.webp",
            id="the set of its picture",
        ),
        pytest.param('<img src="/logo.png"><img src="/rain.jpg">', "https://paper.example/rain.jpg", id="not a logo"),
        pytest.param(
            '<img src="/x.png" width="40"><img src="/rain.jpg">', "https://paper.example/rain.jpg", id="not a small one"
        ),
        pytest.param(
            '<p class="byline"><img src="/ada.jpg"></p><img src="/rain.jpg">',
            "https://paper.example/rain.jpg",
            id="not the author's",
        ),
        pytest.param(
            '<figure><img src="/ada.jpg"><figcaption><address>Von Ada Hügel, Redakteurin</address></figcaption></figure>'
            '<img src="/rain.jpg">',
            "https://paper.example/rain.jpg",
            id="nor one with the byline for its caption",
        ),
        pytest.param(
            '<img src="/a/25x19.jpg"><img src="/rain.jpg">', "https://paper.example/rain.jpg", id="no thumbnail"
        ),
        pytest.param('<img src="/16x9/rain.jpg">', "https://paper.example/16x9/rain.jpg", id="a shape is no size"),
        pytest.param(
            '<img data-src="/rain.jpg 600w, /rain-s.jpg 300w">',
            "https://paper.example/rain.jpg",
            id="a set where one address belongs",
        ),
        pytest.param(
            """<img data-src="if(this.src!='x') this.src='x'" src="/rain.jpg">""",
            "https://paper.example/rain.jpg",
            id="a script is no address",
        ),
        pytest.param(
            '<aside><img src="/sun.jpg"></aside><img src="/rain.jpg">',
            "https://paper.example/rain.jpg",
            id="not beside the article",
        ),
    ],
)
def test_the_lead_image_is_the_first_at_the_headline(body: str, url: str) -> None:
    image = read(body)
    assert image is not None
    assert image.url == url


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(
            '<meta property="og:image" content="/share.jpg">', Image("https://paper.example/share.jpg"), id="shared"
        ),
        pytest.param(
            '<meta property="og:image" content="/img/logo.png"><meta name="twitter:image" content="/rain.jpg">',
            Image("https://paper.example/rain.jpg"),
            id="a logo comes last",
        ),
        pytest.param(
            '<script type="application/ld+json">{"@type":"Article","headline":"Rain","image":[{"url":"/a.jpg"},{"url":"/b.jpg"}]}'
            "</script>",
            Image("https://paper.example/a.jpg"),
            id="JSON-LD",
        ),
        pytest.param('<meta property="og:image" content="data:image/png;base64,AA">', None, id="no data address"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_without_one_the_shared_image_stands_in(head: str, expected: Image | None) -> None:
    assert read(head=head) == expected


def test_a_picture_far_down_the_text_is_no_lead_image() -> None:
    text = "<p>Text.</p>" * 40
    doc = document.parse(f"<h1>Rain</h1>{'<i>x</i>' * 20}{text}<img src='/later.jpg'>".encode(), url=URL)
    facts = structured.read(doc)
    assert picture.read(doc, facts, heading=doc.by_tag["h1"][0], body_at=doc.by_tag["p"][0]).value is None
    assert picture.read(doc, facts, heading=doc.by_tag["h1"][0]).value == Image("https://paper.example/later.jpg")


def test_the_caption_is_that_of_its_figure() -> None:
    figure = "<figure><div><img src='/rain.jpg'></div><figcaption>Rain  over the <b>hills</b></figcaption></figure>"
    assert read(figure) == Image("https://paper.example/rain.jpg", "Rain over the hills")
