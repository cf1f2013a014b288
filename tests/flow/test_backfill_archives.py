"""Backfills of WARC files, near and far, of CC-NEWS and of a web archive: whole, in their place in history, and restarted."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import zstandard
from newsroom import Reply

from etl.discover.wayback import query
from etl.flow.backfill import FILES_LOOKED_AT, Share
from etl.flow.backfill_files import RECORDS_PER_CHUNK
from etl.flow.backfill_lists import file_item
from etl.store import backfill_waits, backfills
from etl.store.backfill_items import NewItem
from tests.cli.test_backfill import story, warc, write_warc
from tests.flow.backfilling import begin, file_items, kit_for, page_items, work
from tests.flow.pages import SENTENCES, page

URL = "http://www.example.org/news/ferry-quay-12345"
TEXTS = {name: page(f"The quay, {name}", (*SENTENCES, f"This is what the {name} edition says.")) for name in "ABC"}


class WebArchive:
    """A local server that speaks CDX and replay, two rows an answer."""

    def __init__(self, site, captures):
        self.site, self.captures = site, captures
        site.put("/cdx/search/cdx", self.index)
        for stamp, url, body, _ in captures:
            site.put(f"/web/{stamp}id_/{url}", self.replayed(stamp, body))

    def index(self, request):
        asked = parse_qs(urlsplit(request.path).query)
        rows = [
            ["org,example)/", stamp, url, "text/html", "200", digest, "900"]
            for stamp, url, _, digest in self.captures
            if asked.get("from", ["0"])[0] <= stamp <= asked.get("to", ["9"])[0]
        ]
        start = int(asked.get("resumeKey", ["0"])[0])
        head = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
        answer = [head, *rows[start : start + 2]]
        if start + 2 < len(rows):
            answer += [[], [str(start + 2)]]
        return Reply(json.dumps(answer if rows else []).encode(), content_type="application/json")

    def replayed(self, stamp, body):
        return Reply(body, headers={"x-archive-orig-etag": stamp, "memento-datetime": "x"})

    def items(self, since=None, until=None):
        asked = query(self.site.origin, "example.org", since=since, until=until)
        return [NewItem(asked, "captures", f"127.0.0.1:{self.site.port}")]


@pytest.fixture
def web(room):
    stamps = {"20190101000000": "A", "20190201000000": "A", "20190301000000": "B", "20200101000000": "A"}
    return WebArchive(room.site("web"), [(stamp, URL, TEXTS[name], name) for stamp, name in stamps.items()])


def versions(conn):
    rows = conn.execute(
        "SELECT title, valid_from, valid_to FROM news.article_versions ORDER BY valid_from",
    ).fetchall()
    return [
        (title[-1], begins.year * 100 + begins.month, ends and ends.year * 100 + ends.month)
        for title, begins, ends in rows
    ]


def test_captures_of_a_web_archive_take_their_places_in_history(live, web, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    with warc(tmp_path / "now.warc.gz") as record:
        record(URL, TEXTS["C"], at=datetime(2026, 1, 1, tzinfo=UTC))
    work(live, kit, begin(live, kit, "warc", file_items(str(tmp_path / "now.warc.gz"))), clock)
    assert versions(live) == [("C", 202601, None)]
    number = begin(live, kit, "wayback", web.items(), base=web.site.origin)
    done = work(live, kit, number, clock)
    assert (done.state, done.outcomes) == ("done", {"earlier_version": 3})
    assert versions(live) == [("A", 201901, 201903), ("B", 201903, 202001), ("A", 202001, 202601), ("C", 202601, None)]
    first_seen, title = live.execute("SELECT first_seen_at, title FROM news.articles").fetchone()
    assert (first_seen.year, title[-1]) == (2019, "C")
    replays = [request.path for request in web.site.requests if request.path.startswith("/web/")]
    assert len(replays) == 3
    assert all("id_/" in path for path in replays)
    again = begin(
        live, kit, "wayback", web.items(until=datetime(2021, 1, 1, tzinfo=UTC)), base=web.site.origin, other=1
    )
    assert work(live, kit, again, clock).outcomes == {"known": 3}
    assert len([r for r in web.site.requests if r.path.startswith("/web/")]) == 3


def test_an_archive_of_the_web_is_asked_for_a_range_only(live, web, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    items = web.items(datetime(2019, 2, 15, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC))
    done = work(live, kit, begin(live, kit, "wayback", items, base=web.site.origin), clock)
    assert done.outcomes == {"stored": 1}
    assert versions(live) == [("B", 201903, None)]


def ranged(body: bytes, *, breaks_at: int = 0, ranges: bool = True):
    """Answer as servers of large files do: with ranges or without; the first answer may break off."""
    left = [breaks_at]

    def answer(request):
        span = re.match(r"bytes=(\d+)-", request.headers.get("range", "")) if ranges else None
        start = int(span[1]) if span else 0
        headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if span else {}
        cut, left[0] = left[0] or None, 0
        return Reply(
            body[start:], status=206 if span else 200, headers=headers, content_type="application/gzip", cut_after=cut
        )

    return answer


@pytest.mark.parametrize("ranges", [pytest.param(True, id="ranges"), pytest.param(False, id="no ranges")])
@pytest.mark.parametrize("form", ["gzip", "zstd", "plain"])
def test_a_file_of_another_machine_that_breaks_off_goes_on_where_it_was(live, room, clock, tmp_path, ranges, form):
    path = tmp_path / "crawl.warc.gz"
    right = write_warc(path, articles=150)
    body = path.read_bytes()
    if form == "plain":
        body = gzip.decompress(body)
    elif form == "zstd":
        body = zstandard.compress(gzip.decompress(body))
    site = room.site("files")
    site.put("/crawl.warc", ranged(body, breaks_at=len(body) * 9 // 10, ranges=ranges))
    kit = kit_for(tmp_path / "archive", clock)
    done = work(live, kit, begin(live, kit, "warc", file_items(site.url("/crawl.warc"))), clock)
    assert (done.state, done.items_failed) == ("done", 0), backfills.items(live, done.backfill_id)
    assert done.units == done.units_done == len(body)
    assert live.execute("SELECT count(*) FROM etl.articles").fetchone() == (150,)
    assert sum(done.outcomes.values()) == right.total()
    starts = [request.headers.get("range") for request in site.requests if request.method == "GET"]
    assert len(starts) >= 2
    if ranges and form != "zstd":
        assert any(start and start != "bytes=0-" for start in starts)


def test_while_pages_are_read_the_next_are_copied_and_no_transaction_is_open(live, dsn, clock, tmp_path):
    right = write_warc(tmp_path / "crawl.warc.gz", articles=2 * RECORDS_PER_CHUNK)
    kit = kit_for(tmp_path, clock)
    seen: list[tuple[bool, str]] = []

    def copied() -> int:
        return sum(path.stat().st_size for path in tmp_path.rglob("*-*.warc.gz"))

    def read(pages):
        before, waited = copied(), Event()
        tries = 0 if seen else 2_000
        while tries and copied() == before:
            waited.wait(0.01)
            tries -= 1
        with psycopg.connect(dsn) as other:
            row = other.execute(
                "SELECT state FROM pg_stat_activity WHERE pid = %s", (live.info.backend_pid,)
            ).fetchone()
        seen.append((copied() > before, row[0]))
        return kit.read(pages)

    number = begin(live, kit, "warc", file_items(str(tmp_path / "crawl.warc.gz")))
    assert work(live, replace(kit, read=read), number, clock).outcomes == right
    assert seen[0] == (True, "idle")
    assert len(seen) > 1


def test_a_file_that_is_missing_there_has_failed_in_words(live, room, clock, tmp_path):
    site = room.site("files")
    kit = kit_for(tmp_path, clock)
    done = work(live, kit, begin(live, kit, "warc", file_items(site.url("/none.warc.gz"))), clock)
    assert (done.state, done.items_failed) == ("done", 1)
    (item,) = backfills.items(live, done.backfill_id)
    assert (item.outcome, "404" in item.detail) == ("gone", True)


def test_an_empty_file_gets_a_remark(live, clock, tmp_path):
    (tmp_path / "empty.warc.gz").write_bytes(b"")
    kit = kit_for(tmp_path, clock)
    done = work(live, kit, begin(live, kit, "warc", file_items(str(tmp_path / "empty.warc.gz"))), clock)
    (item,) = backfills.items(live, done.backfill_id)
    assert (done.state, item.state, item.detail) == ("done", "done", "an empty file")


def test_cc_news_is_found_through_its_lists_near_and_far(live, room, clock, tmp_path):
    base = tmp_path / "cc"
    month = base / "crawl-data/CC-NEWS/2026/02"
    month.mkdir(parents=True)
    names = [f"crawl-data/CC-NEWS/2026/02/CC-NEWS-202602{day:02}081500-000{day:02}.warc.gz" for day in (6, 7, 8)]
    for at, name in enumerate(names):
        with warc(base / name) as record:
            record(f"https://www.example.org/news/of-{at}-x", story(at + 20))
    (month / "warc.paths.gz").write_bytes(gzip.compress("\n".join(names).encode()))
    span = {"from": "2026-02-07T00:00:00+00:00", "to": "2026-02-09T00:00:00+00:00"}
    kit = kit_for(tmp_path / "archive", clock)
    listed = NewItem(str(month / "warc.paths.gz"), "files")
    near = work(live, kit, begin(live, kit, "ccnews", [listed], base=str(base), **span), clock)
    assert (near.state, near.outcomes) == ("done", {"stored": 2})
    site = room.site("cc")
    for path in base.rglob("*.gz"):
        site.put(f"/{path.relative_to(base)}", Reply(path.read_bytes(), content_type="application/gzip"))
    far_list = NewItem(site.url("/crawl-data/CC-NEWS/2026/02/warc.paths.gz"), "files", f"127.0.0.1:{site.port}")
    far = work(live, kit, begin(live, kit, "ccnews", [far_list], base=site.origin, **span), clock)
    assert (far.state, far.outcomes) == ("done", {"known": 2})
    assert far.units == sum((base / name).stat().st_size for name in names[1:])


def test_a_warc_leaves_the_plans_of_live_visits_alone(live, room, clock, tmp_path):
    site = room.site("alpha")
    site.page("/news/quay.html", story(1).decode())
    kit = kit_for(tmp_path / "archive", clock)
    work(live, kit, begin(live, kit, "urls", page_items(site.url("/news/quay.html"))), clock)
    live.execute("UPDATE etl.pages SET next_visit_at = '2026-03-01T00:00:00Z'")
    with warc(tmp_path / "later.warc.gz") as record:
        record(site.url("/news/quay.html"), story(2), at=datetime(2026, 2, 20, tzinfo=UTC))
    done = work(live, kit, begin(live, kit, "warc", [file_item(str(tmp_path / "later.warc.gz"))]), clock)
    assert done.outcomes == {"changed": 1}
    assert live.execute("SELECT next_visit_at FROM etl.pages").fetchone() == (datetime(2026, 3, 1, tzinfo=UTC),)


def test_a_file_of_another_machine_waits_for_who_sees_it_and_says_so(live, clock, tmp_path):
    first, second = tmp_path / "late.warc.gz", tmp_path / "later.warc.gz"
    number = begin(live, kit_for(tmp_path, clock), "warc", file_items(str(first), str(second)))
    worker = replace(kit_for(tmp_path, clock), is_of_service=True)
    share = Share(live, worker, number)
    assert share.take() is False
    assert share.sees_nothing
    assert (share.new_wait, backfills.get(live, number).detail) == (None, None), "another may see it and be at it soon"
    clock.at += backfill_waits.STILL
    assert share.take() is False
    said = backfills.get(live, number).detail
    assert said == share.new_wait
    assert said.startswith(f"waits: no worker sees {first} and 1 more files;")
    assert f"resume {number} --run here" in said
    assert [(one.backfill_id, one.waits_for) for one in backfill_waits.standing(live, since=clock.at)] == [
        (number, said)
    ]
    assert share.take() is False
    assert share.new_wait is None, "it is said once"
    write_warc(first, articles=3)
    assert share.take() is True
    assert not share.sees_nothing
    assert backfills.get(live, number).detail is None
    write_warc(second, articles=4)
    done = work(live, worker, number, clock)
    assert (done.state, done.items_done, done.outcomes["stored"]) == ("done", 2, 4)


def test_files_that_are_not_seen_hide_none_that_is(live, clock, tmp_path):
    path = tmp_path / "seen.warc.gz"
    write_warc(path, articles=3)
    elsewhere = [str(tmp_path / f"elsewhere-{number}.warc.gz") for number in range(FILES_LOOKED_AT + 5)]
    number = begin(live, kit_for(tmp_path, clock), "warc", file_items(*elsewhere, str(path)))
    share = Share(live, replace(kit_for(tmp_path, clock), is_of_service=True), number)
    assert share.take() is True
    found = backfills.progress(live, number)
    assert (found.items_done, found.outcomes["stored"]) == (1, 3)
    clock.at += 2 * backfill_waits.STILL
    assert share.take() is False
    assert f"and {FILES_LOOKED_AT + 4} more files" in share.new_wait


def test_for_a_command_a_file_that_is_not_there_is_missing(live, clock, tmp_path):
    kit = kit_for(tmp_path, clock)
    done = work(live, kit, begin(live, kit, "warc", file_items(str(tmp_path / "never.warc.gz"))), clock)
    assert (done.items_done, done.items_failed) == (0, 1)
