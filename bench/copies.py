#!/usr/bin/env python3
"""Near-copies and URL spellings, measured: what the pure verdicts of `etl.dedupe` make of sets with gold answers.

  python bench/copies.py [SET ...] [--corpus DIR] [--held-out]

SET: syn | signal1k | reuters | web | urls (all when none is named). DIR holds SET.jsonl.gz, urls.jsonl and score_copies.py;
by default `shared/corpus/copies` beside the repository, or below $NEWS_ETL_SHARED. Each document is judged against those
before it, in file order, exactly as the database does it: keys, at most 6 rows a key, at most 8 texts, `find_copy`,
`keys_to_store`. Only the index is a dictionary here. Prints the scorer's figures, documents per CPU second of one core, and
what was read and kept per document.

  --held-out   also F1 of the third of the clusters that never helped to choose a weight (by CRC-32 of the cluster)
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl.dedupe.canonical import BadUrlError, canonical, host_of
from etl.dedupe.signature import signature_keys
from etl.dedupe.verdict import ROWS_PER_KEY, Document, Finding, Stored, find_copy, keys_to_store, rank_candidates
from etl.flow.loading import published
from etl.model import CopyOf

SETS = ("syn", "signal1k", "reuters", "web")
SHARED = Path(os.environ.get("NEWS_ETL_SHARED", Path(__file__).resolve().parents[1] / ".." / "shared"))


@dataclass(slots=True)
class Index:
    """What the store keeps, in memory: keys → articles, and each article's text and story."""

    carriers: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    documents: list[Document] = field(default_factory=list)
    stories: list[int] = field(default_factory=list)
    keys: int = 0
    rows_read: int = 0
    texts_read: int = 0

    def add(self, document: Document) -> tuple[list[int], Finding]:
        """Judge the document against those before it, keep it, and return the candidates with the finding."""
        keys = signature_keys(document.title, document.text)
        rows = [(key, other) for key in keys for other in self.carriers.get(key, ())[-ROWS_PER_KEY:]]
        candidates = rank_candidates(rows)
        finding = find_copy(document, [Stored(i, self.stories[i], self.documents[i]) for i in candidates])
        number = len(self.documents)
        self.documents.append(document)
        self.stories.append(finding.verdict.story_id if isinstance(finding.verdict, CopyOf) else number)
        for key in keys_to_store(keys, rows, finding.verdict):
            self.carriers[key].append(number)
            self.keys += 1
        self.rows_read += len(rows)
        self.texts_read += len(candidates)
        return candidates, finding


def read(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def document_of(row: dict[str, Any]) -> Document:
    """Return the document as `news-etl load` reads it: its time may be seconds, ISO 8601, a printed day, or unknown."""
    moment = published(row.get("published_at"))
    return Document(row["title"], row["text"], host_of(row["url"]), moment.at if moment else None)


def is_held_out(row: dict[str, Any]) -> bool:
    return zlib.crc32(row["cluster"].encode()) % 3 == 0


def ignored_pairs(corpus: Path, name: str, rows: Sequence[dict[str, Any]]) -> dict[int, list[int]]:
    """Return the pairs that are in doubt and count neither way: later document → earlier ones."""
    path = corpus / f"{name}.ignore.json"
    place = {row["id"]: number for number, row in enumerate(rows)}
    ignored: dict[int, list[int]] = defaultdict(list)
    for pair in json.loads(path.read_text(encoding="utf-8")) if path.exists() else []:
        earlier, later = sorted(place[document] for document in pair)
        ignored[later].append(earlier)
    return ignored


def held_out_f1(
    rows: Sequence[dict[str, Any]], stories: Sequence[int], ignored: dict[int, list[int]], *, held_out: bool
) -> float:
    """Return the pairwise F1 over pairs whose later document is, or is not, in the held-out part."""
    right = wanted = found = 0
    clusters: Counter[str] = Counter()
    seen: Counter[int] = Counter()
    both: Counter[tuple[str, int]] = Counter()
    for number, (row, story) in enumerate(zip(rows, stories, strict=True)):
        cluster = row["cluster"]
        if is_held_out(row) is held_out:
            wanted += clusters[cluster]
            found += seen[story]
            right += both[cluster, story]
            for other in ignored.get(number, ()):
                is_one, is_joined = rows[other]["cluster"] == cluster, stories[other] == story
                wanted -= is_one
                found -= is_joined
                right -= is_one and is_joined
        clusters[cluster] += 1
        seen[story] += 1
        both[cluster, story] += 1
    return 2 * right / (wanted + found) if wanted + found else 1.0


def run_set(name: str, corpus: Path, *, held_out: bool) -> None:
    rows = list(read(corpus / f"{name}.jsonl.gz"))
    documents = [document_of(row) for row in rows]
    index = Index()
    started = time.process_time()
    for document in documents:
        index.add(document)
    took = time.process_time() - started
    score(corpus, name, [{"id": row["id"], "story_id": story} for row, story in zip(rows, index.stories, strict=True)])
    each = len(rows)
    speed = f"{each / took:,.0f} documents per CPU second ({1000 * took / each:.2f} ms)"
    reads = f"{index.rows_read / each:.1f} rows and {index.texts_read / each:.2f} texts read"
    print(f"  {speed}; per document {reads}, {index.keys / each:.1f} keys kept")
    if held_out:
        ignored = ignored_pairs(corpus, name, rows)
        chose, held = (held_out_f1(rows, index.stories, ignored, held_out=part) for part in (False, True))
        print(f"  F1 of the clusters that chose the weights {chose:.4f}, of the held-out ones {held:.4f}")


def run_urls(corpus: Path) -> None:
    spellings = [row[side] for row in read(corpus / "urls.jsonl") for side in ("a", "b")]
    started = time.process_time()
    names = [name_of(spelling) for spelling in spellings]
    took = time.process_time() - started
    score(corpus, "urls", [{"url": url, "canonical": name} for url, name in zip(spellings, names, strict=True)])
    print(f"  {1e6 * took / len(names):.1f} µs a URL")


def name_of(url: str) -> str:
    try:
        return canonical(url)
    except BadUrlError:
        return url


def score(corpus: Path, name: str, predictions: list[dict[str, Any]]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in predictions)
        lines.flush()
        subprocess.run([sys.executable, str(corpus / "score_copies.py"), name, lines.name], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sets", nargs="*", metavar="SET", choices=[*SETS, "urls", []], help="which sets; all when none is named"
    )
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus" / "copies", metavar="DIR")
    parser.add_argument("--held-out", action="store_true")
    given = parser.parse_args()
    if not (given.corpus / "score_copies.py").exists():
        sys.exit(f"no score_copies.py in {given.corpus}: name the folder of the gold sets with --corpus")
    for name in given.sets or [*SETS, "urls"]:
        if name == "urls":
            run_urls(given.corpus)
        else:
            run_set(name, given.corpus, held_out=given.held_out)


if __name__ == "__main__":
    main()
