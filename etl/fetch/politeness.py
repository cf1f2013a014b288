"""How long to leave a host alone: arithmetic only, so that the queue, the store and the tests reckon alike.

A visit asks `spacing_s` after each answer and waits that long; what outlives the visit (latency, failures, the day's
count) is a `Pace` that the store keeps per host. Spacing grows with latency, because a slow answer is a busy machine, and doubles
with each failure in a row, because a broken one is worse. A wish of the site (Crawl-delay) is a floor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_AFTER_MAX_S = 24 * 3600.0
# A 429 or 503 that names no moment. Shorter waits were answered with longer bans by most limiters we know of.
RETRY_AFTER_UNSAID_S = 600.0
# All who were told "60 seconds" must not come back in the same one: up to this share is added, never subtracted.
JITTER_SHARE = 0.25
CRAWL_DELAY_MAX_S = 300.0
BACK_OFF_MAX_S = 24 * 3600.0
# Weight of the newest answer: a host that turns slow is noticed within three answers, one hiccup is forgotten in ten.
LATENCY_WEIGHT = 0.3
DOUBLINGS_MAX = 20
# An answer that nobody lived to read may have asked for patience. Sixteen pauses outlast most short wishes, and workers that die
# again and again do not keep their hosts from being asked at all.
UNREAD_DOUBLINGS = 4


@dataclass(frozen=True, slots=True)
class Manners:
    """What the operator, or a recipe, allows us towards one host."""

    spacing_min_s: float = 1.0
    spacing_max_s: float = 60.0
    latency_factor: float = 2.0
    """Leave a host alone for this many times its usual answer time."""
    requests_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """What we remember of one host from visit to visit."""

    latency_s: float = 0.0
    failures: int = 0
    """In a row."""
    counted_on: date | None = None
    requests: int = 0
    """Made on that day (UTC)."""


def spacing_s(pace: Pace, *, manners: Manners, crawl_delay_s: float | None = None) -> float:
    """Return the seconds between the end of one answer and the next request to the same host."""
    wish_s = min(crawl_delay_s or 0.0, CRAWL_DELAY_MAX_S)
    own_s = max(manners.spacing_min_s, manners.latency_factor * pace.latency_s)
    slowed_s = own_s * 2.0 ** min(pace.failures, DOUBLINGS_MAX)
    return max(wish_s, min(slowed_s, manners.spacing_max_s))


def answered(pace: Pace, *, took_s: float, at: datetime) -> Pace:
    """Return the pace after an answer of any kind that did not blame the host (404 included: it costs them the same).

    *took_s* below nothing is nothing: the server's clock, read anew while a page was fetched, may go back by a moment.
    """
    took_s = max(took_s, 0.0)
    known = pace.latency_s or took_s
    latency_s = known + LATENCY_WEIGHT * (took_s - known)
    return replace(_counted(pace, at), latency_s=latency_s, failures=0)


def failed(pace: Pace, *, at: datetime) -> Pace:
    """Return the pace after the host failed (no connection, time-out, 5xx, 429)."""
    return replace(_counted(pace, at), failures=pace.failures + 1)


def _counted(pace: Pace, at: datetime) -> Pace:
    today = at.astimezone(UTC).date()
    return replace(pace, counted_on=today, requests=pace.requests + 1 if pace.counted_on == today else 1)


def free_at(
    pace: Pace,
    *,
    now: datetime,
    manners: Manners,
    crawl_delay_s: float | None = None,
    told: datetime | None = None,
) -> datetime:
    """Return the moment from which the host may be asked again.

    *told* is the moment of a TryLater; it wins when it is later. When the day's budget is used up, it is the next midnight UTC.
    """
    at = now + timedelta(seconds=spacing_s(pace, manners=manners, crawl_delay_s=crawl_delay_s))
    if told is not None:
        at = max(at, told)
    if is_spent(pace, now=now, manners=manners):
        midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
        at = max(at, midnight)
    return at


def free_after_unread(pace: Pace, *, now: datetime, manners: Manners, crawl_delay_s: float | None = None) -> datetime:
    """Return the moment from which the host may be asked again when nobody knows how its last request ended, up to *now*."""
    blamed = replace(pace, failures=pace.failures + UNREAD_DOUBLINGS)
    return free_at(blamed, now=now, manners=manners, crawl_delay_s=crawl_delay_s)


def is_spent(pace: Pace, *, now: datetime, manners: Manners) -> bool:
    """Tell whether the host's budget for today is used up."""
    budget = manners.requests_per_day
    return budget is not None and pace.counted_on == now.astimezone(UTC).date() and pace.requests >= budget


def back_off_s(failures: int, *, jitter: float, first_s: float = 60.0) -> float:
    """Return how long to leave one page or source alone after so many failures in a row, at most a day.

    Doubles from *first_s*; *jitter* (0 … 1) takes up to half away, so that what failed together does not return together.
    """
    whole_s = min(first_s * 2.0 ** min(max(failures - 1, 0), DOUBLINGS_MAX), BACK_OFF_MAX_S)
    return whole_s * (1.0 - jitter / 2.0)


def retry_after_s(value: str | None, *, now: datetime, jitter: float) -> float:
    """Return the seconds to wait after a 429 or 503: Retry-After in seconds or as a date (RFC 9110, 10.2.3), at most a day.

    A value that cannot be read counts as none. *jitter* (0 … 1) is added on top, never subtracted.
    """
    wanted_s = RETRY_AFTER_UNSAID_S if value is None else _wanted_s(value.strip(), now)
    return min(max(wanted_s, 1.0) * (1.0 + JITTER_SHARE * jitter), RETRY_AFTER_MAX_S)


def _wanted_s(value: str, now: datetime) -> float:
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return RETRY_AFTER_UNSAID_S
    if moment.tzinfo is None:  # "-0000" means UTC of unknown origin (RFC 5322, section 3.3).
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()
