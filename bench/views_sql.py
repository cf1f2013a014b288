#!/usr/bin/env python3
"""The views of schema `news` at size: what an analyst asks of each, times and plans.

    python bench/views_sql.py [--articles 1000000] [--rounds 10] [--plans] [--only WORDS] [--database URL | --keep]

Fills a throw-away embedded database with articles made by SQL (bench/stored.py: 500 hosts and sources over 360 days, 6 links and 9
changes an article), without the words for the search (bench/search_sql.py asks that one, bench/links_sql.py pages with 60 links
and fronts). Then each question is asked --rounds times for other articles, hosts, sources and days, as a client would: from
sending it to having all rows, the median and the slowest in ms, and the same of what the server's process computed in it (CPU
time, which other programs do not change; no parallel workers help, so it is all there is). --plans prints an EXPLAIN (ANALYZE,
BUFFERS) of each. --keep lets the database be asked again from another shell (--database) until Enter is pressed.
"""

from __future__ import annotations

import argparse
import os
import shutil
from random import Random
from typing import Any

import psycopg
import stored
from search_sql import HEADING, Timed

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

ASKED = {
    "articles: one, by its URL": "SELECT * FROM news.articles WHERE url = %(url)s",
    "articles: the newest 100": """
        SELECT url, title FROM news.articles WHERE published_at <= now() ORDER BY published_at DESC LIMIT 100
        """,
    "articles: a day of a host": """
        SELECT url, title FROM news.articles
        WHERE host = %(host)s AND published_at >= %(day)s AND published_at < %(day)s + interval '1 day'
        """,
    "articles: first seen, a day of all hosts": """
        SELECT url, title FROM news.articles WHERE first_seen_at >= %(day)s AND first_seen_at < %(day)s + interval '1 day'
        """,
    "articles: how many a host has": "SELECT count(*) FROM news.articles WHERE host = %(host)s",
    "article_versions: of an article": "SELECT * FROM news.article_versions WHERE article_id = %(edited)s",
    "article_versions: headlines edited in a day": """
        SELECT article_id, title FROM news.article_versions
        WHERE valid_from >= %(day)s AND valid_from < %(day)s + interval '1 day' AND 'title' = ANY (changed_fields)
        """,
    "article_diff": "SELECT * FROM news.article_diff(%(edited)s)",
    "articles_asof: one article": """
        SELECT * FROM news.articles_asof(%(day)s + interval '1 day') WHERE article_id = %(article)s
        """,
    "articles_asof: a host's last day": """
        SELECT article_id, title FROM news.articles_asof(%(day)s)
        WHERE host = %(host)s AND published_at >= %(day)s - interval '1 day' AND published_at < %(day)s
        """,
    "sightings: last day of a source": """
        SELECT url, title FROM news.sightings WHERE source = %(slug)s AND first_seen_at >= now() - interval '1 day'
        """,
    "links: of an article": "SELECT * FROM news.links WHERE article_id = %(article)s",
    "links: to an article": "SELECT * FROM news.links WHERE target_article_id = %(article)s",
    "links: ten most linked of a host's day": """
        SELECT l.target_url, count(*) FROM news.links l JOIN news.articles a ON a.article_id = l.article_id
        WHERE a.host = %(host)s AND a.published_at >= %(day)s AND a.published_at < %(day)s + interval '1 day'
        GROUP BY l.target_url ORDER BY count(*) DESC, l.target_url LIMIT 10
        """,
    "links: ten most linked of a day": """
        SELECT target_url, count(*) FROM news.links
        WHERE first_observed_at >= %(day)s AND first_observed_at < %(day)s + interval '1 day'
        GROUP BY target_url ORDER BY count(*) DESC, target_url LIMIT 10
        """,
    "related_articles": "SELECT * FROM news.related_articles(%(article)s)",
    "rankings: number 1 of a host in a week": """
        SELECT title FROM news.rankings
        WHERE host = %(host)s AND rank = 1 AND first_observed_at < %(day)s + interval '7 days' AND last_observed_at >= %(day)s
        """,
    "stories: one": "SELECT * FROM news.stories WHERE story_id = %(story)s",
    "stories: of a day, with two publishers": """
        SELECT s.story_id, s.title, s.publishers FROM news.stories s
        WHERE s.story_id = ANY (ARRAY(SELECT a.story_id FROM news.articles a
                                      WHERE a.published_at >= %(day)s AND a.published_at < %(day)s + interval '1 day'))
          AND s.publishers > 1
        """,
    "copies: of a host": "SELECT * FROM news.copies WHERE host = %(host)s",
    "copies: published on a day": """
        SELECT * FROM news.copies WHERE published_at >= %(day)s AND published_at < %(day)s + interval '1 day'
        """,
    "changes: 10,000 after a cursor": "SELECT * FROM news.changes WHERE cursor > %(cursor)s ORDER BY cursor LIMIT 10000",
    "changes_state": "SELECT * FROM news.changes_state",
    "outcomes: of a day, counted": """
        SELECT outcome, count(*) FROM news.outcomes
        WHERE outcome_at >= %(day)s AND outcome_at < %(day)s + interval '1 day' GROUP BY outcome
        """,
    "outcomes: of a host, counted": "SELECT outcome, count(*) FROM news.outcomes WHERE host = %(host)s GROUP BY outcome",
    "outcomes: a URL": "SELECT * FROM news.outcomes WHERE url = %(url)s",
    "urls: a spelling": "SELECT * FROM news.urls WHERE url = %(url)s",
    "runs: the last 100": "SELECT * FROM news.runs ORDER BY started_at DESC LIMIT 100",
    "runs: a day of a source": """
        SELECT * FROM news.runs WHERE source = %(slug)s AND started_at >= %(day)s AND started_at < %(day)s + interval '1 day'
        """,
    "source_health: one source": "SELECT * FROM news.source_health WHERE source = %(slug)s",
    "source_health: all 500": "SELECT * FROM news.source_health",
    "coverage_gaps: a source's last week": """
        SELECT * FROM news.coverage_gaps WHERE source = %(slug)s AND day >= current_date - 7
        """,
    "coverage_gaps: last week of all 500": "SELECT * FROM news.coverage_gaps WHERE day >= current_date - 7",
    "sources": "SELECT * FROM news.sources",
    "backfills": "SELECT * FROM news.backfills",
}


