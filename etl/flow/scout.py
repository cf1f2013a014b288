"""What can be polled on a site: ask its home page and robots.txt, then read each suggestion before believing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from etl import discover
from etl.discover import Discovery, Suggestion
from etl.discover.autofind import HomePage
from etl.errors import NewsEtlError, Refused, Unreadable
from etl.fetch.http import Fetched, Fetcher
from etl.fetch.robots import Robots, fetch_robots, parse
from etl.recipe.rules import SourceRule

from .manners import origin_of

ASKED_MAX = 16
"""Requests per site: what is announced and the usual places. Someone waits for the answer, and the site did not ask for us."""
FEEDS_MAX = 6
SITEMAPS_MAX = 2
SECTIONS_MAX = 4


@dataclass(frozen=True, slots=True)
class Tried:
    """One suggestion and what came of it."""

    suggestion: Suggestion
    found: int = 0
    """Pages it names; for a sitemap index, its children."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Scouted:
    home: str
    page: HomePage
    tried: tuple[Tried, ...]

    def sources(self) -> list[SourceRule]:
        """Return what a first recipe polls: feeds and news sitemaps that work; section pages only where there is no feed."""
        working = [tried.suggestion for tried in self.tried if tried.problem is None and tried.found]
        feeds = [one for one in working if one.kind == "feed"][:FEEDS_MAX]
        sitemaps = [one for one in working if one.kind == "sitemap"]
        news = [one for one in sitemaps if "news" in one.url.rpartition("/")[2].lower()] or sitemaps
        chosen = [*feeds, *news[: SITEMAPS_MAX if feeds else SITEMAPS_MAX + 1]]
        if not feeds:
            chosen += [one for one in working if one.kind == "listing"][:SECTIONS_MAX]
        return [SourceRule(one.kind, one.url, str(number)) for number, one in enumerate(chosen, 1)]


def scout(
    fetcher: Fetcher,
    url: str,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    spacing_s: float,
    watch: Callable[[str], None] = lambda _: None,
) -> Scouted:
    """Look at the home page *url* and try what it suggests, politely. Raises as `Fetcher.get` does when it does not answer."""
    answer = fetch_robots(fetcher, origin_of(url), now=now)
    robots = parse(answer.text, fetcher.agent)
    robots.check(url)
    sleep(spacing_s)
    home = _get(fetcher, url, robots, now)
    page = discover.suggest(home.body, url=home.capture.final_url, robots_txt=answer.text)
    tried: list[Tried] = []
    for suggestion in _worth_asking(page.suggestions):
        sleep(max(spacing_s, min(robots.crawl_delay_s or 0.0, 10.0)))
        watch(suggestion.url)
        tried.append(_try(fetcher, suggestion, robots, now))
        if _is_enough(tried):
            break
    return Scouted(home.capture.final_url, page, tuple(tried))


def _worth_asking(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """Return feeds and sitemaps that are announced, then the usual places, then sections."""
    order = {"feed": 0, "sitemap": 1, "listing": 3}
    ranked = sorted(suggestions, key=lambda one: order[one.kind] + (0 if one.is_announced else 2))
    return ranked[:ASKED_MAX]


def _is_enough(tried: list[Tried]) -> bool:
    """Guesses are not asked once the site has announced what we need."""
    works = [one.suggestion for one in tried if one.found]
    feeds = sum(1 for one in works if one.kind == "feed")
    sitemaps = sum(1 for one in works if one.kind == "sitemap")
    return feeds >= FEEDS_MAX and sitemaps >= SITEMAPS_MAX


def _try(fetcher: Fetcher, suggestion: Suggestion, robots: Robots, now: Callable[[], datetime]) -> Tried:
    try:
        got = _get(fetcher, suggestion.url, robots, now)
        read: Discovery = discover.read(
            suggestion.kind,
            got.body,
            url=got.capture.final_url,
            fetched_at=got.capture.fetched_at,
            content_type=got.capture.content_type,
        )
    except NewsEtlError as error:
        return Tried(suggestion, problem=f"{error.code}: {error}")
    found = len(read.candidates) + len(read.children)
    moved = replace(suggestion, url=got.capture.final_url)
    return Tried(moved, found, None if found else "it names no page")


def _get(fetcher: Fetcher, url: str, robots: Robots, now: Callable[[], datetime]) -> Fetched:
    robots.check(url)
    answer = fetcher.get(url, now=now, kind="source", may_follow=robots.allows)
    if not isinstance(answer, Fetched):
        raise Refused(f"it leads to an address that robots.txt forbids: {url}", code="robots")
    if not answer.body:
        raise Unreadable(f"the answer is empty: {url}", code="empty")
    return answer
