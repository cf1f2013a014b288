"""`news-etl backfill …`: one-off jobs that can be started, watched, killed and started again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .console import DryRun, Json

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="One-off jobs. Kill one at any moment: the same command goes on from where it was.\n\n"
    "Where a service runs (`news-etl run`, or a scheduler and workers), its workers do the job and the command shows how far it "
    "is; else the command does it itself. Either way the host's pace and robots.txt hold, and live work goes first.",
)


class ListFormat(StrEnum):
    text = "text"
    csv = "csv"
    jsonl = "jsonl"


class Where(StrEnum):
    auto = "auto"
    here = "here"
    service = "service"


Again = Annotated[bool, typer.Option("--again", help="Do it once more; what is stored stays as it is.")]
HostsMax = Annotated[int | None, typer.Option("--hosts", min=1, help="Ask at most so many hosts at the same time.")]
BytesPerSecond = Annotated[
    int | None, typer.Option("--bytes-per-second", min=1, help="Fetch at most so much, all workers together.")
]
Run = Annotated[
    Where,
    typer.Option(
        "--run",
        help="Who does it: `here` this command, `service` the workers (the command ends at once), `auto` as above.",
    ),
]
From = Annotated[str | None, typer.Option("--from", help="First day, or moment (ISO 8601, UTC).")]
To = Annotated[str | None, typer.Option("--to", help="Last day, to its end, or the moment to end before.")]
Number = Annotated[int, typer.Argument(help="Its number, from `backfill list`.")]


@app.command()
def urls(
    file: Annotated[
        str, typer.Argument(help="A file of URLs: one a line, CSV, or JSON lines; `-` for standard input.")
    ],
    *,
    form: Annotated[ListFormat | None, typer.Option("--format", help="What the file is; else it is seen.")] = None,
    again: Again = False,
    hosts: HostsMax = None,
    bytes_per_second: BytesPerSecond = None,
    where: Run = Where.auto,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Fetch the pages of a list. Lines that repeat another, or hold no URL, are named with their numbers.

    Examples:

      news-etl backfill urls old-articles.txt --dry-run      what it would ask of whom, and how long that takes

      news-etl backfill urls export.csv --hosts 4

      psql -Atc 'SELECT url FROM wanted' | news-etl backfill urls -
    """
    from .backfill_starting import Options, backfill_urls

    options = Options(hosts, bytes_per_second, again, where.value, dry_run, as_json)
    backfill_urls(file, form=form.value if form else None, options=options)


