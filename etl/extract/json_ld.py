"""JSON-LD as publishers write it: tolerant of what breaks `json.loads`, bounded against bombs.

Publishers leave raw line breaks inside strings, HTML comments and CDATA around the object, trailing commas, semicolons,
objects one after the other without an array, quotes escaped as HTML entities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import unescape
from typing import cast

SCRIPTS_MAX_CHARS = 2_000_000
"""All scripts of a page; the most that the corpora's 1,700 pages have is 0.84 M, a live blog with all its entries."""
NODES_MAX = 4_000
"""Objects kept per page, and values looked at per level; a page with a long `ItemList` has some hundred."""
DEPTH_MAX = 24
"""Levels that are looked into; article, author, address and image need six."""

Node = dict[str, object]

_decoder = json.JSONDecoder(strict=False)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_BETWEEN_OBJECTS = re.compile(r"[\s,;]*")
_FIELD = re.compile(
    r'"(@type|headline|datePublished|dateModified|dateCreated|description|articleSection|inLanguage|isAccessibleForFree|url)"'
    r'\s*:\s*"((?:[^"\\]|\\.)*+)"',
    re.DOTALL,
)


def read(scripts: Iterable[str]) -> list[Node]:
    """Return the top-level objects of all *scripts*, in order; those in arrays and `@graph` count as top level."""
    tops: list[Node] = []
    budget = SCRIPTS_MAX_CHARS
    for script in scripts:
        if len(script) > budget:
            continue
        budget -= len(script)
        pending = _values(script)
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
    """Return *tops* and all objects inside them, outer before inner; at most NODES_MAX, DEPTH_MAX levels deep."""
    found: list[Node] = []
    level: list[object] = list[object](tops)
    for _ in range(DEPTH_MAX):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                node = cast(Node, value)
                found.append(node)
                below.extend(node.values())
            elif isinstance(value, list):
                below.extend(cast(list[object], value))
        level = below[:NODES_MAX]
        if not level or len(found) >= NODES_MAX:
            break
    return found[:NODES_MAX]


def _values(script: str) -> list[object]:
    text = _unwrapped(script)
    attempts = [_as_written, _without_trailing_commas] + [_with_entities_resolved] * ("&" in text)
    for attempt in attempts:
        try:
            return attempt(text)
        except ValueError:
            continue
        except RecursionError:
            return []
    # What is left has a bare quote in a string or is cut off. Its plain fields are still worth having.
    salvaged: Node = {}
    for name, raw in _FIELD.findall(text):
        salvaged.setdefault(name, _unquoted(raw))
    return [salvaged] if "headline" in salvaged or "datePublished" in salvaged else []


def _unwrapped(script: str) -> str:
    """Return *script* without the comment or CDATA marks that once hid it from old browsers."""
    text = script.strip().rstrip("\ufeff;").lstrip("\ufeff;")
    if text[:1] in "{[":
        return text
    for opening in ("//", "/*", "<![CDATA[", "<!--", "*/"):
        text = text.removeprefix(opening).lstrip()
    for closing in ("*/", "]]>", "-->", "//", "/*"):
        text = text.removesuffix(closing).rstrip()
    return text


def _as_written(text: str) -> list[object]:
    values: list[object] = []
    at = 0
    while at < len(text):
        value, at = _decoder.raw_decode(text, at)
        values.append(value)
        if at == len(text):
            break
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
