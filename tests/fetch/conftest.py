"""A fetcher that may talk to the loopback, an archive in a folder of its own, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from newsroom import Newsroom

from etl.fetch.archive import Archive
from etl.fetch.http import Fetcher, Limits

LOOPBACK = "127.0.0.0/8:0-65535"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
# Short enough for a test, long enough for two loaded cores.
LIMITS = Limits(connect_s=1.0, first_byte_s=0.6, silence_s=0.6, total_s=2.0)


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom() as opened:
        yield opened


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    kept = Archive(tmp_path / "archive")
    yield kept
    kept.close()


@pytest.fixture
def now() -> Callable[[], datetime]:
    return lambda: NOON


@pytest.fixture
def fetcher(archive: Archive) -> Iterator[Fetcher]:
    built = Fetcher(archive=archive, contact="https://example.org/bot", open_addresses=[LOOPBACK], limits=LIMITS)
    yield built
    built.close()
