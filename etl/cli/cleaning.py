"""The cleaner as the operator's settings want it."""

from __future__ import annotations

from etl import boot
from etl.run.cleaner import Cleaner
from etl.settings import Settings


def cleaner(chosen: Settings, dsn: str) -> Cleaner:
    """Return the cleaner of this process."""
    return Cleaner(
        dsn,
        archive=lambda: boot.archive(chosen),
        keep_days=chosen.keep_captures_days,
        keep_changes_days=chosen.keep_changes_days,
        keep_articles_days=chosen.keep_articles_days,
        shelf=lambda: boot.shelf(chosen),
    )
