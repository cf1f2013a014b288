"""Who reads pages: this process."""

from __future__ import annotations

from collections.abc import Sequence

from etl.flow.reading import Reading, read_capture
from etl.model import Capture
from etl.recipe.shelf import Shelf


def read_here(pages: Sequence[tuple[Capture, bytes]], *, shelf: Shelf | None) -> list[Reading]:
    """Read captures with their bodies, in this process."""
    return [read_capture(capture, body, shelf=shelf) for capture, body in pages]
