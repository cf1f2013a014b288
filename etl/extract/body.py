"""The article's own text: which runs of the page are body, in reading order.

A small learned judge looks at each run of text (`chooser`). Some things are no matter of chance and are decided here: the
headline is not said again, nothing is said twice, a heading needs something below it. When the page shows no text at all,
the texts in its scripts and its JSON-LD are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from etl.extract import comments, hydration, judging, other_articles
from etl.extract import runs as page_runs
from etl.extract.chooser import CHOOSER
from etl.extract.consent import Dialogs
from etl.extract.document import Document, collapse
from etl.extract.runs import Runs
from etl.extract.structured import Structured
from etl.extract.teasers import Teasers
from etl.model import Block, BlockKind

TEXT_MIN_CHARS = 200
"""With less on the page itself, its scripts and its JSON-LD may hold the text."""
TWICE_MIN_CHARS = 30
BETWEEN_MIN = 0.2
"""The chance that a line between two pieces of body needs."""
SUBHEAD_MAX_CHARS = 120
SUBHEADS_MIN = 2
BESIDE_MIN_CHARS = 60
"""A shorter run beside the body is no paragraph that a reading may have left out."""
ABOVE_MAX_SHARE = 0.5
"""Above the headline there may stand a whole article, but not a few lines of it: relative to the text below."""
POST_LINES_MAX = 3
"""How far behind the last paragraph a quoted post of a social network may begin."""
_POST = re.compile(
    r"twitter-tweet|twitter-video|instagram-media|tiktok-embed|bluesky-embed|mastodon-embed|fb-post|threads-post"
)
_KINDS: dict[str, BlockKind] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "list"),
    "blockquote": "quote",
}
_KIND_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Main:
    """The body of a page: blocks in reading order, and where in the document each one stands."""

    blocks: tuple[Block, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    """Per block: its chunks `doc.texts[first:last]`; empty when the text came from a script."""
    elements: tuple[int, ...] = ()
    """Per block: the nearest block-level element around it; empty when the text came from a script."""
    root: int = 0
    """The element that holds most of the running text."""
    rule: str = ""
    beside: tuple[str, ...] = ()
    """Longer runs of the page that were not taken."""
    losers: tuple[tuple[str, str], ...] = ()


def find(doc: Document, facts: Structured, teasers: Teasers, *, only: tuple[int, ...] = ()) -> Main:
    """Return the blocks that are the article's text; none when there are none.

    *only* are elements that a recipe names: all their text is body, but for the teasers in them.
    """
    runs = page_runs.read(doc)
    if only:
        chosen = [
            run
            for run, box in enumerate(runs.boxes)
            if _is_under(doc, box, only) and not any(first <= box < last for first, last in teasers.ranges)
        ]
        return _main(doc, runs, chosen, rule="recipe", root=only[0])
    claims = claims_of(doc, facts)
    chances, root = judging.chances(doc, runs, teasers.ranges, **claims)
    chosen = below_headline(doc, runs, without_comments(doc, runs, picked(doc, runs, chances)))
    chosen = without_repeats(doc, runs, chosen, claims["title"])
    if sum(len(runs.texts[run]) for run in chosen) < TEXT_MIN_CHARS:
        for rule, blocks in (("script", hydration.read(doc)), ("json-ld:articleBody", _told(facts))):
            if sum(len(block.text) for block in blocks) > TEXT_MIN_CHARS:
                return Main(blocks=blocks, rule=rule, root=root)
    losers = tuple(
        (f"chance {chances[run]:.2f}", runs.texts[run])
        for run in range(len(chances))
        if 0.1 < chances[run] <= CHOOSER.threshold
    )
    taken = set(chosen)
    beside = tuple(text for run, text in enumerate(runs.texts) if run not in taken and len(text) >= BESIDE_MIN_CHARS)
    return _main(doc, runs, chosen, rule="chooser" if chosen else "", root=root, losers=losers, beside=beside)


def claims_of(doc: Document, facts: Structured) -> dict[str, str]:
    """Return the headline, the description and the JSON-LD text that runs are compared with."""
    heads = doc.by_tag.get("h1")
    return {
        "title": doc.text(heads[0]) if heads else facts.first("og:title"),
        "description": facts.first("description", "og:description"),
        "json_body": collapse(_article_body(facts)),
    }


def _article_body(facts: Structured) -> str:
    told = (facts.main or {}).get("articleBody")
    return told if isinstance(told, str) else ""


def _told(facts: Structured) -> tuple[Block, ...]:
    """Return the text that the page's JSON-LD holds, one block per line."""
    lines = (collapse(line) for line in _article_body(facts).splitlines())
    return tuple(Block("paragraph", line) for line in lines if line)


