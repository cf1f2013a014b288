"""Words of date labels: every language's table is usable, folding is stable, ambiguous words keep all their meanings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import date_words
from etl.extract.date_words import AGO, DAY, HOUR, MONTH, UNKNOWN, WEEKDAY

WRITTEN = [language for language, words in date_words.tables().items() if words.get("1")]


def test_a_hundred_languages_have_their_months() -> None:
    assert len(WRITTEN) >= 100


@pytest.mark.parametrize("language", WRITTEN)
def test_each_month_of_a_language_is_spelled_as_that_month(language: str) -> None:
    for number in range(1, 13):
        for name in date_words.tables()[language].get(str(number), ()):
            forms = date_words.spell(name, (language,))
            assert any(chr(MONTH + number) in form for form in forms), (language, name, forms)


@pytest.mark.parametrize(
    ("label", "language", "forms"),
    [
        pytest.param("3 hours ago", "en", [f"3 {HOUR} {AGO}"], id="English"),
        pytest.param("VOR 3 TAGEN", "de", [f"{AGO} 3 {DAY}"], id="capitals"),
        pytest.param("3日前", "ja", [f"3{DAY}{AGO}"], id="no spaces"),
        pytest.param("٣ ساعات", "ar", [f"3 {HOUR}"], id="Arabic digits"),
        pytest.param("mar", "fr", [chr(MONTH + 3), chr(WEEKDAY + 1)], id="March or Tuesday"),
        pytest.param("gibberish", "en", [UNKNOWN], id="no word of a date"),
        pytest.param("avant-hier", "fr", [chr(date_words.DAYS_AGO + 2)], id="the longest phrase wins"),
    ],
)
def test_a_label_is_spelled_in_meanings(label: str, language: str, forms: list[str]) -> None:
    assert sorted(date_words.spell(date_words.fold(label), (language,))) == sorted(forms)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = date_words.fold(text)
    assert date_words.fold(once) == once


@given(st.text(max_size=60))
def test_no_text_has_more_spellings_than_the_limit(text: str) -> None:
    assert 1 <= len(date_words.spell(date_words.fold(text), ("fr", "en"))) <= 16


def test_what_is_loaded_is_not_loaded_again_for_a_label() -> None:
    date_words.tables.cache_clear()
    date_words.load()
    loaded = date_words.tables.cache_info()
    assert loaded.currsize == 1
    assert date_words.languages_of("tammikuuta") == ("fi",)
    assert date_words.tables.cache_info().misses == loaded.misses
