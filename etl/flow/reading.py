"""Bytes → reading: what a capture says, with every name and key that storing it needs.

Pure and the expensive half of a digest: it runs in child processes and on many cores, while `flow.settle` is short and in SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

from etl.dedupe.address import address, address_or_same
from etl.dedupe.canonical import BadUrlError, believable_canonical, fold, host_of, key_of_name, url_key
from etl.dedupe.signature import signature_keys
from etl.dedupe.verdict import content_key
from etl.errors import NewsEtlError
from etl.fetch.link_header import read_link_header
from etl.model import Article, Capture, PageUrl
from etl.recipe.rules import Revisits
from etl.recipe.shelf import Shelf

from .revisit import USUAL


@dataclass(frozen=True, slots=True)
class Reading:
    """One capture, read. `article` is None when it holds none: then `outcome` says why."""

    capture: Capture
    asked: PageUrl
    """The page that was asked for."""
    answered: PageUrl
    """The page it turned out to be, after permanent redirects and its own canonical URL."""
    outcome: str
    detail: str | None = None
    article: Article | None = None
    content_key: bytes = b""
    signature_keys: tuple[int, ...] = ()
    link_keys: tuple[UUID, ...] = ()
    """Beside article.links."""
    publisher: str = ""
    """Canonical host: who published it."""
    external_id: str | None = None
    """Its id in the system it was loaded from: then `capture` says only when, there are no bytes behind it."""
    revisits: Revisits = USUAL
    """How its recipe wants it visited again."""


def spell(url: str, *, rule: str | None = None) -> PageUrl:
    """Return the names of the page at *url*. Raises BadUrlError when it is no address of a web page."""
    name, rules = fold(url)
    where = address(url)
    return PageUrl(
        url=where,
        url_key=key_of_name(name),
        host=urlsplit(where).netloc.rpartition("@")[2].lower(),
        variant=url,
        variant_key=UUID(bytes=hashlib.blake2b(url.encode("utf-8", "replace"), digest_size=16).digest()),
        rule=rule or (rules[-1] if rules else "as written"),
    )


def read_article(
    body: bytes,
    *,
    url: str,
    fetched_at: datetime | None,
    content_type: str = "",
    shelf: Shelf | None = None,
    fold_link: Callable[[str], str] = address_or_same,
) -> Article:
    """Return what the page says. Raises Unreadable when it cannot be read."""
    # Here, because loading it takes 0.3 s of CPU: of the processes of the service, only those that read need it.
    from etl.extract import article as extract_article

    recipe = shelf.recipe_for(url) if shelf else None
    rules = shelf.rules_for(url, fetched_at) if shelf and fetched_at else None
    return extract_article.read(
        body,
        url=url,
        fetched_at=fetched_at,
        content_type=content_type,
        rules=rules,
        canonical=fold_link,
        country=recipe.country if recipe else None,
        zone=recipe.zone if recipe else None,
    )


def read_capture(capture: Capture, body: bytes, *, shelf: Shelf | None = None) -> Reading:
    """Read a capture whose answer was an HTML page. A page that cannot be read is a reading with its reason, no error.

    Raises BadUrlError when the URL asked for is no address of a web page.
    """
    asked = spell(capture.url)
    try:
        article = read_article(
            body,
            url=capture.final_url,
            fetched_at=capture.fetched_at,
            content_type=capture.content_type,
            shelf=shelf,
        )
    except NewsEtlError as error:
        return Reading(capture, asked, asked, error.code, str(error))
    article = with_header(capture, article)
    answered = answered_page(capture, asked, article)
    recipe = shelf.recipe_for(capture.final_url) if shelf else None
    revisits = recipe.fetch.revisits if recipe else USUAL
    if not article.is_article:
        return with_links(
            Reading(
                capture,
                asked,
                asked,
                "not_an_article",
                article.evidence.get("is_article"),
                article=article,
                revisits=revisits,
            )
        )
    return keyed(Reading(capture, asked, answered, "article", article=article, revisits=revisits))


def read_front(capture: Capture, body: bytes, *, shelf: Shelf | None = None) -> Reading:
    """Read a section page or home page for the links on it; whatever its text looks like, it is no article."""
    return as_front(read_capture(capture, body, shelf=shelf))


def as_front(reading: Reading) -> Reading:
    """Return the reading of a section page or home page, whatever its text looks like."""
    if reading.article is None:
        return reading
    return with_links(replace(reading, answered=reading.asked, outcome="front", detail=None, content_key=b""))


def keyed(reading: Reading) -> Reading:
    """Return the reading of an article with the keys that comparing and storing it need."""
    article = reading.article
    assert article is not None
    return with_links(
        replace(
            reading,
            content_key=content_key(article),
            signature_keys=signature_keys(article.title, article.text),
            publisher=host_of(reading.answered.url),
        )
    )


def with_links(reading: Reading) -> Reading:
    """Return the reading with the key of each link's target; links that lead to no web page are left out."""
    article = reading.article
    assert article is not None
    keys: list[UUID] = []
    links = list(article.links)
    for link in article.links:
        try:
            keys.append(url_key(link.url))
        except BadUrlError:
            links.remove(link)
    if len(links) < len(article.links):
        article = replace(article, links=tuple(links))
    return replace(reading, article=article, link_keys=tuple(keys))


def with_header(capture: Capture, article: Article) -> Article:
    """Return the article with what only the answer's `Link` header says: its canonical address, its language versions."""
    header = read_link_header(capture.headers.get("link", ""), url=capture.final_url)
    if header.language_versions:
        article = replace(article, language_versions=(*article.language_versions, *header.language_versions))
    canonical = header.first("canonical")
    if canonical is None or article.canonical_url is not None or not canonical.startswith(("http://", "https://")):
        return article
    return replace(article, canonical_url=canonical, evidence={**article.evidence, "canonical_url": "link_header"})


def answered_page(capture: Capture, asked: PageUrl, article: Article) -> PageUrl:
    """Return the page that a capture belongs to: permanent redirects are followed, and a canonical URL that can be believed."""
    page = asked
    believed = partial(believable_canonical, versions=article.language_versions, language=article.language)
    if capture.final_url != capture.url and all(status in (301, 308) for status, _ in capture.redirects):
        is_believed = believed(page.url, capture.final_url, is_redirect=True)
        page = _named(capture.final_url, "redirect", page) if is_believed else page
    declared = article.canonical_url
    if declared and believed(page.url, declared):
        page = _named(declared, "rel_canonical", page)
    return page


def _named(url: str, rule: str, otherwise: PageUrl) -> PageUrl:
    try:
        page = spell(url, rule=rule)
    except BadUrlError:
        return otherwise
    return otherwise if page.url_key == otherwise.url_key else page
