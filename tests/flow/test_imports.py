"""Records of somebody's WARC file become captures in our archive."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.discover import WarcRecord
from etl.fetch.archive import Archive
from etl.flow.imports import import_records
from etl.flow.reading import read_capture
from etl.model import Place
from tests.flow.pages import DAY, page

OLD = datetime(2019, 3, 4, 5, 6, tzinfo=UTC)
URL = "https://www.example.org/news/ferry-quay-12345"
TEXT = page("Quay to be built in two parts")


@pytest.fixture
def archive(tmp_path):
    kept = Archive(tmp_path / "archive")
    yield kept
    kept.close()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no coding"),
        pytest.param({"content-encoding": "gzip"}, id="a coding that the producer has undone"),
        pytest.param({"transfer-encoding": "chunked", "content-length": "7"}, id="a length that is not the body's"),
    ],
)
def test_an_old_capture_is_kept_among_what_was_kept_today_and_can_be_read_again(conn, archive, headers):
    given = {"content-type": "text/html; charset=utf-8", **headers}
    record = WarcRecord(0, 10, "response", URL, OLD, 200, given, TEXT)
    ends = import_records(
        conn,
        [record],
        archive=archive,
        read=lambda pages: [read_capture(capture, body or b"") for capture, body in pages],
        now=DAY,
    )
    assert [end.outcome for end in ends] == ["stored"]
    ((fetched_at, *place),) = conn.execute(
        "SELECT fetched_at, archive_file, archive_offset, archive_length FROM etl.captures"
    ).fetchall()
    assert fetched_at == OLD
    assert place[0].startswith(f"{DAY.date()}/")
    kept = archive.read(Place(*place))
    assert (kept.body, kept.fetched_at) == (TEXT, OLD)
