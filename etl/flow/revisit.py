"""When a page is visited and a source polled again (pure).

A page: minutes after publication, then hours, then days. A source: by its cron line, or at its interval, or, when the recipe
gives bounds, as often as it brings something new.

A source with an interval has a place of its own in it (`place_of`), to which its polls move: sources that were added together, or
that were all overdue when the service started, would else be due together for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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

GOLDEN = (5**0.5 - 1) / 2
"""Of all numbers the one whose multiples, less their whole parts, lie most evenly (Knuth, The Art of Computer Programming, 6.4)."""


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
        from croniter import croniter  # Here, because loading it takes 30 ms of CPU, and readers need the rest.

        local = now.astimezone(ZoneInfo(source.zone)) if source.zone else now
        return croniter(source.cron, local).get_next(datetime)
    every_s, is_steady = interval(source, now, rule=rule, newest=newest)
    if not is_steady:
        return now + timedelta(seconds=every_s)
    return now + timedelta(seconds=pause_s(now.timestamp(), every_s=every_s, place=place_of(source.id)))


def place_of(source_id: int) -> float:
    """Return the source's place in its interval, 0 to 1: any n successive numbers divide it into nearly equal parts."""
    return source_id * GOLDEN % 1.0


def pause_s(at_s: float, *, every_s: float, place: float) -> float:
    """Return the seconds until a source that is polled at *at_s* is due again: more than half of *every_s*, at most all of it.

    It is due at its *place* in each interval since 1970. One that is far from there gets there in two steps, so
    that none is late and none is asked twice within half an interval; one that is there stays, however late its polls are.
    """
    until_place_s = every_s - (at_s - place * every_s) % every_s
    return until_place_s if until_place_s > every_s / 2 else (until_place_s + every_s) / 2


def interval(
    source: Source, now: datetime, *, rule: SourceRule | None = None, newest: Sequence[datetime] = ()
) -> tuple[float, bool]:
    """Return the mean time between the newest pages and now, in seconds, within the bounds of the recipe; and whether it stays.

    Without bounds it is the interval. So a poll finds about one new page, and what is silent is asked ever more rarely. A missing
    bound is the interval itself. What lies between the bounds is another one at each poll.
    """
    if rule is None or (rule.fastest_s is None and rule.slowest_s is None):
        return source.interval_s, True
    fastest_s = (
        min(source.interval_s, rule.slowest_s or source.interval_s) if rule.fastest_s is None else rule.fastest_s
    )
    slowest_s = max(source.interval_s, fastest_s) if rule.slowest_s is None else rule.slowest_s
    if not newest:
        return slowest_s, True
    mean_s = (now - newest[-1]).total_seconds() / len(newest)
    return min(max(mean_s, fastest_s), slowest_s), not fastest_s < mean_s < slowest_s
