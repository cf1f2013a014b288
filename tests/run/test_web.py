"""The web server over real HTTP on a real database, ready or not."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from etl.errors import Misconfigured
from etl.run import status_page, web
from etl.run.scheduler import LEADER_LOCK
from etl.store import digest_times, health, migrate
from tests.cli.program import environment, run, start
from tests.run.test_service import until

HOSTILE = "<script>alert(1)</script>\"&'"


@contextmanager
def served(dsn: str) -> Iterator[int]:
    """Serve on a free port and yield it."""
    with web.listening("127.0.0.1:0") as opened:
        server = web.server(dsn)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        try:
            yield opened.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def get(port: int, path: str) -> tuple[int, str, dict[str, str]]:
    """Ask and return status, text and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}


def samples(text: str) -> dict[str, float]:
    """Return the metrics by name with labels; every line must be of the format."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ (gauge|histogram))", line), line
            continue
        match = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})?) ([0-9.e+-]+)', line)
        assert match is not None, line
        assert match[1] not in found
        found[match[1]] = float(match[2])
    return found


def add_source(conn: psycopg.Connection, slug: str, **given: object) -> None:
    now = datetime.now(UTC)
    row: dict[str, object] = {
        "slug": slug,
        "kind": "feed",
        "url": f"https://{slug}.example/",
        "host": f"{slug}.example",
    }
    row |= {"recipe": slug, "interval_s": 60, "next_poll_at": now, "created_at": now, "outcome": "ok"} | given
    columns, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    conn.execute(f"INSERT INTO etl.sources ({columns}) VALUES ({marks})".encode(), row)


@pytest.fixture
def troubled(dsn):
    """A database with one of everything that can be wrong."""
    now = datetime.now(UTC)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET search_path = public, queue")
        add_source(conn, "well", next_poll_at=now + timedelta(minutes=9))
        add_source(
            conn,
            "ill",
            outcome="http_403",
            outcome_detail=HOSTILE,
            failures=7,
            failing_since=now - timedelta(days=3),
            next_poll_at=now - timedelta(hours=2),
        )
        add_source(conn, "idle", is_active=False, paused_because="asked to")
        for number, (url, outcome) in enumerate(
            (("1", "stored"), ("2", "stored"), (f"3{HOSTILE}", "crashed"), ("4", None))
        ):
            conn.execute(
                """
                INSERT INTO etl.pages (url, url_key, host, found_at, outcome, outcome_at, next_visit_at)
                VALUES (%s, gen_random_uuid(), 'well.example', now(), %s, now(), now() + %s)
                """,
                [f"https://well.example/{url}", outcome, timedelta(hours=1 - 2 * (number == 3))],
            )
        conn.execute(
            """
            INSERT INTO etl.captures (stored_at, page_id, url, final_url, status, headers, body_sha256, body_bytes,
                                      fetched_at, archive_file, archive_offset, archive_length)
            SELECT now() - interval '5 hours', min(id), 'u', 'u', 200, '{}', sha256('x'), 1, now(), 'f', 0, 1 FROM etl.pages
            """
        )
        conn.execute(
            "INSERT INTO queue.procrastinate_jobs (queue_name, task_name) VALUES ('live', 'digest'), ('live', 'digest')"
        )
        conn.execute(
            """
            WITH b AS (
                INSERT INTO etl.backfills (kind, plan_key, plan, state, created_at, created_by, detail)
                VALUES ('warc', 'k', '{"files": [["/data/<a>.warc", 1], ["/b.warc", 2]]}', 'running', now(), 'me',
                        'waits: no worker sees <i>.warc')
                RETURNING id
            )
            INSERT INTO etl.backfill_items (backfill_id, item, number, state)
            SELECT id, state, number, state
            FROM b, unnest(ARRAY['done', 'failed', 'running', 'planned']) WITH ORDINALITY AS r (state, number)
            """
        )
        conn.execute(
            """
            INSERT INTO etl.runs (kind, host, started_at, ended_at, outcome, counts)
            VALUES ('visit', 'well.example', now() - interval '1 minute', now(), 'ok', '{"fetched": 12}')
            """
        )
    return dsn


def test_a_process_that_serves_is_alive_and_ready(dsn):
    with served(dsn) as port:
        assert get(port, "/livez")[:2] == (200, "alive\n")
        assert get(port, "/readyz")[:2] == (200, "ready\n")
        assert get(port, "/nothing")[0] == 404


def test_an_older_schema_is_not_ready_and_says_how_far_it_is(empty_dsn):
    known = migrate.steps(migrate.folder())
    with served(empty_dsn) as port:
        assert get(port, "/readyz")[:2] == (503, f"run `news-etl migrate`: 0 of {len(known)} steps are done\n")
        migrate.migrate(empty_dsn, to=known[0])
        assert get(port, "/readyz")[:2] == (503, f"run `news-etl migrate`: 1 of {len(known)} steps are done\n")
        with psycopg.connect(empty_dsn, autocommit=True) as migrating:
            migrating.execute("SELECT pg_advisory_lock(%s)", [migrate.LOCK_KEY])
            assert get(port, "/readyz")[:2] == (503, f"migrating: 1 of {len(known)} steps are done\n")
        status, text, _ = get(port, "/")
        assert (status, "run `news-etl migrate`" in text) == (503, True)
        assert samples(get(port, "/metrics")[1]) == {"news_etl_ready": 0}
        migrate.migrate(empty_dsn)
        assert get(port, "/readyz")[0] == 200
        assert get(port, "/")[0] == 200


def test_a_newer_schema_is_ready_and_asks_for_an_upgrade(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("UPDATE etl.alembic_version SET version_num = '9999'")
    with served(dsn) as port:
        status, text, _ = get(port, "/readyz")
    assert status == 200
    assert "newer (9999)" in text


def test_a_database_that_does_not_answer_is_a_reason_and_no_crash(dsn):
    with served(make_conninfo(dsn, port="1")) as port:
        assert get(port, "/livez")[0] == 200
        status, text, _ = get(port, "/readyz")
        assert status == 503
        assert text.startswith("the database does not answer: ")
        assert get(port, "/")[0] == 503
        assert samples(get(port, "/metrics")[1]) == {"news_etl_ready": 0}


def test_the_metrics_say_what_the_tables_say(troubled):
    with served(troubled) as port:
        status, text, headers = get(port, "/metrics")
    found = samples(text)
    assert status == 200
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 7_200 <= found.pop('news_etl_source_lag_seconds{source="ill"}') < 7_300
    assert 18_000 <= found.pop("news_etl_captures_oldest_seconds") < 18_100
    assert {found.pop(name) for name in list(found) if name.startswith("news_etl_digest_seconds")} == {0}
    assert found == {
        "news_etl_ready": 1,
        'news_etl_pages{outcome="crashed"}': 1,
        'news_etl_pages{outcome="stored"}': 2,
        'news_etl_pages{outcome="unvisited"}': 1,
        "news_etl_pages_due": 1,
        'news_etl_source_lag_seconds{source="well"}': 0,
        'news_etl_source_failures{source="ill"}': 7,
        'news_etl_source_failures{source="well"}': 0,
        'news_etl_queue_jobs{job="digest",status="todo"}': 2,
        "news_etl_captures_waiting": 1,
        "news_etl_scheduler_leads": 0,
        "news_etl_workers": 0,
    }


def test_the_time_of_digests_is_a_histogram_over_all_workers(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        for pages, seconds in ((100, 1.0), (3, 0.9), (1, 60.0)):
            digest_times.add(conn, pages=pages, seconds=seconds)
    with served(dsn) as port:
        text = get(port, "/metrics")[1]
    buckets = re.findall(r'news_etl_digest_seconds_bucket\{le="([^"]+)"\} (\d+)', text)
    assert "# TYPE news_etl_digest_seconds histogram" in text
    assert dict(buckets) == {
        "0.005": "0", "0.01": "100", "0.025": "100", "0.05": "100", "0.1": "100", "0.25": "100", "0.5": "103",
        "1": "103", "2.5": "103", "5": "103", "10": "103", "+Inf": "104",
    }  # fmt: skip
    assert "news_etl_digest_seconds_sum 61.9\n" in text
    assert "news_etl_digest_seconds_count 104\n" in text


def test_labels_are_escaped_as_the_format_wants(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        add_source(conn, 'a"b\\c\nd')
    with served(dsn) as port:
        found = samples(get(port, "/metrics")[1])
    assert 'news_etl_source_failures{source="a\\"b\\\\c\\nd"}' in found


def test_the_leader_and_its_last_tick_are_seen_from_outside(dsn):
    ticked_at = datetime.now(UTC) - timedelta(seconds=90)
    with psycopg.connect(dsn, autocommit=True) as leads, served(dsn) as port:
        leads.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        health.show_tick(leads, None)
        assert "news_etl_last_tick_timestamp_seconds" not in samples(get(port, "/metrics")[1])
        health.show_tick(leads, ticked_at)
        found = samples(get(port, "/metrics")[1])
        assert found["news_etl_scheduler_leads"] == 1
        assert found["news_etl_last_tick_timestamp_seconds"] == pytest.approx(ticked_at.timestamp(), abs=0.01)
        assert "The scheduler hangs" in get(port, "/")[1]
        health.show_tick(leads, datetime.now(UTC))
        assert "Nothing is wrong." in get(port, "/")[1]


def test_polls_that_nobody_begins_or_too_few_are_named(dsn):
    now = datetime.now(UTC)
    with psycopg.connect(dsn, autocommit=True) as leads, served(dsn) as port:
        leads.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        health.show_tick(leads, now + timedelta(minutes=5))
        add_source(leads, "early", next_poll_at=now + timedelta(minutes=5))
        assert "Nothing is wrong." in get(port, "/")[1], "no worker, and nothing to do for one"
        add_source(leads, "late", next_poll_at=now - timedelta(minutes=5, seconds=1))
        assert "<b>No worker lives</b>: 1 poll is due, the first since <time" in get(port, "/")[1]
        leads.execute("INSERT INTO queue.procrastinate_workers (last_heartbeat) VALUES (now() + interval '5 minutes')")
        assert "Nothing is wrong." in get(port, "/")[1], "a worker, and five minutes"
        assert samples(get(port, "/metrics")[1])["news_etl_workers"] == 1
        add_source(leads, "very-late", next_poll_at=now - timedelta(hours=3, seconds=1))
        text = get(port, "/")[1]
    assert "<b>Polls are late</b>: 1 poll is due, the first since" in text
    assert "(3 h). Start more workers" in text


def test_the_status_page_says_what_is_wrong_first(troubled):
    with served(troubled) as port:
        status, text, headers = get(port, "/")
    assert status == 200
    wrong, _, rest = text.partition("<h2>Work</h2>")
    for words in (
        "No scheduler leads",
        "Captures wait for their digest</b> (1)",
        "(5 h)",
        "<b>ill</b>: http_403 since",
        "(3 d)",
        "<b>crashed</b>",
        "<b>Backfill 1</b> waits: no worker sees &lt;i&gt;.warc",
    ):
        assert words in wrong, words
    for words in (
        "paused: asked to",
        "1 of 4 parts (25 %)",
        "/data/&lt;a&gt;.warc and 1 more",
        "1 failed",
        "fetched 12",
        "in 9 min",
        "due <time",
        "queue: digest (todo)",
    ):
        assert words in rest, words
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_backfill_that_failed_is_among_what_is_wrong(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            """
            INSERT INTO etl.backfills (kind, plan_key, plan, state, created_at, created_by, ended_at, detail)
            VALUES ('urls', 'a', '{}', 'failed', now(), 'me', now() - interval '3 hours', 'CheckViolation: <no>')
            """
        )
    with served(dsn) as port:
        wrong, _, _ = get(port, "/")[1].partition("<h2>Work</h2>")
    assert "<b>Backfill 1 failed</b> since" in wrong
    assert "(3 h): CheckViolation: &lt;no&gt;. <code>news-etl backfill resume 1</code>" in wrong


def test_of_many_sources_that_fail_each_way_has_a_line(dsn):
    began = datetime.now(UTC) - timedelta(days=3, minutes=1)
    with psycopg.connect(dsn, autocommit=True) as conn:
        for number in range(status_page.FAILING_SHOWN + 1):
            add_source(conn, f"s{number}", outcome="dns", failing_since=began + timedelta(minutes=number))
        add_source(conn, "other", outcome="gone", failing_since=datetime.now(UTC))
    with served(dsn) as port:
        wrong = get(port, "/")[1].partition("<h2>Work</h2>")[0]
    assert wrong.count("<li>") == 3, "no scheduler, and two ways to fail"
    assert f"<b>dns</b>: {status_page.FAILING_SHOWN + 1} sources fail, the first since <time" in wrong
    assert "(3 d): s0, s1, s2, …</li>" in wrong
    assert "<b>gone</b>: 1 source fails, the first since <time" in wrong
    assert "other</li>" in wrong


class Balanced(HTMLParser):
    """Fails on what is opened and not closed, and counts scripts."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_what_the_web_wrote_stays_text(troubled):
    with served(troubled) as port:
        text = get(port, "/")[1]
    parsed = Balanced()
    parsed.feed(text)
    assert parsed.open == []
    assert "script" not in parsed.tags
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;&#x27;") == 2
    # The style is let in by its hash: what the page holds must be what was hashed.
    assert f"<style>{status_page.STYLE}</style>" in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "120 min"), (7_200, "2 h"), (172_800, "2 d")],
)
def test_a_span_is_told_in_its_largest_unit(seconds, shown):
    assert status_page.span(seconds) == shown


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param("8080", "is not address:port", id="no colon"),
        pytest.param("127.0.0.1:http", "is not address:port", id="no number"),
        pytest.param("127.0.0.1:70000", "is not address:port", id="no port"),
        pytest.param("203.0.113.7:8080", "cannot listen at", id="not of this machine"),
    ],
)
def test_an_address_that_is_none_is_said_in_words(address, said):
    with pytest.raises(Misconfigured, match=said):
        web.listening(address)


def test_the_command_serves_until_it_is_told_to_stop(dsn):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        taken = probe.getsockname()[1]
        env = environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_WEB_ADDRESS=f"127.0.0.1:{taken}")
        refused = run("web", env=env)
    assert refused.returncode == 3
    assert f"cannot listen at 127.0.0.1:{taken}" in refused.stderr

    def answers() -> bool:
        try:
            return get(taken, "/readyz")[0] == 200
        except OSError:
            return False

    process = start("web", env=env)
    try:
        until(answers, within_s=60.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in (0, -signal.SIGTERM)
    finally:
        process.kill()
