"""One name for one page: the canonical spelling of a URL, and when to believe a page that declares another.

The canonical form is a **name, not an address**. It says `https`, has no `www.`, no port 80 or 443, no trailing slash and no
`index.html`, although the host may answer under another spelling only: fetch the URL as found, compare and store by the
canonical one. It is what two spellings share, so it is idempotent (`canonical(canonical(u)) == canonical(u)`) and never
touches what selects content: path case, parameters nobody listed as tracking, `#!` and `#/` routes, language labels and
paths.

Rule data live in `url_rules.toml`. `url_key` is the 128-bit BLAKE2b of the canonical form and stays what it is for ever *for
a given canonical form*; a new rule changes the form of the URLs it folds. Stored variants (`page_urls`) keep their old keys,
so a lookup by the old spelling still finds its page, and a redigest joins those that the new rule has made equal.

Guards on declared canonicals: `believable_canonical`.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from etl.dedupe.spelling import URL_MAX_CHARS, BadUrlError, host_name, is_host, redirectors, spell
from etl.dedupe.url_rules import LANGUAGES, PAGE_NUMBERS, PUBLIC_LABELS, WALLS

__all__ = [
    "CACHED_URLS",
    "URL_MAX_CHARS",
    "BadUrlError",
    "believable_canonical",
    "canonical",
    "fold",
    "host_of",
    "key_of_name",
    "url_key",
]

CACHED_URLS = 16_384
"""A site repeats its navigation on every page: most links of a page were folded a moment ago. About 6 MB."""
PASSES_MAX = 6
"""Passes until nothing changes: one for ordinary URLs, two or three for `/a.amp/index.html/print`; more is hostile."""
SLUG_WORDS = 3
"""Words from which a last segment counts as the title of an article."""
SLUG_CHARS = 3
"""Shorter words (`de`, `a`, `to`) are in any two titles of one language."""
SLUG_SHARED = 0.5
"""Of the shorter of two slugs; below, they are titles of two articles."""

# Already canonical, or one `http`, `www.` or `/` away: 96 % of the links in news pages. What a rule may touch goes the long way.
_CLEAN = re.compile(r"https?://(?:www\.)?([a-z0-9.-]+)((?:/[\w/.~!$'()*,@-]*)?)", re.ASCII)
_SUSPECTS = ("amp", "print", "druck", "imprimir", "index", "default", "/(", "/.")


def canonical(url: str) -> str:
    """Return the canonical spelling of *url*; raise BadUrlError when it is not the absolute address of a web page."""
    return fold(url)[0]


@lru_cache(maxsize=CACHED_URLS)
def fold(url: str) -> tuple[str, tuple[str, ...]]:
    """Return the canonical spelling and the names of the rules that were needed, in order of application.

    Raises BadUrlError for anything but http and https (`//host/path` counts as https), for more than URL_MAX_CHARS
    characters, control characters, lone surrogates, and hosts or ports that cannot be.
    """
    clean = _CLEAN.fullmatch(url)
    if clean is not None and len(url) < URL_MAX_CHARS:
        host, path = clean.groups()
        lower = path.lower()
        if _is_plain_host(host) and "//" not in path and not any(suspect in lower for suspect in _SUSPECTS):
            name = f"https://{host}{path.rstrip('/')}"
            return name, () if name == url else ("spelling",)
    rules: list[str] = []
    name, last = spell(url, rules), url
    for _ in range(PASSES_MAX):
        if name == last:
            return name, tuple(dict.fromkeys(rules))
        last, name = name, spell(name, rules)
    raise BadUrlError(f"folds for ever: {url[:80]!r}")


@lru_cache(maxsize=4096)
def _is_plain_host(host: str) -> bool:
    """Say whether the host is its own canonical name and leads nowhere else."""
    return "." in host and is_host(host) and host_name(host) == host and not redirectors(host)


def url_key(url: str) -> uuid.UUID:
    """Return the 128-bit key of the page: BLAKE2b of the canonical form in UTF-8. Equal for ever for equal canonical forms."""
    return key_of_name(canonical(url))


def key_of_name(name: str) -> uuid.UUID:
    """Return the key of the page whose canonical URL is *name*, which is not folded again."""
    return uuid.UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())


def host_of(url: str) -> str:
    """Return the canonical host (no `www.`, no device label, ASCII), with its port when that is not 80 or 443."""
    return re.split(r"[/?#]", canonical(url)[8:], maxsplit=1)[0]


def believable_canonical(
    page_url: str,
    declared: str,
    *,
    is_redirect: bool = False,
    versions: Sequence[tuple[str, str]] = (),
    language: str | None = None,
) -> str | None:
    """Return the canonical form of the page that *page_url* declares itself to be, or None when that is not to be believed.

    *declared* is a `rel=canonical`, an `og:url` (relative to the page if need be) or, with *is_redirect*, where the request ended.
    Not believed: what is no address; a front page, a section page, a login or consent wall; another language, by its address or
    by *versions*, the (hreflang, URL) that the page names (*language* is its own where it does not name itself); another number
    in a series of pages; an article with other ids or, unless it is a redirect, another title in its address; and, unless it is a
    redirect, another publisher: a copy that points to its source is a copy, which `find_copy` tells.
    """
    try:
        page = _place(canonical(page_url))
        other = _place(canonical(urljoin(page_url.strip(), declared.strip()) if declared.strip() else declared))
    except ValueError:
        return None
    if page.url == other.url:
        return other.url
    if not _is_article(other) and (_is_article(page) or len(other.segments) < len(page.segments)):
        return None
    if versions and _speak_differently(page.url, other.url, versions, base=page_url, language=language):
        return None
    if _is_wall(other) or page.languages != other.languages or (page.number and page.number != other.number):
        return None
    same_name = page.site == other.site
    if not same_name:
        return other.url if is_redirect else None
    if page.ids and other.ids and not page.ids & other.ids:
        return None
    same = bool(page.ids & other.ids) or page.segments[-1:] == other.segments[-1:]
    if is_redirect or same:
        return other.url
    if page.host != other.host or _differ(page.slug, other.slug):
        return None
    return other.url


class _Place(NamedTuple):
    """What an address tells about the page behind it."""

    url: str
    host: str
    site: str
    """The label that was registered: `example` of `news.example.co.uk`."""
    segments: tuple[str, ...]
    ids: frozenset[str]
    slug: frozenset[str]
    languages: tuple[str, ...]
    number: str


_ID = re.compile(r"\d{5,}|(?=[a-f]*\d)[0-9a-f]{8,}")
# Days and months in a path are no ids: 20260301, 260301.
_DAY = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?")
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z]{2,4})?", re.IGNORECASE)
_SLUG_BREAK = re.compile(r"[\W_]")
# Older labels of one language (ISO 639), and Norwegian, whose usual written form is Bokmål.
_SAME_TONGUE = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "fil": "tl"}
_USUAL_SCRIPT = {
    "zh": "hans",
    "sr": "cyrl",
    "en": "latn",
    "de": "latn",
    "fr": "latn",
    "es": "latn",
    "pt": "latn",
    "ru": "cyrl",
}


@lru_cache(maxsize=1024)
def _place(url: str) -> _Place:
    parts = urlsplit(url)
    host = parts.hostname or ""
    labels = host.split(".")
    compound = len(labels) > 2 and labels[-2] in PUBLIC_LABELS and len(labels[-1]) == 2
    segments = tuple(unquote(segment) for segment in f"{parts.path}/{parts.fragment}".split("/") if segment.strip("!"))
    pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
    languages = [label for label in labels[: -3 if compound else -2] if _is_language(label)]
    languages += [segment for segment in segments[:2] if _is_language(segment)]
    languages += [value for name, value in pairs if name in {"lang", "language", "locale", "hl"}]
    number = next((value for name, value in pairs if name in PAGE_NUMBERS and value.isdigit() and len(value) < 3), "")
    if len(segments) > 1 and segments[-1].isdigit() and len(segments[-1]) < 3:
        number = segments[-1]
    return _Place(
        url=url,
        host=host,
        site=labels[-3] if compound else labels[-2] if len(labels) > 1 else host,
        segments=segments,
        ids=frozenset(_ids([*segments[-2:], *(value for name, value in pairs if name not in PAGE_NUMBERS)])),
        slug=frozenset(_slug(segments[-1])) if segments else frozenset(),
        languages=tuple(language.lower().replace("_", "-") for language in languages),
        number=number,
    )


def _speak_differently(
    page: str, other: str, versions: Sequence[tuple[str, str]], *, base: str, language: str | None
) -> bool:
    """Say whether the page itself names *other* as its version in a language that is not its own.

    Two regions of one language (`en-US`, `en-GB`) carry one text, as a rule: they may be one page. Two scripts may not.
    """
    told: dict[str, set[str]] = {page: set(), other: set()}
    for label, url in versions:
        if (spoken := _tongue(label)) and url.strip():
            with suppress(ValueError):
                told.get(canonical(urljoin(base.strip(), url.strip())), set[str]()).add(spoken)
    own = told[page] or ({_tongue(language)} if language else set[str]())
    return bool(own and told[other]) and not own & told[other]


def _tongue(label: str) -> str:
    """Return what of a BCP 47 tag makes another text: language and script; nothing for `x-default`."""
    parts = label.strip().lower().replace("_", "-").split("-")
    if len(parts[0]) not in {2, 3} or not parts[0].isalpha():
        return ""
    script = next((part for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    if parts[0] == "zh" and not script:
        script = "hant" if {"tw", "hk", "mo"} & set(parts[1:]) else "hans"
    spoken = _SAME_TONGUE.get(parts[0], parts[0])
    return f"{spoken}-{script}" if script and _USUAL_SCRIPT.get(spoken) != script else spoken


def _is_language(text: str) -> bool:
    found = _LANGUAGE.fullmatch(text)
    return found is not None and found.group(1).lower() in LANGUAGES


def _ids(texts: list[str]) -> list[str]:
    return [found for text in texts for found in _ID.findall(text) if not _DAY.fullmatch(found)]


def _slug(segment: str) -> list[str]:
    stem = segment.rpartition(".")[0] if "." in segment[-6:] else segment
    return [word for word in _SLUG_BREAK.split(stem.lower()) if len(word) >= SLUG_CHARS and not word.isdigit()]


def _is_article(place: _Place) -> bool:
    """Say whether the address looks like one of an article and not of a list: an id, a day, or a title in words."""
    if place.ids or len(place.slug) >= SLUG_WORDS:
        return True
    last = place.segments[-1] if place.segments else ""
    return len(last) >= 20 or (len(place.segments) > 2 and any(_is_year(segment) for segment in place.segments[:-1]))


def _is_year(segment: str) -> bool:
    return len(segment) == 4 and segment.isdigit() and segment[:2] in {"19", "20"}


def _is_wall(place: _Place) -> bool:
    first = place.host.partition(".")[0]
    return first in WALLS or any(segment.rpartition(".")[0] in WALLS or segment in WALLS for segment in place.segments)


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two slugs are titles of two articles; one that is no title says nothing."""
    few = min(len(one), len(other))
    return few >= SLUG_WORDS and len(one & other) < SLUG_SHARED * few
