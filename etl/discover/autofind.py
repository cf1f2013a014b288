"""A home page → what could be polled there: feeds, sitemaps, section pages.

What the page or robots.txt announce comes first. The usual addresses come last and are only guesses: whoever takes a
suggestion fetches it and reads it before believing it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from etl.discover.discovery import absolute, plain_text
from etl.discover.listing import is_headline, is_same_site, looks_like_article
from etl.discover.page import PageLink, links, parsed
from etl.model import SourceKind

SECTIONS_MAX = 12
FEEDS_MAX = 30
SECTION_NAME_MAX_LENGTH = 30
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
_COMMENTS = re.compile(r"comment|kommentar|reactie|comentario", re.IGNORECASE)
_FEED_ADDRESS = re.compile(
    r"(?:[/._-](?:rss|atom|feeds?)(?:\.xml|\.json|\d)?/?\Z|\.rss\Z|[?&]feed=|//feeds?\.)", re.IGNORECASE
)
# Whole words of the path: `app` is no section, `apple` may be one.
_NO_SECTION = re.compile(
    r"(?:\A|[/_-])(?:log-?in|sign-?(?:in|up)|account|compte|konto|abo|abos|abonnements?|subscri\w*|suscri\w*|newsletters?|contact"
    r"|contactos?|kontakt|about|legal|mentions|privacy|datenschutz|impressum|terms|cgu|cgv|cookies?|jobs|careers|emploi|shop|store"
    r"|boutique|coupons|games|puzzles|jeux|videos?|podcasts?|search|recherche|suche|buscar|apps?|help|faq|advert\w*|e-?paper"
    r"|archives?|rss|feeds?|sitemap|plan-du-site|meteo|weather|wetter|horoscopes?|authors?|auteurs?|autores?|tags?|profile|user)"
    r"(?:[/_.-]|\Z)",
    re.IGNORECASE,
)
_USUAL_FEEDS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
_USUAL_SITEMAPS = ("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap.xml", "/sitemap_index.xml")


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: SourceKind
    url: str
    title: str
    reason: str
    """Where it was found, in words."""
    is_announced: bool
    """The site says so; otherwise it is a guess by its usual address."""


@dataclass(frozen=True, slots=True)
class HomePage:
    """What a home page says about its site."""

    title: str
    language: str | None
    suggestions: tuple[Suggestion, ...]
    """One per address: announced feeds, sitemaps, sections, then guesses."""


def suggest(body: bytes, *, url: str, robots_txt: str = "", content_type: str = "") -> HomePage:
    """Return what could be polled on the site whose home page *body* is, most promising first.

    Raises `Unreadable` when *body* is no page.
    """
    tree = parsed(body, url=url, content_type=content_type)
    all_links = list(links(tree, url=url))
    found: dict[str, Suggestion] = {}
    feeds = [*_linked_feeds(tree, url), *_visible_feeds(all_links, url)][:FEEDS_MAX]
    for suggestion in (*feeds, *_robots_sitemaps(robots_txt, url), *_sections(all_links, url), *_usual(url)):
        found.setdefault(suggestion.url, suggestion)
    title = tree.css_first("title")
    root = tree.css_first("html")
    language = (root.attributes.get("lang") or "").strip() if root is not None else ""
    return HomePage(
        title=(plain_text(title.text()) or "") if title is not None else "",
        language=language if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language) else None,
        suggestions=tuple(found.values()),
    )


def _linked_feeds(tree: LexborHTMLParser, url: str) -> Iterator[Suggestion]:
    for node in tree.css("link[rel][href]"):
        attributes = node.attributes
        kind = (attributes.get("type") or "").split(";")[0].strip().lower()
        if "alternate" not in (attributes.get("rel") or "").lower().split() or kind not in _FEED_TYPES:
            continue
        title = plain_text(attributes.get("title") or "") or ""
        target = absolute(url, attributes.get("href") or "")
        if target is not None and not _COMMENTS.search(f"{title} {target}"):
            yield Suggestion("feed", target, title, 'the page\'s <link rel="alternate">', is_announced=True)


def _visible_feeds(all_links: list[PageLink], url: str) -> Iterator[Suggestion]:
    for one in all_links:
        if _FEED_ADDRESS.search(one.url) and not _COMMENTS.search(one.url):
            host = urlsplit(one.url).netloc
            if is_same_site(one.url, url) or "feed" in host:
                yield Suggestion("feed", one.url, one.text, "a link on the page", is_announced=True)


def _robots_sitemaps(robots_txt: str, url: str) -> Iterator[Suggestion]:
    """Yield the sitemaps that robots.txt names (sitemaps.org), those for news first."""
    named = re.findall(r"(?im)^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", robots_txt[:500_000])
    addresses = [address for name in named if (address := absolute(url, name))]
    for address in sorted(dict.fromkeys(addresses), key=lambda one: "news" not in one.rpartition("/")[2].lower()):
        yield Suggestion("sitemap", address, "", "robots.txt", is_announced=True)


def _sections(all_links: list[PageLink], url: str) -> Iterator[Suggestion]:
    """Yield pages that the site's menu calls by a short name: one or two plain words deep."""
    seen: set[str] = set()
    for one in all_links:
        parts = urlsplit(one.url)
        segments = [segment for segment in parts.path.split("/") if segment]
        is_section = (
            1 <= len(segments) <= 2
            and not parts.query
            and 2 <= len(one.text) <= SECTION_NAME_MAX_LENGTH
            and not is_headline(one.text)
            and not looks_like_article(one.url)
            and is_same_site(one.url, url)
            and not _NO_SECTION.search(parts.path)
            and (one.is_menu or any(step.partition(".")[0] == "header" for step in one.path))
            and not any(step.partition(".")[0] == "footer" for step in one.path)
        )
        if is_section and one.url not in seen and len(seen) < SECTIONS_MAX:
            seen.add(one.url)
            yield Suggestion("listing", one.url, one.text, "the page's menu", is_announced=True)


def _usual(url: str) -> Iterator[Suggestion]:
    for kind, paths in (("feed", _USUAL_FEEDS), ("sitemap", _USUAL_SITEMAPS)):
        for path in paths:
            address = urljoin(url, path)
            yield Suggestion(
                "feed" if kind == "feed" else "sitemap", address, "", "its usual address", is_announced=False
            )
