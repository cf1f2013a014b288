"""What backfills are tested with: shares taken one after the other, on a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg

from etl.fetch.remote import RemoteFiles
from etl.flow.backfill import Share
from etl.flow.backfill_lists import file_item
from etl.flow.backfill_turn import Kit
from etl.flow.manners import host_of_url
from etl.flow.reading import read_capture, spell
from etl.recipe.shelf import Shelf
from etl.run.held import host_held
from etl.store import backfills
from etl.store.backfill_items import NewItem
from tests.flow.visiting import Clock, tools_for

OPEN = ["127.0.0.0/8:0-65535"]
LOOPS_MAX = 2_000


def kit_for(
    folder: Path,
    clock: Clock,
    *,
    behind_live: bool = False,
    goes_on: Callable[[], bool] = lambda: True,
    shelf: Shelf | None = None,
) -> Kit:
    tools = tools_for(folder, clock, shelf=shelf)

    def read(pages):
        return [
            read_capture(capture, tools.fetcher.archive.read(capture.place).body if body is None else body)
            for capture, body in pages
        ]

    return Kit(
        tools=tools,
        read=read,
        remote=RemoteFiles(open_addresses=OPEN, silence_s=5.0),
        held=host_held,
        behind_live=lambda: behind_live,
        goes_on=goes_on,
    )


def begin(conn: psycopg.Connection, kit: Kit, kind: str, items: list[NewItem], **plan: object) -> int:
    """Begin a backfill that runs; the same one again goes on."""
    with conn.transaction():
        job, _ = backfills.begin(conn, kind, plan, items, by="a test", now=kit.tools.now())
    backfills.move(conn, job.id, "running", now=kit.tools.now())
    return job.id


def page_items(*urls: str) -> list[NewItem]:
    return [NewItem(spell(url).url, "page", host_of_url(url)) for url in urls]


def file_items(*places: str) -> list[NewItem]:
    return [file_item(place) for place in places]


def work(conn: psycopg.Connection, kit: Kit, number: int, clock: Clock) -> backfills.Progress:
    """Take shares until the backfill is over; time passes while there is nothing to do."""
    share, pause_s = Share(conn, kit, number), 5
    for _ in range(LOOPS_MAX):
        if not backfills.is_running(conn, number):
            break
        if share.take():
            pause_s = 5
        else:
            clock.at += timedelta(seconds=pause_s)
            pause_s = min(2 * pause_s, 1800)
    found = backfills.progress(conn, number)
    assert found is not None
    return found
