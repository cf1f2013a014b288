"""A newsroom on the loopback, a connection as the workers have it, and a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from newsroom import Newsroom

from tests.flow.visiting import Clock


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom() as opened:
        yield opened


@pytest.fixture
def live(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection on which each statement that no transaction holds is committed at once."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield conn


@pytest.fixture
def clock() -> Clock:
    return Clock()
