"""What can be counted about each run of a page, in any language: the columns that the chooser's trees ask about.

Masks hold the hints of an element and its kind as bits: of the run's own box, of its parent, of the next two levels and of
all above. The rest are numbers. Everything is a count over the shared arrays; no text is compared with a word list.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from etl.extract import hints, whereabouts, wording
from etl.extract.document import Document
from etl.extract.runs import Runs
from etl.extract.surroundings import APART, KIND_BIT, Surroundings

_FIGURE = KIND_BIT["figure"]
MASKS = ("own", "parent", "near", "far", "words")

NUMBERS = (
    "length", "words", "link_share", "strong_share", "ending", "beginning", "stops", "commas", "digits", "capitals", "marks",
    "length_before1",
    "length_before2", "length_after1", "length_after2", "links_before", "links_after", "same_before", "same_after",
    "parent_share", "grand_share", "great_share", "parent_links", "grand_links", "great_links", "parent_good",
    "root_depth", "core_depth", "wide_depth", "core_apart", "set_apart", "good_before", "good_after", "since_good", "until_good",
    "shape_count", "shape_share", "shape_links", "shape_in_root", "seen_before", "is_title", "in_description", "in_json",
    "after_h1", "depth", "page_good", "page_runs", "page_weight", "sweep", "in_article", "in_teasers", "in_root_span",
    "average_length", "near_low", "near_high", "far_low", "far_high", "own_sum", *whereabouts.COLUMNS,
)  # fmt: skip

_STOP = re.compile(r"[.!?。！？।؟…॥។።։](?=\s|$|[\"'»”’)\]」』])|[。！？।॥។]")
_STOP_ASCII = re.compile(r"[.!?](?=\s|$|[\"')\]])")
"""The same for a text without other letters: three times as fast."""
_DIGIT = re.compile(r"\d")
_DIGITS = b"0123456789"
_WIDE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_ENDINGS = {**dict.fromkeys(".!?。！？।؟…॥።។", 4), **dict.fromkeys("\"'»”’)]」』“", 3), **dict.fromkeys(":;,，、،", 2)}
_OPENINGS = frozenset("\"'«“‘„‚「『(-–—")
_SHAPE_CLASS_CHARS = 40
WORDING_CHARS_MAX = 500


@dataclass(slots=True)
class Table:
    """One row per run; `masks` and `numbers` in the order of MASKS and NUMBERS."""

    masks: list[tuple[int, int, int, int, int]]
    numbers: list[list[float]]
    good: list[float]
    """Per run: its weight as running text, 0 for labels, headings and link lists."""
    root: int
    """The element that holds most running text in few levels."""


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
    around = Surroundings(doc)
    for box in runs.boxes:
        around.learn(box)
    parents = doc.parents
    own, up = around.own, around.up
    masks: list[tuple[int, int, int, int, int]] = []
    for box, text in zip(runs.boxes, runs.texts, strict=True):
        parent = parents[box]
        grand = parents[parent] if parent >= 0 else -1
        great = parents[grand] if grand >= 0 else -1
        masks.append((
            own[box], own[parent], own[grand] | own[great], up[parents[great]] if great >= 0 else 0,
            wording.read(text) if len(text) < WORDING_CHARS_MAX else 0,
        ))  # fmt: skip
    texts = _texts(runs)
    good = _good(runs, texts, masks)
    numbers = [list(row) for row in zip(*texts, strict=True)]
    _add_neighbours(doc, runs, numbers)
    root = _add_places(around, runs, numbers, good)
    _add_order(numbers, good)
    _add_shapes(around, runs, numbers, good=good, root=root)
    _add_claims(doc, runs, numbers, title=title, description=description, json_body=json_body)
    _add_page(around, runs, numbers, good, masks=masks, teasers=teasers, root=root)
    _add_scores(around, runs, numbers)
    whereabouts.add(doc, runs, numbers, good)
    return Table(masks=masks, numbers=numbers, good=good, root=root)


def _texts(runs: Runs) -> tuple[list[float], ...]:
    """Return the columns that need only the run's own text."""
    longest = sorted(runs.texts, key=len)[-3:]
    wide = sum(len(_WIDE.findall(text)) for text in longest) > 0.3 * sum(map(len, longest))
    # A Chinese, Japanese, Korean or Thai character carries about what two and a half Latin ones do.
    scale = 2.5 if wide else 1.0
    length: list[float] = []
    stops: list[float] = []
    commas: list[float] = []
    digits: list[float] = []
    for text in runs.texts:
        size = len(text)
        length.append(size * scale)
        head = text[:80]
        if text.isascii():
            stops.append(len(_STOP_ASCII.findall(text)))
            commas.append(text.count(","))
            counted = len(head) - len(head.encode().translate(None, _DIGITS))
        else:
            stops.append(len(_STOP.findall(text)))
            commas.append(text.count(",") + text.count("，") + text.count("、") + text.count("،"))
            counted = len(_DIGIT.findall(head))
        digits.append(counted / min(80, size))
    return (
        length,
        [text.count(" ") + 1.0 for text in runs.texts],
        [min(1.0, linked / len(text)) for linked, text in zip(runs.linked, runs.texts, strict=True)],
        [min(1.0, strong / len(text)) for strong, text in zip(runs.strong, runs.texts, strict=True)],
        [float(_ENDINGS.get(text[-1], 1 if text[-1].isalpha() else 0)) for text in runs.texts],
        [_beginning(text[0]) for text in runs.texts],
        stops,
        commas,
        digits,
        [_capitals(text) for text in runs.texts],
        [
            float(("©" in text) + 2 * ("|" in text) + 4 * ("http" in text or ".com" in text) + 8 * ("@" in text))
            for text in runs.texts
        ],
    )


