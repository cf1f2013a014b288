"""The command `news-etl`: read arguments and environment, make one call, print the answer."""

from __future__ import annotations

import gc
import sys

gc.set_threshold(7_000)  # Loading makes 100,000 objects and no garbage: a tenth of the time went into looking for it.

__all__ = ["main"]


def main() -> None:
    """Run the command line; a user's mistake is one sentence, never a traceback."""
    if len(sys.argv) == 2 and sys.argv[1] in ("scheduler", "worker"):
        from . import parts

        parts.run(sys.argv[1])
        return
    from . import app

    app.main()
