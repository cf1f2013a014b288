"""The address of a page without what only tells how a reader came there: still an address that can be fetched and shown.

`canonical.canonical` gives a *name* (no `www.`, always https, parameters in order), equal for all spellings of a page, which the
host need not answer under. What is fetched, stored as the page's URL and shown as a link's URL is this: host, scheme, path and the
order of the parameters stay as written; tracking parameters and fragments that select nothing go.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_plus

from etl.dedupe.canonical import CACHED_URLS, BadUrlError, canonical
from etl.dedupe.url_rules import is_tracking, site_rules


@lru_cache(maxsize=CACHED_URLS)
def address(url: str) -> str:
    """Return *url* without tracking parameters and idle fragment. Raises BadUrlError for what is no address of a web page."""
    name = canonical(url)
    url = url.strip()
    if url.startswith("//"):
        url = "https:" + url
    front, mark, fragment = url.partition("#")
    if not mark and "?" not in front:
        return url
    path, _, query = front.partition("?")
    if query:
        host = name[8:].partition("/")[0].partition(":")[0]
        query = "&".join(_kept(query.replace("&amp;", "&"), host))
    route = fragment if fragment.startswith(("!", "/")) and "#" in name else ""
    return f"{path}{'?' + query if query else ''}{'#' + route if route else ''}"


def address_or_same(url: str) -> str:
    """Return the address of *url*, or *url* itself when it is none."""
    try:
        return address(url)
    except BadUrlError:
        return url


def _kept(query: str, host: str) -> list[str]:
    site = site_rules(host)
    kept: list[str] = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if pair and not is_tracking(unquote_plus(name).lower().lstrip("?"), unquote_plus(value), site):
            kept.append(pair)
    return kept
