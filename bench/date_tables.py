"""Write etl/extract/date_words.json: how the world's newsrooms name months, days and "three hours ago".

Run at development time only: `python bench/date_tables.py`. It needs `babel` (Unicode CLDR data, Unicode-3.0 licence),
`dateparser` (supplements to CLDR, BSD-3-Clause) and, when it is installed, `arrow` (Apache-2.0). None of them is needed to run
news-etl. What these sources lack (label words, spoken forms) stands in etl/extract/date_words.toml, which is written by hand.
"""

from __future__ import annotations

import importlib
import json
import re
from collections import defaultdict
from pathlib import Path

from babel import Locale, UnknownLocaleError

OUT = Path(__file__).resolve().parents[1] / "etl" / "extract" / "date_words.json"
LANGUAGES = """
af am ar as ast az be bg bn br bs ca ckb cs cy da de el en eo es et eu fa fi fil fo fr fy ga gd gl gsw gu ha
he hi hr hu hy id ig is it ja ka kk kl km kn ko ky lb lo lt lv mg mk ml mn mr ms mt my nb ne nl nn om or pa pl
ps pt rm rn ro ru rw se sh si sk sl sn so sq sr sr-Latn st sv sw ta te tg th ti tk tn tr tt ug uk ur uz vi xh
yi yo yue zh zh-Hant zu
"""
SAME = {"fil": "tl", "zh-Hant": "zh-Hant", "sh": "sr-Latn", "nb": "nb"}
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = ("second", "minute", "hour", "day", "week", "month", "year")
SPOKEN = {
    "0 day ago": "today",
    "1 day ago": "yesterday",
    "2 day ago": "two_days_ago",
    "in 1 day": "tomorrow",
    "0 second ago": "now",
}
ROMAN = re.compile(r"[ivx]+\.?", re.IGNORECASE)
CLOSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff]+")
"""Scripts that put no space between words."""
NUMBER = re.compile(r"\(\\d[^)]*\)|\{0\}|\{\}")

Words = defaultdict[str, set[str]]


def main() -> None:
    tables = {language: table(language) for language in LANGUAGES.split()}
    lines = [f'"{name}": {json.dumps(tables[name], ensure_ascii=False, sort_keys=True)}' for name in sorted(tables)]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(tables)} languages, {OUT.stat().st_size} bytes: {OUT}")


def table(language: str) -> dict[str, list[str]]:
    words: Words = defaultdict(set)
    patterns: set[tuple[str, str]] = set()
    from_dateparser(language, words, patterns)
    from_babel(language, words, patterns)
    split(patterns, words)
    tidied = {code: sorted({tidy(word) for word in all_of(words, code)} - {""}) for code in words}
    return {code: found for code, found in tidied.items() if found}


def all_of(words: Words, code: str) -> set[str]:
    """Leave out what is no name: numerals, Roman numerals and one-letter months or days."""
    found = words[code]
    if code.isdigit() or code in DAYS:
        spaced = not any(c >= "\u0e00" for w in found for c in w)
        return {
            w
            for w in found
            if not re.search(r"\d", w) and not ROMAN.fullmatch(w) and (len(w.strip(".")) > 1 or not spaced)
        }
    return {w for w in found if not re.search(r"\d", w)}


def tidy(word: str) -> str:
    return " ".join(re.sub("[\u200b-\u200f]", "", word).split()).strip(" .")


def from_dateparser(language: str, words: Words, patterns: set[tuple[str, str]]) -> None:
    name = SAME.get(language, language)
    try:
        info = importlib.import_module(f"dateparser.data.date_translation_data.{name}").info
    except ImportError:
        return
    for part in (info, *info.get("locale_specific", {}).values()):
        for number, month in enumerate(MONTHS, 1):
            words[str(number)].update(part.get(month, ()))
        for code in (*DAYS, *UNITS, "am", "pm"):
            words[code].update(part.get(code, ()))
        for phrase, found in part.get("relative-type", {}).items():
            if phrase in SPOKEN:
                words[SPOKEN[phrase]].update(found)
        for phrase, found in part.get("relative-type-regex", {}).items():
            unit = phrase.split()[-2] if " " in phrase else ""
            if phrase.endswith(" ago") and unit in UNITS:
                patterns.update((unit, NUMBER.sub("{0}", each).replace("\\s*", "")) for each in found)


def from_babel(language: str, words: Words, patterns: set[tuple[str, str]]) -> None:
    try:
        locale = Locale.parse(language, sep="-")
    except UnknownLocaleError:
        return
    for style in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in locale.months[style].get(width, {}).items():
                words[str(number)].add(name)
            for number, name in locale.days[style].get(width, {}).items():
                words[DAYS[int(number)]].add(name)
        for width in ("wide", "abbreviated"):
            for code in ("am", "pm"):
                if name := locale.day_periods.get(style, {}).get(width, {}).get(code):
                    words[code].add(name)
    for unit in UNITS:
        for width in ("", "-short"):
            past = locale._data["date_fields"].get(unit + width, {}).get("past", {})
            patterns.update((unit, pattern) for pattern in past.values() if "{0}" in pattern)


def split(patterns: set[tuple[str, str]], words: Words) -> None:
    """Take "vor {0} Stunden", "{0} hours ago", "för {0} timmar sedan" and "saa {0} zilizopita" apart into past and unit."""
    parts = [
        (unit, before, after)
        for unit, pattern in sorted(patterns)
        if pattern.count("{0}") == 1
        for before, _, after in [map(tidy, pattern.partition("{0}"))]
        if after and not after.startswith(("+", "-")) and before not in ("+", "-", "\u2212")
    ]
    heads: defaultdict[str, set[str]] = defaultdict(set)
    tails: defaultdict[str, set[str]] = defaultdict(set)
    for unit, before, after in parts:
        heads[before].add(unit)
        glue = "" if CLOSE.fullmatch(after) else " "
        pieces = after.split() if glue else list(after)
        for n in range(len(pieces)):
            tails[glue.join(pieces[n:])].add(unit)
    for unit, before, after in parts:
        known = [tail for tail, units in tails.items() if len(units) >= 4 and after.endswith(tail)]
        tail = max(known, key=len) if known else ""
        if tail == after and before:  # the unit stands before the number
            words["ago"].add(tail)
            words[unit].add(before)
        elif tail and tail != after:
            words["ago"].update({tail, before} if before and len(heads[before]) >= 4 else {tail})
            words[unit].add(after[: -len(tail)])
        elif before and len(heads[before]) >= 4:
            words["ago"].add(before)
            words[unit].add(after)


if __name__ == "__main__":
    main()
