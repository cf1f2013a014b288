"""All that describes an article but its text, its times and its links, each field with the rule that gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl.extract import access, authors, language, lead, picture, site, title, topics
from etl.extract.choice import Choice
from etl.extract.document import Document
from etl.extract.structured import Structured, absolute
from etl.model import Access, Image

VERSIONS_MAX = 200
"""The largest sites have some 60 language versions, and feeds are alternates too."""


@dataclass(frozen=True, slots=True)
class Metadata:
    title: str = ""
    authors: tuple[str, ...] = ()
    """People, then organisations."""
    lead: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    image: Image | None = None
    canonical_url: str | None = None
    language_versions: tuple[tuple[str, str], ...] = ()
    access: Access | None = None
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    losers: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict[str, tuple[tuple[str, str], ...]])


def read(doc: Document, facts: Structured, *, text: str = "", body_at: int | None = None) -> Metadata:
    """Return the metadata of the page.

    *text* is the article's body and *body_at* the element of its first block, where a body was found: they tell the
    language, and how far down the lead image may stand.
    """
    known = site.names(facts, doc.url)
    heading = (shown := title.read(doc, facts, known)).element
    headline = shown.choice
    written = authors.read(doc, facts, known, heading=heading)
    found: dict[str, Choice[object]] = {
        "title": _any(headline),
        "authors": _any(written),
        "lead": _any(standfirst := lead.read(doc, facts, heading=heading)),
        "section": _any(part := topics.section(doc, facts, known)),
        "tags": _any(
            tags := topics.tags(doc, facts, known, authors=written.value, title=headline.value, heading=heading)
        ),
        "language": _any(spoken := language.read(doc, facts, text=text)),
        "image": _any(image := picture.read(doc, facts, heading=heading, body_at=body_at)),
        "canonical_url": _any(own := canonical_url(doc, facts)),
        "access": _any(wall := access.read(doc, facts, text=text)),
    }
    return Metadata(
        title=headline.value,
        authors=written.value,
        lead=standfirst.value,
        section=part.value,
        tags=tags.value,
        language=spoken.value,
        image=image.value,
        canonical_url=own.value,
        language_versions=language_versions(doc, facts),
        access=wall.value,
        evidence={name: choice.rule for name, choice in found.items() if choice.rule},
        losers={name: choice.losers for name, choice in found.items() if choice.losers},
    )


def canonical_url(doc: Document, facts: Structured) -> Choice[str | None]:
    """Return the address the page claims for itself, absolute; None when it claims none or its site's front page."""
    told = [("link:canonical", doc.attribute(element, "href")) for element in facts.links.get("canonical", ())[:1]]
    told += [("og:url", facts.first("og:url"))]
    for rule, raw in told:
        url = absolute(doc, raw.strip())
        if not url:
            continue
        # Templates that write the front page as every article's address are common enough to be dangerous:
        # all articles of the site would become one.
        if url.split("://", 1)[1].partition("/")[2].strip("/") or not doc.url.split("://", 1)[-1].partition("/")[
            2
        ].strip("/"):
            return Choice(url, rule)
    return Choice(None)


def language_versions(doc: Document, facts: Structured) -> tuple[tuple[str, str], ...]:
    """Return (`hreflang`, absolute URL) of each `<link rel=alternate>` that has both."""
    found: list[tuple[str, str]] = []
    for element in facts.links.get("alternate", ())[:VERSIONS_MAX]:
        label = doc.attribute(element, "hreflang").strip()
        if label and (url := absolute(doc, doc.attribute(element, "href").strip())):
            found.append((label, url))
    return tuple(found)


def _any(
    choice: Choice[str] | Choice[str | None] | Choice[tuple[str, ...]] | Choice[Image | None] | Choice[Access | None],
) -> Choice[object]:
    return Choice(choice.value, choice.rule, choice.losers)
