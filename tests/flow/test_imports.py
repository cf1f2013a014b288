"""Records of somebody's WARC file become captures in our archive."""

from __future__ import annotations

import gzip
import io
import os
from datetime import UTC, datetime

import pytest
from warcio.archiveiterator import ArchiveIterator

from etl.discover import WarcRecord, records
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
    place = stored(conn, archive, record)
    assert place.file.startswith(f"{DAY.date()}/")
    kept = archive.read(place)
    assert (kept.body, kept.fetched_at) == (TEXT, OLD)


def stored(conn, archive, record) -> Place:
    """Import the record and return where it is kept."""
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
    return Place(*place)


NOISE = b"<!-- " + os.urandom(2_000).hex().encode() + b" -->"
"""Of which a compressed record keeps a kilobyte at least."""


@pytest.mark.parametrize(
    ("fields", "headers", "text", "is_as_it_came"),
    [
        pytest.param("", "", TEXT + NOISE, True, id="as ours would be"),
        pytest.param("", "ETag: a\r\nETag: b\r\n", TEXT + NOISE, True, id="a header twice"),
        pytest.param("WARC-Concurrent-To: <urn:uuid:8>\r\n", "", TEXT + NOISE, False, id="bound to another record"),
        pytest.param("WARC-Truncated: length\r\n", "", TEXT + NOISE, False, id="cut by its producer"),
        pytest.param("", "", TEXT, False, id="small"),
    ],
)
def test_a_record_is_kept_as_it_was_packed_where_ours_would_say_the_same(
    conn, archive, tmp_path, fields, headers, text, is_as_it_came
):
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{headers}\r\n".encode() + text
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:7>\r\nWARC-Target-URI: {URL}\r\n"
        f"WARC-Date: {OLD:%Y-%m-%dT%H:%M:%SZ}\r\n{fields}Content-Length: {len(http)}\r\n\r\n"
    )
    packed = gzip.compress(head.encode() + http + b"\r\n\r\n", 9)
    assert (len(packed) > 1_000) is (text is not TEXT)
    (record,) = records(io.BytesIO(packed))
    place = stored(conn, archive, record)
    archive.sync()
    kept = (tmp_path / "archive" / place.file).read_bytes()[place.offset : place.offset + place.length]
    assert (kept == packed) is is_as_it_came
    assert (archive.read(place).body, archive.read(place).fetched_at) == (text, OLD)
    with (tmp_path / "archive" / place.file).open("rb") as file:
        pages = [one.content_stream().read() for one in ArchiveIterator(file) if one.rec_type == "response"]
    assert pages == [text]
    archive.overwrite(place, at=DAY)
    erased = (tmp_path / "archive" / place.file).read_bytes()
    assert len(erased) == place.offset + place.length
    assert packed[40:] not in erased
    assert [seen.type for seen in archive.walk(place.file)] == ["warcinfo", "metadata"]
