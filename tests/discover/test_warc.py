"""etl.discover.warc: every page of any producer's file, and the place of everything that cannot be read."""

import gzip
import hashlib
import io
import os
import random
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from etl.discover.warc import BrokenRecord, WarcRecord, records

PAGE = "<html><body><p>Une page é</p></body></html>".encode()
AT = "2023-02-07T08:15:00Z"


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    number: int, block: bytes, *, kind: str = "response", drop: str = "", length: int | None = None, **more: str
) -> bytes:
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{number}>",
        "WARC-Target-URI": f"https://example.org/{number}",
        "WARC-Date": AT,
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block) if length is None else length),
    }
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if name != drop)
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def pages(count: int) -> list[bytes]:
    return [record(number, http(PAGE + str(number).encode())) for number in range(count)]


def plain(parts: list[bytes]) -> bytes:
    return b"".join(parts)


def gzipped(parts: list[bytes]) -> bytes:
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def gzipped_whole(parts: list[bytes]) -> bytes:
    return gzip.compress(b"".join(parts), mtime=0)


def gzipped_in_blocks(parts: list[bytes]) -> bytes:
    whole = b"".join(parts)
    return b"".join(gzip.compress(whole[at : at + 97], mtime=0) for at in range(0, len(whole), 97))


def zstandard_frames(parts: list[bytes]) -> bytes:
    return b"".join(zstandard.ZstdCompressor(write_checksum=True).compress(part) for part in parts)


