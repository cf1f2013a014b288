"""`news-etl backfill redigest`: old captures read again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .console import DryRun, Json


def redigest(
    *,
    where: Annotated[
        str | None,
        typer.Option(help="Only articles that meet this condition: SQL over the columns of news.articles."),
    ] = None,
    since_extractor: Annotated[
        int | None,
        typer.Option(metavar="V", min=1, help="Only articles of which an extractor older than V has read a version."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only pages of this source, or of this recipe.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Only pages captured at or after this (ISO 8601).")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Only pages captured before this (ISO 8601).")] = None,
    stories: Annotated[
        bool, typer.Option("--stories", help="Decide again whose copy each article is, even where its text stays.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Begin anew what is done already.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Read old captures again with this program and these recipes, and correct what the database says of them.

    Nothing is asked of any host: the bytes come from the archive. A better reading makes no version: it corrects those that
    stand, and news.changes tells of it. Shows what would change first, and asks; --dry-run reads everything and writes nothing.

    Example: news-etl backfill redigest --where "host = 'www.example.org' AND lead IS NULL" --dry-run
    """
    from etl.store.redigests import Meant

    from .explaining import moment_given
    from .redigesting import redigest_captures

    meant = Meant(where, since_extractor, source, moment_given(from_), moment_given(to))
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("there is no terminal to ask on: say --yes, or --dry-run first")
    asked = {"where": where, "since_extractor": since_extractor, "source": source, "from": from_, "to": to}
    redigest_captures(
        meant, {**asked, "stories": stories}, stories=stories, yes=yes, again=again, dry_run=dry_run, as_json=as_json
    )
