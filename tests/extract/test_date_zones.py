"""Zones: every name in the tables exists, abbreviations depend on the country, local times become instants."""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import date_zones


def test_every_zone_of_the_tables_exists() -> None:
    names = [*date_zones.ZONES.values(), *date_zones.SPOKEN_IN.values()]
    assert len(date_zones.ZONES) > 200
    assert [name for name in names if date_zones.named(name) is None] == []


@pytest.mark.parametrize("country", [None, "", "us", "ca", "au", "zz"])
def test_a_country_of_several_zones_has_none(country: str | None) -> None:
    assert date_zones.country_zone(country) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [("Z", 0), ("+01:00", 1), ("-0430", -4.5), ("UTC+5", 5), ("GMT−3", -3), ("+5:45", 5.75)],
)
def test_offsets_are_read_as_written(text: str, hours: float) -> None:
    offset = date_zones.fixed(text)
    assert offset is not None
    assert offset.utcoffset(None) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", " ", "Europe/Paris", "+25:00", "five", "../../etc/passwd"])
def test_what_is_no_offset_is_none(text: str) -> None:
    assert date_zones.fixed(text) is None


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "\0", "Europe"])
def test_a_name_of_no_zone_is_none(name: str) -> None:
    assert date_zones.named(name) is None


@pytest.mark.parametrize(
    ("clock", "month", "day", "offset"),
    [
        pytest.param((2, 30, 0), 10, 27, 2, id="the repeated hour is the first one"),
        pytest.param((2, 30, 0), 3, 31, 1, id="the hour left out goes on in winter time"),
        pytest.param((12, 0, 0), 7, 1, 2, id="summer"),
        pytest.param((12, 0, 0), 1, 1, 1, id="winter"),
    ],
)
def test_local_times_of_paris_carry_their_offset(
    clock: tuple[int, int, int], month: int, day: int, offset: int
) -> None:
    moment = date_zones.instant(2024, month, day, clock=clock, zone=ZoneInfo("Europe/Paris"))
    assert moment is not None
    assert moment.utcoffset() == timedelta(hours=offset)


@given(
    st.integers(-10, 10_000), st.integers(-1, 14), st.integers(-1, 33), st.sampled_from([UTC, ZoneInfo("Asia/Tokyo")])
)
def test_no_numbers_break_an_instant(year: int, month: int, day: int, zone: tzinfo) -> None:
    moment = date_zones.instant(year, month, day, zone=zone)
    assert moment is None or (moment.year, moment.month, moment.day) == (year, month, day)
