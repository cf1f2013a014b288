"""The plan of a backfill from lists, against what it then asks for."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from newsroom import Newsroom, Reply

from etl.store import backfills
from etl.store.backfill_items import NewItem
from tests.cli.program import beside_a_press, run
from tests.cli.test_backfill import story

XML = "application/xml"


@pytest.fixture
def site():
    with Newsroom() as room:
        site = room.site("paper")
        for number in range(5):
            site.page(f"/news/report-{number}.html", story(number).decode())
        yield site


@pytest.fixture
def env(dsn, tmp_path):
    return beside_a_press(dsn, tmp_path, NEWS_ETL_WORKERS="1")


def index(site, path: str, *children: str) -> None:
    named = "".join(f"<sitemap><loc>{site.url(child)}</loc></sitemap>" for child in children)
    site.put(path, Reply(f"<sitemapindex>{named}</sitemapindex>".encode(), content_type=XML))


def sitemap(site, path: str, *entries: tuple[int, str]) -> None:
    named = "".join(
        f"<url><loc>{site.url(f'/news/report-{number}.html')}</loc><lastmod>{day}</lastmod></url>"
        for number, day in entries
    )
    site.put(path, Reply(f"<urlset>{named}<url/></urlset>".encode(), content_type=XML))


def test_what_several_lists_name_is_planned_once_and_the_lists_belong_to_the_cost(env, site):
    index(site, "/index.xml", "/a.xml", "/index.xml", "/more.xml", "/lost.xml", "/sitemap-2019-05.xml")
    index(site, "/more.xml", "/a.xml", "/b.xml")
    sitemap(site, "/a.xml", (0, "2026-02-01"), (1, "2026-02-28T23:30:00-05:00"), (2, "2026-02-03"))
    sitemap(site, "/b.xml", (2, "2026-02-03"), (3, "no date"), (4, "2026-02-28T23:59:59Z"))
    asked = ("backfill", "sitemap", site.url("/index.xml"), "--from", "2026-02-01", "--to", "2026-02-28")
    planned = run(*asked, "--dry-run", "--json", env=env)
    assert planned.returncode == 4, "a list cannot be had: so it would end"
    plan = json.loads(planned.stdout)
    assert plan["parts"] == {"sitemap": 4, "page": 3}
    assert {name: plan["lists"][name] for name in ("named", "out_of_range", "undated", "duplicates")} == {
        "named": 6,
        "out_of_range": 1,
        "undated": 1,
        "duplicates": 1,
    }
    site.forget()
    done = run(*asked, env=env)
    assert done.returncode == 4, done.stderr
    paths = [request.path for request in site.asked()]
    assert len(paths) == len(set(paths)) == plan["requests"], paths
    left_out = "not in the range of days 1, without a date 1, sitemaps finished before the range 1."
    assert f"Left out of the 6 entries of its lists: {left_out}" in done.stdout
    shown = json.loads(run("backfill", "show", "1", "--json", env=env).stdout)
    assert (shown["lists"]["named"], shown["lists"]["undated"]) == (6, 1)


def test_files_are_planned_as_fast_as_the_last_ones_were_stored(dsn, env, tmp_path):
    begun = datetime(2026, 2, 7, 8, tzinfo=UTC)
    with psycopg.connect(dsn) as conn:
        for number, seconds in enumerate((5, 10, 100)):
            job, _ = backfills.begin(
                conn, "warc", {"n": number}, [NewItem("/a.warc", "file", size=20_000_000)], by="x", now=begun
            )
            backfills.move(conn, job.id, "running", now=begun)
            backfills.move(conn, job.id, "done", now=begun + timedelta(seconds=seconds))
    folder = tmp_path / "crawls" / "2019"
    folder.mkdir(parents=True)
    for name in ("b.warc", "a.warc.gz", "c.warc.zst", "d.warc.gz.open", "readme.txt"):
        (folder / name).write_bytes(bytes(2_000_000))
    shown = run("backfill", "warc", str(tmp_path / "crawls"), "--dry-run", env=env)
    assert "Files are taken to be stored at 2.0 MB a second, as those before." in shown.stdout
    assert "6.0 MB of files to read, about 3 s at the pace that we read." in shown.stdout
    plan = json.loads(run("backfill", "warc", str(tmp_path / "crawls"), "--dry-run", "--json", env=env).stdout)
    names = ["a.warc.gz", "b.warc", "c.warc.zst"]
    assert [file["file"] for file in plan["files"]] == [str((folder / name).resolve()) for name in names]
    assert (plan["file_bytes"], plan["takes_s"], plan["requests"]) == (6_000_000, 3.0, 0)
    pattern = str(tmp_path / "**" / "*.warc*")
    by_pattern = json.loads(run("backfill", "warc", pattern, "--dry-run", "--json", env=env).stdout)
    assert len(by_pattern["files"]) == 4, "a pattern takes what it names"
    empty = tmp_path / "none"
    empty.mkdir()
    for place, words in (
        (empty, "no WARC file (*.warc, *.warc.gz, *.warc.zst) is below"),
        ("x*.warc", "there is no file x*.warc"),
    ):
        refused = run("backfill", "warc", str(place), env=env)
        assert (refused.returncode, words in refused.stderr) == (3, True), refused.stderr


def test_a_copy_of_cc_news_is_found_from_any_folder(env, tmp_path):
    month = tmp_path / "cc" / "crawl-data" / "CC-NEWS" / "2026" / "02"
    month.mkdir(parents=True)
    name = "CC-NEWS-20260207081500-00001.warc.gz"
    (month / name).write_bytes(b"")
    (month / "warc.paths.gz").write_bytes(gzip.compress(f"crawl-data/CC-NEWS/2026/02/{name}\n".encode()))
    asked = ("backfill", "ccnews", "--from", "2026-02-07", "--to", "2026-02-07", "--dry-run", "--json")
    for base in ("cc", f"file://{tmp_path / 'cc'}"):
        planned = run(*asked, env={**env, "NEWS_ETL_CC_BASE": base}, cwd=tmp_path)
        assert [file["file"] for file in json.loads(planned.stdout)["files"]] == [str((month / name).resolve())]


def test_a_plan_without_anything_to_do_says_why_and_fails(env, tmp_path):
    planned = run(
        *("backfill", "ccnews", "--from", "2026-02-07", "--to", "2026-02-07", "--dry-run"),
        env={**env, "NEWS_ETL_CC_BASE": str(tmp_path)},
    )
    assert planned.returncode == 1
    assert "The plan: nothing to do." in planned.stdout
    assert "the list cannot be read (No such file or directory)" in planned.stdout.replace("\n", " ")
