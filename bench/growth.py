#!/usr/bin/env python3
"""How the cost of one verdict grows with the database: the candidates of a new article among N stored ones, in Postgres.

  python bench/growth.py [--sizes 50000,500000] [--verdicts N]

Fills a throw-away embedded server with N made-up articles and their signature keys, then judges articles that are not stored: a
fifth repeat a stored one with small edits, the others are new. The steps are those of `flow.copies`: lock the keys, read the rows
of `etl.article_keys`, read the texts, compare, add the keys. Each size is measured on the same server, grown from the one before.

Prints per verdict the rows and texts read, milliseconds of our CPU (signature, comparison) and of Postgres (execution as EXPLAIN
ANALYZE tells it, which includes its own clock), buffers touched, and the bytes of the key indexes per article.

The texts are made of the same words in other orders, 120 words each; keys come from the real `signature_keys` for POOL texts. The
other articles get random keys in the same number: what matters for the growth is how many rows there are and how they spread.
No key is shared by many, so rows and texts per verdict are lower than those of real news (`bench/copies.py` prints these): the
program caps them at ROWS_PER_KEY and TEXTS_MAX whatever the size.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from etl.dedupe.signature import signature_keys
from etl.dedupe.verdict import ROWS_PER_KEY, TEXTS_MAX, Document, Stored, find_copy, keys_to_store, rank_candidates
from etl.model import CopyOf
from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store import signatures
from etl.store.migrate import migrate

POOL = 2_000
"""Articles with texts of their own and their true keys: those that copies are made of."""
WORDS = 120
KEYS_OTHER = 12
"""Keys of an article with random ones: what a text of this length has, but for those that somebody has already."""
AT = datetime(2026, 2, 7, tzinfo=UTC)
STARTS = ("ba", "ce", "di", "fo", "gu", "ha", "ki", "lo", "mu", "ne")
ENDS = ("lor", "nim", "ket", "vas", "dur", "pon", "rel", "sig", "tam", "wex")
VOCABULARY = [f"{start}{end}" for start in STARTS for end in ENDS]
COLUMNS = (
    "articles",
    "rows",
    "texts",
    "ours, ms",
    "Postgres, ms (median)",
    "(mean)",
    "buffers",
    "index B",
    "table B",
    "copies found",
)


@dataclass(slots=True)
class Costs:
    rows: list[int] = field(default_factory=list[int])
    texts: list[int] = field(default_factory=list[int])
    ours_ms: list[float] = field(default_factory=list[float])
    postgres_ms: list[float] = field(default_factory=list[float])
    buffers: list[int] = field(default_factory=list[int])
    copies: int = 0


def story(number: int) -> tuple[str, str]:
    """Return title and text of article *number* of the pool, always the same."""
    dice = random.Random(number)
    words = [dice.choice(VOCABULARY) for _ in range(WORDS)]
    for place in range(9, WORDS, 12):
        words[place] = str(dice.randrange(1900, 99_999)) + "."
    return f"{dice.choice(VOCABULARY)} {dice.choice(VOCABULARY)} {number}", " ".join(words)


def edited(text: str, dice: random.Random) -> str:
    """Return the text with two words replaced and its last sentence cut."""
    words = text.split()[:-12]
    for _ in range(2):
        words[dice.randrange(len(words))] = dice.choice(VOCABULARY)
    return " ".join(words)


def fill(conn: psycopg.Connection, first: int, last: int) -> None:
    """Add the articles *first* … *last*, numbered from 1: plain rows by generate_series, with the real texts of the pool."""
    conn.execute(
        "SET session_replication_role = replica"
    )  # The rows fit together: nobody needs to check the references.
    span = {"first": first, "last": last, "at": AT, "keys": KEYS_OTHER, "pool": POOL, "fill": "lorem " * 80}
    for statement in (
        """
        INSERT INTO etl.pages (id, url, url_key, host, found_at)
        OVERRIDING SYSTEM VALUE
        SELECT n, 'https://site' || n %% 500 || '.example/news/' || n, md5(n::text)::uuid, 'site' || n %% 500 || '.example', %(at)s
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
        """,
        """
        INSERT INTO etl.stories (id, opened_at) SELECT n, %(at)s FROM generate_series(%(first)s::bigint, %(last)s) AS n
        """,
        """
        INSERT INTO etl.articles (id, page_id, story_id, story_reason, first_seen_at, changed_at)
        SELECT n, n, n, 'made up', %(at)s, %(at)s FROM generate_series(%(first)s::bigint, %(last)s) AS n
        """,
        """
        INSERT INTO etl.article_versions (article_id, valid_from, content_key, title, text, extractor, published_at)
        SELECT n, %(at)s, decode(md5(n::text), 'hex'), 'Title ' || n, %(fill)s || n, 'bench',
               %(at)s - n %% 100000 * interval '1 minute'
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
        """,
        """
        INSERT INTO etl.article_keys (key, article_id)
        SELECT DISTINCT (random() * 4294967295 - 2147483648)::bigint::integer, n
        FROM generate_series(greatest(%(first)s::bigint, %(pool)s + 1), %(last)s) AS n, generate_series(1, %(keys)s)
        """,
    ):
        conn.execute(statement.encode(), span)
    if first == 1:
        fill_pool(conn)
    conn.execute("SET session_replication_role = origin")
    conn.commit()
    conn.autocommit = True
    conn.execute("VACUUM (ANALYZE) etl.article_keys, etl.articles, etl.article_versions, etl.pages")
    conn.execute("CHECKPOINT")
    conn.autocommit = False


def fill_pool(conn: psycopg.Connection) -> None:
    """Give the first articles their own texts and true keys."""
    stories = [story(number) for number in range(1, POOL + 1)]
    conn.execute(
        """
        UPDATE etl.article_versions v SET title = r.title, text = r.text
        FROM unnest(%(id)s::bigint[], %(title)s::text[], %(text)s::text[]) AS r (id, title, text)
        WHERE v.article_id = r.id
        """,
        {
            "id": list(range(1, POOL + 1)),
            "title": [title for title, _ in stories],
            "text": [text for _, text in stories],
        },
    )
    signatures.add(
        conn, [(key, n) for n, (title, text) in enumerate(stories, 1) for key in signature_keys(title, text)]
    )


def judge(conn: psycopg.Connection, number: int, costs: Costs) -> None:
    """Judge one article that is not stored, add its keys, and take all back."""
    dice = random.Random(-number)
    title, text = story(POOL * 10 + number)
    if number % 5 == 0:
        text = edited(story(dice.randrange(1, POOL + 1))[1], dice)
    begun = time.process_time()
    keys = signature_keys(title, text)
    ours = time.process_time() - begun
    signatures.lock(conn, keys)
    rows = signatures.carriers(conn, keys, per_key=ROWS_PER_KEY)
    ranked = rank_candidates(rows, limit=TEXTS_MAX)
    found = signatures.texts(conn, ranked)
    begun = time.process_time()
    stored = [
        Stored(one, found[one].story_id, Document(found[one].title, found[one].text, "", found[one].published_at))
        for one in rank_candidates(rows, limit=TEXTS_MAX)
    ]
    verdict = find_copy(Document(title, text, "new.example", AT), stored).verdict
    kept = keys_to_store(keys, rows, verdict)
    ours += time.process_time() - begun
    costs.copies += isinstance(verdict, CopyOf)
    costs.rows.append(len(rows))
    costs.texts.append(len(found))
    costs.ours_ms.append(1000 * ours)
    took, touched = in_postgres(conn, keys, ranked, kept)
    costs.postgres_ms.append(took)
    costs.buffers.append(touched)
    conn.rollback()


def in_postgres(
    conn: psycopg.Connection, keys: tuple[int, ...], ranked: list[int], kept: list[int]
) -> tuple[float, int]:
    """Return milliseconds and buffers of the four statements of a verdict, by EXPLAIN ANALYZE of the same SQL."""
    recorder = Explained(conn)
    signatures.lock(recorder, keys)  # pyright: ignore[reportArgumentType]
    signatures.carriers(recorder, keys, per_key=ROWS_PER_KEY)  # pyright: ignore[reportArgumentType]
    signatures.texts(recorder, ranked)  # pyright: ignore[reportArgumentType]
    recorder.execute(
        "INSERT INTO etl.article_keys (key, article_id) SELECT key, 1 FROM unnest(%(keys)s::int[]) AS key "
        "ON CONFLICT DO NOTHING",
        {"keys": kept},
    )
    return recorder.took_ms, recorder.buffers


class Explained:
    """Stands for the connection and explains what it is asked to run, so that the SQL is that of the program, not a copy."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.took_ms = 0.0
        self.buffers = 0

    def __enter__(self) -> Explained:
        return self

    def __exit__(self, *_: object) -> None: ...

    def cursor(self, **_: object) -> Explained:
        return self

    def execute(self, query: str, given: dict[str, Any]) -> Explained:
        row = self.conn.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}".encode(), given
        ).fetchone()
        assert row is not None
        plan = row[0][0]
        self.took_ms += plan["Execution Time"]
        self.buffers += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        return self

    def fetchall(self) -> list[Any]:
        return []


