"""Which characters the bytes of a page stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import charset


def page(text: str, codec: str, head: str = "") -> bytes:
    return f"<html>{head}<p>{text}</p></html>".encode(codec)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        pytest.param(page("naïve", "utf-8"), "", "naïve", id="UTF-8 undeclared"),
        pytest.param(page("naïve", "utf-8"), "text/html; charset=iso-8859-1", "naïve", id="UTF-8 under a wrong header"),
        pytest.param(page("naïve", "utf-8", "<meta charset=latin1>"), "", "naïve", id="UTF-8 under a wrong meta"),
        pytest.param(page("naïve", "cp1252", "<meta charset=iso-8859-1>"), "", "naïve", id="Latin-1 declared"),
        pytest.param(page("“naïve”", "cp1252", "<meta charset=iso-8859-1>"), "", "“naïve”", id="Latin-1 means cp1252"),
        pytest.param(page("Привет", "cp1251"), "text/html; charset=windows-1251", "Привет", id="header"),
        pytest.param(
            page("Привет", "koi8_r", '<meta http-equiv=x content="text/html; charset=koi8-r">'),
            "",
            "Привет",
            id="http-equiv",
        ),
        pytest.param(page("日本語", "cp932", '<meta charset="Shift_JIS">'), "", "日本語", id="Shift JIS"),
        pytest.param(
            page("日本語", "iso2022_jp", '<meta charset="iso-2022-jp">'), "", "日本語", id="escape codes in ASCII"
        ),
        pytest.param(page("中文", "gb18030", "<meta charset=gb2312>"), "", "中文", id="gb2312 means gb18030"),
        pytest.param(page("한국어", "cp949", "<meta charset=euc-kr>"), "", "한국어", id="Korean"),
        pytest.param(
            b"\xef\xbb\xbf" + page("é", "utf-8"), "text/html; charset=latin1", "é", id="mark wins over header"
        ),
        pytest.param(b"\xff\xfe" + page("é中", "utf-16-le"), "", "é中", id="UTF-16 with mark"),
        pytest.param(page("é中 and enough words to see zeros", "utf-16-le"), "", "é中 and", id="UTF-16 without mark"),
        pytest.param(b'<html lang="ru"><p>' + "Привет".encode("cp1251"), "", "Привет", id="undeclared, by language"),
        pytest.param(b"<p>caf\xe9", "", "café", id="undeclared, last resort"),
        pytest.param(
            page("naïve " * 80, "utf-8", "<meta charset=utf-8>") + b"\xff", "", "naïve", id="a few broken bytes"
        ),
        pytest.param(page("é", "cp1252", "<meta charset=base64>"), "", "é", id="codecs that make no text"),
        pytest.param(page("é", "cp1252", "<meta charset=utf-16>"), "", "é", id="a readable declaration is not UTF-16"),
    ],
)
def test_bytes_are_read_as_their_writer_meant(body: bytes, content_type: str, text: str) -> None:
    assert text in charset.utf8(body, content_type=content_type).decode("utf-8")


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "charset=shift_jis", "charset=utf-7", "charset=hz", "charset=x-user", "charset=utf-16"]),
)
def test_what_comes_out_is_always_utf8(body: bytes, content_type: str) -> None:
    charset.utf8(body, content_type=content_type).decode("utf-8")


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), min_size=1, max_size=80)
)
def test_utf8_is_not_touched(text: str) -> None:
    body = f"<meta charset=windows-1251><p>é{text}".encode()
    assert charset.utf8(body) == body


PIECES = (
    b"charset",
    b"Charset",
    b"encoding",
    b"=",
    b" ",
    b'"',
    b"\n",
    b"utf-8",
    b"x",
    b".",
    b"charsetencoding",
    b"\xe9",
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))
def test_what_is_declared_is_found_as_by_the_pattern(text: bytes) -> None:
    assert list(charset._labels(text)) == [found[1] for found in charset._DECLARED.finditer(text)]
