"""The keeper: a small process that owns one embedded server and ends it with its last user.

It is started by path with `python -I -S`, so it imports the standard library only. Being the server's parent it may
signal it by number without ever hitting a stranger, and it reaps it. It learns that nobody uses the server from the
kernel, not from a list of pids: every user holds `users.lock` shared, and the keeper's wish for it is granted the
moment the last user has ended, `kill -9` included.
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
from collections.abc import Callable
from types import FrameType

FAST_S = 30.0
"""What a fast shutdown may take (it writes a checkpoint) before the server is ended without one."""
IMMEDIATE_S = 5.0
PR_SET_PDEATHSIG = 1


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
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        preexec_fn=_end_with_keeper(),
        restore_signals=True,
        cwd="/",
    )

    def watch_users() -> None:
        fcntl.flock(users, fcntl.LOCK_EX)
        ended.set()

    def watch_server() -> None:
        server.wait()
        ended.set()

    for watch in (watch_users, watch_server):
        threading.Thread(target=watch, daemon=True).start()
    ended.wait()
    if server.poll() is None:
        _stop(server)
    # This order matters: who gets `users.lock` next must find that nobody serves.
    os.close(serving)
    return server.returncode if server.returncode is not None else 1


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    # Not sys.exit: the thread that still waits for the users would be asked to end first.
    os._exit(keep(order["command"], folder=order["folder"], uid=order["uid"], gid=order["gid"]) & 0xFF)
