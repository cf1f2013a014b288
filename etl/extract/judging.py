"""How likely each run of a page is body: its columns counted, the trees asked."""

from __future__ import annotations

from etl import compiled
from etl.extract import chooser, features
from etl.extract.document import Document
from etl.extract.runs import Runs


def chances(
    doc: Document,
    runs: Runs,
    teasers: tuple[tuple[int, int], ...] = (),
    *,
    title: str = "",
    description: str = "",
    json_body: str = "",
) -> tuple[list[float], int]:
    """Return per run the chance that it is body, 0 for what is none whatever it looks like; and the root.

    *teasers* are ranges of elements that hold links to other articles. The root holds most running text in few levels.
    """
    table = features.read(doc, runs, title=title, description=description, json_body=json_body, teasers=teasers)
    return chooser.judge(runs, table), table.root


globals().update(compiled.forms(__name__))
