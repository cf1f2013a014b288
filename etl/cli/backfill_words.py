"""How backfills are put into words: outcomes by what they mean, speeds, and times left."""

from __future__ import annotations

from collections.abc import Mapping

from etl.store.backfills import Progress

NEW = ("stored", "copy", "changed", "earlier_version")
MEANING = {
    "stored": "new articles",
    "copy": "new articles that repeat a stored one",
    "changed": "new versions of stored articles",
    "earlier_version": "older versions of stored articles",
    "unchanged": "say what is stored already",
    "known": "captures that were stored before",
    "not_an_article": "pages without an article",
    "moved": "lead to another page, which is fetched instead",
    "buried": "erased or aged out: they do not come back",
    "content_type": "refused: not HTML",
    "revisit": "refused: they repeat the body of another record",
    "bad_url": "refused: no address of a web page",
    "blocked": "refused: a wall in the article's place",
    "gone": "refused: the page is not there",
    "empty": "refused: nothing in it",
    "not_html": "refused: not HTML, whatever its type says",
    "robots": "refused: robots.txt forbids it",
    "redirect_loop": "refused: redirects in a circle, or too many",
    "address_refused": "refused: not an address of the public web",
    "too_large": "refused: too large",
    "bomb": "refused: a small body that unfolds without end",
    "broken_record": "failed: the record cannot be read",
    "unstorable": "failed: Postgres cannot hold it",
    "crashed": "failed: the page ended the process that read it",
    "too_slow": "failed: the page took too long to read",
    "unreadable": "unreadable: nothing in it that we can read",
}
GROUPS = {
    "stored": "stored",
    "changed": "versions",
    "earlier_version": "versions",
    "copy": "copies",
    "unchanged": "unchanged",
    "known": "unchanged",
    "not_an_article": "no article",
    "moved": "moved",
}

LEFT_OUT = {
    "out_of_range": "not in the range of days",
    "undated": "without a date",
    "unwanted": "not wanted by the recipe",
    "junk": "no usable address",
    "duplicates": "the same again",
    "sitemaps_pruned": "sitemaps finished before the range",
}
"""Why entries of lists are no parts."""


def meaning(outcome: str) -> str:
    if outcome.startswith("http_") and outcome not in ("http_429", "http_503", "http_5xx"):
        return f"refused: HTTP status {outcome.removeprefix('http_')}"
    return MEANING.get(outcome, "failed: see docs/operations.md")


def group_of(outcome: str) -> str:
    if outcome in GROUPS:
        return GROUPS[outcome]
    return "refused" if not meaning(outcome).startswith("failed") else "failed"


def groups(outcomes: Mapping[str, int]) -> dict[str, int]:
    """Return stored, versions, copies, unchanged, refused, failed … with their numbers; those without any are left out."""
    added: dict[str, int] = {}
    for outcome, number in outcomes.items():
        added[group_of(outcome)] = added.get(group_of(outcome), 0) + number
    order = [*dict.fromkeys(GROUPS.values()), "refused", "failed"]
    return {name: added[name] for name in order if name in added}


def is_bytes(progress: Progress) -> bool:
    """Tell whether the units of its progress are bytes."""
    return progress.kind in ("warc", "ccnews") and progress.units > progress.items


def amount(number: float, *, in_bytes: bool) -> str:
    if not in_bytes:
        return f"{number:,.0f}"
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:,.0f} {unit}" if unit == "B" else f"{number:,.1f} {unit}"
        number /= 1000
    raise AssertionError("unreachable")


def speed(progress: Progress) -> str:
    rate = progress.units_per_second
    if rate is None:
        return ""
    if is_bytes(progress):
        return f"{amount(rate, in_bytes=True)}/s"
    return f"{rate:,.1f}/s" if rate >= 1 else f"{rate * 60:,.1f}/min"


def lasting(seconds: float) -> str:
    """Return a length of time as a person says it."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (size < 86_400 and seconds >= size):
            return f"{seconds / size:,.1f} {unit}" if seconds < 10 * size else f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} s"


def time_left(progress: Progress) -> str:
    """Return how long what is left takes at the speed of now: `ends_at` is as old as that speed, up to some seconds."""
    if progress.ends_at is None or not progress.units_per_second:
        return ""
    left = max(0, progress.units - progress.units_done)
    return f"about {lasting(left / progress.units_per_second)} left"
