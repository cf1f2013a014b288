"""Lists of URLs as files: packed, from a spreadsheet, long, hostile; what is left out is told in few lines."""

from __future__ import annotations

import gzip

import pytest

from etl.cli.url_lists import REMARKS_SHOWN, read_list
from etl.errors import Misconfigured

ROWS = "title;url\r\nÖl;https://a.example/1\r\nno url;\r\nagain;https://a.example/1?utm_source=x\r\n"


def written(tmp_path, content: bytes) -> str:
    path = tmp_path / "list"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(ROWS.encode(), id="plain"),
        pytest.param(ROWS.replace("\r\n", "\r").encode(), id="lines of an old Mac"),
        pytest.param(gzip.compress(ROWS.encode()), id="gzip"),
        pytest.param(b"\xef\xbb\xbf" + ROWS.encode(), id="UTF-8 with a mark"),
        pytest.param(ROWS.encode("utf-16"), id="what a spreadsheet calls Unicode"),
        pytest.param(gzip.compress(ROWS.encode("utf-16")), id="that, packed"),
    ],
)
def test_a_list_is_the_same_however_it_was_saved(content, tmp_path):
    found = read_list(written(tmp_path, content), form=None)
    assert [item.item for item in found.items] == ["https://a.example/1"]
    assert found.remarks == [
        "line 3: nothing in column 2: no url;",
        "line 4: repeats line 2: https://a.example/1?utm_source=x",
    ]


def test_what_is_left_out_of_a_long_list_is_told_in_few_lines(tmp_path, capsys):
    lines = (f"https://a.example/{number}\nword {number}\n{{\nhttps://a.example/1\n" for number in range(1, 2_001))
    found = read_list(written(tmp_path, "".join(lines).encode()), form="text")
    assert len(found.items) == 2_000
    assert len(found.remarks) == 6_000
    found.tell()
    told = capsys.readouterr().err.splitlines()
    assert told[: REMARKS_SHOWN + 1 : 3] == [
        f"line {number * 4 + 2}: no http:// or https:// address: word {number + 1}" for number in range(7)
    ]
    assert told[REMARKS_SHOWN:] == [
        "… 6,000 lines are left out in all (no http:// or https:// address: 4,000; repeats another: 2,000); "
        "--dry-run --json names each."
    ]


def test_a_list_does_not_steer_the_terminal_and_one_endless_line_is_one(tmp_path):
    content = b"\x1b]0;owned\x07word\n" + b"x" * 33_000_000 + b"\nhttps://a.example/1\n"
    found = read_list(written(tmp_path, content), form=None)
    assert [item.item for item in found.items] == ["https://a.example/1"]
    assert found.remarks[0] == "line 1: no http:// or https:// address:  ]0;owned word"
    assert [remark[:7] for remark in found.remarks] == ["line 1:", "line 2:"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(gzip.compress(ROWS.encode() * 9)[:-20], "Compressed file ended", id="cut off"),
        pytest.param(gzip.compress(ROWS.encode())[:10] + b"\x07" * 40, "Error -3", id="broken"),
    ],
)
def test_a_packed_list_that_is_broken_is_a_mistake_not_a_crash(content, reason, tmp_path):
    with pytest.raises(Misconfigured, match=reason):
        read_list(written(tmp_path, content), form=None)