def _beginning(letter: str) -> float:
    if letter.isupper():
        return 4.0
    if letter.islower():
        return 1.0
    if letter.isdigit():
        return 0.0
    return 3.0 if letter in _OPENINGS else 5.0 if letter.isalpha() else 2.0


def _capitals(text: str) -> float:
    """Return 2 when all letters are capitals, 1 when each word begins with one, 0 for sentences."""
    head = text[:60]
    return 2.0 if head.isupper() else 1.0 if head.istitle() else 0.0


def _good(runs: Runs, texts: tuple[list[float], ...], masks: list[tuple[int, int, int, int, int]]) -> list[float]:
    """Return how much each run weighs as running text."""
    length, links, stops = texts[0], texts[2], texts[6]
    return [
        length[run] * (1.0 - links[run])
        if length[run] >= 60 and stops[run] and links[run] < 0.4 and not (masks[run][0] | masks[run][1]) & _FIGURE
        else 0.0
        for run in range(len(runs.texts))
    ]


def _add_neighbours(doc: Document, runs: Runs, numbers: list[list[float]]) -> None:
    count = len(numbers)
    lengths = [0.0, 0.0, *(row[0] for row in numbers), 0.0, 0.0]
    links = [0.0, *(row[2] for row in numbers), 0.0]
    parents, tags, boxes = doc.parents, doc.tags, runs.boxes
    same = [0.0] * (count + 1)
    for run in range(1, count):
        one, other = boxes[run - 1], boxes[run]
        if one == other or parents[one] == parents[other]:
            same[run] = 2.0 if tags[one] == tags[other] else 1.0
    for run, row in enumerate(numbers):
        row += (
            lengths[run + 1], lengths[run], lengths[run + 3], lengths[run + 4], links[run], links[run + 2],
            same[run], same[run + 1],
        )  # fmt: skip


