"""`news-etl source …`: what is polled."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import DryRun, Json

app = typer.Typer(no_args_is_help=True, help="What is polled: find the feeds of a site, list, pause and poll sources.")
Slug = Annotated[str, typer.Argument(metavar="SOURCE", help="Its name, from `source list`: recipe/name.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="The home page of a site.")],
    name: Annotated[str | None, typer.Option(help="Name of the recipe; made from the host if not given.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Find the feeds and sitemaps of a site, try each, and write the draft of its recipe.

    Example: news-etl source add https://www.example.org/
    """
    from .sourcing import add_source

    add_source(url, name=name, dry_run=dry_run, as_json=as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the sources and how the last poll of each ended.

    Example: news-etl source list
    """
    from .sourcing import list_sources

    list_sources(as_json=as_json)


@app.command()
def pause(
    source: Slug,
    because: Annotated[str, typer.Option(help="Why, for whoever reads the list.")] = "paused by hand",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Stop polling a source.

    Example: news-etl source pause example/rss --because "asked by the publisher"
    """
    from .sourcing import pause_source

    pause_source(source, because=because, dry_run=dry_run, as_json=as_json)


@app.command()
def resume(source: Slug, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Poll a paused source again, from now on.

    Example: news-etl source resume example/rss
    """
    from .sourcing import resume_source

    resume_source(source, dry_run=dry_run, as_json=as_json)


@app.command()
def poll(source: Slug, as_json: Json = False) -> None:
    """Poll a source now, whether it is due or not, and fetch what it names.

    Example: news-etl source poll example/rss
    """
    from .run_once import run_once

    run_once(only=[source], as_json=as_json)


@app.command()
def check(as_json: Json = False) -> None:
    """Read all recipes and say what is wrong with them: the same as `news-etl recipe check`.

    Example: news-etl source check
    """
    from .recipes import check_recipes

    check_recipes(as_json=as_json)
