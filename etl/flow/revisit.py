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
FAILURES_MAX = 8
"""After so many failed visits in a row a page is looked at like one that was refused: rarely."""


def next_visit(fetched_at: datetime, *, published_at: datetime | None, first_seen_at: datetime) -> datetime | None:
    """Return when an article captured at *fetched_at* is looked at again; None once it is older than WATCHED_FOR."""
    born = min(published_at, first_seen_at) if published_at else first_seen_at
    age = max(fetched_at - born, timedelta(0))
    if age > WATCHED_FOR:
        return None
    return fetched_at + min(max(age / VISITS_PER_AGE, FIRST_GAP), LONGEST_GAP)
