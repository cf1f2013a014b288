"""Years and days that are not Gregorian: Buddhist, Japanese and Chinese eras, the Iranian and the Ethiopian calendar."""

from __future__ import annotations

import re
from datetime import date, timedelta

_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "民國": 1911, "民国": 1911}
_ERA = re.compile(r"(令和|平成|昭和|大正|民國|民国)\s?(\d{1,3}|元)\s?年")
_BUDDHIST = re.compile(r"(?<!\d)(24\d\d|25\d\d|26\d\d)(?!\d)")
_BUDDHIST_YEARS = 543


def to_gregorian_years(folded: str, language: str | None) -> str:
    """Return a label with the years of Japanese, Chinese and Thai eras made Gregorian.

    Thai pages print 2567 for 2024; the years are 543 apart, in the months that newspapers print (since 1941).
    """
    if "年" in folded:
        folded = _ERA.sub(lambda m: f"{_ERAS[m[1]] + (1 if m[2] == '元' else int(m[2]))}年", folded)
    if language in ("th", "lo", "km"):
        folded = _BUDDHIST.sub(lambda m: str(int(m[1]) - _BUDDHIST_YEARS), folded)
    return folded


def day(year: int, month: int, number: int, *, language: str | None) -> date | None:
    """Return a printed day as a date, in the calendar of its month's name or of the language's press; None when there is none.

    Months from 101 are Iranian, from 201 Ethiopian (see `date_forms`). Two digits of a Thai year are of the Buddhist era.
    """
    if language in ("th", "lo", "km"):
        year += -43 if 2044 <= year < 2070 else 57 if 1970 <= year < 2000 else 0
    try:
        if month > 200:
            return ethiopian(year, month - 200, number)
        if month > 100 or (language in ("fa", "ps") and 1300 <= year < 1500):
            return iranian(year, month % 100, number)
        return date(year, month, number)
    except (ValueError, OverflowError):
        return None


def years_before(year: int, month: int) -> range:
    """Return the years that a date without a year can be of, in its calendar, the latest first; *year* is the Gregorian one."""
    behind = 621 if 100 < month < 200 else 7 if month > 200 else 0
    return range(year + 1 - behind, year - 8 - behind, -1)


def ethiopian(year: int, month: int, number: int) -> date:
    """Return a day of the Ethiopian calendar: twelve months of 30 days, a rest of five or six, leap years as in the Julian."""
    rest = 6 if year % 4 == 3 else 5
    if not (1 <= month <= 12 and 1 <= number <= 30) and not (month == 13 and 1 <= number <= rest):
        raise ValueError(f"no such day: {year}-{month}-{number}")
    return date(2023, 9, 12) + timedelta(days=(year - 2016) * 365 + year // 4 - 504 + 30 * (month - 1) + number - 1)


def iranian(year: int, month: int, number: int) -> date:
    """Return a day of the Solar Hijri calendar. Raises ValueError when there is no such day.

    The 33-year cycle with leap years 1, 5, 9, 13, 17, 22, 26, 30 (Birashk's rule agrees) holds from 1178 to 1633.
    """
    length = 31 if month <= 6 else 30 if month <= 11 or year % 33 in (1, 5, 9, 13, 17, 22, 26, 30) else 29
    if not 1 <= month <= 12 or not 1 <= number <= length:
        raise ValueError(f"no such day: {year}-{month}-{number}")
    leaps = sum(1 for y in range(1400, year) if y % 33 in (1, 5, 9, 13, 17, 22, 26, 30))
    leaps -= sum(1 for y in range(year, 1400) if y % 33 in (1, 5, 9, 13, 17, 22, 26, 30))
    days = (year - 1400) * 365 + leaps + 31 * min(month - 1, 6) + 30 * max(month - 7, 0) + number - 1
    return date(2021, 3, 21) + timedelta(days=days)
