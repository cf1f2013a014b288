"""Where each run stands: among its brothers, under the headline, on the page, beside a picture, in which `<article>`.

Further columns of the chooser, all counted from the shared arrays without a look at words. They were added together with more
trees; cross-validated by publisher they brought fundus .9685 → .9696, scrapinghub .9594 → .9625, wcxb .9449 → .9460.
"""

from __future__ import annotations

from bisect import bisect_left

from etl.extract.document import Document
from etl.extract.runs import Runs

COLUMNS = (
    "own_density", "place_before", "place_after", "since_heading", "page_place", "text_place", "picture_up", "picture_share",
    "brothers", "brothers_good", "parent_density", "grand_density", "great_density",
    "articles", "article_place", "article_has_head", "head_up", "head_down", "head_depth",
)  # fmt: skip
"""Density: visible characters per element. `head_…`: levels from the first `<h1>` and from the parent to what holds both."""

DENSITY_MAX = 200.0
PICTURE_LEVELS = 3
NO_PICTURE = 9.0
FAR = 20.0
LABEL_CHARS_MAX = 60
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})

Row = tuple[float, ...]


def columns(doc: Document, runs: Runs, good: list[float]) -> list[Row]:
    """Return COLUMNS of each run. *good* is each run's weight as running text."""
    parents, boxes, tags, ends, chars = doc.parents, runs.boxes, doc.tags, doc.ends, doc.chars
    firsts, lasts = doc.first_text, doc.last_text
    above = _Above(doc)
    images, last_image = above.images, len(above.images)
    brothers: dict[int, list[int]] = {}
    for run, box in enumerate(boxes):
        parent = parents[box]
        if parent in brothers:
            brothers[parent].append(run)
        else:
            brothers[parent] = [run]
    shared: dict[int, Row] = {
        parent: (
            min(60.0, float(len(members))), sum([1 for run in members if good[run]]) / len(members),
            *above.columns(parent),
        )
        for parent, members in brothers.items()
    }  # fmt: skip
    places = dict.fromkeys(brothers, 0.0)
    sizes = list(map(len, runs.texts))
    total, count = sum(sizes), len(boxes)
    said, heading = 0, -31
    rows: list[Row] = []
    for run, (box, length, strong) in enumerate(zip(boxes, sizes, runs.strong, strict=True)):
        parent = parents[box]
        place = places[parent]
        places[parent] = place + 1.0
        after = len(brothers[parent]) - 1.0 - place
        if tags[box] in _HEADINGS or (length < LABEL_CHARS_MAX and 10 * strong > 8 * length):
            heading = run
        size = chars[lasts[box]] - chars[firsts[box]]
        density = size / (ends[box] - box)
        at = bisect_left(images, box)
        up = 0.0
        if at == last_image or images[at] >= ends[box]:
            up, size = above.picture(parent)
        since = run - heading
        rows.append((
            min(DENSITY_MAX, density), min(FAR, place), min(FAR, after),
            float(since) if since < 31 else 31.0, run / count, said / total, up,
            0.0 if not size else length / size if length < 2 * size else 2.0, *shared[parent],
        ))  # fmt: skip
        said += length
    return rows


class _Above:
    """What is the same for all runs with one parent."""

    def __init__(self, doc: Document) -> None:
        self.images = doc.by_tag.get("img", [])
        self._doc = doc
        self._articles = doc.by_tag.get("article", [])
        self._article_of = {element: place for place, element in enumerate((-1, *self._articles), -1)}
        heads = doc.by_tag.get("h1", ())
        self._head = heads[0] if heads else -1
        self._chain = (
            {one: float(up) for up, one in enumerate((self._head, *doc.ancestors(self._head)))} if heads else {}
        )
        self._densities: dict[int, float] = {-1: 0.0}
        self._pictures: dict[int, tuple[float, int]] = {}

    def columns(self, parent: int) -> Row:
        parents, densities = self._doc.parents, self._densities
        grand = parents[parent] if parent >= 0 else -1
        great = parents[grand] if grand >= 0 else -1
        for element in (parent, grand, great):
            if element not in densities:
                doc = self._doc
                known = (doc.chars[doc.last_text[element]] - doc.chars[doc.first_text[element]]) / (
                    doc.ends[element] - element
                )
                densities[element] = min(DENSITY_MAX, known)
        return (
            densities[parent], densities[grand], densities[great], float(len(self._articles)),
            *self._article(parent), *self._levels(parent),
        )  # fmt: skip

    def picture(self, parent: int) -> tuple[float, int]:
        """Return how many levels above a run the next image is, and how much text stands there."""
        known = self._pictures.get(parent)
        if known is None:
            images, doc, element = self.images, self._doc, parent
            known = (NO_PICTURE, 0)
            for up in range(1, PICTURE_LEVELS + 1 if images else 0):
                if element < 0:
                    break
                at = bisect_left(images, element)
                if at < len(images) and images[at] < doc.ends[element]:
                    known = (float(up), doc.text_length(element))
                    break
                element = doc.parents[element]
            self._pictures[parent] = known
        return known

    def _article(self, parent: int) -> tuple[float, float]:
        """Return the place of the `<article>` around among all (-1: none), and whether it has the headline."""
        if not self._articles:
            return -1.0, -1.0
        known, parents, element = self._article_of, self._doc.parents, parent
        path: list[int] = []
        while element not in known:
            path.append(element)
            element = parents[element]
        place = known[element]
        for element in reversed(path):
            known[element] = place
        if place < 0:
            return -1.0, -1.0
        one = self._articles[place]
        has_head = 1.0 if one <= self._head < self._doc.ends[one] else 0.0
        return float(place), has_head if self._head >= 0 else -2.0

    def _levels(self, parent: int) -> tuple[float, float, float]:
        """Return the levels from the headline up to what holds it and *parent*, down from there, and that depth."""
        chain, parents = self._chain, self._doc.parents
        if not chain:
            return -1.0, -1.0, -1.0
        element, down = parent, 0.0
        while element not in chain and element >= 0:
            element = parents[element]
            down += 1.0
        up = chain[element] if element in chain else float(len(chain))
        return up, down, len(chain) - up


def sweep(lengths: list[float], links: list[float]) -> tuple[int, int]:
    """Return the stretch of runs with the largest sum when text earns and links and short labels cost."""
    best = total = 0.0
    start = first = last = 0
    for run, (length, linked) in enumerate(zip(lengths, links, strict=True)):
        total += length * (1.0 - 2.0 * linked) - 45.0
        if total > best:
            best, first, last = total, start, run + 1
        elif total < 0.0:
            total, start = 0.0, run + 1
    return first, last
