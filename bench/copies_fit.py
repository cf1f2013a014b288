#!/usr/bin/env python3
"""Where the weights of `etl.dedupe.likeness` come from: hill climbing on the F1 of clusters, not of pairs.

  python bench/copies_fit.py [--corpus DIR] [--tries N] [--seed N]

Judges all documents of the four sets once with the weights as they are and keeps the parts of every pair that was compared.
Then changes weights at random, clusters again from the kept parts, and keeps what raises the mean F1 over the sets on the
two thirds of the clusters that are not held out (`copies.py --held-out`). Prints the weights it ends with and both F1s.
Different seeds end at different weights with F1s within .005 of one another: the plateau is wide, so the rounded weights in
the code are one point of it.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from copies import SETS, SHARED, Index, document_of, held_out_f1, ignored_pairs, read

from etl.dedupe.likeness import BASE, WEIGHTS, compare, discounts, profile

NAMES = tuple(WEIGHTS)
STEPS = {"share": 1.5, "figures": 1.0, "short": 0.3, "hours": 0.15, "headline": 1.0, "middle": 1.0}
Pair = tuple[int, int, tuple[float, ...]]


def pairs_of(rows: list[dict]) -> list[Pair]:
    """Return (document, candidate, parts) of every comparison of one set."""
    index = Index()
    kept: list[Pair] = []
    profiles = []
    for number, row in enumerate(rows):
        document = document_of(row)
        profiles.append(profile(document.title, document.text, host=document.host, published_at=document.published_at))
        candidates, _ = index.add(document)
        lost = discounts(profiles[number], [(index.stories[other], profiles[other]) for other in candidates])
        for other in candidates:
            likeness = compare(profiles[number], profiles[other], lost)
            kept.append((number, other, tuple(getattr(likeness, name) for name in NAMES)))
    return kept


def stories_of(count: int, pairs: list[Pair], base: float, weights: dict[str, float]) -> list[int]:
    factors = [weights[name] for name in NAMES]
    best: dict[int, tuple[float, int]] = {}
    for number, other, parts in pairs:
        points = base + sum(factor * part for factor, part in zip(factors, parts, strict=True))
        if points > 0 and points > best.get(number, (0.0, 0))[0]:
            best[number] = (points, other)
    stories = list(range(count))
    for number in sorted(best):
        stories[number] = stories[best[number][1]]
    return stories


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus" / "copies", metavar="DIR")
    parser.add_argument("--tries", type=int, default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    given = parser.parse_args()
    rows = {name: list(read(given.corpus / f"{name}.jsonl.gz")) for name in SETS}
    pairs = {name: pairs_of(rows[name]) for name in SETS}
    ignored = {name: ignored_pairs(given.corpus, name, rows[name]) for name in SETS}

    def scores(base: float, weights: dict[str, float], held_out: bool) -> list[float]:
        clustered = ((name, stories_of(len(rows[name]), pairs[name], base, weights)) for name in SETS)
        return [held_out_f1(rows[name], made, ignored[name], held_out=held_out) for name, made in clustered]

    dice = random.Random(given.seed)
    base, weights = BASE, dict(WEIGHTS)
    best = sum(scores(base, weights, False))
    for _ in range(given.tries):
        changed = {name: weights[name] + dice.gauss(0, STEPS[name]) * (dice.random() < 0.4) for name in NAMES}
        changed = {name: value if name == "share" else min(0.0, value) for name, value in changed.items()}
        moved = base + dice.gauss(0, 0.6)
        total = sum(scores(moved, changed, False))
        if total > best:
            best, base, weights = total, moved, changed
    print(f"BASE = {base:.1f}", {name: round(value, 2) for name, value in weights.items()})
    for part, held_out in (("chosen by", False), ("held out ", True)):
        print(
            f"F1 {part}:", ", ".join(f"{n} {f:.4f}" for n, f in zip(SETS, scores(base, weights, held_out), strict=True))
        )


if __name__ == "__main__":
    main()
