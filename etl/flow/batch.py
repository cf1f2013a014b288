"""How many pages are stored at once. Apart from `settle`, for the scheduler counts in batches and stores nothing."""

from __future__ import annotations

PAGES_PER_TRANSACTION = 100
"""Each new article holds about 12 advisory locks until the commit (see etl.store.signatures): 5 writers fit the default table."""
