"""What `news-etl explain` shows: a page as the extractor saw it, with its reasons."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from etl import boot
from etl.errors import Unreadable
from etl.fetch.http import NotModified
from etl.flow.reading import read_article
from etl.model import Article, Link, Moment

from . import console
from .filters import when
from .records import article_record, moment_text
from .session import now, settings, tools

VALUE_MAX = 300
SAVED_FROM = re.compile(rb"<!-- saved from url=\(\d+\)(\S+) -->")


def explain_page(page: str, *, url: str | None, fetched_at: str | None, is_file: bool, as_json: bool) -> None:
    """Read the page and print what was found in it, and why."""
    chosen = settings()
    if is_file:
        body = Path(page).read_bytes()
        saved = SAVED_FROM.search(body[:4096])
        where = url or (saved[1].decode("utf-8", "replace") if saved else Path(page).resolve().as_uri())
        at, content_type = when(fetched_at) or now(), ""
    elif page.startswith(("http://", "https://")):
        where, body, at, content_type = _fetched(page)
    else:
        raise typer.BadParameter(f"there is no file {page}, and it is no http(s) address")
    article = read_article(body, url=where, fetched_at=at, content_type=content_type, shelf=boot.shelf(chosen))
    if as_json:
        losers = {field: [list(one) for one in some] for field, some in article.losers.items()}
        console.answer({**article_record(where, article), "fetched_at": at, "losers": losers})
        return
    _print(article, where, at)


def _fetched(url: str) -> tuple[str, bytes, datetime, str]:
    chosen = settings()
    with tools(chosen) as kit:
        answer = kit.fetcher.get(url, now=now)
    if isinstance(answer, NotModified) or not hasattr(answer, "body"):
        raise Unreadable(f"no page came back for {url}", code="empty")
    capture = answer.capture  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]
    return capture.final_url, answer.body, capture.fetched_at, capture.content_type  # pyright: ignore


def _print(article: Article, url: str, at: datetime) -> None:
    console.out.print(f"[bold]{escape(url)}[/bold]  [dim]read as of {at.isoformat(timespec='seconds')}[/dim]")
    grid = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    grid.add_column("field", no_wrap=True)
    grid.add_column("value", overflow="fold", ratio=3)
    grid.add_column("rule", overflow="fold", ratio=1, style="cyan")
    for field, value in _values(article):
        grid.add_row(field, escape(value), escape(article.evidence.get(field, "")))
        for rule, lost in article.losers.get(field, ()):
            grid.add_row("", f"[dim strike]{escape(_short(lost))}[/dim strike]", f"[dim]{escape(rule)}[/dim]")
    console.out.print(grid)
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
        console.out.print(f"[green]{block.kind:9}[/green] {escape(_short(block.text))}")
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
        grid.add_row(*(escape(cell) for cell in cells))
    console.out.print(grid)


def _short(text: str) -> str:
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1] + "…"
