"""What can be counted about each run of a page, in any language: the columns that the chooser's trees ask about.

Masks hold the hints of an element and its kind as bits: of the run's own box, of its parent, of the next two levels and of
all above. The rest are numbers. Everything is a count over the shared arrays; no text is compared with a word list.

A row is put together from what belongs to the run, to the parent of its box (a page has three runs for one parent) and to the
page. What only late trees ask about is counted when one does: four runs in five are decided before.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from etl.extract import hints, whereabouts, wordage
from etl.extract.document import Document
from etl.extract.runs import Runs
from etl.extract.surroundings import APART, KIND_BIT, Surroundings

FIGURE = KIND_BIT["figure"]
ARTICLE = KIND_BIT["article"] | hints.BIT["body"]
MASKS = ("own", "parent", "near", "far", "words")
"""The last is of the run's own first words, and late."""

_NEIGHBOURS = (
    "length_before1", "length_before2", "length_after1", "length_after2", "links_before", "links_after", "same_before",
    "same_after",
)  # fmt: skip
_PLACE = (
    "root_depth", "core_depth", "wide_depth", "core_apart", "set_apart", "depth", "near_low", "near_high", "far_low",
    "far_high", "own_sum",
)  # fmt: skip
_FAMILY = (
    "parent_share", "grand_share", "great_share", "parent_links", "grand_links", "great_links", "parent_good",
    "in_article",
)  # fmt: skip
_ORDER = ("good_before", "good_after", "since_good", "until_good", "sweep", "in_teasers", "in_root_span")
_SHAPE = ("shape_count", "shape_share", "shape_links", "shape_in_root")
_CLAIMS = ("seen_before", "in_description", "in_json", "after_h1")
_PAGE = ("page_good", "page_runs", "page_weight", "average_length")
NUMBERS = (
    *wordage.COLUMNS, *_NEIGHBOURS, *_PLACE, *_FAMILY, *_ORDER, *_SHAPE, *_CLAIMS, *_PAGE, *whereabouts.COLUMNS, *wordage.LATE,
)  # fmt: skip

SHAPE_CLASS_CHARS = 40
_FAR_FROM_GOOD = 30.0
_NO_SPAN = (sys.maxsize, sys.maxsize)

Row = tuple[float, ...]
Late = Callable[[int], tuple[int, float, float, float]]


@dataclass(slots=True)
class Table:
    """One row per run; `masks` and `numbers` in the order of MASKS and NUMBERS, but for what is late."""

    masks: list[tuple[int, int, int, int]]
    numbers: list[Row]
    late: Late
    """Gives of one run the bits of its words, and `wordage.LATE`."""
    root: int
    """The element that holds most running text in few levels."""


@dataclass(slots=True)
class _Page:
    """What the columns of one page are counted from."""

    doc: Document
    runs: Runs
    around: Surroundings
    kin: dict[int, tuple[int, int]]
    """The two elements above each parent of a box."""
    above: dict[int, tuple[int, int, int]]
    """The masks of each parent: its own, of the two above it, and of all further up."""
    lengths: list[float]
    links: list[float]
    """Per run: the share of its characters in links."""
    good: list[float]
    """Per run: its weight as running text, 0 for labels, headings and link lists."""
    total: float


def read(
    doc: Document,
    runs: Runs,
    *,
    title: str = "",
    description: str = "",
    json_body: str = "",
    teasers: tuple[tuple[int, int], ...] = (),
) -> Table:
    """Return the columns of every run. *teasers* are ranges of elements that hold links to other articles."""
    late = wordage.Late(runs.texts, title).read
    if not runs.boxes:
        return Table([], [], late, 0)
    around = Surroundings(doc)
    around.learn(runs.boxes)
    parents = doc.parents
    kin: dict[int, tuple[int, int]] = {}
    above: dict[int, tuple[int, int, int]] = {}
    own, up = around.own, around.up
    masks: list[tuple[int, int, int, int]] = []
    for box in runs.boxes:
        parent = parents[box]
        if parent not in above:
            grand = parents[parent] if parent >= 0 else -1
            great = parents[grand] if grand >= 0 else -1
            kin[parent] = grand, great
            above[parent] = own[parent], own[grand] | own[great], up[parents[great]] if great >= 0 else 0
        masks.append((own[box], *above[parent]))
    texts = wordage.columns(runs)
    lengths, links = [row[0] for row in texts], [row[2] for row in texts]
    good = [
        length * (1.0 - linked) if length >= 60 and row[6] and linked < 0.4 and not (one[0] | one[1]) & FIGURE else 0.0
        for row, length, linked, one in zip(texts, lengths, links, masks, strict=True)
    ]
    page = _Page(doc, runs, around, kin, above, lengths, links, good, sum(good))
    places, families, root = _places(page)
    count, members = len(texts), len(good) - good.count(0.0)
    constant = (float(members), float(count), page.total, page.total / max(1, members))
    numbers = [
        (*text, *near, *place, *families[parents[box]], *order, *shape, *claim, *constant, *where)
        for box, text, near, place, order, shape, claim, where in zip(
            runs.boxes,
            texts,
            _neighbours(page),
            places,
            _orders(page, teasers, root),
            _shapes(page, root),
            _claims(page, description, json_body),
            whereabouts.columns(doc, runs, good),
            strict=True,
        )
    ]
    return Table(masks, numbers, late, root)


