"""Captures of one page in any order, live ones among them: at each moment the history reads as if they had come in time order."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import psycopg
import pytest

from etl.flow.settle import settle
from tests.flow.pages import DAY, later, page, reading

TITLES = ("Quay agreed", "Quay begun", "Quay flooded")
URL = "https://www.example.org/news/ferry-quay-12345"
ORDERS = 40


def as_it_was(captured):
    """Return (from when, title) of each stretch of captures that say the same."""
    line = []
    for at, title in sorted(captured):
        if not line or line[-1][1] != title:
            line.append((at, title))
    return line


def test_captures_in_any_order_read_as_in_the_order_of_time(conn: psycopg.Connection):
    for seed in range(ORDERS):
        with conn.transaction(force_rollback=True):
            dice = Random(seed)
            coming = [(later(hours=hour), dice.choice(TITLES)) for hour in dice.sample(range(100), dice.randint(2, 7))]
            captured = []
            while coming:
                size = dice.choice((1, 1, 2, 3))
                batch, coming = coming[:size], coming[size:]
                is_newest = len(batch) == 1 and all(batch[0] > before for before in captured)
                is_live = is_newest and dice.random() < 0.5
                readings = [reading(URL, page(title), at=at) for at, title in batch]
                settle(conn, readings, now=batch[0][0] if is_live else later(days=9), is_live=is_live)
                captured += batch
                check(conn, captured, f"seed {seed}, captured {[(str(at - DAY), title) for at, title in captured]}")


def check(conn, captured, words):
    rows = conn.execute("SELECT valid_from, title, valid_to FROM etl.article_versions ORDER BY valid_from").fetchall()
    assert [row[:2] for row in rows] == as_it_was(captured), words
    assert all(before[2] == after[0] for before, after in pairwise(rows)), words
    assert rows[-1][2] is None, words
    spans = conn.execute("SELECT first_seen_at, changed_at FROM etl.articles").fetchall()
    assert spans == [(min(captured)[0], rows[-1][0])], words
    for at, title in captured:
        asked = conn.execute(
            "SELECT title FROM news.article_versions WHERE valid_from <= %(at)s AND (valid_to > %(at)s OR valid_to IS NULL)",
            {"at": at},
        )
        assert asked.fetchall() == [(title,)], words


@pytest.mark.parametrize("hours", [pytest.param(1, id="an hour"), pytest.param(24 * 365 * 9, id="nine years")])
def test_what_an_archive_has_from_before_is_first_seen_then(conn, hours):
    settle(conn, [reading(URL, page(TITLES[0]))], now=DAY)
    settle(conn, [reading(URL, page(TITLES[1]), at=later(hours=-hours))], now=later(days=1), is_live=False)
    seen = conn.execute("SELECT title, first_seen_at FROM news.articles").fetchall()
    assert seen == [(TITLES[0], later(hours=-hours))]
