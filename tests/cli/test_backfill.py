"""WARC backfills from the command line: every record accounted for, twice without harm, and after kill -9."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from etl.run.queue import STEPS_PER_WORKER
from etl.run.scheduler import LEADER_LOCK
from tests.cli.program import environment, run, start
from tests.flow.pages import DAY, SENTENCES, page

ARTICLE_TABLES = ("articles", "article_versions", "article_keys", "links", "stories", "pages", "page_urls", "captures")


def story(number: int) -> bytes:
    """Return an article unlike any other: its sentences name things that no other article names."""
    texts = tuple(
        f"{sentence} Delegate {number * 31 + k} of ward {number * 7 + k} spoke of case {number}-{k} and of street {k * number}."
        for k, sentence in enumerate(SENTENCES)
    )
    return page(f"Council report number {number}", texts)


@contextmanager
def warc(path):
    """Yield a function that adds a record to a new WARC file."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)

        def record(url, body, *, status="200 OK", content_type="text/html; charset=utf-8", at=DAY):
            headers = StatusAndHeaders(status, [("Content-Type", content_type)], protocol="HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(
                    url,
                    "response",
                    payload=io.BytesIO(body),
                    http_headers=headers,
                    warc_headers_dict={"WARC-Date": at.strftime("%Y-%m-%dT%H:%M:%SZ")},
                )
            )

        yield record


def write_warc(path, *, articles: int, has_print_page: bool = False) -> Counter[str]:
    """Write a WARC of a crawler and return the outcomes that are right."""
    with warc(path) as record:
        for number in range(articles):
            record(
                f"https://www.example.org/news/report-{number}-x{number}",
                story(number),
                at=DAY + timedelta(minutes=number),
            )
        if (
            has_print_page
        ):  # It calls an article its canonical page: it is folded into it, and known again the second time.
            own = '<link rel="canonical" href="https://www.example.org/news/report-1-x1">'
            print_page = story(1).replace(b"</head>", own.encode() + b"</head>")
            record("https://www.example.org/print-edition/report-1-x1", print_page, at=DAY + timedelta(days=1))
        record("https://www.example.org/news/report-0-x0?utm_source=feed", story(0))
        record("https://www.example.org/doc.pdf", b"%PDF-1.7", content_type="application/pdf")
        record("https://www.example.org/news/lost", b"<h1>Not found</h1>", status="404 Not Found")
    right = Counter(stored=articles, known=1, content_type=1, http_404=1)
    return right + Counter(unchanged=1) if has_print_page else right


@pytest.fixture
def env(dsn, tmp_path):
    return environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path / "data"), NEWS_ETL_WORKERS="1")


