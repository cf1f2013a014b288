"""What the little press prints: three invented papers, their stories and the two editions of them.

Everything is in `editions/*.toml`. Nothing here knows how the engine reads pages: the expected answers of the demo
(`gold`) are made from this content alone.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Literal
from zoneinfo import ZoneInfo

from etl.model import LinkKind

Editions = tuple[datetime, datetime]
"""When the two editions come out; what the stories' ages count from."""
Key = Literal["aube", "littoral", "ledger"]
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Story:
    """One article as its paper holds it."""

    paper: Key
    slug: str
    number: int
    """Unique within the paper; part of some addresses."""
    section: str
    title: str
    lead: str
    paragraphs: tuple[str, ...]
    """With links as `[words](slug)` or `[words](paper/slug)`."""
    author: str
    age_min: int
    """Minutes before the edition that has it first."""
    related: tuple[str, ...] = ()
    kicker: str | None = None
    edition: int = 1
    """The first edition that has it."""
    in_feed: bool = True
    """Named by the paper's feed or news sitemap; otherwise only by its section page."""
    is_private: bool = False
    """Behind what robots.txt refuses."""
    is_gone: bool = False
    """Withdrawn in the second edition."""
    copy_of: str | None = None
    """`paper/slug` of the story that this one repeats word for word."""
    edited_title: str | None = None
    edited_from: str | None = None
    edited_to: str | None = None

    def in_edition(self, edition: int) -> Story:
        """Return the story as printed in *edition*."""
        if edition < 2 or self.edited_title is None:
            return self
        paragraphs = tuple(text.replace(self.edited_from or "", self.edited_to or "") for text in self.paragraphs)
        return replace(self, title=self.edited_title, paragraphs=paragraphs)

    def published_at(self, paper: Paper, editions_at: Editions) -> datetime:
        """Return the minute the story came out, in the paper's zone."""
        edition_at = editions_at[self.edition - 1].replace(second=0, microsecond=0)
        return (edition_at.astimezone(UTC) - timedelta(minutes=self.age_min)).astimezone(ZoneInfo(paper.zone))

    def plain_paragraphs(self) -> tuple[str, ...]:
        """Return the paragraphs as a reader sees them."""
        return tuple(_LINK.sub(r"\1", text) for text in self.paragraphs)

    def links_in_text(self) -> tuple[tuple[str, str], ...]:
        """Return (words, reference) of the links in the text, in order."""
        return tuple((words, target) for text in self.paragraphs for words, target in _LINK.findall(text))


