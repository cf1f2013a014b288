"""`news-etl demo`: the whole way in half a minute, without a network."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Json


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the database, and say how to open it.")] = False,
    as_json: Json = False,
) -> None:
    """Watch the whole way: an invented press on this machine is polled twice into a Postgres of the demo's own.

    Needs no network, no Docker and no Postgres; everything is gone at the end unless --keep is given.

    Example: news-etl demo --keep
    """
    from .demonstrating import demonstrate

    demonstrate(keep=keep, as_json=as_json)
