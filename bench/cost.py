"""What trees of processes cost: CPU seconds, and the most memory of each process, by the part it plays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg

SAMPLE_S = 0.5


def postmaster_of(conn: psycopg.Connection) -> int:
    """Return the pid of the server at the other end of *conn*, which stands on this machine."""
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return psutil.Process(row[0]).ppid()


def family(roots: Iterable[int]) -> list[psutil.Process]:
    """Return the processes *roots* and all under them that live."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            for each in (process, *process.children(recursive=True)):
                found[each.pid] = each
    return list(found.values())


def cpu_s(roots: Iterable[int]) -> float:
    """Return the CPU seconds of the trees so far; children that ended count with the parent that waited for them."""
    total = 0.0
    for process in family(roots):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def cpu_by_part(roots: Iterable[int]) -> dict[str, float]:
    """Return the CPU seconds of the trees so far by part; children that ended count with the part that waited for them."""
    found: dict[str, float] = {}
    for process in family(roots):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            times = process.cpu_times()
            spent = times.user + times.system + times.children_user + times.children_system
            part = part_of(process)
            found[part] = found.get(part, 0.0) + spent
    return found


def part_of(process: psutil.Process) -> str:
    """Return the part a process plays: worker, reader, scheduler, postgres …"""
    words = process.cmdline()
    if "postgres" in process.name():
        return "postgres"
    if "etl.run.reader" in words:
        return "reader"
    return next((word for word in reversed(words) if word.isalpha()), process.name())


@dataclass(slots=True)
class Memory:
    """Watches the trees in the background; `most` is the largest resident set seen, in MB, by part."""

    roots: Callable[[], Iterable[int]]
    most: dict[str, float] = field(default_factory=dict[str, float])
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        assert self._thread is not None
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            for process in family(self.roots()):
                with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    part, memory = part_of(process), process.memory_info()
                    # What all backends share of Postgres' buffers is no process's own.
                    own = memory.rss - (memory.shared if part == "postgres" else 0)
                    self.most[part] = max(self.most.get(part, 0.0), own / 1e6)

    def __str__(self) -> str:
        return ", ".join(f"{part} {megabytes:.0f}" for part, megabytes in sorted(self.most.items()))
