"""What a poll's answers name, stored batch by batch."""

from __future__ import annotations

from contextlib import suppress

import pytest

from etl.flow.finds import Finds
from etl.flow.listed import listed_sources
from etl.model import Candidate
from etl.recipe.rules import FetchRules, Recipe, SourceRule
from etl.recipe.shelf import Shelf
from etl.store import sources
from tests.flow.pages import DAY

NAMED = [
    *(f"https://example.org/news/{n}" for n in range(5)),
    "https://example.org/news/0?utm_source=feed",
    "mailto:a@b.c",
]


@pytest.fixture
def finds(live):
    rule = SourceRule(kind="sitemap", url="https://example.org/sitemap.xml", name="news")
    recipe = Recipe("paper", "https://example.org/", sources=(rule,), fetch=FetchRules(deny=("/news/4",)))
    sources.sync(live, listed_sources(Shelf.of([recipe])), now=DAY)
    source = sources.named(live, "paper/news")
    assert source is not None
    return lambda batch: Finds(live, source.id, recipe=recipe, now=lambda: DAY, batch=batch)


def stored(conn) -> list[str]:
    return [url for (url,) in conn.execute("SELECT url FROM etl.pages JOIN etl.sightings ON page_id = id ORDER BY url")]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_the_size_of_the_batches_changes_nothing(live, finds, batch):
    for run, new in ((1, 4), (2, 0)):
        one = finds(batch)
        for url in NAMED:
            one.take(Candidate(url, "sitemap"))
        with live.transaction():
            one.store()
        assert one.counts == {"found": 4, "new": new, "unwanted": 2}, run
    assert stored(live) == NAMED[:4]


def test_only_what_is_less_than_a_batch_is_held(live, finds):
    one = finds(2)
    with suppress(KeyboardInterrupt):
        for url in NAMED[:3]:
            one.take(Candidate(url, "sitemap"))
        raise KeyboardInterrupt
    assert stored(live) == NAMED[:2]
