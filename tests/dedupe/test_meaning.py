"""One setting for two typographies: the fast way gives what its plain definition gives, and no teaser is overlooked."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.dedupe.meaning import passages, setting
from etl.model import Block

QUOTES = dict.fromkeys("“”„‟«»‹›〝〞〟＂″", '"')
APOSTROPHES = dict.fromkeys("‘’‚‛`´ʼ′＇", "'")
DASHES = dict.fromkeys("‐‑‒–—―−", "-")
DROPPED = dict.fromkeys(
    "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e\ufeff",
)
MARKS = str.maketrans({**QUOTES, **APOSTROPHES, **DASHES, **DROPPED})
LOOSE = re.compile(r"\s+(?=[:;!?%])|(?<=\")\s+(?=\w[^\"]*\")|(?<=[\w.,!?])\s+(?=\"(?:[\s.,;:!?)]|$))")

SIGNS = [
    " ",
    "  ",
    "\n",
    "\u00a0",
    "\u2028",
    "\x1c",
    "'",
    '"',
    ",",
    ":",
    "!",
    "%",
    ".",
    "a",
    "Räte",
    "ﬁ",
    "漢",
    "\u0301",
    "\ud800",
]
PIECES = st.one_of(
    st.sampled_from([*QUOTES, *APOSTROPHES, *DASHES, *DROPPED]), st.sampled_from(SIGNS), st.text(max_size=3)
)
TEXTS = st.lists(PIECES, max_size=20).map("".join)


def plainly_set(text: str) -> str:
    """Return the setting as it is defined, step by step on all of the text."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(MARKS))
    return LOOSE.sub("", re.sub(r"''|,,", '"', " ".join(text.split())))


@settings(max_examples=500, deadline=None)
@given(text=TEXTS)
@example(text="\u200b")
@example(text="« Rain » : a „ word “ , ''two'' ,,three''")
def test_the_setting_of_a_text_is_as_defined(text):
    assert setting(text) == plainly_set(text)


@settings(max_examples=300, deadline=None)
@given(title=TEXTS.map("The council decides on {}".format), after=st.sampled_from(["", " ", "\u200b", "\n", "\u00a0"]))
@example(title="The harbour stays open ''", after="")
@example(title="The harbour stays open`", after="")
@example(title="The harbour stays open,,", after=" ")
@example(title="The harbour stays open", after="")
def test_a_teaser_is_found_whatever_its_headline_ends_with(title, after):
    shown = f"{title}{after}"
    if plainly_set(shown) != plainly_set(title):  # A grave accent stays one in ASCII alone.
        shown = title
    body = [Block("paragraph", shown), Block("paragraph", "The ferries sail again at noon.")]
    assert passages(body, ["Something else entirely, and no less long", title]) == ["The ferries sail again at noon."]