def ask_all(conn: psycopg.Connection[Any], articles: int, *, rounds: int, with_plans: bool, only: str = "") -> None:
    """Ask each question and print its times."""
    conn.execute("SET max_parallel_workers_per_gather = 0")
    print(f"{articles:,} articles, load {os.getloadavg()[0]:.0f}\n{'view: question; ms':44} {HEADING}")
    for what, query in ASKED.items():
        if only not in what:
            continue
        random, timed = Random(4), Timed(conn)  # The same questions in every run.
        for _ in range(rounds):
            timed.ask(query, question(conn, articles, random))
        print(timed.line(what), flush=True)
        if with_plans:
            plan = conn.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}".encode(), question(conn, articles, Random(4)))
            print("\n".join(f"    {line}" for (line,) in plan), "\n")
    print()


def question(conn: psycopg.Connection[Any], articles: int, random: Random) -> dict[str, Any]:
    """Return what is asked for: an article of the last half year and what belongs to it."""
    article = random.randint(articles // 2, articles * 9 // 10)
    row = conn.execute(
        """
        SELECT p.url, p.host, date_trunc('day', p.found_at), a.story_id, s.slug,
               (SELECT k.first_cursor FROM etl.change_clock k) AS cursor
        FROM etl.pages p
        JOIN etl.articles a ON a.page_id = p.id
        JOIN etl.sightings g ON g.page_id = p.id
        JOIN etl.sources s ON s.id = g.source_id
        WHERE p.id = %(article)s
        """,
        {"article": article},
    ).fetchone()
    assert row is not None
    named = dict(zip(("url", "host", "day", "story", "slug", "cursor"), row, strict=True))
    return named | {"article": article, "edited": article - article % 10}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000, help="how many (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="how often each question is asked (default %(default)s)")
    parser.add_argument("--plans", action="store_true", help="print EXPLAIN (ANALYZE, BUFFERS) of each question")
    parser.add_argument("--only", default="", metavar="WORDS", help="questions whose name has these words")
    parser.add_argument("--database", metavar="URL", help="ask a database that --keep keeps")
    parser.add_argument("--keep", action="store_true", help="print its URL and wait for Enter before it is removed")
    given = parser.parse_args()
    if given.database:
        with psycopg.connect(given.database, autocommit=True) as conn:
            ask_all(conn, given.articles, rounds=given.rounds, with_plans=given.plans, only=given.only)
        return
    folder = embedded_host.throwaway_folder("news-etl-views-")
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as conn:
                stored.prepare(conn, given.articles)
                stored.fill(conn, 1, given.articles, in_place=False, searched=False)
                conn.execute("VACUUM ANALYZE")
                ask_all(conn, given.articles, rounds=given.rounds, with_plans=given.plans, only=given.only)
                if given.keep:
                    input(f"{dsn}\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
