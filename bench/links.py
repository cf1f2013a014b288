"""Accuracy and cost of links on a folder of pages with gold.

    python bench/links.py GOLD PAGES [--per-page]

GOLD holds one JSON file per page: `id`, `url`, optional `language`, `fetched_at`, `ignore` (URLs that count neither way) and
`links` (`url`, `kind`, `title`, `block`, `rank`, `kicker`, `published_at`, and the alternatives `alt_kinds`, `alt_titles`).
PAGES holds the pages as `<id>.html` or `<id>.html.gz`.

- links: precision, recall, F1 over (page, URL), also as the mean of the pages' F1
- kind: of the records with a right URL; `lenient` takes the second reading too
- title, block, rank, kicker, day: right of the gold's teasers that were found, each where the gold has one
- cost: CPU milliseconds per page for the parse, the teasers and the links, best of three
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from etl.extract import dates, document, links, teasers
from etl.model import Link

FIELDS = ("title", "block", "rank", "kicker", "day")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--per-page", action="store_true")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    scores: list[float] = []
    costs: list[tuple[float, float, float]] = []
    for path in sorted(options.gold.glob("*.json")):
        gold = json.loads(path.read_text(encoding="utf-8"))
        found, cost = read(gold, page_of(options.pages, gold.get("id") or path.stem))
        score = count(gold, found, counts)
        scores.append(score)
        costs.append(cost)
        if options.per_page:
            print(f"  {score:.3f}  {len(found):4}  {gold.get('id') or path.stem}")
    report(counts, scores, costs)


def page_of(folder: Path, name: str) -> bytes:
    packed = folder / f"{name}.html.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / f"{name}.html").read_bytes()


def read(gold: dict[str, Any], body: bytes) -> tuple[tuple[Link, ...], tuple[float, float, float]]:
    """Return the links of a page and the CPU seconds of parse, teasers and links."""
    fetched = gold.get("fetched_at")
    fetched_at = datetime.fromisoformat(fetched) if fetched else None
    if fetched_at is not None and fetched_at.tzinfo is None:
        fetched_at = fetched_at.replace(tzinfo=UTC)
    found: tuple[Link, ...] = ()
    best = (9.0, 9.0, 9.0)
    for _ in range(3):
        start = time.process_time()
        doc = document.parse(body, url=gold["url"])
        parsed = time.process_time()
        blocks = teasers.find(doc)
        teased = time.process_time()
        found = links.read(doc, blocks, language=gold.get("language"), fetched_at=fetched_at)
        cost = (parsed - start, teased - parsed, time.process_time() - teased)
        best = min(best[0], cost[0]), min(best[1], cost[1]), min(best[2], cost[2])
    return found, best


def count(gold: dict[str, Any], found: tuple[Link, ...], counts: Counter[str]) -> float:
    """Add the page's right and wrong answers to *counts*; return its F1."""
    ignored = {key(entry if isinstance(entry, str) else entry["url"]) for entry in gold.get("ignore", [])}
    ignored.add(key(gold["url"]))
    wanted: dict[str, list[dict[str, Any]]] = {}
    for link in gold["links"]:
        wanted.setdefault(key(link["url"]), []).append(link)
    given = [link for link in found if key(link.url) not in ignored]
    urls = {key(link.url) for link in given}
    right = len(urls & set(wanted))
    counts["right"] += right
    counts["given"] += len(urls)
    counts["wanted"] += len(wanted)
    for link in given:
        golds = wanted.get(key(link.url))
        if golds is not None:
            count_fields(link, golds, counts)
    return 2 * right / (len(urls) + len(wanted)) if urls or wanted else 1.0


def count_fields(link: Link, golds: list[dict[str, Any]], counts: Counter[str]) -> None:
    kinds = {gold["kind"] for gold in golds}
    second = {kind for gold in golds for kind in gold.get("alt_kinds", ())}
    counts["kind of"] += 1
    counts["kind"] += link.kind in kinds
    counts["lenient"] += link.kind in kinds | second
    if link.kind == "inline":
        return
    golds = [gold for gold in golds if gold["kind"] == link.kind] or golds
    day = (dates.iso(link.date) or "")[:10]
    ours = {"title": link.title, "block": link.block, "rank": link.rank, "kicker": link.kicker, "day": day}
    for name in FIELDS:
        texts = {plain(gold.get("published_at", "")[:10] if name == "day" and gold.get("published_at") else gold.get(name))
                 for gold in golds}  # fmt: skip
        texts |= {plain(text) for gold in golds for text in (gold.get("alt_titles", ()) if name == "title" else ())}
        texts.discard("")
        if texts:
            counts[f"{name} of"] += 1
            counts[name] += plain(ours[name]) in texts


def plain(value: object) -> str:
    text = unicodedata.normalize("NFC", "" if value is None else str(value))
    return re.sub(r"\s+", " ", text).strip(" :").casefold()


def key(url: str) -> str:
    path, _, query = url.partition("#")[0].partition("://")[2].partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("utm_")]
    return "?".join([path.rstrip("/").lower(), *kept])


def report(counts: Counter[str], scores: list[float], costs: list[tuple[float, float, float]]) -> None:
    right, given, wanted = counts["right"], counts["given"], counts["wanted"]
    print(f"pages    {len(scores)}")
    print(f"links    P {right / max(1, given):.3f}  R {right / max(1, wanted):.3f}  "
          f"F1 {2 * right / max(1, given + wanted):.3f}  macro F1 {fmean(scores) if scores else 0:.3f}")  # fmt: skip
    total = max(1, counts["kind of"])
    print(f"kind     {counts['kind'] / total:.3f}  lenient {counts['lenient'] / total:.3f}")
    for name in FIELDS:
        if counts[f"{name} of"]:
            print(f"{name:8} {counts[name] / counts[f'{name} of']:.3f}  of {counts[f'{name} of']}")
    if costs:
        parse, teased, read_s = (fmean(cost[place] for cost in costs) * 1000 for place in range(3))
        print(f"cost     parse {parse:.2f}  teasers {teased:.2f}  links {read_s:.2f} ms a page")


if __name__ == "__main__":
    main()
