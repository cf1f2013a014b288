"""What stands in the body though it is no part of it: byline, date and copyright lines, the section before it, pulled quotes.

The judge of the body looks at each run by itself. Here the other readers have spoken, so a line that only repeats the authors
and the time is known for what it is, whatever the page calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from etl.extract.body import Main
from etl.extract.document import collapse
from etl.model import Block, Moment

T = TypeVar("T")
LINES_AT_TOP = 4
LINES_AT_END, END_MAX_CHARS = 2, 80
LINE_MAX_CHARS = 160
PULLED_MIN_CHARS = 30
LEFT_MAX_LETTERS = 12
"""Letters that may be left of a byline when names and times are taken out: "Par", "By our staff" …"""
_QUOTES = " \"'.,…“”„«»‹›‘’「」『』"
_UNSEEN = "\u00ad\u2060\ufeff"
"""Soft hyphen, word joiner, byte order mark; not the zero-width space, which parts words in Khmer and Thai."""
_SENTENCE_END = re.compile(r"[.!?。！？…]\s*$")
_CLIPPED_END = re.compile(r"(?:^|[\s\d.])\w{1,3}\.\s*$")
"""Words that end in a point of their own: "10:30 a.m.", "14.30 น.", "12 января 2026 г."."""
_GLUED = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d(?=[^\W\d_])")
_COPYRIGHT = re.compile(r"\W*(?:©|\(c\)\s*(?:\d{4}|copyright)|copyright\s*(?:©|\(c\)|\d{4}\b))", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]")
_AFTER_SECTION = re.compile(r"\s*[-–—|:•·/]\s+")


@dataclass(frozen=True, slots=True)
class Said:
    """What the other readers found."""

    authors: tuple[str, ...]
    section: str | None
    moments: tuple[Moment, ...]
    read_label: Callable[[str], Moment]
    """Reads a date label where the page is published."""


def trimmed(main: Main, said: Said) -> Main:
    """Return the body without byline, date and copyright lines at its ends, without the section before it and pulled quotes."""
    last = len(main.blocks) - LINES_AT_END
    kept = [
        number
        for number, block in enumerate(main.blocks)
        if not ((number < LINES_AT_TOP or (number >= last and _may_end(block))) and is_byline(block.text, said))
        and not (block.kind == "quote" and _is_pulled(block.text, main.blocks))
        and not (number >= last and is_copyright(block.text))
    ]
    blocks = [_shown(main.blocks[number]) for number in kept]
    if blocks:
        blocks[0] = replace(blocks[0], text=without_section(blocks[0].text, said.section))
    if len(kept) == len(main.blocks):
        return replace(main, blocks=tuple(blocks))
    return replace(
        main,
        blocks=tuple(blocks),
        spans=_kept(main.spans, kept),
        elements=_kept(main.elements, kept),
    )


def is_copyright(text: str) -> bool:
    """Say whether a line is the notice below a page: "© 2026 Gazette. All rights reserved." """
    return len(text) <= END_MAX_CHARS and bool(_COPYRIGHT.match(text))


def _may_end(block: Block) -> bool:
    """Say whether a block is short enough to be the byline below a text, and no account of who is quoted."""
    return block.kind == "paragraph" and len(block.text) <= END_MAX_CHARS and block.text[0] not in "—–-"


def _shown(block: Block) -> Block:
    """Return the block without letters that no reader sees: they cut words for whoever searches and compares."""
    text = block.text
    if text[:1].isdigit() and (glued := _GLUED.match(text)) and text[glued.end()].isupper():
        # A live blog's "20:24" and "Ada Hill" are set apart by the style sheet only.
        block = replace(block, text=(text := f"{text[: glued.end()]} {text[glued.end() :]}"))
    if text.isascii() or not any(letter in text for letter in _UNSEEN):
        return block
    return replace(block, text=collapse("".join(letter for letter in text if letter not in _UNSEEN)))


def _is_pulled(quote: str, blocks: Sequence[Block]) -> bool:
    """Say whether a quote is printed large from a paragraph that says it too."""
    said = quote.strip(_QUOTES)
    return len(said) >= PULLED_MIN_CHARS and any(
        block.kind == "paragraph" and said in block.text and len(block.text) > len(quote) for block in blocks
    )


def _kept(values: tuple[T, ...], kept: Sequence[int]) -> tuple[T, ...]:
    return tuple(values[number] for number in kept) if values else ()


def is_byline(text: str, said: Said) -> bool:
    """Say whether a line only names the authors, the time, or both."""
    if len(text) > LINE_MAX_CHARS or (_SENTENCE_END.search(text) and not _CLIPPED_END.search(text)):
        return False
    left = text
    for name in said.authors:
        left = _without(left, name)
    names_author = left != text
    if len(_LETTERS.findall(left)) <= LEFT_MAX_LETTERS:
        return names_author or _tells_time(left, said)
    if not said.moments or not any(character.isdigit() for character in left):
        return False
    return _tells_time(left, said) or (names_author and _tells_time(_without_first_word(left), said))


def _without(text: str, name: str) -> str:
    """Return *text* with *name*, however it is cased, made a space. A pattern of the name would be compiled for each page."""
    folded, wanted = text.lower(), name.lower()
    if not wanted or wanted not in folded:
        return text
    if len(folded) != len(text):
        return re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    parts: list[str] = []
    start, at = 0, folded.find(wanted)
    while at >= 0:
        parts += text[start:at], " "
        start = at + len(wanted)
        at = folded.find(wanted, start)
    return "".join((*parts, text[start:]))


def _without_first_word(text: str) -> str:
    return re.sub(r"^\W*\w{1,12}\W+", "", text)


def _tells_time(text: str, said: Said) -> bool:
    """Say whether the line is a date label of the article's own day."""
    days = {moment.at.date() for moment in said.moments if moment.at is not None}
    for label in (text, *re.split(r"\s[|•·–—-]\s", text)):
        at = said.read_label(label.strip(" -–—|•·,")).at
        if at is not None and at.date() in days:
            return True
    return False


def without_section(text: str, section: str | None) -> str:
    """Return the text without the section printed before it: "INTERNATIONAL - The embassy …"."""
    if not section or text[: len(section)].casefold() != section.casefold():
        return text
    after = _AFTER_SECTION.match(text, len(section))
    return text[after.end() :] if after and after.end() < len(text) else text
