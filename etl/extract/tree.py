"""The parser's tree as the flat arrays of document.py.

The compiled form (`_tree.pyx`) asks lexbor by the C functions that selectolax's extension module exports; the Python form makes an
object of each node, which is most of its time. The compiled one is used only with versions of selectolax that it was tried
with, and only after both forms have seen the same in a small page that has everything, when this module is imported.
A page of more than NODES_MAX nodes is always read by the Python form, so that both cut it at the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any, Protocol

import selectolax
from selectolax import lexbor
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode, SelectolaxError

from etl import compiled
from etl.extract.armour import NODES_MAX

UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "textarea", "select", "canvas"}
)
"""Elements whose content nobody reads on the page. Their children are not in the arrays, except JSON-LD (`json_ld`)."""

INLINE = frozenset({
    "a", "abbr", "acronym", "amp-timeago", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
"""Elements that do not start a new line. Every other element, also an unknown one, is block-level."""

_TEXT, _NO_ELEMENT, _UNSEEN, _INLINE, _BLOCK = range(5)
_NO_NUMBER = (_TEXT, _NO_ELEMENT)

_TRIED = ("1.0.1", "1.0.2")
"""The versions of selectolax with which both forms gave the same for all pages of the measuring corpus."""


class Keeper(Protocol):
    """What is kept of the parser's tree."""

    def numbers(self) -> dict[int, int]:
        """Return the number of each visible element by its address."""
        ...

    def scripts(self) -> Iterable[str]:
        """Return the contents of the page's scripts."""
        ...


@dataclass(frozen=True, slots=True)
class KeptNodes:
    _numbers: dict[int, int]
    _scripts: list[LexborNode]

    def numbers(self) -> dict[int, int]:
        return self._numbers

    def scripts(self) -> Iterable[str]:
        return (node.text(deep=True) for node in self._scripts)


@dataclass(slots=True, kw_only=True)
class Arrays:
    """A page as document.py describes it."""

    tags: list[str] = field(default_factory=list[str])
    parents: list[int] = field(default_factory=list[int])
    ends: list[int] = field(default_factory=list[int])
    attrs: list[dict[str, str | None]] = field(default_factory=list[dict[str, str | None]])
    texts: list[str] = field(default_factory=list[str])
    owners: list[int] = field(default_factory=list[int])
    boxes: list[int] = field(default_factory=list[int])
    first_text: list[int] = field(default_factory=list[int])
    last_text: list[int] = field(default_factory=list[int])
    chars: list[int] = field(default_factory=list[int])
    by_tag: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    json_ld: list[str] = field(default_factory=list[str])
    """Raw contents of `<script type="application/ld+json">`."""
    _root: LexborNode | None = None
    _kept: Keeper | None = None
    _numbers: dict[int, int] | None = None

    def scripts(self) -> Iterator[str]:
        """Yield the contents of the page's other scripts: where sites keep a text that only JavaScript prints."""
        for text in self._kept.scripts() if self._kept else ():
            if text:
                yield text

    def select(self, selector: str) -> list[int]:
        """Return the elements that the CSS *selector* matches, in document order; none when it cannot be read."""
        if self._root is None or self._kept is None:
            return []
        try:
            nodes = self._root.css(selector)
        except (SelectolaxError, ValueError):
            return []
        if self._numbers is None:
            self._numbers = self._kept.numbers()
        numbers = self._numbers
        return [numbers[node.mem_id] for node in nodes if node.mem_id in numbers]

    def keep(self, root: LexborNode, kept: Keeper) -> None:
        """Keep the parser's tree for what only few pages need: a recipe's selectors, texts inside scripts."""
        self._root, self._kept, self._numbers = root, kept, None

    def sees(self) -> tuple[object, ...]:
        """Return all that a reader can get of the page: equal for equal pages, whichever form read them."""
        return (
            (self.tags, self.parents, self.ends, self.attrs, list(self.by_tag.items())),
            (self.texts, self.owners, self.boxes, self.first_text, self.last_text, self.chars),
            (self.json_ld, list(self.scripts()), list(self._kept.numbers().values()) if self._kept else None),
        )


def fill(doc: Arrays, root: LexborNode) -> None:
    """Fill the arrays of *doc* from the tree below *root*."""
    if not (IS_QUICK and read(doc, root, UNSEEN, INLINE, most=NODES_MAX)):
        walk(doc, root)
        close(doc)


def walk(doc: Arrays, root: LexborNode) -> None:
    """Fill the arrays in one pass over the parser's tree, white space between tags left out."""
    texts, owners, boxes, by_tag = doc.texts, doc.owners, doc.boxes, doc.by_tag
    tags, parents, attrs, first_text = doc.tags, doc.parents, doc.attrs, doc.first_text
    numbers: dict[int, int] = {}
    scripts: list[LexborNode] = []
    box_of: list[int] = []
    number = chunk = 0
    is_apart = False
    # A tag's id is a number of the parser, the same for all elements of that name on one page.
    names: dict[int, tuple[str, int, list[int]]] = {}
    for node in islice(root.traverse(include_text=True, skip_empty=True), NODES_MAX):
        above = node.parent
        parent = -1 if above is None else numbers.get(above.mem_id, -1)
        # What stands in an unseen element has no number, nor have comments and the doctype.
        if parent < 0 and number:
            continue
        tag_id = node.tag_id
        if tag_id not in names:
            tag, kind = _kind(node)
            names[tag_id] = tag, kind, [] if kind in _NO_NUMBER else by_tag.setdefault(tag, [])
        tag, kind, alike = names[tag_id]
        if kind == _TEXT:
            if parent < 0:
                continue
            text, box = node.text_content or "", box_of[parent]
            if chunk and (is_apart or box != boxes[-1] or _is_spaced(texts[-1], text, node)):
                texts[-1] += " "
            is_apart = False
            chunk += 1
            texts.append(text)
            owners.append(parent)
            boxes.append(box)
            continue
        if kind == _NO_ELEMENT:
            continue
        attributes = node.attributes
        if kind == _UNSEEN:
            if tag == "script":
                if "type" in attributes and "ld+json" in (attributes["type"] or "").lower():
                    doc.json_ld.append(node.text(deep=True) or "")
                elif "src" not in attributes:
                    scripts.append(node)
            box_of.append(-1)
        else:
            numbers[node.mem_id] = number
            if kind == _INLINE and parent >= 0:
                box_of.append(box_of[parent])
            else:
                box_of.append(number)
                is_apart = True
        alike.append(number)
        number += 1
        tags.append(tag)
        parents.append(parent)
        attrs.append(attributes)
        first_text.append(chunk)
    doc.keep(root, KeptNodes(numbers, scripts))


