"""What the demo shows: its progress, the summary of both polls, and three questions in SQL."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass

from psycopg import Connection
from rich.syntax import Syntax

from etl.run.demo import Demo, demo
from etl.run.embedded_host import throwaway_folder
from etl.run.once import Once
from etl.run.press import Gold

from . import console
from .run_once import COLUMNS, show, summary


@dataclass(frozen=True, slots=True)
class Question:
    asks: str
    sql: str


QUESTIONS = (
    Question(
        "Whose text was re-posted by whom, and how alike are the two?",
        """
SELECT copy.host AS reposted_by, copy.title, first.host AS first_by, round(copy.similarity::numeric, 2) AS alike
FROM news.articles copy
JOIN news.articles first ON first.article_id = copy.copy_of""",
    ),
    Question(
        "What was edited after publication, and how much does it matter?",
        """
SELECT after.materiality, array_to_string(after.changed_fields, ', ') AS changed,
       before.title AS was, after.title AS is_now
FROM news.article_versions after
JOIN news.article_versions before ON before.article_id = after.article_id AND before.valid_to = after.valid_from""",
    ),
    Question(
        "Which articles were most read, at which best rank, and how often does the press itself point at them?",
        """
SELECT min(l.rank) AS best_rank, l.block, a.title,
       (SELECT count(DISTINCT page_url) FROM news.links WHERE target_article_id = a.article_id) AS linked_from
FROM news.links l
JOIN news.articles a ON a.article_id = l.target_article_id
WHERE l.kind = 'most_read'
GROUP BY l.block, a.article_id, a.title
ORDER BY best_rank, linked_from DESC, a.title
LIMIT 6""",
    ),
)


def demonstrate(*, keep: bool, as_json: bool) -> None:
    """Run the demo and print it."""
    began = time.monotonic()
    folder = throwaway_folder("news-etl-demo-")
    try:
        with console.steps() as steps, demo(folder, say=steps.say) as running:
            polls = _two_polls(running, steps)
            gold = running.press.gold
            with running.pool.connection() as conn:
                answers = [_ask(conn, question) for question in QUESTIONS]
        took_s = time.monotonic() - began
        if as_json:
            console.answer({"polls": polls, "as_expected": _is_gold(polls, gold), "took_s": round(took_s, 1)})
        else:
            _print(polls, gold, answers, took_s)
    finally:
        if keep:
            console.out.print(f"Kept. Open it with:  NEWS_ETL_DATA_DIR={folder} news-etl psql", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


Poll = list[dict[str, object]]


def _two_polls(running: Demo, steps: console.Steps) -> list[Poll]:
    polls = [_poll(running, steps, "first poll")]
    running.turn_page()
    polls.append(_poll(running, steps, "second poll, an hour later"))
    return polls


def _poll(running: Demo, steps: console.Steps, name: str) -> Poll:
    steps.say(name)
    steps.begin()
    done: Once = running.poll(lambda progress: show(steps, progress))
    with running.pool.connection() as conn:
        return summary(conn, done)


def _ask(conn: Connection, question: Question) -> tuple[Question, list[str], list[tuple[object, ...]]]:
    cursor = conn.execute(question.sql.encode())
    return question, [column.name for column in cursor.description or ()], cursor.fetchall()


def _is_gold(polls: list[Poll], gold: Gold) -> bool:
    """Tell whether the summaries say exactly what the press has printed."""
    for rows, right in zip(polls, gold.counts, strict=True):
        if {row["source"] for row in rows} != set(right):
            return False
        if any(row[name] != getattr(right[str(row["source"])], name) for row in rows for name in COLUMNS[1:]):
            return False
    return True


def _print(
    polls: list[Poll], gold: Gold, answers: list[tuple[Question, list[str], list[tuple[object, ...]]]], took_s: float
) -> None:
    for name, rows in zip(("First poll", "Second poll, an hour later"), polls, strict=True):
        console.out.print()
        console.table(name, COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    verdict = "as the press printed it" if _is_gold(polls, gold) else "NOT what the press printed: please report this"
    console.out.print(f"\nThis is {verdict} (three papers, {len(gold.articles)} printed articles, {took_s:.0f} s).")
    for question, columns, rows in answers:
        console.out.print(f"\n[bold]{question.asks}[/bold]", markup=True)
        console.out.print(
            Syntax(question.sql.strip(), "sql", theme="ansi_dark", background_color="default", word_wrap=True)
        )
        console.table(None, columns, rows)