def zstandard_with_dictionary(parts: list[bytes]) -> bytes:
    dictionary = zstandard.ZstdCompressionDict(b"".join(parts)[:2000] * 4, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    content = zstandard.ZstdCompressor().compress(dictionary.as_bytes())
    frame = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    compressor = zstandard.ZstdCompressor(dict_data=dictionary)
    return frame + b"".join(compressor.compress(part) for part in parts)


PACKINGS = [plain, gzipped, gzipped_whole, gzipped_in_blocks, zstandard_frames, zstandard_with_dictionary]
RESTARTABLE = [plain, gzipped, zstandard_frames, zstandard_with_dictionary]


class Pipe(io.RawIOBase):
    """A stream that cannot seek, and gives a few bytes at a time: a socket."""

    def __init__(self, content: bytes, piece: int) -> None:
        self._content = io.BytesIO(content)
        self._piece = piece

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._content.read(self._piece if size < 0 else min(size, self._piece))


def read(content: bytes, **options: int) -> list[WarcRecord | BrokenRecord]:
    return list(records(io.BytesIO(content), **options))


def bodies(found: list[WarcRecord | BrokenRecord]) -> list[bytes]:
    return [one.body for one in found if isinstance(one, WarcRecord)]


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("piece", [1, 3, 100_000])
def test_every_packing_gives_the_same_pages(pack, piece: int):
    found = list(records(Pipe(pack(pages(7)), piece)))
    assert bodies(found) == [PAGE + str(number).encode() for number in range(7)]
    assert [one.url for one in found] == [f"https://example.org/{number}" for number in range(7)]


@pytest.mark.parametrize("pack", RESTARTABLE)
def test_reading_begins_again_at_any_place_it_gave(pack):
    content = pack(pages(7))
    found = read(content)
    for number, one in enumerate(found):
        assert bodies(read(content, start=one.offset)) == bodies(found[number:])
        assert bodies(read(content, start=one.end)) == bodies(found[number + 1 :])
        if pack is not zstandard_with_dictionary:  # Its dictionary stands in front, which a pipe has passed.
            assert bodies(list(records(Pipe(content, 11), start=one.end))) == bodies(found[number + 1 :])


def test_a_broken_dictionary_is_no_reason_to_raise():
    content = zstandard_with_dictionary(pages(3))
    broken = content[:12] + b"\xff" * 8 + content[20:]
    for start in (0, 9, len(content) - 50):
        assert not bodies(read(broken, start=start))


def test_one_member_for_all_records_has_one_place():
    found = read(gzipped_whole(pages(3)))
    assert [one.offset for one in found] == [0, 0, 0]
    assert [one.end for one in found][:2] == [0, 0]


def test_a_record_says_all_that_was_kept():
    digest = "sha1:" + "A" * 32
    (found,) = read(
        gzipped(
            [
                record(
                    1,
                    http(PAGE, "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Folded: one", " two", status="404 Not Found"),
                    WARC_Payload_Digest=digest,
                    WARC_Truncated="length",
                    WARC_Date="2023-02-07T08:15:00.123456Z",
                )
            ]
        )
    )
    assert isinstance(found, WarcRecord)
    assert (found.kind, found.status, found.body) == ("response", 404, PAGE)
    assert found.fetched_at == datetime(2023, 2, 7, 8, 15, 0, 123456, tzinfo=UTC)
    assert found.headers["set-cookie"] == "a=1, b=2"
    assert found.headers["x-folded"] == "one two"
    assert (found.payload_digest, found.truncated, found.record_id) == (digest, "length", "<urn:uuid:1>")


@pytest.mark.parametrize(
    ("block", "body", "truncated"),
    [
        pytest.param(http(gzip.compress(PAGE), "Content-Encoding: gzip"), PAGE, None, id="gzip"),
        pytest.param(http(PAGE, "Content-Encoding: gzip"), PAGE, None, id="gzip by its name only"),
        pytest.param(http(zlib.compress(PAGE), "Content-Encoding: deflate"), PAGE, None, id="deflate"),
        pytest.param(http(zlib.compress(PAGE)[2:-4], "Content-Encoding: deflate"), PAGE, None, id="bare deflate"),
        pytest.param(http(brotli.compress(PAGE), "Content-Encoding: br"), PAGE, None, id="brotli"),
        pytest.param(
            http(zstandard.ZstdCompressor().compress(PAGE), "Content-Encoding: zstd"), PAGE, None, id="zstandard"
        ),
        pytest.param(
            http(gzip.compress(brotli.compress(PAGE)), "Content-Encoding: br, gzip"), PAGE, None, id="two codings"
        ),
        pytest.param(http(PAGE, "Content-Encoding: x-own"), PAGE, None, id="unknown coding"),
        pytest.param(http(b"", "Content-Encoding: gzip"), b"", None, id="empty"),
        pytest.param(
            http(b"4\r\nUne \r\n3;x=y\r\nfin\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
            b"Une fin",
            None,
            id="chunked",
        ),
        pytest.param(http(PAGE, "Transfer-Encoding: chunked"), PAGE, None, id="chunked by its name only"),
        pytest.param(
            http(b"5\r\nhello, world\r\n", "Transfer-Encoding: chunked"),
            b"5\r\nhello, world\r\n",
            None,
            id="a text that begins like a chunk",
        ),
        pytest.param(
            http(b"4\r\nUne \r\nff\r\nfi", "Transfer-Encoding: chunked"), b"Une fi", "payload", id="chunked, cut"
        ),
        pytest.param(
            http(gzip.compress(PAGE * 50)[:60], "Content-Encoding: gzip"),
            zlib.decompressobj(31).decompress(gzip.compress(PAGE * 50)[:60]),
            "payload",
            id="gzip, cut",
        ),
        pytest.param(b"HTTP/1.0 200\nA: b\n\n" + PAGE, PAGE, None, id="bare line feeds and no reason"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"", None, id="no headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b", b"", None, id="headers without an end"),
    ],
)
def test_the_body_is_what_a_browser_would_hold(block: bytes, body: bytes, truncated: str | None):
    (found,) = read(gzipped([record(1, block)]))
    assert isinstance(found, WarcRecord)
    assert (found.body, found.truncated) == (body, truncated)


def test_only_what_can_hold_a_page_comes_out():
    found = read(
        gzipped(
            [
                record(0, b"software: x\r\n", kind="warcinfo"),
                record(1, b"GET / HTTP/1.1\r\n\r\n", kind="request"),
                record(2, PAGE, kind="resource", Content_Type="text/html"),
                record(3, b"a: b\r\n", kind="metadata"),
                record(
                    4,
                    http(b""),
                    kind="revisit",
                    WARC_Refers_To_Target_URI="https://example.org/1",
                    WARC_Refers_To_Date=AT,
                    WARC_Refers_To="<urn:uuid:1>",
                ),
                record(5, b"", kind="revisit"),
                record(6, b"20230207 1.2.3.4", kind="response", WARC_Target_URI="dns:example.org"),
                record(7, http(PAGE), WARC_Target_URI="<https://example.org/a b>"),
            ]
        )
    )
    assert [(one.kind, one.url) for one in found if isinstance(one, WarcRecord)] == [
        ("resource", "https://example.org/2"),
        ("revisit", "https://example.org/4"),
        ("revisit", "https://example.org/5"),
        ("response", "https://example.org/a%20b"),
    ]
    resource, revisit, bare, _ = found
    assert isinstance(resource, WarcRecord)
    assert isinstance(revisit, WarcRecord)
    assert isinstance(bare, WarcRecord)
    assert (resource.status, resource.headers, resource.body) == (200, {"content-type": "text/html"}, PAGE)
    assert (revisit.refers_to_url, revisit.refers_to) == ("https://example.org/1", "<urn:uuid:1>")
    assert revisit.refers_to_at == datetime(2023, 2, 7, 8, 15, tzinfo=UTC)
    assert (bare.status, bare.body) == (304, b"")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(record(9, http(PAGE), drop="Content-Length"), "Content-Length", id="no length"),
        pytest.param(record(9, http(PAGE), Content_Length="-5"), "Content-Length", id="length below zero"),
        pytest.param(record(9, http(PAGE), Content_Length="٣"), "Content-Length", id="length in other digits"),
        pytest.param(record(9, http(PAGE), drop="WARC-Target-URI"), "WARC-Target-URI", id="no address"),
        pytest.param(record(9, http(PAGE), WARC_Date="yesterday"), "WARC-Date", id="no date"),
        pytest.param(record(9, PAGE), "no HTTP answer", id="no HTTP inside"),
        pytest.param(record(9, http(PAGE)).replace(b"WARC/1.0", b"WORC/1.0", 1), "no WARC record", id="another word"),
        pytest.param(record(9, http(PAGE), length=10), "goes on after", id="length too short"),
        pytest.param(b"WARC/1.0\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "header line", id="endless header line"),
        pytest.param(b"WARC/1.0\r\n" + b"X: y\r\n" * 70_000 + b"\r\n", "headers of more", id="endless headers"),
    ],
)
@pytest.mark.parametrize("pack", [plain, gzipped, zstandard_frames])
def test_a_broken_record_is_named_and_the_next_is_read(pack, bad: bytes, reason: str):
    first, last = pages(2)
    found = read(pack([first, bad, last]))
    assert bodies(found) == [PAGE + b"0", PAGE + b"1"]
    (broken,) = (one for one in found if isinstance(one, BrokenRecord))
    assert reason in broken.reason
    assert broken.offset == len(pack([first]))


@pytest.mark.parametrize("pack", [gzipped, zstandard_frames])
def test_damaged_compression_costs_one_record(pack):
    parts = [record(number, http(os.urandom(3000))) for number in range(5)]
    members = [bytearray(pack([part])) for part in parts]
    members[2][1500:1510] = b"\xff" * 10
    found = read(b"".join(members))
    assert len(bodies(found)) == 4
    assert [one.offset for one in found if isinstance(one, BrokenRecord)] == [len(members[0]) + len(members[1])]


@pytest.mark.parametrize("pack", [plain, gzipped, zstandard_frames])
@pytest.mark.parametrize("rest", ["nothing", "more records"])
def test_a_torn_record_is_named_and_what_was_appended_is_read(pack, rest: str):
    first, torn, last = (pack([record(number, http(os.urandom(2000)))]) for number in range(3))
    content = first + torn[:1000] + (last if rest == "more records" else b"")
    found = read(content)
    assert len(bodies(found)) == (2 if rest == "more records" else 1)
    assert [one.offset for one in found if isinstance(one, BrokenRecord)] == [len(first)]
    assert [type(one).__name__ for one in found][:2] == ["WarcRecord", "BrokenRecord"]


def test_what_is_no_warc_file_is_named_once():
    assert read(b"") == []
    for content in (b"PK\x03\x04 a zip file", PAGE * 1000, os.urandom(100_000)):
        found = read(content)
        assert found
        assert all(isinstance(one, BrokenRecord) for one in found)
        assert found[0].offset == 0


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(http(gzip.compress(b"\0" * 50_000_000), "Content-Encoding: gzip"), id="gzip"),
        pytest.param(http(brotli.compress(b"\0" * 50_000_000, quality=1), "Content-Encoding: br"), id="brotli"),
        pytest.param(
            http(zstandard.ZstdCompressor().compress(b"\0" * 50_000_000), "Content-Encoding: zstd"), id="zstandard"
        ),
        pytest.param(http(b"\0" * 1_500_000), id="not compressed at all"),
    ],
)
@pytest.mark.parametrize("pack", [plain, gzipped, zstandard_frames])
def test_a_bomb_is_named_and_never_held(pack, block: bytes):
    content = pack([record(0, block), *pages(2)[1:]])
    tracemalloc.start()
    found = read(content, body_max_bytes=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found[0], BrokenRecord)
    assert "more than 1,000,000 bytes" in found[0].reason
    assert bodies(found) == [PAGE + b"1"]
    assert peak < 45_000_000  # zstandard gives up to 32 MB for each kilobyte it is fed.


