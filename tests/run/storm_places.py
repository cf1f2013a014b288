"""Where the storm happens: a Postgres that can be crashed, a wire that can go deaf, a disk that can be full, a clock that jumps."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from etl.run import embedded_host
from etl.run.embedded import Embedded, _free_port  # pyright: ignore[reportPrivateUsage]
from etl.run.embedded_cluster import State, make_cluster


class Server:
    """A Postgres server of its own, started and crashed by pg_ctl; durable, for it must survive its crashes."""

    def __init__(self, folder: Path) -> None:
        self._cluster = folder / "cluster"
        self._log = folder / "server.log"
        self._programs = embedded_host.find_programs()
        self._user = embedded_host.server_user(folder, self._cluster)
        if self._user is not None:
            folder.chmod(0o711)
            self._log.touch()
            os.chown(self._log, self._user.uid, self._user.gid)
            self._programs = embedded_host.reachable_programs(self._programs, self._user, copies=folder / "programs")
        state = make_cluster(folder, self._programs, self._user, durable=True)
        self._state = State(_free_port(0), state.password)
        self.dsn = self._state.dsn.rpartition("/")[0] + "/postgres"
        self.start()

    def start(self) -> None:
        # What is written but not synced survives the death of processes, which is all that is crashed here.
        settings = {
            "fsync": "off",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": self._state.port,
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._pg_ctl("-w", "-l", str(self._log), "-o", options, "start")

    def crash(self) -> None:
        self._pg_ctl("-m", "immediate", "stop")

    def close(self) -> None:
        self._pg_ctl("-m", "immediate", "stop", check=False)

    def _pg_ctl(self, *arguments: str, check: bool = True) -> None:
        identity: dict[str, Any] = {}
        if self._user is not None:
            identity = {"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
        command = [str(self._programs.bin / "pg_ctl"), "-D", str(self._cluster), *arguments]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **identity)


class OwnServer:
    """The embedded server of a data folder: nobody starts it again but its own keeper."""

    def __init__(self, folder: Path) -> None:
        self._embedded = Embedded(folder, durable=True)
        self._cluster = folder.resolve() / "postgres" / "cluster"
        self.dsn = self._embedded.start()

    def crash(self) -> None:
        """What `pg_ctl stop -m immediate` sends; to the next server, where the last blow's has not been started again yet."""
        ends_at = time.monotonic() + 120
        while not self._quit():
            if time.monotonic() > ends_at:
                raise TimeoutError("the embedded server was not started again within 120 s of its last crash")
            time.sleep(0.05)

    def _quit(self) -> bool:
        """Whether there was a server that could be told to."""
        try:
            os.kill(int((self._cluster / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGQUIT)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return False
        return True

    def start(self) -> None:
        """Left to the keeper."""

    def close(self) -> None:
        self._embedded.stop()


class Wire:
    """A TCP way to the server on which connections can go deaf: open, and nothing comes through, in either direction.

    *as_sent* says what the server gets for the bytes that a client sent.
    """

    def __init__(self, host: str, port: int, *, as_sent: Callable[[bytes], bytes] = bytes) -> None:
        self._target = (host, port)
        self._as_sent = as_sent
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket, threading.Event]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def deafen(self) -> list[tuple[socket.socket, socket.socket, threading.Event]]:
        """Let every connection that is open now go deaf; return them for `cut`."""
        with self._lock:
            deaf = list(self._pairs)
        for _, _, is_deaf in deaf:
            is_deaf.set()
        return deaf

    def cut(self, pairs: list[tuple[socket.socket, socket.socket, threading.Event]]) -> None:
        for pair in pairs:
            self._close(pair)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut(list(self._pairs))

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server, threading.Event())
            with self._lock:
                self._pairs.append(pair)
            threading.Thread(target=self._carry, args=(pair,), daemon=True).start()

    def _carry(self, pair: tuple[socket.socket, socket.socket, threading.Event]) -> None:
        client, server, is_deaf = pair
        try:
            while not is_deaf.is_set():
                ready, _, _ = select.select([client, server], [], [], 0.2)
                for one in ready:
                    if is_deaf.is_set():
                        return
                    piece = one.recv(65536)
                    if not piece:
                        self._close(pair)
                        return
                    if one is client:
                        server.sendall(self._as_sent(piece))
                    else:
                        client.sendall(piece)
        except (OSError, ValueError):
            self._close(pair)

    def _close(self, pair: tuple[socket.socket, socket.socket, threading.Event]) -> None:
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        for one in pair[:2]:
            with contextlib.suppress(OSError):
                one.close()


class SmallDisk:
    """A file system of its own for the archive, which can be filled to the last byte (Linux, as root)."""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "news-etl-storm", str(folder)],
            check=False,
            capture_output=True,
        )
        self.is_mounted = done.returncode == 0

    def fill(self) -> None:
        with (self.folder / "ballast").open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            piece = bytes(1024 * 1024)
            while True:
                if ballast.write(piece) < len(piece):
                    piece = bytes(512)

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


class Clock:
    """The wall clock of one process (`storm_clock`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.jump(0)

    def jump(self, days: int) -> None:
        aside = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        aside.write_text(str(days * 86_400))
        aside.rename(self.path)


def answers(dsn: str, *, within_s: float = 60.0) -> Iterator[psycopg.Connection]:
    """Yield a connection once the server answers."""
    ends_at = time.monotonic() + within_s
    while True:
        try:
            # What holds a lock may have gone deaf: whoever makes the weather must not wait for it.
            with psycopg.connect(dsn, autocommit=True, connect_timeout=3, options="-c lock_timeout=2000") as conn:
                yield conn
                return
        except psycopg.OperationalError:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.2)