def _add_places(around: Surroundings, runs: Runs, numbers: list[list[float]], good: list[float]) -> int:
    """Add where each run stands relative to where the running text of the page is; return the root."""
    doc = around.doc
    parents, depth = doc.parents, around.depth
    everything = _weights(parents, runs, good)
    apart_from_text = _set_apart(around, runs, everything)
    main = [0.0 if set_apart else value for value, set_apart in zip(good, apart_from_text, strict=True)]
    if not any(main):
        main = good
    weight = _weights(parents, runs, main)
    pull: dict[int, float] = {}
    paragraphs: dict[int, float] = {}
    for run, value in enumerate(main):
        if not value:
            continue
        element, share = runs.boxes[run], value
        paragraphs[parents[element]] = paragraphs.get(parents[element], 0.0) + 1
        while element >= 0 and share > 1.0:
            pull[element] = pull.get(element, 0.0) + share
            share *= 0.6
            element = parents[element]
    total = weight.get(0, 0.0) or 1.0
    root = max(pull, key=lambda one: pull[one]) if pull else 0
    core = _smallest(weight, depth, 0.6 * total)
    wide = _smallest(weight, depth, 0.9 * total)
    above_core = {core: 0} | {element: up for up, element in enumerate(doc.ancestors(core), 1)}
    linked = _linked_under(doc, runs)
    ends = doc.ends
    for run, row in enumerate(numbers):
        box = runs.boxes[run]
        parent = parents[box]
        grand = parents[parent] if parent >= 0 else -1
        great = parents[grand] if grand >= 0 else -1
        apart, element = 0, box
        while element not in above_core and element >= 0:
            element = parents[element]
            apart += 1
        row += (
            weight.get(parent, 0.0) / total, weight.get(grand, 0.0) / total, weight.get(great, 0.0) / total,
            linked(parent), linked(grand), linked(great), paragraphs.get(parent, 0.0),
            depth[box] - depth[root] if root <= box < ends[root] else -1.0,
            depth[box] - depth[core] if core <= box < ends[core] else -1.0,
            depth[box] - depth[wide] if wide <= box < ends[wide] else -1.0,
            above_core.get(element, 9) * 10.0 + min(apart, 9), apart_from_text[run],
        )  # fmt: skip
    return root


def _weights(parents: list[int], runs: Runs, values: list[float]) -> dict[int, float]:
    """Return the sum of *values* under each element that holds any."""
    weight: dict[int, float] = {}
    for box, value in zip(runs.boxes, values, strict=True):
        if value:
            element = box
            while element >= 0:
                weight[element] = weight.get(element, 0.0) + value
                element = parents[element]
    return weight


def _set_apart(around: Surroundings, runs: Runs, weight: dict[int, float]) -> list[float]:
    """Say of each run whether it stands in a block that its theme calls something else than text.

    The name of a block that holds much of the page's running text means nothing: `page-with-sidebar` is the page.
    """
    most = 0.4 * weight.get(0, 0.0)
    known: dict[int, float] = {-1: 0.0}
    parents, own = around.doc.parents, around.own
    for box in runs.boxes:
        element, path = box, list[int]()
        while element not in known:
            path.append(element)
            element = parents[element]
        for one in reversed(path):
            is_apart = own[one] & APART and weight.get(one, 0.0) <= most
            known[one] = 1.0 if is_apart else known[parents[one]]
    return [known[box] for box in runs.boxes]


def _smallest(weight: dict[int, float], depth: dict[int, int], least: float) -> int:
    """Return the deepest element that holds at least *least*."""
    return max((one for one in weight if weight[one] >= least), key=lambda one: depth[one], default=0)


def _linked_under(doc: Document, runs: Runs) -> Callable[[int], float]:
    """Return a function that gives the share of linked text under an element."""
    links, firsts, lasts, chars = runs.links_before, doc.first_text, doc.last_text, doc.chars
    known: dict[int, float] = {-1: 0.0}

    def share(element: int) -> float:
        if element not in known:
            first, last = firsts[element], lasts[element]
            known[element] = (links[last] - links[first]) / max(1, chars[last] - chars[first])
        return known[element]

    return share


def _add_order(numbers: list[list[float]], good: list[float]) -> None:
    total = sum(good) or 1.0
    count = len(numbers)
    until = [0.0] * count
    gap = 30.0
    for run in range(count - 1, -1, -1):
        until[run] = gap
        gap = 1.0 if good[run] else min(30.0, gap + 1)
    before, gap = 0.0, 30.0
    for run, row in enumerate(numbers):
        row += (before / total, (total - before - good[run]) / total, gap, until[run])
        before += good[run]
        gap = 1.0 if good[run] else min(30.0, gap + 1)


