"""Learn `etl/extract/chooser.json` and `theme_words.json` from pages with gold texts, and say how well, by publisher.

    python bench/chooser/train.py CORPUS... [--machine-labelled FOLDER...] [--folds 3] [--write]

A corpus is a folder with `gold.jsonl` (`page`, `url`, `text`). Folders after `--machine-labelled` hold texts that programs
agreed on (`label.py`); they are learned from, by their `weight`, and not measured. Needs lightgbm, numpy and rapidfuzz. See
README.md beside this file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import re
import sys
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lightgbm
import numpy
from rapidfuzz.distance import LCSseq

from etl.errors import Unreadable
from etl.extract import body, chooser, document, features, runs, structured, surroundings, teasers, wording

WORD = re.compile(r"\w+")
PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
HOSTS_MIN = 4
"""A word of fewer publishers says more about them than about its meaning."""
SCORES = ("near_low", "near_high", "far_low", "far_high", "own_sum")
CORPUS_WEIGHT = {"fundus": 3.0, "scrapinghub": 3.0}
"""News pages are what the chooser is for; the blogs and guides of wcxb are five times as many."""
ROUNDS = 200
THRESHOLD = 0.38
"""Between .30 and .42 the mean of the three corpora moves by .0006."""
EXITS = (12, 24, 40, 70, 110)
"""After so many trees a run may be decided, when the rest would hardly ever decide otherwise:"""
EXIT_ERROR = 0.003
"""this share of the weight of the runs that the whole chooser takes, or leaves."""
PARAMETERS = {
    "objective": "binary", "learning_rate": 0.06, "num_leaves": 24, "max_depth": 7, "feature_fraction": 0.25,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 10, "min_child_samples": 60, "max_bin": 63, "num_threads": 1,
    "verbosity": -1, "seed": 7, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
ENGINE = Path(__file__).resolve().parents[2] / "etl" / "extract"


@dataclass
class Sample:
    corpus: str
    host: str
    gold: str
    doc: document.Document
    page: runs.Runs
    title: str
    columns: Any
    never: list[bool]
    """Per run: what the engine leaves out whatever its chance."""
    weight: float
    said: Any
    """Per run: the share of its words that the gold text holds, in order."""
    words: Any
    gold_words: int
    scores: Any = None
    chances: Any = None
    shares: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def boxes(self) -> list[int]:
        return self.page.boxes

    @property
    def parents(self) -> list[int]:
        return self.doc.parents

    def text(self, threshold: float) -> str:
        """Return the body that the engine makes of the chances, before bylines are trimmed."""
        likely = [0.0 if never else chance for never, chance in zip(self.never, self.chances, strict=True)]
        chosen = body.without_comments(self.doc, self.page, body.picked(self.doc, self.page, likely, least=threshold))
        chosen = body.without_repeats(self.doc, self.page, chosen, self.title)
        return "\n".join(self.page.texts[run] for run in chosen)

    def fold(self, folds: int) -> int:
        return zlib.crc32(self.host.encode()) % folds


def column_names() -> list[str]:
    bits: list[str] = []
    for mask in features.MASKS:
        named = wording.NAMES if mask == "words" else ()
        bits += [f"{mask}:{named[at] if at < len(named) else name}" for at, name in enumerate(surroundings.MASK_NAMES)]
    return bits + [name for name in features.NUMBERS if name not in SCORES]


def columns(table: features.Table) -> Any:
    late = [table.late(run) for run in range(len(table.masks))]
    masks = numpy.array([(*row, one[0]) for row, one in zip(table.masks, late, strict=True)], dtype=numpy.int64)
    places = numpy.arange(len(surroundings.MASK_NAMES))
    bits = ((masks[:, :, None] >> places) & 1).reshape(len(masks), -1)
    plain = [place for place, name in enumerate(features.NUMBERS) if name not in SCORES]
    numbers = numpy.array([(*row, *one[1:]) for row, one in zip(table.numbers, late, strict=True)])
    return numpy.hstack([bits, numbers[:, plain]]).astype(numpy.float32)


def said(texts: list[str], gold: str) -> tuple[list[float], list[int], int]:
    """Align the page's words with the gold text's; single words that fit by chance do not count."""
    page_words: list[str] = []
    owners: list[int] = []
    for run, text in enumerate(texts):
        found = WORD.findall(text)
        page_words += found
        owners += [run] * len(found)
    gold_words = WORD.findall(gold)
    numbers: dict[str, int] = {}
    left = [numbers.setdefault(word, len(numbers)) for word in page_words]
    right = [numbers.setdefault(word, len(numbers)) for word in gold_words]
    counts, hits = Counter(owners), Counter[int]()
    for step in LCSseq.opcodes(left, right):
        length = step.src_end - step.src_start
        if step.tag == "equal":
            for at in range(step.src_start, step.src_end):
                if length >= 3 or counts[owners[at]] <= length + 1:
                    hits[owners[at]] += 1
    return (
        [hits[run] / counts[run] if counts[run] else 0.0 for run in range(len(texts))],
        [counts[run] for run in range(len(texts))],
        len(gold_words),
    )


def read(folder: Path) -> list[Sample]:
    samples: list[Sample] = []
    for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
        gold = json.loads(line)
        if not gold.get("text"):
            continue
        path, url = folder / gold["page"], gold.get("url") or ""
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        try:
            doc = document.parse(raw, url=url)
        except Unreadable:
            continue
        page = runs.read(doc)
        if not page.texts:
            continue
        claims = body.claims_of(doc, structured.read(doc))
        table = features.read(doc, page, teasers=teasers.find(doc).ranges, **claims)
        shares, words, gold_words = said(page.texts, gold["text"])
        host = ".".join((urlsplit(url).hostname or gold["page"]).removeprefix("www.").split(".")[-2:])
        # Without the parser's tree, of which a thousand do not fit into memory.
        doc = document.Document(
            url=url, base_url=url, tags=doc.tags, parents=doc.parents, ends=doc.ends, attrs=doc.attrs, texts=doc.texts,
            owners=doc.owners, boxes=doc.boxes, first_text=doc.first_text, last_text=doc.last_text, chars=doc.chars,
            by_tag=doc.by_tag,
        )  # fmt: skip
        never = [chooser.is_never(*row) for row in zip(table.masks, table.numbers, page.texts, strict=True)]
        samples.append(
            Sample(
                folder.parent.name, host, gold["text"], doc, page, claims["title"], columns(table), never,
                gold.get("weight", 1.0), numpy.array(shares), numpy.array(words, dtype=float), gold_words,
            )
        )  # fmt: skip
    return samples


def theme_words(sample: Sample, element: int) -> set[str]:
    """Return the words of an element's names; those of html and body describe the page's frame."""
    if sample.parents[element] <= 0:
        return set()
    attrs = sample.doc.attrs[element]
    name = f"{attrs.get('class') or ''} {attrs.get('id') or ''}".strip()
    return {piece.lower() for piece in PIECE.findall(name[:200]) if 2 <= len(piece) <= 24}


def weigh_words(sample: Sample) -> None:
    """Note for each word of the theme how much body and how much other text stands under it, in bodies of this page."""
    inside, beside = defaultdict[str, float](float), defaultdict[str, float](float)
    above: dict[int, frozenset[str]] = {-1: frozenset()}
    for run, box in enumerate(sample.boxes):
        path, element = [], box
        while element not in above:
            path.append(element)
            element = sample.parents[element]
        for one in reversed(path):
            above[one] = above[sample.parents[one]] | theme_words(sample, one)
        side = inside if sample.said[run] >= 0.5 else beside
        for word in above[box]:
            side[word] += sample.words[run] / max(60, sample.gold_words)
    sample.shares = {word: (min(1.0, inside[word]), min(1.0, beside[word])) for word in {*inside, *beside}}


def word_scores(samples: list[Sample]) -> dict[str, float]:
    hosts: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        for word, pair in sample.shares.items():
            hosts[word][sample.host].append(pair)
    scores: dict[str, float] = {}
    for word, by_host in hosts.items():
        if len(by_host) < HOSTS_MIN:
            continue
        inside = sum(sum(pair[0] for pair in pairs) / len(pairs) for pairs in by_host.values())
        beside = sum(sum(pair[1] for pair in pairs) / len(pairs) for pairs in by_host.values())
        score = round(max(-4.0, min(4.0, math.log((inside + 0.15) / (beside + 0.15)))), 2)
        if abs(score) >= 0.3:
            scores[word] = score
    return dict(sorted(scores.items()))


def score_columns(sample: Sample, scores: dict[str, float]) -> Any:
    """Return the columns SCORES, as `features` counts them."""
    own: dict[int, tuple[float, float, float]] = {-1: (0.0, 0.0, 0.0)}
    low, high = {-1: 0.0}, {-1: 0.0}
    rows: list[tuple[float, ...]] = []
    for box in sample.boxes:
        path, element = [], box
        while element not in own:
            path.append(element)
            element = sample.parents[element]
        for one in reversed(path):
            found = [scores[word] for word in theme_words(sample, one) if word in scores] or [0.0]
            own[one] = (min(found), max(found), sum(found))
            low[one] = min(own[one][0], low[sample.parents[one]])
            high[one] = max(own[one][1], high[sample.parents[one]])
        chain = [box]
        for _ in range(3):
            chain.append(sample.parents[chain[-1]] if chain[-1] >= 0 else -1)
        near = [own[one] for one in chain[:3]]
        far = chain[3]
        rows.append((min(n[0] for n in near), max(n[1] for n in near), low[far], high[far], sum(n[2] for n in near)))
    return numpy.array(rows, dtype=numpy.float32)


def weight(sample: Sample) -> Any:
    """A wrong run costs about its share of the page's text; runs that half agree with the gold teach little."""
    doubt = numpy.where((sample.said > 0.3) & (sample.said < 0.7), 0.3, 1.0)
    of_corpus = CORPUS_WEIGHT.get(sample.corpus, 1.0) * sample.weight
    return (sample.words / max(40, sample.gold_words)) ** 0.8 * doubt * 100 * of_corpus


