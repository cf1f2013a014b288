"""Today's date in the head of a site is no article's, and neither is the date of an item in a box beside the text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.extract import article
from etl.model import Article

TEXT = "".join(
    f"<p>Rain fell on the hills for the {n}th day, and the river rose by another metre overnight.</p>"
    for n in range(4, 9)
)


def read(head: str, *, above: str = "", below: str = "") -> Article:
    page = f"""<html lang="en-GB"><title>Rain in the hills | Hill Post</title><body>{head}
        <main><article>{above}<h1>Rain in the hills</h1><p>By Ada Hill</p>{TEXT}</article></main>{below}
        <footer>© Hill Post</footer></body></html>"""
    fetched_at = datetime(2025, 3, 12, 14, 0, tzinfo=UTC)
    return article.read(page.encode(), url="https://hillpost.example/news/rain-in-the-hills", fetched_at=fetched_at)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            '<div><a href="/">Hill Post</a> <span>Wednesday, 12 March 2025</span></div>', id="beside the name"
        ),
        pytest.param("<header><p>Wednesday, 12 March 2025</p></header>", id="in the header"),
        pytest.param('<div class="today">12 March 2025</div>', id="a box that says so"),
        pytest.param(
            '<div><a href="/uk">UK</a><a href="/world">World</a><a href="/sport">Sport</a><b>12 March 2025</b></div>',
            id="beside the sections",
        ),
    ],
)
def test_the_day_in_a_masthead_is_not_the_articles(head):
    assert read(head).published is None


def test_the_day_above_a_headline_is():
    published = read(
        '<header><a href="/">Hill Post</a></header>', above='<p class="kicker">12 March 2025</p>'
    ).published
    assert published is not None
    assert published.at.day == 12


def test_another_day_in_a_box_above_is_nobodys_but_the_articles():
    published = read('<div class="top">11 March 2025</div>').published
    assert published is not None
    assert published.at.day == 11


def test_a_date_below_the_masthead_goes_before_it():
    published = read('<div class="today">12 March 2025</div>', above="<p>Published on 11 March 2025</p>").published
    assert published is not None
    assert published.at.day == 11


def test_the_date_of_an_item_beside_the_text_is_that_articles():
    below = """<div class="related"><h3>Related</h3><ul><li><a href="/a/1-sheep-drown">Sheep drown in the valley</a>
        <time datetime="2025-03-10">10 March 2025</time></li></ul></div>"""
    assert read("", below=below).published is None
