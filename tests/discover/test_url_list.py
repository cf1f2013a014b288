"""Lists of URLs: what is seen in each form, and junk named with its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.discover.url_list import Junk, ListedUrl, read_urls

A, B = "https://a.example/1", "http://b.example/2?x=1,2"
COMMAS = "http://a.example/0,1518,1.html"


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
        pytest.param(f'[{{"url": "{A}"}}, "{B}", 7]\n', [(1, A), (1, B), (1, None)], id="a JSON array in one line"),
        pytest.param(f'[\n  "{A}",\n  {{"url":"{B}"}}\n]\n', [(2, A), (3, B)], id="a JSON array in many lines"),
        pytest.param(
            f"Wanted, 2024\n{COMMAS}\n{B}\n",
            [(1, None), (2, COMMAS), (3, B)],
            id="words with a comma, then URLs with commas",
        ),
        pytest.param(f"url\n{COMMAS}\n{B}\n", [(2, COMMAS), (3, B)], id="one column of URLs with commas"),
        pytest.param(f'id, link, n\n1, "{B}", 2\n', [(2, B)], id="a space behind the commas"),
        pytest.param(f"id,site\n1,{A}\nOwl\n", [(2, A), (3, None)], id="a header that names no URL"),
        pytest.param("id,name\n1,x\n2,y\n", [(1, None), (2, None), (3, None)], id="a table without any URL"),
        pytest.param(
            f"url,title\n{COMMAS},Owl\n{A},Quay, opened\n{A}2,Owl,\n",
            [(2, None), (3, A), (4, f"{A}2")],
            id="a URL with commas, torn apart, is not taken for its beginning",
        ),
        pytest.param(
            f'title,url\n"open,{A}\nQuay,{A}2\n"Owl ""x"", y",{A}3\n' + f"z,{A}4\n" * 3,
            [(2, None), (3, f"{A}2"), (4, f"{A}3"), (5, f"{A}4"), (6, f"{A}4"), (7, f"{A}4")],
            id="a quote that is never closed takes one line with it",
        ),
        pytest.param(
            f'title,url\n"open,{A}\n' + f"z,{A}4\n" * 9_000,
            [(2, None), *((number, f"{A}4") for number in range(3, 9_003))],
            id="and no more where it is longer than a field may be",
        ),
        pytest.param(f"{A}{'a' * 200_000}\n{A}\n", [(1, None), (2, A)], id="a line without end"),
        pytest.param(f"url,n\n{'a' * 200_000},1\n{A},2\n", [(2, None), (3, A)], id="a cell without end"),
        pytest.param("", [], id="empty"),
        pytest.param("# only words\n", [], id="only comments"),
    ],
)
def test_a_list_is_read_in_the_form_it_has(text, found):
    assert read(text) == found


def test_the_form_can_be_told():
    assert read(f"{A},x\n", form="csv") == [(1, A)]
    assert read(f"{A},x\n", form="text") == [(1, f"{A},x")]


@given(st.text(st.one_of(st.characters(), st.sampled_from('\n\r",;[{ ')), max_size=300))
def test_nothing_is_raised_and_no_line_is_named_twice(text):
    found = list(read_urls(text.split("\n")))  # Other ends of lines are a part of the line.
    lines = [one.line for one in found if not text.split("\n")[one.line - 1].lstrip("\ufeff ").startswith("[")]
    assert lines == sorted(set(lines))
    assert all(isinstance(one, Junk) or one.url.lower().startswith("http") for one in found)


@given(st.lists(st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9,;]{1,20}", fullmatch=True), min_size=1, max_size=9))
def test_every_form_gives_the_same_urls(urls):
    as_json = "\n".join(json.dumps({"url": url}) for url in urls)
    as_csv = "url,n\n" + "\n".join(f'"{url}",{number}' for number, url in enumerate(urls))
    as_array = json.dumps([{"url": url} for url in urls])
    for text in (as_json, as_csv, as_array):
        assert [url for _, url in read(text)] == urls
