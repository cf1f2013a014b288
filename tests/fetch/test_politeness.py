from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.fetch.politeness import (
    BACK_OFF_MAX_S,
    RETRY_AFTER_MAX_S,
    Manners,
    Pace,
    answered,
    back_off_s,
    failed,
    free_at,
    is_spent,
    retry_after_s,
    spacing_s,
)

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MANNERS = Manners(spacing_min_s=1.0, spacing_max_s=60.0, latency_factor=2.0)


@pytest.mark.parametrize("known_s", [0.0, 0.01, 2.0])
def test_a_clock_that_went_back_meanwhile_makes_no_answer_faster_than_at_once(known_s):
    pace = answered(Pace(latency_s=known_s), took_s=-0.06, at=NOON)
    assert pace == answered(Pace(latency_s=known_s), took_s=0.0, at=NOON)
    assert pace.latency_s >= 0.0


@pytest.mark.parametrize(
    ("pace", "crawl_delay_s", "expected_s"),
    [
        pytest.param(Pace(), None, 1.0, id="unknown host: the minimum"),
        pytest.param(Pace(latency_s=0.1), None, 1.0, id="fast host: the minimum"),
        pytest.param(Pace(latency_s=3.0), None, 6.0, id="slow host: twice its time"),
        pytest.param(Pace(latency_s=3.0, failures=1), None, 12.0, id="a failure doubles"),
        pytest.param(Pace(latency_s=3.0, failures=30), None, 60.0, id="up to the maximum"),
        pytest.param(Pace(), 10.0, 10.0, id="the site's wish is a floor"),
        pytest.param(Pace(latency_s=9.0), 10.0, 18.0, id="a slow host with a smaller wish"),
        pytest.param(Pace(), 0.1, 1.0, id="a small wish does not hurry us"),
        pytest.param(Pace(), 86400.0, 300.0, id="an absurd wish is capped"),
        pytest.param(Pace(failures=30), 120.0, 120.0, id="a wish above our maximum counts"),
    ],
)
def test_spacing_grows_with_latency_failures_and_wishes(pace, crawl_delay_s, expected_s):
    assert spacing_s(pace, manners=MANNERS, crawl_delay_s=crawl_delay_s) == expected_s


def test_latency_follows_what_is_seen_and_failures_are_forgotten_after_an_answer():
    pace = answered(Pace(), took_s=1.0, at=NOON)
    assert pace == Pace(1.0, 0, date(2026, 6, 1), 1)
    pace = failed(failed(pace, at=NOON), at=NOON)
    assert (pace.failures, pace.requests, pace.latency_s) == (2, 3, 1.0)
    pace = answered(pace, took_s=11.0, at=NOON)
    assert (pace.failures, pace.latency_s) == (0, pytest.approx(4.0))


def test_the_count_starts_anew_each_day_in_utc():
    pace = Pace()
    for hour in range(3):
        pace = answered(pace, took_s=1.0, at=NOON + timedelta(hours=hour))
    assert pace.requests == 3
    pace = answered(pace, took_s=1.0, at=NOON + timedelta(hours=12))
    assert (pace.requests, pace.counted_on) == (1, date(2026, 6, 2))


def test_a_spent_budget_waits_for_midnight():
    manners = Manners(requests_per_day=2)
    pace = Pace()
    for _ in range(2):
        assert not is_spent(pace, now=NOON, manners=manners)
        pace = answered(pace, took_s=0.1, at=NOON)
    assert is_spent(pace, now=NOON, manners=manners)
    assert free_at(pace, now=NOON, manners=manners) == datetime(2026, 6, 2, tzinfo=UTC)
    assert not is_spent(pace, now=NOON + timedelta(days=1), manners=manners)
    assert not is_spent(pace, now=NOON, manners=Manners())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(None, NOON + timedelta(seconds=1), id="nothing said"),
        pytest.param(NOON + timedelta(hours=1), NOON + timedelta(hours=1), id="told to wait longer"),
        pytest.param(NOON - timedelta(hours=1), NOON + timedelta(seconds=1), id="told a moment that has passed"),
    ],
)
def test_a_host_is_free_when_both_spacing_and_its_word_allow(told, expected):
    assert free_at(Pace(), now=NOON, manners=MANNERS, told=told) == expected


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="with blanks"),
        pytest.param("0", 1.0, id="at once: at least a second"),
        pytest.param("99999999999999999999999", RETRY_AFTER_MAX_S, id="for ever"),
        pytest.param("Mon, 01 Jun 2026 12:05:00 GMT", 300.0, id="date"),
        pytest.param("Monday, 01-Jun-26 12:05:00 GMT", 300.0, id="date as RFC 850 wrote it"),
        pytest.param("Mon, 01 Jun 2026 14:05:00 +0200", 300.0, id="date with an offset"),
        pytest.param("Mon, 01 Jun 2026 12:05:00 -0000", 300.0, id="date of unknown origin"),
        pytest.param("Mon, 01 Jun 2026 11:00:00 GMT", 1.0, id="date that has passed"),
        pytest.param("Mon, 01 Jun 2099 12:05:00 GMT", RETRY_AFTER_MAX_S, id="date far away"),
        pytest.param(None, 600.0, id="not said"),
        pytest.param("", 600.0, id="empty"),
        pytest.param("soon", 600.0, id="a word"),
        pytest.param("1.5", 600.0, id="fraction"),
        pytest.param("-5", 600.0, id="negative"),
        pytest.param("١٢٠", 600.0, id="digits of another script"),
        pytest.param("Mon, 99 Jun 2026 12:05:00 GMT", 600.0, id="a date that is none"),
    ],
)
def test_retry_after_is_read_in_both_forms(value, expected_s):
    assert retry_after_s(value, now=NOON, jitter=0.0) == expected_s


@given(st.integers(0, 10**7), st.floats(0, 1))
def test_jitter_only_ever_adds_and_a_day_is_the_most(seconds, jitter):
    moment = format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)
    for value in (str(seconds), moment):
        waits_s = retry_after_s(value, now=NOON, jitter=jitter)
        assert min(max(seconds, 1), RETRY_AFTER_MAX_S) <= waits_s <= RETRY_AFTER_MAX_S


@given(st.text(max_size=40))
def test_any_header_gives_a_wait(value):
    assert 1.0 <= retry_after_s(value, now=NOON, jitter=0.5) <= RETRY_AFTER_MAX_S


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_back_off_grows_to_a_day_and_is_never_nothing(failures, jitter):
    waits_s = back_off_s(failures, jitter=jitter)
    assert 30.0 <= waits_s <= BACK_OFF_MAX_S
    assert back_off_s(failures + 1, jitter=jitter) >= waits_s
