"""What the words of a date label mean, language by language, and a label spelled in meanings instead of words.

`spell` turns "Publié le 18 juil. 2024 à 08:01" into a string where each known word is one private-use character (a month, a
weekday, "ago", "published" …) and digits and punctuation stand as they are. One grammar (`date_forms`) then reads all languages.
Words come from date_words.json (generated from CLDR and dateparser by bench/date_tables.py) and date_words.toml (by hand).
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import Any, cast

MONTH, WEEKDAY, DAYS_AGO, UNIT = 0xE000, 0xE010, 0xE020, 0xE040
FUTURE, NOW, AGO = "\ue02f", "\ue030", "\ue050"
AM, PM, NOON, NIGHT = "\ue060", "\ue061", "\ue062", "\ue063"
OCLOCK, AT, MONTH_MARK, MONTH_FIRST, LAST, HALF = "\ue070", "\ue071", "\ue072", "\ue073", "\ue074", "\ue075"
PUBLISHED, MODIFIED, OTHER = "\ue090", "\ue091", "\ue092"
IRANIAN, ETHIOPIAN = 0xE0A0, 0xE0B0
"""Months of other calendars: they are counted apart, so that a name decides the calendar."""
UNKNOWN = "\ue0ff"
ZONE = 0xE100
"""First of the characters that stand for a zone: the label's own zone texts in order."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = ("second", "minute", "hour", "day", "week", "month", "year")
SECOND, MINUTE, HOUR, DAY, WEEK, _, YEAR, HOUR_MARK = (chr(UNIT + n) for n in range(8))
"""HOUR_MARK is a word for hours that also stands in clock times: "9h05", but not "1 Stunde 5"."""

_CODES = {
    **{str(n): chr(MONTH + n) for n in range(1, 13)},
    **{f"iranian{n}": chr(IRANIAN + n) for n in range(1, 13)},
    **{f"ethiopian{n}": chr(ETHIOPIAN + n) for n in range(1, 14)},
    **{day: chr(WEEKDAY + n) for n, day in enumerate(DAYS)},
    **{unit: chr(UNIT + n) for n, unit in enumerate(UNITS)},
    **{day: chr(DAYS_AGO + n) for n, day in enumerate(("today", "yesterday", "two_days_ago"))},
    "tomorrow": FUTURE, "now": NOW, "ago": AGO, "am": AM, "pm": PM, "noon": NOON, "night": NIGHT, "oclock": OCLOCK, "at": AT,
    "month_mark": MONTH_MARK, "month_first": MONTH_FIRST, "last": LAST, "half": HALF, "one": "1", "fill": " ",
    "published": PUBLISHED, "modified": MODIFIED, "other": OTHER, "midnight": UNKNOWN,
}  # fmt: skip
_RELATED = {
    "zh": ("zh", "zh-Hant"),
    "yue": ("zh-Hant", "yue", "zh"),
    "no": ("nb", "nn"),
    "nb": ("nb", "nn"),
    "nn": ("nn", "nb"),
    "sr": ("sr", "sr-Latn"),
    "sh": ("sr-Latn", "hr", "bs"),
    "bs": ("bs", "hr", "sr-Latn"),
    "me": ("sr-Latn", "sr"),
    "tl": ("fil",),
    "in": ("id",),
    "iw": ("he",),
    "mo": ("ro",),
}
"""Codes that are written in more than one way, or under an old name."""

_CLOSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Kana, Han; and Hangul, which glues particles on."""
_TOKEN = re.compile(
    rf"\d+|[{_CLOSE}]|[^\W\d_{_CLOSE}]"
    r"[^\s\d!-/:-@\[-`{-~\u2010-\u2027\u00ab\u00b7\u00bb\u2030-\u205e\u3000-\u3004\u0964\u060c\u05f3\u05f4\ue000-\uf8ff\uff00-\uff0f]*|.",
    re.DOTALL,
)
"""A number, a character of a script without spaces, a word with its vowel signs, or one other character."""
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670\u0640\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]"
)
_PUNCTUATION = str.maketrans(
    {**dict.fromkeys("،、，٬", ","), **dict.fromkeys("：∶", ":"), **dict.fromkeys("‐‑‒", "-"), "©": OTHER}
)
_LETTERS = str.maketrans("ىیکەةۀ", "ييكههه")
"""Arabic letters that keyboards of Arabic, Persian and Urdu write differently."""
_BETWEEN = frozenset(" -'.·")
"""What may stand between the words of one phrase: avant-hier, aujourd'hui, p. m."""
_VARIANTS_MAX = 16
_HALVES = {"am": ("am", "a m"), "pm": ("pm", "p m")}
"""Halves of the day in Latin, which sites of every language print; a word of the language's own ("am" in German) goes before."""

Node = dict[str, Any]


def fold(text: str) -> str:
    """Return *text* in the form that words are compared in: lower case, no accents of alphabetic scripts, ASCII digits."""
    if not text.isascii():
        text = (
            text.translate(_PUNCTUATION)
            .replace("º", "")
            .replace("ª", "")
            .replace("’", "'")
            .replace("‘", "'")
            .replace("ʼ", "'")
        )
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        text = unicodedata.normalize("NFC", _MARKS.sub("", text)).replace("ı", "i").translate(_LETTERS)
        return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return text.lower()


