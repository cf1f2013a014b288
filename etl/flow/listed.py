"""The sources that the recipes list, as the table keeps them."""

from __future__ import annotations

from datetime import datetime

from psycopg import Connection

from etl.recipe.shelf import Shelf
from etl.store import sources
from etl.store.hosts import host_of_url
from etl.store.sources import Listed


def listed_sources(shelf: Shelf) -> list[Listed]:
    """Return one entry per source of each recipe; its slug is `recipe/name`."""
    return [
        Listed(
            slug=f"{recipe.name}/{rule.name}",
            kind=rule.kind,
            url=rule.url,
            host=host_of_url(rule.url),
            recipe=recipe.name,
            interval_s=rule.interval_s,
            cron=rule.cron,
            zone=rule.zone or recipe.zone,
            follow=rule.follow,
            follow_depth=rule.follow_depth,
            follow_per_day=rule.follow_per_day,
        )
        for recipe in shelf.recipes
        for rule in recipe.sources
    ]


def sync_sources(conn: Connection, shelf: Shelf, *, now: datetime) -> tuple[int, int, int]:
    """Make etl.sources say what the recipes say; return (added, changed, dropped)."""
    listed = listed_sources(shelf)
    with conn.transaction():
        return sources.sync(conn, listed, now=now)
