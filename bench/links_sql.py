"""The link views of schema news at size: plans and times of what consumers ask, on links made for it.

    python bench/links_sql.py [--links 1000000] [--hosts 40] [--rounds 20] [--plans]

Fills a throw-away embedded database (the migrations of this program, then INSERT … SELECT): articles with about 60 links
each (running text, related, most read with ranks, latest; two in three to articles that are held, the popular ones far
more often), half of the rankings changed once, and a front page per host whose five ranks change every hour. Then asks each
question for different articles, pages and hosts (--rounds times) as a client would, and prints the median and the slowest
time in ms, from sending the query to having all rows, and with --plans one EXPLAIN (ANALYZE, BUFFERS) each.

A million links take about a minute and 1 GB of disk in TMPDIR.
"""

from __future__ import annotations

import argparse
import shutil
import time
from random import Random
from statistics import median
from typing import Any

import psycopg

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

LINKS_PER_PAGE = 60
KEPT_PER_PAGE = 56  # With the second halves of rankings, without targets that come twice in one block.
FRONT_SHARE = 10  # One link in so many stands in the ranking of a front page.
START = "2026-01-01 00:00+00"

FILL = {
    "pages": """
        INSERT INTO etl.pages (id, url, url_key, host, found_at, visits, captured_at, outcome, outcome_at)
        OVERRIDING SYSTEM VALUE
        SELECT n, 'https://news' || n %% %(hosts)s || '.example.org/section-' || n %% 17 || '/a-headline-of-seven-words-' || n,
               md5('page' || n)::uuid, 'news' || n %% %(hosts)s || '.example.org', at, 3, at + '2 days', 'stored', at
        FROM generate_series(1, %(pages)s) AS n, LATERAL (SELECT %(start)s::timestamptz + n * %(step)s::interval) AS t (at)
        """,
    "fronts": """
        INSERT INTO etl.pages (id, url, url_key, host, found_at, visits, captured_at, outcome, outcome_at)
        OVERRIDING SYSTEM VALUE
        SELECT %(pages)s + 1 + h, 'https://news' || h || '.example.org/', md5('front' || h)::uuid,
               'news' || h || '.example.org', %(start)s, 3000, now(), 'front', now()
        FROM generate_series(0, %(hosts)s - 1) AS h
        """,
    "spellings": """
        INSERT INTO etl.page_urls (variant_key, page_id, url_key, url, rule, first_seen_at)
        SELECT md5(p.id || v.mark)::uuid, p.id, p.url_key, p.url || v.mark, 'tracking', p.found_at
        FROM etl.pages p, (VALUES ('?utm_source=rss'), ('#top')) AS v (mark)
        UNION ALL
        SELECT url_key, id, url_key, url, 'canonical', found_at FROM etl.pages
        """,
    "stories": "INSERT INTO etl.stories (id, opened_at) SELECT n, now() FROM generate_series(1, %(pages)s) AS n",
    "articles": """
        INSERT INTO etl.articles (id, page_id, story_id, story_reason, first_seen_at, changed_at)
        SELECT id, id, id, 'new', found_at, found_at FROM etl.pages WHERE id <= %(pages)s
        """,
    "versions": """
        INSERT INTO etl.article_versions (article_id, valid_from, content_key, title, text, published_at, extractor)
        SELECT id, found_at, '', 'A headline of seven words and number ' || id, repeat('A sentence of the body. ', 40), found_at,
               'bench'
        FROM etl.pages WHERE id <= %(pages)s
        """,
    # Targets: one in three is not held; the others lie on the same host, the older half of the links on the few popular pages.
    "links of articles": """
        INSERT INTO etl.links (page_id, kind, url_key, url, first_observed_at, last_observed_at, position, rank, block,
                               title, rule)
        SELECT p.id, k.kind, md5(t.name || t.target)::uuid,
               'https://' || p.host || '/section-' || t.target %% 17
               || CASE t.name WHEN 'page' THEN '/a-headline-of-seven-words-' ELSE '/not-held-' END || t.target,
               p.found_at + CASE WHEN is_second THEN interval '5 hours' ELSE interval '0' END,
               CASE WHEN is_changed AND NOT is_second THEN p.found_at + interval '4 hours' END,
               n, CASE WHEN is_second THEN 25 - n WHEN k.kind = 'most_read' THEN n - 19 END,
               CASE k.kind WHEN 'most_read' THEN 'Most read' WHEN 'related' THEN 'More on this' WHEN 'latest' THEN 'Latest' END,
               'A headline of seven words and number ' || t.target, 'bench'
        FROM etl.pages p, generate_series(0, %(per_page)s - 1) AS n,
             LATERAL (SELECT CASE WHEN n < 5 THEN 'inline' WHEN n < 20 THEN 'related' WHEN n < 25 THEN 'most_read' ELSE 'latest'
                             END AS kind, p.id %% 2 = 0 AND n BETWEEN 20 AND 24 AS is_changed) AS k,
             LATERAL (SELECT false AS is_second UNION ALL SELECT true WHERE k.is_changed) AS i,
             LATERAL (SELECT CASE WHEN n %% 3 = 0 THEN 'elsewhere' ELSE 'page' END AS name,
                             p.id %% %(hosts)s + %(hosts)s * (1 + floor((%(pages)s / %(hosts)s - 2)
                             * power(random() + 0 * (n + p.id), 3)))::bigint AS target) AS t
        WHERE p.id <= %(pages)s
        ON CONFLICT DO NOTHING  -- The same target twice in one block.
        """,
    "rankings of fronts": """
        INSERT INTO etl.links (page_id, kind, url_key, url, first_observed_at, last_observed_at, position, rank, block,
                               title, rule)
        SELECT %(pages)s + 1 + h, 'most_read', md5('page' || t.target)::uuid,
               'https://news' || h || '.example.org/section-' || t.target %% 17 || '/a-headline-of-seven-words-' || t.target,
               %(start)s::timestamptz + hour * interval '1 hour',
               CASE WHEN hour < %(hours)s THEN %(start)s::timestamptz + hour * interval '1 hour' + interval '50 minutes' END,
               rank, rank, 'Most read', 'A headline of seven words and number ' || t.target, 'bench'
        FROM generate_series(0, %(hosts)s - 1) AS h, generate_series(1, %(hours)s) AS hour, generate_series(1, 5) AS rank,
             LATERAL (SELECT h + %(hosts)s * (1 + (hour * 5 + rank) %% (%(pages)s / %(hosts)s - 2)) AS target) AS t
        """,
}

