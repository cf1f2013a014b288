"""What analysts read of the past, of differences, of health and of gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.written import article, page, source, version

from etl.store import searching

DAY = datetime(2026, 2, 7, 8, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def edited(conn) -> tuple[int, list[int]]:
    """An article with three versions, an hour apart."""
    article_id = article(conn, page(conn, at=DAY), at=DAY)
    versions = [
        version(conn, article_id, at=DAY, title="Ship", text="One.\nTwo.\nThree.", tags=["sea"]),
        version(conn, article_id, at=DAY + HOUR, title="Ship", text="One.\nTwo and a half.\nThree.\nFour.", tags=["sea", "ships"]),
        version(conn, article_id, at=DAY + 2 * HOUR, title="Ships", text="One.\nThree.\nFour.", lead="Late.", tags=["ships"]),
    ]  # fmt: skip
    return article_id, versions


@pytest.mark.parametrize(
    ("after", "number"),
    [(-0.001, None), (0, 0), (0.999, 0), (1, 1), (1.5, 1), (2, 2), (1000, 2)],
)
def test_the_past_is_what_was_valid_then(conn, edited, after, number):
    _, versions = edited
    rows = conn.execute("SELECT version_id FROM news.articles_asof(%s)", [DAY + after * HOUR]).fetchall()
    assert rows == ([] if number is None else [(versions[number],)])


def test_conditions_on_the_past_reach_the_indexes(conn):
    for number in range(50):
        article_id = article(conn, page(conn, at=DAY), at=DAY)
        version(conn, article_id, at=DAY, title=f"Ship {number}")
    conn.execute("SET enable_seqscan = off")
    query = "EXPLAIN SELECT title FROM news.articles_asof(now()) WHERE article_id = %s"
    plan = "\n".join(line for (line,) in conn.execute(query, [article_id]))
    assert "Function Scan" not in plan
    assert "Seq Scan" not in plan


A_DAY = "BETWEEN '2026-02-07' AND '2026-02-08'"


@pytest.mark.parametrize(
    ("query", "index"),
    [
        pytest.param(f"SELECT url FROM news.articles WHERE first_seen_at {A_DAY}", "articles_by_time", id="brought"),
        pytest.param(f"SELECT title FROM news.article_versions WHERE valid_from {A_DAY}", "article_versions_by_time", id="edited"),
        pytest.param("SELECT title FROM news.stories WHERE story_id = ANY (ARRAY(SELECT story_id FROM news.articles "
                     f"WHERE first_seen_at {A_DAY}))", "articles_by_story", id="told"),
    ],
)  # fmt: skip
def test_a_day_of_all_sites_is_found_without_reading_all_others(conn, query, index):
    conn.execute(
        """
        WITH p AS (INSERT INTO etl.pages (url, url_key, host, found_at)
                   SELECT 'https://www.example.org/' || n, md5(n::text)::uuid, 'www.example.org', now()
                   FROM generate_series(1, 20000) AS n
                   RETURNING id),
             s AS (INSERT INTO etl.stories (id, opened_at) SELECT id, now() FROM p),
             a AS (INSERT INTO etl.articles (id, page_id, story_id, story_reason, first_seen_at, changed_at)
                   SELECT id, id, id, 'new', timestamptz '2026-01-01' + id * interval '10 minutes', now() FROM p ORDER BY id)
        INSERT INTO etl.article_versions (article_id, valid_from, content_key, title, text, extractor)
        SELECT id, timestamptz '2026-01-01' + id * interval '10 minutes', '', 'Ship',
               (SELECT string_agg(md5(n::text || id), '') FROM generate_series(1, 40) AS n), '1'
        FROM p
        ORDER BY id
        """
    )
    conn.execute("ANALYZE etl.pages, etl.articles, etl.article_versions")
    conn.execute("SET enable_indexscan = off")  # By which another index of so few rows would be read from end to end.
    plan = "\n".join(line for (line,) in conn.execute(f"EXPLAIN {query}"))
    assert index in plan, plan


def diff(conn: psycopg.Connection, *arguments: object) -> list[tuple]:
    places = ", ".join(["%s"] * len(arguments))
    return conn.execute(f"SELECT field, change, line FROM news.article_diff({places})".encode(), arguments).fetchall()


def test_a_difference_reads_line_by_line(conn, edited):
    article_id, versions = edited
    assert diff(conn, article_id, versions[0], versions[1]) == [
        ("tags", "kept", "sea"),
        ("tags", "added", "ships"),
        ("text", "kept", "One."),
        ("text", "removed", "Two."),
        ("text", "added", "Two and a half."),
        ("text", "kept", "Three."),
        ("text", "added", "Four."),
    ]
    assert (
        diff(conn, article_id)
        == diff(conn, article_id, versions[1], versions[2])
        == [
            ("title", "removed", "Ship"),
            ("title", "added", "Ships"),
            ("lead", "added", "Late."),
            ("tags", "removed", "sea"),
            ("tags", "kept", "ships"),
            ("text", "kept", "One."),
            ("text", "removed", "Two and a half."),
            ("text", "kept", "Three."),
            ("text", "kept", "Four."),
        ]
    )
    assert diff(conn, article_id, versions[2], versions[0])[0] == ("title", "removed", "Ships")
    assert diff(conn, article_id, versions[1], versions[1]) == []


def test_a_version_of_another_article_is_refused(conn, edited):
    article_id, versions = edited
    with pytest.raises(psycopg.errors.NoDataFound, match=f"article {article_id} has no version 12345"):
        diff(conn, article_id, versions[0], 12345)


def test_the_first_version_differs_from_nothing(conn):
    article_id = article(conn, page(conn, at=DAY), at=DAY)
    version(conn, article_id, at=DAY, title="Ship")
    assert diff(conn, article_id) == []
    assert diff(conn, 99) == []


@given(st.lists(st.sampled_from("abcd"), max_size=9), st.lists(st.sampled_from("abcd"), max_size=9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_difference_gives_both_texts_back_and_keeps_all_it_can(conn, was, becomes):
    rows = conn.execute(
        "SELECT number, change, line FROM news.line_diff(%s::text[], %s::text[])", [was, becomes]
    ).fetchall()
    assert [number for number, _, _ in rows] == list(range(1, len(rows) + 1))
    assert [line for _, change, line in rows if change != "added"] == was
    assert [line for _, change, line in rows if change != "removed"] == becomes
    assert sum(change == "kept" for _, change, _ in rows) == longest_common(was, becomes)


def longest_common(a: list[str], b: list[str]) -> int:
    """Return the length of the longest common subsequence, by its definition."""
    before = [0] * (len(b) + 1)
    for x in a:
        row = [0]
        for j, y in enumerate(b):
            row.append(before[j] + 1 if x == y else max(before[j + 1], row[j]))
        before = row
    return before[-1]


def test_a_long_difference_costs_little_and_is_still_right(conn):
    was = ["head", *(f"old {n}" for n in range(3000)), "tail"]
    becomes = ["head", *(f"new {n}" for n in range(3000)), "tail"]
    rows = conn.execute("SELECT change, line FROM news.line_diff(%s, %s)", [was, becomes]).fetchall()
    assert rows[0] == ("kept", "head")
    assert rows[-1] == ("kept", "tail")
    assert [line for change, line in rows if change != "added"] == was
    assert [line for change, line in rows if change != "removed"] == becomes


def test_health_says_the_first_thing_that_is_wrong(conn):
    now = conn.execute("SELECT now()").fetchone()[0]
    long_ago = now - timedelta(days=60)
    source(conn, "p/paused", since=long_ago, is_active=False, paused_because="asked to", failures=3)
    source(conn, "p/new", since=now, polled_at=None)
    source(
        conn,
        "p/failing",
        since=long_ago,
        failures=2,
        failing_since=now - HOUR,
        outcome="timeout",
        outcome_detail="no answer",
    )
    source(conn, "p/late", since=long_ago, next_poll_at=now - HOUR)
    silent = source(conn, "p/silent", since=long_ago)
    quiet = source(conn, "p/quiet", since=long_ago)
    well = source(conn, "p/well", since=long_ago)
    for days in range(3, 20):
        page(conn, at=now - timedelta(days=days), by=[silent])
    page(conn, at=now - timedelta(days=10), by=[quiet])
    for days in (0.5, 3, 20, 40):
        page(conn, at=now - timedelta(days=days), by=[well])
    page(conn, at=now - HOUR, by=[well], depth=1)
    rows = {slug: rest for slug, *rest in conn.execute("SELECT source, state, since, detail FROM news.source_health")}
    assert rows == {
        "p/paused": ["paused", None, "asked to"],
        "p/new": ["new", None, "ok"],
        "p/failing": ["failing", now - HOUR, "no answer"],
        "p/late": ["late", now - HOUR, "ok"],
        "p/silent": ["silent", now - timedelta(days=3), "ok"],
        "p/quiet": ["well", None, "ok"],
        "p/well": ["well", None, "ok"],
    }
    counts = "SELECT pages_day, pages_week, pages_four_weeks FROM news.source_health WHERE source = 'p/well'"
    assert conn.execute(counts).fetchone() == (1, 2, 3)


def test_gaps_are_told_by_the_sources_own_weeks(conn):
    """Ten pages a day, on Sundays two; one day without any, one Sunday with one, one weekday with nine."""
    today = conn.execute("SELECT date_trunc('day', now(), 'UTC')").fetchone()[0]
    steady = source(conn, "p/steady", since=today - timedelta(days=85))
    young = source(conn, "p/young", since=today - timedelta(days=20))
    noon = [today - timedelta(days=days) + 12 * HOUR for days in range(1, 85)]
    sundays = [at for at in noon if at.weekday() == 6]
    weekdays = [at for at in noon if at.weekday() != 6]
    unlike = {weekdays[0]: 0, weekdays[1]: 9, sundays[1]: 1}
    for at in noon:
        for _ in range(unlike.get(at, 2 if at in sundays else 10)):
            page(conn, at=at, by=[steady])
    for at in noon[:19]:
        page(conn, at=at, by=[young])
    conn.execute(
        """
        INSERT INTO etl.attempts (attempted_at, url, host, source_id, outcome)
        SELECT %s, 'x', 'x', %s, unnest(%s::text[])
        """,
        [weekdays[0], steady, ["timeout", "dns", "timeout"]],
    )
    conn.execute(
        "INSERT INTO etl.runs (kind, source_id, started_at, ended_at, outcome) VALUES ('poll', %(s)s, %(at)s, %(at)s, 'ok')",
        {"s": steady, "at": weekdays[1]},
    )
    rows = conn.execute(
        """
        SELECT source, day, expected, least, seen, missing, is_unusual, polls, failed_polls, failure
        FROM news.coverage_gaps ORDER BY day DESC
        """
    ).fetchall()
    assert rows == sorted(
        [
            ("p/steady", weekdays[0].date(), 10, 10, 0, 10, True, 0, 3, "timeout"),
            ("p/steady", weekdays[1].date(), 10, 10, 9, 1, True, 1, 0, None),
            ("p/steady", sundays[1].date(), 2, 2, 1, 1, True, 0, 0, None),
        ],
        key=lambda row: row[1],
        reverse=True,
    )


def test_every_spelling_leads_to_its_page(conn):
    page_id = page(conn, at=DAY)
    article_id = article(conn, page_id, at=DAY)
    conn.execute(
        """
        INSERT INTO etl.page_urls (variant_key, page_id, url_key, url, rule, first_seen_at)
        SELECT md5('x')::uuid, id, url_key, url || '?utm_source=rss', 'tracking', %s FROM etl.pages
        """,
        [DAY],
    )
    row = conn.execute("SELECT url, page_url || '?utm_source=rss', rule, article_id FROM news.urls").fetchone()
    assert row[0] == row[1]
    assert row[2:] == ("tracking", article_id)
    assert conn.execute("SELECT count(*) FROM news.outcomes o JOIN news.urls u ON u.page_url = o.url").fetchone() == (
        1,
    )


def test_the_reader_may_call_all_of_it_and_see_nothing_behind_it(conn, edited):
    article_id, _ = edited
    searching.fill(conn, limit=10)
    conn.execute("SET ROLE news_reader")
    assert len(conn.execute("SELECT article_id FROM news.search('ships', at_most => 5)").fetchall()) == 1
    assert len(conn.execute("SELECT article_id FROM news.articles_asof('infinity')").fetchall()) == 1
    assert diff(conn, article_id) != []
    for view in ("source_health", "coverage_gaps", "urls"):
        conn.execute(f"SELECT * FROM news.{view}".encode())
    for hidden in ("TABLE etl.search_texts", "SELECT etl.fill_search(1)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            conn.execute(hidden.encode())


WRONG = {
    "a second current version": (5, None, None),
    "a second first version": (-2, 0, None),
    "a hole before it": (7, 9, 7),
    "over the end of another": (1.5, 2.5, 1.5),
    "inside another": (0.2, 0.8, 0.2),
    "ends before it begins": (2, 1, 2),
    "begins elsewhere than it follows": (1, 3, 2),
}


@pytest.mark.parametrize("span", WRONG.values(), ids=WRONG.keys())
def test_the_database_refuses_versions_that_overlap_or_leave_a_hole(conn, edited, span):
    article_id, _ = edited
    conn.commit()
    conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    starts, ends, follows = (None if hours is None else DAY + hours * HOUR for hours in span)
    with pytest.raises(psycopg.IntegrityError):
        conn.execute(
            """
            INSERT INTO etl.article_versions (article_id, valid_from, valid_to, follows, content_key, title, text, extractor)
            VALUES (%s, %s, %s, %s, '', '', '', 'test')
            """,
            [article_id, starts, ends, follows],
        )
