"""What a tick puts in after the service was away: a backlog is spread, and nothing is kept waiting that falls due in its turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from etl.run.catch_up import AT_LEAST, AT_MOST, SPREAD_S, CatchUp
from etl.run.queue import SEARCH_PATH, sync_app_of
from etl.run.scheduler import Leader

TICK_S = 2.0
INTERVAL_S = 900.0


def ticks_of(count: int, *, interval_s: float, done_again_after_s: float | None = None) -> list[int]:
    """Return how many each tick puts in until *count* sources, all due at 0, were put in, and what fell due meanwhile."""
    catch_up = CatchUp(tick_s=TICK_S)
    catch_up.expect(count / interval_s)
    due, put, returns = count, [], {}
    while due:
        at_s = len(put) * TICK_S
        due += returns.pop(at_s, 0)
        some = min(due, catch_up.limit(at_s))
        catch_up.found(some, at_s)
        put.append(some)
        due -= some
        if done_again_after_s is not None:
            returns[at_s + done_again_after_s] = some
        assert at_s <= interval_s, "A source waits for longer than its interval."
    return put


def test_a_thousand_sources_are_asked_over_forty_seconds_not_at_once():
    put = ticks_of(1000, interval_s=INTERVAL_S)
    assert put == [AT_LEAST] * 20


def test_a_hundred_thousand_sources_are_all_asked_within_half_their_interval():
    put = ticks_of(100_000, interval_s=INTERVAL_S, done_again_after_s=INTERVAL_S / 2 + TICK_S)
    assert len(put) * TICK_S <= INTERVAL_S / 2
    assert max(put) <= AT_MOST


def test_what_falls_due_more_often_than_its_interval_says_is_spread_for_a_minute_only():
    catch_up = CatchUp(tick_s=TICK_S)
    catch_up.expect(0.0)
    limits = []
    for number in range(60):
        limits.append(catch_up.limit(number * TICK_S))
        catch_up.found(limits[-1], number * TICK_S)
    assert limits == [AT_LEAST] * int(SPREAD_S / TICK_S) + [AT_MOST] * (60 - int(SPREAD_S / TICK_S))
    catch_up.found(AT_LEAST, 60 * TICK_S)
    assert catch_up.limit(61 * TICK_S) == AT_LEAST


def test_a_leader_spreads_what_is_due_at_its_start(dsn):
    now = datetime.now(UTC)
    with psycopg.connect(dsn, autocommit=True, options=SEARCH_PATH) as conn, sync_app_of(dsn).open() as queue:
        conn.execute(
            """
            INSERT INTO etl.sources (slug, kind, url, host, recipe, interval_s, next_poll_at, created_at)
            SELECT 'paper' || n || '/news', 'feed', 'https://paper' || n || '.example/f', 'paper' || n || '.example',
                   'paper' || n, %(interval_s)s, %(at)s, %(at)s
            FROM generate_series(1, 1000) AS n
            """,
            {"interval_s": INTERVAL_S, "at": now - timedelta(hours=9)},
        )
        leader = Leader(dsn, queue, lambda _: None, None)
        put = []
        for _ in range(3):
            leader.tick()
            put.append(conn.execute("SELECT count(*) FROM queue.procrastinate_jobs").fetchone()[0])
            # As workers that do it all between two ticks.
            conn.execute(
                """
                UPDATE etl.sources SET next_poll_at = %(later)s
                WHERE id IN (SELECT (args ->> 'source_id')::bigint FROM queue.procrastinate_jobs)
                """,
                {"later": now + timedelta(days=1)},
            )
            conn.execute("DELETE FROM queue.procrastinate_jobs")
        leader.close()
    assert put == [AT_LEAST] * 3
