"""Years and days that are not Gregorian: Buddhist, Japanese and Chinese eras, the Iranian calendar."""

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


def day(pair: tuple[int | None, int, int], language: str | None) -> date | None:
    """Return year, month and day as a date, in the calendar that the language's press prints; None when there is no such day."""
    year, month, number = pair
    try:
        if language in ("fa", "ps") and year is not None and 1300 <= year < 1500:
            return iranian(year, month, number)
        return date(year or 0, month, number)
    except (ValueError, OverflowError):
        return None


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
