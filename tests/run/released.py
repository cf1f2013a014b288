"""The code of an earlier release, as processes of their own that meet the schema of today."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEWS_DAY = """
import json, random, sys, time
from datetime import UTC, datetime
from pathlib import Path
from etl import boot
from etl.fetch.politeness import Manners
from etl.flow.visit import Tools
from etl.run.demo import BETWEEN_POLLS, Clock, demo_settings
from etl.run.once import RunOnce, sync_sources
from etl.run.press import serve
from etl.run.readers import Readers
from etl.store import pages, sources

def poll(pool, tools, readers, now):
    with pool.connection() as conn:
        sync_sources(conn, tools.shelf, now=now)
        sources.make_all_due(conn, now=now)
        pages.make_all_due(conn, now=now)
    RunOnce(pool, tools, readers).run()

def main(dsn, folder):
    settings, clock = demo_settings(folder), Clock()
    with boot.database_pool(settings, dsn) as pool, serve(clock.now()) as press:
        press.recipes_folder(settings.recipes_folder)
        fetcher = boot.fetcher(settings, boot.archive(settings))
        manners = Manners(spacing_min_s=0.0, latency_factor=0.0)
        tools = Tools(fetcher=fetcher, shelf=boot.shelf(settings), now=clock.now, sleep=time.sleep,
                      random=random.Random(1), manners=manners)
        with Readers(1, shelf=tools.shelf, archive=settings.archive_place) as readers:
            poll(pool, tools, readers, clock.now())
            print("first edition", flush=True)
            sys.stdin.readline()
            clock.ahead += BETWEEN_POLLS
            press.turn_page(clock.now())
            poll(pool, tools, readers, clock.now())
        fetcher.close()

main(sys.argv[1], Path(sys.argv[2]))
"""
"""Both editions of the little press are read; between them it waits for a line."""


def tree_before(step: str, folder: Path) -> Path:
    """Write the code as it was before migration *step* came into *folder*; skips where the history is not at hand."""
    added = ["git", "log", "--diff-filter=A", "--format=%H", "-1", "--", f"migrations/versions/{step}"]
    found = subprocess.run(added, cwd=ROOT, capture_output=True, text=True, check=False)
    commit = found.stdout.strip()
    if found.returncode or not commit:
        pytest.skip("the history of the repository is not here: no earlier code to run")
    packed = subprocess.run(
        ["git", "archive", f"{commit}^", "etl", "migrations"], cwd=ROOT, capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip("the history of the repository is cut off: no earlier code to run")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def start_news_day(tree: Path, dsn: str, folder: Path) -> subprocess.Popen[str]:
    """Start NEWS_DAY on the code in *tree*."""
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", NEWS_DAY, dsn, str(folder)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
