"""Which language an article is in: what the page declares, checked against the words and letters of its text.

Publishers copy templates with `lang="en"` into other countries, so a declaration that the text contradicts loses. The
detector counts scripts first, then the commonest short words; 200 words of running text are plenty.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from etl.extract import site
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, strings

SAMPLE_CHARS = 1_200
BELIEVED = 0.25
"""Share of common words from which on a declaration is not doubted; of another language's words a text has less."""
BELIEVED_MIN_CHARS = 300
LETTERS = 150
"""Letters looked at to tell the script, spread over the sample."""
_TAG = re.compile(r"^([a-zA-Z]{2,3})(?:[-_]([a-zA-Z]{4}))?(?:[-_]([a-zA-Z]{2}|\d{3}))?(?:[-_.@].*)?$")


@dataclass(frozen=True, slots=True)
class _Tables:
    words: dict[str, dict[str, tuple[tuple[str, float], ...]]]
    """Script → word → (language, weight): a word that few languages use says more."""
    common: dict[str, frozenset[str]]
    """Language → its commonest words."""
    scripts: tuple[tuple[int, int, str], ...]
    """(first letter, last letter, script or the only language that uses it)."""
    same: dict[str, str]
    """Former and mistaken codes → the one used here."""
    close: tuple[frozenset[str], ...]
    known: frozenset[str]
    """Primary languages that the detector can name."""


def read(doc: Document, facts: Structured, *, text: str = "") -> Choice[str | None]:
    """Return the language as a BCP 47 tag; *text* is the article's own where it is known."""
    told = [(rule, tag) for rule, raw in _declared(doc, facts) if (tag := tidy(raw))]
    sample = text if len(text) > 200 else _sample(doc)
    if told and len(sample) >= BELIEVED_MIN_CHARS and _share(sample, told[0][1]) >= BELIEVED:
        return Choice(told[0][1], told[0][0], losers(told, told[0][1]))
    heard = detect(sample)
    if heard is None:
        rule, value = told[0] if told else ("", None)
        return Choice(value, rule, losers(told, value or ""))
    candidates = [*told, ("text", heard)]
    for rule, tag in told:
        if _agree(tag, heard):
            return Choice(tag, rule, losers(candidates, tag))
    if told and not _overrules(heard, told, sample):
        return Choice(told[0][1], told[0][0], losers(candidates, told[0][1]))
    return Choice(heard, "text", losers(candidates, heard))


def _overrules(heard: str, told: list[tuple[str, str]], sample: str) -> bool:
    """Say whether what is heard in the text is surer than what is declared.

    A language that the detector does not know (Frisian, Sorbian …) cannot be contradicted, and in a text of two languages,
    or one of menus, the common words of both are near each other.
    """
    declared = told[0][1]
    if all(tag.split("-")[0] not in _tables().known for _, tag in told):
        return False
    return heard not in _tables().common or _share(sample, heard) >= 2 * _share(sample, declared) + 0.01


def tidy(raw: str) -> str:
    """Return *raw* as a BCP 47 tag (`pt_br` → `pt-BR`), or an empty string when it is none."""
    found = _TAG.match(raw.strip())
    if not found:
        return ""
    language, script, region = found.groups()
    language = language.lower()
    parts = [_tables().same.get(language, language), script.title() if script else "", region.upper() if region else ""]
    return "-".join(part for part in parts if part)


