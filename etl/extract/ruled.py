"""What a recipe says about a page wins over what the readers found; where its selectors find nothing, they stand and say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from etl.extract import dates, names
from etl.extract.document import Document
from etl.model import Article, Image, Link, Moment

if TYPE_CHECKING:
    from etl.recipe.rules import LinkRule, Rules

_TEXTS = ("title", "lead", "section")
_LISTS = ("authors", "tags")
_MOMENTS = ("published", "modified")
_EVIDENCE = {"published": "published_at", "modified": "modified_at"}
"""What the evidence of a field is kept under, where it is not the field's own name."""


def body_elements(doc: Document, rules: Rules | None) -> tuple[int, ...]:
    """Return the elements that the recipe names as body, in document order; the first selector that finds any wins."""
    for selector in rules.body if rules else ():
        if elements := doc.select(selector):
            return tuple(sorted(elements))
    return ()


def apply(
    article: Article,
    doc: Document,
    rules: Rules,
    *,
    fetched_at: datetime | None,
    canonical: Callable[[str], str] = str,
) -> Article:
    """Return *article* with the fields that the recipe's selectors give."""
    changes: dict[str, Any] = {}
    evidence = dict(article.evidence)
    losers = dict(article.losers)
    for field in (*_TEXTS, *_LISTS, *_MOMENTS, "image"):
        selectors: tuple[str, ...] = getattr(rules, field)
        if not selectors:
            continue
        told = _EVIDENCE.get(field, field)
        selector, values = _first(doc, selectors)
        value = _value(field, values, doc, article=article, rules=rules, fetched_at=fetched_at) if values else None
        if not value:
            evidence[told] = f"recipe found nothing; {evidence.get(told) or 'nor did the page'}"
            continue
        changes[field] = value
        lost = _shown(getattr(article, field))
        if lost and lost != _shown(value):
            losers[told] = ((evidence.get(told, ""), lost), *losers.get(told, ()))
        evidence[told] = f"recipe:{selector}"
    if rules.language:
        evidence["language"] = "recipe"
    if rules.body and not evidence.get("body", "").startswith("recipe"):
        evidence["body"] = f"recipe found nothing; {evidence.get('body', '')}"
    if rules.links:
        changes["links"] = tuple(_links(article, doc, rules, canonical, fetched_at=fetched_at))
    return replace(article, **changes, evidence=evidence, losers=losers)


def _first(doc: Document, selectors: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return the first selector that finds something, with what it finds: texts, or the attribute after `@`."""
    for selector in selectors:
        css, at, name = selector.rpartition("@")
        if not at or not name.replace("-", "").isalnum():
            css, name = selector, ""
        found = [doc.attribute(one, name).strip() if name else doc.text(one) for one in doc.select(css)]
        if found := [text for text in found if text]:
            return selector, found
    return "", []


def _value(
    field: str,
    values: list[str],
    doc: Document,
    *,
    article: Article,
    rules: Rules,
    fetched_at: datetime | None,
) -> str | tuple[str, ...] | Image | Moment | None:
    if field == "authors":
        return tuple(dict.fromkeys(name for text in values for name in names.split(text) or (text,)))
    if field in _LISTS:
        return tuple(dict.fromkeys(values))
    if field in _MOMENTS:
        moment = dates.read_label(
            values[0],
            language=rules.language or article.language,
            country=rules.country,
            zone=rules.zone,
            fetched_at=fetched_at,
        )
        return moment if moment.at else None
    if field == "image":
        url = doc.absolute(values[0])
        return Image(url, article.image.caption if article.image else None) if url else None
    return values[0]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, Moment):
        return value.text
    if isinstance(value, Image):
        return value.url
    return value if isinstance(value, str) else ""


def _in_zone(
    date: Moment | None, zone: str | None, *, article: Article, rules: Rules, fetched_at: datetime | None
) -> Moment | None:
    """Return the date of a link as its label means it in the zone of its block; a time for machines stays as it is."""
    if date is None or zone is None or date.rule in ("label:iso", "label:epoch"):
        return date
    moment = dates.read_label(
        date.text,
        language=rules.language or article.language,
        country=rules.country,
        zone=zone,
        fetched_at=fetched_at,
    )
    return moment if moment.at else date


def _links(
    article: Article,
    doc: Document,
    rules: Rules,
    canonical: Callable[[str], str],
    *,
    fetched_at: datetime | None,
) -> Iterator[Link]:
    """Yield the article's links, those in a block that the recipe names with its kind, and the ones only it knows."""
    ruled = {url: (rule, text) for rule in rules.links for url, text in _anchors(doc, rule, canonical)}
    position = 0
    seen: set[tuple[str, str]] = set()
    for link in article.links:
        rule, _ = ruled.get(link.url, (None, ""))
        changed = link
        if rule is not None:
            date = _in_zone(link.date, rule.zone, article=article, rules=rules, fetched_at=fetched_at)
            changed = replace(link, kind=rule.kind, rule=f"recipe:{rule.selector}", date=date)
        if (changed.url, changed.kind) not in seen:
            yield replace(changed, position=position)
            position += 1
        seen.add((changed.url, changed.kind))
    for url, (rule, text) in ruled.items():
        if text and (url, rule.kind) not in seen:
            yield Link(url=url, kind=rule.kind, title=text, position=position, rule=f"recipe:{rule.selector}")
            position += 1


def _anchors(doc: Document, rule: LinkRule, canonical: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    for block in doc.select(rule.selector):
        for element in range(block, doc.ends[block]):
            if doc.tags[element] == "a" and (href := doc.attribute(element, "href")):
                url = doc.absolute(href)
                if url and url.startswith("http"):
                    yield canonical(url), doc.text(element)