def index_bytes(conn: psycopg.Connection) -> tuple[int, int]:
    """Return the bytes of the indexes and of the table of keys."""
    row = conn.execute("SELECT pg_indexes_size('etl.article_keys'), pg_relation_size('etl.article_keys')").fetchone()
    assert row is not None
    return row


def measure(conn: psycopg.Connection, size: int, verdicts: int) -> None:
    for number in range(1, verdicts // 4):  # What a server that is up has in memory.
        judge(conn, 1_000_000 + number, Costs())
    costs = Costs()
    for number in range(1, verdicts + 1):
        judge(conn, number, costs)
    index, table = index_bytes(conn)
    print(
        f"| {size:,} | {statistics.mean(costs.rows):.1f} | {statistics.mean(costs.texts):.2f} "
        f"| {statistics.mean(costs.ours_ms):.2f} | {statistics.median(costs.postgres_ms):.3f} "
        f"| {statistics.mean(costs.postgres_ms):.3f} | {statistics.mean(costs.buffers):.0f} "
        f"| {index / size:,.0f} | {table / size:,.0f} | {costs.copies} of {verdicts} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50000,500000", help="stored articles, ascending, with commas between")
    parser.add_argument("--verdicts", type=int, default=500, metavar="N")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    folder = embedded_host.throwaway_folder("news-etl-growth-")
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn) as conn:
                print("| " + " | ".join(COLUMNS) + " |", "|" + "---:|" * len(COLUMNS), sep="\n", flush=True)
                for before, size in zip([0, *sizes], sizes, strict=False):
                    fill(conn, before + 1, size)
                    measure(conn, size, given.verdicts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
