"""Read the time that a publisher printed: "3. Mai 2024, 17:47", "il y a 3 heures", "2025年1月13日 21時37分".

A label is read only when nothing in it is open: an order of day and month that neither language nor country decides, a time
without a zone, a distance of weeks, a day after the fetch give a Moment whose `at` is None (or a whole day instead of a minute).
A silent wrong answer is worse than none.

Words → meanings is `date_words`, meanings → parts `date_forms`, zones `date_zones`; here parts become instants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from etl.extract import date_calendars, date_forms, date_words, date_zones
from etl.extract.date_forms import Order, Part, Role
from etl.model import Moment

FUTURE_DAYS = 1
"""How far after the fetch a time may lie: clocks and zones differ, publications of tomorrow do not exist."""
LABEL_MAX_CHARS = 200
"""A longer text is no label."""
ANY_LANGUAGE_MAX = 30
YEARS = range(1900, 2101)
NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)
"""What a content system writes when it has no time: second 0 of its clock."""

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:(?:[T ]|T )\s*(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+\-−]\d\d(?::?\d\d)?)?)?(?:\[[\w/]+\])?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})?)?", re.IGNORECASE)
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?(?:\.\d+)?")
_REGION = re.compile(r"[-_]([A-Za-z]{2})\b")
_BRACKETED = re.compile(r"\(([月火水木金土日월화수목금토일一二三四五六])\)")
MONTH_FIRST = frozenset({"us", "ph", "fm", "mh", "pw", "as", "gu", "mp", "pr", "vi", "um", "bz"})
_YEAR_FIRST = frozenset({"ja", "ko", "zh", "yue", "hu", "mn", "eu"})
_DOTS = frozenset({"sv", "da", "nb", "nn", "no", "fi", "is", "id", "it", "et"})
"""Languages that print clock times with a dot."""
_SPANS = {"us": ("America/New_York", "America/Los_Angeles"), "ca": ("America/Halifax", "America/Vancouver")}
_SPANS["au"] = ("Australia/Sydney", "Australia/Perth")
_WORLD = ("Pacific/Honolulu", "Pacific/Auckland")
"""Zones between which a publisher is when only its country, or nothing, is known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a label was printed."""

    language: str | None
    country: str | None
    zone: tzinfo | None
    zone_name: str | None
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    folded: str
    """The text as words are compared, printed zones replaced by one character each."""
    zones: tuple[tzinfo, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One time of a label and what the label calls it."""

    role: Role
    moment: Moment
    noise: int = 0
    """Words and numbers of the label that the reading does not explain."""


def read_label(
    text: str, *, language: str | None, country: str | None, zone: str | None, fetched_at: datetime | None
) -> Moment:
    """Return the time that a printed label means, as `moment_of` does. *zone*: the publisher's, when it is known."""
    return moment_of(text, locate(language, country, zone, fetched_at))


def moment_of(text: str, place: Place) -> Moment:
    """Return the time that a label printed at *place* means; `at` is None when the label does not decide it.

    Of a label with several times the publication counts, then the update.
    """
    found = readings(text, place)
    for role in ("published", "", "modified"):
        moments = [reading.moment for reading in found if reading.role == role]
        if len({(moment.at, moment.precision) for moment in moments}) == 1:
            return moments[0]
        if moments:
            return Moment(None, "day", text, "label:several")
    return Moment(None, "day", text, "label:unread")


def readings(text: str, place: Place) -> tuple[Reading, ...]:
    """Return each time that a label prints, for one of many labels of a place."""
    stripped = text.strip()
    if not stripped or len(stripped) > LABEL_MAX_CHARS or not any(c.isdigit() or c.isalpha() for c in stripped):
        return ()
    if (moment := machine_time(stripped, place)) is not None:
        return (Reading("", moment),)
    zoned, zones = _printed_zones(_BRACKETED.sub(" ", stripped), place)
    folded = date_calendars.to_gregorian_years(date_words.fold(zoned), place.language)
    label = _Label(text, folded, tuple(zones))
    for languages in _languages(place):
        found, is_understood = _agreed(label, languages, place)
        if found:
            return found
        if is_understood:
            return ()
    return _in_any_language(label, place) if any(map(str.isdigit, label.folded)) else ()


