"""Postgres for one machine: a server of our own in the data folder, without Docker and without an installation.

The folder `postgres` in the data folder holds `cluster` (the database), `server.json` (port and password, 0600),
`server.log` and the lock files. How it stays true when anything is killed:

- Everyone who uses the server holds `users.lock` and `present.lock` shared; the kernel lets go when a process dies.
- A keeper process (`embedded_keeper`) is the server's parent. It holds `serving.lock` as long as the server lives and
  waits for `users.lock`: it gets it when the last user has ended, however that happened, and stops the server.
- `start.lock` serialises start and stop, so "am I the first" and "was I the last" have one answer.
- Alive means that the server answers on its port, never that a pid exists: numbers are reused.
- `initdb` works in a side folder that is renamed when it is complete, so a cluster is never half-made.

The server listens on 127.0.0.1 only, with a random scram password; there is no unix socket and no `trust`.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import pq

from etl.errors import Misconfigured
from etl.run import embedded_host, embedded_keeper
from etl.run.embedded_cluster import DATABASE, State, end_orphan, make_cluster, read_state, write_state

START_S = 120.0
"""Recovery after a crash replays up to max_wal_size (1 GB) before the server answers."""
KEEPER_ENDS_S = 1.0
PORT_ATTEMPTS = 5
LOG_MAX_BYTES = 10_000_000
ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "jit": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
}
"""For a database that nobody will miss: it survives the death of its processes, not of the machine."""


_in_this_process: weakref.WeakSet[Embedded] = weakref.WeakSet()


def _forget_in_child() -> None:
    # A forked worker that outlives our last use would hold the locks, and `stop` would wait for it for ever.
    for user in tuple(_in_this_process):
        user.forget()


os.register_at_fork(after_in_child=_forget_in_child)


class Embedded:
    """The server of one data folder, as one of its users sees it; `with Embedded(folder) as dsn:` is the usual form."""

    def __init__(self, folder: Path, *, major: int | None = None, durable: bool = True) -> None:
        """Name the data folder. *major* None: that of the existing cluster, else the newest PostgreSQL here."""
        self._data_folder = folder.resolve()
        self._folder = self._data_folder / "postgres"
        self._cluster = self._folder / "cluster"
        self._wanted_major = major
        self._durable = durable
        self._locks: set[int] = set()
        self._mine: tuple[int, int] | None = None
        _in_this_process.add(self)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def major(self) -> int | None:
        """The major version of the cluster in the folder, or None when there is none yet."""
        version = self._cluster / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def start(self) -> str:
        """Make, start or attach to the server and return its DSN. Raises Misconfigured in words for the operator."""
        assert self._mine is None, "started twice"
        self._prepare_folder()
        with self._alone():
            # Blocks while a keeper is just stopping the server; it lets go when the server is down.
            self._mine = (self._lock("users", fcntl.LOCK_SH), self._lock("present", fcntl.LOCK_SH))
            try:
                if self._is_served():
                    self._check_major()
                    with suppress(_HasEndedError):
                        return self._await_answer(read_state(self._folder)).dsn
                return self._launch().dsn
            except BaseException:
                self._release()
                raise

    def forget(self) -> None:
        """Stop being a user without a word to anybody: for the child of a fork, which shares its parent's locks."""
        for descriptor in self._locks:
            os.close(descriptor)
        self._locks.clear()
        self._mine = self._keeper = None

    def stop(self) -> bool:
        """Stop using the server; return True when we were its last user and it is down."""
        if self._mine is None:
            return False
        with self._alone():
            try:
                fcntl.flock(self._mine[1], fcntl.LOCK_EX | fcntl.LOCK_NB)
                was_last = True
            except BlockingIOError:
                was_last = False
            self._release()
            if was_last:
                self._unlock(self._lock("serving", fcntl.LOCK_EX))
            if self._keeper is not None and was_last:
                self._keeper.wait()
                self._keeper = None
        return was_last

    # The folder and its locks

    def _prepare_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            user = embedded_host.server_user(self._data_folder, self._cluster)
            if user is None:
                self._folder.chmod(0o700)
                return
            if closed := embedded_host.closed_parent(self._data_folder, user):
                raise Misconfigured(
                    f"PostgreSQL never runs as root, so it would run as {user.name!r}, who cannot enter {closed} on "
                    f"the way to the data folder {self._data_folder}: set NEWS_ETL_DATA_DIR to a folder that "
                    f"{user.name!r} can reach (for example /var/lib/news-etl), or do not run news-etl as root"
                )
            for ours in (self._data_folder, self._folder):
                if not embedded_host.allows(ours, user, bits=1):
                    ours.chmod(ours.stat().st_mode | 0o011)
        except PermissionError as error:
            raise Misconfigured(f"the data folder {self._data_folder} is not ours to use: {error}") from error
        except OSError as error:
            raise Misconfigured(f"the data folder {self._data_folder} cannot be made: {error}") from error

    def _lock(self, name: str, kind: int) -> int:
        path = self._folder / f"{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, kind)
        except BaseException:
            os.close(descriptor)
            raise
        self._locks.add(descriptor)
        return descriptor

    def _unlock(self, descriptor: int) -> None:
        self._locks.discard(descriptor)
        os.close(descriptor)

    def _release(self) -> None:
        for descriptor in self._mine or ():
            self._unlock(descriptor)
        self._mine = None

    @contextmanager
    def _alone(self) -> Generator[None]:
        try:
            start = self._lock("start", fcntl.LOCK_EX)
        except PermissionError as error:
            raise Misconfigured(f"the data folder {self._data_folder} belongs to another user: {error}") from error
        try:
            yield
        finally:
            self._unlock(start)

    def _is_served(self) -> bool:
        try:
            self._unlock(self._lock("serving", fcntl.LOCK_SH | fcntl.LOCK_NB))
        except BlockingIOError:
            return True
        return False

    # Making and starting

    def _check_major(self) -> int | None:
        if self._wanted_major and self.major and self.major != self._wanted_major:
            raise Misconfigured(
                f"the data folder {self._data_folder} holds a database of PostgreSQL {self.major}, "
                f"not {self._wanted_major}: dump it with {self.major}'s pg_dump and restore it into a new data folder"
            )
        return self.major or self._wanted_major

    def _launch(self) -> State:
        programs = embedded_host.find_programs(self._check_major())
        user = embedded_host.server_user(self._data_folder, self._cluster)
        if user is not None:
            programs = embedded_host.reachable_programs(programs, user, copies=self._folder / "programs")
        end_orphan(self._cluster)
        state = (
            read_state(self._folder)
            if self._cluster.exists()
            else make_cluster(self._folder, programs, user, durable=self._durable)
        )
        for _ in range(PORT_ATTEMPTS):
            self._rotate_log()
            state = write_state(self._folder, State(_free_port(state.port), state.password))
            self._keeper = self._start_keeper(programs, user, state)
            try:
                return self._await_answer(state)
            except _PortTakenError:
                continue
        raise Misconfigured(f"found no free port on 127.0.0.1 in {PORT_ATTEMPTS} attempts")

    def _start_keeper(
        self, programs: embedded_host.Programs, user: embedded_host.OsUser | None, state: State
    ) -> subprocess.Popen[bytes]:
        settings = {**ALWAYS, **({} if self._durable else THROWAWAY), "port": str(state.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        order = {
            "command": [str(programs.bin / "postgres"), "-D", str(self._cluster), *options],
            "folder": str(self._folder),
            "uid": user.uid if user else None,
            "gid": user.gid if user else None,
        }
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", embedded_keeper.__file__, json.dumps(order)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )

    def _await_answer(self, state: State) -> State:
        deadline = time.monotonic() + START_S
        address = f"host=127.0.0.1 port={state.port} connect_timeout=2".encode()
        while time.monotonic() < deadline:
            if pq.PGconn.ping(address) == pq.Ping.OK and self._is_served():
                self._prove(state)
                return state
            if self._keeper is not None and self._keeper.poll() is not None:
                self._keeper = None
                if "Address already in use" in self._log_tail():
                    raise _PortTakenError
                raise Misconfigured(f"the embedded Postgres in {self._data_folder} did not start: {self._log_tail()}")
            if self._keeper is None and not self._is_served():
                raise _HasEndedError
            time.sleep(0.02)
        raise Misconfigured(f"the embedded Postgres in {self._data_folder} gave no answer: {self._log_tail()}")

    def _prove(self, state: State) -> None:
        """Log in, which only our own server allows, and make the database if this is its first start."""
        maintenance = state.dsn.removesuffix(DATABASE) + "postgres"
        try:
            with psycopg.connect(maintenance, autocommit=True, connect_timeout=10) as conn:
                if conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount == 0:
                    conn.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as error:
            if self._keeper is None and self._ends_soon():
                raise _HasEndedError from error
            raise Misconfigured(f"the embedded Postgres in {self._data_folder} refuses us: {error}") from error

    def _ends_soon(self) -> bool:
        # A killed keeper lets go of its lock when the last of its threads has ended, a moment after the server is told.
        deadline = time.monotonic() + KEEPER_ENDS_S
        while self._is_served():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _rotate_log(self) -> None:
        log = self._folder / "server.log"
        if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
            log.rename(self._folder / "server.log.1")
        self._log_start = log.stat().st_size if log.exists() else 0

    def _log_tail(self) -> str:
        log = self._folder / "server.log"
        return (
            log.read_bytes()[self._log_start :][-1500:].decode(errors="replace").strip() if log.exists() else "no log"
        )


class _HasEndedError(Exception):
    """The server that was to be attached to was on its way down: its keeper had just been killed."""


class _PortTakenError(Exception):
    """Somebody took the port between our look and the server's start."""


def _free_port(preferred: int) -> int:
    """Return *preferred* if it is free (so that a person's psql settings live on), else any free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Misconfigured("no free port on 127.0.0.1")
