"""A database as it stands after so many articles, made by set-based SQL: for the benches that ask what a size costs.

Rows of every table that grows with articles, in the shapes that the program gives them: page, its spellings (one in three has a
second one), sighting, capture, story (one article in twenty repeats the one before), versions (one article in ten was edited),
signature keys, links (2 inline, 3 related, 1 most read; two in three lead to an article that is held), and the changes that the
feed tells of all this, by the triggers that always write them. Texts are those of 2,000 essays of 2 to 12 paragraphs (3.6 kB on
average) whose words follow Zipf's law; the words for the search are put together from those of the essays.

References are not checked, for the rows fit together. With `in_place`, b-tree indexes grow row by row as they do in service. Else
they are left aside while rows go in and are then built, those whose keys come in no order with 30 % of each page free, as they
stand when they grow. The index of the search (GIN) is always built at the end, which leaves it tighter than one that has grown.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from search_sql import TEXTS, VOCABULARY, WORDS, written

from etl.store import partitions

HOSTS = 500
PARAGRAPHS = 2_000
ESSAYS = 2_000
KEYS = 12
DAYS = 360
CHUNK = 100_000
FED = ("stories", "articles", "article_versions", "links")
"""The tables whose changes the feed tells."""
GROWING = (
    "pages",
    "page_urls",
    "sightings",
    "captures",
    "stories",
    "article_versions",
    "article_keys",
    "links",
    "changes",
)
"""The tables whose indexes are left aside; that of articles stays, for the triggers of the feed look there."""
UNORDERED = ("pages_url_key_key", "page_urls_pkey", "page_urls_by_key", "article_keys_pkey", "links_by_target")
HEADERS = (
    '{"server": "nginx", "content-type": "text/html; charset=utf-8", "etag": "\\"65c3a1f2-1b2c3\\"", '
    '"cache-control": "max-age=60", "date": "Sat, 07 Feb 2026 08:15:00 GMT", "vary": "Accept-Encoding"}'
)
EVIDENCE = '{"title": "h1", "body": "densest", "authors": "json-ld", "published_at": "json-ld", "section": "meta", "lead": "meta"}'

PREPARE = (
    VOCABULARY,
    "SELECT setseed(0.4)",
    TEXTS.format(table="paragraph", length=75),
    TEXTS.format(table="title", length=8),
    "CREATE SCHEMA made",
    "CREATE FUNCTION made.host(n bigint) RETURNS text LANGUAGE sql STABLE RETURN 'news' || n % %(hosts)s || '.example.org'",
    """
    CREATE FUNCTION made.url(n bigint) RETURNS text LANGUAGE sql STABLE
    RETURN 'https://news' || n % %(hosts)s || '.example.org/section-' || n % 17 || '/a-headline-of-seven-words-' || n
    """,
    """
    CREATE TABLE made.essay AS
    SELECT e.n AS number, t.words AS title, left(b.text, 140) AS lead, b.text,
           array_fill('paragraph'::text, ARRAY[2 + e.n % 11]) AS kinds,
           setweight(t.vector, 'A') || etl.search_words(b.text, 'english') AS vector
    FROM generate_series(0, %(essays)s - 1) AS e (n)
    JOIN title t ON t.n = e.n
    CROSS JOIN LATERAL (SELECT string_agg(p.words, E'\\n') AS text
                        FROM paragraph p
                        JOIN generate_series(1, 2 + e.n % 11) AS k ON p.n = (e.n * 7 + k * 1009) % %(paragraphs)s) AS b
    """,
    "CREATE UNIQUE INDEX ON made.essay (number)",
    """
    INSERT INTO etl.sources (id, slug, kind, url, host, recipe, interval_s, next_poll_at, polled_at, outcome, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'news' || n % %(hosts)s || '/feed', 'feed', 'https://' || made.host(n) || '/feed', made.host(n),
           'news' || n % %(hosts)s, 600, now() + '5 minutes', now(), 'ok', now() - interval '%(days)s days'
    FROM generate_series(1, %(hosts)s) AS n
    """,
    "INSERT INTO etl.search_configs (config) VALUES ('english') ON CONFLICT DO NOTHING",
    "ANALYZE made.essay, etl.sources",
)
# `made.at` is when article n was found.
ARTICLES = {
    "pages": """
        INSERT INTO etl.pages (id, url, url_key, host, found_at, visits, captured_at, outcome, outcome_at, next_visit_at,
                               body_sha256)
        OVERRIDING SYSTEM VALUE
        SELECT n, made.url(n), md5(made.url(n))::uuid, made.host(n), made.at(n), 3, made.at(n) + '2 days', 'stored', made.at(n),
               CASE WHEN made.at(n) > now() - interval '14 days' THEN made.at(n) + '15 days' END, sha256(int8send(n))
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
        """,
    "page_urls": """
        INSERT INTO etl.page_urls (variant_key, page_id, url_key, url, rule, first_seen_at)
        SELECT md5(made.url(n) || m.mark)::uuid, n, md5(made.url(n))::uuid, made.url(n) || m.mark, m.rule, made.at(n)
        FROM generate_series(%(first)s::bigint, %(last)s) AS n,
             (VALUES ('', 'canonical'), ('?utm_source=rss', 'tracking')) AS m (mark, rule)
        WHERE m.mark = '' OR n % 3 = 0
        """,
    "sightings": """
        INSERT INTO etl.sightings (page_id, source_id, found_by, first_seen_at, last_seen_at, position, title)
        SELECT n, 1 + (n + %(hosts)s - 1) % %(hosts)s, 'feed', made.at(n), made.at(n) + '5 hours', 3, e.title
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
        JOIN made.essay e ON e.number = n % %(essays)s
        """,
    "captures": """
        INSERT INTO etl.captures (id, stored_at, page_id, url, final_url, status, headers, body_sha256, body_bytes, fetched_at,
                                  archive_file, archive_offset, archive_length, digested_at, outcome)
        SELECT 2 * n + again, made.at(n) + again * interval '2 hours', n, made.url(n), made.url(n), 200, '%(headers)s',
               sha256(int8send(2 * n + again)), 98765, made.at(n) + again * interval '2 hours',
               to_char(made.at(n), 'YYYY-MM-DD') || '/worker-3-0001.warc.gz', n * 20000, 20000,
               made.at(n) + again * interval '2 hours', CASE again WHEN 0 THEN 'stored' ELSE 'changed' END
        FROM generate_series(%(first)s::bigint, %(last)s) AS n, generate_series(0, (n % 10 = 0)::int) AS again
        """,
    "stories": """
        INSERT INTO etl.stories (id, opened_at)
        SELECT n, made.at(n) FROM generate_series(%(first)s::bigint, %(last)s) AS n WHERE n % 20 <> 19
        """,
    "articles": """
        INSERT INTO etl.articles (id, page_id, story_id, copy_of, similarity, story_reason, first_seen_at, changed_at)
        SELECT n, n, n - (n % 20 = 19)::int, CASE WHEN n % 20 = 19 THEN n - 1 END, CASE WHEN n % 20 = 19 THEN 0.97 END,
               'no other article carries its text', made.at(n), made.at(n) + (n % 10 = 0)::int * interval '2 hours'
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
        """,
    "article_versions": """
        INSERT INTO etl.article_versions (
            article_id, valid_from, valid_to, follows, capture_id, content_key, title, authors, lead, text, block_kinds, section,
            tags, language, image_url, published_at, published_zone, published_precision, published_text, evidence, changed_fields,
            materiality, extractor)
        SELECT n, v.starts, CASE WHEN n % 10 = 0 AND again = 0 THEN v.starts + interval '2 hours' END,
               CASE again WHEN 1 THEN v.starts END, 2 * n + again, decode(md5((2 * n + again)::text), 'hex'), e.title || ' ' || n,
               '{A. N. Author}', e.lead, e.text, e.kinds, 'Section ' || n % 17, '{one tag,another tag}', 'en',
               made.url(n) || '.jpg', made.at(n), 'Europe/Paris', 'minute', made.at(n)::text, '%(evidence)s',
               CASE again WHEN 1 THEN '{title,body}'::text[] ELSE '{}' END, CASE again WHEN 1 THEN 'substantive' END, '1'
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
        CROSS JOIN LATERAL generate_series(0, (n % 10 = 0)::int) AS again
        CROSS JOIN LATERAL (SELECT made.at(n) + again * interval '2 hours' AS starts) AS v
        JOIN made.essay e ON e.number = (n + again) % %(essays)s
        """,
    "article_keys": """
        INSERT INTO etl.article_keys (key, article_id)
        SELECT (floor(random() * 357913941)::bigint * %(keys)s + k - 2147483648)::integer, n
        FROM generate_series(%(first)s::bigint, %(last)s) AS n, generate_series(0, %(keys)s - 1) AS k
        """,
    "links": """
        INSERT INTO etl.links (page_id, kind, url_key, url, first_observed_at, position, rank, block, title, rule, host)
        SELECT n, CASE WHEN k < 2 THEN 'inline' WHEN k < 5 THEN 'related' ELSE 'most_read' END, md5(t.url)::uuid, t.url,
               made.at(n), k,
               CASE WHEN k = 5 THEN 1 END, CASE WHEN k < 2 THEN NULL WHEN k < 5 THEN 'More on this' ELSE 'Most read' END,
               e.title || ' ' || t.to_n, 'block with a heading', CASE WHEN k = 5 THEN made.host(n) END
        FROM generate_series(%(first)s::bigint, %(last)s) AS n, generate_series(0, 5) AS k
        -- Mostly recent articles, some of them old; another of each host's for each place, so none comes twice.
        CROSS JOIN LATERAL (SELECT n - 1 - k - 6 * floor(power(random() + 0 * (n + k), 4) * n / 6)::bigint AS to_n) AS d
        CROSS JOIN LATERAL (SELECT d.to_n, made.url(d.to_n) || CASE WHEN k % 3 = 2 THEN '-not-held' ELSE '' END AS url) AS t
        JOIN made.essay e ON e.number = d.to_n % %(essays)s
        WHERE d.to_n > 0
        """,
    "runs": """
        INSERT INTO etl.runs (kind, source_id, started_at, ended_at, outcome, counts)
        SELECT 'poll', 1 + (n + %(hosts)s - 1) % %(hosts)s, made.at(n), made.at(n) + interval '1 second', 'ok',
               '{"found": 20, "new": 1}'
        FROM generate_series(%(first)s::bigint, %(last)s) AS n WHERE n % 3 = 0
        """,
}
SEARCH = """
    INSERT INTO etl.search_texts (article_id, at, words)
    SELECT n, made.at(n), e.vector || array_to_tsvector(ARRAY[
               '@d' || to_char(made.at(n) AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
               '@m' || to_char(made.at(n) AT TIME ZONE 'UTC', 'YYYY-MM'),
               '@y' || to_char(made.at(n) AT TIME ZONE 'UTC', 'YYYY'), '@h' || made.host(n), '@len',
               '@s' || 1 + (n + %(hosts)s - 1) % %(hosts)s])
    FROM generate_series(%(first)s::bigint, %(last)s) AS n
    JOIN made.essay e ON e.number = n % %(essays)s
    """
NUMBERED = ("pages", "articles", "stories")
"""Tables whose rows get the number of their article as id."""


def prepare(conn: psycopg.Connection[Any], most: int) -> None:
    """Make what rows are made of, in a migrated database that will hold at most *most* articles; nothing of it is durable."""
    for setting in (
        "autovacuum = off",
        "full_page_writes = off",
        "max_wal_size = '4GB'",
        "checkpoint_timeout = '30min'",
    ):
        conn.execute(f"ALTER SYSTEM SET {setting}".encode())
    conn.execute("SELECT pg_reload_conf()")
    now = datetime.now(UTC)
    months: date = (now - timedelta(days=DAYS)).date().replace(day=1)
    while months <= now.date():
        partitions.add(conn, partitions.Partition("captures", months))
        months = partitions.month_after(months)
    partitions.make_ahead(conn, now=now)
    conn.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '1GB'")
    for statement in PREPARE:
        conn.execute(written(statement, _given()))
    conn.execute(
        f"CREATE FUNCTION made.at(n bigint) RETURNS timestamptz LANGUAGE sql STABLE RETURN timestamptz '{now.isoformat()}' - "
        f"({most} - n) * interval '{DAYS * 86400 / most:.4f} seconds'".encode()
    )


def _given(**more: int) -> dict[str, Any]:
    return {
        "hosts": HOSTS,
        "essays": ESSAYS,
        "paragraphs": PARAGRAPHS,
        "words": WORDS,
        "days": DAYS,
        "keys": KEYS,
        "headers": HEADERS,
        "evidence": EVIDENCE,
        **more,
    }


def fill(
    conn: psycopg.Connection[Any], first: int, last: int, *, in_place: bool, searched: bool, until: float = float("inf")
) -> int:
    """Add the articles *first* … *last*, numbered from 1, with their words when *searched*; return the last one.

    After *until*, a time of `time.perf_counter`, no further chunk of CHUNK articles begins.
    """
    began = time.perf_counter()
    for table in FED:
        conn.execute(f"ALTER TABLE etl.{table} ENABLE ALWAYS TRIGGER changes_inserted".encode())
    conn.execute("SET session_replication_role = replica; SET work_mem = '256MB'; SET maintenance_work_mem = '1GB'")
    aside = [] if in_place else list(GROWING)
    aside += ["search_texts"] if searched else []
    _set_aside(conn, aside)
    for start in range(first, last + 1, CHUNK):
        if start > first and time.perf_counter() > until:
            last = start - 1
            break
        span = _given(first=start, last=min(start + CHUNK - 1, last))
        with conn.transaction():
            for statement in ARTICLES.values():
                conn.execute(written(statement, span))
            if searched:
                conn.execute(written(SEARCH, span))
        print(f"  {span['last']:,} articles, {time.perf_counter() - began:.0f} s", flush=True)
    _build(conn, aside)
    conn.execute("RESET session_replication_role")
    for table in NUMBERED:
        conn.execute(f"SELECT setval(pg_get_serial_sequence('etl.{table}', 'id'), {last})".encode())
    conn.execute(f"SELECT setval('etl.captures_id_seq', {2 * last + 1})".encode())
    for table in FED:
        conn.execute(f"ALTER TABLE etl.{table} ENABLE TRIGGER changes_inserted".encode())
    conn.execute("CHECKPOINT")
    took = time.perf_counter() - began
    print(f"  made {last - first + 1:,} articles in {took:.0f} s\n", flush=True)
    return last


def reached(conn: psycopg.Connection[Any]) -> int:
    """Return the highest number that an article, page or story has got."""
    row = conn.execute(
        "SELECT max(last_value) FROM pg_sequences WHERE schemaname = 'etl' AND sequencename = ANY (%(names)s)",
        {"names": [f"{table}_id_seq" for table in NUMBERED]},
    ).fetchone()
    return (row and row[0]) or 0


def _set_aside(conn: psycopg.Connection[Any], tables: list[str]) -> None:
    """Let rows go into these tables without their indexes: REINDEX builds what is not ready and marks it as such."""
    conn.execute(
        """
        UPDATE pg_index SET indisready = false, indisvalid = false
        WHERE indrelid IN (SELECT c.oid FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
                           WHERE coalesce(i.inhparent, c.oid) = ANY (%(tables)s::regclass[]) AND c.relkind = 'r')
        """,
        {"tables": [f"etl.{table}" for table in tables]},
    )


def _build(conn: psycopg.Connection[Any], tables: list[str]) -> None:
    for index in UNORDERED if "links" in tables else ():
        conn.execute(f"ALTER INDEX etl.{index} SET (fillfactor = 70)".encode())
    for table in tables:
        began = time.perf_counter()
        conn.execute(f"REINDEX TABLE etl.{table}".encode())
        print(f"  indexes of {table}: {time.perf_counter() - began:.0f} s", flush=True)
