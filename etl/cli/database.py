"""`migrate`, `psql`, `doctor`, `page show`, `page split`, `erase`: the database and what is in it."""

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
    """Check the settings, the database, the archive, the recipes and the contact address, and say what to do.

    Example: news-etl doctor
    """
    from .doctoring import examine

    examine(as_json=as_json)


@page.command()
def show(url: Annotated[str, typer.Argument(help="Any spelling of its address.")], as_json: Json = False) -> None:
    """Show a page: its spellings, captures, versions and who points at it.

    Example: news-etl page show https://www.example.org/2026/02/07/an-article
    """
    from .databasing import show_page

    show_page(url, as_json=as_json)


@page.command()
def split(
    url: Annotated[str, typer.Argument(help="The page that was folded into another by mistake.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Undo a wrong join: what a redirect or a canonical URL made one page are two again, for good.

    Example: news-etl page split https://www.example.org/live/tuesday
    """
    from .splitting import split_page

    split_page(url, dry_run=dry_run, as_json=as_json)


def erase(
    what: Annotated[str, typer.Argument(metavar="URL|DOMAIN", help="A page under any spelling, or a whole domain.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase a page or a domain for good: its rows, its bytes in the archive, and its way back.

    Nothing brings it back: sources and backfills that name it are told it is buried. Who erased what stands in etl.erasures.

    Examples:

      news-etl erase https://www.example.org/2026/02/07/an-article --dry-run

      news-etl erase example.org --yes
    """
    from .erasing import erase_for_good

    erase_for_good(what, yes=yes, dry_run=dry_run, as_json=as_json)
