"""When a page is visited again: minutes after publication, then hours, then days (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

# News changes most while it is fresh: corrections and additions come within hours, later ones are rare. The gap between two
# visits is the age of the article divided by VISITS_PER_AGE, within these bounds.
FIRST_GAP = timedelta(minutes=20)
LONGEST_GAP = timedelta(days=7)
VISITS_PER_AGE = 3
WATCHED_FOR = timedelta(days=30)
RECHECK_REFUSED = timedelta(days=14)
BACK_OFF_FIRST = timedelta(minutes=5)
BACK_OFF_LONGEST = timedelta(days=1)
FAILURES_MAX = 8


def next_visit(fetched_at: datetime, *, published_at: datetime | None, first_seen_at: datetime) -> datetime | None:
    """Return when an article captured at *fetched_at* is looked at again; None once it is older than WATCHED_FOR."""
    born = min(published_at, first_seen_at) if published_at else first_seen_at
    age = max(fetched_at - born, timedelta(0))
    if age > WATCHED_FOR:
        return None
    return fetched_at + min(max(age / VISITS_PER_AGE, FIRST_GAP), LONGEST_GAP)


def after_failure(at: datetime, *, failures: int, share: float) -> datetime | None:
    """Return when a page that failed *failures* times in a row is tried again; *share* in 0 … 1 is the jitter.

    The wait doubles and is drawn between its half and its whole; None after FAILURES_MAX.
    """
    if failures > FAILURES_MAX:
        return None
    wait = min(BACK_OFF_FIRST * 2 ** max(failures - 1, 0), BACK_OFF_LONGEST)
    return at + wait * (0.5 + 0.5 * share)
