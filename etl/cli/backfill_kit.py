"""What work on backfills needs in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from etl.fetch.remote import RemoteFiles
from etl.flow.backfill_turn import Kit
from etl.run.backfill_jobs import Shared, kit_of
from etl.run.readers import Readers
from etl.settings import Settings

from .session import tools


def remote_files(chosen: Settings) -> RemoteFiles:
    """Return what opens large files of other machines, by the same rules as all fetching."""
    return RemoteFiles(
        user_agent=chosen.user_agent,
        contact=chosen.contact,
        connect_s=chosen.fetch_connect_s,
        open_addresses=chosen.open_addresses,
        proxy=chosen.proxy,
        ca_file=None if chosen.ca_file is None else str(chosen.ca_file),
    )


@contextmanager
def working_kit(chosen: Settings, *, stopping: threading.Event, behind_live: Callable[[], bool]) -> Generator[Kit]:
    """Open what a command needs to work on a backfill itself: the fetcher, the archive, and a reader per core."""
    with (
        tools(chosen) as opened,
        Readers(chosen.worker_count, shelf=opened.shelf, archive=chosen.archive_place) as readers,
    ):
        remote = remote_files(chosen)
        try:
            shared = Shared(readers, threading.Lock())
            yield kit_of(opened, shared, remote, stopping=stopping, behind_live=behind_live)
        finally:
            remote.close()
