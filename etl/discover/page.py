"""An HTML page, as far as discovery reads one: its links, where they stand and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from etl.discover.discovery import BODY_MAX_BYTES, absolute, charset_in, plain_text
from etl.errors import Unreadable

LINKS_MAX = 20_000
CLIMB_MAX = 14  # Ancestors looked at for a menu or a footer; bounds the cost of a link in a deep tree.
DEPTH_MAX = 2_000
ATTRIBUTES_MAX = 2_000
# Tags that do nest; `<p>` and `<li>` are left open by right, and close each other.
_NESTING = re.compile(
    r"<(/?)(div|span|section|article|main|aside|ul|ol|dl|table|tbody|tr|td|center|blockquote|form|b|i|u|em|strong|font"
    r"|small|big|code|h[1-6]|[a-z]+-[a-z-]+)[\s>]",
    re.IGNORECASE,
)
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{8000,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_NUMBER = re.compile(r"\d+")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MENU_TAGS = frozenset({"nav", "footer"})
_MENU_HINT = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|megamenu|footer|breadcrumbs?|cookie|consent|social|share)(?:$|[\s_-])",
    re.IGNORECASE,
)
# Replaced by the parser's own rules: these labels mean windows-1252 to every browser (WHATWG Encoding, 4.2).
_LATIN = frozenset({"iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"})


@dataclass(frozen=True, slots=True)
class PageLink:
    """One `<a href>`."""

    url: str
    text: str
    """The heading in it or around it when there is one, its whole text otherwise."""
    path: tuple[str, ...]
    """Tag and classes of the link and its ancestors, nearest first."""
    is_heading: bool
    is_menu: bool
    node: LexborNode


def parsed(body: bytes, *, url: str, content_type: str = "") -> LexborHTMLParser:
    """Return the tree of *body*; raise `Unreadable` when it is too large or no text at all."""
    if len(body) > BODY_MAX_BYTES:
        raise Unreadable(f"the page has {len(body):,} bytes; {BODY_MAX_BYTES:,} is the limit: {url}", code="too_large")
    if not body.strip():
        raise Unreadable(f"an empty page: {url}", code="not_a_listing")
    # lexbor, not BeautifulSoup: Python 3.11's html.parser takes 30 s for 200 kB of `<a` and grows with the square; lexbor 0.3 ms.
    text = _decoded(body, charset_in(content_type))
    if _is_monstrous(text):
        raise Unreadable(f"more nesting or attributes than any page has: {url}", code="not_a_listing")
    return LexborHTMLParser(text)


def links(tree: LexborHTMLParser, *, url: str) -> Iterator[PageLink]:
    """Yield the page's links to other pages, in document order."""
    base = _base(tree, url)
    for number, node in enumerate(tree.css("a[href]")):
        if number >= LINKS_MAX:
            return
        target = absolute(base, node.attributes.get("href") or "")
        if target is not None and target != url.partition("#")[0]:
            yield link(node, target)


def link(node: LexborNode, url: str) -> PageLink:
    """Return what there is to know about the link at *node* to *url*."""
    path: list[str] = []
    heading = node.css_first(",".join(_HEADINGS))
    is_menu = False
    current: LexborNode | None = node
    while current is not None and len(path) < CLIMB_MAX and current.tag not in {"html", "-undef"}:
        attributes = current.attributes
        classes = attributes.get("class") or ""
        # Builders number what they repeat (`rail-1`, `rail-2`): the number is no part of the build.
        path.append(_NUMBER.sub("#", ".".join([current.tag or "", *sorted(classes[:1000].split())])))
        is_menu = is_menu or (
            current.tag in _MENU_TAGS
            or attributes.get("role") in {"navigation", "menu", "menubar"}
            or (current.tag != "body" and bool(_MENU_HINT.search(f"{classes} {attributes.get('id') or ''}")))
        )
        if heading is None and len(path) <= 3 and current.tag in _HEADINGS:
            heading = current
        current = current.parent
    text = plain_text_of(heading if heading is not None else node) or node.attributes.get("title") or ""
    return PageLink(url, text, tuple(path), heading is not None, is_menu, node)


def plain_text_of(node: LexborNode) -> str:
    return plain_text(node.text(deep=True, separator=" ").replace("<", "&lt;")) or ""


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    declared = absolute(url, node.attributes.get("href") or "") if node is not None else None
    return declared or url


def _is_monstrous(text: str) -> bool:
    """Tell whether lexbor would take long: it is quadratic in depth (50,000 levels: 4 s) and in attributes of one tag."""
    opened: dict[str, int] = {}
    for closing, name in _NESTING.findall(text):
        opened[name] = max(0, opened.get(name, 0) + (-1 if closing else 1))
        if opened[name] > DEPTH_MAX:
            return True
    return any(len(_QUOTED.sub("", tag).split()) > ATTRIBUTES_MAX for tag in _LONG_TAG.findall(text))


def _decoded(body: bytes, charset: str | None) -> str:
    """Decode by BOM, then by the header's charset, then by what the page declares, then as UTF-8 (WHATWG HTML, 13.2.3)."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    declared = (charset or _declared_encoding(body) or "utf-8").lower()
    # A declaration inside the page that could be read as ASCII is not UTF-16.
    if charset is None and declared.startswith("utf-16"):
        declared = "utf-8"
    try:
        return body.decode("windows-1252" if declared in _LATIN else declared, "replace").removeprefix("\ufeff")
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", "replace").removeprefix("\ufeff")


def _declared_encoding(body: bytes) -> str | None:
    # Here, because loading it takes 0.1 s of CPU, which a process that reads no page of links need not spend.
    from bs4.dammit import EncodingDetector

    return EncodingDetector.find_declared_encoding(body, is_html=True)
