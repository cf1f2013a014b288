"""Calendars of the press: days that almanacs give, and no day that a month does not have."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import date_calendars


@pytest.mark.parametrize(
    ("year", "month", "number", "expected"),
    [
        pytest.param(1403, 1, 1, "2024-03-20", id="Nowruz in a leap year of ours"),
        pytest.param(1403, 12, 30, "2025-03-20", id="the last day of a leap year"),
        pytest.param(1404, 1, 1, "2025-03-21", id="Nowruz after it"),
        pytest.param(1399, 12, 30, "2021-03-20", id="1399 is a leap year"),
        pytest.param(1357, 11, 22, "1979-02-11", id="22 Bahman 1357"),
    ],
)
def test_iranian_days_are_those_of_the_almanac(year: int, month: int, number: int, expected: str) -> None:
    assert date_calendars.iranian(year, month, number) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("year", "month", "number", "expected"),
    [
        pytest.param(2016, 1, 1, "2023-09-12", id="New Year before a leap year of ours"),
        pytest.param(2017, 1, 1, "2024-09-11", id="New Year"),
        pytest.param(2015, 13, 6, "2023-09-11", id="the sixth day of Pagume"),
        pytest.param(2000, 1, 1, "2007-09-12", id="the millennium"),
    ],
)
def test_ethiopian_days_are_those_of_the_almanac(year: int, month: int, number: int, expected: str) -> None:
    assert date_calendars.ethiopian(year, month, number) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("year", "month", "number"),
    [
        pytest.param(1404, 112, 30, id="no leap year in Iran"),
        pytest.param(1403, 107, 31, id="31 Mehr"),
        pytest.param(1403, 113, 1, id="a thirteenth month in Iran"),
        pytest.param(2016, 213, 6, id="no leap year in Ethiopia"),
        pytest.param(2016, 201, 31, id="31 Meskerem"),
        pytest.param(2025, 2, 29, id="29 February"),
        pytest.param(2025, 13, 1, id="a thirteenth month"),
        pytest.param(0, 1, 1, id="the year 0"),
    ],
)
def test_a_day_that_a_month_does_not_have_is_none(year: int, month: int, number: int) -> None:
    assert date_calendars.day(year, month, number, language="fa") is None


@given(st.integers(1300, 1498), st.integers(1, 12), st.integers(1, 29))
def test_iranian_days_follow_one_another(year: int, month: int, number: int) -> None:
    later = (year, month, number + 1) if number < 29 else (year + month // 12, month % 12 + 1, 1)
    days = (date_calendars.iranian(*later) - date_calendars.iranian(year, month, number)).days
    assert days == 1 if number < 29 else 1 <= days <= 3


@given(st.integers(1900, 2090), st.integers(1, 12), st.integers(1, 29))
def test_ethiopian_days_follow_one_another(year: int, month: int, number: int) -> None:
    assert date_calendars.ethiopian(year, month, number + 1) - date_calendars.ethiopian(
        year, month, number
    ) == timedelta(1)


@pytest.mark.parametrize(
    ("label", "language", "expected"),
    [
        pytest.param("令和7年3月10日", "ja", "2025年3月10日", id="Reiwa"),
        pytest.param("平成元年1月8日", "ja", "1989年1月8日", id="the first year of an era"),
        pytest.param("民國114年3月10日", "zh", "2025年3月10日", id="Republic of China"),
        pytest.param("10 มีนาคม 2568", "th", "10 มีนาคม 2025", id="Buddhist year"),
        pytest.param("10 March 2568", "en", "10 March 2568", id="not Buddhist in English"),
    ],
)
def test_years_of_eras_become_gregorian(label: str, language: str, expected: str) -> None:
    assert date_calendars.to_gregorian_years(label, language) == expected
