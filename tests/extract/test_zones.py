"""Where elements stand, by their tags and the names that themes give them."""

from __future__ import annotations

import pytest
from extract.forms import compiled_form, names, pages, python_form
from hypothesis import example, given, settings

from etl.extract import document, running_text, zones
from etl.extract.zones import FOOTER, MENU, TEXT


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param("<div class=text><a>x</a></div>", TEXT, id="a plain block"),
        pytest.param("<nav><a>x</a></nav>", MENU, id="a nav"),
        pytest.param("<div class=main_navigator><ul><li><a>x</a></ul></div>", TEXT, id="a word inside another"),
        pytest.param("<div class=main_NAV><ul><li><a>x</a></ul></div>", MENU, id="a word of a name"),
        pytest.param("<div id=site-header><a>x</a></div>", MENU, id="a pair of words"),
        pytest.param("<div role=navigation><a>x</a></div>", MENU, id="a role"),
        pytest.param("<footer><a>x</a></footer>", FOOTER, id="the foot of the page"),
        pytest.param("<article><footer><a>x</a></footer></article>", MENU, id="the foot of an article"),
        pytest.param("<div class=page-footer><a>x</a></div>", FOOTER, id="a footer by name"),
        pytest.param("<div class=article__footer><a>x</a></div>", TEXT, id="the footer of something smaller"),
        pytest.param("<footer><nav><a>x</a></nav></footer>", FOOTER, id="a menu in a footer"),
        pytest.param("<blockquote class=twitter-tweet><a>x</a></blockquote>", FOOTER, id="a post"),
    ],
)
def test_a_link_stands_where_its_blocks_say(block: str, expected: int) -> None:
    doc = document.parse(f"<html><body>{block}</body></html>".encode(), url="https://paper.example/rain")
    assert zones.Zones(doc, running_text.find(doc)).zone(doc.by_tag["a"][0]) == expected


@settings(max_examples=150, deadline=None)
@given(pages)
def test_both_forms_say_the_same_of_any_page(body: bytes) -> None:
    form, python = compiled_form("etl.extract._zones"), python_form("etl.extract.zones")
    doc = document.parse(body, url="https://paper.example/rain")
    running = running_text.find(doc)
    one, other = form.Zones(doc, running), python.Zones(doc, running)
    for element in reversed(range(len(doc.tags))):
        assert one.zone(element) == other.zone(element)
        assert one.kind(element) == other.kind(element)


@settings(max_examples=300, deadline=None)
@given(names, names, names)
@example("article", "footer", "")
@example("\u212aeywords", "", "s\0hare")
@example("x" * 2000, "nav", "")
@example("", "tag", "cloud")
def test_both_forms_say_the_same_of_any_name(label: str, name: str, role: str) -> None:
    form, python = compiled_form("etl.extract._zones"), python_form("etl.extract.zones")
    assert form._zone_said(label, name, role) == python.zone_of(f"{label} {name} {role}")
