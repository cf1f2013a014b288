"""`extract`, `dates`, `canonical`: the filters; `explain`: one page for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Json


def _need_jsonl(given: bool) -> bool:
    if not given:
        raise typer.BadParameter("this command reads JSON lines on standard input: say --jsonl")
    return given


JsonLines = Annotated[
    bool, typer.Option("--jsonl", callback=_need_jsonl, help="JSON lines on standard input and output.")
]


def extract(jsonl: JsonLines = False) -> None:
    """Extract articles: one JSON line {"id","url","html_b64","fetched_at"} in, one article out.

    Example: jq -c . pages.jsonl | news-etl extract --jsonl > articles.jsonl
    """
    from etl.extract import date_words

    from .filters import answer_extract, pump

    date_words.load()
    pump(answer_extract)


def dates(jsonl: JsonLines = False) -> None:
    """Read date labels: {"id","text","language","country","tz","fetched_at"} in, {"id","published_at",…} out.

    Example: echo '{"id":1,"text":"Publié hier à 14h10","language":"fr","tz":"Europe/Paris",
    "fetched_at":"2026-02-07T08:15:00+01:00"}' | news-etl dates --jsonl
    """
    from .filters import answer_dates, pump

    pump(answer_dates)


def canonical(jsonl: JsonLines = False) -> None:
    """Fold the spellings of URLs: {"url"} in, {"url","canonical"} out.

    Example: echo '{"url":"http://www.example.org/a?utm_source=x"}' | news-etl canonical --jsonl
    """
    from .filters import answer_canonical, pump

    pump(answer_canonical)


def explain(
    page: Annotated[str, typer.Argument(metavar="FILE|URL", help="A saved page, or the address of one.")],
    *,
    url: Annotated[str | None, typer.Option(help="Where a saved page came from: relative links start there.")] = None,
    fetched_at: Annotated[
        str | None, typer.Option(help="When it was fetched (ISO 8601): relative dates start there. Now, if not given.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="DB",
            help="Also compare it with the articles of this database: its URL, or `here` for the one in use.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show every field of a page, its value and the rule that gave it, and every link with its kind and block.

    With --against, also the stored articles that it might be a copy of, and why each was taken or not.

    Examples:

      news-etl explain https://www.example.org/2026/02/07/an-article

      news-etl explain page.html --url https://www.example.org/an-article --fetched-at 2026-02-07T08:15:00+01:00

      news-etl explain page.html --url https://www.example.org/an-article --against here
    """
    from .explaining import explain_page

    explain_page(page, url=url, fetched_at=fetched_at, against=against, as_json=as_json)
