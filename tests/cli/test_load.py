"""`load`: a stream of articles, bad lines named, killed and started again without loss and without doubles."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import time

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.cli import loading
from etl.cli.loading import InputLines
from tests.cli.program import PROGRAM, environment, run


@pytest.fixture
def env(dsn, tmp_path):
    return environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path / "data"))


def record(number: int, *, url: str | None = None, text: str | None = None) -> dict[str, object]:
    words = " ".join(
        f"Ward {number}-{k} votes on street {number * 31 + k} and on case {k * 7 + number}." for k in range(9)
    )
    return {
        "id": f"a{number}",
        "url": url or f"https://www.example.org/news/report-{number}",
        "title": f"Report number {number}",
        "text": text or words,
    }


def jsonl(records) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def versions(dsn: str) -> list[tuple]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(
            "SELECT url, v.text FROM news.article_versions v JOIN news.articles a USING (article_id) ORDER BY url, valid_from"
        ).fetchall()


def test_the_later_of_two_lines_is_the_newer_version_however_often_they_are_loaded(dsn, env):
    same = {"url": "https://www.example.org/a-1"}
    texts = [
        "The quay is agreed, says the mayor.",
        "The quay is begun, says the mayor.",
        "The quay is agreed, says the mayor.",
    ]
    body = jsonl(record(number, text=text, **same) for number, text in enumerate(texts))
    for counts in ({"stored": 1, "changed": 2}, {"unchanged": 3}):
        done = run("load", "--jsonl", "--json", env=env, stdin=body)
        assert json.loads(done.stdout) == {"lines": 3, "counts": counts}, done.stderr
        assert [text for _, text in versions(dsn)] == texts


def test_a_file_is_the_same_input_as_standard_input(env, tmp_path):
    path = tmp_path / "articles.jsonl"
    path.write_bytes(jsonl(record(number) for number in range(3)))
    first = run("load", "--jsonl", str(path), "--json", env=env)
    assert json.loads(first.stdout) == {"lines": 3, "counts": {"stored": 3}}, first.stderr
    for arguments in ((), ("-",)):
        again = run("load", "--jsonl", "--json", *arguments, env=env, stdin=path.read_bytes())
        assert json.loads(again.stdout) == {"lines": 3, "counts": {"unchanged": 3}}, again.stderr


def test_a_compressed_file_is_refused_with_the_way_to_load_it(env, tmp_path):
    path = tmp_path / "articles.jsonl.gz"
    path.write_bytes(gzip.compress(jsonl([record(1)])))
    done = run("load", "--jsonl", str(path), env=env)
    assert (done.returncode, f"zcat {path} | news-etl load --jsonl" in done.stderr.replace("\n", "")) == (3, True)


def test_a_longer_input_with_the_same_beginning_adds_what_is_new(dsn, env):
    for number in (3, 5):
        done = run("load", "--jsonl", "--json", env=env, stdin=jsonl(map(record, range(number))))
        assert done.returncode == 0, done.stderr
    assert [url for url, _ in versions(dsn)] == [f"https://www.example.org/news/report-{n}" for n in range(5)]


BAD = b"""
{"id": "a", "url": "https://www.example.org/a", "title": "Quay", "text": "A quay is built in two parts."}