def iso(moment: Moment | None) -> str | None:
    """Return a moment as ISO 8601: a date for a day, seconds and offset for a minute; None for what was not read."""
    if moment is None or moment.at is None:
        return None
    return moment.at.date().isoformat() if moment.precision == "day" else moment.at.isoformat(timespec="seconds")


def instant(moment: Moment | None) -> str | None:
    """Return a moment as `iso` does, but a day whose zone is known as its first second there.

    An article's day in a known zone is a stretch of time; where it begins says more than a date that each reader puts into a
    zone of his own. Without a zone it stays a date.
    """
    if moment is None or moment.at is None or moment.zone is None:
        return iso(moment)
    return moment.at.isoformat(timespec="seconds")


def locate(language: str | None, country: str | None, zone: str | None, fetched_at: datetime | None) -> Place:
    """Return where a label was printed: the zone given, or that of the country, or of the language where it has one only."""
    primary = language.replace("_", "-").partition("-")[0].lower() if language else None
    region = _REGION.search(language) if language else None
    country = (country or (region[1] if region else "") or "").lower() or None
    name = zone if date_zones.named(zone) is not None else date_zones.country_zone(country)
    if name is None and country is None:
        name = date_zones.SPOKEN_IN.get(primary or "")
    if fetched_at is not None and fetched_at.year not in YEARS[1:-1]:
        fetched_at = None
    elif fetched_at is not None and fetched_at.tzinfo is None:
        fetched_at = fetched_at.replace(tzinfo=UTC)
    return Place(primary, country, date_zones.named(name), name, fetched_at)


def in_offset(place: Place, offset: str) -> Place:
    """Return *place* with the zone that a printed offset tells, unless the place has a zone already."""
    if place.zone is not None:
        return place
    return replace(place, zone=date_zones.fixed(offset), zone_name=offset)


def at_home(moment: Moment, place: Place) -> Moment:
    """Return a time in UTC with the publisher's offset: content systems store UTC, the day of a publication is local."""
    if moment.at is None or moment.precision == "day" or place.zone is None or moment.at.utcoffset():
        return moment
    return replace(moment, at=_local(moment.at, place), zone=place.zone_name)


def ruled(moment: Moment, rule: str) -> Moment:
    """Return *moment* as found by *rule*."""
    return replace(moment, rule=rule)


def machine_time(text: str, place: Place) -> Moment | None:
    """Return a time written for machines (ISO 8601, seconds or milliseconds since 1970), or None when it is no such thing."""
    if not text[:1].isdecimal():
        return None
    if _EPOCH.fullmatch(text):
        at = datetime.fromtimestamp(float(text) / (1000 if len(text.split(".")[0]) == 13 else 1), tz=UTC)
        return _checked(Moment(_local(at, place), "minute", text, "label:epoch", place.zone_name or "+00:00"), place)
    found = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    if int(year) not in YEARS:
        return None
    if hour is None:
        return _day(int(year), int(month), int(day), place=place, text=text, rule="label:iso")
    zone = date_zones.fixed(offset) if offset else place.zone
    clock = (int(hour), int(minute), int(second or 0))
    if zone is None:
        return _day(int(year), int(month), int(day), place=place, text=text, rule="label:iso")
    at = date_zones.instant(int(year), int(month), int(day), clock=clock, zone=zone)
    name = offset or place.zone_name
    return _checked(at_home(Moment(at, "minute", text, "label:iso", name), place), place) if at else None


def _languages(place: Place) -> Iterator[tuple[str, ...]]:
    if place.language and place.language != "en":
        yield (place.language,)
        yield (place.language, "en")
    else:
        yield ("en",)


def _in_any_language(label: _Label, place: Place) -> tuple[Reading, ...]:
    """Return what all languages agree on that know every word of a label: for pages that declare no language or a wrong one."""
    languages = date_words.languages_of(label.folded)
    if len(languages) > ANY_LANGUAGE_MAX:  # "5 min" is at home everywhere and says nothing
        return ()
    answers = [_agreed(label, (language,), place)[0] for language in languages]
    answers = [answer for answer in answers if answer and not any(reading.noise for reading in answer)]
    seen = {tuple((reading.role, reading.moment.at) for reading in answer) for answer in answers}
    return answers[0] if len(seen) == 1 else ()


