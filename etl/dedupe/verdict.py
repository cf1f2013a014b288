"""What an article is to us: new, the same, changed, or a copy of another.

Thin version: the interface is final, the judgement is being deepened.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.dedupe.signature import containment, numbers, shingles, words
from etl.model import Article, Changed, CopyOf, Materiality, New, Same

ROWS_PER_KEY = 6
TEXTS_MAX = 8
LIKE_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class Document:
    """What `find_copy` needs to know of an article."""

    title: str
    text: str
    host: str = ""
    """Of the canonical URL: who published it."""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored article that shares a key with the new one."""

    article_id: int
    story_id: int
    document: Document


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate was judged: a line of `news-etl explain --against`."""

    article_id: int
    story_id: int
    similarity: float
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a new article, and every candidate with the reason why it was taken or not, best first."""

    verdict: New | CopyOf
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """The stored fields of the current version that decide whether a new capture changes anything."""

    title: str
    lead: str | None
    body: tuple[str, ...]
    authors: tuple[str, ...] = ()
    section: str | None = None
    published_at: datetime | None = None


def version_of(article: Article) -> Version:
    """Return the fields of *article* that make versions."""
    return Version(
        title=article.title,
        lead=article.lead,
        body=tuple(block.text for block in article.body),
        authors=article.authors,
        section=article.section,
        published_at=article.published.at if article.published else None,
    )


def rank_candidates(rows: Iterable[tuple[int, int]], *, limit: int = TEXTS_MAX) -> list[int]:
    """Return the articles whose texts are worth reading, best first. *rows* are (key, article_id) as read from the index.

    A key shared with few articles says more than one shared with many: each key gives 1 / (articles that carry it).
    """
    distinct = set(rows)
    carriers = Counter(key for key, _ in distinct)
    weights: dict[int, float] = {}
    for key, article_id in sorted(distinct):
        weights[article_id] = weights.get(article_id, 0.0) + 1 / carriers[key]
    return sorted(weights, key=lambda article_id: (-weights[article_id], article_id))[:limit]


def find_copy(new: Document, candidates: Sequence[Stored]) -> Finding:
    """Return whose copy *new* is, or New, with the reasons for each candidate."""
    own = shingles(words(new.text))
    figures = set(numbers(new.text))
    trials: list[Trial] = []
    for stored in candidates:
        similarity = containment(own, shingles(words(stored.document.text)))
        theirs = set(numbers(stored.document.text))
        differ = bool(figures and theirs) and len(figures & theirs) < 0.5 * min(len(figures), len(theirs))
        taken = similarity >= LIKE_ENOUGH and not differ
        trials.append(
            Trial(stored.article_id, stored.story_id, similarity, taken, "other figures" if differ else "text")
        )
    trials.sort(key=lambda trial: (-trial.taken, -trial.similarity, trial.article_id))
    if trials and trials[0].taken:
        best = trials[0]
        return Finding(CopyOf(best.article_id, best.story_id, round(best.similarity, 4), best.reason), tuple(trials))
    return Finding(New("no stored text like it"), tuple(trials))


_SPACE = re.compile(r"\s+")


def _plain(text: str | None) -> str:
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text or "")).strip()


def content_key(article: Article) -> bytes:
    """Return 16 bytes that are equal for two captures that mean the same: then no text needs to be compared."""
    meaning = version_of(article)
    digest = hashlib.blake2b(digest_size=16)
    for part in (
        meaning.title,
        meaning.lead,
        *meaning.body,
        "\x00",
        *meaning.authors,
        meaning.section,
        str(meaning.published_at),
    ):
        digest.update(_plain(part).encode("utf-8", "surrogatepass") + b"\x00")
    return digest.digest()


def compare_versions(old: Version, new: Article) -> Same | Changed:
    """Say whether *new* changes what is stored, in which fields and how much."""
    now = version_of(new)
    fields: list[str] = []
    if _plain(old.title) != _plain(now.title):
        fields.append("title")
    if _plain(old.lead) != _plain(now.lead):
        fields.append("lead")
    if [_plain(text) for text in old.body] != [_plain(text) for text in now.body]:
        fields.append("body")
    if old.authors != now.authors:
        fields.append("authors")
    if old.section != now.section:
        fields.append("section")
    if old.published_at != now.published_at:
        fields.append("published")
    if not fields:
        return Same("nothing that makes a version differs")
    materiality: Materiality = "substantive" if "body" in fields else "headline" if "title" in fields else "minor"
    return Changed(tuple(fields), materiality, ", ".join(fields) + " differ")
