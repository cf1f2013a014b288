"""The JSON shapes of the contract (design §8): one article, one link, one date."""

from __future__ import annotations

from etl.extract.dates import instant, iso
from etl.model import Article, Link, Moment
from etl.store.articles import StoredArticle


def moment_text(moment: Moment | None) -> str | None:
    return iso(moment) if moment is not None else None


def link_record(link: Link) -> dict[str, object]:
    return {
        "url": link.url,
        "kind": link.kind,
        "title": link.title,
        "kicker": link.kicker,
        "block": link.block,
        "rank": link.rank,
        "date_text": link.date.text if link.date else None,
        "published_at": moment_text(link.date),
        "position": link.position,
    }


def article_record(page_id: object, article: Article) -> dict[str, object]:
    return {
        "id": page_id,
        "title": article.title or None,
        "authors": list(article.authors),
        "published_at": instant(article.published),
        "published_precision": article.published.precision if article.published else None,
        "modified_at": instant(article.modified),
        "description": article.lead,
        "body": [{"kind": block.kind, "text": block.text} for block in article.body],
        "text": article.text,
        "section": article.section,
        "tags": list(article.tags),
        "language": article.language,
        "image": article.image.url if article.image else None,
        "image_caption": article.image.caption if article.image else None,
        "canonical_url": article.canonical_url,
        "access": article.access,
        "links": [link_record(link) for link in article.links],
        "evidence": dict(article.evidence),
        "error": None,
    }


def stored_record(stored: StoredArticle) -> dict[str, object]:
    """A stored article as `export` gives it; `id` is that of the system it was loaded from, when it was."""
    published = stored.published_at
    is_day = stored.published_precision == "day"
    return {
        "id": stored.external_id if stored.external_id is not None else stored.article_id,
        "url": stored.url,
        "title": stored.title,
        "authors": stored.authors,
        "description": stored.lead,
        "text": stored.text,
        "section": stored.section,
        "tags": stored.tags,
        "language": stored.language,
        "published_at": (published.date().isoformat() if is_day else published.isoformat()) if published else None,
        "modified_at": stored.modified_at.isoformat() if stored.modified_at else None,
        "image": stored.image_url,
        "access": stored.access,
        "article_id": stored.article_id,
        "story_id": stored.story_id,
        "copy_of": stored.copy_of,
        "first_seen_at": stored.first_seen_at.isoformat(),
        "changed_at": stored.changed_at.isoformat(),
    }
