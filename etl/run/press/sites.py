"""The recipes of the three papers: what a user would write for them."""

from __future__ import annotations

from etl.recipe.draft import draft
from etl.recipe.rules import SourceRule
from etl.run.press.content import Key, Paper
from etl.run.press.places import Places

_SECTIONS: dict[Key, tuple[str, ...]] = {
    "aube": ("politique", "culture"),
    "littoral": ("ports",),
    "ledger": ("business", "sport-and-arts"),
}
"""The section pages that are polled beside the feed: they alone name what is too old for it."""


def polled_sections(paper: Paper) -> tuple[str, ...]:
    """Return the sections whose pages are sources, in the order of the recipe."""
    return _SECTIONS[paper.key]


def feed_name(paper: Paper) -> str:
    return {"aube": "rss", "littoral": "atom", "ledger": "news-sitemap"}[paper.key]


def recipe_text(places: Places, paper: Paper) -> str:
    """Return the paper's recipe as TOML."""
    base = places.bases[paper.key]
    sources = [
        SourceRule(
            kind="sitemap" if paper.key == "ledger" else "feed",
            url=base + places.feed_path(paper),
            name=feed_name(paper),
            zone=paper.zone,
        )
    ]
    sources += [
        SourceRule(kind="listing", url=base + places.section_path(paper, name), name=name, zone=paper.zone)
        for name in polled_sections(paper)
    ]
    text = draft(
        f"{base}/",
        sources=sources,
        language=paper.language,
        country=paper.country,
        zone=paper.zone,
        notes=(f"{paper.name}, of the little press that `news-etl demo` reads.",),
    )
    # The press stands on this machine and wants no pauses.
    return text + '\n[fetch]\nmin_interval = "0.01s"\n'
