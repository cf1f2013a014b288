"""What an article says, apart from how it is set: the form in which two captures of one page are compared.

Two captures of an unchanged article differ in much: white space, quotation marks, soft hyphens, `3 hours ago`, `127 comments`, the
teasers of other articles between the paragraphs. None of it makes a version. `setting` folds typography; `is_label` and `is_teaser`
find the blocks that belong to the page and not to the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable

from etl.dedupe.signature import words
from etl.model import Block

LABEL_WORDS = 7
LABEL_CHARS = 60
"""Counters, dates and bylines that leak into a body are shorter than this and end without a full stop."""
NOTICE_WORDS = 3
NOTICE_CHARS = 24
"""Without a figure only this much: 9 of 50 pages that got advertisements between their paragraphs kept the word `Advertisement`."""
RUBRIC_WORDS = 2
"""`Background`, `Zum Thema`: a heading of so few words adds nothing to the text, and comes and goes with what is around it."""
TITLE_CHARS = 20
"""A longer headline at the end of a block is one of a linked article."""
INTRO_WORDS = 5
"""Words that may introduce a teaser: `Read also:`, `Lire aussi :`, `Mehr zum Thema:`."""

_MARKS = {
    **dict.fromkeys("“”„‟«»‹›〝〞〟＂″", '"'),
    **dict.fromkeys("‘’‚‛`´ʼ′＇", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e\ufeff", ""),
}
_MARKED = re.compile(f"[{''.join(map(re.escape, _MARKS))}]")
# French sets a space inside quotation marks and before tall punctuation, other editions of the same text do not.
# The blank stands first, so that a search leaps from one to the next.
_LOOSE = re.compile(r" (?:(?=[:;!?%])|(?<=\" )(?=\w[^\"]*\")|(?<=[\w.,!?] )(?=\"(?:[\s.,;:!?)]|$)))")
_LOOSE_SIGNS = (" :", " ;", " !", " ?", " %", '" ', ' "')
"""One of these stands wherever _LOOSE matches: looking for them costs a twentieth of the pattern."""
_DOUBLED = re.compile(r"''|,,")
_WORD = re.compile(r"\w+")
# `Lesezeit 4 Min.`: three words at most, the last an abbreviation.
_ABBREVIATED = re.compile(r"(?:\S+ ){1,2}\w{1,4}\.")
_ENDS = (".", "!", "?", "。", "！", "？", "…", "؟", "۔", "।", '."', '!"', '?"')


def setting(text: str | None) -> str:
    """Return *text* with one form for every quotation mark, dash, ligature and run of white space; "" for None."""
    if not text:
        return ""
    if not text.isascii():
        # The marks first: NFKC would make a double prime of two primes, and spaces of what stands for nothing.
        for mark in set(_MARKED.findall(text)):
            text = text.replace(mark, _MARKS[mark])
        text = unicodedata.normalize("NFKC", text)
    # What can be printed holds no white space but blanks: most texts are folded already, and to look costs a fifth of folding.
    if "  " in text or not text.isprintable() or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    if "''" in text or ",," in text:
        text = _DOUBLED.sub('"', text)
    return _LOOSE.sub("", text) if any(map(text.__contains__, _LOOSE_SIGNS)) else text


def spoken(text: str) -> list[str]:
    """Return the words alone, without case and punctuation: what is left when two settings differ in typography only."""
    return _WORD.findall(text.casefold())


def is_label(text: str) -> bool:
    """Say whether a block is a label of the page and no sentence: a counter, a time, `Advertisement`, `Read more`."""
    if len(text) > LABEL_CHARS:
        return False
    has_figure = any(map(str.isdigit, text))
    if text.endswith(_ENDS):
        return has_figure and _ABBREVIATED.fullmatch(text) is not None
    length = len(_WORD.findall(text))
    return length <= (LABEL_WORDS if has_figure else NOTICE_WORDS) and (has_figure or len(text) <= NOTICE_CHARS)


def is_rubric(text: str) -> bool:
    """Say whether a heading only names what comes next."""
    return len(text) <= NOTICE_CHARS and not any(map(str.isdigit, text)) and len(words(text)) <= RUBRIC_WORDS


def is_teaser(text: str, titles: Collection[str], ends: tuple[str, ...]) -> bool:
    """Say whether a block is nothing but the headline of a linked article, with a few words before it at most.

    *ends* are those of the titles that are long enough to end a block by no chance.
    """
    if text in titles:
        return True
    if not text.endswith(ends):
        return False
    return any(text.endswith(title) and len(_WORD.findall(text[: -len(title)])) <= INTRO_WORDS for title in ends)


def _may_end(title: str, last: Collection[str]) -> bool:
    """Say whether the setting of *title* may end with one of these letters; most links of a page end unlike its paragraphs."""
    sign = title.rstrip()[-1:]
    # Other letters may be set as these, two such marks become one of another kind; a letter of ASCII stays what it is.
    return sign in last or not sign.isascii() or sign in "',`"


def passages(body: Iterable[Block], titles: Iterable[str] = ()) -> list[str]:
    """Return the blocks that are text, in reading order and one setting; *titles* are the headlines the page links to."""
    texts = [(block.kind, setting(block.text)) for block in body]
    last = {text[-1] for _, text in texts if text}
    headlines = {setting(title) for title in titles if _may_end(title, last)} - {""}
    ends = tuple(title for title in headlines if len(title) > TITLE_CHARS)
    # A slot between the items of a list looks like an item; what stands there more than once is no part of the text.
    often = {text for text, times in Counter(text for _, text in texts).items() if times > 1}
    return [
        text
        for kind, text in texts
        if text
        and not (is_label(text) and (kind in ("paragraph", "quote") or text in often))
        and not (kind == "heading" and is_rubric(text))
        and not is_teaser(text, headlines, ends)
    ]
