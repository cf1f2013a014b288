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
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import psycopg
from psycopg import pq

from etl.errors import Misconfigured
from etl.run import embedded_host, embedded_keeper

DATABASE = "news_etl"
START_S = 120.0
"""Recovery after a crash replays at most max_wal_size (1 GB); that took 20 s on a slow disk."""
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


class _State(NamedTuple):
    port: int
    password: str

    @property
    def dsn(self) -> str:
        return f"postgresql://{DATABASE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"


class Embedded:
    """The server of one data folder, as one of its users sees it; `with Embedded(folder) as dsn:` is the usual form."""

    def __init__(self, folder: Path, *, major: int | None = None, durable: bool = True) -> None:
        """Name the data folder. *major* None: that of the existing cluster, else the newest PostgreSQL here."""
        self._data_folder = folder.resolve()
        self._folder = self._data_folder / "postgres"
        self._cluster = self._folder / "cluster"
        self._wanted_major = major
        self._durable = durable
        self._held: list[int] = []
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
        self._prepare_folder()
        with self._alone():
            # Blocks while a keeper is just stopping the server; it lets go when the server is down.
            self._held = [self._lock("users", fcntl.LOCK_SH), self._lock("present", fcntl.LOCK_SH)]
            try:
                if self._is_served():
                    self._check_major()
                    return self._await_answer(self._read_state()).dsn
                return self._launch().dsn
            except BaseException:
                self._release()
                raise

    def stop(self) -> bool:
        """Stop using the server; return True when we were its last user and it is down."""
        if not self._held:
            return False
        with self._alone():
            present = self._held[1]
            try:
                fcntl.flock(present, fcntl.LOCK_EX | fcntl.LOCK_NB)
                was_last = True
            except BlockingIOError:
                was_last = False
            self._release()
            if was_last:
                os.close(self._lock("serving", fcntl.LOCK_EX))
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
        return descriptor

    @contextmanager
    def _alone(self) -> Generator[None]:
        try:
            descriptor = self._lock("start", fcntl.LOCK_EX)
        except PermissionError as error:
            raise Misconfigured(f"the data folder {self._data_folder} belongs to another user: {error}") from error
        try:
            yield
        finally:
            os.close(descriptor)

    def _release(self) -> None:
        for descriptor in self._held:
            os.close(descriptor)
        self._held = []

    def _is_served(self) -> bool:
        try:
            os.close(self._lock("serving", fcntl.LOCK_EX | fcntl.LOCK_NB))
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

    def _launch(self) -> _State:
        programs = embedded_host.find_programs(self._check_major())
        user = embedded_host.server_user(self._data_folder, self._cluster)
        if user is not None:
            programs = embedded_host.reachable_programs(programs, user, copies=self._folder / "programs")
        self._end_orphan()
        state = self._read_state() if self._cluster.exists() else self._make_cluster(programs, user)
        for _ in range(PORT_ATTEMPTS):
            self._rotate_log()
            state = self._write_state(_State(_free_port(state.port), state.password))
            self._keeper = self._start_keeper(programs, user, state)
            try:
                return self._await_answer(state)
            except _PortTakenError:
                continue
        raise Misconfigured(f"found no free port on 127.0.0.1 in {PORT_ATTEMPTS} attempts")

    def _make_cluster(self, programs: embedded_host.Programs, user: embedded_host.OsUser | None) -> _State:
        aside = self._folder / "cluster.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        state = _State(0, secrets.token_hex(24))
        # initdb wants an empty folder, and the server's user must be able to read the password file.
        password_file = self._folder / "password.new"
        password_file.unlink(missing_ok=True)
        password_file.touch(0o600)
        password_file.write_text(state.password)
        if user is not None:
            for path in (aside, password_file):
                os.chown(path, user.uid, user.gid)
        # C.UTF-8: bytewise order and Unicode upper and lower case, the same on every machine.
        order = ["--locale=C.UTF-8", *(["--locale-provider=builtin"] if programs.major >= 17 else [])]
        command = [programs.bin / "initdb", "-D", aside, "-U", DATABASE, "-E", "UTF8", *order, "--data-checksums"]
        command += ["--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile={password_file}"]
        if not self._durable:
            command += ["--no-sync"]
        elif programs.major >= 17 and sys.platform.startswith("linux"):
            # One call for the file system, not one for each of 1,000 files: 0.3 s instead of 4.5 s on a slow disk.
            command += ["--sync-method=syncfs"]
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False, cwd="/", **_run_as(user)
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Misconfigured(f"cannot run {programs.bin / 'initdb'}{_as(user)}: {error}") from error
        finally:
            password_file.unlink(missing_ok=True)
        if answer.returncode:
            raise Misconfigured(f"initdb failed in {self._data_folder}{_as(user)}: {answer.stderr.strip()[-1000:]}")
        # The password is in place before the cluster is, so a cluster always has one.
        self._write_state(state)
        aside.rename(self._cluster)
        return state

    def _start_keeper(
        self, programs: embedded_host.Programs, user: embedded_host.OsUser | None, state: _State
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

    def _await_answer(self, state: _State) -> _State:
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
                raise Misconfigured(f"the embedded Postgres in {self._data_folder} has just ended: {self._log_tail()}")
            time.sleep(0.02)
        raise Misconfigured(f"the embedded Postgres in {self._data_folder} gave no answer: {self._log_tail()}")

    def _prove(self, state: _State) -> None:
        """Log in, which only our own server allows, and make the database if this is its first start."""
        maintenance = state.dsn.removesuffix(DATABASE) + "postgres"
        try:
            with psycopg.connect(maintenance, autocommit=True, connect_timeout=10) as conn:
                if conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount == 0:
                    conn.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as error:
            raise Misconfigured(f"the embedded Postgres in {self._data_folder} refuses us: {error}") from error

    # What is left of earlier days

    def _end_orphan(self) -> None:
        """End a server whose keeper was killed, and remove a pid file that names nobody or a stranger."""
        pid_file = self._cluster / "postmaster.pid"
        deadline = time.monotonic() + START_S
        while (pid := _pid_in(pid_file)) and _serves(pid, self._cluster):
            if time.monotonic() > deadline:
                raise Misconfigured(f"an earlier server (process {pid}) in {self._data_folder} does not end: end it")
            os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
        pid_file.unlink(missing_ok=True)

    def _read_state(self) -> _State:
        path = self._folder / "server.json"
        try:
            return _State(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise Misconfigured(f"cannot read {path}, which holds the embedded Postgres's password: {error}") from error

    def _write_state(self, state: _State) -> _State:
        aside = self._folder / "server.json.new"
        aside.unlink(missing_ok=True)
        aside.touch(0o600)
        with aside.open("w") as file:
            json.dump(state._asdict(), file)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self._folder / "server.json")
        return state

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


def _run_as(user: embedded_host.OsUser | None) -> dict[str, Any]:
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


def _as(user: embedded_host.OsUser | None) -> str:
    return "" if user is None else f" as {user.name!r}"


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _serves(pid: int, cluster: Path) -> bool:
    """Say whether that process is a server of *cluster* and not a stranger with a reused number."""
    if sys.platform.startswith("linux"):
        try:
            # Every process of a server works in its data folder.
            return Path(f"/proc/{pid}/cwd").readlink() == cluster
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(cluster) in shown.stdout
