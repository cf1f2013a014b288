"""The links of the seed page and of the open corpus pages, where those are at hand."""

from __future__ import annotations

import gzip
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from etl.extract import dates, document, links, teasers

SHARED = Path(os.environ.get("NEWS_ETL_SHARED") or Path(__file__).resolve().parents[3] / "shared")


def _gold(path: Path) -> Any:
    if not path.exists():
        pytest.skip(f"the measuring corpus is not here: {path.name}")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.corpus
@pytest.mark.parametrize("layout", ["semantic", "divs", "legacy"])
def test_the_seed_page_is_exact_in_every_layout(layout: str) -> None:
    gold = _gold(SHARED / "seed_page" / "gold.json")
    doc = document.parse((SHARED / "seed_page" / f"{layout}.html").read_bytes(), url=gold["url"])
    found = links.read(
        doc,
        teasers.find(doc),
        language="fr",
        zone="Europe/Paris",
        fetched_at=datetime.fromisoformat(gold["fetched_at"]),
        canonical=lambda url: url.partition("?")[0],
    )
    assert [
        {
            "url": link.url, "kind": link.kind, "block": link.block, "title": link.title, "kicker": link.kicker,
            "rank": link.rank, "date_text": link.date.text if link.date else None,
            "published_at": dates.iso(link.date), "position": link.position,
        }
        for link in found
    ] == gold["links"]  # fmt: skip


@pytest.mark.corpus
def test_the_open_link_pages_keep_their_score() -> None:
    folder = SHARED / "corpus" / "links"
    if not folder.exists():
        pytest.skip("the measuring corpus is not here: links")
    right = given_links = wanted = kinds_right = kinds = 0
    for path in sorted((folder / "gold").glob("*.json")):
        gold = _gold(path)
        body = gzip.decompress((folder / "pages" / f"{path.stem}.html.gz").read_bytes())
        doc = document.parse(body, url=gold["url"])
        ignored = {_key(entry if isinstance(entry, str) else entry["url"]) for entry in gold.get("ignore", [])}
        found = [
            link
            for link in links.read(doc, teasers.find(doc), language=gold["language"])
            if _key(link.url) not in ignored | {_key(gold["url"])}
        ]
        expected = {_key(link["url"]): set[str]() for link in gold["links"]}
        for link in gold["links"]:
            expected[_key(link["url"])].add(link["kind"])
        urls = {_key(link.url) for link in found}
        right += len(urls & set(expected))
        given_links += len(urls)
        wanted += len(expected)
        kinds += sum(1 for link in found if _key(link.url) in expected)
        kinds_right += sum(1 for link in found if link.kind in expected.get(_key(link.url), ()))
    assert 2 * right / (given_links + wanted) >= 0.97
    assert kinds_right / kinds >= 0.94


def _key(url: str) -> str:
    path, _, query = url.partition("#")[0].partition("://")[2].partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("utm_")]
    return "?".join([path.rstrip("/").lower(), *kept])
