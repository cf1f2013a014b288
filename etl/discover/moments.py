"""The times that feeds and sitemaps state: RFC 822 in RSS, RFC 3339 and W3C dates everywhere else.

What is printed for people ("hier à 14h10") is the business of the extract room. A label that cannot be read gives a
`Moment` without an instant; a time of day without a zone is only as good as its day, unless the source's zone is known.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from etl.model import Moment

LABEL_MAX_LENGTH = 100
FUTURE_MAX = timedelta(days=1)  # A time later than this after the fetch is a mistake of the publisher or ours.

# Names that mean one offset only; email.utils knows GMT, UT and those of North America. `BST`, `IST`, `CST` and the
# like mean several and stay unread.
_ZONE_NAMES = {
    "WET": "+0000", "WEST": "+0100", "CET": "+0100", "MEZ": "+0100", "CEST": "+0200", "MESZ": "+0200",
    "EET": "+0200", "EEST": "+0300", "MSK": "+0300", "SAST": "+0200", "EAT": "+0300", "WAT": "+0100", "WIB": "+0700",
    "HKT": "+0800", "JST": "+0900", "KST": "+0900", "AEST": "+1000", "AEDT": "+1100", "NZST": "+1200", "NZDT": "+1300",
}  # fmt: skip
_ZONE_NAME = re.compile(r"\b(" + "|".join(_ZONE_NAMES) + r")\b")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_ISO = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}")
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_LEAP_SECOND = re.compile(r"(\d\d:\d\d):60\b")
_SPACED_OFFSET = re.compile(r" (?=(?:Z|UTC|[+-]\d{2}:?\d{2})\Z)")


def moment(label: str, *, rule: str, zone: str | None, fetched_at: datetime) -> Moment | None:
    """Return the time that *label* states, or None for an empty one.

    *zone* (IANA) is where a time without offset was written. `at` is None when the label cannot be read, or lies more
    than FUTURE_MAX after the fetch.
    """
    if _EXACT.fullmatch(label):
        return _exact(label, rule, fetched_at)
    text = " ".join(label[:LABEL_MAX_LENGTH].split()).encode("utf-8", "ignore").decode("utf-8")
    if not text:
        return None
    try:
        at = _read(text)
        if at is None:
            return Moment(None, "minute", text, rule)
        has_offset = at.tzinfo is not None
        is_day = bool(_DAY.match(text)) or (not has_offset and zone is None)
        if not has_offset:
            at = at.replace(tzinfo=_zone(zone) if zone else UTC)
        if is_day:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0)
        where = zone
        if has_offset:
            # One object for all times of one offset: a sitemap has 50,000 of them.
            shared, where = _fixed(at.utcoffset() or timedelta())
            at = at.replace(tzinfo=shared)
        if at > fetched_at + FUTURE_MAX:
            at = None
        else:
            at.astimezone(UTC)  # The first and the last day of the calendar have no instant in every zone.
    except (ValueError, OverflowError):
        return Moment(None, "minute", text, rule)
    return Moment(at, "day" if is_day else "minute", text, rule, where)


def _exact(label: str, rule: str, fetched_at: datetime) -> Moment:
    """Return what a time with its offset says: what sitemaps write, and 50,000 times in one file."""
    try:
        at = datetime.fromisoformat(label)
        shared, where = _fixed(at.utcoffset() or timedelta())
        at = at.replace(tzinfo=shared)
        if at > fetched_at + FUTURE_MAX:
            return Moment(None, "minute", label, rule, where)
        at.astimezone(UTC)  # The first day of the calendar has no instant in every zone.
    except (ValueError, OverflowError):
        return Moment(None, "minute", label, rule)
    return Moment(at, "minute", label, rule, where)


def _read(text: str) -> datetime | None:
    if _DAY.match(text):
        return datetime.fromisoformat(text)
    if _ISO.match(text):
        return datetime.fromisoformat(_SPACED_OFFSET.sub("", text).replace("UTC", "Z"))
    return _rfc822(text)


def _rfc822(text: str) -> datetime | None:
    """Return the time, without a zone when none is named or its name means several."""
    text = _ZONE_NAME.sub(lambda name: _ZONE_NAMES[name[0]], text)
    # `-0000` is UTC without a word on the place (RFC 5322, 3.3); email.utils takes it for a missing zone.
    text = _LEAP_SECOND.sub(r"\1:59", text).removesuffix("-0000") + ("+0000" if text.endswith("-0000") else "")
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):  # What it raises for a text that is no date depends on the text.
        return None


@lru_cache(maxsize=256)
def _fixed(offset: timedelta) -> tuple[timezone, str]:
    """Return the zone of *offset* and its name, `+01:00`."""
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return timezone(offset), f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
