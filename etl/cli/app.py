"""All commands in one place; each imports what it needs when it is called, so that `--help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="news-etl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Keep a Postgres database of news true: articles, their versions, and the links between them.",
)



def _need_jsonl(given: bool) -> bool:
    if not given:
        raise typer.BadParameter("this command reads JSON lines on standard input: say --jsonl")
    return given


JsonLines = Annotated[
    bool, typer.Option("--jsonl", callback=_need_jsonl, help="JSON lines on standard input and output.")
]


@app.command()
def extract(jsonl: JsonLines = False) -> None:
    """Extract articles: one JSON line {"id","url","html_b64","fetched_at"} in, one article out."""
    from .filters import answer_extract, pump

    pump(answer_extract)


@app.command()
def dates(jsonl: JsonLines = False) -> None:
    """Read date labels: {"id","text","language","country","tz","fetched_at"} in, {"id","published_at",…} out."""
    from .filters import answer_dates, pump

    pump(answer_dates)


@app.command()
def canonical(jsonl: JsonLines = False) -> None:
    """Fold the spellings of URLs: {"url"} in, {"url","canonical"} out."""
    from .filters import answer_canonical, pump

    pump(answer_canonical)


def main() -> None:
    """Run the command line; a user's mistake is one sentence, never a traceback."""
    app()
