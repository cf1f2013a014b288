"""The page the project began with, in three layouts: every field and all 27 links, without a recipe."""

from __future__ import annotations

import json

import pytest

from etl.cli.filters import when
from etl.cli.records import article_record
from etl.flow.reading import read_article

LAYOUTS = ("semantic", "divs", "legacy")
LINK_FIELDS = ("url", "kind", "block", "title", "kicker", "rank", "date_text", "position")


@pytest.fixture(scope="module")
def seed(shared):
    return shared / "seed_page", json.loads((shared / "seed_page" / "gold.json").read_text(encoding="utf-8"))


@pytest.mark.corpus
@pytest.mark.parametrize("layout", LAYOUTS)
def test_seed_page(seed, layout):
    folder, gold = seed
    article = read_article(
        (folder / f"{layout}.html").read_bytes(), url=gold["url"], fetched_at=when(gold["fetched_at"])
    )
    got = article_record("seed", article)
    assert got["title"] == gold["title"]
    assert got["section"] == gold["section"] or layout == "legacy"
    assert got["description"] == gold["description"]
    assert [block["text"] for block in got["body"]] == gold["body"]
    assert when(got["published_at"]) == when(gold["published_at"])
    assert when(got["modified_at"]) == when(gold["modified_at"])
    assert [{name: link[name] for name in LINK_FIELDS} for link in got["links"]] == [
        {name: link[name] for name in LINK_FIELDS} for link in gold["links"]
    ]
    assert [when(link["published_at"]) for link in got["links"]] == [
        when(link["published_at"]) for link in gold["links"]
    ]
