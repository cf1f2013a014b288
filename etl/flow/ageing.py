"""Pages that are too old go with all that hangs on them, and leave a tombstone: what names them again does not make them new.

Only when an operator asks for it (`NEWS_ETL_KEEP_ARTICLES_DAYS`). Links of other pages to them stay, and their bytes age out with
the archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from psycopg import Connection

from etl.store import articles, erasures, pages

PAGES_PER_BATCH = 500
"""Short enough that nobody waits for the locks of one transaction."""
BURIED_BY = "retention"


def age_out(conn: Connection, *, before: datetime, now: datetime) -> Iterator[int]:
    """Delete pages that were found and last captured before then, batch by batch; yield how many after each commit."""
    after = 0
    while True:
        with conn.transaction():
            meant, reached = erasures.of_age(conn, before, after=after, limit=PAGES_PER_BATCH)
            if reached is None:
                return
            pages.lock(conn, meant.page_ids)
            stories = erasures.stories_of(conn, meant.page_ids)
            erasures.bury(conn, meant.url_keys, by=BURIED_BY, now=now, reason="aged_out")
            gone = erasures.delete_pages(conn, meant.page_ids)
            articles.drop_empty_stories(conn, stories)
        after = reached
        yield gone
