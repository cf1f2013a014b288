"""Bytes → article, with the URL rules of dedupe and the recipe of the site: what every path into the database shares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from etl.dedupe.canonical import canonical
from etl.extract import article as extract_article
from etl.model import Article
from etl.recipe.shelf import Shelf


def canonical_or_same(url: str) -> str:
    """Return the canonical form of *url*, or *url* itself when it cannot be read as one."""
    try:
        return canonical(url)
    except ValueError:
        return url


def read_article(
    body: bytes,
    *,
    url: str,
    fetched_at: datetime | None,
    content_type: str = "",
    shelf: Shelf | None = None,
    fold: Callable[[str], str] = canonical_or_same,
) -> Article:
    """Return what the page says. Raises Unreadable when it holds no article."""
    recipe = shelf.recipe_for(url) if shelf else None
    rules = shelf.rules_for(url, fetched_at) if shelf else None
    return extract_article.read(
        body,
        url=url,
        fetched_at=fetched_at,
        content_type=content_type,
        rules=rules,
        canonical=fold,
        country=recipe.country if recipe else None,
        zone=recipe.zone if recipe else None,
    )
