"""etl.recipe.form: one TOML file → one recipe, and every mistake named with its file, its key and the remedy."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import Misconfigured
from etl.recipe import LinkRule, Recipe, SourceRule, read_recipe, read_recipe_file

FULL = """
home = "https://www.example.org/"
hosts = ["m.example.org", "127.0.0.1:8080"]
language = "fr"
country = "fr"
zone = "Europe/Paris"

[[sources]]
name = "une"
kind = "feed"
url = "https://www.example.org/rss.xml"
interval = "10m"
fastest = "90s"
slowest = "6h"
follow = ["related", "most_read"]
follow_depth = 2
follow_per_day = 50

[[sources]]
kind = "listing"
url = "https://www.example.org/politique/"
cron = "*/20 6-22 * * *"
zone = "Indian/Reunion"
selector = "main article h2 a"

[fetch]
allow = ["/*.html$", "/live/"]
deny = ["/jeux/"]
min_interval = "2.5s"
requests_per_day = 5000
keep_captures_days = 30

[extract]
title = "h1.title"
authors = ["a[rel=author]", "meta[name=author]@content"]
drop = ["div.promo"]
zone = "Europe/Brussels"

[[extract.links]]
selector = "aside.top"
kind = "most_read"

[[extract.layouts]]
to = 2019-03-01
title = "div.old-title"
"""


def recipe_of(text: str) -> Recipe:
    return read_recipe(text, name="example", file="example.toml")


def test_every_key_reaches_its_field():
    recipe = recipe_of(FULL)
    assert (recipe.name, recipe.home, recipe.hosts) == (
        "example",
        "https://www.example.org/",
        ("m.example.org", "127.0.0.1:8080"),
    )
    assert (recipe.language, recipe.country, recipe.zone) == ("fr", "FR", "Europe/Paris")
    assert recipe.sources == (
        SourceRule(
            kind="feed",
            url="https://www.example.org/rss.xml",
            name="une",
            interval_s=600,
            fastest_s=90,
            slowest_s=21_600,
            zone="Europe/Paris",
            follow=("related", "most_read"),
            follow_depth=2,
            follow_per_day=50,
        ),
        SourceRule(
            kind="listing",
            url="https://www.example.org/politique/",
            name="2",
            cron="*/20 6-22 * * *",
            zone="Indian/Reunion",
            selector="main article h2 a",
        ),
    )
    assert recipe.fetch.min_interval_s == 2.5
    assert recipe.fetch.requests_per_day == 5000
    assert recipe.fetch.keep_captures_days == 30
    rules = recipe.extract
    assert rules is not None
    assert rules.title == ("h1.title",)
    assert rules.authors == ("a[rel=author]", "meta[name=author]@content")
    assert rules.links == (LinkRule("aside.top", "most_read"),)
    assert (rules.zone, rules.country, rules.language) == ("Europe/Brussels", "FR", "fr")


def test_a_layout_changes_only_what_it_names():
    rules = recipe_of(FULL).extract
    assert rules is not None
    (layout,) = rules.layouts
    assert (layout.start, layout.end) == (None, date(2019, 3, 1))
    assert layout.rules.title == ("div.old-title",)
    assert layout.rules.drop == rules.drop
    assert layout.rules.links == rules.links
    assert layout.holds_on(date(2019, 3, 1))
    assert not layout.holds_on(date(2019, 3, 2))


def test_a_zone_alone_is_a_rule_for_reading_dates():
    rules = recipe_of('home = "https://example.org"\nzone = "Asia/Tokyo"').extract
    assert rules is not None
    assert rules.zone == "Asia/Tokyo"
    assert recipe_of('home = "https://example.org"').extract is None


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param("name = 'a'", ["unknown key `name`", "it belongs to `[[sources]]`"], id="key of another table"),
        pytest.param("hme = 1", ["unknown key `hme`", "the top of the file", "`home`"], id="misspelt key"),
        pytest.param("[[sources]]\nkind = 'feed'", ["sources[0]", "`url` is missing"], id="missing key"),
        pytest.param("[[sources]]\nkind = 'rss'\nurl = 'https://a.org'", ["sources[0].kind", "rss"], id="kind"),
        pytest.param("[[sources]]\nkind='feed'\nurl='a.org/rss'", ["sources[0].url", "https://"], id="relative url"),
        pytest.param("[[sources]]\nkind='feed'\nurl='http://a:b/'", ["sources[0].url"], id="port that is none"),
        pytest.param(
            "[[sources]]\nkind='feed'\nurl='https://a.org'\ninterval='15'", ["sources[0].interval", "15m"], id="unit"
        ),
        pytest.param("[[sources]]\nkind='feed'\nurl='https://a.org'\ninterval='0m'", ["interval"], id="zero interval"),
        pytest.param("[[sources]]\nkind='feed'\nurl='https://a.org'\ncron='daily-ish'", ["cron", "five"], id="cron"),
        pytest.param(
            "[[sources]]\nkind='feed'\nurl='https://a.org'\nselector='a'",
            ["sources[0].selector", "listing"],
            id="place",
        ),
        pytest.param(
            "[[sources]]\nkind='feed'\nurl='https://a.org'\nfollow_depth=2",
            ["sources[0].follow_depth", "add `follow`"],
            id="depth of nothing",
        ),
        pytest.param(
            "[[sources]]\nkind='feed'\nurl='https://a.org'\nfollow=['related']\nfollow_depth=9",
            ["sources[0].follow_depth", "<= 5"],
            id="depth of a whole site",
        ),
        pytest.param(
            "[[sources]]\nkind='feed'\nurl='https://a.org'\nfollow=['related']\nfollow_per_day=0",
            ["sources[0].follow_per_day", ">= 1"],
            id="no budget",
        ),
        pytest.param(
            "[[sources]]\nname='x'\nkind='feed'\nurl='https://a.org'\n" * 2, ["called `x`"], id="two of one name"
        ),
        pytest.param("zone = 'Paris'", ["zone", "Europe/Paris"], id="zone"),
        pytest.param("zone = '../../etc/passwd'", ["zone", "IANA"], id="zone that is a path"),
        pytest.param("zone = 'Europe'", ["zone", "IANA"], id="zone that is a folder"),
        pytest.param("country = 'France'", ["country", "FR"], id="country"),
        pytest.param("language = 'français'", ["language", "BCP 47"], id="language"),
        pytest.param("[extract]\nbody = 'p['", ["extract.body", "CSS selector"], id="selector"),
        pytest.param("[extract]\nbody = 'p@'", ["extract.body", "attribute"], id="attribute without a name"),
        pytest.param("[extract]\ndrop = ['p', '']", ["extract.drop[1]"], id="empty selector in a list"),
        pytest.param("[[extract.links]]\nselector='a'\nkind='other'", ["extract.links[0].kind"], id="kind of links"),
        pytest.param("[[extract.layouts]]\ntitle='h1'", ["extract.layouts[0]", "`from`"], id="layout without dates"),
        pytest.param("[[extract.layouts]]\nfrom=2020-01-02\nto=2020-01-01", ["swap"], id="layout backwards"),
        pytest.param("[fetch]\ndeny = ['video']", ["fetch.deny[0]", "robots.txt"], id="pattern"),
        pytest.param("[fetch]\nrequests_per_day = 0", ["fetch.requests_per_day", ">= 1"], id="no requests"),
        pytest.param("[fetch\n", ["TOML", "line"], id="broken TOML"),
        pytest.param("a = " + "[" * 5000, ["TOML"], id="nested without end"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_remedy(extra: str, words: list[str]):
    with pytest.raises(Misconfigured) as caught:
        recipe_of('home = "https://example.org/"\n' + extra)
    message = str(caught.value)
    assert message.startswith("example.toml: ")
    for word in words:
        assert word in message


@pytest.mark.parametrize("body", [b"home = '\xff'", b"home = 'x'" + b"\n" * 1_000_001], ids=["not UTF-8", "too long"])
def test_a_file_that_is_no_recipe_is_named(tmp_path, body):
    path = tmp_path / "site.toml"
    path.write_bytes(body)
    with pytest.raises(Misconfigured, match=r"site\.toml"):
        read_recipe_file(path)


@given(st.text(max_size=200))
def test_any_text_is_a_recipe_or_a_named_mistake(text: str):
    try:
        recipe_of(text)
    except Misconfigured as error:
        assert str(error).startswith("example.toml: ")  # noqa: PT017 - both ways are right here


TOML_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=8), st.dates()),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["home", "hosts", "zone", "sources", "fetch", "extract", "country"]), TOML_VALUES)
def test_any_value_of_any_type_is_a_named_mistake_or_a_recipe(key: str, value: object):
    lines = {"home": '"https://example.org/"', key: _toml(value)}
    try:
        recipe_of("\n".join(f"{name} = {text}" for name, text in lines.items()))
    except Misconfigured as error:
        assert str(error).startswith("example.toml: ")  # noqa: PT017 - both ways are right here


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    return str(value)


DOCS = (Path(__file__).resolve().parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL))
def test_the_recipes_in_the_docs_can_be_read(text: str):
    assert recipe_of(text).sources


@pytest.mark.parametrize(
    ("extra", "number"),
    [
        pytest.param("[[sources]]\nkind='feed'\nurl='https://x.org'\nintervall='5m'", 0, id="key"),
        pytest.param("zone = 'Paris'", 1, id="zone"),
        pytest.param("[[sources]]\nkind='feed'\nurl='https://x.org'\n" * 2 + "selector='a'", 2, id="place"),
        pytest.param("[extract]\nbody='p['", 3, id="selector"),
    ],
)  # fmt: skip
def test_the_docs_show_mistakes_as_they_are_named(extra: str, number: int):
    shown = re.findall(r"```text\n(.*?)```", DOCS, re.DOTALL)[0].splitlines()[number]
    with pytest.raises(Misconfigured) as caught:
        recipe_of('home = "https://example.org/"\n' + extra)
    assert str(caught.value) == shown
