"""Parts that end with the process that started them, however that ends: a killed `news-etl run` leaves no workers behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

LEAVE_S = 30.0
TIED = (
    sys.executable,
    "-c",
    "from etl.run.tied import end_with_parent; end_with_parent(); from etl.cli import main; main()",
)
"""The program as a part: its standard input is a pipe that its parent holds open."""


def end_with_parent() -> None:
    """Let this process end, as if it were told to, when its standard input closes."""
    threading.Thread(target=_wait, name="tied", daemon=True).start()


def _wait() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_S)
    os._exit(1)
