"""What `news-etl explain --against` shows: the stored articles that a page might be a copy of, and why each was taken or not."""

from __future__ import annotations

from dataclasses import asdict

import psycopg

from etl.dedupe.canonical import BadUrlError
from etl.errors import Misconfigured
from etl.flow.copies import Comparison, explain
from etl.model import Article, CopyOf
from etl.run.database import answering
from etl.store.migrate import require_head

from . import console
from .session import session

HERE = "here"


def compare(article: Article, url: str, against: str) -> Comparison:
    """Judge the article against the database; nothing is written."""
    try:
        if against == HERE:
            with session() as opened, opened.pool.connection() as conn:
                return explain(conn, article, url=url)
        if not against.startswith(("postgresql://", "postgres://")):
            raise Misconfigured(f"--against {against}: give a URL such as postgresql://news@db/news, or `{HERE}`")
        with answering(), psycopg.connect(against) as conn:
            require_head(conn)
            return explain(conn, article, url=url)
    except BadUrlError as error:
        raise Misconfigured(f"{url}: {error}. Say with --url where the page came from") from error


def comparison_record(compared: Comparison) -> dict[str, object]:
    """Return the comparison for JSON."""
    verdict = compared.verdict
    return {
        "verdict": "copy" if isinstance(verdict, CopyOf) else "new",
        "reason": verdict.reason,
        "copy_of": verdict.article_id if isinstance(verdict, CopyOf) else None,
        "story_id": verdict.story_id if isinstance(verdict, CopyOf) else None,
        "own_article_id": compared.own_article_id,
        "keys": list(compared.keys),
        "rows_read": compared.rows_read,
        "candidates": [asdict(candidate) for candidate in compared.candidates],
    }


def print_comparison(compared: Comparison) -> None:
    """Print the verdict and its candidates, the likeliest first."""
    verdict = compared.verdict
    said = f"a copy of article {verdict.article_id}" if isinstance(verdict, CopyOf) else "new"
    console.out.print(f"\nIf it came now it would be {said}: {verdict.reason}", markup=False)
    if compared.own_article_id is not None:
        console.out.print(f"The page itself is stored as article {compared.own_article_id}, which is no candidate.")
    if not compared.candidates:
        return
    console.table(
        f"{len(compared.candidates)} candidates by {len(compared.keys)} keys and {compared.rows_read} rows",
        ("article", "story", "keys", "similarity", "taken", "reason", "title", "url"),
        [
            (
                c.article_id,
                c.story_id,
                c.shared_keys,
                c.similarity,
                "yes" if c.taken else "no",
                c.reason,
                c.title,
                c.url,
            )
            for c in compared.candidates
        ],
    )