def _add_shapes(around: Surroundings, runs: Runs, numbers: list[list[float]], *, good: list[float], root: int) -> None:
    """Add what the runs of equal markup have in common: the paragraphs of an article look alike to the style sheet."""
    doc = around.doc
    shapes: dict[tuple[str, str, str], list[int]] = {}
    for run, box in enumerate(runs.boxes):
        parent = doc.parents[box]
        shape = (
            doc.tags[box],
            (doc.attrs[box].get("class") or "")[:_SHAPE_CLASS_CHARS],
            (doc.attrs[parent].get("class") or "")[:_SHAPE_CLASS_CHARS] if parent >= 0 else "",
        )
        shapes.setdefault(shape, []).append(run)
    total = sum(good) or 1.0
    end = doc.ends[root]
    for members in shapes.values():
        count = len(members)
        columns = (
            float(count),
            sum(good[run] for run in members) / total,
            sum(numbers[run][2] for run in members) / count,
            sum(root <= runs.boxes[run] < end for run in members) / count,
        )
        for run in members:
            numbers[run] += columns


def _add_claims(
    doc: Document, runs: Runs, numbers: list[list[float]], *, title: str, description: str, json_body: str
) -> None:
    """Add how each run agrees with what the page says elsewhere."""
    headline = title.casefold()
    heads = [bisect_left(runs.first, doc.first_text[element]) for element in doc.by_tag.get("h1", ())]
    first_head = heads[0] if heads else -1
    start = description.rstrip(".… ")[:60]
    seen: set[str] = set()
    for run, row in enumerate(numbers):
        text = runs.texts[run]
        says = 0.0
        if headline and len(text) <= 300:
            folded = text.casefold()
            says = (
                2.0
                if folded == headline
                else 1.0
                if len(folded) > 15 and (folded in headline or headline in folded)
                else 0.0
            )
        row += (
            float(text in seen),
            says,
            float(len(start) > 25 and (start in text or (len(text) > 25 and text[:60] in description))),
            -1.0 if not json_body else float(text[:50] in json_body),
            max(-20.0, min(20.0, run - first_head)) if first_head >= 0 else -30.0,
        )
        seen.add(text)


def _add_page(
    around: Surroundings,
    runs: Runs,
    numbers: list[list[float]],
    good: list[float],
    *,
    masks: list[tuple[int, int, int, int, int]],
    teasers: tuple[tuple[int, int], ...],
    root: int,
) -> None:
    """Add the columns that are the same for a page, and the votes of three simple readers."""
    doc, count = around.doc, len(numbers)
    members = sum(1 for value in good if value)
    total = sum(good)
    first, last = whereabouts.sweep(numbers)
    inside = [run for run in range(count) if good[run] and root <= runs.boxes[run] < doc.ends[root]]
    low, high = (inside[0], inside[-1]) if inside else (0, -1)
    article = KIND_BIT["article"] | hints.BIT["body"]
    spans = iter(sorted(teasers))
    span = next(spans, None)
    for run, row in enumerate(numbers):
        box = runs.boxes[run]
        while span is not None and span[1] <= box:
            span = next(spans, None)
        mask = masks[run]
        row += (
            float(around.depth[box]), float(members), float(count), total,
            float(first <= run < last),
            float(bool((mask[1] | mask[2] | mask[3]) & article)),
            float(span is not None and span[0] <= box),
            1.0 if low <= run <= high else 0.0,
            total / max(1, members),
        )  # fmt: skip


def _add_scores(around: Surroundings, runs: Runs, numbers: list[list[float]]) -> None:
    """Add what the words of the theme usually stand around: nearest three elements, and all above."""
    parents, score = around.doc.parents, around.score
    for box, row in zip(runs.boxes, numbers, strict=True):
        parent = parents[box]
        grand = parents[parent] if parent >= 0 else -1
        great = parents[grand] if grand >= 0 else -1
        own, near, next_ = score[box], score[parent], score[grand]
        row += (
            min(own[0], near[0], next_[0]), max(own[1], near[1], next_[1]), around.low[great], around.high[great],
            own[2] + near[2] + next_[2],
        )  # fmt: skip
