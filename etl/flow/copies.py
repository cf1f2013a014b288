"""The verdict on new articles: is it a copy of one that is stored, or of another in the same batch?

Steps 3 to 5 of the protocol in `etl.dedupe.signature`: lock the keys, read the few stored articles that share them, compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection

from etl.dedupe.verdict import ROWS_PER_KEY, TEXTS_MAX, Document, Stored, find_copy, rank_candidates
from etl.model import CopyOf, New
from etl.store import articles, signatures

from .reading import Reading


@dataclass(frozen=True, slots=True)
class Judged:
    article_id: int
    story_id: int
    verdict: New | CopyOf


def judge(conn: Connection, readings: Sequence[Reading]) -> list[Judged]:
    """Give each reading its article id, its story and its verdict; those of the batch see each other in their order."""
    keys = [key for reading in readings for key in reading.signature_keys]
    signatures.lock(conn, keys)
    carriers: dict[int, list[int]] = {}
    for key, article_id in signatures.carriers(conn, keys, per_key=ROWS_PER_KEY):
        carriers.setdefault(key, []).append(article_id)
    ids = articles.new_ids(conn, len(readings))
    ranked: list[list[int]] = []
    for article_id, reading in zip(ids, readings, strict=True):
        rows = [(key, other) for key in reading.signature_keys for other in carriers.get(key, ())]
        ranked.append(rank_candidates(rows, limit=TEXTS_MAX))
        for key in reading.signature_keys:
            if len(carriers.setdefault(key, [])) < ROWS_PER_KEY:
                carriers[key].append(article_id)
    own = set(ids)
    stored = {
        text.article_id: Stored(
            text.article_id, text.story_id, Document(text.title, text.text, text.host, text.published_at)
        )
        for text in signatures.texts(conn, [c for some in ranked for c in some if c not in own]).values()
    }
    stories = articles.open_stories(conn, [reading.capture.fetched_at for reading in readings])
    judged: list[Judged] = []
    for number, reading in enumerate(readings):
        document = document_of(reading)
        finding = find_copy(document, [stored[c] for c in ranked[number] if c in stored])
        verdict = finding.verdict
        story_id = verdict.story_id if isinstance(verdict, CopyOf) else stories[number]
        stored[ids[number]] = Stored(ids[number], story_id, document)
        judged.append(Judged(ids[number], story_id, verdict))
    articles.drop_stories(conn, [s for s, j in zip(stories, judged, strict=True) if j.story_id != s])
    return judged


def document_of(reading: Reading) -> Document:
    """Return what the comparison of texts needs to know of a reading."""
    article = reading.article
    assert article is not None
    published_at = article.published.at if article.published else None
    return Document(article.title, article.text, reading.publisher, published_at)


def keep_keys(conn: Connection, rows: Sequence[tuple[int, Reading]]) -> None:
    """Store the keys of new articles, so that later copies find them."""
    signatures.add(conn, [(key, article_id) for article_id, reading in rows for key in reading.signature_keys])
