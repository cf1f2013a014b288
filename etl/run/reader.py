"""A child process that reads pages, one after the other, until its parent closes the pipe (see `etl.run.readers`)."""

from __future__ import annotations

import gc
import importlib
import pickle
import resource
import signal
import sys
from multiprocessing.connection import Connection

from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.flow.reading import Reading, read_capture, spell
from etl.model import Capture
from etl.recipe.shelf import Shelf
from etl.run.lean import send_lean
from etl.run.tray import Laid, Tray

READY = "ready"
MEMORY_MAX_BYTES = 3_000_000_000
"""Address space, so more than what is used: a child has 150 MB in use when it reads pages of 3 MB."""


def serve(pipe: Connection, tray: Tray | None = None) -> None:
    """Read what comes: first (shelf, archive), then pages as (capture, body, or where it lies on *tray*, or None)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the parent decides.
    if sys.platform != "darwin":  # macOS accepts the limit and does not keep it.
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    shelf, place = pipe.recv()
    archive = Archive(place) if place is not None else None
    send_lean()
    gc.disable()  # What is being loaded is no garbage: looking for it takes a tenth of the time.
    importlib.import_module("etl.extract.article")  # Before the first page comes, whose time is limited.
    gc.freeze()  # A page makes thousands of small objects and no cycles worth looking for: it cost 0.6 ms a page of 12.
    gc.set_threshold(50_000)
    gc.enable()
    pipe.send(READY)
    while True:
        try:
            capture, body = pipe.recv()
        except (EOFError, OSError):
            return
        if isinstance(body, Laid):
            assert tray is not None
            body = tray.take(body)
        pipe.send_bytes(pickle.dumps(_answer(capture, body, archive, shelf), pickle.HIGHEST_PROTOCOL))


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


def unread(capture: Capture, outcome: str, why: str) -> Reading:
    """Return the reading of a page that could not be read."""
    asked = spell(capture.url)
    return Reading(capture, asked, asked, outcome, why)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), Tray.of_child(int(sys.argv[2])) if len(sys.argv) > 2 else None)
