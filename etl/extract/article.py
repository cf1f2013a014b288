"""The order in which a page is read: one parse, one reader per field group, and the evidence of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from etl.extract import body as bodies
from etl.extract import document
from etl.extract.document import Document
from etl.model import Article

if TYPE_CHECKING:
    from etl.recipe.rules import Rules

ARTICLE_MIN_CHARS = 250
"""Shorter texts are articles only when the page says so (agency notes, paywall stubs)."""
_SAYS_ARTICLE = re.compile(r"article|newsposting|blogposting", re.IGNORECASE)


def read(
    body: bytes,
    *,
    url: str,
    fetched_at: datetime | None,
    content_type: str = "",
    rules: Rules | None = None,
    canonical: Callable[[str], str] = str,
    country: str | None = None,
    zone: str | None = None,
) -> Article:
    """Return what the page says as an Article. Raises Unreadable when the bytes hold no page."""
    doc = document.parse(body, url=url, content_type=content_type)
    main = bodies.find(doc)
    return Article(
        title=_title(doc),
        body=main.blocks,
        evidence={"body": main.rule},
    )


def looks_like_article(article: Article, doc: Document) -> tuple[bool, str]:
    """Return whether the page is one article, and why: front pages and sections have links but no text of their own."""
    length = sum(len(block.text) for block in article.body)
    if length >= ARTICLE_MIN_CHARS:
        return True, "text"
    for element in doc.by_tag.get("meta", ()):
        if doc.attribute(element, "property") == "og:type" and _SAYS_ARTICLE.search(doc.attribute(element, "content")):
            return length > 0, "og:type"
    return False, "no text"


def _title(doc: Document) -> str:
    for tag in ("h1", "title"):
        for element in doc.by_tag.get(tag, ()):
            if title := doc.text(element):
                return title
    return ""
