"""The lead image with its caption: the first picture a reader sees at the article's head, else the one shared with links."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from etl.extract import names, vocabulary
from etl.extract.choice import Choice, losers
from etl.extract.document import Document
from etl.extract.structured import Structured, absolute, clean, objects, strings
from etl.model import Image

REACH_ELEMENTS = 160
"""How far after the headline the lead image may stand, in elements; before it, a third of that."""
IN_TEXT_ELEMENTS = 15
"""How far into the text the lead image may stand: right on .875 of open fundus pages, .842 with 0, .867 anywhere."""
CAPTION_MAX_CHARS = 600
FIGURE_DEPTH = 5
_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-url", "data-image", "src")
_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_NO_PICTURE = vocabulary.words("picture", "no_picture")
_NOT_HINTS = vocabulary.words("picture", "not_hints")
_SIZE = re.compile(r"(?<![a-z\d])(\d{1,3})x(\d{1,3})(?!\d)")
RATIO_MAX, THUMBNAIL_PX = 12, 80
"""Sizes in addresses: "/16x9/" is a shape, "/25x19.jpg" a thumbnail."""
_OUTSIDE = frozenset({"nav", "footer", "aside", "form", "button", "dialog", "head"})


def read(doc: Document, facts: Structured, *, heading: int | None, body_at: int | None = None) -> Choice[Image | None]:
    """Return the lead image; *heading* and *body_at* are the elements of the headline and of the first body block."""
    told = [(rule, url) for rule, raw in _told(facts) if (url := absolute(doc, raw))]
    shown = _shown(doc, heading, body_at, [url for _, url in told])
    if shown is not None:
        element, url = shown
        return Choice(Image(url, _caption(doc, element)), "shown", losers(told, url))
    for rule, url in told:
        return Choice(Image(url), rule, losers(told, url))
    return Choice(None)


def _told(facts: Structured) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for node in facts.articles[:1]:
        value = node.get("image")
        for image in objects(value)[:1]:
            found += [
                ("json-ld:image", said)
                for said in strings(image.get("url") or image.get("contentUrl") or image.get("@id"))[:1]
            ]
        if not found:
            found += [("json-ld:image", said) for said in strings(value)[:1]]
    for name in ("og:image", "og:image:url", "twitter:image", "twitter:image:src", "thumbnail", "image"):
        found += [(name, said) for said in facts.meta.get(name, ())[:1]]
    # A share image that is the site's logo says nothing of the article.
    return sorted(
        ((rule, said) for rule, said in found if not said.startswith("data:")),
        key=lambda entry: _is_no_picture(entry[1]),
    )


def _shown(doc: Document, heading: int | None, body_at: int | None, told: list[str]) -> tuple[int, str] | None:
    if heading is None:
        return None
    start, end = heading - REACH_ELEMENTS // 3, heading + REACH_ELEMENTS
    if body_at is not None and body_at > heading + IN_TEXT_ELEMENTS:
        # The head of the article is between headline and text. A text that begins right at the headline holds the image.
        end = min(end, body_at + IN_TEXT_ELEMENTS)
    stems = {_stem(url) for url in told}
    first: tuple[int, str] | None = None
    before: tuple[int, str] | None = None
    for element in doc.by_tag.get("img", ()):
        if element >= end:
            break
        if element < start or _is_small(doc, element):
            continue
        url = absolute(doc, _source(doc, element))
        if not url or _is_no_picture(url) or _is_outside(doc, element, heading):
            continue
        if _stem(url) in stems:
            # The picture that is shared with the link: surer than the place.
            return element, url
        if (first if element > heading else before) or _is_thumbnail(url) or _is_portrait(doc, element):
            continue
        if element > heading:
            first = (element, url)
        else:
            before = (element, url)
    return first or before


def _source(doc: Document, element: int) -> str:
    """Return the address of the picture, not of what stands in for it until it is loaded."""
    attrs = doc.attrs[element]
    for name in _SOURCES:
        said = (attrs.get(name) or "").strip()
        if said and not said.startswith(("data:", "#", "{", "if(")) and not _is_no_picture(said):
            return _largest(said) if " " in said else said
    sources = [element]
    if doc.tags[doc.parents[element]] == "picture":
        sources += [child for child in doc.children(doc.parents[element]) if doc.tags[child] == "source"]
    for source in sources:
        for name in _SETS:
            if said := (doc.attrs[source].get(name) or "").strip():
                return _largest(said)
    return ""


def _largest(srcset: str) -> str:
    """Return the address with the largest width or density in *srcset*."""
    best, best_size = "", -1.0
    for part in re.split(r",\s+", srcset):
        words = part.strip().rstrip(",").split()
        if not words or words[0].startswith("data:"):
            continue
        digits = re.match(r"[\d.]+", words[1]) if len(words) > 1 else None
        size = float(digits.group()) if digits and digits.group().count(".") < 2 and digits.group() != "." else 0.0
        if size > best_size:
            best, best_size = words[0], size
    return best


def _is_small(doc: Document, element: int) -> bool:
    for name in ("width", "height"):
        said = doc.attribute(element, name)
        if said.isdecimal() and len(said) < 6 and int(said) < 80:
            return True
    return False


def _is_outside(doc: Document, element: int, heading: int) -> bool:
    for above in doc.ancestors(element):
        if above <= heading < doc.ends[above]:
            return False
        if doc.tags[above] in _OUTSIDE or _says_no(doc.attrs[above].get("class") or ""):
            return True
    return False


@lru_cache(maxsize=4_096)
def _says_no(hint: str) -> bool:
    low = hint.lower()
    return any(word in low for word in _NOT_HINTS)


def _is_portrait(doc: Document, element: int) -> bool:
    """Say whether the caption of the figure is a byline: "Von Ada Hügel"."""
    is_figure = any(doc.tags[above] == "figure" for above in islice(doc.ancestors(element), FIGURE_DEPTH))
    return is_figure and names.prefix_chars(_caption(doc, element) or "") > 0


def _is_thumbnail(url: str) -> bool:
    """Say whether the address names a size that no lead image has: "/25x19.jpg"."""
    sizes = [sorted(map(int, size.groups())) for size in _SIZE.finditer(url)]
    return any(short > RATIO_MAX and long < THUMBNAIL_PX for short, long in sizes)


def _caption(doc: Document, element: int) -> str | None:
    """Return the caption of the figure around the picture."""
    for level, above in enumerate(doc.ancestors(element)):
        if doc.tags[above] == "figure" or level >= FIGURE_DEPTH:
            for inner in range(above, doc.ends[above]):
                if doc.tags[inner] == "figcaption" and (text := clean(doc.text(inner))):
                    return text[:CAPTION_MAX_CHARS]
            return None
    return None


def _path(url: str) -> str:
    return url.split("?", 1)[0].split("//", 1)[-1].partition("/")[2]


def _is_no_picture(url: str) -> bool:
    """Say whether the address is that of a logo, an icon, a portrait of the author or a counter."""
    path = url.lower()
    return any(map(path.__contains__, _NO_PICTURE))


def _stem(url: str) -> str:
    """Return the file name without ending: what the sizes of one picture share."""
    return _path(url).rsplit("/", 1)[-1].rsplit(".", 1)[0]