{"id": "b", "title": "no text"}
{"url": "https://www.example.org/c", "text": "No id of its own."}
{"id": "d", "text": 7}
[1, 2]
{"id": "e", "text": "\xff"}
{"id": "f", "text": " ", "title": ""}
{"id": "g", "url": "javascript:alert(1)", "text": "No address of a page."}
{"id": "h", "url": "https://www.example.org/h", "title": "Owl", "text": "An owl has moved into the tower."}"""


def test_each_bad_line_is_named_by_its_number_and_the_rest_is_stored(dsn, env):
    done = run("load", "--jsonl", "--json", env=env, stdin=BAD)
    assert done.returncode == 4
    assert json.loads(done.stdout)["counts"] == {"stored": 2, "bad_line": 7}
    named = [line.partition(":")[0] for line in done.stderr.splitlines() if line.startswith("line ")]
    assert named == [f"line {number}" for number in (4, 5, 6, 7, 8, 9, 10)]
    assert len(versions(dsn)) == 2


def test_killed_again_and_again_it_ends_as_if_undisturbed(dsn, env, tmp_path):
    count = 1_500
    path = tmp_path / "articles.jsonl"
    urls = {number: f"https://www.example.org/news/report-{number % 400}" for number in range(count)}
    path.write_bytes(jsonl(record(number, url=urls[number]) for number in range(count)) + b"{broken\n")
    kills = 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        for _ in range(4):
            with path.open("rb") as stream:
                process = subprocess.Popen(
                    [*PROGRAM, "load", "--jsonl"],
                    env=env,
                    stdin=stream,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            before = reached(conn)
            deadline = time.monotonic() + 60
            while process.poll() is None and reached(conn) == before and time.monotonic() < deadline:
                time.sleep(0.02)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kills += 1
            process.wait()
    last = run("load", "--jsonl", "--json", env=env, stdin=path.read_bytes())
    assert kills >= 2
    assert last.returncode == 4
    assert json.loads(last.stdout) == {
        "lines": count + 1,
        "counts": {"stored": 400, "changed": count - 400, "bad_line": 1},
    }
    assert len(versions(dsn)) == count


def reached(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute("SELECT reached FROM etl.backfill_items").fetchall()


def test_an_interrupted_load_does_not_go_on_with_other_lines(dsn, env):
    run("load", "--jsonl", env=env, stdin=jsonl(map(record, range(5))))
    with psycopg.connect(dsn) as conn:  # As if it had been killed behind line 3.
        conn.execute("UPDATE etl.backfills SET state = 'running'")
        conn.execute("UPDATE etl.backfill_items SET state = 'running', reached = 3, detail = 'sha256 up to here: 00'")
    done = run("load", "--jsonl", env=env, stdin=jsonl(map(record, range(5))))
    assert done.returncode == 3
    assert "not the lines it had read" in done.stderr
    assert run("load", "--jsonl", "--anew", env=env, stdin=jsonl(map(record, range(5)))).returncode == 0


@given(
    st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=12),
    st.booleans(),
    st.integers(1, 60),
)
def test_lines_are_counted_wherever_the_head_ends(lines, ends, head):
    whole = b"\n".join(lines) + (b"\n" if ends else b"")
    before, loading.HEAD_BYTES = loading.HEAD_BYTES, head
    try:
        read = InputLines(io.BytesIO(whole))
        numbers = [line.number for line in read]
    finally:
        loading.HEAD_BYTES = before
    assert numbers == [number for number, line in enumerate(whole.split(b"\n"), 1) if line.strip()]


def test_a_line_without_end_is_one_bad_line(monkeypatch):
    monkeypatch.setattr(loading, "LINE_MAX_BYTES", 50)
    monkeypatch.setattr(loading, "HEAD_BYTES", 10)
    read = InputLines(io.BytesIO(b'{"id": 1}\n{"id": "' + b"x" * 500 + b'"}\n{"id": 3}\n'))
    assert [(line.number, line.record is None) for line in read] == [(1, False), (2, True), (3, False)]


FULL = {
    "id": "f1", "url": "https://www.example.org/f-1", "title": "Quay agreed", "authors": ["Ada Kulle", "Bo Dal"],
    "description": "Two parts.", "text": "The quay is agreed.\nSo says the mayor.", "section": "Ports", "tags": ["quay", "port"],
    "language": "en", "published_at": "2026-02-07", "modified_at": "2026-02-08T09:30:00+00:00",
    "image": "https://www.example.org/quay.jpg", "access": "metered",
}  # fmt: skip


def test_what_is_exported_comes_in_again_with_all_its_fields(env):
    first = run("load", "--jsonl", env=env, stdin=jsonl([FULL]))
    assert first.returncode == 0, first.stderr
    (out,) = map(json.loads, run("export", env=env).stdout.splitlines())
    assert {name: out[name] for name in FULL} == FULL
    other = {"id": "f2", "url": "https://www.example.org/f-2"}
    again = run("load", "--jsonl", env=env, stdin=jsonl([{**out, **other}]))
    assert again.returncode == 0, again.stderr
    back = [json.loads(line) for line in run("export", env=env).stdout.splitlines()]
    assert [{name: row[name] for name in FULL} for row in back] == [FULL, {**FULL, **other}]


@pytest.mark.parametrize(
    ("given_fields", "kept"),
    [
        pytest.param({"authors": "Ada Kulle", "tags": None}, {"authors": ["Ada Kulle"], "tags": []}, id="one name"),
        pytest.param(
            {"authors": [{"name": "x"}, 7, " Bo  Dal "]}, {"authors": ["Bo Dal"]}, id="other things in a list"
        ),
        pytest.param(
            {"section": 5, "image": {"url": "x"}, "language": ["en"]},
            {"section": None, "image": None},
            id="other kinds",
        ),
        pytest.param(
            {"access": "secret", "modified_at": "soon"}, {"access": None, "modified_at": None}, id="other words"
        ),
    ],
)
def test_fields_of_another_form_do_not_cost_the_article(env, given_fields, kept):
    done = run("load", "--jsonl", "--json", env=env, stdin=jsonl([{**record(1), **given_fields}]))
    assert json.loads(done.stdout)["counts"] == {"stored": 1}, done.stderr
    (out,) = map(json.loads, run("export", env=env).stdout.splitlines())
    assert {name: out[name] for name in kept} == kept
