"""What `news-etl explain` shows: a page as the extractor saw it, with its reasons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from etl import boot
from etl.errors import Unreadable
from etl.fetch.http import Fetched
from etl.flow.reading import read_article
from etl.model import Article, Link, Moment

from . import console
from .comparing import compare, comparison_record, print_comparison
from .filters import when
from .records import article_record, moment_text
from .session import now, settings, tools

VALUE_MAX = 300
SAVED_FROM = re.compile(rb"<!-- saved from url=\(\d+\)(\S+) -->")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page to read, from a file or from the web."""

    url: str
    body: bytes
    fetched_at: datetime
    content_type: str = ""


def explain_page(page: str, *, url: str | None, fetched_at: str | None, against: str | None, as_json: bool) -> None:
    """Read the page and print what was found in it, and why."""
    loaded = load_page(page, url=url, fetched_at=fetched_at)
    article = read_article(
        loaded.body,
        url=loaded.url,
        fetched_at=loaded.fetched_at,
        content_type=loaded.content_type,
        shelf=boot.shelf(settings()),
    )
    compared = None if against is None else compare(article, loaded.url, against)
    if as_json:
        losers = {field: [list(one) for one in some] for field, some in article.losers.items()}
        record = {**article_record(loaded.url, article), "fetched_at": loaded.fetched_at, "losers": losers}
        console.answer(record if compared is None else {**record, "against": comparison_record(compared)})
        return
    _print(article, loaded.url, loaded.fetched_at)
    if compared is not None:
        print_comparison(compared)


def load_page(page: str, *, url: str | None, fetched_at: str | None) -> Loaded:
    """Return a saved page, or fetch one."""
    if Path(page).is_file():
        body = Path(page).read_bytes()
        saved = SAVED_FROM.search(body[:4096])
        where = url or (saved[1].decode("utf-8", "replace") if saved else Path(page).resolve().as_uri())
        return Loaded(where, body, moment_given(fetched_at) or now())
    if not page.startswith(("http://", "https://")):
        raise typer.BadParameter(f"there is no file {page}, and it is no http(s) address")
    with tools(settings()) as kit:
        answer = kit.fetcher.get(page, now=now)
    if not isinstance(answer, Fetched):
        raise Unreadable(f"no page came back for {page}", code="empty")
    capture = answer.capture
    return Loaded(capture.final_url, answer.body, capture.fetched_at, capture.content_type)


def moment_given(text: str | None) -> datetime | None:
    """Return the time that an option gives; a slip is a usage error."""
    try:
        return when(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no ISO 8601 time, such as 2026-02-07T08:15:00+01:00") from error


def _print(article: Article, url: str, at: datetime) -> None:
    console.out.print(
        f"[bold]{escape(url)}[/bold]  [dim]read as of {at.isoformat(timespec='seconds')}[/dim]", markup=True
    )
    grid = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    grid.add_column("field", no_wrap=True)
    grid.add_column("value", overflow="fold", ratio=3)
    grid.add_column("rule", overflow="fold", ratio=1, style="cyan")
    for field, value in _values(article):
        grid.add_row(field, escape(value), escape(article.evidence.get(field, "")))
        for rule, lost in article.losers.get(field, ()):
            grid.add_row("", f"[dim strike]{escape(_short(lost))}[/dim strike]", f"[dim]{escape(rule)}[/dim]")
    console.out.print(grid, markup=True)
    console.out.print()
    _print_body(article)
    _print_links(article.links)


def _values(article: Article) -> list[tuple[str, str]]:
    image = article.image
    return [
        ("is_article", "yes" if article.is_article else "no: a front, a section or something else"),
        ("title", article.title or "–"),
        ("authors", "; ".join(article.authors) or "–"),
        ("published_at", _moment(article.published)),
        ("modified_at", _moment(article.modified)),
        ("lead", _short(article.lead or "–")),
        ("section", article.section or "–"),
        ("tags", "; ".join(article.tags) or "–"),
        ("language", article.language or "–"),
        ("image", f"{image.url} {image.caption or ''}".strip() if image else "–"),
        ("canonical_url", article.canonical_url or "–"),
        ("access", article.access or "–"),
        ("body", f"{len(article.body)} blocks, {len(article.text)} characters"),
    ]


def _moment(moment: Moment | None) -> str:
    if moment is None:
        return "–"
    read = moment_text(moment) or "could not be read"
    return f"{read}  ({moment.precision}, from “{_short(moment.text)}”)"


def _print_body(article: Article) -> None:
    for block in article.body:
        console.out.print(f"[green]{block.kind:9}[/green] {escape(_short(block.text))}", markup=True)
    console.out.print()


def _print_links(links: tuple[Link, ...]) -> None:
    grid = Table(box=None, pad_edge=False, header_style="bold", title=f"{len(links)} links", title_justify="left")
    for column in ("kind", "block", "rank", "kicker", "title", "date", "url", "rule"):
        grid.add_column(column, overflow="fold")
    for link in links:
        date = f"{moment_text(link.date) or '?'} “{link.date.text}”" if link.date else ""
        cells = (
            link.kind,
            link.block or "",
            "" if link.rank is None else str(link.rank),
            link.kicker or "",
            link.title,
            date,
            link.url,
            link.rule,
        )
        grid.add_row(*cells)
    console.out.print(grid)


def _short(text: str) -> str:
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1] + "…"
