"""JSON-LD: what publishers write is read, what is broken is repaired, bombs cost nothing."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract import json_ld

ARTICLE = '{"@type": "NewsArticle", "headline": "Rain"}'


@pytest.mark.parametrize(
    ("script", "headlines"),
    [
        pytest.param(ARTICLE, ["Rain"], id="one object"),
        pytest.param(f"[{ARTICLE}, {ARTICLE}]", ["Rain", "Rain"], id="an array"),
        pytest.param(f'{{"@context": "x", "@graph": [{ARTICLE}]}}', ["Rain"], id="a graph"),
        pytest.param(f"<!-- {ARTICLE} -->", ["Rain"], id="inside an HTML comment"),
        pytest.param(f"//<![CDATA[\n{ARTICLE}\n//]]>", ["Rain"], id="inside CDATA"),
        pytest.param(f"{ARTICLE};", ["Rain"], id="semicolon at the end"),
        pytest.param(f"{ARTICLE}\n{ARTICLE}", ["Rain", "Rain"], id="one object after the other"),
        pytest.param('{"@type": "NewsArticle", "headline": "Rain",}', ["Rain"], id="trailing comma"),
        pytest.param('{"headline": "Rain\n and\twind"}', ["Rain\n and\twind"], id="raw line break in a string"),
        pytest.param("{&quot;headline&quot;: &quot;Rain&quot;}", ["Rain"], id="quotes as entities"),
        pytest.param(
            '{"headline": "Rain", "description": "He said "no"", "x": 1}', ["Rain"], id="bare quote in a string"
        ),
        pytest.param('{"headline": "Rain", "articleBody": "cut of', ["Rain"], id="cut off"),
        pytest.param("", [], id="empty"),
        pytest.param("function() { return 1 }", [], id="no JSON at all"),
        pytest.param("null", [], id="null"),
    ],
)
def test_broken_json_ld_still_gives_its_objects(script: str, headlines: list[str]) -> None:
    assert [node["headline"] for node in json_ld.read([script])] == headlines


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("[" * 200_000 + "]" * 200_000, id="nested arrays"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, id="nested objects"),
        pytest.param("{" * 1_000_000, id="only opening braces"),
        pytest.param('{"headline":' + '"' * 1_000_000, id="only quotes"),
        pytest.param("9" * 100_000, id="a number of 100,000 digits"),
        pytest.param("&" * 500_000, id="only ampersands"),
        pytest.param('"headline":"' * 100_000, id="fields without an end"),
    ],
)
def test_bombs_give_no_article_and_no_error_in_bounded_time(script: str) -> None:
    start = time.process_time()
    nodes = json_ld.read([script])
    assert time.process_time() - start < 1.0
    assert not any(node.get("@type") for node in nodes)


def test_scripts_beyond_the_budget_are_left_out() -> None:
    long = json.dumps({"headline": "x" * json_ld.SCRIPTS_MAX_CHARS})
    assert [node["headline"] for node in json_ld.read([long, ARTICLE])] == ["Rain"]


def test_wide_objects_are_bounded() -> None:
    wide = json.dumps([{"headline": "x"}] * (3 * json_ld.NODES_MAX))
    assert len(json_ld.read([wide])) == json_ld.NODES_MAX
    assert len(json_ld.descendants(json_ld.read([wide]))) <= json_ld.NODES_MAX


def test_descendants_name_outer_objects_before_inner_ones() -> None:
    nodes = json_ld.descendants([{"@type": "A", "author": [{"@type": "B", "address": {"@type": "C"}}]}])
    assert [node["@type"] for node in nodes] == ["A", "B", "C"]


names = st.sampled_from(["@type", "headline", "author", "a b", "é"])
values = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
nested = st.dictionaries(names, values | st.lists(values, max_size=3), min_size=1, max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(names, values | nested, min_size=1, max_size=4), max_size=4))
def test_valid_json_ld_comes_back_as_it_was_written(objects: list[dict[str, object]]) -> None:
    assert json_ld.read([json.dumps(objects)]) == objects


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_the_reader_fail(script: str) -> None:
    for node in json_ld.descendants(json_ld.read([script])):
        assert isinstance(node, dict)