def _printed_zones(label: str, place: Place) -> tuple[str, list[tzinfo]]:
    """Replace the zones that a label prints by one character each."""
    zones: list[tzinfo] = []

    def keep(found: re.Match[str]) -> str:
        zone = date_zones.abbreviated(found[0], place.country)
        if zone is None or not any(c.isdigit() for c in label):
            return found[0]
        zones.append(zone)
        return chr(date_words.ZONE + len(zones) - 1)

    return date_zones.PRINTED.sub(keep, label), zones


def _order(place: Place, languages: tuple[str, ...]) -> Order:
    if place.country in MONTH_FIRST:
        return "mdy"
    if languages[0] in _YEAR_FIRST:
        return "ymd"
    if languages[0] == "en" and place.country in (None, "ca"):
        return ""
    return "dmy"


def _agreed(label: _Label, languages: tuple[str, ...], place: Place) -> tuple[tuple[Reading, ...], bool]:
    """Return what the best readings of a label agree on (nothing when they differ), and whether each word was understood."""
    is_understood = False
    best: tuple[tuple[int, int], tuple[Reading, ...]] | None = None
    order = _order(place, languages)
    for form in date_words.spell(label.folded, languages):
        is_understood = is_understood or date_words.UNKNOWN not in form
        parts = _completed(
            [
                p
                for p in date_forms.parse(form, order, dots=languages[0] in _DOTS)
                if not p.is_empty or p.left or p.unknown
            ]
        )
        readings = tuple(r for r in (_resolve(part, label, place) for part in parts) if r is not None)
        if not readings:
            continue
        rank = (sum(part.unknown for part in parts), sum(part.left for part in parts))
        if best is None or rank < best[0]:
            best = (rank, tuple(replace(reading, noise=sum(rank)) for reading in readings))
        elif rank == best[0] and [(r.role, r.moment.at) for r in readings] != [(r.role, r.moment.at) for r in best[1]]:
            best = (rank, ())
    return best[1] if best else (), is_understood


def _completed(parts: list[Part]) -> list[Part]:
    """Give a part that has only a clock time the day of the part before it: "02/12/2024 Actualizado a las 20:56"."""
    done: list[Part] = []
    for part in parts:
        if part.clock and not part.has_day and done and done[-1].has_day:
            before = done[-1]
            part.date, part.other_date, part.is_order_known = before.date, before.other_date, before.is_order_known
            part.days_ago, part.weekday = before.days_ago, before.weekday
            if before.clock is None and before.role == "":
                done.pop()
        done.append(part)
    return done


def _resolve(part: Part, label: _Label, place: Place) -> Reading | None:
    if part.role == "other" or part.is_empty or part.is_vague:
        return None
    zone, zone_name = place.zone, place.zone_name
    if part.zone:
        known = date_zones.fixed(part.zone) if part.zone[0] in "+-" else None
        index = ord(part.zone[0]) - date_words.ZONE
        zone = known or (label.zones[index] if 0 <= index < len(label.zones) else None)
        zone_name = _offset_name(zone)
    if part.seconds_ago is not None and (part.date is None or part.date[0] is None):
        return _distance(part, label.text, place)
    day, rule = _day_of(part, zone, place)
    noise_max = 2 if part.date and (part.clock or part.role or part.weekday is not None) else 0
    if day is None or (rule != "label:absolute" and part.left + part.unknown > noise_max):
        return None
    if part.clock is None or zone is None:
        moment = _day(day.year, day.month, day.day, place=place, text=label.text, rule=rule)
    else:
        at = date_zones.instant(day.year, day.month, day.day, clock=part.clock, zone=zone)
        moment = _checked(Moment(at, "minute", label.text, rule, zone_name), place) if at else None
    return Reading(part.role, moment) if moment else None


def _distance(part: Part, text: str, place: Place) -> Reading | None:
    if place.fetched_at is None or part.left > 1:
        return None
    at = place.fetched_at.astimezone(UTC) - timedelta(seconds=part.seconds_ago or 0)
    return Reading(part.role, Moment(_local(at, place), "minute", text, "label:relative", place.zone_name))


