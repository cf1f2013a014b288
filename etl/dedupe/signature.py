"""What two copies of one text still share after editing: keys to find them by, shingles and figures to judge them by.

A **key** is a signed 32-bit hash of six words in a row. A document keeps the smallest of its first HEAD_WORDS words (a teaser or a lead
shares these with the full story) and the smallest of the whole text (a copy with another opening shares these). Two documents that
share a run of words tend to keep the same smallest hashes, so an indexed `int4` column finds one by the other: min-wise sampling
(Broder 1997). Hashes are CRC-32 of the UTF-8 words: the same in every process and for ever.

Scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are read character by character, and a shingle has twice as many.
"""

from __future__ import annotations

import re
import unicodedata
from heapq import nsmallest
from itertools import islice
from zlib import crc32

KEY_WORDS = 6
HEAD_WORDS = 64
HEAD_KEYS = 6
WHOLE_KEYS = 6
PAIR_WORDS = 2
"""Words in a shingle that is compared: pairs survive an edit of every fifth word, longer ones do not."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_DROPPED = dict.fromkeys([0x0640, *range(0x064B, 0x0653), 0x0670, 0x00AD, *range(0x200B, 0x2010), 0xFEFF])


def words(text: str) -> list[str]:
    """Return the words in lower case without punctuation; one character each in scripts without spaces."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    # Arabic vowel signs, tatweel, soft hyphens and invisible marks come and go between copies of one text.
    return _WORD.findall(unicodedata.normalize("NFKC", text).translate(_DROPPED).lower())


def numbers(text: str) -> list[str]:
    """Return the figures in order: digits with the separators between them, in ASCII digits."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _NUMBER.findall(text)


def signature_keys(title: str, text: str) -> tuple[int, ...]:
    """Return up to HEAD_KEYS + WHOLE_KEYS distinct signed 32-bit keys in ascending order; none for an empty text."""
    tokens = words(text) or words(title)
    if not tokens:
        return ()
    size = KEY_WORDS * 2 if is_unspaced(tokens) else KEY_WORDS
    hashes = _hashes(tokens, size)
    head = set(nsmallest(HEAD_KEYS, set(hashes[: max(1, HEAD_WORDS * size // KEY_WORDS - size + 1)])))
    return tuple(
        sorted(
            value - 0x1_0000_0000 if value > 0x7FFF_FFFF else value
            for value in head.union(nsmallest(WHOLE_KEYS, set(hashes)))
        )
    )


def is_unspaced(tokens: list[str]) -> bool:
    """Say whether most words are single characters, as in scripts without spaces."""
    sample = tokens[:200]
    return sum(map(len, sample)) < 1.5 * len(sample) and not all(token.isascii() for token in sample)


def _hashes(tokens: list[str], size: int) -> list[int]:
    if len(tokens) <= size:
        return [crc32(" ".join(tokens).encode())]
    runs = zip(*(islice(tokens, start, None) for start in range(size)), strict=False)
    return [crc32(" ".join(run).encode()) for run in runs]


def shingles(tokens: list[str]) -> frozenset[tuple[str, ...]]:
    """Return the distinct runs of PAIR_WORDS words (twice as many characters in scripts without spaces)."""
    size = PAIR_WORDS * 2 if is_unspaced(tokens) else PAIR_WORDS
    if len(tokens) <= size:
        return frozenset([tuple(tokens)]) if tokens else frozenset()
    return frozenset(zip(*(islice(tokens, start, None) for start in range(size)), strict=False))


def containment(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Return the share of the smaller set that the other carries: 0 … 1."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0
