"""`news.search` and the views of schema `news` at size: plans and times of what analysts ask, on articles made for it.

    python bench/search_sql.py [--articles 1000000] [--rounds 10] [--plans] [--fill 2000]

Fills a throw-away embedded database: articles of 300 words over three years and 40 hosts, each made of four of 10,000 paragraphs
whose words follow Zipf's law (60,000 words; the hundredth is in about a quarter of the articles, as a common noun is), with 5 %
second versions, a sighting each, and for every fifth article a copy in its story. Words for the index are put together from those
of the paragraphs, which gives the same as `etl.fill_search` and takes a fraction of its time; how fast that one is, is measured
on --fill articles.

Then asks each question --rounds times, with other words, hosts and days each time, as a client would: from sending the query to
having all rows, the median and the slowest time in ms, and the median of what the server's process computed in it (CPU time, which
other programs on the machine do not change). --plans prints an EXPLAIN (ANALYZE, BUFFERS) of each.

A million articles take about ten minutes of an idle machine and 10 GB of disk in TMPDIR.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psycopg

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate

HOSTS = 40
PARAGRAPHS = 10_000
WORDS = 60_000
DAYS = 1095
START = "2023-11-01 00:00+00"

VOCABULARY = """
    CREATE TEMP TABLE word AS
    SELECT r AS rank, a.s || b.s || c.s || CASE WHEN r > 20000 THEN d.s ELSE '' END AS word
    FROM generate_series(0, %(words)s - 1) AS r
    JOIN unnest('{ba,co,di,fu,gra,hel,jo,kra,lin,mo,na,pol,qua,ro,sta,tu,vi,wor,za,cre}'::text[])
         WITH ORDINALITY a (s, n) ON a.n = 1 + r % 20
    JOIN unnest('{lo,ri,me,tu,ka,no,sa,vi,do,pe}'::text[]) WITH ORDINALITY b (s, n) ON b.n = 1 + r / 20 % 10
    JOIN unnest('{k,rt,mb,nd,p,x,g,lt,nk,v}'::text[]) WITH ORDINALITY c (s, n) ON c.n = 1 + r / 200 % 10
    JOIN unnest('{ar,ok,um,ib,ag,ek,op,ur,af,ip,uk,ob,at,id,ox,am,eg,av,ut,iz,ad,ep,om,ak,ub,ik,ab,og,ud,ax}'::text[])
         WITH ORDINALITY d (s, n) ON d.n = 1 + r / 2000 % 30
    """
# exp(uniform) gives rank r with probability 1 / (r ln n): Zipf's law.
TEXTS = """
    CREATE TEMP TABLE {table} AS
    SELECT n, words, etl.search_words(words, 'english') AS vector
    FROM (
        SELECT p.n, string_agg(w.word, ' ') || '.' AS words
        FROM generate_series(0, %(paragraphs)s - 1) AS p (n)
        CROSS JOIN LATERAL (SELECT floor(exp(random() * ln(%(words)s)))::int - 1 + 0 * (p.n + k) AS rank
                            FROM generate_series(1, {length}) AS k) AS drawn
        JOIN word w ON w.rank = drawn.rank
        GROUP BY p.n
    ) AS made
    """
PICKED = " ".join(
    f"JOIN paragraph p{k} ON p{k}.n = (hashint8(a.id * 4 + {k}) & 2147483647) % %(paragraphs)s" for k in range(4)
)
FILL = {
    "sources": """
        INSERT INTO etl.sources (id, slug, kind, url, host, recipe, interval_s,
                                 next_poll_at, polled_at, outcome, created_at)
        OVERRIDING SYSTEM VALUE
        SELECT n, 'paper' || n / 3 || '/' || n % 3, 'feed', 'https://' || h.host || '/feed', h.host, 'paper' || n / 3, 600,
               now() + '5 minutes', now(), 'ok', now() - interval '%(days)s days'
        FROM generate_series(1, 120) AS n, LATERAL (SELECT 'news' || n % %(hosts)s || '.example.org') AS h (host)
        """,
    "pages": """
        INSERT INTO etl.pages (id, url, url_key, host, found_at, visits, captured_at, outcome, outcome_at)
        OVERRIDING SYSTEM VALUE
        SELECT n, 'https://news' || n % %(hosts)s || '.example.org/section-' || n % 17 || '/a-headline-of-seven-words-' || n,
               md5('page' || n)::uuid, 'news' || n % %(hosts)s || '.example.org', at, 3, at + '2 days', 'stored', at
        FROM generate_series(1, %(articles)s) AS n, LATERAL (SELECT now() - n * interval '%(step)s seconds') AS t (at)
        """,
    "their URLs": """
        INSERT INTO etl.page_urls (variant_key, page_id, url_key, url, rule, first_seen_at)
        SELECT url_key, id, url_key, url, 'canonical', found_at FROM etl.pages
        """,
    "stories": """
        INSERT INTO etl.stories (id, opened_at)
        SELECT n, now() FROM generate_series(1, %(articles)s) AS n WHERE n % 5 <> 4
        """,
    "articles": """
        INSERT INTO etl.articles (id, page_id, story_id, copy_of, similarity, story_reason, first_seen_at, changed_at)
        SELECT id, id, id - (id % 5 = 4)::int, CASE WHEN id % 5 = 4 THEN id - 1 END, CASE WHEN id % 5 = 4 THEN 0.97 END, 'new',
               found_at, found_at
        FROM etl.pages
        """,
    "current versions": f"""
        INSERT INTO etl.article_versions (article_id, valid_from, follows, content_key, title, text, language,
                                          published_at, extractor, changed_fields, materiality)
        SELECT a.id, v.at, CASE WHEN a.id % 20 = 0 THEN v.at END, '', t.words,
               concat_ws(E'\\n', p0.words, p1.words, p2.words, p3.words), 'en', a.first_seen_at, 'bench',
               CASE WHEN a.id % 20 = 0 THEN '{{text}}'::text[] ELSE '{{}}' END, CASE WHEN a.id % 20 = 0 THEN 'minor' END
        FROM etl.articles a {PICKED} JOIN title t ON t.n = a.id % %(paragraphs)s
        CROSS JOIN LATERAL (SELECT a.first_seen_at + (a.id % 20 = 0)::int * interval '2 hours') AS v (at)
        """,
    "first versions of the edited": """
        INSERT INTO etl.article_versions (article_id, valid_from, valid_to, content_key, title, text, language,
                                          published_at, extractor)
        SELECT article_id, published_at, valid_from, '', title, left(text, 1500), language, published_at, extractor
        FROM etl.article_versions WHERE follows IS NOT NULL
        """,
    "sightings": """
        INSERT INTO etl.sightings (page_id, source_id, found_by, first_seen_at, last_seen_at)
        SELECT id, 1 + id % 120, 'feed', found_at, found_at FROM etl.pages
        """,
    "words": f"""
        INSERT INTO etl.search_texts (article_id, at, words)
        SELECT a.id, a.first_seen_at, setweight(t.vector, 'A') || p0.vector || p1.vector || p2.vector || p3.vector
               || array_to_tsvector(ARRAY['@d' || to_char(a.first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                                          '@m' || to_char(a.first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM'),
                                          '@y' || to_char(a.first_seen_at AT TIME ZONE 'UTC', 'YYYY'),
                                          '@hnews' || a.id % %(hosts)s || '.example.org', '@len', '@s' || 1 + a.id % 120])
        FROM etl.articles a {PICKED} JOIN title t ON t.n = a.id % %(paragraphs)s
        """,
}
INDEXES = {
    "search_texts_words": """
        CREATE INDEX search_texts_words ON etl.search_texts USING gin (words) WITH (gin_pending_list_limit = 1024)
        """,
    "search_texts_at": "CREATE INDEX search_texts_at ON etl.search_texts (at)",
}

SEARCHES = {  # name → ranks of the words between which two are drawn, and what else is given
    "two of the commonest words": ((10, 40), {}),
    "two common words": ((80, 150), {}),
    "two usual words": ((300, 600), {}),
    "two rare words": ((5_000, 20_000), {}),
    "two common words, with their language": ((80, 150), {"language": "en"}),
    "two common words on one host": ((80, 150), {"source": "host"}),
    "two common words of one source": ((80, 150), {"source": "slug"}),
    "two common words in a week of last year": ((80, 150), {"from": "week"}),
    "two usual words before last year": ((300, 600), {"to": "year"}),
    "a phrase of two common words": ((80, 150), {"phrase": "yes"}),
    "one common word": ((80, 150), {"words": "1"}),
}
SEARCH = """
    SELECT article_id, score, host, title, snippet, published_at
    FROM news.search(%(query)s, %(language)s, %(from)s, %(to)s, %(source)s)
    """
ASKED = {
    "news.articles: an article": "SELECT * FROM news.articles WHERE article_id = %(article)s",
    "news.articles: a URL": "SELECT * FROM news.articles WHERE url = %(url)s",
    "news.articles: the newest 100": """
        SELECT url, title FROM news.articles WHERE published_at <= now() ORDER BY published_at DESC LIMIT 100
        """,
    "news.articles: a host's day": """
        SELECT url, title FROM news.articles
        WHERE host = %(host)s AND published_at >= %(day)s AND published_at < %(day)s + interval '1 day'
        """,
    "news.article_versions: an article": "SELECT * FROM news.article_versions WHERE article_id = %(edited)s",
    "news.article_diff": "SELECT * FROM news.article_diff(%(edited)s)",
    "news.articles_asof: an article": """
        SELECT * FROM news.articles_asof(%(day)s + interval '1 day') WHERE article_id = %(article)s
        """,
    "news.articles_asof: published that week": """
        SELECT article_id, title FROM news.articles_asof(%(day)s)
        WHERE published_at >= %(day)s - interval '7 days' AND published_at < %(day)s
        """,
    "news.stories: a story": "SELECT * FROM news.stories WHERE story_id = %(story)s",
    "news.sightings: an article": "SELECT * FROM news.sightings WHERE article_id = %(article)s",
    "news.sightings: a source's day": """
        SELECT url FROM news.sightings
        WHERE source = %(slug)s AND first_seen_at >= %(day)s AND first_seen_at < %(day)s + interval '1 day'
        """,
    "news.outcomes: a URL": "SELECT * FROM news.outcomes WHERE url = %(url)s",
    "news.urls: a URL": "SELECT * FROM news.urls WHERE url = %(url)s",
    "news.outcomes: count by outcome": "SELECT outcome, count(*) FROM news.outcomes GROUP BY outcome",
    "news.source_health: all 120 sources": "SELECT * FROM news.source_health",
    "news.coverage_gaps: a source": "SELECT * FROM news.coverage_gaps WHERE source = %(slug)s",
    "news.coverage_gaps: all 120 sources": "SELECT * FROM news.coverage_gaps",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000, help="how many (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="how often each question is asked (default %(default)s)")
    parser.add_argument("--fill", type=int, default=2_000, help="articles to index anew (default %(default)s)")
    parser.add_argument("--plans", action="store_true", help="print EXPLAIN (ANALYZE, BUFFERS) of each question")
    options = parser.parse_args()
    folder = embedded_host.throwaway_folder()
    try:
        with Embedded(folder, durable=False) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as conn:
                fill(conn, options.articles)
                measure_fill(conn, min(options.fill, options.articles))
                search(conn, options.rounds)
                ask(conn, options.articles, options.rounds, with_plans=options.plans)
                if options.plans:
                    explain_search(conn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(conn: psycopg.Connection[Any], articles: int) -> None:
    """Make the rows."""
    given = {"articles": articles, "hosts": HOSTS, "paragraphs": PARAGRAPHS, "words": WORDS, "days": DAYS}
    given["step"] = round(DAYS * 86400 / articles, 3)
    # Neither foreign keys nor triggers: this is not how articles come in, and etl.changes is measured elsewhere.
    conn.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
    conn.execute(written(VOCABULARY, given))
    conn.execute("SELECT setseed(0.4)")
    conn.execute(written(TEXTS.format(table="paragraph", length=75), given))
    conn.execute(written(TEXTS.format(table="title", length=8), given))
    conn.execute("CREATE INDEX ON paragraph (n); CREATE INDEX ON title (n); ANALYZE word, paragraph, title")
    for index in INDEXES:
        conn.execute(f"DROP INDEX IF EXISTS etl.{index}".encode())
    for what, statement in FILL.items():
        began = time.perf_counter()
        count = conn.execute(written(statement, given)).rowcount
        print(f"{what:30} {count:>9,} rows {time.perf_counter() - began:6.1f} s", flush=True)
    for index, statement in INDEXES.items():
        began = time.perf_counter()
        conn.execute(statement.encode())
        print(f"{index:30} {time.perf_counter() - began:21.1f} s", flush=True)
    conn.execute("INSERT INTO etl.search_configs (config) VALUES ('english') ON CONFLICT DO NOTHING")
    conn.execute("VACUUM ANALYZE")
    conn.execute("RESET session_replication_role")
    print(*conn.execute("SELECT version()").fetchone() or (), f"load {os.getloadavg()[0]:.1f}")
    sizes = conn.execute("""
        SELECT count(*), pg_relation_size('etl.search_texts'), pg_table_size('etl.search_texts'),
               pg_relation_size('etl.search_texts_words'), pg_table_size('etl.article_versions')
        FROM etl.search_texts
        """).fetchone()
    assert sizes is not None
    print(
        f"{sizes[0]:,} articles; bytes per article: {sizes[1] / sizes[0]:.0f} rows of the search table, "
        f"{sizes[2] / sizes[0]:.0f} with their words, {sizes[3] / sizes[0]:.0f} GIN, {sizes[4] / sizes[0]:.0f} versions\n"
    )


def written(statement: str, given: dict[str, Any]) -> bytes:
    """Return the statement with its numbers: as parameters they would have to be cast, and % be doubled."""
    for name, value in given.items():
        statement = statement.replace(f"%({name})s", str(value))
    return statement.encode()


def measure_fill(conn: psycopg.Connection[Any], articles: int) -> None:
    conn.execute("INSERT INTO etl.search_waiting (article_id) SELECT id FROM etl.articles LIMIT %s", [articles])
    conn.execute("DELETE FROM etl.search_texts s USING etl.search_waiting w WHERE w.article_id = s.article_id")
    timed = Timed(conn)
    while timed.ask("SELECT etl.fill_search(500)", {})[0][0]:
        pass
    clock, cpu = sum(timed.clock_ms) / articles, sum(timed.cpu_ms) / articles
    print(f"etl.fill_search: {articles:,} articles, {clock:.2f} ms each, {cpu:.2f} ms of CPU\n")


class Timed:
    """Times of one question, asked again and again: of the clock, and of the server's process where this machine tells it."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.scheduled = Path(f"/proc/{conn.info.backend_pid}/schedstat")
        self.clock_ms: list[float] = []
        self.cpu_ms: list[float] = []
        self.rows: list[int] = []

    def ask(self, query: str, given: dict[str, Any]) -> list[Any]:
        began, cpu_began = time.perf_counter(), self._cpu_ms()
        rows = self.conn.execute(query.encode(), given).fetchall()
        self.rows.append(len(rows))
        self.clock_ms.append((time.perf_counter() - began) * 1000)
        self.cpu_ms.append(self._cpu_ms() - cpu_began)
        return rows

    def _cpu_ms(self) -> float:
        return int(self.scheduled.read_text().split()[0]) / 1e6 if self.scheduled.exists() else float("nan")

    def line(self, what: str) -> str:
        clock = f"{median(self.clock_ms):7.1f} {max(self.clock_ms):8.1f}"
        return f"{what:44} {clock} {median(self.cpu_ms):8.1f} {max(self.cpu_ms):8.1f} {median(self.rows):7g}"


HEADING = f"{'median':>7} {'slowest':>8} {'CPU':>8} {'slowest':>8} {'rows':>7}"


def search(conn: psycopg.Connection[Any], rounds: int) -> None:
    print(f"{'news.search, 20 rows with snippets; ms':44} {HEADING}   articles with the words, median")
    for what, (ranks, other) in SEARCHES.items():
        random = Random(7)  # The same questions in every run.
        timed = Timed(conn)
        matches: list[int] = []
        for _ in range(rounds):
            given = searched(conn, random, ranks, other)
            timed.ask(SEARCH, given)
            matches.append(matching(conn, given))
        print(timed.line(what), f"{median(matches):10,.0f}", flush=True)
    print()


def searched(
    conn: psycopg.Connection[Any], random: Random, ranks: tuple[int, int], other: dict[str, str]
) -> dict[str, Any]:
    """Return what is asked for: words of these ranks, and where."""
    drawn = random.sample(range(*ranks), 1 if other.get("words") == "1" else 2)
    words = [row[0] for row in conn.execute("SELECT word FROM word WHERE rank = ANY (%s)", [drawn])]
    query = " ".join(words)
    source = random.randrange(120)
    starts = random.randrange(370, 700)
    moments = conn.execute(
        "SELECT now() - %(n)s * interval '1 day', now() - %(n)s * interval '1 day' + interval '7 days'", {"n": starts}
    ).fetchone()
    assert moments is not None
    return {
        "query": f'"{query}"' if "phrase" in other else query,
        "language": other.get("language"),
        "from": moments[0] if "from" in other else None,
        "to": moments[1] if "from" in other or "to" in other else None,
        "source": {"host": f"news{source % HOSTS}.example.org", "slug": f"paper{source // 3}/{source % 3}"}.get(
            other.get("source", "")
        ),
    }


def matching(conn: psycopg.Connection[Any], given: dict[str, Any]) -> int:
    """Count the articles that hold the words at all, wherever they are and whenever they came out."""
    row = conn.execute(
        "SELECT count(*) FROM etl.search_texts WHERE words @@ etl.search_query(%(query)s, 'english')", given
    ).fetchone()
    return row[0] if row else 0


def explain_search(conn: psycopg.Connection[Any]) -> None:
    """Print the plans of a search without slices of time, and of one slice: what the function asks for each month or day."""
    query = searched(conn, Random(7), (80, 150), {})["query"]
    marks = {
        "in all time": "to_tsquery('')",
        "in one month": "etl.search_mark('m', to_char(now() - interval '40 days', 'YYYY-MM'))",
        "on one day": "etl.search_mark('d', to_char(now() - interval '40 days', 'YYYY-MM-DD'))",
    }
    for what, mark in marks.items():
        row = conn.execute(f"SELECT etl.search_query(%s, 'english') && {mark}".encode(), [query]).fetchone()
        plan = conn.execute(
            "EXPLAIN (ANALYZE, BUFFERS) SELECT article_id, at FROM etl.search_texts WHERE words @@ %s::tsquery", row
        )
        print(f"{query}, {what}:", *(f"    {line}" for (line,) in plan), "", sep="\n")


def ask(conn: psycopg.Connection[Any], articles: int, rounds: int, *, with_plans: bool) -> None:
    print(f"{'views and functions; ms':44} {HEADING}")
    for what, query in ASKED.items():
        random = Random(4)
        timed = Timed(conn)
        for _ in range(rounds):
            timed.ask(query, question(conn, articles, random))
        print(timed.line(what), flush=True)
        if with_plans:
            plan = conn.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}".encode(), question(conn, articles, Random(4)))
            print("\n".join(f"    {line}" for (line,) in plan), "\n")


def question(conn: psycopg.Connection[Any], articles: int, random: Random) -> dict[str, Any]:
    article = random.randint(1, articles)
    source = random.randrange(3, 120)
    row = conn.execute(
        "SELECT p.url, p.host, date_trunc('day', p.found_at), a.story_id FROM etl.pages p JOIN etl.articles a ON a.page_id = p.id "
        "WHERE p.id = %s",
        [article],
    ).fetchone()
    assert row is not None
    return {
        "article": article,
        "edited": max(20, article - article % 20),
        "url": row[0],
        "host": row[1],
        "day": row[2],
        "story": row[3],
        "slug": f"paper{source // 3}/{source % 3}",
    }


if __name__ == "__main__":
    main()
