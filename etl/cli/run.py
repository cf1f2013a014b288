"""`news-etl run`: the service on one machine, or one pass with `--once`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Json


def run(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--source", help="Poll this source, due or not (with --once; may be repeated).")
    ] = None,
    web: Annotated[bool, typer.Option(help="Serve the status page beside it (NEWS_ETL_WEB_ADDRESS).")] = True,
    as_json: Json = False,
) -> None:
    """Poll the sources of your recipes, fetch what is new, and store the articles.

    The recipes are read from NEWS_ETL_RECIPES_DIR; everything else is kept in NEWS_ETL_DATA_DIR (./news-data), with an
    embedded Postgres unless NEWS_ETL_DATABASE_URL names a server.

    Examples:

      news-etl source add https://www.example.org/     find the feeds of a site and write its recipe

      news-etl run --once                              one pass, then a summary

      news-etl run                                     the service: goes on until Ctrl-C
    """
    if once:
        from .run_once import run_once

        run_once(only=only, as_json=as_json)
        return
    if only:
        raise typer.BadParameter("--source goes with --once")
    from .serving import run_service

    run_service(has_web=web)


def scheduler() -> None:
    """Run a scheduler: it asks what is due and fills the queue. Of several, one leads and the others stand by.

    Example: NEWS_ETL_DATABASE_URL=postgresql://news@db/news news-etl scheduler
    """
    from .leading import run_scheduler

    run_scheduler()


def worker(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when the queue is empty.")] = False,
) -> None:
    """Run a worker: it polls, fetches and digests what the queue holds. More workers on more machines share the work.

    Example: NEWS_ETL_DATABASE_URL=postgresql://news@db/news news-etl worker
    """
    from .working import run_worker

    run_worker(until_idle=until_idle)


def web() -> None:
    """Serve the status page, the health checks (/livez, /readyz) and the metrics for Prometheus (/metrics).

    It listens at NEWS_ETL_WEB_ADDRESS (127.0.0.1:8080). There is no log-in: whoever reaches the address may read.

    Example: NEWS_ETL_DATABASE_URL=postgresql://news@db/news news-etl web
    """
    from .watching import run_web

    run_web()
