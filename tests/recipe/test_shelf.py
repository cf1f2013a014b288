"""etl.recipe.shelf: the recipe of a URL is that of the longest host, then of the longest path."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import Misconfigured
from etl.recipe import Shelf, read_recipe


def shelf_of(**homes: str) -> Shelf:
    return Shelf.of(read_recipe(f"home = '{home}'", name=name, file=f"{name}.toml") for name, home in homes.items())


SHELF = shelf_of(
    paper="https://www.paper.org/",
    paper_sport="https://sport.paper.org",
    afrique="https://www.world.org/afrique",
    world="http://world.org",
    local="http://127.0.0.1:8081/",
    co="https://news.co.uk:443/",
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("https://paper.org/a", "paper", id="with and without www"),
        pytest.param("http://WWW.Paper.org./a", "paper", id="case, scheme and root dot"),
        pytest.param("https://m.paper.org/a", "paper", id="a subdomain belongs to the site"),
        pytest.param("https://sport.paper.org/a", "paper_sport", id="the longer host wins"),
        pytest.param("https://live.sport.paper.org/a", "paper_sport", id="a subdomain of a subdomain"),
        pytest.param("https://notpaper.org/", None, id="a host is no suffix of letters"),
        pytest.param("https://world.org/afrique/x", "afrique", id="the longer path wins"),
        pytest.param("https://world.org/afrique", "afrique", id="the path itself"),
        pytest.param("https://world.org/afrique-du-sud/x", "world", id="a path is no prefix of letters"),
        pytest.param("http://127.0.0.1:8081/x", "local", id="a port of its own"),
        pytest.param("http://127.0.0.1:8082/x", None, id="another port is another site"),
        pytest.param("https://news.co.uk/x", "co", id="the usual port is none"),
        pytest.param("not a url", None, id="no URL"),
        pytest.param("http://[::1", None, id="broken URL"),
        pytest.param("http://paper.org:99999/", None, id="port out of range"),
    ],
)
def test_a_url_finds_its_recipe(url: str, name: str | None):
    recipe = SHELF.recipe_for(url)
    assert (recipe.name if recipe else None) == name


@given(st.text())
def test_any_text_has_a_recipe_or_none(url: str):
    SHELF.recipe_for(url)


def test_the_layout_of_the_day_is_counted_in_the_sites_zone():
    text = (
        "home = 'https://paper.jp'\nzone = 'Asia/Tokyo'\n[extract]\ntitle = 'h1'\n"
        "[[extract.layouts]]\nto = 2020-06-30\ntitle = 'h2'\n"
    )
    shelf = Shelf.of([read_recipe(text, name="paper", file="paper.toml")])
    titles = [
        rules.title if (rules := shelf.rules_for("https://paper.jp/a", at)) else None
        for at in (
            datetime(2020, 6, 30, 14, 59, tzinfo=UTC),  # 23:59 of the last day in Tokyo
            datetime(2020, 6, 30, 15, 0, tzinfo=UTC),
        )
    ]
    assert titles == [("h2",), ("h1",)]
    assert shelf.rules_for("https://elsewhere.jp/a", datetime(2020, 1, 1, tzinfo=UTC)) is None


def test_the_users_folder_is_read_and_its_mistakes_are_named(tmp_path):
    (tmp_path / "my-paper.toml").write_text("home = 'https://my.paper.org'")
    (tmp_path / "notes.txt").write_text("not a recipe")
    shelf = Shelf.load(tmp_path)
    recipe = shelf.named("my-paper")
    assert recipe is not None
    assert shelf.recipe_for("https://my.paper.org/x") is recipe
    (tmp_path / "second.toml").write_text("home = 'https://my.paper.org/'")
    with pytest.raises(Misconfigured, match=r"second\.toml.*my-paper\.toml"):
        Shelf.load(tmp_path)
    with pytest.raises(Misconfigured, match="no such folder"):
        Shelf.load(tmp_path / "elsewhere")


def test_the_bundled_recipes_can_be_read():
    assert Shelf.load().recipes == tuple(sorted(Shelf.load().recipes, key=lambda recipe: recipe.name))