@lru_cache(maxsize=1)
def tables() -> dict[str, dict[str, frozenset[str]]]:
    """Return language → code → phrases (folded)."""
    here = files(__package__ or "etl.extract")
    generated = cast(
        "dict[str, dict[str, list[str]]]", json.loads((here / "date_words.json").read_text(encoding="utf-8"))
    )
    by_hand = cast(
        "dict[str, dict[str, list[str]]]", tomllib.loads((here / "date_words.toml").read_text(encoding="utf-8"))
    )
    merged: dict[str, dict[str, frozenset[str]]] = {}
    for language in {**generated, **by_hand}:
        added = by_hand.get(language, {})
        words = {code: {fold(w) for w in found} for code, found in generated.get(language, {}).items()}
        for code, found in added.items():
            if code.startswith("-"):
                words[code[1:]] = words.get(code[1:], set()) - {fold(w) for w in found}
        for code, found in added.items():
            if not code.startswith("-"):
                words.setdefault(code, set()).update(fold(w) for w in found)
        taken = frozenset[str]().union(
            *words.values(), *({fold(w) for w in added.get(f"-{code}", ())} for code in _HALVES)
        )
        for code, found in _HALVES.items():
            words[code] = words.get(code, set()) | {phrase for phrase in found if phrase not in taken}
        merged[language] = {code: frozenset(found) for code, found in words.items()}
    return merged


@lru_cache(maxsize=256)
def lexicon(languages: tuple[str, ...]) -> Node:
    """Return the words of *languages* as a tree of tokens; the first language that knows a phrase decides what it means."""
    root: Node = {}
    for language in languages:
        mine: Node = {}
        for name in _RELATED.get(language, (language,)):
            for code, phrases in tables().get(name, {}).items():
                meaning = _meaning(code)
                for phrase in phrases:
                    _plant(mine, phrase, meaning)
        _graft(root, mine)
    return root


def _meaning(code: str) -> str:
    """Return the characters of a code; of "2 hour" (a dual) and of "day ago" (one word for both) two."""
    first, _, second = code.partition(" ")
    if not second:
        return _CODES[first]
    return first + _CODES[second] if first.isdigit() else _CODES[first] + _CODES[second]


def _plant(root: Node, phrase: str, meaning: str) -> None:
    node = root
    for token in _TOKEN.findall(phrase):
        if token not in _BETWEEN:
            node = node.setdefault(token, {})
    if node is not root and meaning not in (known := node.setdefault("", [])):
        known.append(meaning)


def _graft(root: Node, other: Node) -> None:
    for token, node in other.items():
        if token == "":
            root.setdefault("", list(node))
        else:
            _graft(root.setdefault(token, {}), node)


@lru_cache(maxsize=1024)
def spell(folded: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Return *folded* in meanings: one string per way to take its ambiguous words ("mar." is March or Tuesday), at most 16.

    Remembered because a label is read for several places ("yesterday" in UTC, too) and pages of a site share theirs.
    """
    root = lexicon(languages)
    tokens = _TOKEN.findall(folded)
    choices: list[list[str]] = []
    ways, at = 1, 0
    while at < len(tokens):
        token = tokens[at]
        node = root.get(token)
        meanings, end = _longest(node, tokens, at) if node is not None else (None, at + 1)
        if meanings is None:
            meanings, end = [UNKNOWN if token[0].isalpha() and not "\ue000" <= token[0] <= "\uf8ff" else token], at + 1
        if len(meanings) > 1:
            meanings = _plain(meanings)
            if ways * len(meanings) > _VARIANTS_MAX:
                meanings = meanings[:1]
            ways *= len(meanings)
        choices.append(meanings)
        at = end
    return tuple(["".join(way) for way in product(*choices)])


def _longest(node: Node, tokens: list[str], at: int) -> tuple[list[str] | None, int]:
    best, end = cast("list[str] | None", node.get("")), at + 1
    at += 1
    while at < len(tokens):
        after = next((n for n in range(at, min(at + 3, len(tokens))) if tokens[n] not in _BETWEEN), at)
        if after > at and tokens[after] in node:
            at = after
        below = node.get(tokens[at])
        if below is None:
            break
        node, at = below, at + 1
        if "" in node:
            best, end = node[""], at
    return best, end


def _plain(meanings: list[str]) -> list[str]:
    """Leave out what makes no difference: an hour may be o'clock, and a word before a clock time for a filler."""
    if HOUR in meanings and OCLOCK in meanings:
        meanings = [HOUR_MARK, *(m for m in meanings if m not in (HOUR, OCLOCK))]
    if AT in meanings and " " in meanings:
        meanings = [m for m in meanings if m != " "]
    return meanings


@lru_cache(maxsize=1)
def _speakers() -> dict[str, frozenset[str]]:
    """Return token → languages that use it in a date label."""
    found: dict[str, set[str]] = {}
    for language, words in tables().items():
        for phrases in words.values():
            for phrase in phrases:
                for token in _TOKEN.findall(phrase):
                    found.setdefault(token, set()).add(language)
    return {token: frozenset(languages) for token, languages in found.items()}


def load() -> None:
    """Load the words of all languages, which the first label would wait for: 60 ms."""
    tables()
    _speakers()


def languages_of(folded: str) -> tuple[str, ...]:
    """Return the languages that know every word of a label; none when it has no words."""
    known: frozenset[str] | None = None
    for token in _TOKEN.findall(folded):
        if token[0].isalpha() and not "\ue000" <= token[0] <= "\uf8ff":
            mine = _speakers().get(token)
            known = mine if known is None or mine is None else known & mine
            if not known:
                return ()
    return tuple(sorted(known or ()))
