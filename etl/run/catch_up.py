"""How many due sources a tick puts in: those of a backlog are spread, those that fall due in their turn are not kept waiting.

After a night without the service, or when very many sources were added, all are due in the same second. A tick then puts in
twice as many as fall due in its time on average, so that they are all asked within half their interval, and never in a burst.
Where that is not enough for SPREAD_S (sources that bring much are asked more often than their interval says), it puts in AT_MOST.
"""

from __future__ import annotations

import math

AT_LEAST = 50
"""As many at once are no burst."""
AT_MOST = 500
TIMES_THE_MEAN = 2
SPREAD_S = 60.0


class CatchUp:
    """What one leader knows of its backlog."""

    def __init__(self, *, tick_s: float) -> None:
        self._tick_s = tick_s
        self._spread = AT_MOST
        self._full_since: float | None = None
        """Since when each tick found as many due sources as it may put in, or more."""

    def expect(self, polls_per_second: float) -> None:
        """Remember how many sources fall due in a second, on average."""
        self._spread = max(AT_LEAST, math.ceil(TIMES_THE_MEAN * polls_per_second * self._tick_s))

    def limit(self, at_s: float) -> int:
        """Return how many sources a tick at *at_s* may put in."""
        is_spread = self._full_since is None or at_s - self._full_since < SPREAD_S
        return self._spread if is_spread else max(self._spread, AT_MOST)

    def found(self, count: int, at_s: float) -> None:
        """Remember how many due sources the tick at *at_s* found under its limit."""
        if count < self.limit(at_s):
            self._full_since = None
        elif self._full_since is None:
            self._full_since = at_s