def _neighbours(page: _Page) -> list[Row]:
    doc, boxes, links = page.doc, page.runs.boxes, [0.0, *page.links, 0.0]
    lengths = [0.0, 0.0, *page.lengths, 0.0, 0.0]
    parents, tags = doc.parents, doc.tags
    same = [0.0] * (len(boxes) + 1)
    for run, (one, other) in enumerate(pairwise(boxes), 1):
        if one == other or parents[one] == parents[other]:
            same[run] = 2.0 if tags[one] == tags[other] else 1.0
    return list(zip(lengths[1:], lengths, lengths[3:], lengths[4:], links, links[2:], same, same[1:], strict=False))


def _places(page: _Page) -> tuple[list[Row], dict[int, Row], int]:
    """Return where each run and each parent stands relative to where the running text of the page is, and the root."""
    doc, around, boxes, good = page.doc, page.around, page.runs.boxes, page.good
    parents, ends, depth, score = doc.parents, doc.ends, around.depth, around.score
    weight = _weights(parents, boxes, good)
    apart_from_text = _set_apart(around, boxes, weight)
    main = [0.0 if set_apart else value for value, set_apart in zip(good, apart_from_text, strict=True)]
    if main != good and any(main):
        weight = _weights(parents, boxes, main)
    else:
        main = good
    root, paragraphs = _root(parents, boxes, main)
    total = weight.get(0, 0.0) or 1.0
    core, wide = _smallest(weight, depth, 0.6 * total), _smallest(weight, depth, 0.9 * total)
    above_core = {core: 0} | {element: up for up, element in enumerate(doc.ancestors(core), 1)}
    root_end, core_end, wide_end = ends[root], ends[core], ends[wide]
    root_depth, core_depth, wide_depth = depth[root], depth[core], depth[wide]
    families = _families(page, weight, total, paragraphs)
    near: dict[int, tuple[float, float, float, float, float, float, float]] = {}
    rows: list[Row] = []
    for box, set_apart in zip(boxes, apart_from_text, strict=True):
        parent, level = parents[box], depth[box]
        if parent not in near:
            grand, great = page.kin[parent]
            one, other = score[parent], score[grand]
            apart, element = 1, parent
            while element not in above_core and element >= 0:
                element = parents[element]
                apart += 1
            near[parent] = (
                min(one[0], other[0]), max(one[1], other[1]), *around.range[great], one[2], other[2],
                above_core.get(element, 9) * 10.0 + min(apart, 9),
            )  # fmt: skip
        low, high, far_low, far_high, sum1, sum2, reached = near[parent]
        own_low, own_high, own_sum = score[box]
        rows.append((
            level - root_depth if root <= box < root_end else -1.0,
            level - core_depth if core <= box < core_end else -1.0,
            level - wide_depth if wide <= box < wide_end else -1.0,
            above_core[box] * 10.0 if box in above_core else reached,
            set_apart, level,
            min(own_low, low), max(own_high, high), far_low, far_high,
            own_sum + sum1 + sum2,
        ))  # fmt: skip
    return rows, families, root


def _families(page: _Page, weight: dict[int, float], total: float, paragraphs: dict[int, float]) -> dict[int, Row]:
    """Return the columns that are the same for all runs with one parent."""
    doc, links = page.doc, page.runs.links_before
    firsts, lasts, chars = doc.first_text, doc.last_text, doc.chars
    linked = {-1: 0.0}
    families: dict[int, Row] = {}
    for parent, (grand, great) in page.kin.items():
        for element in (parent, grand, great):
            if element not in linked:
                first, last = firsts[element], lasts[element]
                linked[element] = (links[last] - links[first]) / max(1, chars[last] - chars[first])
        own, near, far = page.above[parent]
        families[parent] = (
            weight[parent] / total if parent in weight else 0.0, weight[grand] / total if grand in weight else 0.0,
            weight[great] / total if great in weight else 0.0, linked[parent], linked[grand], linked[great],
            paragraphs.get(parent, 0.0), 1.0 if (own | near | far) & ARTICLE else 0.0,
        )  # fmt: skip
    return families


def _root(parents: list[int], boxes: list[int], main: list[float]) -> tuple[int, dict[int, float]]:
    """Return the element that holds most running text in few levels, and the paragraphs in each parent."""
    pull: dict[int, float] = {}
    paragraphs: dict[int, float] = {}
    for element, share in zip(boxes, main, strict=True):
        if not share:
            continue
        parent = parents[element]
        paragraphs[parent] = paragraphs.get(parent, 0.0) + 1
        while element >= 0 and share > 1.0:
            pull[element] = pull.get(element, 0.0) + share
            share *= 0.6
            element = parents[element]
    return max(pull, key=pull.__getitem__) if pull else 0, paragraphs


