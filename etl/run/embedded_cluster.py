"""The files of an embedded server: its cluster, its port and password, and what a killed server left behind.

Nothing here is ever half-done: `initdb` works in a side folder that is renamed when it is complete, and the state file
is written aside and renamed. The password stands in it before the cluster does, so a cluster always has one.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from etl.errors import Misconfigured
from etl.run.embedded_host import OsUser, Programs

DATABASE = "news_etl"
END_S = 120.0
"""What an earlier server may take to shut down."""


class State(NamedTuple):
    """How to reach the server."""

    port: int
    password: str

    @property
    def dsn(self) -> str:
        return f"postgresql://{DATABASE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"


def read_state(folder: Path) -> State:
    """Return the port and the password of the server in *folder*."""
    path = folder / "server.json"
    try:
        return State(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(f"cannot read {path}, which holds the embedded Postgres's password: {error}") from error


def write_state(folder: Path, state: State) -> State:
    """Keep the port and the password for the next start and for other processes; only we can read them."""
    aside = folder / "server.json.new"
    aside.unlink(missing_ok=True)
    aside.touch(0o600)
    with aside.open("w") as file:
        json.dump(state._asdict(), file)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(folder / "server.json")
    return state


def make_cluster(folder: Path, programs: Programs, user: OsUser | None, *, durable: bool) -> State:
    """Make the cluster in *folder*, owned by *user* (None: by us), with a password of its own."""
    aside = folder / "cluster.new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    state = State(0, secrets.token_hex(24))
    # initdb wants an empty folder, and the server's user must be able to read the password file.
    password_file = folder / "password.new"
    password_file.unlink(missing_ok=True)
    password_file.touch(0o600)
    password_file.write_text(state.password)
    if user is not None:
        for path in (aside, password_file):
            os.chown(path, user.uid, user.gid)
    try:
        _initdb(
            programs, user, [f"--pgdata={aside}", f"--pwfile={password_file}", *_syncing(programs, durable=durable)]
        )
    finally:
        password_file.unlink(missing_ok=True)
    write_state(folder, state)
    aside.rename(folder / "cluster")
    return state


def _syncing(programs: Programs, *, durable: bool) -> list[str]:
    if not durable:
        return ["--no-sync"]
    # One call for the file system, not one for each of 1,000 files: 0.3 s instead of 4.5 s on a slow disk.
    return ["--sync-method=syncfs"] if programs.major >= 17 and sys.platform.startswith("linux") else []


def _initdb(programs: Programs, user: OsUser | None, options: list[str]) -> None:
    # C.UTF-8: bytewise order and Unicode upper and lower case, the same on every machine.
    command = [
        programs.bin / "initdb",
        f"--username={DATABASE}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--data-checksums",
    ]
    command += ["--locale-provider=builtin"] if programs.major >= 17 else []
    command += ["--auth-host=scram-sha-256", "--auth-local=reject", *options]
    identity: dict[str, Any] = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    who = "" if user is None else f" as {user.name!r}"
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, cwd="/", **identity
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Misconfigured(f"cannot run {programs.bin / 'initdb'}{who}: {error}") from error
    if answer.returncode:
        raise Misconfigured(f"initdb failed{who}: {answer.stderr.strip()[-1000:]}")


def end_orphan(cluster: Path) -> None:
    """End a server whose keeper was killed, and remove a pid file that names nobody or a stranger."""
    pid_file = cluster / "postmaster.pid"
    deadline = time.monotonic() + END_S
    while (pid := _pid_in(pid_file)) and _serves(pid, cluster):
        if time.monotonic() > deadline:
            raise Misconfigured(f"an earlier server (process {pid}) of {cluster} does not end: end it")
        os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


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
