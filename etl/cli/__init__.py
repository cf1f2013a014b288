"""The command `news-etl`: read arguments and environment, make one call, print the answer."""

from __future__ import annotations

import gc

gc.set_threshold(7_000)  # Loading makes 100,000 objects and no garbage: a tenth of the time went into looking for it.

from .app import main  # noqa: E402

__all__ = ["main"]
