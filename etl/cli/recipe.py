"""`news-etl recipe …`: what is true of one site, tried and kept true."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import DryRun, Json

app = typer.Typer(no_args_is_help=True, help="Recipes, one TOML file per site: draft, try, keep cases, check them.")
Page = Annotated[str, typer.Argument(metavar="FILE|URL", help="A saved page, or the address of one.")]
Url = Annotated[str | None, typer.Option(help="Where a saved page came from.")]
FetchedAt = Annotated[str | None, typer.Option(help="When it was fetched (ISO 8601); now, if not given.")]


@app.command()
def new(
    url: Annotated[str, typer.Argument(help="The home page of a site.")],
    name: Annotated[str | None, typer.Option(help="Name of the recipe; made from the host if not given.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Draft the recipe of a site: the same as `news-etl source add`.

    Example: news-etl recipe new https://www.example.org/
    """
    from .sourcing import add_source

    add_source(url, name=name, dry_run=dry_run, as_json=as_json)


@app.command("try")
def try_(page: Page, url: Url = None, fetched_at: FetchedAt = None, as_json: Json = False) -> None:
    """Read a page with its recipe and show which fields the recipe changes.

    Example: news-etl recipe try https://www.example.org/2026/02/07/an-article
    """
    from .recipes import try_recipe

    try_recipe(page, url=url, fetched_at=fetched_at, as_json=as_json)


@app.command()
def keep(page: Page, url: Url = None, fetched_at: FetchedAt = None, as_json: Json = False) -> None:
    """Keep a page and what is read from it now as a test case of its recipe; `recipe check` reads it again.

    Example: news-etl recipe keep https://www.example.org/2026/02/07/an-article
    """
    from .recipes import keep_case

    keep_case(page, url=url, fetched_at=fetched_at, as_json=as_json)


@app.command()
def check(as_json: Json = False) -> None:
    """Read all recipes, name each mistake, and read every kept case again: exit code 4 when one reads otherwise.

    Example: news-etl recipe check
    """
    from .recipes import check_recipes

    check_recipes(as_json=as_json)
