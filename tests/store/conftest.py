"""What tests of schema `news` share: the database of the demo, after its two polls, and what the press says is right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from etl.run.demo import demo
from etl.run.embedded_host import throwaway_folder
from etl.run.press import Gold


@dataclass(frozen=True, slots=True)
class Pressed:
    dsn: str
    gold: Gold
    hosts: dict[str, str]
    """Paper → its host."""


@pytest.fixture(scope="session")
def pressed() -> Iterator[Pressed]:
    """The demo's database; tests read it, and take back what they write."""
    folder = throwaway_folder("news-etl-test-")
    try:
        with demo(folder, say=lambda _: None) as running:
            running.poll(lambda _: None)
            running.turn_page()
            running.poll(lambda _: None)
            hosts = {paper: url.split("/")[2] for paper, url in running.press.base_urls.items()}
            yield Pressed(running.pool.conninfo, running.press.gold, hosts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
