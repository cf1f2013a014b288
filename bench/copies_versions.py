#!/usr/bin/env python3
"""Versions, measured on real pages: how many does a page make that did not change, and one that did?

  python bench/copies_versions.py [--corpus DIR] [--limit N] [--show]

DIR holds gold.jsonl (id, page, url, fetched_at) and the pages; by default `shared/corpus/fundus/open` beside the repository,
or below $NEWS_ETL_SHARED. Each page is read once and kept, then read again

- unchanged, five hours later;
- with everything around the text altered: titles of related articles, advertisements between the paragraphs, counters and
  ages beside the headline, query strings of images, white space between elements;
- with one figure of the text, one sentence of the text, or the headline edited, wherever the page repeats it.

The first two must make no version, each edit exactly one. --show names the pages where that fails.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from etl.dedupe.verdict import compare_versions, content_key, version_of
from etl.errors import Unreadable
from etl.extract import article as extract_article
from etl.model import Article, Changed

SHARED = Path(os.environ.get("NEWS_ETL_SHARED", Path(__file__).resolve().parents[1] / ".." / "shared"))
ADVERT = '<div class="ad-slot advertisement"><span>Advertisement</span></div>'
COUNTERS = (
    '<div class="share-bar"><span class="count">1.3k</span> shares <span class="age">Updated 3 hours ago</span></div>'
)


def furniture(page: str, article: Article) -> str:
    """Alter what stands around the text."""
    text = "\n".join([article.title, article.lead or "", article.text])
    for number, link in enumerate(article.links):
        if link.kind != "inline" and len(link.title) > 12 and link.title not in text:
            for form in {link.title, html.escape(link.title, quote=False)}:
                page = page.replace(f">{form}<", f">Quite another headline, number {number} of the day<")
    page = re.sub(r"(\.(?:jpe?g|png|webp))(?:\?[^\"'\s<>]*)?(?=[\"'])", r"\1?v=77", page)
    page = re.sub(r"(</h1>)", rf"\1{COUNTERS}", page, count=1)
    ends = Counter[str]()

    def advertise(found: re.Match[str]) -> str:
        ends["p"] += 1
        return found[0] + ("\n  " + ADVERT if ends["p"] % 4 == 0 else "\n  ")

    return re.sub(r"</p>(?=\s*<p\b)", advertise, page)


def other_figure(page: str, article: Article) -> str | None:
    for block in article.body:
        for found in re.finditer(r"(?<=\w )\d{2,3}(?= \w)", block.text):
            around = block.text[max(0, found.start() - 12) : found.end() + 12]
            edited = around.replace(found[0], str(int(found[0]) + 1), 1)
            changed = everywhere(page, around, edited)
            if changed:
                return changed
    return None


def other_sentence(page: str, article: Article) -> str | None:
    for block in sorted(article.body, key=lambda block: -len(block.text)):
        middle = block.text[len(block.text) // 2 :]
        found = re.search(r" \w{5,} \w{4,} ", middle)
        changed = everywhere(page, found[0], " something else altogether ") if found else None
        if changed:
            return changed
    return None


def other_headline(page: str, article: Article) -> str | None:
    words = re.findall(r"\w+", article.title)
    if len(words) < 3:
        return None
    # Punctuation and spaces between the words are spelled in many ways: typographic, as entities, over two lines.
    title = re.compile(r"(?:[^\w<>]|&#?\w+;|\\u\w{4}){1,14}?".join(map(re.escape, words)))
    changed = title.sub("Revealed: " + " ".join(words[:-1]), page)
    return changed if changed != page else None


def everywhere(page: str, before: str, after: str) -> str | None:
    """Replace *before* in all its spellings of markup and JSON; None when the page does not have it in one piece."""
    forms = {before: after}
    forms[html.escape(before, quote=False)] = html.escape(after, quote=False)
    forms[html.escape(before)] = html.escape(after)
    forms[json.dumps(before)[1:-1]] = json.dumps(after)[1:-1]
    changed = page
    for old, new in forms.items():
        changed = changed.replace(old, new)
    return changed if changed != page else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus" / "fundus" / "open", metavar="DIR")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N pages")
    parser.add_argument("--show", action="store_true", help="name the pages where a count is wrong")
    given = parser.parse_args()
    if not (given.corpus / "gold.jsonl").exists():
        sys.exit(f"no gold.jsonl in {given.corpus}: name the folder of the pages with --corpus")
    lines = (given.corpus / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for line in lines[: given.limit or None]:
        gold = json.loads(line)
        raw = gzip.decompress((given.corpus / gold["page"]).read_bytes())
        for name, passed, why in judge(raw.decode("utf-8", "surrogateescape"), gold):
            tried[name] += 1
            right[name] += passed
            if given.show and not passed:
                print(f"{gold['id']}: {name}: {why}")
    for name in tried:
        print(f"{name}: {right[name]} of {tried[name]} as they should be")


def judge(page: str, gold: dict[str, str]) -> list[tuple[str, bool, str]]:
    at = datetime.fromisoformat(gold["fetched_at"]).astimezone()

    def read(text: str, hours: int) -> Article:
        body = text.encode("utf-8", "surrogateescape")
        return extract_article.read(body, url=gold["url"], fetched_at=at + timedelta(hours=hours))

    try:
        first = read(page, 0)
    except Unreadable:
        return []
    results = [("unchanged: no version", *unchanged(first, read(page, 5)))]
    results.append(("furniture altered: no version", *unchanged(first, read(furniture(page, first), 5))))
    edits: dict[str, tuple[Callable[[str, Article], str | None], str]] = {
        "figure edited: one version": (other_figure, "body"),
        "sentence edited: one version": (other_sentence, "body"),
        "headline edited: one version": (other_headline, "title"),
    }
    for name, (edit, field) in edits.items():
        edited = edit(page, first)
        if edited is not None:
            second = read(edited, 5)
            if (second.title, second.lead, second.body) == (first.title, first.lead, first.body):
                continue  # The edit hit a copy in a script or in the markup only: the page still says the same.
            verdict = compare_versions(version_of(first), second)
            passed = (
                isinstance(verdict, Changed)
                and (field in verdict.fields or "lead" in verdict.fields)
                and unchanged(second, read(edited, 9))[0]
            )
            results.append((name, passed, verdict.reason))
    return results


def unchanged(first: Article, second: Article) -> tuple[bool, str]:
    if content_key(first) == content_key(second):
        return True, "equal keys"
    verdict = compare_versions(version_of(first), second)
    return not isinstance(verdict, Changed), verdict.reason


if __name__ == "__main__":
    main()