@app.command()
def sitemap(
    url: Annotated[str, typer.Argument(help="A sitemap, or an index of sitemaps.")],
    *,
    since: From = None,
    until: To = None,
    undated: Annotated[bool, typer.Option("--undated", help="With a range, take entries without a date too.")] = False,
    again: Again = False,
    hosts: HostsMax = None,
    bytes_per_second: BytesPerSecond = None,
    where: Run = Where.auto,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Fetch the pages of a sitemap by their dates: the news date where there is one, else `lastmod`.

    Of an index, sitemaps that were finished before --from are not asked for.

    Examples:

      news-etl backfill sitemap https://www.example.org/sitemap.xml --from 2025-01-01 --to 2025-12-31 --dry-run

      news-etl backfill sitemap https://www.example.org/sitemap-2019.xml.gz
    """
    from .backfill_starting import Options, backfill_sitemap

    options = Options(hosts, bytes_per_second, again, where.value, dry_run, as_json)
    backfill_sitemap(url, since=since, until=until, takes_undated=undated, options=options)


@app.command()
def warc(
    files: Annotated[
        list[str], typer.Argument(help="WARC files of any producer (plain, gzip, zstd), folders of them, or URLs.")
    ],
    *,
    again: Again = False,
    hosts: HostsMax = None,
    bytes_per_second: BytesPerSecond = None,
    where: Run = Where.auto,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load the pages of WARC files: raw answers into the archive, articles and links into the database.

    Prints what became of every record: the numbers add up to the records in the files. A file at a URL is read as a stream and,
    after a break, asked for from where it was.

    Examples:

      news-etl backfill warc CC-NEWS-20260207081500-00001.warc.gz

      news-etl backfill warc crawls/ 2019-*.warc.zst https://archive.example.org/2018.warc.gz
    """
    from .backfill_starting import Options, backfill_warc

    backfill_warc(files, options=Options(hosts, bytes_per_second, again, where.value, dry_run, as_json))


@app.command()
def ccnews(
    *,
    since: Annotated[str, typer.Option("--from", help="First day (UTC), by the time in the files' names.")],
    until: Annotated[str, typer.Option("--to", help="Last day, to its end.")],
    again: Again = False,
    hosts: HostsMax = None,
    bytes_per_second: BytesPerSecond = None,
    where: Run = Where.auto,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load CC-NEWS, the news crawl of Common Crawl, by date. NEWS_ETL_CC_BASE may name a copy of it (a URL or a folder).

    Examples:

      news-etl backfill ccnews --from 2026-02-07 --to 2026-02-07 --dry-run

      news-etl backfill ccnews --from 2026-02-01 --to 2026-02-28 --bytes-per-second 5000000
    """
    from .backfill_starting import Options, backfill_ccnews

    options = Options(hosts, bytes_per_second, again, where.value, dry_run, as_json)
    backfill_ccnews(since=since, until=until, options=options)


@app.command()
def wayback(
    place: Annotated[str, typer.Argument(metavar="DOMAIN", help="A domain with all below it, or domain/path.")],
    *,
    since: From = None,
    until: To = None,
    again: Again = False,
    hosts: HostsMax = None,
    bytes_per_second: BytesPerSecond = None,
    where: Run = Where.auto,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load what the Wayback Machine keeps of a site; each capture takes its place in the history of its article.

    Of captures that follow each other with the same content only the first is fetched. NEWS_ETL_WAYBACK_BASE may name another
    archive that speaks the same language (OpenWayback, pywb).

    Examples:

      news-etl backfill wayback example.org --from 2015-01-01 --to 2015-12-31 --dry-run

      news-etl backfill wayback example.org/news/
    """
    from .backfill_starting import Options, backfill_wayback

    options = Options(hosts, bytes_per_second, again, where.value, dry_run, as_json)
    backfill_wayback(place, since=since, until=until, options=options)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the backfills and how far they are.

    Example: news-etl backfill list
    """
    from .backfilling import list_backfills

    list_backfills(as_json=as_json)


@app.command()
def show(
    number: Number,
    follow: Annotated[bool, typer.Option("--follow", help="Show how far it is until it is over.")] = False,
    as_json: Json = False,
) -> None:
    """Show one backfill: its plan, its parts, what became of every record, its speed and when it will be done.

    Examples:

      news-etl backfill show 3

      news-etl backfill show 3 --follow
    """
    from .backfilling import show_backfill

    show_backfill(number, follow=follow, as_json=as_json)


@app.command()
def pause(number: Number, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Stop a backfill after what it is fetching now; `resume` goes on.

    Example: news-etl backfill pause 3
    """
    from .backfilling import steer

    steer(number, "paused", dry_run=dry_run, as_json=as_json)


@app.command()
def resume(number: Number, where: Run = Where.auto, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Go on with a backfill that was paused, killed, or failed.

    Example: news-etl backfill resume 3
    """
    from .backfill_starting import resume_backfill

    resume_backfill(number, where=where.value, dry_run=dry_run, as_json=as_json)


@app.command()
def cancel(number: Number, dry_run: DryRun = False, as_json: Json = False) -> None:
    """End a backfill for good; what it stored stays.

    Example: news-etl backfill cancel 3
    """
    from .backfilling import steer

    steer(number, "cancelled", dry_run=dry_run, as_json=as_json)


@app.command()
def retry(
    number: Number,
    *,
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", help="Only parts with this outcome, refused ones too (`http_403`); may be repeated."),
    ] = None,
    where: Run = Where.auto,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Do the parts of a backfill that failed once more.

    Examples:

      news-etl backfill retry 3

      news-etl backfill retry 3 --reason http_403 --reason robots
    """
    from .backfill_starting import retry_backfill

    retry_backfill(number, reasons=reason or [], where=where.value, dry_run=dry_run, as_json=as_json)
