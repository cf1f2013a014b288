"""`news-etl run`: the service on one machine, or one pass with `--once`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Json


def run(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--source", help="Poll this source, due or not (with --once; may be repeated).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Poll the sources of your recipes, fetch what is new, and store the articles.

    The recipes are read from NEWS_ETL_RECIPES_DIR; everything else is kept in NEWS_ETL_DATA_DIR (./news-data), with an
    embedded Postgres unless NEWS_ETL_DATABASE_URL names a server.

    Examples:

      news-etl source add https://www.example.org/     find the feeds of a site and write its recipe

      news-etl run --once                              one pass, then a summary
    """
    from .run_once import run_once

    if not once:
        raise typer.BadParameter("say --once: the service that goes on by itself is not part of this version yet")
    run_once(only=only, as_json=as_json)
