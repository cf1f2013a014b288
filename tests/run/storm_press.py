"""The press of the storm: many papers, pages that copy each other and are edited, and what is right to find of them.

Everything follows from a seed and a page's number, so what is right (`Gold`) is known without reading a page. One edition follows
the other when `turn_page` is called: some pages are edited, some are new, some show something else beside their article.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

from tests.newsroom import Newsroom, Reply, Request, Site

STARTS = ("ba", "ce", "di", "fo", "gu", "ha", "ki", "lo", "mu", "ne", "pa", "ri")
ENDS = ("lor", "nim", "ket", "vas", "dur", "pon", "rel", "sig", "tam", "wex")
VOCABULARY = [f"{start}{end}" for start in STARTS for end in ENDS]
PARAGRAPHS = 5
WORDS = 24
EDITED_SHARE = 0.15
COPY_EVERY = 10
LATE_EVERY = 5
RELATED = 4
EDITIONS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Printed:
    """An article as it stands in one edition."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


@dataclass(slots=True)
class Gold:
    """What must be stored after an edition."""

    versions: dict[str, list[Printed]] = field(default_factory=dict[str, list[Printed]])
    """Address → what its article said, in order."""
    stories: set[frozenset[str]] = field(default_factory=set[frozenset[str]])
    """Addresses that carry the same text."""
    links: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Address → what its page points at now."""


class StormPress:
    """*hosts* papers with *pages* pages together, on loopback addresses of their own."""

    def __init__(self, *, hosts: int, pages: int, seed: int, now: datetime) -> None:
        self.edition = 1
        self.pages = pages
        self._seed = seed
        self._now = now
        self._room = Newsroom()
        self._sites = [self._room.site(f"paper {n}", address=f"127.0.0.{n + 2}") for n in range(hosts)]
        for number, site in enumerate(self._sites):
            site.robots("User-agent: *\nDisallow: /private/\n")
            site.fallback = self._answering(site, range(number, pages, hosts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for site in self._room.sites.values():
            site.close()

    def turn_page(self) -> None:
        """Bring out the next edition."""
        self.edition += 1

    def recipes_folder(self, path: Path) -> Path:
        """Write one recipe per paper; what is due again is said by the storm, not by an interval."""
        path.mkdir(parents=True, exist_ok=True)
        for number, site in enumerate(self._sites):
            text = (
                f'home = "{site.origin}/"\nlanguage = "en"\n\n[[sources]]\nkind = "feed"\nname = "rss"\n'
                f'url = "{site.url("/feed.xml")}"\ninterval = "1d"\n\n[fetch]\nmin_interval = "0.01s"\n'
            )
            (path / f"paper{number}.toml").write_text(text, encoding="utf-8")
        return path

    def requests(self) -> int:
        return sum(len(site.requests) for site in self._sites)

    def gold(self) -> Gold:
        """Return what is right now that everything of this edition was read."""
        gold = Gold()
        stories: dict[int, set[str]] = {}
        for number in self._out():
            url = self.url(number)
            versions: list[Printed] = []
            for edition in range(self._born(number), self.edition + 1):
                printed = self.printed(number, edition)
                if not versions or versions[-1] != printed:
                    versions.append(printed)
            gold.versions[url] = versions
            gold.links[url] = {self.url(target) for target in self._related(number)}
            stories.setdefault(self._text_of(number), set()).add(url)
        gold.stories = {frozenset(urls) for urls in stories.values()}
        return gold

    def url(self, number: int) -> str:
        return self._sites[number % len(self._sites)].url(f"/news/2026/story-{number}.html")

    def printed(self, number: int, edition: int) -> Printed:
        """Return the article of a page in an edition."""
        source = self._text_of(number)
        return _printed(self._seed, source, self._last_edit(source, edition))

    def _out(self) -> Iterable[int]:
        return (number for number in range(self.pages) if self._born(number) <= self.edition)

    def _born(self, number: int) -> int:
        """Most pages are in the first edition; a copy and its original come out together."""
        source = self._text_of(number)
        return 2 + source // LATE_EVERY % 3 if source % LATE_EVERY == 3 else 1

    def _text_of(self, number: int) -> int:
        """Return the page whose text this one carries: its own, or that of the page before, which is of another paper."""
        return number - 1 if number % COPY_EVERY == COPY_EVERY - 1 and len(self._sites) > 1 else number

    def _last_edit(self, number: int, edition: int) -> int:
        """Return the newest edition up to *edition* that edited the page, or 0. What was copied is never edited."""
        if number % COPY_EVERY >= COPY_EVERY - 2:
            return 0
        edits = (e for e in range(edition, self._born(number), -1) if _dice(self._seed, number, e) < EDITED_SHARE)
        return next(edits, 0)

    def _related(self, number: int) -> list[int]:
        """Return what a page points at: pages of its own paper that were there from the beginning."""
        dice = random.Random(f"{self._seed} related {number}")
        own = range(number % len(self._sites), self.pages, len(self._sites))
        others = [n for n in own if n != number and self._born(n) == 1]
        return sorted(dice.sample(others, min(RELATED, len(others))))

    def _answering(self, site: Site, numbers: range):
        paths = {f"/news/2026/story-{number}.html": number for number in numbers}

        def answer(request: Request) -> Reply:
            path = request.path.partition("?")[0]
            if path == "/feed.xml":
                return Reply(self._feed(site, numbers).encode(), content_type="application/rss+xml")
            number = paths.get(path)
            if number is None or self._born(number) > self.edition:
                return Reply(b"<title>404 Not Found</title>", status=404)
            body = self._page(number).encode()
            tag = f'"{number}-{self._last_edit(self._text_of(number), self.edition)}-{self._beside(number)}"'
            if request.headers.get("if-none-match") == tag:
                return Reply(status=304)
            return Reply(body, headers={"ETag": tag} if number % 3 else {})

        return answer

    def _feed(self, site: Site, numbers: range) -> str:
        items = "".join(
            f"<item><title>{self.printed(n, self.edition).title}</title>"
            f"<link>{self.url(n)}{'?utm_source=rss' if n % 4 == 0 else ''}</link>"
            f"<pubDate>{format_datetime(self._published_at(n))}</pubDate></item>"
            for n in numbers
            if self._born(n) <= self.edition
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{site.name}</title>{items}</channel></rss>'

    def _published_at(self, number: int) -> datetime:
        return self._now - timedelta(minutes=number % 600 + 5)

    def _beside(self, number: int) -> int:
        """Beside some articles stands a counter that moves with each edition: no edit of the article."""
        return self.edition if number % 7 == 0 else 0

    def _page(self, number: int) -> str:
        printed = self.printed(number, self.edition)
        body = "".join(f"<p>{paragraph}</p>" for paragraph in printed.paragraphs)
        related = "".join(
            f'<li><a href="{self.url(target)}">{self.printed(target, 1).title}</a></li>'
            for target in self._related(number)
        )
        return (
            f'<!doctype html><html lang="en"><head><title>{printed.title}</title>'
            f'<meta property="og:type" content="article"><meta property="og:title" content="{printed.title}">'
            f'<link rel="canonical" href="{self.url(number)}">'
            f'<meta property="article:published_time" content="{self._published_at(number).isoformat()}"></head>'
            f"<body><nav><a href='/'>Home</a></nav><main><article><h1>{printed.title}</h1>{body}</article></main>"
            f"<aside><h2>Related stories</h2><ul>{related}</ul></aside>"
            f"<footer><p>{self._beside(number)} readers</p></footer></body></html>"
        )


def _dice(seed: int, number: int, edition: int) -> float:
    return random.Random(f"{seed} {number} {edition}").random()


@lru_cache(maxsize=50_000)
def _printed(seed: int, number: int, edit: int) -> Printed:
    """Return the text of a page; an edit changes its headline and one of its paragraphs."""
    dice = random.Random(f"{seed} text {number}")
    title = f"{_sentence(dice, 7)} {number}"
    paragraphs = [_sentence(dice, WORDS) + f" {dice.randrange(1900, 99_999)}." for _ in range(PARAGRAPHS)]
    if edit:
        anew = random.Random(f"{seed} edit {number} {edit}")
        paragraphs[anew.randrange(PARAGRAPHS)] = _sentence(anew, WORDS) + f" {anew.randrange(1900, 99_999)}."
        title = f"{title} as of {_sentence(anew, 2)}"
    return Printed(title, tuple(paragraphs))


def _sentence(dice: random.Random, words: int) -> str:
    return " ".join(dice.choice(VOCABULARY) for _ in range(words)).capitalize()
