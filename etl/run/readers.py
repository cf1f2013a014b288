"""Who reads pages: child processes that can die.

A page may crash the interpreter, eat all memory or never end. So pages are read in children with a memory limit and a
deadline per page, which are replaced after PAGES_PER_CHILD pages. When a child dies or is too late, the page it was on is
answered with an outcome (`crashed`, `too_slow`) and kept for replay; the pages behind it go to another child.

Children are forked from a server process that has imported everything once and has no threads (`forkserver`): a new child
inherits no connection and no lock.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
import sys
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from time import monotonic
from types import TracebackType

from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.flow.reading import Reading, read_capture, spell
from etl.model import Capture
from etl.recipe.shelf import Shelf

PAGES_PER_CHILD = 5_000
"""A leak of 10 KB a page would cost 50 MB by then."""
PAGES_AHEAD = 4
"""Sent to a child before it has answered: it never waits for us, and few have to be sent again when it dies."""
PAGE_MAX_S = 20.0
"""The slowest page of the open corpora takes 0.3 s, the fuzzed ones less than 2 s."""
CHILD_MAX_BYTES = 3_000_000_000
"""Address space, so more than what is used: a child has 150 MB in use when it reads pages of 3 MB."""

Page = tuple[Capture, bytes | None]
"""A capture with its body; without one, the child reads it from the archive."""


class Readers:
    """A few child processes that read pages for one caller at a time."""

    def __init__(self, count: int, *, shelf: Shelf | None, archive: str | None = None) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["etl.run.readers"])
        self._children = [_Child(context, shelf, archive) for _ in range(max(1, count))]

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, pages: Sequence[Page]) -> list[Reading]:
        """Return the reading of each page, in their order. Never raises for what is in a page."""
        readings: list[Reading | None] = [None] * len(pages)
        waiting = deque(range(len(pages)))
        while waiting or any(child.ahead for child in self._children):
            for child in self._children:
                child.send(pages, waiting)
            busy = [child for child in self._children if child.ahead]
            ends_in_s = max(0.0, min(child.ends_at for child in busy) - monotonic())
            ready = set(wait([child.pipe for child in busy], timeout=ends_in_s))
            for child in busy:
                if child.pipe in ready:
                    number, reading = child.receive(pages, waiting)
                elif monotonic() >= child.ends_at:
                    number, reading = child.give_up(pages, waiting, "too_slow", f"not read after {PAGE_MAX_S:g} s")
                else:
                    continue
                readings[number] = reading
        return [reading for reading in readings if reading is not None]

    def close(self) -> None:
        """End the children."""
        for child in self._children:
            child.stop()


class _Child:
    """One child process, and the pages it was given, the one it is on first."""

    def __init__(self, context: ForkServerContext, shelf: Shelf | None, archive: str | None) -> None:
        self._context = context
        self._arguments = (shelf, archive)
        self._process: BaseProcess | None = None
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
                self.pipe.send(pages[number])
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
            self._process.join()
            self._process.close()
        self._process = None
        self.ahead.clear()

    def _start(self) -> None:
        self.pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._read = 0

    def _last_words(self) -> str:
        assert self._process is not None
        self._process.join(timeout=5)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"the reader was ended by {signal.Signals(-code).name}"
        return f"the reader ended with {code}"


def unread(capture: Capture, outcome: str, why: str) -> Reading:
    """Return the reading of a page that could not be read."""
    asked = spell(capture.url)
    return Reading(capture, asked, asked, outcome, why)


def _serve(pipe: Connection, shelf: Shelf | None, archive_root: str | None) -> None:
    """Read pages until the other side closes. A memory error of a page is that page's outcome."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the parent decides.
    if sys.platform != "darwin":  # macOS accepts the limit and does not keep it.
        resource.setrlimit(resource.RLIMIT_AS, (CHILD_MAX_BYTES, CHILD_MAX_BYTES))
    archive = Archive(archive_root) if archive_root is not None else None
    while True:
        try:
            capture, body = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_answer(capture, body, archive, shelf))


def _answer(capture: Capture, body: bytes | None, archive: Archive | None, shelf: Shelf | None) -> Reading:
    try:
        if body is None:
            assert archive is not None
            body = archive.read(capture.place).body
        return read_capture(capture, body, shelf=shelf)
    except NewsEtlError as error:
        return unread(capture, error.code, str(error))
    except MemoryError:
        return unread(capture, "crashed", "more memory than a page may take")
    except RecursionError as error:
        return unread(capture, "crashed", f"nested too deep: {error}")


def read_archived(readers: Readers, waiting: Sequence[Capture]) -> list[Reading]:
    """Read captures whose bytes are in the archive."""
    return readers.read([(capture, None) for capture in waiting])
