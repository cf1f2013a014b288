"""`news-etl` as a person runs it: a process of its own, with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from etl.cli import main; main()"]


def environment(**given: str) -> dict[str, str]:
    """Return this process's environment without our settings, and with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_ETL_")}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", **given}


def beside_a_press(dsn: str, folder: Path, **given: str) -> dict[str, str]:
    """Return the environment of a program that asks the press of this machine, without pauses, and keeps its data in *folder*."""
    return environment(
        NEWS_ETL_DATABASE_URL=dsn,
        NEWS_ETL_DATA_DIR=str(folder / "data"),
        NEWS_ETL_HOST_SPACING_S="0",
        NEWS_ETL_OPEN_ADDRESSES="127.0.0.0/8:0-65535",
        **given,
    )


def run(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: str | bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end; what it prints is text."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env=dict(env),
        cwd=cwd,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        check=False,
        timeout=300,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str, env: Mapping[str, str], log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start the program in a process group of its own, to be killed; what it says goes to *log*."""
    with (log or Path(os.devnull)).open("ab") as said:
        return subprocess.Popen(
            [*PROGRAM, *arguments], env=dict(env), stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
