"""etl.recipe.rules: which pages of a site are wanted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.recipe import FetchRules


@pytest.mark.parametrize(
    ("allow", "deny", "path", "wanted"),
    [
        pytest.param((), (), "/a", True, id="nothing said"),
        pytest.param((), ("/jeux/",), "/jeux/mots", False, id="denied from its start"),
        pytest.param((), ("/jeux/",), "/a/jeux/mots", True, id="not in the middle"),
        pytest.param((), ("*/jeux/",), "/a/jeux/mots", False, id="in the middle when it says so"),
        pytest.param(("/*.html$",), (), "/a/b.html", True, id="anchored end"),
        pytest.param(("/*.html$",), (), "/a/b.html?x=1", False, id="the query belongs to the path"),
        pytest.param(("/news/",), ("/news/live",), "/news/live/1", False, id="deny wins"),
        pytest.param(("/news/",), (), "/sport/1", False, id="not among the allowed"),
        pytest.param((), ("/a.b",), "/aXb", True, id="a dot is a dot"),
        pytest.param((), ("/$",), "", False, id="an empty path is the root"),
        pytest.param((), ("/$",), "/a", True, id="the root alone"),
        pytest.param((), ("/ab*bc$",), "/abc", True, id="pieces do not share letters"),
        pytest.param((), ("/a*c$",), "/abcbc", False, id="the last piece is at the end"),
    ],
)
def test_patterns_are_those_of_robots_txt(allow: tuple[str, ...], deny: tuple[str, ...], path: str, wanted: bool):
    assert FetchRules(allow=allow, deny=deny).allows("https://example.org" + path) is wanted


def test_an_address_nobody_can_read_is_not_wanted():
    assert FetchRules().allows("http://[::1") is False


def test_a_pattern_full_of_stars_takes_no_time():
    url = "https://example.org/" + "a" * 20_000
    assert FetchRules(deny=("/" + "*a" * 300 + "*b$",)).allows(url)
    assert not FetchRules(deny=("/" + "*" * 500 + "a",)).allows(url)


@given(st.text("ab/*$", max_size=8), st.text("ab/$", max_size=8))
def test_a_pattern_means_what_its_regular_expression_means(pattern: str, path: str):
    is_anchored = pattern.endswith("$")
    pieces = (pattern[:-1] if is_anchored else pattern).split("*")
    model = re.compile(".*".join(map(re.escape, pieces)) + (r"\Z" if is_anchored else ""), re.DOTALL)
    rules = FetchRules(deny=("/" + pattern,))
    assert rules.allows("https://example.org/" + path) is (re.compile("/" + model.pattern).match("/" + path) is None)
