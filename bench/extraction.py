"""Accuracy and speed of extraction on a folder of pages with gold, beside trafilatura when that is installed.

    python bench/extraction.py FOLDER [--limit N] [--alone]
    python bench/extraction.py FOLDER --memory 100000      # read the pages over and over, print the memory on the way
    python bench/extraction.py FOLDER --links              # what the links add to a page

FOLDER holds `gold.jsonl`, one object per page: `page` (file name of the page, .html or .html.gz, relative to FOLDER) and any
of `url`, `fetched_at`, `text`, `title`, `authors`, `published_at`, `language`. Only what the gold says is scored:

- body: precision, recall and F1 of 4-word shingles, mean over pages (the measure of the article-extraction-benchmark)
- title: equal after Unicode and white-space folding; authors: F1 of the sets of names; day: the same calendar day

`--links` reads each page four times with links and four times without, in turn, and takes the best of each. What is not done
without links is `links.read`; the teaser blocks are found for the body, too, which leaves them out, so they are told apart.

Both readers see each page one after the other in one process, timed in CPU seconds, so the ratio is fair on a busy machine.
The garbage collector runs, for both, as in the processes that read pages (`etl.run.reader`): what is loaded stays, the rest is
looked through rarely, or one reader's garbage would be searched for in the other's time.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import re
import resource
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

from etl.errors import Unreadable
from etl.extract import article, date_words, document, links, teasers

SHINGLE_WORDS = 4
_WORD = re.compile(r"\w+")

Answer = dict[str, Any]
Reader = Callable[[bytes, str, datetime | None], Answer]


def read_ours(body: bytes, url: str, fetched_at: datetime | None) -> Answer:
    try:
        found = article.read(body, url=url, fetched_at=fetched_at)
    except Unreadable:
        return {}
    day = found.published.at.date().isoformat() if found.published and found.published.at else None
    return {"text": found.text, "title": found.title, "authors": found.authors, "day": day, "language": found.language}


def trafilatura_reader() -> Reader | None:
    """Return trafilatura with its default settings and metadata, or None when it is not installed."""
    if find_spec("trafilatura") is None:
        return None
    trafilatura: Any = import_module("trafilatura")

    def read(body: bytes, url: str, _fetched_at: datetime | None) -> Answer:
        found = trafilatura.bare_extraction(body, url=url or None, with_metadata=True, include_comments=False)
        if found is None:
            return {}
        facts = found if isinstance(found, dict) else found.as_dict()
        return {
            "text": facts.get("text"),
            "title": facts.get("title"),
            "authors": [name.strip() for name in (facts.get("author") or "").split(";") if name.strip()],
            "day": facts.get("date"),
            "language": facts.get("language"),
        }

    return read


def shingles(text: str | None) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text or "")
    return Counter(
        tuple(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1)) if words
    )


def folded(text: object) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(text or "")).split())


def score(gold: dict[str, Any], answer: Answer) -> dict[str, float]:
    """Return what the gold of one page allows to say about *answer*."""
    scores: dict[str, float] = {}
    if gold.get("text"):
        wanted, found = shingles(gold["text"]), shingles(answer.get("text"))
        common = sum((wanted & found).values())
        if found:
            scores["precision"] = common / sum(found.values())
        scores["recall"] = common / (sum(wanted.values()) or 1)
    if gold.get("title"):
        scores["title"] = float(folded(gold["title"]) == folded(answer.get("title")))
    if gold.get("authors"):
        wanted_names = {folded(name).casefold() for name in gold["authors"]}
        names = {folded(name).casefold() for name in answer.get("authors") or ()}
        scores["authors"] = 2 * len(wanted_names & names) / (len(wanted_names) + len(names))
    if gold.get("published_at"):
        scores["day"] = float(str(gold["published_at"])[:10] == str(answer.get("day"))[:10])
    if gold.get("language"):
        scores["language"] = float(str(gold["language"])[:2] == str(answer.get("language"))[:2])
    return scores


def line(name: str, rows: list[dict[str, float]], seconds: float) -> str:
    means = {
        key: fmean(values)
        for key in dict.fromkeys(key for row in rows for key in row)
        if (values := _column(rows, key))
    }
    parts: list[str] = []
    if "recall" in means:
        precision, recall = means.pop("precision", 0.0), means.pop("recall")
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        parts.append(f"body F1 {f1:.3f} (P {precision:.3f} R {recall:.3f})")
    parts += [f"{key} {value:.3f}" for key, value in means.items()]
    return f"{name:12s} {' · '.join(parts)} · {seconds / len(rows) * 1e3:.2f} ms a page"


def _column(rows: list[dict[str, float]], key: str) -> list[float]:
    return [row[key] for row in rows if key in row]


def watch_memory(folder: Path, golds: list[dict[str, Any]], pages: int) -> None:
    """Read *pages* pages, the same ones over and over, and print the memory in use at 1, 2, 5, 10, 20, 50 … thousand."""
    steps = {lead * 10**power for lead in (1, 2, 5) for power in range(3, 9)} | {pages}
    began = time.process_time()
    for number in range(1, pages + 1):
        gold = golds[number % len(golds)]
        read_ours(page_of(folder, gold), gold.get("url") or "", _when(gold.get("fetched_at")))
        if number in steps:
            spent = (time.process_time() - began) / number * 1e3
            print(f"{number:9,d} pages  {memory_mb():6.0f} MB  {spent:.2f} ms a page", flush=True)


def cost_of_links(folder: Path, golds: list[dict[str, Any]], rounds: int = 4) -> None:
    """Print the CPU time of a page with links and without, and of the teaser blocks that links and body share."""
    find, read = teasers.find, links.read
    spent = 0.0

    def timed(doc: document.Document) -> teasers.Teasers:
        nonlocal spent
        begun = time.process_time()
        found = find(doc)
        spent = time.process_time() - begun
        return found

    means = [0.0, 0.0, 0.0, 0.0]
    for gold in golds:
        body, best = page_of(folder, gold), [9.0, 9.0, 9.0, 9.0]
        doc = document.parse(body, url=gold.get("url") or "")
        blocks = find(doc)
        known = {"language": gold.get("language"), "fetched_at": _when(gold.get("fetched_at"))}
        for _ in range(rounds):
            begun = time.process_time()
            read(doc, blocks, **known)
            best[3] = min(best[3], time.process_time() - begun)
            for place, reader in enumerate((read, lambda *_, **__: ())):
                teasers.find, links.read = timed, reader
                begun = time.process_time()
                read_ours(body, gold.get("url") or "", known["fetched_at"])
                best[place] = min(best[place], time.process_time() - begun)
                best[2] = min(best[2], spent)
        teasers.find, links.read = find, read
        means = [mean + one * 1e3 / len(golds) for mean, one in zip(means, best, strict=True)]
    whole, without, shared, alone = means
    print(f"a page {whole:.2f} ms, without links {without:.2f}: links add {whole - without:.2f} (alone {alone:.2f})")
    print(f"teaser blocks, for body and links {shared:.2f} ms; with the links {shared + alone:.2f}")


def memory_mb() -> float:
    """Return the resident memory of this process, or its peak where the system does not tell."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def page_of(folder: Path, gold: dict[str, Any]) -> bytes:
    path = folder / gold["page"]
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _when(text: object) -> datetime | None:
    if not text:
        return None
    at = datetime.fromisoformat(str(text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--limit", type=int)
    options.add_argument("--alone", action="store_true", help="do not run trafilatura beside")
    options.add_argument("--links", action="store_true", help="measure what the links cost; no scores")
    options.add_argument("--memory", type=int, metavar="PAGES", help="watch the memory over so many pages; no scores")
    asked = options.parse_args()
    gold_file = asked.folder / "gold.jsonl"
    if not gold_file.is_file():
        print(f"no gold.jsonl in {asked.folder}")
        return 2
    golds = [json.loads(text) for text in gold_file.read_text("utf-8").splitlines() if text.strip()][: asked.limit]
    if asked.memory:
        watch_memory(asked.folder, golds, asked.memory)
        return 0
    if asked.links:
        cost_of_links(asked.folder, golds)
        return 0
    readers: dict[str, Reader] = {"news-etl": read_ours}
    if not asked.alone and (peer := trafilatura_reader()):
        readers["trafilatura"] = peer
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in readers}
    seconds = dict.fromkeys(readers, 0.0)
    date_words.load()
    for gold in golds[:1]:  # Imports and caches are not a page's time.
        for reader in readers.values():
            reader(page_of(asked.folder, gold), gold.get("url") or "", None)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
    for gold in golds:
        body = page_of(asked.folder, gold)
        for name, reader in readers.items():
            begun = time.process_time()
            answer = reader(body, gold.get("url") or "", _when(gold.get("fetched_at")))
            seconds[name] += time.process_time() - begun
            rows[name].append(score(gold, answer))
    for name in readers:
        print(line(name, rows[name], seconds[name]))
    if "trafilatura" in seconds:
        print(f"time of trafilatura / time of news-etl = {seconds['trafilatura'] / seconds['news-etl']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
