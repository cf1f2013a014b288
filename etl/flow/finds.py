"""What the answers of one poll name: gathered page by page and stored batch by batch, so that no sitemap is in memory whole.

A batch is a transaction of its own, in the order of its keys as every writer of pages; only the last one is written together
with the source. A poll that is killed between two has stored pages that the next one names again, which changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError
from etl.model import Candidate, PageUrl
from etl.recipe.rules import Recipe
from etl.store import pages, sightings
from etl.store.sightings import Sighting

from .reading import spell

BATCH = 2_000
SEEN_MAX = 200_000  # Pages of which we know that this poll has stored them; more are counted again.


class Finds:
    """Takes candidates; what the recipe does not want, or what is no address of a web page, is only counted."""

    def __init__(
        self,
        conn: Connection,
        source_id: int,
        *,
        recipe: Recipe | None,
        now: Callable[[], datetime],
        batch: int = BATCH,
    ) -> None:
        self.counts: Counter[str] = Counter(found=0, new=0, unwanted=0)
        """found: different pages; new: of these, not known before; unwanted."""
        self._conn = conn
        self._source_id = source_id
        self._recipe = recipe
        self._now = now
        self._batch = batch
        self._wanted: dict[UUID, tuple[PageUrl, Candidate]] = {}
        self._seen: set[bytes] = set()

    def take(self, candidate: Candidate) -> None:
        """Note a page, one per canonical URL, the first naming of each; store all that are held when they are a batch."""
        try:
            spelled = spell(candidate.url)
        except BadUrlError:
            self.counts["unwanted"] += 1
            return
        if self._recipe is not None and not self._recipe.fetch.allows(spelled.url):
            self.counts["unwanted"] += 1
            return
        if spelled.url_key in self._wanted or spelled.url_key.bytes in self._seen:
            return
        self._wanted[spelled.url_key] = spelled, candidate
        if len(self._wanted) >= self._batch:
            with self._conn.transaction():
                self.store()

    def store(self) -> None:
        """Write what is held, in the caller's transaction."""
        now, wanted = self._now(), self._wanted
        self._wanted = {}
        self.counts["found"] += len(wanted)
        if len(self._seen) > SEEN_MAX:
            self._seen.clear()
        self._seen.update(key.bytes for key in wanted)
        known = pages.ensure(self._conn, [spelled for spelled, _ in wanted.values()], found_at=now, next_visit_at=now)
        seen = [(known[key][0], candidate) for key, (_, candidate) in wanted.items() if key in known]
        self.counts["new"] += sum(1 for key in wanted if key in known and known[key][1])
        named = [_sighting(page_id, candidate) for page_id, candidate in seen]
        sightings.add(self._conn, self._source_id, named, now=now)
        changed = [(page_id, c.modified.at) for page_id, c in seen if c.modified and c.modified.at]
        pages.wake(self._conn, changed, now=now)


def _sighting(page_id: int, candidate: Candidate) -> Sighting:
    published = candidate.published
    return Sighting(
        page_id,
        candidate.found_by,
        position=candidate.position,
        title=candidate.title,
        published_at=published.at if published else None,
        published_text=published.text if published else None,
    )
