"""What the source commands do and print."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import typer
from psycopg import Connection

from etl import boot
from etl.errors import Misconfigured
from etl.flow.listed import sync_sources
from etl.flow.scout import Scouted, scout
from etl.recipe.draft import draft
from etl.store import sources

from . import console
from .session import now, session, settings, tools


def add_source(url: str, *, name: str | None, dry_run: bool, as_json: bool) -> None:
    """Scout the site at *url* and write its draft recipe."""
    url = home_url(url)
    chosen = settings()
    recipe = name or recipe_name(url)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", recipe):
        raise Misconfigured(f"{recipe!r} is no name for a recipe: use lower-case letters, digits and hyphens")
    path = chosen.recipes_folder / f"{recipe}.toml"
    if path.exists() and not dry_run:
        raise Misconfigured(f"{path} is there already: edit it, or give another name with --name")
    if not dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
    with tools(chosen) as kit, console.steps() as steps:
        steps.say(f"Looking at {url} …")
        spacing_s = min(chosen.host_spacing_s, 1.0)
        found = scout(kit.fetcher, url, now=now, sleep=time.sleep, spacing_s=spacing_s, watch=steps.say)
    listed = found.sources()
    notes = [found.page.title] if found.page.title else []
    text = draft(found.home, sources=listed, language=found.page.language, notes=notes)
    if listed and not dry_run:
        path.write_text(text, encoding="utf-8")
    if as_json:
        rows = [
            {"kind": t.suggestion.kind, "url": t.suggestion.url, "found": t.found, "problem": t.problem}
            for t in found.tried
        ]
        console.answer({"recipe": str(path) if listed else None, "tried": rows, "sources": [s.url for s in listed]})
    else:
        _print_scouted(found)
        if listed:
            console.out.print(text, markup=False)
            done = "Would write" if dry_run else "Wrote"
            console.out.print(f"{done} {path}. Next: news-etl run --once")
    if not listed:
        raise Misconfigured(
            f"no feed, sitemap or section page was found on {url}: write the recipe by hand (docs/recipes.md)"
        )


def home_url(given: str) -> str:
    """Return the address of a site, with https where nothing stands before it; raise BadParameter where something else does."""
    given = given.strip()
    if re.match(r"https?://[^/]", given, re.IGNORECASE):
        return given
    # A port is no scheme: `localhost:8080`.
    begun = re.match(r"([a-z][a-z0-9+.-]*):(?!\d+(?:[/?#]|$))/*|:*//+", given, re.IGNORECASE)
    rest = given[begun.end() :] if begun else given
    meant = f"https://{rest}" if re.match(r"[^/\s]", rest) else "https://www.example.org/"
    if not rest or (begun and begun[0] != "//"):
        raise typer.BadParameter(f"{given!r} is no address of a site: write {meant}")
    return meant


def recipe_name(url: str) -> str:
    """Return a name for the recipe of a site: `www.example.co.uk` gives `example-co-uk`."""
    parts = urlsplit(url)
    host = (parts.hostname or "site").removeprefix("www.")
    port = f"-{parts.port}" if parts.port else ""
    return re.sub(r"[^a-z0-9]+", "-", host.lower() + port).strip("-")


def _print_scouted(found: Scouted) -> None:
    rows = [
        (tried.suggestion.kind, tried.suggestion.url, tried.found, tried.problem or "works") for tried in found.tried
    ]
    console.table(f"Tried on {found.home}", ("kind", "address", "pages", "result"), rows)


def list_sources(*, as_json: bool) -> None:
    """Print all sources, after reading the recipes again."""
    chosen = settings()
    with session(chosen) as opened, opened.pool.connection() as conn:
        sync_sources(conn, boot.shelf(chosen), now=now())
        states = sources.states(conn)
    if as_json:
        console.answer(states)
        return
    if not states:
        console.out.print(
            f"No source: there is no recipe in {chosen.recipes_folder}. `news-etl source add URL` writes one."
        )
        return
    rows = [
        (
            s.slug,
            s.kind,
            s.url,
            s.paused_because or s.outcome or "not polled yet",
            s.polled_at,
            None if s.paused_because else s.next_poll_at,
        )
        for s in states
    ]
    console.table(None, ("source", "kind", "address", "state", "polled", "next"), rows)


def pause_source(slug: str, *, because: str, dry_run: bool, as_json: bool) -> None:
    _change(slug, lambda conn: sources.pause(conn, slug, because), "paused", dry_run=dry_run, as_json=as_json)


def resume_source(slug: str, *, dry_run: bool, as_json: bool) -> None:
    _change(slug, lambda conn: sources.resume(conn, slug, now=now()), "resumed", dry_run=dry_run, as_json=as_json)


def _change(slug: str, change: Callable[[Connection], bool], done: str, *, dry_run: bool, as_json: bool) -> None:
    with session() as opened, opened.pool.connection() as conn:
        exists = sources.named(conn, slug) is not None if dry_run else change(conn)
    if not exists:
        raise Misconfigured(f"there is no source {slug}: `news-etl source list` shows all")
    if as_json:
        console.answer({"source": slug, "state": done, "dry_run": dry_run})
    else:
        console.out.print(f"{slug} {'would be ' if dry_run else ''}{done}")
