"""The links of a page in document order, each with its identity and the look of its URL."""

from __future__ import annotations

import re
from typing import NamedTuple

from etl import compiled
from etl.extract import article_urls
from etl.extract.document import Document

ANCHORS_MAX = 5000
"""Further links are not looked at: of 1,778 news pages none has more than 1,913, a hostile one has any number."""
OWN = -1
"""The shape of a link to the page itself."""

NO_PAGE = ("javascript:", "mailto:", "tel:", "whatsapp:", "data:")
TRACKING = re.compile(
    r"(?:^|&)(?:utm_\w+|xtor|fbclid|gclid|ref|src|source|cmpid|ito|intcmp|wt_\w+|at_\w+)=[^&]*", re.IGNORECASE
)


_CHANNELS = re.compile(
    r"(?:^|\.)(?:facebook|instagram|x|twitter|t|telegram|whatsapp|tiktok|linkedin|pinterest|threads|google|apple|bsky|"
    r"snapchat|flipboard|reddit)\.(?:com|me|net|app|co)$"
)
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{20,}|\d{7,}")
_DAY = re.compile(r"(?:19|20)\d{6}")
MAY_BE = re.compile(r"[-\d_+.%](?:(?<=\d)|(?<!\d)[^/]*[-_+.%]|(?<=\.)pdf)")
"""No article's URL is without: a digit, or three words in one segment. Most menu links end here."""


class Anchor(NamedTuple):
    element: int
    url: str
    """Absolute, without fragment."""
    key: str
    """What two links to one page share: see `identity`."""
    shape: int
    """See `article_urls`; OWN for a link to the page itself."""


def find(doc: Document) -> list[Anchor]:
    """Return the `<a href>` that may lead to an article or document of the web, in document order."""
    own = Own(doc)
    found: list[Anchor] = []
    known: dict[str, tuple[str, str, int] | None] = {}
    attrs, may_be, folders = doc.attrs, MAY_BE.search, own.folders
    for element in doc.by_tag.get("a", [])[:ANCHORS_MAX]:
        own_attrs = attrs[element]
        href = own_attrs.get("href")
        if not href:
            continue
        if href in known:
            judged = known[href]
        else:
            tail = href[href.find("/", 8) :] if href[:4] == "http" else href
            judged = known[href] = own.judge(href) if may_be(tail) or tail.startswith(folders) else None
        if judged is not None and ("rel" not in own_attrs or "sponsored" not in (own_attrs["rel"] or "")):
            found.append(Anchor(element, *judged))
    return found


class Own:
    """The page itself: what its links are resolved against and compared with."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        scheme, _, rest = doc.base_url.partition("://")
        self.scheme = f"{scheme}:"
        host = rest.partition("/")[0]
        self.origin = f"{scheme}://{host}"
        self.keys = own_keys(doc)
        self.fetched = article_urls.Own.of(identity(doc.url))
        self._homes: dict[str, article_urls.Own | None] = {}
        """Host → this page, when it is of the same site."""
        self.site = site_of(doc.url)
        articles = [page for page in self.keys if article_urls.shape(page) >= article_urls.WEAK]
        self.parts = tuple(f"{page}{mark}" for page in articles for mark in "/?.")
        """Starts of what is a part of an article: its second page, its pictures, its comments, its AMP version."""
        tails = [page.partition("?")[0].partition("/")[2].split("/")[:-1] for page in self.keys]
        self.ids = frozenset(found for page in articles for found in _IDS.findall(page) if not _DAY.fullmatch(found))
        """Serials and hashes in the page's own URL: its gallery, its print version and its comments carry them too."""
        self.above = {
            "/".join([page.partition("/")[0], *tail[:depth]])
            for page, tail in zip(self.keys, tails, strict=True)
            for depth in range(1, len(tail) + 1)
        }
        self.folders = tuple(f"/{'/'.join(tail)}/" for tail in tails if tail)
        """The folders the page stands in: what stands beside it may be an article, whatever its name."""

    def judge(self, href: str) -> tuple[str, str, int] | None:
        """Return URL, identity and shape of a link; None when it leads to no page of the web."""
        url = href.strip()
        if "#" in url:
            url = url[: url.find("#")]
        if url[:1] == "/":
            url = f"{self.scheme if url[1:2] == '/' else self.origin}{url}"
        elif not url.startswith(("https://", "http://")):
            if url.startswith(NO_PAGE):
                return None
            url = self._doc.absolute(url) or "" if url else ""
            if url[:4] != "http":
                return None
        key = identity(url)
        if key in self.keys or key.startswith(self.parts):
            return url, key, OWN
        for number in self.ids:
            if number in key:
                return url, key, OWN
        if key in self.above:
            return url, key, article_urls.OTHER
        slash = key.find("/")
        host = key if slash < 0 else key[:slash]
        if host in self._homes:
            own = self._homes[host]
        else:
            own = self._homes[host] = self.fetched if site_of(url) == self.site else None
        shape = article_urls.shape(key, own)
        # A topic beside a numbered article has no number of its own, be it as short as it may.
        if (
            shape == article_urls.PLAIN
            and key[slash : key.rfind("/") + 1] in self.folders
            and (key[-1].isdigit() or not (own and own.is_numbered))
        ):
            shape = article_urls.WEAK
        return url, key, shape


def identity(url: str) -> str:
    """Return what two URLs of one page have in common: no scheme, fragment, tracking parameter or closing slash."""
    start = url.find("://") + 3
    if "#" in url:
        url = url[: url.find("#")]
    path, mark, query = url[start:].partition("?")
    slash = path.find("/")
    host = path if slash < 0 else path[:slash]
    path = path.rstrip("/") if host.islower() else f"{host.lower()}{path[len(host) :]}".rstrip("/")
    if mark and (query := TRACKING.sub("", query).lstrip("&")):
        return f"{path}?{query}"
    return path


def host_of(url: str) -> str:
    """Return the host of *url* in lower case, without `www.`."""
    return url.partition("://")[2].partition("/")[0].lower().removeprefix("www.")


def is_channel(host: str) -> bool:
    """Tell whether *host* is where "follow us" leads: a channel or a shop of apps, no publisher of documents."""
    return _CHANNELS.search(host) is not None


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


globals().update(compiled.forms(__name__))
