"""Decide again whose copy stored articles are: after their texts were read again, or after a change of rules.

An article is compared with what came before it, as that read when the article arrived. So a replay under the same rules ends where
the first decision did, however often the texts were edited since. What joined its story through an article moves with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from psycopg import Connection

from etl.dedupe.canonical import host_of
from etl.dedupe.signature import signature_keys
from etl.dedupe.verdict import ROWS_PER_KEY, TEXTS_MAX, Document, find_copy, rank_candidates
from etl.model import CopyOf, New
from etl.store import articles, signatures, stories
from etl.store.stories import Verdict

from .copies import stored_of

SIMILARITY_ROUNDED = 1e-4
"""Postgres keeps a similarity as a 32-bit number."""


def judge_again(conn: Connection, article_ids: Sequence[int]) -> dict[int, str]:
    """Replay the decisions on these articles; return what changed, in words, by article. The caller has locked their pages."""
    texts = stories.texts_of(conn, article_ids)
    own = {
        article_id: [signature_keys(title, text) for title, text, _ in versions]
        for article_id, versions in texts.items()
    }
    led = stories.copies_of(conn, article_ids)
    stored = stories.keys_of(conn, [*article_ids, *led])
    locked = {key for keys in stored.values() for key in keys}
    locked.update(key for versions in own.values() for keys in versions for key in keys)
    signatures.lock(conn, locked)
    told: dict[int, str] = {}
    left: set[int] = set()
    for article_id in sorted(own):
        (before,) = stories.verdicts(conn, [article_id])
        title, text, published_at = texts[article_id][0]
        found = _verdict(conn, before, Document(title, text, host_of(before.url), published_at), own[article_id][0])
        words = _decide(conn, before, found)
        if words is not None:
            told[article_id] = words
            left.add(before.story_id)
        _keep_keys(conn, article_id, own[article_id], stored.get(article_id, set()), is_new=isinstance(found, New))
    articles.drop_empty_stories(conn, left)
    return told


def _verdict(conn: Connection, before: Verdict, document: Document, keys: Sequence[int]) -> New | CopyOf:
    rows = [
        row for row in signatures.carriers(conn, keys, per_key=ROWS_PER_KEY) if row[1] < before.article_id
    ]  # An article is a copy of what was there: no two can be copies of each other.
    ranked = rank_candidates(rows, limit=TEXTS_MAX)
    texts = stories.texts_at(conn, ranked, before.first_seen_at)
    return find_copy(document, [stored_of(texts[one]) for one in ranked if one in texts]).verdict


def _decide(conn: Connection, before: Verdict, found: New | CopyOf) -> str | None:
    """Write the decision when it differs, and let those that followed the article follow it; return what moved, in words."""
    if isinstance(found, New):
        if before.copy_of is None:
            return None
        (story_id,) = articles.open_stories(conn, [before.first_seen_at])
        after = replace(before, story_id=story_id, copy_of=None, similarity=None, story_reason=found.reason)
        words = f"no copy of article {before.copy_of} any more: {found.reason}"
    else:
        after = replace(
            before,
            story_id=found.story_id,
            copy_of=found.article_id,
            similarity=found.similarity,
            story_reason=found.reason,
        )
        if (before.story_id, before.copy_of) == (after.story_id, after.copy_of):
            moved = abs((before.similarity or 0.0) - found.similarity)
            if moved > SIMILARITY_ROUNDED or before.story_reason != found.reason:
                stories.decide(conn, after)
            return None
        words = f"a copy of article {found.article_id}: {found.reason}"
    followers = stories.copies_of(conn, [before.article_id])
    stories.decide(conn, after)
    stories.move_to_story(conn, followers, after.story_id)
    return words


def _keep_keys(
    conn: Connection, article_id: int, versions: Sequence[Sequence[int]], stored: set[int], *, is_new: bool
) -> None:
    """Make the stored keys those of its texts, within the bounds of `etl.dedupe.verdict.keys_to_store`; what is there stays."""
    wanted = {key for keys in versions for key in keys}
    if gone := sorted(stored - wanted):
        stories.drop_keys(conn, article_id, gone)
    missing = wanted - stored
    if not missing:
        return
    carriers = Counter(key for key, _ in signatures.carriers(conn, missing, per_key=ROWS_PER_KEY))
    first = set(versions[0]) if is_new else set[int]()
    added = [key for key in missing if carriers[key] < (ROWS_PER_KEY if key in first else 1)]
    signatures.add(conn, [(key, article_id) for key in added])