def detect(text: str) -> str | None:
    """Return the language of *text*, or None when it is too short or too mixed to tell."""
    sample = text[:SAMPLE_CHARS]
    letters = [character for character in sample[:: max(1, len(sample) // LETTERS)] if character.isalpha()]
    scripts = Counter(map(_script, letters))
    if len(letters) < 20:
        return None
    if scripts["ja"] >= 0.05 * len(letters) and scripts["ja"] + scripts["zh"] > 0.3 * len(letters):
        return "ja"
    script, count = scripts.most_common(1)[0]
    if count < 0.4 * len(letters) or script == "other":
        return None
    return _by_words(sample, script) if script in _tables().words else script


def _share(text: str, tag: str) -> float:
    """Return the share of *text* that is among the commonest words of a language; 0 for short texts."""
    common = _tables().common.get(tag.split("-")[0])
    said = text[:SAMPLE_CHARS].lower().split()
    return sum(word in common for word in said) / len(said) if common is not None and len(said) >= 8 else 0.0


def _by_words(sample: str, script: str) -> str | None:
    users = _tables().words[script]
    # Short words rarely touch a mark, so splitting at spaces finds enough of them, in a fifth of a pattern's time.
    said = sample.lower().split()
    points: dict[str, float] = {}
    for word in said:
        for language, weight in users.get(word, ()):
            points[language] = points.get(language, 0.0) + weight
    if not points or len(said) < 8:
        return None
    (best, most), *others = sorted(points.items(), key=lambda entry: -entry[1])[:2]
    return best if most >= 0.08 * len(said) and (not others or most > 1.02 * others[0][1]) else None


@cache
def _tables() -> _Tables:
    read_in: dict[str, Any] = tomllib.loads((files("etl.extract") / "language_words.toml").read_text("utf-8"))
    words: dict[str, dict[str, tuple[tuple[str, float], ...]]] = {}
    common: dict[str, frozenset[str]] = {}
    for script, languages in read_in["words"].items():
        users: dict[str, list[str]] = {}
        for language, listed in languages.items():
            common[str(language)] = frozenset(str(listed).split())
            for word in dict.fromkeys(str(listed).split()):
                users.setdefault(word, []).append(str(language))
        words[str(script)] = {
            word: tuple((name, 1.0 + 1.0 / len(those)) for name in those) for word, those in users.items()
        }
    scripts = [
        (int(first, 16), int(last, 16), str(name))
        for name, ranges in read_in["scripts"].items()
        for first, _, last in (part.partition("-") for part in str(ranges).split())
    ]
    codes: dict[str, str] = read_in["codes"]
    spoken = {name.split("-")[0] for users in words.values() for those in users.values() for name, _ in those}
    return _Tables(
        words=words,
        common=common,
        scripts=tuple(scripts),
        same={wrong: right for wrong, _, right in (pair.partition(":") for pair in codes["same"].split())},
        close=tuple(frozenset(line.split()) for line in codes["close"].strip().splitlines()),
        known=frozenset(spoken | {name for _, _, name in scripts if len(name) == 2} | {"no"}),
    )


@cache
def _script(character: str) -> str:
    code = ord(character)
    return next((name for low, high, name in _tables().scripts if low <= code <= high), "other")


def _agree(tag: str, heard: str) -> bool:
    declared, heard = tag.split("-")[0], heard.split("-")[0]
    return (
        declared == heard
        or (declared, heard) == ("yue", "zh")
        or any(declared in group and heard in group for group in _tables().close)
    )


def _declared(doc: Document, facts: Structured) -> Iterable[tuple[str, str]]:
    for node in facts.articles[:1]:
        for said in strings(node.get("inLanguage"))[:1]:
            yield "json-ld:inLanguage", said
    for element in doc.by_tag.get("html", ())[:1]:
        yield "html:lang", doc.attribute(element, "lang") or doc.attribute(element, "xml:lang")
    for name in ("og:locale", "content-language", "language", "dc.language", "inlanguage"):
        for said in facts.meta.get(name, ())[:1]:
            yield name, said.split(",")[0]
    label = site.host_of(doc.url).partition(".")[0]
    if len(label) == 2:
        yield "host", label


def _sample(doc: Document) -> str:
    """Return the page's longer chunks: running text rather than menus."""
    chunks: list[str] = []
    length = 0
    for chunk, text in enumerate(doc.texts):
        if doc.chars[chunk + 1] - doc.chars[chunk] >= 60:
            chunks.append(text)
            length += len(text)
            if length > SAMPLE_CHARS:
                break
    return " ".join(chunks)
