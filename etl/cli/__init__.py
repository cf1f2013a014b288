"""The command `news-etl`: read arguments and environment, make one call, print the answer."""

from __future__ import annotations

from .app import main

__all__ = ["main"]
