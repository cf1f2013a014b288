"""The schedule as a whole: what is due of everything, and what a wrong clock made of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import Connection

AHEAD = timedelta(minutes=1)
"""What was done later than this from now was done by a clock that ran ahead."""


def mend(conn: Connection, *, now: datetime) -> int:
    """Make due what was put off by a clock that ran ahead of *now*; return how many rows were changed.

    Sources, and hosts whose requests were counted for a day that has not come, show it; pages are looked through only then.
    """
    with conn.transaction():
        sources = conn.execute(
            "UPDATE etl.sources SET next_poll_at = %(now)s, polled_at = %(now)s WHERE polled_at > %(ahead)s",
            {"now": now, "ahead": now + AHEAD},
        ).rowcount
        hosts = conn.execute(
            """
            UPDATE etl.hosts
            SET free_at = least(free_at, %(now)s), budget_on = (%(now)s AT TIME ZONE 'UTC')::date, budget_used = 0,
                robots_fetched_at = least(robots_fetched_at, %(now)s)
            WHERE budget_on > (%(ahead)s AT TIME ZONE 'UTC')::date
            """,
            {"now": now, "ahead": now + AHEAD},
        ).rowcount
        if not sources + hosts:
            return 0
        pages = conn.execute(
            """
            UPDATE etl.pages
            SET next_visit_at = %(now)s, outcome_at = %(now)s
            WHERE outcome_at > %(ahead)s AND next_visit_at > %(now)s
            """,
            {"now": now, "ahead": now + AHEAD},
        ).rowcount
    return sources + hosts + pages
