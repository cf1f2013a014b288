#!/usr/bin/env python3
"""Bytes per article of every table and index, and how many articles a second go in, at a size of your choice.

    python bench/sizes.py [--articles 1000000] [--links 6] [--paragraphs 6] [--timed 5000]

Fills a throw-away embedded database (the migrations of this program) by COPY: per article a page with its URL, a capture, a story,
a version with a text of its own, 12 signature keys, and links, all with the changes that the feed tells of them. While it fills,
references are not checked, for the rows fit together. Then --timed more articles go in with everything on, 100 to a transaction as
the service does it, by one connection, with and without the feed of changes: articles per second, and milliseconds of that
connection's server process.

The texts are made of 2,000 made-up words, about 90 words a paragraph, and compress somewhat less than prose. Sizes grow evenly with
rows: for other numbers of links multiply the bytes per row. A million articles with 6 links each take about 10 GB in TMPDIR.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path

import psycopg

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store import partitions
from etl.store.migrate import migrate

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = 12
BATCH = 5_000
HOSTS = 500
POOL = 400
SYLLABLES = ("ba", "cel", "di", "for", "gu", "han", "ki", "lor", "mu", "nes", "pra", "quo", "ri", "sto", "tu", "vel")
WORDS = [
    random.Random(n).choice(SYLLABLES) + random.Random(n + 1).choice(SYLLABLES) + str(n % 97) for n in range(2_000)
]

COLUMNS = {
    "etl.pages": "id, url, url_key, host, found_at, visits, captured_at, outcome, outcome_at, next_visit_at, body_sha256",
    "etl.page_urls": "variant_key, page_id, url_key, url, rule, first_seen_at",
    "etl.captures": "id, stored_at, page_id, url, final_url, status, headers, body_sha256, body_bytes, fetched_at, archive_file, "
    "archive_offset, archive_length, digested_at, outcome",
    "etl.stories": "id, opened_at",
    "etl.articles": "id, page_id, story_id, story_reason, first_seen_at, changed_at",
    "etl.article_versions": "article_id, valid_from, capture_id, content_key, title, authors, lead, text, block_kinds, section, "
    "tags, language, image_url, published_at, published_zone, published_precision, published_text, evidence, extractor",
    "etl.article_keys": "key, article_id",
    "etl.links": "page_id, kind, url_key, url, first_observed_at, position, block, title, rule",
}
HEADERS = (
    '{"server": "nginx", "content-type": "text/html; charset=utf-8", "etag": "\\\\"65c3a1f2-1b2c3\\\\"", '
    '"cache-control": "max-age=60", "date": "Sat, 07 Feb 2026 08:15:00 GMT", "vary": "Accept-Encoding"}'
)
EVIDENCE = '{"title": "h1", "body": "densest", "authors": "json-ld", "published_at": "json-ld", "section": "meta", "lead": "meta"}'


def texts(paragraphs: int) -> list[str]:
    dice = random.Random(7)
    return [
        "\\n".join(
            " ".join(dice.choices(WORDS, k=dice.randint(60, 120))) for _ in range(dice.randint(2, 2 * paragraphs - 2))
        )
        for _ in range(POOL)
    ]


def address(number: int) -> tuple[str, str, str]:
    """Return host, URL and the hash of its name."""
    host = f"news{number % HOSTS}.example.org"
    url = f"https://{host}/section-{number % 17}/a-headline-of-seven-words-{number}"
    return host, url, md5(url.encode(), usedforsecurity=False).hexdigest()


def rows(table: str, numbers: range, links: int, pool: list[str]) -> Iterator[str]:
    """Yield the lines of COPY for these articles."""
    dice = random.Random(numbers.start)
    for n in numbers:
        host, url, key = address(n)
        at = (START + timedelta(seconds=n)).isoformat()
        match table:
            case "etl.pages":
                yield f"{n}\t{url}\t{key}\t{host}\t{at}\t3\t{at}\tstored\t{at}\t{at}\t\\\\x{key}{key}\n"
            case "etl.page_urls":
                yield f"{key}\t{n}\t{key}\t{url}\tcanonical\t{at}\n"
            case "etl.captures":
                yield (
                    f"{n}\t{at}\t{n}\t{url}\t{url}\t200\t{HEADERS}\t\\\\x{key}{key}\t98765\t{at}\t"
                    f"2026-02-07/worker-3-0001.warc.gz\t{n * 20000}\t20000\t{at}\tstored\n"
                )
            case "etl.stories":
                yield f"{n}\t{at}\n"
            case "etl.articles":
                yield f"{n}\t{n}\t{n}\tno other article carries its text\t{at}\t{at}\n"
            case "etl.article_versions":
                text = pool[dice.randrange(POOL)]
                kinds = ",".join(["paragraph"] * (text.count("\\n") + 1))
                yield (
                    f"{n}\t{at}\t{n}\t\\\\x{key}\tA headline of seven words and number {n}\t{{A. N. Author}}\t"
                    f"A standfirst that says in one sentence what article {n} tells in many more of them\t{text}\t{{{kinds}}}\t"
                    f"Section {n % 17}\t{{one tag,another tag}}\ten\t{url}.jpg\t{at}\tEurope/Paris\tminute\t{at}\t{EVIDENCE}\t1\n"
                )
            case "etl.article_keys":
                for _ in range(KEYS):
                    yield f"{dice.randrange(-(2**31), 2**31)}\t{n}\n"
            case _:
                for place in range(links):
                    target = dice.randrange(1, n + 1)
                    _, to, to_key = address(target)
                    yield (
                        f"{n}\trelated\t{to_key}\t{to}\t{at}\t{place}\tMore on this\t"
                        f"A headline of seven words and number {target}\tblock with a heading\n"
                    )


def put(conn: psycopg.Connection, numbers: range, links: int, pool: list[str]) -> None:
    """Add articles in one transaction."""
    with conn.transaction():
        for table, columns in COLUMNS.items():
            # One target may come twice on a page, which the unique index of open links refuses.
            lines = list(rows(table, numbers, links, pool))
            if table == "etl.links":
                lines = list({tuple(line.split("\t")[:3]): line for line in lines}.values())
            with conn.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                copy.write("".join(lines))


def fill(conn: psycopg.Connection, count: int, links: int, pool: list[str]) -> None:
    for table in ("stories", "articles", "article_versions", "links"):
        conn.execute(f"ALTER TABLE etl.{table} ENABLE ALWAYS TRIGGER changes_inserted".encode())
    conn.execute("SET session_replication_role = replica")
    began = time.perf_counter()
    for first in range(1, count + 1, BATCH):
        put(conn, range(first, min(first + BATCH, count + 1)), links, pool)
        if first % (BATCH * 20) == 1:
            print(f"  {first + BATCH - 1:,} articles, {time.perf_counter() - began:.0f} s", flush=True)
    conn.execute("RESET session_replication_role")
    took = time.perf_counter() - began
    print(
        f"filled with {count:,} articles in {took:.0f} s ({count / took:,.0f} a second, references unchecked)\n",
        flush=True,
    )


def server_cpu_s(conn: psycopg.Connection) -> float | None:
    """Return the seconds of processor that the connection's server process has used; None where /proc is not."""
    stat = Path(f"/proc/{conn.info.backend_pid}/stat")
    if not stat.exists():
        return None
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def timed(conn: psycopg.Connection, first: int, count: int, links: int, pool: list[str]) -> None:
    """Add articles as the service does and say how long it took, with the feed of changes and without it."""
    for is_told in (True, False, True, False):
        if not is_told:
            for table in ("stories", "articles", "article_versions", "links"):
                conn.execute(f"ALTER TABLE etl.{table} DISABLE TRIGGER changes_inserted".encode())
        began, cpu = time.perf_counter(), server_cpu_s(conn)
        for start in range(first, first + count, 100):
            put(conn, range(start, start + 100), links, pool)
        took, after = time.perf_counter() - began, server_cpu_s(conn)
        spent = f", {(after - cpu) / count * 1000:.3f} ms of the server's CPU each" if cpu is not None and after else ""
        print(f"{'with' if is_told else 'without'} the feed: {count / took:,.0f} articles a second{spent}", flush=True)
        for table in ("stories", "articles", "article_versions", "links"):
            conn.execute(f"ALTER TABLE etl.{table} ENABLE TRIGGER changes_inserted".encode())
        first += count
    print()


