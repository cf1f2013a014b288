"""JSON-LD as publishers write it: tolerant of what breaks `json.loads`, bounded against bombs.

Seen on the open pages of the measuring corpus: raw line breaks inside strings, HTML comments and CDATA around the object,
trailing commas and semicolons, objects one after the other without an array, quotes escaped as HTML entities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import unescape
from typing import cast

SCRIPT_MAX_CHARS = 2_000_000
"""One script; the longest of the corpora's 1,700 pages has 0.3 M characters, most of it `articleBody`."""
NODES_MAX = 2_000
"""Objects kept per page; a page with a long `ItemList` has some hundred."""
DEPTH_MAX = 24
"""Levels that are looked into; article, author, address and image need six."""

Node = dict[str, object]

_decoder = json.JSONDecoder(strict=False)
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$"
)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_BETWEEN_OBJECTS = re.compile(r"[\s,;]*")
_NESTED = re.compile(r"[\[{]")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_FIELD = re.compile(
    r'"(@type|headline|datePublished|dateModified|dateCreated|description|articleSection|inLanguage|isAccessibleForFree|url)"'
    r'\s*:\s*"((?:[^"\\]|\\.)*+)"',
    re.DOTALL,
)


def read(scripts: Iterable[str]) -> list[Node]:
    """Return the top-level objects of all *scripts*, in order; those in arrays and `@graph` count as top level."""
    tops: list[Node] = []
    for script in scripts:
        pending = _values(script[:SCRIPT_MAX_CHARS])
        pending.reverse()
        while pending and len(tops) < NODES_MAX:
            value = pending.pop()
            if isinstance(value, list):
                pending.extend(reversed(cast(list[object], value)[:NODES_MAX]))
            elif isinstance(value, dict):
                node = cast(Node, value)
                graph = node.get("@graph")
                if isinstance(graph, list | dict):
                    pending.append(cast(object, graph))
                    if not node.get("@type"):
                        continue
                tops.append(node)
    return tops


def descendants(tops: Iterable[Node]) -> list[Node]:
    """Return *tops* and all objects inside them, parents before children; at most NODES_MAX, DEPTH_MAX levels deep."""
    found: list[Node] = []
    pending: list[tuple[object, int]] = [(node, 0) for node in tops]
    pending.reverse()
    while pending and len(found) < NODES_MAX:
        value, depth = pending.pop()
        if isinstance(value, dict):
            node = cast(Node, value)
            found.append(node)
            inner = list(node.values())
        else:
            inner = cast(list[object], value)[:NODES_MAX]
        if depth < DEPTH_MAX:
            pending.extend((child, depth + 1) for child in reversed(inner) if isinstance(child, dict | list))
    return found


def _values(script: str) -> list[object]:
    text = _WRAPPING.sub("", script).strip()
    if not text or _is_too_deep(text):
        return []
    for attempt in (_as_written, _without_trailing_commas, _with_entities_resolved):
        try:
            return attempt(text)
        except (ValueError, RecursionError):
            continue
    # What is left has a bare quote in a string or is cut off. Its plain fields are still worth having.
    salvaged: Node = {}
    for name, raw in _FIELD.findall(text):
        salvaged.setdefault(name, _unquoted(raw))
    return [salvaged] if "headline" in salvaged or "datePublished" in salvaged else []


def _is_too_deep(text: str) -> bool:
    """Say whether brackets nest beyond what the decoder may recurse into; only looked at when there are many."""
    if text.count("[") + text.count("{") < 500:
        return False
    depth = 0
    for token in _BRACKETS.finditer(text):
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > 200:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def _as_written(text: str) -> list[object]:
    values: list[object] = []
    at = 0
    while at < len(text):
        value, at = _decoder.raw_decode(text, at)
        values.append(value)
        between = _BETWEEN_OBJECTS.match(text, at)
        at = between.end() if between else at
    return values


def _without_trailing_commas(text: str) -> list[object]:
    return _as_written(_TRAILING_COMMA.sub("", text))


def _with_entities_resolved(text: str) -> list[object]:
    return _as_written(_TRAILING_COMMA.sub("", unescape(text)))


def _unquoted(raw: str) -> str:
    try:
        return str(_decoder.decode(f'"{raw}"'))
    except ValueError:
        return raw
