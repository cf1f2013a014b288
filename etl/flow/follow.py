"""Discovery by links: what the articles of a source relate to becomes pages to visit too.

The recipe says which kinds of links (`follow`), how far from what the source names itself (`follow_depth`) and how many
pages a day (`follow_per_day`). Only what is new is added, so a second digest of the same pages finds nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError
from etl.model import Link
from etl.recipe.rules import Recipe
from etl.recipe.shelf import Shelf
from etl.store import pages, sightings
from etl.store.sightings import Followed, Sighting

from .reading import Reading, spell
from .settle import Settled


@dataclass(frozen=True, slots=True)
class _Lead:
    """A link that may be followed, and for whom."""

    source: Followed
    key: UUID
    link: Link


def follow(
    conn: Connection, readings: Sequence[Reading], settled: Sequence[Settled], *, shelf: Shelf, now: datetime
) -> int:
    """Make pages, due now, of what the articles just settled link to, as their sources wish; return how many are new.

    *readings* and *settled* stand side by side, as `settle` leaves them; the transaction is the caller's.
    """
    articles = {
        done.page_id: reading
        for reading, done in sorted(zip(readings, settled, strict=True), key=lambda pair: pair[0].capture.fetched_at)
        if done.page_id is not None and done.article_id is not None and reading.article is not None
    }
    followed = sightings.followed(conn, [(page_id, r.capture.fetched_at) for page_id, r in articles.items()])
    leads = [lead for source in followed for lead in _leads(source, articles[source.page_id], shelf)]
    if not leads:
        return 0
    sightings.hold_budgets(conn, sorted({lead.source.source_id for lead in leads}))
    unknown = pages.unknown(conn, {lead.key for lead in leads})
    chosen = _within_budgets(conn, [lead for lead in leads if lead.key in unknown], now)
    spelled = [spell(lead.link.url) for lead in chosen]
    found = pages.ensure(conn, spelled, found_at=now, next_visit_at=now)
    new = [(found[lead.key][0], lead) for lead in chosen if found.get(lead.key, (0, False))[1]]
    return _keep_sightings(conn, new, now)


def _leads(source: Followed, reading: Reading, shelf: Shelf) -> Iterator[_Lead]:
    """Yield the links of the kinds that the source follows, to pages of its own site that its recipe wants."""
    recipe = shelf.named(source.recipe)
    if recipe is None or reading.article is None:
        return
    for key, link in zip(reading.link_keys, reading.article.links, strict=True):
        if link.kind in source.follow and _is_wanted(link.url, recipe, shelf):
            yield _Lead(source, key, link)


def _is_wanted(url: str, recipe: Recipe, shelf: Shelf) -> bool:
    try:
        wanted = spell(url).url
    except BadUrlError:
        return False
    return shelf.recipe_for(wanted) is recipe and recipe.fetch.allows(wanted)


def _within_budgets(conn: Connection, leads: Sequence[_Lead], now: datetime) -> list[_Lead]:
    """Return the first lead to each page, as many per source as its budget of this UTC day still holds.

    A page that two sources would find is found for the one that has the smaller number.
    """
    source_ids = list({lead.source.source_id for lead in leads})
    day = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
    spent = Counter(sightings.found_by_link(conn, source_ids, since=day))
    chosen: dict[UUID, _Lead] = {}
    for lead in leads:
        if lead.key not in chosen and spent[lead.source.source_id] < lead.source.follow_per_day:
            chosen[lead.key] = lead
            spent[lead.source.source_id] += 1
    return list(chosen.values())


def _keep_sightings(conn: Connection, found: Sequence[tuple[int, _Lead]], now: datetime) -> int:
    by_source: dict[int, list[Sighting]] = {}
    for page_id, lead in found:
        link = lead.link
        by_source.setdefault(lead.source.source_id, []).append(
            Sighting(
                page_id,
                "link",
                position=link.position,
                title=link.title if link.kind != "inline" else None,
                published_at=link.date.at if link.date else None,
                published_text=link.date.text if link.date else None,
                depth=lead.source.depth + 1,
            )
        )
    return sum(sightings.add(conn, source_id, seen, now=now) for source_id, seen in by_source.items())
