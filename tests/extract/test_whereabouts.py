"""Where a run stands on its page, counted on pages of our own writing."""

from __future__ import annotations

import time

import pytest

from etl.extract import document, features, runs, whereabouts

LONG = "Heavy rain fell over the northern hills on Tuesday night, and two roads were closed until the morning."
PAGE = f"""<html><body><article><h1>Rain in the hills</h1><div id=text>
<p>{LONG} One.</p><h2>Below</h2><p>{LONG} Two.</p><p>{LONG} Three.</p></div>
<div id=picture><img src=a.jpg><div><span>Crews at work on Tuesday</span></div></div></article>
<article><p>{LONG} Other.</p></article></body></html>"""


def column(name: str, html: str = PAGE) -> dict[str, float]:
    """Return one column by the last word of each run."""
    doc = document.parse(html.encode(), url="https://paper.example/rain")
    page = runs.read(doc)
    table = features.read(doc, page)
    at = features.NUMBERS.index(name)
    return {text.split()[-1].strip("."): row[at] for text, row in zip(page.texts, table.numbers, strict=True)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("place_before", {"One": 0, "Below": 1, "Two": 2, "Three": 3, "Other": 0}, id="brothers before"),
        pytest.param("place_after", {"One": 3, "Three": 0, "Other": 0}, id="brothers after"),
        pytest.param("brothers", {"One": 4, "Three": 4, "Other": 1}, id="brothers"),
        pytest.param("brothers_good", {"One": 0.75, "Other": 1.0}, id="share of running text among them"),
        pytest.param("since_heading", {"Below": 0, "Two": 1, "Three": 2}, id="since the last heading"),
        pytest.param("articles", {"One": 2, "Other": 2}, id="articles of the page"),
        pytest.param("article_place", {"One": 0, "Other": 1}, id="which of them"),
        pytest.param("article_has_head", {"One": 1.0, "Other": 0.0}, id="the one with the headline"),
        pytest.param("head_up", {"One": 1, "Other": 2}, id="levels up from the headline"),
        pytest.param("head_down", {"One": 1, "Other": 1}, id="and down to the parent"),
        pytest.param("picture_up", {"Tuesday": 1, "One": 2}, id="the nearest image"),
        pytest.param("picture_share", {"Tuesday": 1.0}, id="all the text beside it"),
    ],
)
def test_runs_are_counted_where_they_stand(name: str, expected: dict[str, float]) -> None:
    found = column(name)
    assert {word: found[word] for word in expected} == pytest.approx(expected)


def test_places_on_the_page_rise_from_nought() -> None:
    for name in ("page_place", "text_place"):
        found = list(column(name).values())
        assert found[0] == 0.0
        assert found == sorted(found)
        assert found[-1] < 1.0


def test_a_page_without_text_has_no_rows() -> None:
    doc = document.parse(b"<html><body><img src=a.jpg></body></html>", url="https://paper.example/rain")
    page = runs.read(doc)
    assert whereabouts.columns(doc, page, []) == []
    assert features.read(doc, page).numbers == []


def test_many_articles_cost_no_more_than_few() -> None:
    """Each text looked at each `<article>` before it: 30,000 of them and 5,000 texts took 7 s, these would take 40."""
    body = f"<html><body>{'<article></article>' * 100_000}{'<div><p>Rain fell here</p></div>' * 10_000}</body></html>"
    doc = document.parse(body.encode(), url="https://paper.example/rain")
    page = runs.read(doc)
    began_s = time.process_time()
    table = features.read(doc, page)
    assert time.process_time() - began_s < 15.0
    assert {row[features.NUMBERS.index("article_place")] for row in table.numbers} == {-1.0}
