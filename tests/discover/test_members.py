"""etl.discover.members: the compressed members of a WARC file, and which of them hold one record and nothing else."""

import gzip

import pytest

from etl.discover.warc import WarcRecord, records
from tests.discover.test_warc import (
    PAGE,
    Pipe,
    gzipped,
    gzipped_in_blocks,
    gzipped_whole,
    http,
    pages,
    plain,
    record,
    zstandard_frames,
)

LF = pages(1)[0].replace(b"\r\n", b"\n", 6)


@pytest.mark.parametrize(
    ("content", "members"),
    [
        pytest.param(gzipped(pages(3)), [gzipped([one]) for one in pages(3)], id="a member each"),
        pytest.param(gzipped_whole(pages(2)), [None, None], id="two in one"),
        pytest.param(
            gzipped([b"".join(pages(2)), *pages(1)]), [None, None, gzipped(pages(1))], id="two in one, and one"
        ),
        pytest.param(gzipped_in_blocks(pages(2)), [None, None], id="several members a record"),
        pytest.param(gzipped([pages(1)[0][:200], pages(1)[0][200:]]), [None], id="two members a record"),
        pytest.param(gzipped([b"\r\n" + pages(1)[0]]), [None], id="not from its beginning"),
        pytest.param(plain(pages(2)), [None, None], id="plain"),
        pytest.param(zstandard_frames(pages(2)), [None, None], id="zstd"),
        pytest.param(gzipped([record(0, http(PAGE), kind="request") + pages(1)[0]]), [None], id="behind its request"),
        pytest.param(gzipped([record(0, PAGE, kind="resource")]), [None], id="no answer"),
        pytest.param(gzipped([LF]), [None], id="lines without CR"),
        pytest.param(gzipped([record(0, http(PAGE), Via="a\r\n b")]), [None], id="a folded line"),
        pytest.param(gzipped([record(0, http(PAGE), Via="a\r\nvia: b")]), [None], id="a name twice"),
        pytest.param(gzipped([record(0, http(PAGE).replace(b"\r\n", b"\n"))]), [None], id="HTTP without CR"),
        pytest.param(gzipped([record(0, http(PAGE, status=" 200 OK"))]), [None], id="two spaces"),
        pytest.param(gzipped([record(0, http(PAGE, "Content-Encoding: gzip"))]), [None], id="a coding, undone"),
        pytest.param(gzipped([record(0, http(gzip.compress(PAGE), "Content-Encoding: gzip"))]), [None], id="a coding"),
        pytest.param(
            gzipped([record(0, http(b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"))]), [None], id="chunks"
        ),
    ],
)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_a_record_alone_in_its_member_brings_it_along(content: bytes, members: list[bytes | None], piece: int):
    found = list(records(Pipe(content, piece)))
    assert [one.member for one in found if isinstance(one, WarcRecord)] == members