def rows_of(samples: list[Sample], chosen: Any) -> Any:
    return numpy.vstack([numpy.hstack([sample.columns[:, chosen], sample.scores]) for sample in samples])


def fit(samples: list[Sample], chosen: Any) -> lightgbm.Booster:
    rows = rows_of(samples, chosen)
    labels = numpy.concatenate([sample.said >= 0.5 for sample in samples]).astype(float)
    weights = numpy.concatenate([weight(sample) for sample in samples])
    heavy = weights > 0.02
    return lightgbm.train(PARAMETERS, lightgbm.Dataset(rows[heavy], labels[heavy], weight=weights[heavy]), ROUNDS)


def exits(booster: lightgbm.Booster, samples: list[Sample], chosen: Any, threshold: float) -> list[list[float]]:
    """Return (trees, floor, ceiling): sums outside are hardly ever on the other side of the threshold in the end."""
    rows = rows_of(samples, chosen)
    weights = numpy.concatenate([weight(sample) for sample in samples]) + 0.01
    taken = booster.predict(rows, raw_score=True) > math.log(threshold / (1 - threshold))
    found: list[list[float]] = []
    for after in EXITS:
        sums = booster.predict(rows, raw_score=True, num_iteration=after)
        floor = weighted_quantile(sums[taken], weights[taken], EXIT_ERROR)
        ceiling = weighted_quantile(sums[~taken], weights[~taken], 1 - EXIT_ERROR)
        found.append([after, round(floor, 3), round(ceiling, 3)])
    return found


