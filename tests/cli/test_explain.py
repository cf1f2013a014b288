"""`explain --against`: the candidates, and why each was taken or not."""

from __future__ import annotations

import json

import psycopg
import pytest

from etl.flow.settle import settle
from tests.cli.program import environment, run
from tests.flow.pages import DAY, SENTENCES, page, reading
from tests.flow.test_settle import OTHER

QUAY = "https://www.example.org/news/ferry-quay-12345"
TEMPLATE = tuple(text.replace("Four of the nine", "Six of the twelve").replace("4.2", "7.9") for text in SENTENCES[:3])


@pytest.fixture
def stored(dsn):
    """Three articles: a report, the beginning of it with other figures about another place, and something else."""
    with psycopg.connect(dsn) as conn:
        given = [
            reading(QUAY, page("Quay to be built in two parts")),
            reading(
                "https://www.example.org/news/other-quay-777", page("No quay for the north shore", (*TEMPLATE, *OTHER))
            ),
            reading("https://www.example.com/owl-in-the-tower", page("Owl in the tower", OTHER)),
        ]
        return [one.article_id for one in settle(conn, given, now=DAY)]


def explained(dsn, tmp_path, body, url, *arguments):
    path = tmp_path / "page.html"
    path.write_bytes(body)
    env = environment(NEWS_ETL_DATABASE_URL=dsn, NEWS_ETL_DATA_DIR=str(tmp_path / "data"))
    return run("explain", str(path), "--url", url, "--fetched-at", DAY.isoformat(), *arguments, env=env)


@pytest.mark.parametrize("by_name", [True, False], ids=["here", "by its URL"])
def test_each_candidate_comes_with_its_reason(dsn, tmp_path, stored, by_name):
    body = page("New quay comes in two parts", SENTENCES[:-1])
    where = "https://news.example.net/quay"
    as_url = psycopg.conninfo.conninfo_to_dict(dsn)
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**as_url)
    done = explained(dsn, tmp_path, body, where, "--against", "here" if by_name else url, "--json")
    assert done.returncode == 0, done.stderr
    against = json.loads(done.stdout)["against"]
    assert (against["verdict"], against["copy_of"], against["own_article_id"]) == ("copy", stored[0], None)
    taken = [one for one in against["candidates"] if one["taken"]]
    assert [one["url"] for one in taken] == [QUAY]
    assert "share" in taken[0]["reason"]
    left = {one["article_id"]: one for one in against["candidates"] if not one["taken"]}
    assert set(left) == {stored[1]}
    assert left[stored[1]]["reason"].startswith("no copy (")
    assert left[stored[1]]["points"] < 0 < taken[0]["points"]


def test_a_page_is_no_candidate_for_itself_and_nothing_is_written(dsn, tmp_path, stored):
    done = explained(dsn, tmp_path, page("Quay to be built in two parts"), QUAY, "--against", "here", "--json")
    against = json.loads(done.stdout)["against"]
    assert against["own_article_id"] == stored[0]
    assert against["verdict"] == "new"
    assert stored[0] not in [one["article_id"] for one in against["candidates"]]
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*), (SELECT count(*) FROM etl.captures) FROM etl.pages").fetchone() == (3, 3)


def test_a_person_reads_a_table(dsn, tmp_path, stored):
    body = page("New quay comes in two parts", SENTENCES[:-1])
    done = explained(dsn, tmp_path, body, "https://news.example.net/quay", "--against", "here")
    assert f"a copy of article {stored[0]}" in done.stdout
    assert "no copy (" in done.stdout


def test_what_is_no_database_is_refused_in_one_sentence(dsn, tmp_path):
    done = explained(dsn, tmp_path, page("Quay"), QUAY, "--against", "mydb")
    assert done.returncode == 3
    assert "postgresql://" in done.stderr
    assert "Traceback" not in done.stderr
