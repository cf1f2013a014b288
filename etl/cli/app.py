"""All commands in one place; each imports what it needs when it is called, so that `--help` answers at once."""

from __future__ import annotations

import inspect
import re
import sys

import typer

from etl.errors import Misconfigured, NewsEtlError

from . import backfill, database, demo, exporting, extracting, loading, recipe, redigest, run, source

FAILED, MISCONFIGURED, INTERRUPTED = 1, 3, 130

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
    try:
        app()
    except Misconfigured as error:
        _say(error)
        sys.exit(MISCONFIGURED)
    except NewsEtlError as error:
        _say(error)
        sys.exit(FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except SystemExit as end:  # The library turns Ctrl-C into this exit code and says nothing.
        if end.code == INTERRUPTED:
            sys.stderr.write("\nnews-etl: stopped. What was stored stays; the same command goes on from there.\n")
        raise
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        sys.stderr.write(f"news-etl: the database ended the work ({error}). What was stored stays; try again.\n")
        sys.exit(FAILED)


def _is_of_the_database(error: Exception) -> bool:
    """Tell whether the server went away or could not go on: no mistake of ours. The library is asked only where it was loaded."""
    library = sys.modules.get("psycopg")
    return library is not None and isinstance(error, library.OperationalError)


def _say(error: NewsEtlError) -> None:
    sys.stderr.write(f"news-etl: {error}\n")
