"""Whether a URL looks like that of one article, told by its shape alone.

Publishers name an article's page by a date, a number, a hash or a slug of several words; fronts, topics and service
pages have short word paths. None of that depends on the language: percent-encoded slugs are counted by separators,
and Japanese or Korean ids by their digits. What a word in a path means (`tag`, `author`, `login`) only rules out.

On the link pages of the measuring corpus 381 of 397 teasers are STRONG, 3 PLAIN, none OTHER; of 3,523 links that are
no teaser and not inline, 340 are STRONG (most of them the page's own copies, footers and advertisements).
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from urllib.parse import unquote

STRONG, WEAK, PLAIN, OTHER = 3, 2, 1, 0
"""How sure a shape is: an article by its own look, perhaps, nothing said, and certainly no article."""

SLUG_WORDS = 5
"""Words from which a slug is a headline: fronts and topics rarely have more than four."""
SLUG_WORDS_WEAK = 3
SLUG_WORDS_SURE = 7
"""A slug this long is a headline even below a folder called `tag` or `people`."""

_FOLDERS: dict[str, str] = tomllib.loads(files("etl.extract").joinpath("folders.toml").read_text(encoding="utf-8"))
_LISTS = frozenset(_FOLDERS["lists"].split())
"""Folders of lists and actions; their members may have long names."""
_NEVER = frozenset(_FOLDERS["never"].split())
_LEGAL = tuple(_FOLDERS["legal"].split())
"""How the names of legal texts start, with a number behind."""
_SERVICES = frozenset(_FOLDERS["services"].split())
"""Folders of services; a headline in one is an article all the same (a podcast's episode, a help text)."""
_DIGITS = re.compile(r"\d{2}")
_NUMBERED = re.compile(
    r"\d{5,}"
    r"|/(?:19|20)\d\d/[01]?\d(?:/|$)"
    r"|(?:19|20)\d\d-[01]\d-[0-3]\d"
    r"|/\d\d_[^\W\d]+_\d\d/"
    r"|(?<![0-9a-z])(?=[0-9]*[a-z][0-9a-z]*)(?=[a-z]*[0-9])[0-9a-z]{9,}(?![0-9a-z])"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-",
    re.IGNORECASE,
)
_QUERY_ID = re.compile(
    r"(?:^|&)(?:[a-z]*_?id|[a-z]*idxno|no|p|post|sid|news|article|art|story|seq|key|doc|newsno)="
    r"[\w-]*(?:\d{4,}|\d[0-9a-f]{6,}|[0-9a-f]{8}-)",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|mp3|mp4|zip|ics|css|js|xml|rss|apk)$", re.IGNORECASE)


def shape(key: str) -> int:
    """Return STRONG, WEAK, PLAIN or OTHER for *key*: a URL without its scheme (`anchors.identity`)."""
    path, _, query = key.partition("?")
    segments = path.lower().split("/")
    del segments[0]
    if query and _QUERY_ID.search(query):
        return STRONG
    if not segments or (len(segments) == 1 and len(segments[0]) < 4):
        return OTHER
    last = segments[-1]
    if last[-4:] == ".pdf":
        return WEAK
    words = slug_words(max(segments, key=len))
    if words < SLUG_WORDS_SURE and not _LISTS.isdisjoint(segments):
        return OTHER
    if words < SLUG_WORDS and not _SERVICES.isdisjoint(segments):
        return OTHER
    if not _NEVER.isdisjoint(segments) or last.startswith(_LEGAL) or ("." in last and _FILE.search(last)):
        return OTHER
    if words >= SLUG_WORDS:
        return STRONG
    if _DIGITS.search(path) and _NUMBERED.search(path, path.find("/")):
        is_archive = len(last) <= 2 and last.isdigit() and segments[-2].isdigit()
        return OTHER if is_archive else STRONG
    return WEAK if words >= SLUG_WORDS_WEAK else PLAIN


def is_topic(href: str) -> bool:
    """Tell whether *href* leads to the page of a topic or tag, by its folders."""
    return not _LISTS.isdisjoint(href.lower().partition("?")[0].split("/"))


def slug_words(segment: str) -> int:
    """Return the number of words in one *segment* of a path, its extension not counted."""
    words = segment.count("-") + segment.count("_") + segment.count("+") + segment.count(".") + 1
    if "%" in segment:
        words += unquote(segment).count(" ")
    return words - (segment[-6:-3].count(".") > 0)
