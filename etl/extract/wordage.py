"""What can be counted about a run's own text: length, sentences, how it begins and ends.

Columns of the chooser. Those in LATE, and the bits of the first words, are asked for by late trees only: four runs in five
are decided before.
"""

from __future__ import annotations

import re
from functools import lru_cache

from etl.extract import wording
from etl.extract.runs import Runs

COLUMNS = ("length", "words", "link_share", "strong_share", "ending", "beginning", "stops", "commas")
LATE = ("digits", "marks", "is_title")

_STOP = re.compile(r"[.!?。！？।؟…॥།።։](?:(?<=[。！？।॥།])|(?=\s|$|[\"'»”’)\]」』]))")
_STOP_ASCII = re.compile(r"[.!?](?=\s|$|[\"')\]])")
"""The same for a text without other letters: three times as fast."""
_DIGIT = re.compile(r"\d")
_WIDE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_ENDINGS = {
    **dict.fromkeys(".!?。！？।؟…॥།።", 4.0),
    **dict.fromkeys("\"'»”’)]」』“", 3.0),
    **dict.fromkeys(":;,，、،", 2.0),
}
_OPENINGS = frozenset("\"'«“‘„‚「『(-–—")
_TITLE_CHARS_MAX = 300

Row = tuple[float, ...]


def columns(runs: Runs) -> list[Row]:
    """Return the columns that need only the run's own text."""
    scale = scale_of(runs.texts)
    rows: list[Row] = []
    for text, linked, strong in zip(runs.texts, runs.linked, runs.strong, strict=True):
        size, last = len(text), text[-1]
        if text.isascii():
            stops = len(_STOP_ASCII.findall(text)) if "." in text or "!" in text or "?" in text else 0
            commas = text.count(",")
        else:
            stops = len(_STOP.findall(text))
            commas = text.count(",") + text.count("，") + text.count("、") + text.count("،")
        rows.append((
            size * scale, text.count(" ") + 1.0,
            linked / size if linked < size else 1.0, strong / size if strong < size else 1.0,
            _ENDINGS[last] if last in _ENDINGS else 1.0 if last.isalpha() else 0.0, beginning(text[0]), stops, commas,
        ))  # fmt: skip
    return rows


def scale_of(texts: list[str]) -> float:
    """Return what one character counts: a Chinese, Japanese, Korean or Thai one as much as two and a half Latin ones."""
    longest = sorted(texts, key=len)[-3:]
    wide = sum(len(_WIDE.findall(text)) for text in longest if not text.isascii()) > 0.3 * sum(map(len, longest))
    return 2.5 if wide else 1.0


def ending(letter: str) -> float:
    """Return what a run that ends with *letter* may be: a sentence, a quote, a beginning, words or none of these."""
    return _ENDINGS[letter] if letter in _ENDINGS else 1.0 if letter.isalpha() else 0.0


@lru_cache(maxsize=1024)
def beginning(letter: str) -> float:
    """Return what a run that begins with *letter* may be."""
    if letter.isupper():
        return 4.0
    if letter.islower():
        return 1.0
    if letter.isdigit():
        return 0.0
    return 3.0 if letter in _OPENINGS else 5.0 if letter.isalpha() else 2.0


class Late:
    """Counts what few runs are asked for."""

    def __init__(self, texts: list[str], headline: str) -> None:
        self._texts = texts
        self._headline = headline.casefold()

    def read(self, run: int) -> tuple[int, float, float, float]:
        """Return the bits of the run's first words, and LATE."""
        text = self._texts[run]
        marks = ("©" in text) + 2 * ("|" in text) + 4 * ("http" in text or ".com" in text) + 8 * ("@" in text)
        return wording.read(text), len(_DIGIT.findall(text[:80])) / min(80, len(text)), marks, self._is_title(text)

    def _is_title(self, text: str) -> float:
        """Return 2 for the headline, 1 for a part of it or what holds it."""
        headline = self._headline
        if not headline or len(text) > _TITLE_CHARS_MAX:
            return 0.0
        folded = text.casefold()
        if folded == headline:
            return 2.0
        return 1.0 if len(folded) > 15 and (folded in headline or headline in folded) else 0.0
