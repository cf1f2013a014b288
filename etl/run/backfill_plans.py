"""What a backfill was asked for, in one line: which list, files, sitemap or site, and which days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNTOLD = ("base", "sha256", "head_sha256", "extractor", "recipes", "urls", "lines_left_out", "anew", "zone")
"""What tells one plan from another, but nothing to a person."""
MIDNIGHT = "T00:00:00+00:00"


def asked_for(plan: Mapping[str, Any]) -> str:
    """Return the plan of a backfill in words; empty when it holds nothing to be told."""
    return ", ".join(filter(None, (_told(name, value) for name, value in _in_order(plan))))


def _in_order(plan: Mapping[str, Any]) -> list[tuple[str, Any]]:
    kept = {name: value for name, value in plan.items() if name not in UNTOLD}
    urls = {"list": (kept.pop("list"), plan.get("urls"))} if "list" in kept else {}
    span = {name: kept.pop(name) for name in ("from", "to") if name in kept}
    return [*urls.items(), *kept.items(), *span.items()]


def _told(name: str, value: Any) -> str:
    if value is None or value is False or value == []:
        return ""
    if name == "list":
        file, number = value
        return f"{'standard input' if file == '-' else file}" + (f", {number:,} in it" if number else "")
    if name == "files":
        first, more = value[0][0], len(value) - 1
        return str(first) + (f" and {more:,} more" if more else "")
    if name in ("sitemap", "place"):
        return str(value)
    if name in ("from", "to"):
        return f"{'before' if name == 'to' else name} {str(value).removesuffix(MIDNIGHT)}"
    words = name.replace("_", " ")
    return words if value is True else f"{words} {value}"
