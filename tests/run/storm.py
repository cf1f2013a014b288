"""A storm over the whole service: its processes are killed, frozen and cut off at random moments while it reads a press.

The service runs as on a server: schedulers and workers as processes of their own, started again when they die. What it must have
stored is known beforehand (`storm_press`), and is compared after every edition. See `bench/crash.py` for the long form.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.run.scheduler import LEADER_LOCK
from etl.store import health
from etl.store.migrate import migrate
from tests.cli.program import environment
from tests.run.storm_places import Clock, OwnServer, Server, SmallDisk, Wire, answers
from tests.run.storm_press import StormPress
from tests.run.storm_verdict import differences, lagging, let_time_pass

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ("worker", "reader", "scheduler", "all", "postgres", "freeze", "cut", "deaf", "disk", "clock")
FROZEN_S = (20.0, 50.0)
"""Longer and shorter than the lease of a worker (`etl.run.queue.STALLED_AFTER_S`)."""
DISK_FULL_S = (2.0, 6.0)
DEAF_S = (15.0, 45.0)
JUMPED_S = (5.0, 20.0)
RESTART_S = 0.5
SETTLE_S = 120.0


@dataclass(slots=True)
class Part:
    """One process of the service, started again when it ends."""

    name: str
    command: str
    clock: Clock
    process: subprocess.Popen[bytes] | None = None
    starts_at: float = 0.0
    starts: int = 0


@dataclass(frozen=True, slots=True)
class Storm:
    """What is to happen."""

    hosts: int
    pages: int
    moments: int
    every_s: float
    """The mean time between two moments."""
    seed: int
    faults: Sequence[str] = FAULTS
    embedded: bool = False
    workers: int = 2
    schedulers: int = 2
    at_most_s: float = float("inf")
    """After so long there are no more moments, whatever is left of them."""


@dataclass(slots=True)
class Result:
    moments: Counter[str] = field(default_factory=Counter[str])
    editions: int = 0
    pages: int = 0
    versions: int = 0
    requests: int = 0
    took_s: float = 0.0
    restarts: int = 0
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    """Faults that this machine cannot make, and why."""
    differences: list[str] = field(default_factory=list[str])


class Weather:
    """The service in a folder, and what can be done to it."""

    def __init__(self, storm: Storm, folder: Path, *, say: Callable[[str], None] = lambda _: None) -> None:
        self.storm = storm
        self.result = Result()
        self._say = say
        self._dice = random.Random(storm.seed)
        self._undo: list[tuple[float, Callable[[], None]]] = []
        self._began = time.monotonic()
        self._open = ExitStack()
        self._folder = folder
        self._log = folder / "parts.log"

    def __enter__(self) -> Self:
        storm, folder = self.storm, self._folder
        folder.chmod(0o711)  # For the user that the server runs as.
        now = datetime.now(UTC)
        press = StormPress(hosts=storm.hosts, pages=storm.pages, seed=storm.seed, now=now)
        self.press = self._open.enter_context(press)
        self.press.recipes_folder(folder / "recipes")
        (folder / "data").mkdir()
        self.server = OwnServer(folder / "data") if storm.embedded else Server(folder)
        self._open.callback(self.server.close)
        migrate(self.server.dsn)
        self.disk = SmallDisk(folder / "archive", megabytes=storm.pages // 20 + 64)
        self._open.callback(self.disk.close)
        self._wire()
        names = [("scheduler", n) for n in range(storm.schedulers)] + [("worker", n) for n in range(storm.workers)]
        self.parts = [Part(f"{kind}-{n}", kind, Clock(folder / f"{kind}-{n}.clock")) for kind, n in names]
        self._open.callback(self._end_parts)
        self._leave_out()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _wire(self) -> None:
        place = conninfo_to_dict(self.server.dsn)
        self.wire = Wire(str(place["host"]), int(str(place["port"])))
        self._open.callback(self.wire.close)
        self._env = environment(
            NEWS_ETL_DATABASE_URL=make_conninfo(self.server.dsn, port=self.wire.port),
            NEWS_ETL_DATA_DIR=str(self._folder / "data"),
            NEWS_ETL_RECIPES_DIR=str(self._folder / "recipes"),
            NEWS_ETL_ARCHIVE=str(self.disk.folder),
            NEWS_ETL_OPEN_ADDRESSES="127.0.0.0/8:0-65535",
            NEWS_ETL_HOST_SPACING_S="0",
            NEWS_ETL_HOST_DAILY_BUDGET="10000000",
            NEWS_ETL_LOG_FORMAT="json",
            PYTHONPATH=str(ROOT),
        )

    def _leave_out(self) -> None:
        if not self.disk.is_mounted:
            self.result.left_out["disk"] = "no file system can be mounted here (root only)"

    def run(self) -> Result:
        """Let edition follow edition until all moments have been; compare after each, and once more at the end."""
        chosen = [fault for fault in self.storm.faults if fault not in self.result.left_out]
        left = self.storm.moments
        while True:
            self._begin_edition()
            left = self._through(left, chosen)
            self._settle()
            gold = self.press.gold()
            with_faults = f"edition {self.press.edition}: {sum(self.result.moments.values())} moments"
            found = self._compare()
            self._say(f"{with_faults}, {len(gold.versions)} pages, {len(found)} differences")
            if found or not left:
                break
            self.press.turn_page()
        gold = self.press.gold()
        self.result.differences = found
        self.result.editions = self.press.edition
        self.result.pages = len(gold.versions)
        self.result.versions = sum(map(len, gold.versions.values()))
        self.result.requests = self.press.requests()
        self.result.restarts = sum(part.starts - 1 for part in self.parts)
        self.result.took_s = time.monotonic() - self._began
        return self.result

    def _begin_edition(self) -> None:
        self._edition_at = datetime.now(UTC)
        self._pages = len(self.press.gold().versions)
        for conn in answers(self.server.dsn):
            conn.execute("UPDATE etl.sources SET next_poll_at = now()")
            conn.execute("UPDATE etl.pages SET next_visit_at = now()")

    def _through(self, left: int, chosen: Sequence[str]) -> int:
        """Strike while there is work; return how many moments are left for the next edition."""
        next_at = time.monotonic() + self._dice.expovariate(1 / self.storm.every_s)
        look_at = 0.0
        while left:
            self._look_after()
            if time.monotonic() - self._began > self.storm.at_most_s:
                return 0
            if time.monotonic() >= next_at:
                left -= self._strike(self._dice.choice(list(chosen)))
                next_at = time.monotonic() + self._dice.expovariate(1 / self.storm.every_s)
            if time.monotonic() >= look_at:
                if not self._lag():
                    break
                look_at = time.monotonic() + 1.0
            time.sleep(0.05)
        return left

    def _settle(self) -> None:
        """Calm the weather and wait until nothing is left to do."""
        for _, undo in self._undo:
            undo()
        self._undo.clear()
        ends_at = time.monotonic() + SETTLE_S
        while lag := self._lag():
            self._look_after()
            if time.monotonic() > ends_at:
                self._say(f"not settled: {lag}")
                return
            time.sleep(0.25)

    def _lag(self) -> dict[str, int]:
        try:
            for conn in answers(self.server.dsn, within_s=60.0):
                let_time_pass(conn)
                return lagging(conn, since=self._edition_at, sources=self.storm.hosts, pages=self._pages)
        except psycopg.OperationalError:
            return {"the database answers": 0}
        return {}

    def _compare(self) -> list[str]:
        found: list[str] = [f"not settled: {lag}"] if (lag := self._lag()) else []
        for conn in answers(self.server.dsn):
            found += differences(conn, self.press.gold(), archive=self.disk.folder)
        return found

    # The parts

    def _look_after(self) -> None:
        now = time.monotonic()
        for due in [entry for entry in self._undo if entry[0] <= now]:
            self._undo.remove(due)
            due[1]()
        for part in self.parts:
            if part.process is not None and part.process.poll() is not None:
                part.process, part.starts_at = None, now + RESTART_S
            if part.process is None and now >= part.starts_at:
                part.process = self._start(part)
                part.starts += 1

    def _start(self, part: Part) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.run.storm_clock", str(part.clock.path), part.command]
        with self._log.open("ab") as said:
            return subprocess.Popen(
                command, env=self._env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            )

    def _end_parts(self) -> None:
        for part in self.parts:
            if part.process is not None:
                _signal_group(part.process, signal.SIGKILL)
                part.process.wait()

    def _running(self, kind: str = "") -> list[Part]:
        return [part for part in self.parts if part.command.startswith(kind) and part.process is not None]

    # What happens to them

    def _strike(self, fault: str) -> bool:
        """Let it happen; return whether there was something that it could happen to."""
        what: str | None = getattr(self, f"_{fault}")()
        if what is not None:
            self.result.moments[fault] += 1
            self._say(f"{time.monotonic() - self._began:7.1f} s  {fault}: {what}")
        return what is not None

    def _later(self, span_s: tuple[float, float], undo: Callable[[], None]) -> float:
        wait_s = self._dice.uniform(*span_s)
        self._undo.append((time.monotonic() + wait_s, undo))
        return wait_s

    def _worker(self) -> str | None:
        return self._kill(self._running("worker"))

    def _scheduler(self) -> str | None:
        return self._kill(self._running("scheduler"))

    def _kill(self, parts: list[Part]) -> str | None:
        if not parts:
            return None
        part = self._dice.choice(parts)
        assert part.process is not None
        part.process.kill()
        return part.name

    def _reader(self) -> str | None:
        readers = [child for part in self._running("worker") for child in children_of(part.process) if is_reader(child)]
        if not readers:
            return None
        os.kill(self._dice.choice(readers), signal.SIGKILL)
        return "a digest child"

    def _all(self) -> str:
        for part in self._running():
            _signal_group(part.process, signal.SIGKILL)
        return f"{len(self._running())} processes and their children"

    def _postgres(self) -> str:
        self.server.crash()
        time.sleep(self._dice.uniform(0.0, 4.0))
        self.server.start()
        return "immediate stop and start"

    def _freeze(self) -> str | None:
        parts = self._running()
        if not parts:
            return None
        part = self._dice.choice(parts)
        process = part.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        return f"{part.name} for {self._later(FROZEN_S, lambda: _go_on(process)):.0f} s"

    def _cut(self) -> str:
        for conn in answers(self.server.dsn):
            rows = conn.execute(
                """
                SELECT pg_terminate_backend(pid)
                FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() < %s
                """,
                [self._dice.choice((0.1, 0.5, 1.0))],
            ).fetchall()
            return f"{len(rows)} connections"
        return "none"

    def _deaf(self) -> str:
        pairs = self.wire.deafen()
        return f"{len(pairs)} connections for {self._later(DEAF_S, lambda: self.wire.cut(pairs)):.0f} s"

    def _disk(self) -> str:
        self.disk.fill()
        return f"full for {self._later(DISK_FULL_S, self.disk.free):.0f} s"

    def _clock(self) -> str:
        part = self._dice.choice(self.parts)
        days = self._dice.choice((-1, 1))
        part.clock.jump(days)
        return f"{part.name} by {days:+d} day for {self._later(JUMPED_S, lambda: part.clock.jump(0)):.0f} s"


def children_of(process: subprocess.Popen[bytes] | None) -> list[int]:
    """Return the child processes of a process (Linux)."""
    if process is None:
        return []
    found: list[int] = []
    for tasks in Path(f"/proc/{process.pid}/task").glob("*/children"):
        try:
            found += [int(pid) for pid in tasks.read_text().split()]
        except OSError:
            continue
    return found


def is_reader(pid: int) -> bool:
    try:
        return b"etl.run.reader" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def leader_since(dsn: str) -> datetime | None:
    """Return since when the scheduler that leads is connected."""
    with psycopg.connect(dsn) as conn:
        leader = health.leader(conn, lock_key=LEADER_LOCK)
    return leader.since if leader else None


def _signal_group(process: subprocess.Popen[bytes] | None, number: signal.Signals) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _go_on(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