def _kind(node: LexborNode) -> tuple[str, int]:
    tag = node.tag or "-"
    if tag == "-text":
        return tag, _TEXT
    if tag[0] in "-!":
        return tag, _NO_ELEMENT
    return tag, _UNSEEN if tag in UNSEEN else _INLINE if tag in INLINE else _BLOCK


def _is_spaced(before: str, after: str, node: LexborNode) -> bool:
    """Say whether the white space that the walk left out stood between two texts on one line."""
    if before[-1:].isspace() or after[:1].isspace():
        return False
    at: LexborNode | None = node
    while at is not None and at.prev is None:
        at = at.parent
    at = at.prev if at is not None else None
    while at is not None and not at.is_empty_text_node:
        at = at.last_child
    return at is not None


def close(doc: Arrays) -> None:
    """Fill in where each element ends, in elements and in texts."""
    count = len(doc.tags)
    ends = doc.ends = list(range(1, count + 1))
    last_text = doc.last_text = list(doc.first_text)
    for chunk, owner in enumerate(doc.owners, 1):
        last_text[owner] = chunk
    # Every element but the first has a parent, which stands before it.
    for element, parent in zip(range(count - 1, 0, -1), reversed(doc.parents), strict=False):
        if (end := ends[element]) > ends[parent]:
            ends[parent] = end
        if (end := last_text[element]) > last_text[parent]:
            last_text[parent] = end
    doc.chars = list(accumulate(map(len, map(str.strip, doc.texts)), initial=0))


def connect(path: str) -> bool:  # noqa: ARG001
    """Look up lexbor's functions in the module at *path*; False: they are for the compiled form."""
    return False


def look(node: LexborNode) -> tuple[Any, ...]:
    """Return all that the walk asks of one node: tag's number, neighbours, name of an element, its text, its attributes."""
    around = (node.next, node.prev, node.parent, node.first_child, node.last_child)
    return (
        node.tag_id,
        [one.mem_id if one is not None else 0 for one in around],
        None if (node.tag or "-")[0] in "-!" else node.tag,
        node.text_content,
        node.attributes,
    )


def read(doc: Arrays, root: LexborNode, unseen: frozenset[str], inline: frozenset[str], *, most: int) -> bool:  # noqa: ARG001
    """Fill the arrays of *doc* as `walk` and `close` do; False, with nothing done, where only these can."""
    return False


_TRIAL = (
    b"<!doctype html><!-- c --><HTML lang=en class><head><title>T</title><meta property='og:a-name-of-some-length' content=''>"
    b"<script type='application/LD+json'>{}</script><script>1 < 2 <!-- <p> </script><script src=x> </script><style> </style>"
    b"<template><p>in</p></template><base href=/b></head> <body CLASS='a b' class=c data-x=1 data-x=2 data-caf\xc3\xa9=\xff> "
    b"<custom-element-of-a-long-name a:b=1>one</custom-element-of-a-long-name><p>a <b>b</b> <i>c</i><b>d<i> </i></b>e&nbsp; "
    b"<p>\xe6\x97\xa5\xf0\x9f\x98\x80<br/>\xc3 x<b><u>m</b>n</u> &amp;&lt; <svg viewBox=0 xlink:href=#a><foreignObject><p>q</p>"
    b"</foreignObject><![CDATA[ z ]]></svg><math definitionURL=u><mi>x</mi></math><table> t <tr><td> 1<td>2 <p></table>"
    b"<select><option>o</select><textarea> v</textarea><noscript><p>n</noscript><?pi x?><!><a-1\xc3\xa9>f</a-1\xc3\xa9> "
    b"<ul>\n<li>\xc2\xa0<li><a href='?a=1&amp;b'>l</a><a>k</a> <!-- d --> <a>j</a>\n</ul><h1></h1></body> <!-- e --></html> end "
)


def _is_quick() -> bool:
    """Say whether the compiled form is there and sees in a page that has everything what the Python form sees."""
    if selectolax.__version__ not in _TRIED or not connect(lexbor.__file__):
        return False
    parser = LexborHTMLParser(_TRIAL, scripting=True, options=LexborDocumentOptions.WO_EVENTS.value)
    root = parser.root
    # Node by node first: what the compiled form is told of one is compared before it follows it to the next.
    if root is None or any(look(node) != python_look(node) for node in root.traverse(include_text=True)):
        return False
    ours, theirs = Arrays(), Arrays()
    walk(theirs, root)
    close(theirs)
    if not read(ours, root, UNSEEN, INLINE, most=NODES_MAX):
        return False
    return (ours.sees(), ours.select("*")) == (theirs.sees(), theirs.select("*"))


python_look = look
globals().update(compiled.forms(__name__))
IS_QUICK = _is_quick()
if not IS_QUICK:
    compiled.decline(__name__)