def weighted_quantile(values: Any, weights: Any, share: float) -> float:
    order = numpy.argsort(values)
    heaped = numpy.cumsum(weights[order])
    return float(values[order][min(len(order) - 1, int(numpy.searchsorted(heaped, share * heaped[-1])))])


def f1(samples: list[Sample], threshold: float) -> float:
    """Mean precision and recall of 4-word shingles over pages, as F1 of the two."""
    precisions, recalls = [], []
    for sample in samples:
        wanted, found = shingles(sample.gold), shingles(sample.text(threshold))
        common = sum((wanted & found).values())
        if found:
            precisions.append(common / sum(found.values()))
        recalls.append(common / (sum(wanted.values()) or 1))
    precision, recall = numpy.mean(precisions), numpy.mean(recalls)
    return float(2 * precision * recall / (precision + recall))


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3) if words else 0))


def tree(node: dict[str, Any], names: list[str]) -> Any:
    if "leaf_value" in node:
        return round(node["leaf_value"], 4)
    name = names[node["split_feature"]]
    threshold = 0.5 if ":" in name else float(f"{node['threshold']:.4g}")
    return [name, threshold, tree(node["left_child"], names), tree(node["right_child"], names)]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpora", type=Path, nargs="+")
    options.add_argument("--machine-labelled", type=Path, nargs="*", default=[])
    options.add_argument("--folds", type=int, default=5)
    options.add_argument("--threshold", type=float, default=THRESHOLD)
    options.add_argument("--write", action="store_true", help="replace the files of the engine")
    asked = options.parse_args()
    samples = [sample for folder in asked.corpora for sample in read(folder)]
    others = [sample for folder in asked.machine_labelled for sample in read(folder)]
    everything = samples + others
    for sample in everything:
        weigh_words(sample)
    # The scores of a page's words come from other publishers, in training too: else the trees would trust them too much.
    for fold in range(asked.folds):
        scores = word_scores([sample for sample in everything if sample.fold(asked.folds) != fold])
        for sample in everything:
            if sample.fold(asked.folds) == fold:
                sample.scores = score_columns(sample, scores)
    chosen = numpy.where((numpy.vstack([sample.columns for sample in samples]) != 0).sum(0) >= 40)[0]
    names = [column_names()[at] for at in chosen] + list(SCORES)
    for fold in range(asked.folds):
        booster = fit([sample for sample in everything if sample.fold(asked.folds) != fold], chosen)
        for sample in samples:
            if sample.fold(asked.folds) == fold:
                sample.chances = booster.predict(numpy.hstack([sample.columns[:, chosen], sample.scores]))
    for corpus in dict.fromkeys(sample.corpus for sample in samples):
        of_corpus = [sample for sample in samples if sample.corpus == corpus]
        print(f"{corpus}: {len(of_corpus)} pages, body F1 by publisher {f1(of_corpus, asked.threshold):.4f}")
    if asked.write:
        booster = fit(everything, chosen)
        learned = {
            "threshold": asked.threshold,
            "exits": exits(booster, everything, chosen, asked.threshold),
            "trees": [tree(one["tree_structure"], names) for one in booster.dump_model()["tree_info"]],
        }
        (ENGINE / "chooser.json").write_text(json.dumps(learned, separators=(",", ":")) + "\n", "utf-8")
        scores = word_scores(everything)
        (ENGINE / "theme_words.json").write_text(json.dumps(scores, separators=(",", ":")) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
