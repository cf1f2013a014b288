"""All commands in one place; each imports what it needs when it is called, so that `--help` answers at once."""

from __future__ import annotations

import inspect
import re

import typer

from . import backfill, database, demo, exporting, extracting, loading, recipe, redigest, run, source
from .ending import ended_in_words

app = typer.Typer(
    name="news-etl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Keep a Postgres database of news true: articles, their versions, and the links between them.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 misconfigured, 4 partly failed.",
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(run.scheduler)
app.command()(run.worker)
app.command()(run.web)
app.add_typer(source.app, name="source")
app.add_typer(recipe.app, name="recipe")
app.command()(database.migrate)
app.command()(database.doctor)
app.command()(database.psql)
app.add_typer(database.page, name="page")
app.command()(exporting.export)
app.command()(database.erase)
app.command()(loading.load)
backfill.app.command()(redigest.redigest)
app.add_typer(backfill.app, name="backfill")
app.command()(extracting.explain)
app.command()(extracting.extract)
app.command()(extracting.dates)
app.command()(extracting.canonical)


def _flow(group: typer.Typer) -> None:
    """Let the help of each command flow to the width of the terminal; lines that are indented (examples) stay lines."""
    for command in group.registered_commands:
        assert command.callback is not None
        command.help = re.sub(r"(?<=\S)\n(?=\S)", " ", inspect.cleandoc(command.callback.__doc__ or ""))
    for below in group.registered_groups:
        assert below.typer_instance is not None
        _flow(below.typer_instance)


_flow(app)


def main() -> None:
    """Run the command line; a user's mistake is one sentence, never a traceback."""
    with ended_in_words():
        app()
