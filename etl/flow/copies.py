"""The verdict on new articles: is it a copy of one that is stored, or of another in the same batch?

The protocol of `etl.dedupe.verdict`: lock the keys, read the few stored articles that share them, compare, keep keys. A stored
article whose text changed goes through it too, so that copies of its new text find it; it stays in its story, for a story that
consumers have seen must not move under them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from etl.dedupe.canonical import host_of
from etl.dedupe.signature import signature_keys
from etl.dedupe.verdict import (
    ROWS_PER_KEY,
    TEXTS_MAX,
    Document,
    Stored,
    Trial,
    find_copy,
    keys_to_store,
    rank_candidates,
)
from etl.model import Article, Changed, CopyOf, New
from etl.store import articles, pages, signatures
from etl.store.signatures import CandidateText

from .reading import Reading, spell

TEXT_FIELDS = frozenset({"title", "lead", "body"})
"""What signature keys are made of."""


@dataclass(frozen=True, slots=True)
class Judged:
    article_id: int
    story_id: int
    verdict: New | CopyOf


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A stored article and the reading that changes its text."""

    article_id: int
    story_id: int
    reading: Reading
    verdict: Changed


def rewritten(article_id: int, story_id: int, reading: Reading, verdict: Changed) -> Rewritten | None:
    """Return what `judge` needs when *verdict* changes the text of an article, None when it changes other fields only."""
    return Rewritten(article_id, story_id, reading, verdict) if TEXT_FIELDS.intersection(verdict.fields) else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a batch of readings comes to."""

    new: list[Judged]
    """Beside the readings of new articles."""
    keys: list[tuple[int, int]]
    """(key, article id) rows to store, of the rewritten articles too."""


def judge(conn: Connection, readings: Sequence[Reading], rewritten: Sequence[Rewritten] = ()) -> Judgement:
    """Give each reading its article id, its story and its verdict; those of the batch see each other in their order.

    The *rewritten* come before them: a copy in the same batch is compared with the new text. All keys are locked at once.
    """
    every = [*readings, *(one.reading for one in rewritten)]
    keys = [key for reading in every for key in reading.signature_keys]
    signatures.lock(conn, keys)
    carriers: dict[int, list[int]] = {}
    for key, article_id in signatures.carriers(conn, keys, per_key=ROWS_PER_KEY):
        carriers.setdefault(key, []).append(article_id)
    stored = _stored(conn, readings, carriers)
    added: list[tuple[int, int]] = []
    for one in rewritten:
        added += _added_by(one, carriers)
        stored[one.article_id] = Stored(one.article_id, one.story_id, document_of(one.reading))
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
        added += [(key, article_id) for key in kept]
        judged.append(Judged(article_id, story_id, verdict))
    articles.drop_stories(conn, sorted(set(stories) - {one.story_id for one in judged}))
    return Judgement(judged, added)


def _added_by(one: Rewritten, carriers: dict[int, list[int]]) -> list[tuple[int, int]]:
    """Return the rows that let copies of the new text find the article, and count them among *carriers*."""
    kept = keys_to_store(one.reading.signature_keys, _rows(one.reading, carriers), one.verdict)
    for key in kept:
        carriers.setdefault(key, []).append(one.article_id)
    return [(key, one.article_id) for key in kept]


def _rows(reading: Reading, carriers: dict[int, list[int]]) -> list[tuple[int, int]]:
    return [(key, other) for key in reading.signature_keys for other in carriers.get(key, ())]


def _stored(conn: Connection, readings: Sequence[Reading], carriers: dict[int, list[int]]) -> dict[int, Stored]:
    """Fetch the texts that the readings will be compared with, all at once."""
    wanted = {other for reading in readings for other in rank_candidates(_rows(reading, carriers), limit=TEXTS_MAX)}
    return {article_id: stored_of(text) for article_id, text in signatures.texts(conn, wanted).items()}


def stored_of(text: CandidateText) -> Stored:
    """Return what `find_copy` needs of a stored article."""
    document = Document(text.title, text.text, host_of(text.url), text.published_at)
    return Stored(text.article_id, text.story_id, document)


def document_of(reading: Reading) -> Document:
    """Return what the comparison of texts needs to know of a reading."""
    article = reading.article
    assert article is not None
    published_at = article.published.at if article.published else None
    return Document(article.title, article.text, reading.publisher, published_at)


def keep_keys(conn: Connection, keys: Sequence[tuple[int, int]]) -> None:
    """Store the keys of new articles, so that later copies find them."""
    signatures.add(conn, keys)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored article that shares a key with the one in question, and why it was taken or not."""

    article_id: int
    story_id: int
    url: str
    title: str
    first_seen_at: datetime
    shared_keys: int
    similarity: float | None
    """Like `points` and `reason` from `etl.dedupe.verdict.Trial`; None when its text was not compared."""
    points: float | None
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the verdict on an article would be now, and all that it rests on."""

    verdict: New | CopyOf
    own_article_id: int | None
    """The article that is stored for the same page; it is no candidate."""
    keys: tuple[int, ...]
    rows_read: int
    candidates: list[Candidate]


def explain(conn: Connection, article: Article, *, url: str) -> Comparison:
    """Judge the article as if it came now, and say why each candidate was taken or not. Locks and writes nothing."""
    spelled = spell(url)
    keys = signature_keys(article.title, article.text)
    own = articles.heads(conn, pages.find(conn, [spelled.url_key]).values())
    own_id = next((head.article_id for head in own.values()), None)
    rows = [row for row in signatures.carriers(conn, keys, per_key=ROWS_PER_KEY) if row[1] != own_id]
    shared = Counter(article_id for _, article_id in rows)
    ranked = rank_candidates(rows, limit=len(rows))
    texts = signatures.texts(conn, ranked)
    stored = [stored_of(texts[one]) for one in ranked[:TEXTS_MAX] if one in texts]
    published_at = article.published.at if article.published else None
    finding = find_copy(Document(article.title, article.text, host_of(spelled.url), published_at), stored)
    trials = {trial.article_id: trial for trial in finding.trials}
    ordered = [*trials, *(one for one in ranked if one in texts and one not in trials)]
    candidates = [_candidate(texts[one], shared[one], trials.get(one)) for one in ordered]
    return Comparison(finding.verdict, own_id, keys, len(rows), candidates)


def _candidate(text: CandidateText, shared_keys: int, trial: Trial | None) -> Candidate:
    return Candidate(
        article_id=text.article_id,
        story_id=text.story_id,
        url=text.url,
        title=text.title,
        first_seen_at=text.first_seen_at,
        shared_keys=shared_keys,
        similarity=trial.similarity if trial else None,
        points=trial.points if trial else None,
        taken=trial is not None and trial.taken,
        reason=trial.reason if trial else f"not compared: {TEXTS_MAX} others share rarer keys",
    )