def _day_of(part: Part, zone: tzinfo | None, place: Place) -> tuple[date | None, str]:
    """Return the day that a part means and the rule that gave it; None when the zones it may be in disagree."""
    if part.date is not None and part.date[0] is not None:
        return _absolute(part, place), "label:absolute"
    if place.fetched_at is None or (part.is_loose and (part.date is not None or not part.has_day)):
        return None, "label:open"
    if part.date is not None and part.other_date is not None and not part.is_order_known:
        return None, "label:ambiguous"
    spans = _SPANS.get(place.country or "", _WORLD)
    zones = [zone] if zone is not None else [found for name in spans if (found := date_zones.named(name))]
    days = {_relative_day(part, place.fetched_at.astimezone(each), place.language) for each in zones}
    if len(days) > 1 and part.is_counted:  # "3 days ago" is only good to a day
        days = {_relative_day(part, place.fetched_at.astimezone(UTC), place.language)}
    rule = "label:yearless" if part.date else "label:relative" if part.days_ago is not None else "label:weekday"
    return days.pop() if len(days) == 1 else None, rule if part.has_day else "label:clock"


def _absolute(part: Part, place: Place) -> date | None:
    """Return the day of a complete date; a printed weekday decides between day and month first, and may refuse both."""
    pairs = [pair for pair in (part.date, part.other_date) if pair is not None]
    days = [date_calendars.day(y, m, d, language=place.language) for y, m, d in pairs if y is not None]
    if part.other_date is not None and part.weekday is not None:
        days = [day for day in days if day is not None and day.weekday() == part.weekday]
    if part.is_order_known:
        days = days[:1]
    days = [day for day in days if day is not None and day.year in YEARS and _is_past(day, place)]
    return days[0] if len(days) == 1 else None


def _relative_day(part: Part, now: datetime, language: str | None) -> date | None:
    """Return the day that a label without a year means to a reader in whose zone it is *now*."""
    if part.days_ago is not None:
        return now.date() - timedelta(days=part.days_ago)
    if part.date is not None:
        return _latest(part, now, language)
    if part.weekday is not None:
        return _last_weekday(part, now)
    assert part.clock is not None
    return now.date() - timedelta(days=1 if part.clock[:2] > (now.hour, now.minute + 5) else 0)


def _latest(part: Part, now: datetime, language: str | None) -> date | None:
    """Return the last day before the fetch that a date without a year can mean; a printed weekday must agree."""
    assert part.date is not None
    _, month, number = part.date
    for year in date_calendars.years_before(now.year, month):
        found = date_calendars.day(year, month, number, language=language if month > 100 else None)
        if found is None or found > now.date() + timedelta(days=FUTURE_DAYS):
            continue
        if part.weekday is None or found.weekday() == part.weekday:
            return found
    return None


def _last_weekday(part: Part, now: datetime) -> date:
    back = (now.weekday() - (part.weekday or 0)) % 7
    if back == 0 and (part.is_past_week or (part.clock and part.clock[:2] > (now.hour, now.minute + 5))):
        back = 7
    return now.date() - timedelta(days=back)


def _is_past(day: date, place: Place) -> bool:
    return place.fetched_at is None or day <= place.fetched_at.date() + timedelta(days=FUTURE_DAYS)


def _day(year: int, month: int, day: int, *, place: Place, text: str, rule: str) -> Moment | None:
    at = date_zones.instant(year, month, day, zone=place.zone or UTC)
    if at is None or not _is_past(date(year, month, day), place):
        return None
    return Moment(at, "day", text, rule, place.zone_name)


def _checked(moment: Moment, place: Place) -> Moment | None:
    """Return *moment*, or None when it lies after the fetch or was never set."""
    if moment.at is None or moment.at.year not in YEARS or moment.at == NEVER_SET:
        return None
    if place.fetched_at is not None and moment.at > place.fetched_at + timedelta(days=FUTURE_DAYS):
        return None
    return moment


def _local(at: datetime, place: Place) -> datetime:
    """Return *at* with the publisher's offset."""
    if place.zone is None:
        return at
    local = at.astimezone(place.zone)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0)))


def _offset_name(zone: tzinfo | None) -> str | None:
    if zone is None:
        return None
    key = getattr(zone, "key", None)
    return key if isinstance(key, str) else str(zone).removeprefix("UTC") or "+00:00"