def test_a_record_beyond_the_limit_is_passed_over_without_holding_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("etl.discover.warc.RECORD_MAX_BYTES", 5_000_000)
    content = gzipped([record(0, http(b"\0" * 30_000_000)), *pages(2)[1:]])
    tracemalloc.start()
    found = read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found[0], BrokenRecord)
    assert bodies(found) == [PAGE + b"1"]
    assert peak < 8_000_000


def test_what_warcio_writes_is_read_as_warcio_reads_it():
    content = io.BytesIO()
    writer = WARCWriter(content, gzip=True)
    writer.write_record(writer.create_warcinfo_record("x.warc.gz", {"software": "test"}))
    for number in range(20):
        body = gzip.compress(hashlib.sha256(str(number).encode()).digest() * number)
        headers = StatusAndHeaders("200 OK", [("Content-Encoding", "gzip")], protocol="HTTP/1.1")
        url = f"https://example.org/{number}"
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=headers))
    expected = []
    iterator = ArchiveIterator(io.BytesIO(content.getvalue()))
    for one in iterator:
        if one.rec_type == "response":
            body = one.content_stream().read()  # Before the offset: asking for that reads the record to its end.
            expected.append((iterator.get_record_offset(), one.rec_headers["WARC-Target-URI"], body))
    assert [(one.offset, one.url, one.body) for one in read(content.getvalue())] == expected


