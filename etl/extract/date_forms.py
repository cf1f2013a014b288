"""The grammar of date labels, over labels spelled in meanings (`date_words.spell`): the same rules read every language.

A label falls into parts at its words for "published" and "updated". Of each part the rules take, in this order: a distance
("3 hours ago"), clock times, weekdays, a date. What is left over is counted: the reading that explains most of a label wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from etl.extract.date_words import (
    AGO,
    AM,
    AT,
    DAY,
    DAYS_AGO,
    ETHIOPIAN,
    FUTURE,
    HALF,
    HOUR_MARK,
    IRANIAN,
    LAST,
    MINUTE,
    MODIFIED,
    MONTH,
    MONTH_FIRST,
    MONTH_MARK,
    NIGHT,
    NOON,
    NOW,
    OCLOCK,
    OTHER,
    PM,
    PUBLISHED,
    SECOND,
    UNIT,
    UNKNOWN,
    WEEKDAY,
    YEAR,
    ZONE,
)

Role = Literal["", "published", "modified", "other"]
Order = Literal["dmy", "mdy", "ymd", ""]


@dataclass(slots=True)
class Part:
    """What one part of a label says; None where it says nothing. Filled in rule by rule."""

    role: Role = ""
    date: tuple[int | None, int, int] | None = None
    """Year (None when not printed), month, day; any of them may be out of range."""
    other_date: tuple[int | None, int, int] | None = None
    """The second way to read a numeric date."""
    is_order_known: bool = True
    """The language and country decide that `date` is meant; a printed weekday may still say otherwise."""
    clock: tuple[int, int, int] | None = None
    zone: str | None = None
    """The character that stands for the printed zone, or an offset as printed."""
    weekday: int | None = None
    days_ago: int | None = None
    seconds_ago: float | None = None
    is_counted: bool = False
    """`days_ago` was printed as a number of days."""
    is_vague: bool = False
    """A distance too coarse to name a day: weeks, months, years."""
    is_past_week: bool = False
    unknown: int = 0
    """Words that were not understood."""
    left: int = 0
    """Numbers and meanings that no rule took."""
    is_loose: bool = False
    """Leaves a year over, or tells the hour only: no base for a guess of the day."""

    @property
    def is_empty(self) -> bool:
        return not self.has_day and self.clock is None and not self.is_vague

    @property
    def has_day(self) -> bool:
        return (
            self.date is not None
            or self.weekday is not None
            or self.days_ago is not None
            or self.seconds_ago is not None
        )


_M = f"[{chr(MONTH + 1)}-{chr(MONTH + 12)}{chr(IRANIAN + 1)}-{chr(IRANIAN + 12)}{chr(ETHIOPIAN + 1)}-{chr(ETHIOPIAN + 13)}]"
_W = re.compile(f"[{chr(WEEKDAY)}-{chr(WEEKDAY + 6)}]")
_D = re.compile(f"[{chr(DAYS_AGO)}-{chr(DAYS_AGO + 3)}]")
_UNITS = f"[{chr(UNIT)}-{chr(UNIT + 7)}]"
_PERIOD = f"[{AM}{PM}{NOON}{NIGHT}]"
_ZONED = rf"(?:[ .,(]*(?P<zone>[{chr(ZONE)}-{chr(ZONE + 0xFF)}]|[+-]\d\d:?\d\d(?!\d)))?"
_SEP = r"[\s.,/\-–—|•·'()׳״]*"

_TWICE = re.compile(rf"({_M})\s?[/(]\s?\1\)?")
"""The month in two ways: "24 نيسان / أبريل 2020"."""
_GLUED = re.compile(r"(?<!\d)((?:19|20)\d\d)(?=\d{1,2}:\d\d(?!\d))")
"""A year that touches the clock time of the next element: "March 11, 20254:04 PM"."""
_ROLES = re.compile(f"([{PUBLISHED}{MODIFIED}{OTHER}])")
_ROLE: dict[str, Role] = {PUBLISHED: "published", MODIFIED: "modified", OTHER: "other"}

_AMOUNT = rf"(?:(\d{{1,4}}(?:[.,]\d)?|{HALF})\s?[.\-]?\s?)?({_UNITS})"
_DISTANCE = re.compile(
    rf"{AGO}[\s.]*(?P<after>(?:\d{{1,4}}(?:[.,]\d)?|{HALF})?[\s\-]?{_UNITS}(?:[\s.,]*\d{{1,4}}\s?{_UNITS})*)(?:[\s.]*{AGO})?"
    rf"|(?P<before>(?:\d{{1,4}}(?:[.,]\d)?|{HALF})?[\s\-]?{_UNITS}(?:[\s.,]*\d{{1,4}}\s?{_UNITS})*)[\s.]*{AGO}"
)
_HOURS_AND_MINUTES = re.compile(rf"(\d\s?{HOUR_MARK}\s?\d\d)(?!\d|\s?{_UNITS})")
_UNIT_FIRST = re.compile(rf"(?P<unit>{_UNITS})\s?(?P<count>\d{{1,4}})[\s.]*{AGO}")
_AMOUNTS = re.compile(_AMOUNT)
_SECONDS = (1, 60, 3600)
_DIGIT = re.compile(r"\d")

_CLOCK_FORMS = (
    re.compile(
        rf"(?:(?P<p1>{_PERIOD})[\s.]*)?(?<![\d:.,])(?P<h>\d{{1,2}}):\s?(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?(?![\d:])"
        rf"(?:\s?[{HOUR_MARK}{OCLOCK}])?(?:[\s.]*(?P<p2>{_PERIOD}))?{_ZONED}"
    ),
    re.compile(
        rf"(?:(?P<p1>{_PERIOD})[\s.]*)?(?<![\d:.,/])(?P<h>\d{{1,2}})\s?[{HOUR_MARK}{OCLOCK}][\s.]?"
        rf"(?:(?P<m>\d\d?)(?![\d./:]|\s?{_M}|\s?{MONTH_MARK})(?:\s?{MINUTE}(?:\s?(?P<s>\d\d?)\s?{SECOND})?)?)?(?:[\s.]*(?P<p2>{_PERIOD}))?{_ZONED}"
    ),
    re.compile(rf"(?<![\d:./])(?P<h>\d{{1,2}})[\s.]?(?P<p2>[{AM}{PM}]){_ZONED}(?P<p1>)(?P<m>)(?P<s>)"),
)
_CLOCKS = tuple(zip(map(frozenset, (":", HOUR_MARK + OCLOCK, AM + PM)), _CLOCK_FORMS, strict=True))
"""Each with characters of which it needs one."""
_DOTTED = rf"(?:(?P<p1>{_PERIOD})[\s.]*)?(?<![\d.])(?P<h>\d{{1,2}})\.(?P<m>\d\d)(?:\.(?P<s>\d\d))?(?!\.?\d)"
_DOTTED_SURE = (
    re.compile(rf"{AT}[\s.]*{_DOTTED}(?:\s?[{HOUR_MARK}{OCLOCK}])?(?:[\s.]*(?P<p2>{_PERIOD}))?{_ZONED}"),
    re.compile(rf"{_DOTTED}\s?[{HOUR_MARK}{OCLOCK}]{_ZONED}(?P<p2>)"),
    re.compile(rf"{_DOTTED}[\s.]*(?P<p2>{_PERIOD}){_ZONED}"),
)
_DOTTED_ALONE = re.compile(rf"{_DOTTED}{_ZONED}(?P<p2>)")
_DOTTED_ONLY = re.compile(rf"^[^\d{UNKNOWN}]*{_DOTTED}[^\d{UNKNOWN}]*$(?P<zone>)(?P<p2>)")
_HOUR_ALONE = re.compile(rf"{AT}[\s.]*(?P<h>\d\d)(?![\d./:]){_ZONED}(?P<p1>)(?P<p2>)(?P<m>)(?P<s>)")

_YEAR = rf"(?P<y>\d{{4}})(?!\d)\s?{YEAR}?"
_FIGURE_DATES = (
    re.compile(r"(?<![\d./\-])(?P<y>\d{4})\s?(?P<sep>[-/.|•·])\s?(?P<m>\d{1,2})\s?(?P=sep)\s?(?P<d>\d{1,2})(?!\d)"),
    re.compile(rf"(?<!\d){_YEAR}{_SEP}(?P<m>\d{{1,2}})\s?-?{MONTH_MARK}\s?(?P<d>\d{{1,2}})(?!\d)\s?{DAY}?"),
    re.compile(rf"(?<!\d)(?P<y>\d{{2}})\s?{YEAR}\s?(?P<m>\d{{1,2}})\s?{MONTH_MARK}\s?(?P<d>\d{{1,2}})(?!\d)\s?{DAY}?"),
    re.compile(
        rf"(?<!\d)(?P<d>\d{{1,2}})\s?{MONTH_FIRST}\s?(?P<m>\d{{1,2}})(?!\d){_SEP}{YEAR}?\s?(?P<y>\d{{4}})(?!\d)"
    ),
)
_NAMED_DATES = (
    re.compile(
        rf"(?<!\d)(?P<d>\d{{1,2}}){_SEP}(?P<n>{_M}){_SEP}{YEAR}?\s?(?:(?P<y>\d{{4}})(?!\d)|'?(?P<y2>\d\d)(?![\d:.]|,?\s?(?:19|20)\d\d(?!\d)))"
    ),
    re.compile(rf"(?P<n>{_M}){_SEP}(?P<d>\d{{1,2}})(?![\d:]){_SEP}(?:(?P<y>\d{{4}})(?!\d)|'(?P<y2>\d\d)(?!\d))"),
    re.compile(rf"(?<!\d){_YEAR}{_SEP}(?P<n>{_M}){_SEP}(?P<d>\d{{1,2}})(?!\d)\s?{DAY}?"),
    re.compile(rf"(?<!\d){_YEAR}{_SEP}(?P<d>\d{{1,2}}){_SEP}(?P<n>{_M})"),
)
_NUMERIC = re.compile(
    r"(?<![\d/.\-])(?P<a>\d{1,2})\s?(?:(?P<sep>[/.\-])|(?P<bar>[|•·]))\s?(?P<b>\d{1,2})\s?"
    r"(?:(?P=sep)\s?(?P<c>\d{4}|\d\d)|(?P=bar)\s?(?P<c4>\d{4}))(?!\d|[/.\-]\d)"
)
_YEARLESS_NAMED = (
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}}){_SEP}(?P<n>{_M})"),
    re.compile(rf"(?P<n>{_M}){_SEP}(?P<d>\d{{1,2}})(?![\d:])\s?{DAY}?"),
)
_YEARLESS_FIGURES = (
    re.compile(rf"(?<!\d)(?P<m>\d{{1,2}})\s?{MONTH_MARK}\s?(?P<d>\d{{1,2}})(?!\d)\s?{DAY}?"),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})\s?{MONTH_FIRST}\s?(?P<m>\d{{1,2}})(?!\d)"),
)
_MONTHS = re.compile(_M)
_TAKEN = re.compile(f"[{UNKNOWN}{AT}{LAST}{DAY}{YEAR}{OCLOCK}]")
_LEFT = re.compile(r"\d+|[\ue000-\ue1ff]")
_LONE_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SHORT = re.compile(r"(?<![\d/.\-])(?P<a>\d{1,2})(?P<sep>[/.])\s?(?P<b>\d{1,2})(?P<end>\.?)(?![\d/])")
_PERIOD_BEFORE = re.compile(rf"(?<!\d)[0-3]?\d\.?\s*[-–—{UNKNOWN}]\s*$")
"""A day before a date: "14. - 20. Januar 2022", "du 3 au 5 mars"."""
_SHORT_DASHED = re.compile(r"(?<![\d\-])(?P<a>[01]\d)-(?P<b>[0-3]\d)(?![\d\-])")


def parse(form: str, order: Order, *, dots: bool = False) -> list[Part]:
    """Return the parts of a spelled label that say something of time.

    *dots*: the language writes a clock time with a dot, so that "18.47" alone is one.
    """
    if "/" in form or "(" in form:
        form = _TWICE.sub(r"\1", form)
    pieces = _ROLES.split(_GLUED.sub(r"\1 ", form) if ":" in form else form)
    parts = [_read(pieces[0], "", order, dots)]
    for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        part = _read(piece, _ROLE[mark], order, dots)
        is_tail = part.is_empty and not part.left and part.role != "other"
        if is_tail and parts[-1].role == "" and not parts[-1].is_empty:
            parts[-1].role = part.role  # "3. Mai 2024 aktualisiert"
        else:
            parts.append(part)
    return parts


def _read(text: str, role: Role, order: Order, dots: bool) -> Part:
    part = Part(role=role, unknown=text.count(UNKNOWN))
    if AGO in text or NOW in text:
        text = _take_distance(text, part)
    text = _take_clock(text, part, tuple(rule for marks, rule in _CLOCKS if not marks.isdisjoint(text)))
    if part.clock is None and "." in text:
        text = _take_clock(text, part, _DOTTED_SURE)
    if found := _W.search(text):
        part.weekday, part.is_past_week = ord(found[0]) - WEEKDAY, LAST in text
        text = _W.sub(" ", text)
    if found := _D.search(text):
        part.days_ago = ord(found[0]) - DAYS_AGO
        text = text.replace(found[0], " ", 1)
    text = _take_date(text, part, order)
    if part.clock is None and (part.has_day or dots):
        text = _take_clock(text, part, (_DOTTED_ALONE, _HOUR_ALONE) if part.has_day else (_DOTTED_ONLY,))
    text = _TAKEN.sub(" ", text)
    part.left += len(_LEFT.findall(text)) + (10 if FUTURE in text else 0)
    part.is_loose = part.is_loose or _LONE_YEAR.search(text) is not None
    return part


def _take_distance(text: str, part: Part) -> str:
    """Take "3 hours and 20 minutes ago"."""
    if NOW in text and not _DIGIT.search(text):
        part.seconds_ago = 0.0
        return text.replace(NOW, " ")
    text = _UNIT_FIRST.sub(rf"\g<count>\g<unit>{AGO}", text)  # Swahili, Hausa, Oromo: "hours 3 past"
    text = _HOURS_AND_MINUTES.sub(rf"\1{MINUTE}", text)  # "il y a 1h30"
    found = _DISTANCE.search(text)
    if not found:
        return text
    seconds, days = 0.0, None
    for amount, unit in _AMOUNTS.findall(found["after"] or found["before"]):
        count = 0.5 if amount == HALF else float(amount.replace(",", ".") or 1)
        kind = 2 if unit == HOUR_MARK else ord(unit) - UNIT
        if kind < len(_SECONDS):
            seconds += count * _SECONDS[kind]
        elif unit == DAY and count == int(count):
            days = int(count)
        else:
            part.is_vague = True
    if days is not None:
        part.days_ago, part.is_counted = days, True
    elif not part.is_vague:
        part.seconds_ago = seconds
    return _without(text, found)


def _take_clock(text: str, part: Part, rules: tuple[re.Pattern[str], ...]) -> str:
    for rule in rules:
        for found in rule.finditer(text):
            clock = _clock(found["h"], found["m"], found["s"], found["p1"] or found["p2"])
            if clock is not None:
                part.clock, part.zone = clock, found["zone"]
                part.is_loose = not found["m"] and not found["p1"] and not found["p2"] and AT not in text
                return _without(text, found)
    return text


def _clock(hour: str, minute: str | None, second: str | None, period: str | None) -> tuple[int, int, int] | None:
    h, m, s = int(hour), int(minute or 0), int(second or 0)
    if period == AM and h == 12:
        h = 0
    elif (period == PM and h < 12) or (period == NOON and h < 4) or (period == NIGHT and 6 <= h < 12):
        h += 12
    elif period == NIGHT and h == 12:
        h = 0
    return (h, m, s) if h < 24 and m < 60 and s < 60 else None


def _take_date(text: str, part: Part, order: Order) -> str:
    if not _DIGIT.search(text):
        return text
    has_month = _MONTHS.search(text) is not None
    is_marked = MONTH_MARK in text or MONTH_FIRST in text
    for rule in (*_FIGURE_DATES[: None if is_marked else 1], *(_NAMED_DATES if has_month else ())):
        if found := rule.search(text):
            named = found.groupdict()
            year = int(named["y"]) if len(named["y"] or "") == 4 else _century(int(named["y"] or named["y2"]))
            part.date = (year, _month(found), int(found["d"]))
            _refuse_period(text, found, part)
            return _without(text, found)
    if found := _NUMERIC.search(text):
        _numeric(part, found, order)
        _refuse_period(text, found, part)
        return _without(text, found)
    for rule in (*(_YEARLESS_NAMED if has_month else ()), *(_YEARLESS_FIGURES if is_marked else ())):
        if found := rule.search(text):
            part.date = (None, _month(found), int(found["d"]))
            return _without(text, found)
    if found := _SHORT.search(text):
        return _short(text, part, found, order)
    if order == "ymd" and part.clock is not None and (found := _SHORT_DASHED.search(text)):
        part.date = (None, int(found["a"]), int(found["b"]))
        return _without(text, found)
    return text


def _month(found: re.Match[str]) -> int:
    """Return the number of a month; names of other calendars count from 101 (Iranian) and 201 (Ethiopian)."""
    if "n" not in found.groupdict():
        return int(found["m"])
    code = ord(found["n"])
    if code > ETHIOPIAN:
        return 200 + code - ETHIOPIAN
    return 100 + code - IRANIAN if code > IRANIAN else code - MONTH


def _century(two_digits: int) -> int:
    return two_digits + (2000 if two_digits < 70 else 1900)


def _refuse_period(text: str, found: re.Match[str], part: Part) -> None:
    """Refuse a part that prints a second day: a period, or an update that no known word announces."""
    rest = _without(text, found)
    second = _NUMERIC.search(rest)
    if (
        _PERIOD_BEFORE.search(text[: found.start()])
        or (second and len(second["c"] or second["c4"]) == 4)
        or (_LONE_YEAR.search(rest) and any(rule.search(rest) for rule in (*_FIGURE_DATES, *_NAMED_DATES)))
    ):
        part.date = part.clock = None
        part.left += 1


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _numeric(part: Part, found: re.Match[str], order: Order) -> None:
    """Read 05/06/2025: by the order of the language and country, or both ways when neither says."""
    a, b, c = int(found["a"]), int(found["b"]), found["c"] or found["c4"]
    if len(c) == 2 and order == "ymd":
        part.date = (_century(a), b, int(c))
    else:
        year = int(c) if len(c) == 4 else _century(int(c))
        _either(part, year, (a, b), order if found["sep"] != "." else "dmy")


def _either(part: Part, year: int | None, pair: tuple[int, int], order: Order) -> None:
    a, b = pair
    if a > 12 or b > 12 or a == b:  # only one way makes a date
        part.date = (year, a, b) if b > 12 else (year, b, a)
    elif order == "mdy":
        part.date, part.other_date = (year, a, b), (year, b, a)
    else:
        part.date, part.other_date, part.is_order_known = (year, b, a), (year, a, b), order == "dmy"


def _short(text: str, part: Part, found: re.Match[str], order: Order) -> str:
    """Read 11/03 or 5.8. as a day of this year."""
    a, b = int(found["a"]), int(found["b"])
    if found["sep"] == "." and not found["end"] and part.clock is None:
        return text
    if len(found["a"] + found["b"]) < 4 and found["sep"] == "/" and part.clock is None and not part.role:
        return text  # 1/2 is a page or a half
    if order == "ymd":
        part.date = (None, a, b)
    else:
        _either(part, None, (a, b), order)
    return _without(text, found)