def _is_under(doc: Document, element: int, tops: Sequence[int]) -> bool:
    return any(top <= element < doc.ends[top] for top in tops)


def picked(doc: Document, runs: Runs, chances: list[float], *, least: float = CHOOSER.threshold) -> list[int]:
    """Return the runs that are likely body, and the lines between two of them that stand side by side with both.

    Such a line is a heading that its page prints as a plain block. *least* is the chance that a run of body has.
    """
    parents = [doc.parents[box] for box in runs.boxes]
    last, dialogs = len(chances) - 1, Dialogs(doc)
    chances = [
        0.0 if one > BETWEEN_MIN and dialogs.hold(box) else one for box, one in zip(runs.boxes, chances, strict=True)
    ]
    likely = [(box, text) for box, text, one in zip(runs.boxes, runs.texts, chances, strict=True) if one > BETWEEN_MIN]
    for first, end in dialogs.asking(likely):
        chances = [0.0 if first <= box < end else one for box, one in zip(runs.boxes, chances, strict=True)]
    lines = (
        _subheads(doc, runs, chances, least)
        | _posts(doc, runs, chances, least)
        | _listed(doc, runs, chances, least)
        | _quoted(doc, runs, chances, least)
    )
    return [
        run
        for run, one in enumerate(chances)
        if one > least
        or (
            one > BETWEEN_MIN
            and 0 < run < last
            and chances[run - 1] > least < chances[run + 1]
            and parents[run - 1] == parents[run] == parents[run + 1]
            and not runs.linked[run]
        )
        or run in lines
    ]


def _listed(doc: Document, runs: Runs, chances: list[float], least: float) -> set[int]:
    """Return the likely items of each list of which one is body: a list is read whole, or a hair decides what it says."""
    parents, tags = doc.parents, doc.tags
    items = [run for run, one in enumerate(chances) if one > BETWEEN_MIN and tags[runs.boxes[run]] == "li"]
    taken = {parents[runs.boxes[run]] for run in items if chances[run] > least}
    return {run for run in items if parents[runs.boxes[run]] in taken and not runs.linked[run]}


def _quoted(doc: Document, runs: Runs, chances: list[float], least: float) -> set[int]:
    """Return the footers of quotes that are body: who said it."""
    feet = {foot: doc.parents[foot] for foot in page_runs.quote_feet(doc)}
    if not feet:
        return set()
    return {
        run
        for run, box in enumerate(runs.boxes)
        if run and chances[run - 1] > least
        for foot, quote in feet.items()
        if foot <= box < doc.ends[foot] and quote <= runs.boxes[run - 1]
    }


def _posts(doc: Document, runs: Runs, chances: list[float], least: float) -> set[int]:
    """Return the runs of social networks' posts that stand among the body: quotes that an article is about.

    Their look is that network's on each page, but what the chooser learned from differs: hand-written parsers leave them out,
    hand-made gold has them. Decided here, body F1 by publisher of scrapinghub rises by .003 and of the others by nothing.
    """
    posts = [element for element in doc.by_tag.get("blockquote", ()) if _POST.search(doc.attribute(element, "class"))]
    body = [run for run, one in enumerate(chances) if one > least] if posts else []
    if not body:
        return set()
    last = min(len(chances) - 1, body[-1] + POST_LINES_MAX)
    return {run for run in range(body[0], last + 1) if chances[run] and _is_under(doc, runs.boxes[run], posts)}


