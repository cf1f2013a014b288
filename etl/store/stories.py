"""Stories: which article repeats which, and what it takes to decide that again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from .signatures import CandidateText
from .text import storable


@dataclass(frozen=True, slots=True)
class Verdict:
    """The stored decision on copies of one article."""

    article_id: int
    page_id: int
    story_id: int
    copy_of: int | None
    similarity: float | None
    story_reason: str
    url: str
    first_seen_at: datetime


def verdicts(conn: Connection, article_ids: Sequence[int]) -> list[Verdict]:
    """Return the stored decisions on the articles, by article id."""
    with conn.cursor(row_factory=class_row(Verdict)) as cursor:
        return cursor.execute(
            """
            SELECT a.id AS article_id, a.page_id, a.story_id, a.copy_of, a.similarity, a.story_reason, p.url,
                   a.first_seen_at
            FROM etl.articles a
            JOIN etl.pages p ON p.id = a.page_id
            WHERE a.id = ANY (%(ids)s)
            ORDER BY a.id
            """,
            {"ids": list(article_ids)},
        ).fetchall()


def copies_of(conn: Connection, article_ids: Sequence[int]) -> list[int]:
    """Return the articles that joined their story through one of these, at first or second hand."""
    rows = conn.execute(
        """
        WITH RECURSIVE led (id, story_id) AS (
            SELECT a.id, a.story_id FROM etl.articles a WHERE a.id = ANY (%(ids)s)
            UNION
            SELECT c.id, c.story_id FROM led JOIN etl.articles c ON c.copy_of = led.id AND c.story_id = led.story_id
        )
        SELECT id FROM led WHERE id <> ALL (%(ids)s) ORDER BY id
        """,
        {"ids": list(article_ids)},
    ).fetchall()
    return [row[0] for row in rows]


def keys_of(conn: Connection, article_ids: Sequence[int]) -> dict[int, set[int]]:
    """Return article id → its stored signature keys."""
    keys: dict[int, set[int]] = {}
    for key, article_id in conn.execute(
        "SELECT key, article_id FROM etl.article_keys WHERE article_id = ANY (%(ids)s)", {"ids": list(article_ids)}
    ):
        keys.setdefault(article_id, set()).add(key)
    return keys


def drop_keys(conn: Connection, article_id: int, keys: Sequence[int]) -> None:
    """Delete keys that the article has no more."""
    conn.execute(
        "DELETE FROM etl.article_keys WHERE article_id = %(id)s AND key = ANY (%(keys)s::integer[])",
        {"id": article_id, "keys": list(keys)},
    )


def decide(conn: Connection, verdict: Verdict) -> None:
    """Write a decision."""
    conn.execute(
        """
        UPDATE etl.articles
        SET story_id = %(story_id)s, copy_of = %(copy_of)s, similarity = %(similarity)s, story_reason = %(reason)s
        WHERE id = %(id)s
        """,
        {
            "id": verdict.article_id,
            "story_id": verdict.story_id,
            "copy_of": verdict.copy_of,
            "similarity": verdict.similarity,
            "reason": storable(verdict.story_reason),
        },
    )


def move_to_story(conn: Connection, article_ids: Sequence[int], story_id: int) -> None:
    """Put articles into another story: they follow the one they are copies of."""
    conn.execute(
        "UPDATE etl.articles SET story_id = %(story_id)s WHERE id = ANY (%(ids)s) AND story_id <> %(story_id)s",
        {"ids": list(article_ids), "story_id": story_id},
    )


def texts_at(conn: Connection, article_ids: Sequence[int], at: datetime) -> dict[int, CandidateText]:
    """Return what articles said at that moment, by id; of one that began later, its first text."""
    with conn.cursor(row_factory=class_row(CandidateText)) as cursor:
        rows = cursor.execute(
            """
            SELECT a.id AS article_id, a.story_id, p.url, v.title, v.text, v.published_at, a.first_seen_at
            FROM etl.articles a
            JOIN etl.pages p ON p.id = a.page_id
            CROSS JOIN LATERAL (
                SELECT title, text, published_at
                FROM etl.article_versions
                WHERE article_id = a.id
                ORDER BY valid_from > %(at)s, CASE WHEN valid_from <= %(at)s THEN valid_from END DESC, valid_from
                LIMIT 1
            ) v
            WHERE a.id = ANY (%(ids)s)
            """,
            {"ids": list(article_ids), "at": at},
        ).fetchall()
    return {row.article_id: row for row in rows}


def texts_of(conn: Connection, article_ids: Sequence[int]) -> dict[int, list[tuple[str, str, datetime | None]]]:
    """Return article id → title, text and time of publication of each of its versions, the oldest first."""
    texts: dict[int, list[tuple[str, str, datetime | None]]] = {}
    for article_id, title, text, published_at in conn.execute(
        """
        SELECT article_id, title, text, published_at
        FROM etl.article_versions
        WHERE article_id = ANY (%(ids)s)
        ORDER BY article_id, valid_from
        """,
        {"ids": list(article_ids)},
    ):
        texts.setdefault(article_id, []).append((title, text, published_at))
    return texts