ASKED = {
    "links of a page (page_url)": "SELECT * FROM news.links WHERE page_url = %(page_url)s",
    "links of an article (article_id)": "SELECT * FROM news.links WHERE article_id = %(article)s",
    "links to an article (target_article_id)": "SELECT * FROM news.links WHERE target_article_id = %(article)s",
    "links to a URL (target_url)": "SELECT * FROM news.links WHERE target_url = %(page_url)s",
    "number 1 of a host's rankings in a week": """
        SELECT block, title, target_article_id, first_observed_at, last_observed_at
        FROM news.rankings
        WHERE host = %(host)s AND rank = 1 AND first_observed_at < %(until)s AND last_observed_at >= %(since)s
        ORDER BY block, first_observed_at
        """,
    "related articles": "SELECT * FROM news.related_articles(%(article)s)",
    "the most linked of an article's neighbours": """
        SELECT r.related_article_id, count(*)
        FROM news.related_articles(%(article)s) r
        JOIN news.links l ON l.article_id = r.related_article_id AND l.kind = 'related'
        WHERE r.direction = 'to' AND r.kind = 'related'
        GROUP BY r.related_article_id
        """,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1_000_000, help="about how many links (default %(default)s)")
    parser.add_argument(
        "--hosts", type=int, default=40, help="over how many hosts they are spread (default %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked (default %(default)s)")
    parser.add_argument("--plans", action="store_true", help="print EXPLAIN (ANALYZE, BUFFERS) of each question")
    options = parser.parse_args()
    folder = embedded_host.throwaway_folder()
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as conn:
                sizes = fill(conn, options.links, options.hosts)
                ask(conn, sizes, options.rounds, with_plans=options.plans)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(conn: psycopg.Connection[Any], links: int, hosts: int) -> dict[str, Any]:
    """Make the rows and return the sizes that the questions need."""
    pages = max(links * (FRONT_SHARE - 1) // FRONT_SHARE // KEPT_PER_PAGE, hosts * 4)
    sizes: dict[str, Any] = {
        "hosts": hosts,
        "pages": pages,
        "per_page": LINKS_PER_PAGE,
        "hours": max(links // FRONT_SHARE // hosts // 5, 1),
        "start": START,
    }
    hours = sizes["hours"]
    sizes["step"] = f"{hours * 3600 / pages:.3f} seconds"
    for what, statement in FILL.items():
        began = time.perf_counter()
        count = conn.execute(statement, sizes).rowcount
        print(f"{what:22} {count:>9,} rows {time.perf_counter() - began:6.1f} s", flush=True)
    conn.execute("VACUUM ANALYZE")
    print(*conn.execute("SELECT version()").fetchone() or ())
    row = conn.execute(
        """
        SELECT count(*), pg_size_pretty(pg_table_size('etl.links')), pg_size_pretty(pg_indexes_size('etl.links'))
        FROM etl.links
        """
    ).fetchone()
    assert row is not None
    print(f"{row[0]:,} links on {pages:,} articles and {hosts} fronts: table {row[1]}, its indexes {row[2]}\n")
    return sizes


def ask(conn: psycopg.Connection[Any], sizes: dict[str, Any], rounds: int, *, with_plans: bool) -> None:
    print(f"{'question':44} {'median':>8} {'slowest':>8}   rows, median")
    for what, query in ASKED.items():
        random = Random(4)  # The same questions in every run.
        times: list[float] = []
        rows: list[int] = []
        for _ in range(rounds):
            given = question(conn, sizes, random)
            began = time.perf_counter()
            rows.append(len(conn.execute(query, given).fetchall()))
            times.append((time.perf_counter() - began) * 1000)
        print(f"{what:44} {median(times):5.1f} ms {max(times):5.1f} ms   {median(rows):g}", flush=True)
        if with_plans:
            plan = conn.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}", question(conn, sizes, Random(4)))
            print("\n".join(f"    {line}" for (line,) in plan), "\n")


def question(conn: psycopg.Connection[Any], sizes: dict[str, Any], random: Random) -> dict[str, Any]:
    """Return what is asked for: an article, its page and host, and a week."""
    article = random.randint(1, sizes["pages"])
    row = conn.execute("SELECT url, host, found_at FROM etl.pages WHERE id = %(id)s", {"id": article}).fetchone()
    assert row is not None
    week = conn.execute("SELECT %(at)s + interval '7 days'", {"at": row[2]}).fetchone() or (None,)
    return {"article": article, "page_url": row[0], "host": row[1], "since": row[2], "until": week[0]}


if __name__ == "__main__":
    main()
