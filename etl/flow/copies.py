"""The verdict on new articles: is it a copy of one that is stored, or of another in the same batch?

The protocol of `etl.dedupe.verdict`: lock the keys, read the few stored articles that share them, compare, keep keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection

from etl.dedupe.canonical import host_of
from etl.dedupe.verdict import (
    ROWS_PER_KEY,
    TEXTS_MAX,
    Document,
    Stored,
    find_copy,
    keys_to_store,
    rank_candidates,
)
from etl.model import CopyOf, New
from etl.store import articles, signatures

from .reading import Reading


@dataclass(frozen=True, slots=True)
class Judged:
    article_id: int
    story_id: int
    verdict: New | CopyOf
    keys: tuple[tuple[int, int], ...]
    """(key, article id) rows that let later copies find it."""


def judge(conn: Connection, readings: Sequence[Reading]) -> list[Judged]:
    """Give each reading its article id, its story and its verdict; those of the batch see each other in their order."""
    keys = [key for reading in readings for key in reading.signature_keys]
    signatures.lock(conn, keys)
    carriers: dict[int, list[int]] = {}
    for key, article_id in signatures.carriers(conn, keys, per_key=ROWS_PER_KEY):
        carriers.setdefault(key, []).append(article_id)
    stored = _stored(conn, readings, carriers)
    ids = articles.new_ids(conn, len(readings))
    stories = articles.open_stories(conn, [reading.capture.fetched_at for reading in readings])
    judged: list[Judged] = []
    for article_id, story_id, reading in zip(ids, stories, readings, strict=True):
        rows = _rows(reading, carriers)
        document = document_of(reading)
        candidates = [stored[other] for other in rank_candidates(rows, limit=TEXTS_MAX) if other in stored]
        verdict = find_copy(document, candidates).verdict
        if isinstance(verdict, CopyOf):
            story_id = verdict.story_id
        kept = keys_to_store(reading.signature_keys, rows, verdict)
        for key in kept:
            carriers.setdefault(key, []).append(article_id)
        stored[article_id] = Stored(article_id, story_id, document)
        judged.append(Judged(article_id, story_id, verdict, tuple((key, article_id) for key in kept)))
    articles.drop_stories(conn, sorted(set(stories) - {one.story_id for one in judged}))
    return judged


def _rows(reading: Reading, carriers: dict[int, list[int]]) -> list[tuple[int, int]]:
    return [(key, other) for key in reading.signature_keys for other in carriers.get(key, ())]


def _stored(conn: Connection, readings: Sequence[Reading], carriers: dict[int, list[int]]) -> dict[int, Stored]:
    """Fetch the texts that the readings will be compared with, all at once."""
    wanted = {other for reading in readings for other in rank_candidates(_rows(reading, carriers), limit=TEXTS_MAX)}
    return {
        text.article_id: Stored(
            text.article_id, text.story_id, Document(text.title, text.text, host_of(text.url), text.published_at)
        )
        for text in signatures.texts(conn, wanted).values()
    }


def document_of(reading: Reading) -> Document:
    """Return what the comparison of texts needs to know of a reading."""
    article = reading.article
    assert article is not None
    published_at = article.published.at if article.published else None
    return Document(article.title, article.text, reading.publisher, published_at)


def keep_keys(conn: Connection, keys: Sequence[tuple[int, int]]) -> None:
    """Store the keys of new articles, so that later copies find them."""
    signatures.add(conn, keys)
