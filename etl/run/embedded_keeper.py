"""The keeper: a small process that owns one embedded server and ends it with its last user.

It is started by path with `python -I -S`, so it imports the standard library only. Being the server's parent it may
signal it by number without ever hitting a stranger, and it reaps it. It learns that nobody uses the server from the
kernel, not from a list of pids: every user holds `users.lock` shared, and the keeper's wish for it is granted the
moment the last user has ended, `kill -9` included.

A server that ends while it is used, having served for a while, is started again: its users only find their connections cut.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

FAST_S = 30.0
"""What a fast shutdown may take (it writes a checkpoint) before the server is ended without one."""
IMMEDIATE_S = 5.0
PAUSE_S = 0.25
TRIES_MAX = 40
PR_SET_PDEATHSIG = 1
SERVED_S = 3.0
"""One that ends sooner cannot start (its port is taken, its disk is full): the user who waits for it is told."""


def _end_with_keeper() -> Callable[[], None] | None:
    """Return what the child runs before exec: on Linux the kernel stops the server if the keeper itself is killed."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number, patience_s in ((signal.SIGINT, FAST_S), (signal.SIGQUIT, IMMEDIATE_S), (signal.SIGKILL, IMMEDIATE_S)):
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience_s)
            return


def keep(command: list[str], *, folder: str, uid: int | None, gid: int | None) -> int:
    """Run *command* until it ends by itself, or until nobody holds `users.lock` in *folder*; return its exit code."""
    serving = os.open(os.path.join(folder, "serving.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # noqa: PTH118
    users = os.open(os.path.join(folder, "users.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # noqa: PTH118
    fcntl.flock(serving, fcntl.LOCK_EX)
    # A Ctrl-C on the terminal is for the user of the database, who still needs it to end well.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ended, woken = threading.Event(), threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()
        woken.set()

    signal.signal(signal.SIGTERM, end)

    def watch_users() -> None:
        fcntl.flock(users, fcntl.LOCK_EX)
        ended.set()
        woken.set()

    def start() -> subprocess.Popen[bytes]:
        # By the thread that lives as long as the keeper: on Linux the server's death signal is that of the thread that started it.
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            preexec_fn=_end_with_keeper(),
            restore_signals=True,
            cwd="/",
        )
        threading.Thread(target=lambda: (started.wait(), woken.set()), daemon=True).start()
        return started

    threading.Thread(target=watch_users, daemon=True).start()
    server, started_at, has_served, tries = start(), time.monotonic(), False, 0
    while woken.wait() and not ended.is_set():
        woken.clear()
        if server.poll() is None:
            continue
        if time.monotonic() - started_at > SERVED_S:
            has_served, tries = True, 0
        if not has_served or tries == TRIES_MAX:
            break
        # A killed one leaves processes that hold its memory for a moment: until they are gone no other starts.
        time.sleep(PAUSE_S if tries else 0.0)
        server, started_at, tries = start(), time.monotonic(), tries + 1
    if server.poll() is None:
        _stop(server)
    # This order matters: who gets `users.lock` next must find that nobody serves.
    os.close(serving)
    return server.returncode if server.returncode is not None else 1


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    # Not sys.exit: the thread that still waits for the users would be asked to end first.
    os._exit(keep(order["command"], folder=order["folder"], uid=order["uid"], gid=order["gid"]) & 0xFF)
