"""What a page's markup claims about its times: JSON-LD, meta elements, microdata, `<time>`, the URL. Not yet read, only found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal
from urllib.parse import urlsplit

from etl.extract.document import Document
from etl.extract.structured import Structured, kinds, strings

TimeRole = Literal["published", "modified"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A text that should be a time, where it was found, and how far such a place is to be trusted (0 is best)."""

    role: TimeRole
    text: str
    rule: str
    trust: int


_EXACT_META: dict[str, tuple[TimeRole, int]] = {
    "article:published_time": ("published", 1),
    "og:article:published_time": ("published", 1),
    "og:published_time": ("published", 1),
    "datepublished": ("published", 1),
    "parsely-pub-date": ("published", 1),
    "cxenseparse:recs:publishtime": ("published", 1),
    "sailthru.date": ("published", 2),
    "date": ("published", 3),
    "dc.date": ("published", 3),
    "dc:date": ("published", 3),
    "dcterms.date": ("published", 3),
    "article:modified_time": ("modified", 1),
    "og:article:modified_time": ("modified", 1),
    "og:updated_time": ("modified", 2),
    "og:modified_time": ("modified", 1),
    "datemodified": ("modified", 1),
    "last-modified": ("modified", 2),
    "lastmod": ("modified", 2),
    "revised": ("modified", 2),
}
_NO_TIME = re.compile(
    r"expir|valid|until|publisher|publication$|publicationname|section|year$|month$|day$|yyyy|event|start|end[-_.]?date|"
    r"birth|release|config|build|format|update[-_.]?freq|reading|access|accepted|submitted|received|server|copyright|embargo"
)
_MODIFIED = re.compile(r"modif|updat|revis|chang|edit(?!or|ion)|last")
_PUBLISHED = re.compile(
    r"(?:publ?(?:ish(?:ed)?|ication|i)?|post(?:ed)?|issued?|creat(?:ed|ion)|display|original|first|article|story|content|news|online|"
    r"live|citation|prism|create)[-_.:]*(?:online[-_.:]*)?(?:date|time|at|on)(?:$|[-_.:](?:time|iso|utc|original|published))|"
    r"date[-_.:]*(?:time)?[-_.:]*(?:of[-_.:]*)?(?:publ?|post|issued|creat|original|display|online|live)|^pub(?:lish(?:ed)?)?[-_]?date|"
    r"(?:^|[.:_-]|first|article)published$|^(?:created|issued|posted|pubdate|timestamp|datetime)$|dcterms\.(?:created|issued)|dc\.(?:created|issued)"
)

_LD_PUBLISHED = (("datePublished", 0), ("dateCreated", 4), ("uploadDate", 4))
_TYPES_ELSEWHERE = re.compile(
    r"comment|event|review|person|organization|product|image|breadcrumb|website|question|answer|jobposting"
)

_MICRODATA: tuple[tuple[str, TimeRole, int], ...] = (
    ("datepublished", "published", 2),
    ("datecreated", "published", 6),
    ("datemodified", "modified", 2),
)

_ARCHIVED = re.compile(r"^https?://[^/]*archive[^/]*/(?:web/)?\d{8,14}(?:[a-z]{2}_)?/")
"""What web archives put before an address: the day of the capture."""
_URL_DAY = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<s>[/\-_.])(?P<m>0?[1-9]|1[0-2])(?P=s)(?P<d>[0-2]?\d|3[01])(?!\d)"
    r"|(?<!\d)(?P<y2>20[0-3]\d)[/-]?(?P<m2>0[1-9]|1[0-2])[/-]?(?P<d2>[0-2]\d|3[01])(?=\D|$|\d{4}(?:\D|$)|(?:[01]\d|2[0-3])[0-5]\d\d{1,9}(?:\D|$))"
)

_FOLDERS = re.compile(r"/((?:19|20)\d\d)/(0?[1-9]|1[0-2])/([0-2]?\d|3[01])(?:/|$)")
SAME_S = 3_600
"""Times in scripts that are this near each other are one: created and released."""

_MONTHS = [
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
]
_URL_MONTH = re.compile(
    rf"/((?:19|20)\d\d)[/-]({'|'.join(f'{m[:3]}(?:{m[3:]})?' for m in _MONTHS)})[/-]([0-2]?\d|3[01])(?=/|$)",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"(?<![\d.])([0-2]\d|3[01])[-_.]?(0[1-9]|1[0-2])[-_.]?(20[0-3]\d)(?!\d)")
_NAMED_DAY = re.compile(r"(?<!\d)(?<!id-)(20[0-3]\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")


def find(doc: Document, facts: Structured) -> list[Claim]:
    """Return what the markup claims, most trusted first."""
    found = [*_json_ld(facts), *_meta(facts), *_microdata(doc, facts)]
    found.sort(key=lambda claim: claim.trust)
    return found


def _json_ld(facts: Structured) -> Iterator[Claim]:
    told = [
        claim for place, node in enumerate(facts.articles[:3]) for claim in _node(node, 2 if place else 0, "json-ld")
    ]
    yield from told
    if any(claim.role == "published" for claim in told):
        return
    for node in facts.nodes[:60]:
        types = kinds(node)
        if ("datePublished" in node or "dateModified" in node) and not any(map(_TYPES_ELSEWHERE.search, types)):
            yield from _node(node, 5, f"json-ld:{types[0]}" if types else "json-ld")


