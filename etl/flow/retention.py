"""Raw pages of a site whose recipe keeps them for a shorter time than the operator keeps all others.

The bytes of one site stand between those of others, so they are overwritten in their files, and the row goes after them: who is
killed in between begins with the same rows again. Articles, versions and links stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from psycopg import Connection

from etl.errors import Unreadable
from etl.fetch.archive import REVISIT_WITHIN, Archive
from etl.model import Place
from etl.recipe.rules import Recipe
from etl.recipe.shelf import Shelf
from etl.store import partitions

CAPTURES_PER_BATCH = 500


def forget_captures(
    conn: Connection, archive: Archive, shelf: Shelf, *, now: datetime, waiting_since: datetime | None
) -> Iterator[int]:
    """Forget captures that are older than their site's recipe wants; yield how many after each batch.

    A later capture may lean on the bytes of one up to REVISIT_WITHIN before, so they go that much later; and nothing goes that was
    stored after something that still waits for its digest.
    """
    for recipe in shelf.recipes:
        if (days := recipe.fetch.keep_captures_days) is not None:
            before = now - timedelta(days=days) - REVISIT_WITHIN
            if waiting_since is not None:
                before = min(before, waiting_since - REVISIT_WITHIN)
            yield from _forget(conn, archive, shelf, recipe, before=before, now=now)


def _forget(
    conn: Connection, archive: Archive, shelf: Shelf, recipe: Recipe, *, before: datetime, now: datetime
) -> Iterator[int]:
    domains = [(urlsplit(recipe.home).netloc or "").lower(), *recipe.hosts]
    domains = [domain.removeprefix("www.") for domain in domains]
    after = 0
    while old := partitions.old_captures(conn, domains, before=before, after=after, limit=CAPTURES_PER_BATCH):
        after = old[-1].id
        gone = [one for one in old if shelf.recipe_for(one.url) is recipe]
        for one in gone:
            try:
                archive.overwrite(Place(one.file, one.offset, one.length), at=now)
            except Unreadable:  # Its day is gone already, or somebody damaged it: nothing is left to overwrite.
                continue
        if gone:
            yield partitions.delete_these(conn, gone)
