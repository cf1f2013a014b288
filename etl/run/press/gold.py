"""What is right to find in the press: counts per source and poll, articles and their links.

Made from the content and the addresses alone; no code that reads feeds or pages has a part in it. `gold.toml` holds
the counts as data, and a test keeps the two equal.

How the counts are meant, per source and poll:

- `found`: different pages that the source names, after tracking parameters and AMP addresses are folded.
- Every page belongs to one source: of those that ever named it, the first of its recipe. The other counts are of the
  pages that belong to the source. In the first poll these are all visited; in the second the new ones are, and every
  page known from before again.
- `fetched`: pages that the paper answered for (also 304 and 410). Pages that robots.txt refuses are not asked for.
- Each page has one outcome: `new`, `unchanged` (304, or only what stands beside the article differs), `changed`,
  `copies` (new, and word for word an article of another paper), `refused` (robots.txt, 410), `failed` (none here).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from etl.model import LinkKind
from etl.run.press.content import Box, Editions, Paper, Story, Teaser, papers, resolved
from etl.run.press.labels import is_vague, teaser_label
from etl.run.press.places import Places
from etl.run.press.sites import feed_name, polled_sections

Outcome = Literal["new", "unchanged", "changed", "copies", "refused", "failed"]


@dataclass(slots=True)
class Counts:
    """One line of the demo's summary."""

    found: int = 0
    fetched: int = 0
    new: int = 0
    unchanged: int = 0
    changed: int = 0
    copies: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class GoldLink:
    """One link that a reader sees on an article's page."""

    url: str
    kind: LinkKind
    title: str
    block: str | None = None
    rank: int | None = None
    kicker: str | None = None
    date_text: str | None = None
    published_at: datetime | None = None
    is_vague: bool = False
    """The label says the hour or the day only: `published_at` is right to that."""


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """One article as printed in one edition."""

    url: str
    """What its page calls canonical."""
    paper: str
    edition: int
    title: str
    authors: tuple[str, ...]
    section: str | None
    """None where the page does not say: the Ledger's."""
    lead: str
    paragraphs: tuple[str, ...]
    published_at: datetime
    links: tuple[GoldLink, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """What is right, of both editions."""

    counts: tuple[dict[str, Counts], dict[str, Counts]]
    """Per poll: source (`recipe/name`) → its line of the summary."""
    outcomes: tuple[dict[str, Outcome], dict[str, Outcome]]
    """Per poll: canonical address → what became of the page."""
    articles: tuple[GoldArticle, ...]
    """As first printed; the edited one also as in its second edition."""
    copies: tuple[tuple[str, str], ...]
    """(address of the re-post, address of the original)."""


def gold_of(places: Places, editions_at: Editions) -> Gold:
    """Return what is right when the press stands at *places*."""
    counts: tuple[dict[str, Counts], dict[str, Counts]] = ({}, {})
    outcomes: tuple[dict[str, Outcome], dict[str, Outcome]] = ({}, {})
    for paper in papers():
        owners = _owners(paper)
        for edition in (1, 2):
            named = _named(paper, edition)
            lines = counts[edition - 1]
            for source, stories in named.items():
                lines[source] = Counts(found=len(stories))
            for story in paper.stories:
                outcome = _outcome(story, edition)
                owner = owners.get(story.slug)
                if outcome is None or owner is None:
                    continue
                outcomes[edition - 1][places.url(story)] = outcome
                line = lines[owner]
                line.fetched += not story.is_private
                setattr(line, outcome, getattr(line, outcome) + 1)
    return Gold(counts, outcomes, tuple(_articles(places, editions_at)), tuple(_copies(places)))


def _named(paper: Paper, edition: int) -> dict[str, tuple[Story, ...]]:
    """Return source → the stories that it names in *edition*, sources in the order of the recipe."""
    named = {f"{paper.key}/{feed_name(paper)}": paper.fed(edition)}
    for section in polled_sections(paper):
        named[f"{paper.key}/{section}"] = paper.in_section(section, edition)
    return named


def _owners(paper: Paper) -> dict[str, str]:
    """Return story → the first source of the recipe that names it."""
    owners: dict[str, str] = {}
    for edition in (1, 2):
        for source, stories in _named(paper, edition).items():
            for story in stories:
                owners.setdefault(story.slug, source)
    return owners


def _outcome(story: Story, poll: int) -> Outcome | None:
    """Return what becomes of the story's page in *poll*; None while it is not out yet."""
    if story.edition > poll:
        return None
    if story.is_private:
        return "refused"
    if story.edition == poll:
        return "copies" if story.copy_of else "new"
    if story.is_gone:
        return "refused"
    return "changed" if story.edited_title else "unchanged"


def _copies(places: Places) -> list[tuple[str, str]]:
    return [
        (places.url(story), places.url(resolved(paper, story.copy_of)[1]))
        for paper in papers()
        for story in paper.stories
        if story.copy_of
    ]


def _articles(places: Places, editions_at: Editions) -> list[GoldArticle]:
    return [
        _article(places, paper, story, edition=edition, editions_at=editions_at)
        for paper in papers()
        for story in paper.stories
        if not story.is_private
        for edition in ((1, 2) if story.edited_title else (story.edition,))
    ]


def _article(places: Places, paper: Paper, story: Story, *, edition: int, editions_at: Editions) -> GoldArticle:
    printed = story.in_edition(edition)
    in_text: list[GoldLink] = []
    for words, reference in printed.links_in_text():
        target = resolved(paper, reference)[1]
        in_text.append(GoldLink(places.url(target), "inline", words))
    beside = [
        _teaser(
            places, paper, box, teaser, now=editions_at[edition - 1], at=teaser.story.published_at(paper, editions_at)
        )
        for box in paper.boxes(printed, edition)
        for teaser in box.teasers
    ]
    return GoldArticle(
        url=places.url(story),
        paper=paper.key,
        edition=edition,
        title=printed.title,
        authors=(story.author,),
        section=dict(paper.sections)[story.section] if paper.key != "ledger" else None,
        lead=printed.lead,
        paragraphs=printed.plain_paragraphs(),
        published_at=story.published_at(paper, editions_at),
        links=(*in_text, *beside),
    )


def _teaser(places: Places, paper: Paper, box: Box, teaser: Teaser, *, now: datetime, at: datetime) -> GoldLink:
    """Return the teaser of a story published *at*, as printed in an edition that came out *now*."""
    story = teaser.story
    return GoldLink(
        url=places.url(story),
        kind=box.kind,
        title=story.title,
        block=box.heading,
        rank=teaser.rank,
        kicker=(story.kicker or dict(paper.sections)[story.section]) if teaser.has_kicker else None,
        date_text=teaser_label(at, now, paper.key) if teaser.has_date else None,
        published_at=at if teaser.has_date else None,
        is_vague=teaser.has_date and is_vague(at, now, paper.key),
    )
