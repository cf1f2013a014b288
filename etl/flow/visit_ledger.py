"""What a visit has found out and has not written yet.

A host that wants a second between two requests has each page written before that pause, as ever. Where requests follow each other
at once, up to ENTRIES_MAX pages share a transaction, and the state of the host is kept here meanwhile: nobody else asks a
host that is held. A visit that is killed leaves its mark (`etl.flow.manners.attended`), so that the next one rests the host,
and the pages it had not written down are still due; their bytes stand in the archive without a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import Connection

from etl.fetch.archive import Archive
from etl.model import Capture
from etl.store import captures, hosts, pages
from etl.store.captures import CaptureEnd
from etl.store.hosts import Host
from etl.store.pages import PageEnd

ENTRIES_MAX = 20
"""Of 200 KB, so 4 MB of archive that a killed visit leaves without rows. Twice as many would save another 2 % of CPU."""
AGE_MAX = timedelta(seconds=1)
PAUSE_MIN_S = 0.2
"""A shorter pause costs the host nothing when its visit is killed: who comes next rests it anew."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How one page ended; *capture* is None when it said nothing new."""

    end: PageEnd
    capture: Capture | None = None
    capture_end: CaptureEnd | None = None
    """None: it waits for its digest."""


class Ledger:
    """The open entries of one visit, and the state of its host."""

    def __init__(self, conn: Connection, archive: Archive, host: str) -> None:
        self.conn = conn
        self.archive = archive
        self._name = host
        self._host: Host | None = None
        self._is_rested = False
        self._entries: list[Entry] = []
        self._since: datetime | None = None

    def host(self) -> Host:
        """Return how the host stands, read once."""
        if self._host is None:
            self._host = hosts.get(self.conn, self._name)
        return self._host

    def forget_host(self) -> None:
        """Read the host again the next time: somebody else in this visit has written it."""
        self._host = None

    def rest(self, host: Host, *, is_blamed: bool = False) -> None:
        """Keep how the host stands after a request; what blames it is written at once, before anything that could be killed."""
        self._host = host
        self._is_rested = True
        if is_blamed:
            self._write_host()

    def add(self, entry: Entry, *, now: datetime) -> None:
        """Keep an entry; what is much or old is written."""
        self._entries.append(entry)
        self._since = self._since or now
        if len(self._entries) >= ENTRIES_MAX or now - self._since >= AGE_MAX:
            self.write()

    def write_before_pause(self, seconds: float) -> None:
        """Write everything when the visit is about to do nothing for a while."""
        if seconds >= PAUSE_MIN_S:
            self.write()

    def write(self) -> None:
        """Write everything, once its bytes are on the disk.

        The host first: whatever becomes of the pages' transaction, it was asked.
        """
        self._write_host()
        entries, self._entries, self._since = self._entries, [], None
        if not entries:
            return
        try:
            self._write(entries)
        except (psycopg.DataError, psycopg.IntegrityError):
            self._write_each(entries)

    def _write_host(self) -> None:
        if self._is_rested and self._host is not None:
            hosts.keep_pace(self.conn, self._host)
            self._is_rested = False

    def _write(self, entries: Sequence[Entry]) -> None:
        taken = [(entry.capture, entry.capture_end) for entry in entries if entry.capture is not None]
        if taken:
            self.archive.sync()  # No row may point to bytes that a power cut can take.
        with self.conn.transaction():
            if taken:
                captures.add(
                    self.conn,
                    [capture for capture, _ in taken],
                    ends=[end for _, end in taken],
                    now=max(capture.fetched_at for capture, _ in taken),
                )
            pages.keep_ends(self.conn, [entry.end for entry in entries])

    def _write_each(self, entries: Sequence[Entry]) -> None:
        """Write all that can be written, then fail by the first that cannot: it takes none with it."""
        failed: psycopg.Error | None = None
        for entry in entries:
            try:
                self._write([entry])
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                failed = failed or error
        if failed is not None:
            raise failed
