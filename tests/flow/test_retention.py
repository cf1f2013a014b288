"""Raw pages of a site that keeps them for a shorter time: rows and bytes, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from etl.errors import Unreadable
from etl.fetch.archive import REVISIT_WITHIN, Archive
from etl.flow.manners import host_of_url
from etl.flow.reading import spell
from etl.flow.retention import forget_captures
from etl.flow.visit import HostVisit
from etl.model import Place
from etl.recipe.rules import FetchRules, Recipe
from etl.recipe.shelf import Shelf
from etl.store import pages
from tests.flow.pages import page
from tests.flow.visiting import tools_for

KEPT = timedelta(days=30)
PATHS = ("/news/ferry-quay-12345", "/blog/owl-in-the-tower-77")


@pytest.fixture
def captured(live, room, clock, tmp_path):
    """Two sites with two pages each, captured and digested; returns the shelf and the archive."""
    sites = [room.site("short"), room.site("long", address="127.0.0.7")]
    tools = tools_for(tmp_path / "archive", clock)
    for site in sites:
        site.robots("")
        for path in PATHS:
            site.page(path, page(f"{site.name} {path}"))
            pages.ensure(live, [spell(site.url(path))], found_at=clock.at, next_visit_at=clock.at)
        HostVisit(live, tools, host_of_url(site.origin)).run()
    tools.fetcher.close()
    live.execute("UPDATE etl.captures SET stored_at = fetched_at, digested_at = fetched_at, outcome = 'stored'")
    short = Recipe("short", sites[0].url("/news/"), fetch=FetchRules(keep_captures_days=KEPT.days))
    return Shelf.of([short, Recipe("long", sites[1].url("/"))]), Archive(tmp_path / "archive")


def readable(live, archive: Archive, places: dict[str, Place]) -> list[str]:
    def is_there(place: Place) -> bool:
        try:
            archive.read(place)
        except Unreadable as error:
            return error.code != "erased"
        return True

    return sorted(name for name, place in places.items() if is_there(place))


def places_of(live) -> dict[str, Place]:
    rows = live.execute("SELECT url, archive_file, archive_offset, archive_length FROM etl.captures").fetchall()
    return {url: Place(*place) for url, *place in rows}


def test_only_the_pages_of_that_recipe_go_with_their_bytes(live, clock, captured):
    shelf, archive = captured
    before = places_of(live)
    now = clock.at + KEPT + REVISIT_WITHIN + timedelta(hours=1)
    assert sum(forget_captures(live, archive, shelf, now=now, waiting_since=None)) == 1
    after = places_of(live)
    assert len(before) == 4
    assert {url for url in before if url not in after} == {shelf.recipes[1].home.removesuffix("/news/") + PATHS[0]}
    assert readable(live, archive, before) == sorted(after)
    assert sum(forget_captures(live, archive, shelf, now=now, waiting_since=None)) == 0


NOT_YET = {
    "a later capture may lean on them": (KEPT + REVISIT_WITHIN - timedelta(hours=1), None),
    "something older waits for its digest": (KEPT + REVISIT_WITHIN + timedelta(days=9), timedelta(0)),
}


@pytest.mark.parametrize(("later", "waiting"), NOT_YET.values(), ids=NOT_YET.keys())
def test_what_stays(live, clock, captured, later, waiting):
    shelf, archive = captured
    waiting_since = None if waiting is None else clock.at + waiting
    assert sum(forget_captures(live, archive, shelf, now=clock.at + later, waiting_since=waiting_since)) == 0
    assert len(places_of(live)) == 4


def test_a_killed_round_is_done_again(live, clock, captured):
    shelf, archive = captured
    now = clock.at + 2 * KEPT
    (place,) = [
        place
        for url, place in places_of(live).items()
        if url == shelf.recipes[1].home.removesuffix("/news/") + PATHS[0]
    ]
    archive.overwrite(replace(place), at=now)
    assert sum(forget_captures(live, archive, shelf, now=now, waiting_since=None)) == 1
