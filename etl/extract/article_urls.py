"""Whether a URL looks like that of one article, told by its shape alone.

Publishers name an article's page by a date, a number, a hash or a slug of several words; fronts, topics and service
pages have short word paths. None of that depends on the language: percent-encoded slugs are counted by separators,
and Japanese or Korean ids by their digits. What a word in a path means (`tag`, `author`, `login`) only rules out.

On the 30 open link pages of the measuring corpus 374 of 397 teasers are STRONG and 23 WEAK; of some 3,500 other links
that stand in no sentence, 128 are STRONG (footers, advertisements, copies of the menu) and 132 WEAK.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
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
LISTS = frozenset(_FOLDERS["lists"].split())
"""Folders of lists and actions; their members may have long names."""
NEVER = frozenset(_FOLDERS["never"].split())
PEOPLE = ("author", "authors", "author-profile")
LEGAL = tuple(_FOLDERS["legal"].split())
"""How the names of legal texts start, with a number behind."""
SERVICES = frozenset(_FOLDERS["services"].split())
"""Folders of services; a headline in one is an article all the same (a podcast's episode, a help text)."""
SAY_NO = LISTS | NEVER | SERVICES
_DIGITS = re.compile(r"\d{2}")
_NUMBER_WORDS = re.compile(r"\d(?<![^-_+.]\d)\d*(?![^-_+.])")
_NUMBER = re.compile(r"\d{5}")
DAYS = re.compile(
    r"/(?:19|20)\d\d/[01]?\d(?:/|$)|(?:19|20)\d\d-[01]\d-[0-3]\d|/\d\d_[^\W\d]+_\d\d/|-(?<=[0-9a-f]{8}-)[0-9a-f]{4}-",
    re.IGNORECASE,
)
"""A day in a path, or the start of a UUID."""
_RUNS = re.compile(r"[0-9a-z]{9,}", re.IGNORECASE)
QUERY_ID = re.compile(
    r"(?:^|&)(?:(?:news|article|art|story|post|item|doc|content|[acnp])?_?id|[a-z]*idxno|no|p|post|sid|news|article|art|story|seq|key|doc|newsno)="
    r"[\w-]*(?:\d{4,}|\d[0-9a-f]{6,}|[0-9a-f]{8}-)",
    re.IGNORECASE,
)
DATED = re.compile(r"/(?:19|20)\d\d[/-]?[01]\d|(?:19|20)\d\d-[01]\d-[0-3]\d")
DATED_ID = re.compile(r"(?:19|20)\d\d[01]\d[0-3]\d[-_]\w")
"""Only documents begin with their day, also those in the folder of a topic (`/topics/20241127-SYT8T6050497/`)."""
FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|mp3|mp4|zip|ics|css|js|xml|rss|apk)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Own:
    """What the URL of the page itself says about the URLs of its site."""

    words: int
    is_numbered: bool

    @classmethod
    def of(cls, key: str) -> Own:
        """Return what the page at *key* says."""
        path = key.partition("?")[0]
        return cls(_most_words(path), is_numbered(path))


def shape(key: str, own: Own | None = None) -> int:
    """Return STRONG, WEAK, PLAIN or OTHER for *key*: a URL without its scheme (`anchors.identity`).

    *own*: the page it stands on, when that is of the same site. Where articles have a number, what has none is likely a
    section, however long its name; where they have a headline for a slug, a number behind one or two words is that of a
    topic (`/ukraine/t-17292877`).
    """
    path, _, query = key.partition("?")
    lowered = path.lower()
    segments = lowered.split("/")
    del segments[0]
    if query and QUERY_ID.search(query):
        return STRONG
    if not segments or (len(segments) == 1 and len(segments[0]) < 4):
        return OTHER
    last = segments[-1]
    if last[-4:] == ".pdf":
        return WEAK
    words = slug_words(max(segments, key=len))
    if _is_other(segments, words) or ("author" in lowered and any(map(_is_people, segments[:-1]))):
        return OTHER
    if words >= SLUG_WORDS:
        return WEAK if own and own.is_numbered and not query and not is_numbered(path) else STRONG
    if is_numbered(path):
        if len(last) <= 2 and last.isdigit() and segments[-2].isdigit():
            return OTHER
        is_topic_like = own and own.words >= SLUG_WORDS and words <= SLUG_WORDS_WEAK and not query
        return WEAK if is_topic_like and not DATED.search(path) else STRONG
    return WEAK if words >= SLUG_WORDS_WEAK and not (own and own.is_numbered and not query) else PLAIN


def _is_other(segments: list[str], words: int) -> bool:
    """Tell by its folders whether a URL is that of a list, a person, a service or a file."""
    last = segments[-1]
    if not SAY_NO.isdisjoint(segments):
        if words < SLUG_WORDS_SURE and not LISTS.isdisjoint(segments):
            return DATED_ID.match(last) is None
        if words < SLUG_WORDS and not SERVICES.isdisjoint(segments):
            return DATED_ID.match(last) is None
        if not NEVER.isdisjoint(segments):
            return True
    if last.startswith(LEGAL):
        return True
    return "." in last and FILE.search(last) is not None


def _is_people(segment: str) -> bool:
    return segment.endswith(PEOPLE)


def is_named(key: str) -> bool:
    """Tell whether *key* has more than a number behind one or two words, as the page of a topic has."""
    return _most_words(key) >= SLUG_WORDS_WEAK or not is_numbered(key) or DATED.search(key) is not None


def is_numbered(path: str) -> bool:
    """Tell whether *path* (with its host) carries a number, date or hash as only single documents do."""
    start = path.find("/")
    if _DIGITS.search(path, start) is None:
        return False
    if _NUMBER.search(path, start) is not None or DAYS.search(path, start) is not None:
        return True
    # Letters and digits in one run: a hash.
    return any(not run.isalpha() for run in _RUNS.findall(path, start))


def _most_words(path: str) -> int:
    return slug_words(max(path.partition("/")[2].split("/"), key=len))


def is_topic(href: str) -> bool:
    """Tell whether *href* leads to the page of a topic or tag, by its folders."""
    return not LISTS.isdisjoint(href.lower().partition("?")[0].split("/"))


def slug_words(segment: str) -> int:
    """Return the number of words in one *segment* of a path, numbers and its extension not counted."""
    if "%" in segment:
        segment = unquote(segment).replace(" ", "-")
    words = segment.count("-") + segment.count("_") + segment.count("+") + segment.count(".") + 1
    if words < SLUG_WORDS_WEAK:
        return words
    return words - len(_NUMBER_WORDS.findall(segment)) - ("." in segment[-6:-3])
