"""When a page is visited and a source polled again (pure).

A page: minutes after publication, then hours, then days. A source: by its cron line, or at its interval, or, when the recipe
gives bounds, as often as it brings something new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from etl.model import Source
from etl.recipe.rules import Revisits, SourceRule

# News changes most while it is fresh: corrections and additions come within hours, later ones are rare. The gap between two
# visits is the age of the article divided by VISITS_PER_AGE, within the bounds that its recipe gives.
VISITS_PER_AGE = 3
USUAL = Revisits()
RECHECK_REFUSED = timedelta(days=14)
FAILURES_MAX = 8
"""After so many failed visits in a row a page is looked at like one that was refused: rarely."""
YIELD_OF = 8
"""The yield of a source is measured on so many of its newest pages: enough to smooth bursts, few enough to follow the day."""


def next_visit(
    fetched_at: datetime, *, published_at: datetime | None, first_seen_at: datetime, revisits: Revisits = USUAL
) -> datetime | None:
    """Return when an article captured at *fetched_at* is looked at again; None once it is too old to change."""
    born = min(published_at, first_seen_at) if published_at else first_seen_at
    age_s = max((fetched_at - born).total_seconds(), 0.0)
    if age_s > revisits.watched_for_s:
        return None
    gap_s = min(max(age_s / VISITS_PER_AGE, revisits.first_gap_s), revisits.longest_gap_s)
    return fetched_at + timedelta(seconds=gap_s)


def next_poll(
    source: Source, now: datetime, *, rule: SourceRule | None = None, newest: Sequence[datetime] = ()
) -> datetime:
    """Return when the source is due after a poll at *now*: by its cron line in its own zone, or by its interval.

    *newest* says when its newest pages (YIELD_OF at most) were first seen, the newest first.
    In the night in which clocks go back, a cron line inside the repeated hour comes twice; in the other night it is not left out.
    """
    if source.cron:
        local = now.astimezone(ZoneInfo(source.zone)) if source.zone else now
        return croniter(source.cron, local).get_next(datetime)
    return now + timedelta(seconds=_interval_s(source, rule, now, newest))


def _interval_s(source: Source, rule: SourceRule | None, now: datetime, newest: Sequence[datetime]) -> float:
    """Return the mean time between the newest pages and now, within the bounds of the recipe; without bounds, its interval.

    So a poll finds about one new page, and what is silent is asked ever more rarely. A missing bound is the interval itself.
    """
    if rule is None or (rule.fastest_s is None and rule.slowest_s is None):
        return source.interval_s
    fastest_s = (
        min(source.interval_s, rule.slowest_s or source.interval_s) if rule.fastest_s is None else rule.fastest_s
    )
    slowest_s = max(source.interval_s, fastest_s) if rule.slowest_s is None else rule.slowest_s
    if not newest:
        return slowest_s
    return min(max((now - newest[-1]).total_seconds() / len(newest), fastest_s), slowest_s)