def _weights(parents: list[int], boxes: list[int], values: list[float]) -> dict[int, float]:
    """Return the sum of *values* under each element that holds any."""
    weight: dict[int, float] = {}
    for element, value in zip(boxes, values, strict=True):
        if value:
            while element >= 0:
                weight[element] = weight[element] + value if element in weight else value
                element = parents[element]
    return weight


def _set_apart(around: Surroundings, boxes: list[int], weight: dict[int, float]) -> list[float]:
    """Say of each run whether it stands in a block that its theme calls something else than text.

    The name of a block that holds much of the page's running text means nothing: `page-with-sidebar` is the page.
    """
    most = 0.4 * weight.get(0, 0.0)
    known: dict[int, float] = {-1: 0.0}
    parents, own = around.doc.parents, around.own
    for element in boxes:
        path: list[int] = []
        while element not in known:
            path.append(element)
            element = parents[element]
        apart = known[element]
        for one in reversed(path):
            if own[one] & APART and weight.get(one, 0.0) <= most:
                apart = 1.0
            known[one] = apart
    return [known[box] for box in boxes]


def _smallest(weight: dict[int, float], depth: dict[int, float], least: float) -> int:
    """Return the deepest element that holds at least *least*."""
    found, deepest = 0, -1.0
    for element, value in weight.items():
        if value >= least and depth[element] > deepest:
            found, deepest = element, depth[element]
    return found


def _orders(page: _Page, teasers: tuple[tuple[int, int], ...], root: int) -> list[Row]:
    """Return where each run stands in the row of all, and the votes of three simple readers."""
    good, boxes, count = page.good, page.runs.boxes, len(page.good)
    total = page.total or 1.0
    until = [0.0] * count
    gap = _FAR_FROM_GOOD
    for run in range(count - 1, -1, -1):
        until[run] = gap
        gap = 1.0 if good[run] else min(_FAR_FROM_GOOD, gap + 1)
    first, last = whereabouts.sweep(page.lengths, page.links)
    root_end = page.doc.ends[root]
    inside = [run for run, box in enumerate(boxes) if good[run] and root <= box < root_end]
    low, high = (inside[0], inside[-1]) if inside else (0, -1)
    spans = iter(sorted(teasers))
    start, end = next(spans, _NO_SPAN)
    before, gap = 0.0, _FAR_FROM_GOOD
    rows: list[Row] = []
    for run, box in enumerate(boxes):
        while end <= box:
            start, end = next(spans, _NO_SPAN)
        value = good[run]
        rows.append((
            before / total, (total - before - value) / total, gap, until[run],
            1.0 if first <= run < last else 0.0, 1.0 if start <= box else 0.0, 1.0 if low <= run <= high else 0.0,
        ))  # fmt: skip
        before += value
        gap = 1.0 if value else min(_FAR_FROM_GOOD, gap + 1)
    return rows


def _shapes(page: _Page, root: int) -> list[Row]:
    """Return what the runs of equal markup have in common: the paragraphs of an article look alike to the style sheet."""
    doc, boxes, good, links = page.doc, page.runs.boxes, page.good, page.links
    tags, parents, attrs = doc.tags, doc.parents, doc.attrs
    classes: dict[int, str] = {-1: ""}
    shapes: dict[tuple[str, str, str], list[int]] = {}
    for run, box in enumerate(boxes):
        parent = parents[box]
        if parent not in classes:
            classes[parent] = (attrs[parent].get("class") or "")[:SHAPE_CLASS_CHARS]
        shape = tags[box], (attrs[box].get("class") or "")[:SHAPE_CLASS_CHARS], classes[parent]
        if shape in shapes:
            shapes[shape].append(run)
        else:
            shapes[shape] = [run]
    total = page.total or 1.0
    end = doc.ends[root]
    rows: list[Row] = [()] * len(boxes)
    for members in shapes.values():
        count = len(members)
        if count == 1:
            run = members[0]
            rows[run] = 1.0, good[run] / total, links[run], 1.0 if root <= boxes[run] < end else 0.0
            continue
        row = (
            float(count),
            sum([good[run] for run in members]) / total,
            sum([links[run] for run in members]) / count,
            sum([root <= boxes[run] < end for run in members]) / count,
        )
        for run in members:
            rows[run] = row
    return rows


def _claims(page: _Page, description: str, json_body: str) -> list[Row]:
    """Return how each run agrees with what the page says elsewhere."""
    doc, runs = page.doc, page.runs
    heads = doc.by_tag.get("h1")
    first_head = bisect_left(runs.first, doc.first_text[heads[0]]) if heads else -1
    start = description.rstrip(".… ")[:60]
    is_described = len(start) > 25
    seen: set[str] = set()
    rows: list[Row] = []
    since = -first_head if first_head >= 0 else -31
    for text in runs.texts:
        is_said = is_described and (start in text or (len(text) > 25 and text[:60] in description))
        rows.append((
            1.0 if text in seen else 0.0, 1.0 if is_said else 0.0,
            -1.0 if not json_body else 1.0 if text[:50] in json_body else 0.0,
            -30.0 if first_head < 0 else -20.0 if since < -20 else 20.0 if since > 20 else float(since),
        ))  # fmt: skip
        seen.add(text)
        since += 1
    return rows