def writes(dsn: str) -> dict[str, tuple[int, int]]:
    """Return (inserts, updates) per article table since the statistics began."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_stat_force_next_flush()")
        rows = conn.execute(
            "SELECT relname, n_tup_ins, n_tup_upd FROM pg_stat_user_tables WHERE schemaname = 'etl'"
        ).fetchall()
    return {name: (inserts, updates) for name, inserts, updates in rows if name in ARTICLE_TABLES or "captures" in name}


def test_every_record_is_accounted_for_and_a_second_reading_writes_nothing(dsn, env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    right = write_warc(path, articles=30, has_print_page=True)
    first = run("backfill", "warc", str(path), "--json", env=env)
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert answer["counts"] == dict(right)
    assert answer["records"] == right.total()
    time.sleep(1.1)  # Statistics of a session are written when it ends, at most once a second.
    before = writes(dsn)
    second = run("backfill", "warc", str(path), env=env)
    assert second.returncode == 0, second.stderr
    assert "Nothing new" in second.stderr
    third = run("backfill", "warc", str(path), "--again", env=env)
    assert "Nothing new was stored." in third.stdout
    time.sleep(1.1)
    assert writes(dsn) == before


def test_a_broken_record_is_named_and_the_rest_is_stored(env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, articles=3)
    whole = path.read_bytes()
    members = [at for at in range(len(whole)) if whole.startswith(b"\x1f\x8b\x08", at)]
    broken = bytearray(whole)
    broken[members[1] + 40 : members[1] + 60] = bytes(20)
    path.write_bytes(bytes(broken))
    done = run("backfill", "warc", str(path), "--json", env=env)
    answer = json.loads(done.stdout)
    assert answer["counts"]["stored"] == 2
    assert answer["counts"]["broken_record"] == 1
    assert str(members[1]) in answer["items"][0]["detail"]


HOSTILE = {
    "a title of 100,000 characters": ("long-title-1", page("Quay " * 20_000, SENTENCES[:5])),
    "a NUL byte": ("nul-byte-2", page("The quay\0 is built", SENTENCES[1:]) + b"\0\0<p>more\0 text</p>"),
    "a lone surrogate": (
        "surrogate-3",
        page(
            "Owls",
            SENTENCES[:4],
            head='<script type="application/ld+json">{"@type":"NewsArticle","headline":"Owl \\ud800"}</script>',
        ),
    ),
    "an invalid date": (
        "bad-date-4",
        page(
            "Bells",
            SENTENCES[2:],
            head='<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-02-31T25:61:00Z"}</script>',
        ),
    ),
    "a page of 50 MB": ("large-5", page("Ferries", (*SENTENCES, "x" * 1000)) + b"<!-- " + b"a" * 50_000_000 + b" -->"),
}


def test_hostile_pages_are_stored_as_far_as_they_can_and_harm_no_other(dsn, env, tmp_path):
    path = tmp_path / "hostile.warc.gz"
    with warc(path) as record:
        for slug, body in HOSTILE.values():
            record(f"https://www.example.org/news/{slug}", body)
        record("https://www.example.org/" + "a" * 2_000_000, story(1))
        record("https://www.example.org/news/last-6", story(2))
    done = run("backfill", "warc", str(path), "--json", env=env)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["records"] == len(HOSTILE) + 2
    assert sum(answer["counts"].get(name, 0) for name in ("stored", "copy")) == len(HOSTILE) + 1, (
        answer["counts"],
        answer["items"],
    )
    with psycopg.connect(dsn) as conn:
        rows = dict(conn.execute("SELECT url, title FROM news.articles").fetchall())
        published = conn.execute("SELECT published_at, published_text FROM news.articles WHERE url LIKE '%bad-date-4'")
        assert published.fetchone()[0] is None
    assert rows["https://www.example.org/news/last-6"] == "Council report number 2"
    assert rows["https://www.example.org/news/long-title-1"].startswith("Quay Quay Quay")


def test_killed_again_and_again_it_ends_with_the_same_rows(dsn, env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    right = write_warc(path, articles=450)
    for patience_s in (1.2, 1.6, 2.0):
        process = start("backfill", "warc", str(path), env=env)
        time.sleep(patience_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = run("backfill", "warc", str(path), "--json", env=env)
    answer = json.loads(done.stdout)
    assert answer["state"] == "done"
    assert answer["records"] == right.total()
    assert answer["counts"]["stored"] == right["stored"]
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(
            "SELECT count(*), count(DISTINCT page_id), count(DISTINCT story_id) FROM etl.articles"
        ).fetchone()
        versions = conn.execute("SELECT count(*) FROM etl.article_versions").fetchone()
    assert rows == (450, 450, 450)
    assert versions == (450,)


def test_ctrl_c_says_that_nothing_is_lost_and_the_same_command_goes_on(dsn, env, tmp_path):
    path, log = tmp_path / "crawl.warc.gz", tmp_path / "said.log"
    right = write_warc(path, articles=2_000)
    process = start("backfill", "warc", str(path), env=env, log=log)
    with psycopg.connect(dsn, autocommit=True) as conn:
        while conn.execute("SELECT count(*) FROM etl.articles").fetchone() == (0,):
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130, log.read_text()
    assert "the same command goes on" in log.read_text()
    assert "Traceback" not in log.read_text()
    answer = json.loads(run("backfill", "warc", str(path), "--json", env=env).stdout)
    assert answer["records"] == right.total()
    assert answer["counts"]["stored"] == right["stored"]


def test_what_a_backfill_waits_for_is_shown_and_it_goes_on_here(dsn, env, tmp_path):
    path = tmp_path / "[b]crawl[b].warc.gz"
    right = write_warc(path, articles=3)
    begun = run("backfill", "warc", str(path), "--run", "service", env=env)
    assert begun.returncode == 0, begun.stderr
    assert "Backfill 1 waits for a service, for none runs now." in begun.stderr
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE etl.backfills SET detail = %s", [f"waits: no worker sees {path}"])
    for command in (("list",), ("show", "1")):
        assert f"waits: no worker sees {path}" in run("backfill", *command, env=env).stdout.replace("\n", "")
    done = run("backfill", "resume", "1", "--run", "here", "--json", env=env)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["state"], answer["detail"], answer["counts"]) == ("done", None, dict(right))


def test_workers_are_given_steps_before_the_scheduler_looks(dsn, env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, articles=1)
    with psycopg.connect(dsn, autocommit=True) as service:
        service.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        service.execute("INSERT INTO queue.procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 day')")
        begun = run("backfill", "warc", str(path), "--run", "service", env=env)
        steps = service.execute("SELECT lock, args FROM queue.procrastinate_jobs ORDER BY lock").fetchall()
    assert "Backfill 1 is done by the workers of the service." in begun.stderr
    assert steps == [
        (f"backfill:1:{number}", {"backfill_id": 1, "number": number}) for number in range(STEPS_PER_WORKER)
    ]


def test_articles_come_out_again(env, tmp_path):
    path = tmp_path / "crawl.warc.gz"
    write_warc(path, articles=5)
    run("backfill", "warc", str(path), env=env)
    done = run("export", "--format", "jsonl", env=env)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 5
    assert {"id", "url", "title", "text", "published_at", "story_id"} <= set(rows[0])
    assert rows[0]["url"] == "https://www.example.org/news/report-0-x0"
    assert rows[0]["title"] == "Council report number 0"


def test_what_is_loaded_comes_out_under_its_own_ids(env):
    text = " ".join(SENTENCES)
    given = [
        {
            "id": "x1",
            "url": "https://a.example.org/1",
            "title": "Quay",
            "text": text,
            "published_at": "2026-02-07T08:00:00Z",
        },
        {"id": "x2", "url": "https://b.example.org/2", "title": "Quay again", "text": text, "published_at": None},
        {"id": "x3", "title": "No text at all"},
        {
            "id": "x4",
            "url": None,
            "title": "Owl",
            "text": "An owl has moved into the tower of the parish church.",
            "published_at": 1770451200,
        },
    ]
    body = "\n".join([*(json.dumps(one) for one in given), "{broken"])
    done = run("load", "--jsonl", "--json", env=env, stdin=body)
    assert done.returncode == 4, done.stderr
    assert "line 3" in done.stderr
    assert "line 5" in done.stderr
    rows = {row["id"]: row for row in map(json.loads, run("export", env=env).stdout.splitlines())}
    assert set(rows) == {"x1", "x2", "x4"}
    assert rows["x1"]["story_id"] == rows["x2"]["story_id"] != rows["x4"]["story_id"]
    assert rows["x4"]["published_at"] == "2026-02-07T08:00:00+00:00"
    again = run("load", "--jsonl", "--json", env=env, stdin=body)
    assert json.loads(again.stdout)["counts"] == {"unchanged": 3, "bad_line": 2}