SIZES = """
    WITH parts AS (
        SELECT coalesce(i.inhparent, c.oid) AS root, c.oid, c.relkind, c.reltuples, x.indrelid
        FROM pg_class c
        LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        LEFT JOIN pg_index x ON x.indexrelid = c.oid
        WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind IN ('r', 'i')
    )
    SELECT p.root::regclass::text, p.relkind = 'i' AS is_index, sum(greatest(p.reltuples, 0))::bigint AS entries,
           sum(CASE WHEN p.relkind = 'i' THEN pg_relation_size(p.oid) ELSE pg_table_size(p.oid) END)::bigint AS bytes,
           min(coalesce(ti.inhparent, p.indrelid, p.root)::regclass::text) AS of_table
    FROM parts p
    LEFT JOIN pg_inherits ti ON ti.inhrelid = p.indrelid
    GROUP BY p.root, p.relkind
    HAVING sum(greatest(p.reltuples, 0)) > 0
    ORDER BY of_table, is_index, bytes DESC
    """


def sizes(conn: psycopg.Connection) -> None:
    """Print the table of sizes."""
    conn.execute("VACUUM ANALYZE")
    row = conn.execute("SELECT count(*) FROM etl.articles").fetchone()
    assert row is not None
    (articles,) = row
    print(f"| {articles:,} articles | rows | bytes per row | bytes per article |", "|---|---:|---:|---:|", sep="\n")
    total: dict[bool, int] = {False: 0, True: 0}
    for name, is_index, entries, size, _ in conn.execute(SIZES.encode()).fetchall():
        if entries < articles / 10:
            continue
        total[is_index] += size
        shown = f"&nbsp;&nbsp;{name.removeprefix('etl.')}" if is_index else f"**{name}**"
        print(f"| {shown} | {entries:,} | {size / entries:,.0f} | {size / articles:,.0f} |")
    print(
        f"| all tables | | | {total[False] / articles:,.0f} |",
        f"| all indexes | | | {total[True] / articles:,.0f} |",
        sep="\n",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--articles", type=int, default=1_000_000, help="default %(default)s; the largest tried is 5,000,000"
    )
    parser.add_argument("--links", type=int, default=6, help="links on each article (default %(default)s)")
    parser.add_argument("--paragraphs", type=int, default=6, help="of a text, on average (default %(default)s)")
    parser.add_argument(
        "--timed", type=int, default=5_000, help="articles that go in with everything on (default %(default)s)"
    )
    given = parser.parse_args()
    pool = texts(given.paragraphs)
    folder = embedded_host.throwaway_folder("news-etl-sizes-")
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as conn:
                print(*conn.execute("SELECT version()").fetchone() or ())
                for month in (*range(1, 13), 13):
                    at = START + timedelta(days=31 * (month - 1))
                    partitions.add(conn, partitions.Partition("captures", at.date().replace(day=1)))
                partitions.make_ahead(conn, now=datetime.now(UTC))
                fill(conn, given.articles, given.links, pool)
                timed(conn, given.articles + 1, given.timed, given.links, pool)
                sizes(conn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
