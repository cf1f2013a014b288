"""The links of a page in document order, each with its identity and the look of its URL."""

from __future__ import annotations

import re
from typing import NamedTuple

from etl.extract import article_urls
from etl.extract.document import Document

OWN = -1
"""The shape of a link to the page itself."""

_TRACKING = re.compile(
    r"(?:^|&)(?:utm_\w+|xtor|fbclid|gclid|ref|src|source|cmpid|ito|intcmp|wt_\w+|at_\w+)=[^&]*", re.IGNORECASE
)


class Anchor(NamedTuple):
    element: int
    url: str
    """Absolute, without fragment."""
    key: str
    """What two links to one page share: see `identity`."""
    shape: int
    """See `article_urls`; OWN for a link to the page itself."""


def find(doc: Document) -> list[Anchor]:
    """Return every `<a href>` to a page of the web, in document order."""
    own = own_keys(doc)
    scheme, _, rest = doc.base_url.partition("://")
    origin = f"{scheme}://{rest.partition('/')[0]}"
    found: list[Anchor] = []
    known: dict[str, tuple[str, str, int] | None] = {}
    attrs = doc.attrs
    for element in doc.by_tag.get("a", ()):
        href = attrs[element].get("href")
        if not href or "sponsored" in (attrs[element].get("rel") or ""):
            continue
        judged = known.get(href)
        if judged is None:
            if href in known:
                continue
            judged = known[href] = _judge(doc, href, origin, own)
            if judged is None:
                continue
        found.append(Anchor(element, *judged))
    return found


def _judge(doc: Document, href: str, origin: str, own: frozenset[str]) -> tuple[str, str, int] | None:
    url = href.strip().partition("#")[0]
    if url[:1] == "/" and url[1:2] != "/":
        url = origin + url
    elif url[:8].lower() != "https://" and url[:7].lower() != "http://":
        url = doc.absolute(url) or ""
        if not url or url[:4] != "http":
            return None
    if not href.strip() or href.lstrip()[0] == "#":
        return None
    key = identity(url)
    if key in own or _is_part(key, own):
        return url, key, OWN
    if any(page.startswith(f"{key}/") for page in own):
        return url, key, article_urls.OTHER
    shape = article_urls.shape(key)
    if shape == article_urls.PLAIN and key.rpartition("/")[0] in {
        page.rpartition("/")[0] for page in own if page.count("/") > 1
    }:
        return url, key, article_urls.WEAK
    return url, key, shape


def _is_part(key: str, own: frozenset[str]) -> bool:
    """Tell whether *key* is a part of the page: its second page, its pictures, its comments, its AMP version."""
    return any(key.startswith(page) and key[len(page)] in "/?." for page in own)


def identity(url: str) -> str:
    """Return what two URLs of one page have in common: no scheme, fragment, tracking parameter or closing slash."""
    path, mark, query = url.partition("#")[0].partition("://")[2].partition("?")
    host, slash, tail = path.partition("/")
    path = f"{host.lower()}{slash}{tail}".rstrip("/")
    if mark and (query := _TRACKING.sub("", query).lstrip("&")):
        return f"{path}?{query}"
    return path


def host_of(url: str) -> str:
    """Return the host of *url* in lower case, without `www.`."""
    return url.partition("://")[2].partition("/")[0].lower().removeprefix("www.")


def site_of(url: str) -> str:
    """Return the part of a URL's host that tells whose it is, near enough: its last two labels, or three for `co.uk`."""
    labels = url.partition("://")[2].partition("/")[0].lower().split(".")
    if len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def own_keys(doc: Document) -> frozenset[str]:
    """Return the identities of the page itself: where it was fetched and what it calls itself."""
    named = [
        doc.attribute(element, "href")
        for element in doc.by_tag.get("link", ())
        if doc.attribute(element, "rel").lower() == "canonical"
    ]
    named += [
        doc.attribute(element, "content")
        for element in doc.by_tag.get("meta", ())
        if doc.attrs[element].get("property") == "og:url"
    ]
    urls = [doc.url, *(doc.absolute(url) or "" for url in named)]
    return frozenset(identity(url) for url in urls if url.count("/") > 2)
