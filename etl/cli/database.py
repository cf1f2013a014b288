"""`migrate`, `psql`, `doctor`, `page show`: the database and what is in it."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import DryRun, Json

page = typer.Typer(no_args_is_help=True, help="One page and what is known of it.")


def migrate(
    to: Annotated[str, typer.Option(help="The version to go to: head, base or a number.")] = "head",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring the schema of the database to the version of this program. Safe to run twice, and by two at once.

    Example: NEWS_ETL_DATABASE_URL=postgresql://news@db/news news-etl migrate
    """
    from .databasing import migrate_database

    migrate_database(to, dry_run=dry_run, as_json=as_json)


def psql(
    command: Annotated[str | None, typer.Option("--command", "-c", help="Run this SQL and end.")] = None,
) -> None:
    """Open psql on the database (the embedded one, or NEWS_ETL_DATABASE_URL); a small prompt of our own where psql is missing.

    Example: news-etl psql -c 'SELECT host, count(*) FROM news.articles GROUP BY host'
    """
    from .databasing import open_psql

    open_psql(command)


def doctor(as_json: Json = False) -> None:
    """Check the settings, the database, the archive, the recipes and the contact address, and say what to do."""
    from .doctoring import examine

    examine(as_json=as_json)


@page.command()
def show(url: Annotated[str, typer.Argument(help="Any spelling of its address.")], as_json: Json = False) -> None:
    """Show a page: its spellings, captures, versions and who points at it."""
    from .databasing import show_page

    show_page(url, as_json=as_json)
