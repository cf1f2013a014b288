"""Label pages without gold texts by what other programs agree on: a folder for `train.py --machine-labelled`.

    python bench/chooser/label.py OUT CORPUS...

A corpus is a folder with `gold.jsonl` (`page`, `url`, and perhaps `with` and `without`: snippets that the text must and must not
hold). Each page is read by trafilatura (two settings), newspaper4k and readability-lxml; its text is that of the program which
the others resemble most, when three of them found one, they agree by AGREED_MIN and it holds what it must. OUT/gold.jsonl gets
`page` (absolute), `url`, `text` and `weight`, by which a wrong choice on that page counts less than one on a page with gold.

Needs trafilatura, newspaper4k, readability-lxml and lxml. Pages whose text is known exactly need no label: leave them out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lxml.html
import newspaper
import readability
import trafilatura

WORD = re.compile(r"\w+")
AGREED_MIN = 0.7
TEXT_MIN_CHARS = 200
TWINS = {"precise", "plain"}
"""Two settings of one program: their agreement proves nothing."""


def news_text(raw: bytes, url: str) -> str:
    article = newspaper.Article(url or "http://x.org/a", fetch_images=False)
    article.download(input_html=raw.decode("utf-8", "replace"))
    article.parse()
    return article.text


def readable_text(raw: bytes, _url: str) -> str:
    return "\n".join(lxml.html.fromstring(readability.Document(raw.decode("utf-8", "replace")).summary()).itertext())


READERS: dict[str, Callable[[bytes, str], str | None]] = {
    "precise": lambda raw, url: trafilatura.extract(raw, url=url or None, favor_precision=True, include_comments=False),
    "plain": lambda raw, url: trafilatura.extract(raw, url=url or None, include_comments=False),
    "news": news_text,
    "readable": readable_text,
}


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)) if words)


def likeness(one: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> float:
    """Return the F1 of two texts' 4-word shingles."""
    total = sum(one.values()) + sum(other.values())
    return 2 * sum((one & other).values()) / total if total else 0.0


def agreed(texts: dict[str, str]) -> tuple[str, float]:
    """Return the text most like the others, and how like."""
    cut = {name: shingles(text) for name, text in texts.items() if len(text) > TEXT_MIN_CHARS}
    best, share = "", 0.0
    if len(cut) < 3:
        return best, share
    for name in cut:
        others = [other for other in cut if other != name and {other, name} != TWINS]
        mean = sum(likeness(cut[other], cut[name]) for other in others) / len(others)
        if mean > share:
            best, share = texts[name], mean
    return best, share


def read(raw: bytes, url: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, reader in READERS.items():
        try:
            texts[name] = reader(raw, url) or ""
        except Exception as error:  # noqa: BLE001 - whatever a peer raises on a page, the page is then labelled by the others
            print(f"{name}: {type(error).__name__} on {url}", file=sys.stderr)
    return texts


def holds(text: str, gold: dict[str, Any]) -> bool:
    flat = " ".join(text.split())
    return all(" ".join(one.split()) in flat for one in gold.get("with") or ()) and not any(
        " ".join(one.split()) in flat for one in gold.get("without") or ()
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("out", type=Path)
    options.add_argument("corpora", type=Path, nargs="+")
    asked = options.parse_args()
    logging.disable(logging.CRITICAL)
    asked.out.mkdir(parents=True, exist_ok=True)
    kept = 0
    with (asked.out / "gold.jsonl").open("w", encoding="utf-8") as out:
        for folder in asked.corpora:
            for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
                gold = json.loads(line)
                path, url = (folder / gold["page"]).resolve(), gold.get("url") or ""
                text, share = agreed(read(gzip.decompress(path.read_bytes()), url))
                if share >= AGREED_MIN and holds(text, gold):
                    row = {"page": str(path), "url": url, "text": text, "weight": round((share - 0.4) * 0.6, 4)}
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
                    kept += 1
    print(f"{kept} pages labelled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