@dataclass(frozen=True, slots=True)
class Teaser:
    """One line of a block beside an article."""

    story: Story
    rank: int | None = None
    has_date: bool = False
    has_kicker: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A headed list of teasers beside an article."""

    heading: str
    kind: LinkKind
    teasers: tuple[Teaser, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """One publisher of the press."""

    key: Key
    name: str
    language: str
    country: str
    zone: str
    sections: tuple[tuple[str, str], ...]
    """(address, label) in the order of the menu."""
    related_heading: str
    most_read_heading: str
    latest_heading: str | None
    turns_ranking: bool
    """Its ranking changes with the edition, so its pages differ from poll to poll and its articles do not."""
    stories: tuple[Story, ...] = ()

    def story(self, slug: str) -> Story:
        return next(story for story in self.stories if story.slug == slug)

    def printed(self, edition: int) -> tuple[Story, ...]:
        """Return the stories of *edition*, the newest first."""
        current = (
            story.in_edition(edition)
            for story in self.stories
            if story.edition <= edition and not (story.is_gone and edition > 1)
        )
        return tuple(sorted(current, key=lambda story: (-story.edition, story.age_min)))

    def fed(self, edition: int) -> tuple[Story, ...]:
        """Return the stories that the feed or the news sitemap of *edition* names."""
        return tuple(story for story in self.printed(edition) if story.in_feed)

    def in_section(self, section: str, edition: int) -> tuple[Story, ...]:
        """Return the stories that a section page of *edition* lists."""
        return tuple(story for story in self.printed(edition) if story.section == section)

    def boxes(self, story: Story, edition: int) -> tuple[Box, ...]:
        """Return what stands beside *story* in *edition*, from top to bottom."""
        printed = {one.slug: one for one in self.printed(edition) if not one.is_private}
        related = tuple(
            Teaser(printed[slug], has_date=True) for slug in story.related if slug in printed and slug != story.slug
        )
        ranked = sorted((one for one in printed.values() if one.edition == 1), key=lambda one: (one.number * 7) % 31)
        if self.turns_ranking and edition > 1:
            ranked = [*ranked[1:6], ranked[0], *ranked[6:]]
        most_read = tuple(
            Teaser(one, rank=rank) for rank, one in enumerate(ranked[:6], start=1) if one.slug != story.slug
        )
        boxes = [Box(self.related_heading, "related", related), Box(self.most_read_heading, "most_read", most_read)]
        if self.latest_heading:
            newest = tuple(
                Teaser(one, has_date=True, has_kicker=True)
                for one in list(printed.values())[:5]
                if one.slug != story.slug
            )
            boxes.append(Box(self.latest_heading, "latest", newest[:4]))
        return tuple(box for box in boxes if box.teasers)


_PAPERS = (
    Paper(
        key="aube",
        name="Le Courrier de l'Aube",
        language="fr",
        country="FR",
        zone="Europe/Paris",
        sections=(
            ("politique", "Politique"),
            ("economie", "Économie"),
            ("culture", "Culture"),
            ("sciences", "Sciences"),
            ("sports", "Sports"),
        ),
        related_heading="Sur le même thème",
        most_read_heading="Les + lus",
        latest_heading="Dernière minute",
        turns_ranking=True,
    ),
    Paper(
        key="littoral",
        name="La Gazette du Littoral",
        language="fr",
        country="FR",
        zone="Europe/Paris",
        sections=(("ports", "Ports"), ("meteo", "Météo"), ("nature", "Nature"), ("culture", "Culture")),
        related_heading="À lire aussi",
        most_read_heading="Les plus lus",
        latest_heading="En continu",
        turns_ranking=True,
    ),
    Paper(
        key="ledger",
        name="The Harbour Ledger",
        language="en",
        country="GB",
        zone="Europe/London",
        sections=(
            ("town", "Town"),
            ("harbour", "Harbour"),
            ("science", "Science"),
            ("business", "Business"),
            ("sport-and-arts", "Sport and arts"),
        ),
        related_heading="Related stories",
        most_read_heading="Most read",
        latest_heading=None,
        turns_ranking=False,
    ),
)


@cache
def papers() -> tuple[Paper, ...]:
    """Return the three papers with their stories."""
    bare = tuple(replace(paper, stories=_stories(paper)) for paper in _PAPERS)
    by_key: dict[Key, Paper] = {paper.key: paper for paper in bare}
    return tuple(replace(paper, stories=tuple(_completed(one, by_key) for one in paper.stories)) for paper in bare)


def paper_named(key: str) -> Paper:
    return next(paper for paper in papers() if paper.key == key)


def resolved(paper: Paper, reference: str) -> tuple[Paper, Story]:
    """Return the paper and the story that *reference* (`slug` or `paper/slug`), written in *paper*, means."""
    key, slash, slug = reference.rpartition("/")
    owner = paper_named(key) if slash else paper
    return owner, owner.story(slug)


def _stories(paper: Paper) -> tuple[Story, ...]:
    text = (resources.files("etl.run.press") / "editions" / f"{paper.key}.toml").read_text(encoding="utf-8")
    return tuple(_story(paper.key, number, table) for number, table in enumerate(tomllib.loads(text)["story"], start=1))


def _story(key: Key, number: int, table: dict[str, Any]) -> Story:
    return Story(
        paper=key,
        slug=table["slug"],
        number=1000 + 17 * number,
        section=table.get("section", ""),
        title=table["title"],
        lead=table.get("lead", ""),
        paragraphs=tuple(line for line in table.get("body", "").splitlines() if line),
        author=table["author"],
        age_min=table["age"],
        related=tuple(table["related"]),
        kicker=table.get("kicker"),
        edition=table.get("edition", 1),
        in_feed=table.get("feed", True),
        is_private=table.get("is_private", False),
        is_gone=table.get("gone", False),
        copy_of=table.get("copy_of"),
        edited_title=table.get("edited_title"),
        edited_from=table.get("edited_from"),
        edited_to=table.get("edited_to"),
    )


def _completed(story: Story, by_key: dict[Key, Paper]) -> Story:
    """Give a re-posted story the text of its original, without its links."""
    if story.copy_of is None:
        return story
    key, _, slug = story.copy_of.partition("/")
    original = next(paper for paper in by_key.values() if paper.key == key).story(slug)
    return replace(story, lead=original.lead, paragraphs=original.plain_paragraphs())
