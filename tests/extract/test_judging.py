"""How likely runs are body, and that the compiled form says so to the last bit."""

from __future__ import annotations

from extract.forms import compiled_form, names, pages, python_form
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.extract import chooser, document, features, hints, judging, runs

LONG = "Heavy rain fell over the northern hills on Tuesday night, and two roads were closed until the morning."
PAGE = f"""<html><body><article><h1>Rain in the hills</h1><div class=article-body><p>{LONG} One.</p><p>{LONG} Two.</p>
<p>{LONG} Three.</p></div></article><div class=sidebar><p>Subscribe to our newsletter</p></div></body></html>"""


def test_paragraphs_are_likelier_than_an_offer():
    doc = document.parse(PAGE.encode(), url="https://paper.example/rain")
    page = runs.read(doc)
    chances, root = judging.chances(doc, page, title="Rain in the hills")
    by_end = {text.split()[-1]: one for text, one in zip(page.texts, chances, strict=True)}
    assert min(by_end[word] for word in ("One.", "Two.", "Three.")) > chooser.CHOOSER.threshold
    assert by_end["newsletter"] < chooser.CHOOSER.threshold
    assert doc.attribute(root, "class") == "article-body"


def test_a_page_without_runs_has_no_chances():
    doc = document.parse(b"<html><body><img src=a.jpg></body></html>", url="https://paper.example/rain")
    assert judging.chances(doc, runs.read(doc)) == ([], 0)


def same(body: bytes, *, ranges: tuple[tuple[int, int], ...] = (), **claims: str) -> None:
    """Compare all that both forms make of a page."""
    form, python = compiled_form("etl.extract._judging"), python_form("etl.extract.judging")
    doc = document.parse(body, url="https://paper.example/news/rain-1234")
    page = runs.read(doc)
    table = features.read(doc, page, teasers=ranges, **claims)
    masks, numbers, root = form._table(doc, page, ranges, **claims)
    assert (masks, root) == (table.masks, table.root)
    for row, expected in zip(numbers, table.numbers, strict=True):
        assert dict(zip(features.NUMBERS, row, strict=False)) == dict(zip(features.NUMBERS, expected, strict=False))
    assert form.chances(doc, page, ranges, **claims) == python.chances(doc, page, ranges, **claims)


def test_both_forms_count_the_same_on_an_article():
    same(PAGE.encode(), ranges=((7, 9),), title="Rain in the hills", description=LONG, json_body=f"{LONG} Two.")


@settings(max_examples=150, deadline=None)
@given(pages, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=3), st.sampled_from(["", LONG]))
def test_both_forms_count_the_same_on_any_page(body: bytes, spans: list[tuple[int, int]], said: str):
    ranges = tuple((first, first + size) for first, size in spans)
    same(body, ranges=ranges, title=said, description=said, json_body=said)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["class", "id", "role", "itemprop", "title"]), st.none() | names, max_size=4))
@example({"class": "a" * 200 + " article"})
@example({"class": "body " * 30, "id": "articleBody " * 9})
@example({"class": "story-body storyBODYText related", "id": "story"})
def test_both_forms_read_the_same_in_names(attrs: dict[str, str | None]):
    assert compiled_form("etl.extract._judging")._said(attrs) == hints.read(attrs)