def _node(node: dict[str, object], trust: int, rule: str) -> Iterator[Claim]:
    for name, more in _LD_PUBLISHED:
        for text in strings(node.get(name))[:1]:
            yield Claim("published", text, f"{rule}:{name}", trust + more)
    for text in strings(node.get("dateModified"))[:1]:
        yield Claim("modified", text, f"{rule}:dateModified", trust)


@lru_cache(maxsize=2048)
def meta_role(name: str) -> tuple[TimeRole, int] | None:
    """Return which time a meta element of this (lower-case) name tells, and its trust; None when it tells no time."""
    if exact := _EXACT_META.get(name):
        return exact
    if _NO_TIME.search(name):
        return None
    if _MODIFIED.search(name) and re.search(r"date|time|modif|updat", name):
        return ("modified", 3)
    return ("published", 2) if _PUBLISHED.search(name) else None


def _meta(facts: Structured) -> Iterator[Claim]:
    for name, values in facts.meta.items():
        if (told := meta_role(name)) is not None:
            yield Claim(told[0], values[0], f"meta:{name}", told[1])


def _microdata(doc: Document, facts: Structured) -> Iterator[Claim]:
    for name, role, trust in _MICRODATA:
        for element in facts.microdata.get(name, ())[:3]:
            attrs = doc.attrs[element]
            text = attrs.get("content") or attrs.get("datetime") or attrs.get("title") or doc.text(element)[:100]
            if text and doc.tags[element] != "meta" and not _is_of_another(doc, element):
                yield Claim(role, text, f"microdata:{name}", trust)


def _is_of_another(doc: Document, element: int) -> bool:
    """Say whether the nearest item around *element* is a comment, a review, an event."""
    for above in doc.ancestors(element):
        if kind := doc.attribute(above, "itemtype"):
            return _TYPES_ELSEWHERE.search(kind.rpartition("/")[2].lower()) is not None
    return False


def url_day(url: str) -> str | None:
    """Return the day that stands in the path of a URL as `2024-05-03`, or None."""
    path = _ARCHIVED.sub("", url).split("?", 1)[0].split("//", 1)[-1].partition("/")[2]
    found = _URL_DAY.search(path)
    if not found:
        named = _URL_MONTH.search(f"/{path}")
        if named is None:
            return None
        month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(named[2].lower()))
        return f"{named[1]}-{month:02}-{int(named[3]):02}"
    year, month, day = (found[a] or found[b] for a, b in (("y", "y2"), ("m", "m2"), ("d", "d2")))
    return f"{year}-{int(month):02}-{int(day):02}"


def permanent_day(url: str) -> str | None:
    """Return the day that the folders of an address name: `/2024/05/03/rain`. Content systems never change it."""
    found = _FOLDERS.search(_ARCHIVED.sub("", url).split("?", 1)[0])
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else None


def of_address(url: str, *, is_month_first: bool = False) -> list[Claim]:
    """Return the publication that the page's own address names; *is_month_first*: in that order days may be written there."""
    if day := url_day(url):
        return [Claim("published", day, "url", 6)]
    found = _DAY_FIRST.search(urlsplit(url).path) if "20" in url else None
    if not found or (is_month_first and int(found[1]) <= 12):
        return []
    return [Claim("published", f"{found[3]}-{found[2]}-{found[1]}", "url:day-first", 9)]


def of_names(doc: Document) -> list[Claim]:
    """Return the publication that the id or class of the page or its article names: `<body id="news20190624_k1001">`."""
    told = (
        found
        for tag in ("body", "main", "article")
        for element in doc.by_tag.get(tag, ())[:2]
        for name in ("id", "class")
        if (found := _NAMED_DAY.search(doc.attribute(element, name)))
    )
    return [Claim("published", "-".join(found.groups()), "name", 9) for found in islice(told, 1)]


_SCRIPT_SECONDS = re.compile(
    rb"""(?<![a-z_])(?:first_?)?(?:date_?published|publish(?:ed)?_?(?:date|at|time|on)?(?:_?(?:time)?stamp)?|"""
    rb"""pub_?(?:da?te?|timestamp)|publication_?date)(?:_?ms)?["']?\s*[:=]\s*["']?(1\d{9}(?:\d{3})?)(?!\d)""",
    re.IGNORECASE,
)
_SCRIPT_TIME = re.compile(
    rb"""(?<![a-z_])(?:date_?published|publish(?:ed)?_?(?:date|at|time|on)|pub_?da?te?|publication_?date|"""
    rb"""(?:reg|deploy)_?(?:dt|date)|date)["']?\s*[:=]\s*"""
    rb"""["']([0-9]{1,4}[\-/.][0-9T:.\-+/ Z]{5,32})["']""",
    re.IGNORECASE,
)


def in_scripts(raw: bytes) -> list[Claim]:
    """Return the publication that scripts of the page name, when they all name the same: the state of a content system.

    One time with and without its zone, or its day alone, is the same; the longest says most.
    """
    found = {text.decode("ascii") for text in _SCRIPT_TIME.findall(raw[:2_000_000])}
    longest = max(found, key=len, default="")
    if found:
        return [Claim("published", longest, "script", 9)] if all(map(longest.startswith, found)) else []
    # Seconds or milliseconds since 1970: one day's.
    seconds = {number[:10] for number in _SCRIPT_SECONDS.findall(raw[:2_000_000])}
    is_one = seconds and int(max(seconds)) - int(min(seconds)) < SAME_S
    return [Claim("published", min(seconds).decode("ascii"), "script", 9)] if is_one else []
