"""The order in which a page is read: one parse, one reader per field group, and the evidence of each.

Metadata comes after the body because the text tells the language; links come last because a link inside the body is another
kind of link than one beside it. What a recipe says wins over every reader (`ruled`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from etl.extract import appeals, dates, document, links, metadata, ruled, structured, teasers, times, trim
from etl.extract import body as bodies
from etl.extract.document import Document
from etl.model import Article

if TYPE_CHECKING:
    from etl.recipe.rules import Rules

ARTICLE_MIN_CHARS = 600
"""A text this long makes a page an article whatever the page says of itself."""
STUB_MIN_CHARS = 60
"""Agency notes and paywall stubs are this short; the page must say that it is an article."""
FRONT_LINKS_MIN = 12
"""A page with this many teasers and less text than ARTICLE_MIN_CHARS is a front, unless it says that it is an article."""
_SAYS_ARTICLE = re.compile(r"article|newsposting|blogposting|reportage", re.IGNORECASE)
_SAYS_FRONT = re.compile(r"website|collection|searchresult|itemlist", re.IGNORECASE)


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
    """Return what the page says as an Article. Raises Unreadable when the bytes hold no page.

    A front or section page comes back too, with its links and `is_article` False. *canonical* names the URLs of links.
    """
    doc = document.parse(body, url=url, content_type=content_type, drop=rules.drop if rules else ())
    if rules is not None:
        country, zone = rules.country or country, rules.zone or zone
    facts = structured.read(doc)
    blocks = teasers.find(doc)
    main = bodies.find(doc, facts, blocks, only=ruled.body_elements(doc, rules))
    if main.rule == "chooser":
        main = appeals.without(doc, main)
    told = metadata.read(
        doc,
        facts,
        text="\n".join(block.text for block in main.blocks),
        body_at=main.elements[0] if main.elements else None,
    )
    language = (rules.language if rules else None) or told.language
    when = times.read(
        doc,
        facts,
        main,
        language=language,
        country=country,
        zone=zone,
        fetched_at=fetched_at,
        teasers=blocks,
        title=told.title,
        raw=body,
    )
    section = told.section
    main = trim.trimmed(
        main,
        trim.Said(
            authors=told.authors,
            section=section,
            moments=tuple(moment for moment in (when.published, when.modified) if moment is not None),
            read_label=lambda label: dates.read_label(
                label, language=language, country=when.country, zone=when.zone, fetched_at=fetched_at
            ),
        ),
    )
    found = links.read(
        doc,
        blocks,
        main,
        language=language,
        country=when.country,
        zone=when.zone,
        fetched_at=fetched_at,
        canonical=canonical,
        canonical_url=told.canonical_url,
    )
    article = Article(
        title=told.title,
        authors=told.authors,
        lead=trim.without_section(told.lead, section) if told.lead else None,
        body=main.blocks,
        section=section,
        tags=told.tags,
        language=language,
        image=told.image,
        canonical_url=told.canonical_url,
        language_versions=told.language_versions,
        published=when.published,
        modified=when.modified,
        access=told.access,
        links=found,
        beside=main.beside,
        evidence={**told.evidence, **when.evidence, "body": main.rule},
        losers={**told.losers, **when.losers, **({"body": main.losers} if main.losers else {})},
    )
    if rules is not None:
        article = ruled.apply(article, doc, rules, fetched_at=fetched_at, canonical=canonical)
    is_article, why = looks_like_article(article, doc)
    return replace(article, is_article=is_article, evidence={**article.evidence, "is_article": why})


def looks_like_article(article: Article, doc: Document) -> tuple[bool, str]:
    """Return whether the page is one article, and why: fronts and sections have links but no text of their own."""
    length = sum(len(block.text) for block in article.body)
    says = _says(doc)
    path = doc.url.partition("//")[2].partition("/")[2].split("?")[0].strip("/")
    if not path and length < 5 * ARTICLE_MIN_CHARS:
        return False, "address of a front"
    if _SAYS_FRONT.search(says) and article.published is None and length < 2 * ARTICLE_MIN_CHARS:
        return False, f"says {says}"
    if length >= ARTICLE_MIN_CHARS:
        return True, "text"
    if length < STUB_MIN_CHARS:
        return False, "no text"
    if _SAYS_ARTICLE.search(says):
        return True, f"says {says}"
    teased = sum(1 for link in article.links if link.kind != "inline")
    if teased >= FRONT_LINKS_MIN and article.published is None:
        return False, "teasers and little text"
    return True, "short text"


def _says(doc: Document) -> str:
    """Return the page's `og:type`."""
    for element in doc.by_tag.get("meta", ()):
        if "og:type" in (doc.attribute(element, "property"), doc.attribute(element, "name")):
            return doc.attribute(element, "content").strip()[:40]
    return ""
