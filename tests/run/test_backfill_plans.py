"""Plans of backfills in one line."""

from __future__ import annotations

import pytest

from etl.run.backfill_plans import asked_for

FROM, TO = "2026-02-01T00:00:00+00:00", "2026-03-01T06:30:00+00:00"


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        pytest.param(
            {"list": "a.csv", "urls": 12_345, "sha256": "x", "lines_left_out": 3}, "a.csv, 12,345 in it", id="a list"
        ),
        pytest.param({"list": "-", "urls": 1}, "standard input, 1 in it", id="a pipe"),
        pytest.param(
            {"to": TO, "from": FROM, "sitemap": "https://a.example/s.xml", "undated": True},
            "https://a.example/s.xml, undated, from 2026-02-01, before 2026-03-01T06:30:00+00:00",
            id="a sitemap",
        ),
        pytest.param({"files": [["/a.warc", 7]]}, "/a.warc", id="a file"),
        pytest.param({"files": [["/a.warc", 7], ["/b.warc", None], ["/c.warc", 1]]}, "/a.warc and 2 more", id="files"),
        pytest.param({"from": FROM, "to": FROM, "base": "/cc"}, "from 2026-02-01, before 2026-02-01", id="days"),
        pytest.param({"place": "example.org", "base": "https://w.example"}, "example.org", id="a site"),
        pytest.param(
            {"where": "lead IS NULL", "since_extractor": 2, "source": None, "stories": False, "extractor": 7},
            "where lead IS NULL, since extractor 2",
            id="captures read again",
        ),
        pytest.param({"head_sha256": "x"}, "", id="a load"),
    ],
)
def test_a_plan_says_of_what_it_is(plan, words):
    assert asked_for(plan) == words
