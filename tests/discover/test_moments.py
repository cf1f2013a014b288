"""etl.discover.moments: the instant a feed or a sitemap states, or none; never a guess."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.discover.moments import FUTURE_MAX, moment

FETCHED = datetime(2024, 3, 1, 12, tzinfo=UTC)


def read(label: str, zone: str | None = None):
    return moment(label, rule="test", zone=zone, fetched_at=FETCHED)


@pytest.mark.parametrize(
    ("label", "instant", "zone"),
    [
        pytest.param("Tue, 07 Feb 2023 08:15:00 +0100", "2023-02-07T07:15Z", "+01:00", id="RFC 822"),
        pytest.param("Tue, 07 Feb 2023 08:15:00 GMT", "2023-02-07T08:15Z", "+00:00", id="GMT"),
        pytest.param("Tue, 07 Feb 2023 08:15:00 EST", "2023-02-07T13:15Z", "-05:00", id="EST"),
        pytest.param("Tue, 07 Feb 2023 08:15:00 CET", "2023-02-07T07:15Z", "+01:00", id="CET, not in the RFC"),
        pytest.param("7 Feb 23 08:15 MESZ", "2023-02-07T06:15Z", "+02:00", id="short year, no day, German zone"),
        pytest.param("Tue, 07 Feb 2023 08:15:00 -0000", "2023-02-07T08:15Z", "+00:00", id="UTC of an unknown place"),
        pytest.param("Tue, 07 Feb 2023 08:15:60 +0000", "2023-02-07T08:15:59Z", "+00:00", id="leap second"),
        pytest.param("2023-02-07T08:15:00+01:00", "2023-02-07T07:15Z", "+01:00", id="RFC 3339"),
        pytest.param("2023-02-07T08:15:00.123456Z", "2023-02-07T08:15:00.123456Z", "+00:00", id="fractions"),
        pytest.param("2023-02-07T08:15-0330", "2023-02-07T11:45Z", "-03:30", id="no seconds, no colon"),
        pytest.param("2023-02-07 08:15:00 +0530", "2023-02-07T02:45Z", "+05:30", id="spaces"),
        pytest.param("2023-02-07 08:15:00 UTC", "2023-02-07T08:15Z", "+00:00", id="UTC by name"),
        pytest.param("20230207T081500Z", "2023-02-07T08:15Z", "+00:00", id="basic format"),
        pytest.param("  2023-02-07T08:15:00Z\n", "2023-02-07T08:15Z", "+00:00", id="white space around"),
    ],
)
def test_a_stated_instant_is_read_to_the_minute(label: str, instant: str, zone: str):
    found = read(label)
    assert found is not None
    assert (found.at, found.precision, found.zone) == (datetime.fromisoformat(instant), "minute", zone)


@pytest.mark.parametrize(
    ("label", "source_zone", "at", "precision"),
    [
        pytest.param("2023-02-07", None, "2023-02-07T00:00Z", "day", id="a day"),
        pytest.param("2023-02-07", "Europe/Paris", "2023-02-07T00:00+01:00", "day", id="a day somewhere"),
        pytest.param("2023-07-07T08:15:00", "Europe/Paris", "2023-07-07T08:15+02:00", "minute", id="summer in Paris"),
        pytest.param("2023-02-07T08:15:00", None, "2023-02-07T00:00Z", "day", id="a time of nowhere is a day"),
        pytest.param("Tue, 07 Feb 2023 08:15:00", "America/New_York", "2023-02-07T08:15-05:00", "minute", id="RFC 822"),
        pytest.param("Tue, 07 Feb 2023 08:15:00 BST", "Europe/London", "2023-02-07T08:15Z", "minute", id="BST is many"),
    ],
)
def test_a_time_without_offset_is_of_the_sources_zone_or_only_a_day(label, source_zone, at, precision):
    found = read(label, source_zone)
    assert found is not None
    assert (found.at, found.precision, found.zone) == (datetime.fromisoformat(at), precision, source_zone)


@pytest.mark.parametrize(
    "label",
    ["hier", "2023", "2023-02", "2023-02-30", "0000-00-00T00:00:00Z", "Mon, 99 Feb 2023 08:15:00 +0100", "1675757700",
     "2023-02-07T25:00:00Z", "2023-02-07T08:15:00+99:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_what_cannot_be_read_has_no_instant_and_keeps_its_label(label: str):
    found = read(label)
    assert found is not None
    assert (found.at, found.text) == (None, label)


def test_a_time_after_the_fetch_is_not_believed():
    beyond = FETCHED + FUTURE_MAX + timedelta(seconds=1)
    found = read(beyond.isoformat())
    assert found is not None
    assert found.at is None
    inside = read((FETCHED + FUTURE_MAX).isoformat())
    assert inside is not None
    assert inside.at == FETCHED + FUTURE_MAX


def test_an_empty_label_is_none():
    assert read("") is None
    assert read(" \n") is None


@given(st.text(), st.sampled_from([None, "Europe/Paris", "Pacific/Apia"]))
def test_any_label_is_a_moment_or_none(label: str, zone: str | None):
    found = read(label, zone)
    assert found is None or found.at is None or found.at.tzinfo is not None


@given(st.integers(0, 1_700_000_000), st.integers(-840, 840))
def test_what_is_written_with_an_offset_is_read_back(second: int, offset_min: int):
    aware = datetime.fromtimestamp(second, timezone(timedelta(minutes=offset_min)))
    found = read(aware.isoformat())
    assert found is not None
    assert found.at == aware
    in_mail = read(format_datetime(aware))
    assert in_mail is not None
    assert in_mail.at == aware
