"""The day of the reader, which newspapers print in their masthead: it is today's date, and no article's."""

from __future__ import annotations

import re
from datetime import UTC

from etl.extract.dates import Place
from etl.extract.document import Document
from etl.model import Moment

LEVELS_MAX = 24
LINKS_MIN = 3
"""A box above the headline with so many links is the head of the site, not of the article."""
_TODAY = re.compile(
    r"today|todays|current|clock|masthead|top-?bar|site-?header|page-?header|logo|\bnav|menu|heute|aujourd|hoy|oggi|hoje"
)


def is_todays(doc: Document, element: int, moment: Moment, place: Place, *, headline: int) -> bool:
    """Say whether *moment*, printed in *element* above the headline, is the day of the fetch in the head of the site.

    *headline* is the first chunk of the headline. Papers that print the day of their articles above the headline do so in a box
    of the article, without links to their sections.
    """
    if place.fetched_at is None or moment.at is None or headline < 0 or doc.first_text[element] >= headline:
        return False
    days = {place.fetched_at.astimezone(zone).date() for zone in (UTC, place.zone) if zone is not None}
    return moment.at.date() in days and _is_in_head(doc, element, headline)


def _is_in_head(doc: Document, element: int, headline: int) -> bool:
    box, hints = element, [doc.hint(element)]
    for above, _ in zip(doc.ancestors(element), range(LEVELS_MAX), strict=False):
        if doc.first_text[above] <= headline < doc.last_text[above]:
            break
        box = above
        hints.append(doc.hint(above))
    if doc.tags[box] == "header" or any(_TODAY.search(hint) for hint in hints):
        return True
    links = 0
    for one in range(box, doc.ends[box]):
        if doc.tags[one] == "a":
            links += 1
            if links >= LINKS_MIN or doc.attribute(one, "href").strip().rstrip("/") in ("", "#") or _is_home(doc, one):
                return True
    return False


def _is_home(doc: Document, link: int) -> bool:
    """Say whether a link leads to the front page: by its address, for the first thing in a masthead is the paper's name."""
    href = doc.attribute(link, "href").partition("?")[0].rstrip("/")
    return re.fullmatch(r"https?://[^/]+", href) is not None
