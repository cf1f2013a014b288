"""Who reads pages: child processes that can die.

A page may crash the interpreter, eat all memory or never end. So pages are read in children (`etl.run.reader`) with a memory
limit and a deadline per page, which are replaced after PAGES_PER_CHILD pages. When a child dies or is too late, the page it was
on is given to another child, first in line, for the page need not be to blame (a machine short of memory ends processes, too).
When that one fails as well, the page is answered with an outcome (`crashed`, `too_slow`) and kept for replay; the pages behind it
go to another child.

Children are programs of their own, not forks: they inherit no connection, no lock and no thread, and whatever the caller's main
module is, it is not run again.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from time import monotonic
from types import TracebackType

from etl.errors import Misconfigured
from etl.flow.reading import Reading
from etl.model import Capture
from etl.recipe.shelf import Shelf
from etl.run.lean import send_lean
from etl.run.reader import READY, unread
from etl.run.tray import PLACES, Tray, new_tray

PAGES_PER_CHILD = 5_000
"""A leak of 10 KB a page would cost 50 MB by then."""
PAGES_AHEAD = PLACES
"""Sent to a child before it has answered: it never waits for us, and few have to be sent again when it dies."""
PAGE_MAX_S = 12.0
"""The slowest page of the open corpora takes 0.3 s, the fuzzed ones less than 2 s."""
BATCH_MAX_S = 30.0
"""Longer than two tries of one slow page, so each batch settles some; shorter than a transaction may be idle (`store.pool`)."""
START_MAX_S = 60.0
"""A child is there in 0.4 s; on a machine that swaps it may take a while."""

FAILED = ("crashed", "too_slow")

Page = tuple[Capture, bytes | None]
"""A capture with its body; without one, the child reads it from the archive."""


class Readers:
    """A few child processes that read pages for one caller at a time."""

    def __init__(self, count: int, *, shelf: Shelf | None, archive: str | None = None) -> None:
        send_lean()
        self._children = [_Child(shelf, archive) for _ in range(max(1, count))]

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, pages: Sequence[Page], *, at_most_s: float | None = None) -> list[Reading]:
        """Return the reading of each page, in their order. Never raises for what is in a page.

        With *at_most_s*, what is not read by then is left out: the caller asks for it again.
        """
        readings: list[Reading | None] = [None] * len(pages)
        waiting = deque(range(len(pages)))
        suspects: set[int] = set()
        over_at = None if at_most_s is None else monotonic() + at_most_s
        while waiting or any(child.ahead for child in self._children):
            if over_at is not None and monotonic() > over_at:
                self.close()
                break
            for child in self._children:
                child.send(pages, waiting)
            busy = [child for child in self._children if child.ahead]
            ready = _answered([child.pipe for child in busy], until=min(child.ends_at for child in busy))
            for child in busy:
                if child.pipe.fileno() in ready:
                    number, reading = child.receive(pages, waiting)
                elif monotonic() >= child.ends_at:
                    number, reading = child.give_up(pages, waiting, "too_slow", f"not read after {PAGE_MAX_S:g} s")
                else:
                    continue
                if reading.outcome in FAILED and number not in suspects:
                    suspects.add(number)
                    waiting.appendleft(number)
                else:
                    readings[number] = reading
        return [reading for reading in readings if reading is not None]

    def close(self) -> None:
        """End the children."""
        for child in self._children:
            child.stop()


def _answered(pipes: Sequence[Connection], *, until: float) -> set[int]:
    """Wait until one of the pipes has something to be read, or ended; return the numbers of those that do.

    `multiprocessing.connection.wait` does the same and makes a selector of Python for it, at each page.
    """
    poll = select.poll()
    for pipe in pipes:
        poll.register(pipe.fileno(), select.POLLIN)
    return {number for number, _ in poll.poll(1000 * max(0.0, until - monotonic()))}


class _Child:
    """One child process, and the pages it was given, the one it is on first."""

    def __init__(self, shelf: Shelf | None, archive: str | None) -> None:
        self._given = (shelf, archive)
        self._process: subprocess.Popen[bytes] | None = None
        self._tray: Tray | None = None
        self._read = 0
        self.ahead: deque[int] = deque()
        self.ends_at = 0.0
        self.pipe: Connection

    def send(self, pages: Sequence[Page], waiting: deque[int]) -> None:
        """Give the child more to do; one that has read enough gets nothing until it is replaced."""
        if not self.ahead and self._read >= PAGES_PER_CHILD:
            self.stop()
        if not waiting:
            return
        if self._process is None:
            self._start()
        while waiting and len(self.ahead) < PAGES_AHEAD:
            number = waiting.popleft()
            if not self.ahead:
                self.ends_at = monotonic() + PAGE_MAX_S
            self.ahead.append(number)
            try:
                capture, body = pages[number]
                self.pipe.send((capture, self._tray.lay(body) if self._tray is not None else body))
            except OSError:  # It died: `receive` finds out and gives the pages back.
                return

    def receive(self, pages: Sequence[Page], waiting: deque[int]) -> tuple[int, Reading]:
        """Return the next answer; the page that killed the child is answered by its death."""
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            return self.give_up(pages, waiting, "crashed", self._last_words())
        self._read += 1
        self.ends_at = monotonic() + PAGE_MAX_S
        return self.ahead.popleft(), answer

    def give_up(self, pages: Sequence[Page], waiting: deque[int], outcome: str, why: str) -> tuple[int, Reading]:
        """End the child; the page it was on is the reason, those behind it go back to the others."""
        number = self.ahead.popleft()
        while self.ahead:
            waiting.appendleft(self.ahead.pop())
        self.stop()
        return number, unread(pages[number][0], outcome, why)

    def stop(self) -> None:
        if self._process is not None:
            self.pipe.close()
            self._process.kill()
            self._process.wait()
        if self._tray is not None:
            self._tray.close()
        self._process = self._tray = None
        self.ahead.clear()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        given = [theirs.fileno()]
        if (made := new_tray()) is not None:
            self._tray, tray_number = made
            given.append(tray_number)
        try:
            command = [sys.executable, "-m", "etl.run.reader", *map(str, given)]
            self._process = subprocess.Popen(command, pass_fds=given, stdin=subprocess.DEVNULL)
        finally:
            theirs.close()
            for number in given[1:]:
                os.close(number)
        self.pipe = Connection(ours.detach())
        self._read = 0
        if not self._is_ready():
            code = self._process.poll()
            self.stop()
            raise Misconfigured(f"the process that reads pages does not start (exit code {code})")

    def _is_ready(self) -> bool:
        try:
            self.pipe.send(self._given)
            return self.pipe.poll(START_MAX_S) and self.pipe.recv() == READY
        except (EOFError, OSError):
            return False

    def _last_words(self) -> str:
        assert self._process is not None
        code = self._process.wait(timeout=5)
        if code < 0:
            return f"the reader was ended by {signal.Signals(-code).name}"
        return f"the reader ended with {code}"


def read_archived(readers: Readers, waiting: Sequence[Capture]) -> list[Reading]:
    """Read captures whose bytes are in the archive: all of them, unless they are slow."""
    return readers.read([(capture, None) for capture in waiting], at_most_s=BATCH_MAX_S)