def _subheads(doc: Document, runs: Runs, chances: list[float], least: float) -> set[int]:
    """Return short lines of one class that stand, twice or more, each between two pieces of body beside it.

    One such line may be anything; several that the page dresses alike are the headings inside its text.
    """
    by_class: dict[str, list[int]] = {}
    for run in range(1, len(chances) - 1):
        text, box = runs.texts[run], runs.boxes[run]
        if (
            chances[run] <= least
            and chances[run - 1] > least < chances[run + 1]
            and len(text) <= SUBHEAD_MAX_CHARS
            and text[-1] not in ".:;,!…"
            and not runs.linked[run]
            and doc.parents[runs.boxes[run - 1]] == doc.parents[box] == doc.parents[runs.boxes[run + 1]]
            and (name := doc.attribute(box, "class"))
            and name not in (doc.attribute(runs.boxes[run - 1], "class"), doc.attribute(runs.boxes[run + 1], "class"))
        ):
            by_class.setdefault(name, []).append(run)
    return {
        run
        for alike in by_class.values()
        if len({runs.texts[run] for run in alike}) == len(alike) >= SUBHEADS_MIN
        for run in alike
    }


def without_comments(doc: Document, runs: Runs, chosen: list[int]) -> list[int]:
    """Leave out the readers' comments, how many they are, and other articles below this one."""
    boxes = [runs.boxes[run] for run in chosen]
    gone = [comments.find(doc, boxes), *other_articles.find(doc, boxes)]
    return [
        run
        for run in chosen
        if not any(first <= runs.boxes[run] < end for first, end in gone) and not comments.is_count(runs.texts[run])
    ]


def below_headline(doc: Document, runs: Runs, chosen: list[int]) -> list[int]:
    """Leave out the few lines that stand above the page's only headline: what a paper says of itself, a warning, the weather."""
    heads = doc.by_tag.get("h1", ())
    if len(heads) != 1 or not chosen or runs.boxes[chosen[0]] > heads[0]:
        return chosen
    below = [run for run in chosen if runs.boxes[run] > heads[0]]
    said, above = (sum(len(runs.texts[run]) for run in some) for some in (below, chosen[: len(chosen) - len(below)]))
    return below if above <= ABOVE_MAX_SHARE * said else chosen


def without_repeats(doc: Document, runs: Runs, chosen: list[int], title: str) -> list[int]:
    """Leave out the headline, what was said before, and headings with nothing below them."""
    headline = title.casefold()
    most = len(headline)  # Folding makes no text shorter.
    kept: list[int] = []
    said: set[str] = set()
    for run in chosen:
        text = runs.texts[run]
        if text in said or (len(text) <= most and text.casefold() == headline):
            continue
        if len(text) >= TWICE_MIN_CHARS:
            said.add(text)
        kept.append(run)
    while kept and _kind(doc, runs.boxes[kept[-1]]) == "heading":
        kept.pop()
    return kept


def _kind(doc: Document, box: int) -> BlockKind:
    """Return what a run in *box* is: its own tag decides, else the list item or quote around it."""
    element = box
    for _ in range(_KIND_LEVELS):
        if kind := _KINDS.get(doc.tags[element]):
            return kind
        element = doc.parents[element]
        if element < 0:
            break
    return "paragraph"


def _main(
    doc: Document,
    runs: Runs,
    chosen: list[int],
    *,
    rule: str,
    root: int,
    losers: tuple[tuple[str, str], ...] = (),
    beside: tuple[str, ...] = (),
) -> Main:
    return Main(
        blocks=tuple(Block(_kind(doc, runs.boxes[run]), runs.texts[run]) for run in chosen),
        spans=tuple((runs.first[run], runs.last[run]) for run in chosen),
        elements=tuple(runs.boxes[run] for run in chosen),
        root=root,
        rule=rule,
        losers=losers,
        beside=beside,
    )
