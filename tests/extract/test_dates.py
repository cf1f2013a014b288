"""Date labels: read in the languages of the press, and left alone where they leave anything open."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import date_words, dates

READ_AT = datetime(2025, 3, 12, 14, 0, tzinfo=UTC)
WALL = READ_AT.replace(tzinfo=None)
HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("NEWS_ETL_SHARED") or HERE.parents[3] / "shared")
LABELS = [
    tuple(
        None if part == "None" else part
        for part in (*line.split("|")[:3], "|".join(line.split("|")[3:-1]), line.split("|")[-1])
    )
    for line in (HERE.parent / "date_labels.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def read(
    label: str, language: str | None, country: str | None, zone: str | None, at: datetime | None = READ_AT
) -> str | None:
    return dates.iso(dates.read_label(label, language=language, country=country, zone=zone, fetched_at=at))


@pytest.mark.parametrize(
    ("language", "country", "zone", "label", "expected"),
    [pytest.param(*row, id=f"{row[0]} {row[3]}") for row in LABELS],
)
def test_a_label_is_read_as_its_readers_do_or_not_at_all(
    language: str | None, country: str | None, zone: str | None, label: str, expected: str | None
) -> None:
    assert read(label, language, country, zone) == expected


@pytest.mark.parametrize(
    ("label", "read_at", "expected"),
    [
        pytest.param("Hier à 23h50", "2025-01-01T08:30:00Z", "2024-12-31T23:50:00+01:00", id="yesterday is last year"),
        pytest.param("30 décembre à 18h", "2025-01-01T08:30:00Z", "2024-12-30T18:00:00+01:00", id="the last December"),
        pytest.param("hier", "2025-03-11T23:30:00Z", "2025-03-11", id="after midnight in Paris, before it in UTC"),
        pytest.param("il y a 2 heures", "2025-03-30T02:00:00Z", "2025-03-30T01:00:00+01:00", id="over the change to summer time"),
        pytest.param("26 octobre 2024 à 23h", "2024-10-27T08:00:00Z", "2024-10-26T23:00:00+02:00", id="the day before winter time"),
        pytest.param("27 octobre 2024 à 10h", "2024-10-27T12:00:00Z", "2024-10-27T10:00:00+01:00", id="the day of winter time"),
        pytest.param("29 février", "2025-03-12T14:00:00Z", "2024-02-29", id="the last leap day"),
        pytest.param("mardi 29 février", "2025-03-12T14:00:00Z", None, id="a weekday that no late year has"),
        pytest.param("22h41", "2025-03-12T07:00:00Z", "2025-03-11T22:41:00+01:00", id="a clock time still to come is of yesterday"),
        pytest.param("13 mars 2025", "2025-03-12T14:00:00Z", "2025-03-13", id="a day ahead"),
        pytest.param("15 mars 2025", "2025-03-12T14:00:00Z", None, id="days ahead are no publication"),
        pytest.param("15 mars 2025 à 10h", "2025-03-12T14:00:00Z", None, id="hours days ahead neither"),
    ],
)  # fmt: skip
def test_the_time_of_reading_decides_what_a_french_label_means(label: str, read_at: str, expected: str | None) -> None:
    assert read(label, "fr", "fr", None, datetime.fromisoformat(read_at)) == expected


@pytest.mark.parametrize("label", ["il y a 3 heures", "hier", "lundi", "12 mars", "22h41", "à l'instant"])
def test_a_label_that_needs_the_time_of_reading_is_null_without_it(label: str) -> None:
    moment = dates.read_label(label, language="fr", country="fr", zone=None, fetched_at=None)
    assert (moment.at, moment.text) == (None, label)


@pytest.mark.parametrize(
    ("label", "country", "expected"),
    [
        pytest.param("10 Mar 2025 09:15 IST", "in", "+05:30", id="India"),
        pytest.param("10 Mar 2025 09:15 IST", "il", "+02:00", id="Israel"),
        pytest.param("10 Mar 2025 09:15 BST", "bd", "+06:00", id="Bangladesh"),
        pytest.param("10 Mar 2025 09:15 CST", "us", "-06:00", id="Chicago"),
        pytest.param("10 Mar 2025 09:15 CST", "tw", "+08:00", id="Taipei"),
        pytest.param("10 Jan 2025 09:15 ET", "us", "-05:00", id="Eastern Time in winter"),
        pytest.param("10 Jul 2024 09:15 ET", "us", "-04:00", id="Eastern Time in summer"),
        pytest.param("10 Mar 2025 09:15 UTC+1", "fr", "+01:00", id="an offset"),
        pytest.param("10 Mar 2025 09:15 (GMT-3)", "br", "-03:00", id="in brackets"),
    ],
)
def test_a_printed_zone_means_what_it_means_in_the_country(label: str, country: str, expected: str) -> None:
    told = read(label, "en", country, None)
    assert told is not None
    assert told.endswith(expected)


@pytest.mark.parametrize(
    ("label", "roles"),
    [
        pytest.param(
            "Publié le 10/03/2025 à 08:00, mis à jour le 11/03/2025 à 09:30", ["published", "modified"], id="both"
        ),
        pytest.param("10. März 2025, aktualisiert am 11. März 2025", ["", "modified"], id="the first unnamed"),
        pytest.param("10.03.2025 | 11:00 Uhr aktualisiert", ["modified"], id="named behind"),
        pytest.param(
            "Published: 10 March 2025. Copyright 12 March 2025", ["published"], id="a copyright line is no time"
        ),
    ],
)
def test_each_time_of_a_label_keeps_what_the_label_calls_it(label: str, roles: list[str]) -> None:
    language = "fr" if "Publié" in label else "de" if "aktual" in label else "en"
    readings = dates.readings(label, dates.locate(language, "gb", None, READ_AT))
    assert [reading.role for reading in readings] == roles


@given(
    st.text(max_size=80),
    st.sampled_from([None, "en", "fr", "ja", "ar", "xx"]),
    st.sampled_from([None, "us", "fr", "zz"]),
)
def test_any_text_is_read_or_left_and_never_lies_in_the_future(
    text: str, language: str | None, country: str | None
) -> None:
    moment = dates.read_label(text, language=language, country=country, zone=None, fetched_at=READ_AT)
    assert moment.text == text
    assert moment.at is None or (moment.at.tzinfo is not None and moment.at <= READ_AT + timedelta(days=2))


MONTHS = {
    language: {
        n: max(w for w in words[str(n)] if all(w not in words.get(str(m), ()) for m in range(1, 13) if m != n))
        for n in range(1, 13)
    }
    for language, words in date_words.tables().items()
    if all(words.get(str(n)) for n in range(1, 13))
    and language
    in ("cs", "de", "el", "en", "es", "fi", "fr", "hi", "id", "it", "nl", "pl", "pt", "ru", "sv", "tr", "uk")
}


@given(
    st.sampled_from(sorted(MONTHS)),
    st.dates(date(1995, 1, 1), date(2025, 3, 1)),
    st.times(),
    st.sampled_from(["{d} {m} {y}, {t}", "{d}. {m} {y} - {t}", "{t}, {d} {m} {y}", "{m} {d}, {y} {t}"]),
)
def test_a_complete_date_is_read_in_every_order_and_language(
    language: str, day: date, clock: object, form: str
) -> None:
    label = form.format(d=day.day, m=MONTHS[language][day.month], y=day.year, t=f"{clock:%H:%M}")
    assert read(label, language, None, "UTC") == f"{day}T{clock:%H:%M}:00+00:00"


@given(st.datetimes(WALL - timedelta(days=12_000), WALL), st.integers(-11, 13))
def test_machine_times_keep_their_instant(moment: datetime, hours: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=UTC)
    told = aware.astimezone(dates.date_zones.fixed(f"{hours:+03}:00"))
    for text in (
        told.isoformat(),
        told.strftime("%Y-%m-%dT%H:%M:%S%z"),
        told.strftime("%a, %d %b %Y %H:%M:%S %z"),
        str(int(aware.timestamp())),
    ):
        if text.isdigit() and len(text) < 10:
            continue  # seconds before September 2001 have nine digits: they are no time of a news page
        found = dates.read_label(text, language="en", country=None, zone="Europe/Paris", fetched_at=READ_AT)
        assert found.at == aware, text


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["printed", "constructed"])
def test_the_printed_labels_of_the_corpus_are_read(name: str) -> None:
    path = SHARED / "corpus" / "dates" / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"no measuring corpus: {path}")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = []
    for row in rows:
        told = read(row["text"], row["language"], row["country"], row["tz"], datetime.fromisoformat(row["fetched_at"]))
        if told is None or not is_near(told, row["expected"], row["tolerance_min"]):
            wrong.append((row["text"], told, row["expected"]))
    assert len(wrong) <= 0.01 * len(rows), wrong


def is_near(told: str, expected: str, minutes: float) -> bool:
    if len(expected) == 10:
        return told[:10] == expected
    return len(told) > 10 and abs(datetime.fromisoformat(told) - datetime.fromisoformat(expected)) <= timedelta(
        minutes=max(1, minutes)
    )


@pytest.mark.parametrize(
    ("label", "country", "expected"),
    [
        pytest.param("2019-04-04", "jp", "2019-04-04T00:00:00+09:00", id="a day where it began"),
        pytest.param("2019-04-04", None, "2019-04-04", id="a day of nowhere stays a date"),
        pytest.param("2019-04-04 12:30", "jp", "2019-04-04T12:30:00+09:00", id="a minute"),
        pytest.param("soon", "jp", None, id="unread"),
    ],
)
def test_a_day_in_a_known_zone_is_given_by_its_first_second(label, country, expected):
    moment = dates.read_label(label, language=None, country=country, zone=None, fetched_at=READ_AT)
    assert dates.instant(moment) == expected
