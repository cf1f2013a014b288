"""Lists of URLs: what is seen in each form, and junk named with its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.discover.url_list import Junk, ListedUrl, read_urls

A, B = "https://a.example/1", "http://b.example/2?x=1,2"


def read(text: str, **kinds):
    return [
        (one.line, one.url) if isinstance(one, ListedUrl) else (one.line, None)
        for one in read_urls(text.splitlines(keepends=True), **kinds)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(f"# mine\n\n{A}\n  {B}  \n", [(3, A), (4, B)], id="one a line, comments and blanks"),
        pytest.param(f"\ufeff{A}\r\n{B}\r\n", [(1, A), (2, B)], id="byte order mark and CRLF"),
        pytest.param(
            f"{A}\nnot one\nwww.example.org/x\nhttp://[bad\nftp://x.example/\n",
            [(1, A), *((n, None) for n in range(2, 6))],
            id="junk",
        ),
        pytest.param(
            "http://a.example/0,1518,druck-1,00.html\n",
            [(1, "http://a.example/0,1518,druck-1,00.html")],
            id="commas in a URL",
        ),
        pytest.param(f"title,url\nQuay,{A}\nOwl,\n", [(2, A), (3, None)], id="CSV with a header"),
        pytest.param(f'1;{A};"x\ny"\n2;{B};z\n', [(1, A), (3, B)], id="CSV without, a field over two lines"),
        pytest.param(
            f'{A},"Quay, opened"\n{B},Owl\n'.replace("?x=1,2", ""), [(1, A), (2, "http://b.example/2")], id="URL first"
        ),
        pytest.param(
            f'{{"id": 1, "url": "{A}"}}\n{{"link": "{B}"}}\n{{broken\n{{"title": "x"}}\n',
            [(1, A), (2, B), (3, None), (4, None)],
            id="JSON lines",
        ),
        pytest.param(f'"{A}"\n"{B}"\n', [(1, A), (2, B)], id="JSON strings"),
        pytest.param("", [], id="empty"),
        pytest.param("# only words\n", [], id="only comments"),
    ],
)
def test_a_list_is_read_in_the_form_it_has(text, found):
    assert read(text) == found


def test_the_form_can_be_told():
    assert read(f"{A},x\n", form="csv") == [(1, A)]
    assert read(f"{A},x\n", form="text") == [(1, f"{A},x")]


@given(st.text(max_size=300))
def test_nothing_is_raised_and_no_line_is_named_twice(text):
    found = list(read_urls(text.splitlines(keepends=True)))
    lines = [one.line for one in found]
    assert lines == sorted(set(lines))
    assert all(isinstance(one, Junk) or one.url.lower().startswith("http") for one in found)


@given(st.lists(st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9,;]{1,20}", fullmatch=True), min_size=1, max_size=9))
def test_every_form_gives_the_same_urls(urls):
    as_json = "\n".join(json.dumps({"url": url}) for url in urls)
    as_csv = "url,n\n" + "\n".join(f'"{url}",{number}' for number, url in enumerate(urls))
    for text in (as_json, as_csv):
        assert [url for _, url in read(text)] == urls