SEEDS = [pack(pages(4)) for pack in PACKINGS]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=4), st.floats(0, 1))
def test_any_damage_ends_in_records_and_named_places(content: bytes, edits: list[tuple[float, bytes]], cut: float):
    mutated = bytearray(content)
    for where, new in edits:
        at = int(where * len(mutated))
        mutated[at : at + len(new)] = new
    mutated = mutated[: int(cut * len(mutated)) + 1]
    for one in records(io.BytesIO(bytes(mutated))):
        assert 0 <= one.offset <= len(mutated)
        assert isinstance(one, WarcRecord) or one.reason


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 500))
def test_any_bytes_from_any_place_are_read_without_an_exception(content: bytes, start: int):
    for prefix in (b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"):
        list(records(io.BytesIO(prefix + content), start=start))


def test_damage_is_found_in_linear_time():
    generator = random.Random(7)
    noise = generator.randbytes(3_000_000)
    content = gzipped(pages(1)) + noise + gzipped(pages(1)) + b"\x1f\x8b\x08\x00" * 20_000 + gzipped(pages(1))
    found = read(content)
    assert len(bodies(found)) == 3


@pytest.mark.corpus
def test_the_corpus_file_is_read_whole():
    folder = Path(os.environ.get("NEWS_ETL_SHARED") or Path(__file__).resolve().parents[2] / ".." / "shared")
    path = folder / "corpus" / "news.warc.gz"
    if not path.exists():
        pytest.skip(f"the measuring corpus is not at {folder}")
    with path.open("rb") as stream:
        found = list(records(stream))
    assert (len(found), sum(isinstance(one, BrokenRecord) for one in found)) == (139, 0)
