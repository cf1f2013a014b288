"""Re-visits decay with the age of an article: minutes, then hours, then days, as its recipe wants."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from etl.errors import Misconfigured
from etl.flow.reading import read_capture
from etl.flow.revisit import next_poll, next_visit, pause_s, place_of
from etl.flow.settle import settle
from etl.model import Source
from etl.recipe.form import read_recipe
from etl.recipe.rules import Revisits
from etl.recipe.shelf import Shelf
from tests.flow.pages import DAY, capture, page
from tests.flow.pages import later as after

HOUR = timedelta(hours=1)
GAPS = {
    "just published": (timedelta(0), timedelta(minutes=20)),
    "half an hour": (HOUR / 2, timedelta(minutes=20)),
    "three hours": (3 * HOUR, HOUR),
    "a day": (24 * HOUR, 8 * HOUR),
    "nine days": (9 * 24 * HOUR, 3 * 24 * HOUR),
    "a month": (30 * 24 * HOUR, 7 * 24 * HOUR),
    "older": (31 * 24 * HOUR, None),
}


@pytest.mark.parametrize(("age", "gap"), GAPS.values(), ids=GAPS.keys())
def test_the_gap_grows_with_the_age(age, gap):
    for published in (DAY, None):
        found = next_visit(DAY + age, published_at=published, first_seen_at=DAY)
        assert found == (None if gap is None else DAY + age + gap)


def test_a_date_in_the_future_makes_no_article_older_or_younger_than_our_first_sight_of_it():
    assert next_visit(DAY, published_at=DAY + 48 * HOUR, first_seen_at=DAY) == DAY + timedelta(minutes=20)


def test_the_number_of_visits_of_an_article_is_bounded():
    at, visits = DAY, 0
    while (following := next_visit(at, published_at=DAY, first_seen_at=DAY)) is not None:
        assert following > at
        at, visits = following, visits + 1
    assert visits < 30


RECIPE = """
home = "https://www.example.org/"
[fetch]
revisit_first = "5m"
revisit_longest = "1h"
revisit_for = "1d"
"""


def test_a_recipe_has_its_own_rhythm(conn):
    shelf = Shelf.of([read_recipe(RECIPE, name="example", file="example.toml")])
    urls = ("https://www.example.org/news/quay-1", "https://www.example.net/news/quay-1")
    for url in urls:
        for hours in (0, 12):
            body = page(f"Quay on {url} after {hours}")
            settle(
                conn,
                [read_capture(capture(url, body, at=after(hours=hours)), body, shelf=shelf)],
                now=after(hours=hours),
            )
    due = conn.execute("SELECT url, next_visit_at FROM etl.pages ORDER BY id").fetchall()
    assert due == [(urls[0], after(hours=13)), (urls[1], after(hours=16))]


@pytest.mark.parametrize(
    ("line", "words"),
    [('revisit_first = "soon"', "fetch.revisit_first"), ('revisit_first = "9d"', "longer than `revisit_longest`")],
)
def test_a_mistake_is_named(line, words):
    with pytest.raises(Misconfigured, match=words):
        read_recipe(f'home = "https://www.example.org/"\n[fetch]\n{line}', name="example", file="example.toml")


def test_without_a_word_the_usual_rhythm_holds():
    assert read_recipe('home = "https://www.example.org/"', name="e", file="e.toml").fetch.revisits == Revisits()


@pytest.mark.parametrize("first_id", [1, 1_000_000])
def test_sources_that_were_polled_at_once_are_soon_due_evenly_over_their_interval(first_id):
    every_s, at_s = 900.0, DAY.timestamp()
    due = dict.fromkeys(range(first_id, first_id + 1000), at_s)
    for _ in range(3):
        pauses = {n: pause_s(due[n], every_s=every_s, place=place_of(n)) for n in due}
        assert all(every_s / 2 < pause <= every_s for pause in pauses.values())
        due = {n: due[n] + pauses[n] for n in due}
    for _ in range(3):
        # In every ten seconds of the interval, 1000 / 90 of them: 11.
        tens = Counter(int(at % every_s // 10) for at in due.values())
        assert len(tens) == 90
        assert 9 <= min(tens.values()) <= max(tens.values()) <= 14
        due = {n: at + 1.9 + pause_s(at + 1.9, every_s=every_s, place=place_of(n)) for n, at in due.items()}


def test_a_source_in_its_place_keeps_it_however_late_its_polls_are():
    source = Source(
        id=7, slug="paper/news", kind="feed", url="https://example.org/feed", recipe="paper", interval_s=900.0, cron=None,
        zone=None, etag=None, last_modified=None, body_sha256=None, next_poll_at=DAY, is_active=True,
    )  # fmt: skip
    at = next_poll(source, next_poll(source, next_poll(source, DAY)))
    for late_s in (0.5, 30.0, 449.0):
        due = next_poll(source, at + timedelta(seconds=late_s))
        assert (due - at).total_seconds() == pytest.approx(900, abs=0.001)
        at = due
