"""Where one run of text ends and the next begins."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from extract.forms import compiled_form, pages, python_form
from hypothesis import example, given, settings

from etl.extract import document, runs


def texts_of(html: str) -> list[str]:
    return runs.read(document.parse(f"<body>{html}".encode(), url="https://paper.example/a")).texts


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        pytest.param("<p>One <b>bold</b> line</p><p>Another</p>", ["One bold line", "Another"], id="blocks"),
        pytest.param("<div>One<br>line</div>", ["One line"], id="one break is a space"),
        pytest.param("<div>One<br><br>Two</div>", ["One", "Two"], id="two breaks end a run"),
        pytest.param("<table><tr><td>A<td>1<td>2<tr><td>B<td>3</table>", ["A 1 2", "B 3"], id="a row of figures"),
        pytest.param(
            "<table><tr><td>A line.<br><br>B line.<td>C</table>", ["A line.", "B line. C"], id="lines of a cell"
        ),
        pytest.param("<nav>Menu</nav><p>Text</p><footer>Foot</footer>", ["Text"], id="menu and footer"),
        pytest.param(
            "<blockquote><p>Said</p><footer>Ada Hill</footer></blockquote>", ["Said", "Ada Hill"], id="who is quoted"
        ),
        pytest.param('<div><a href="/x">More</a></div><p><a href="/x">More</a></p>', ["More"], id="a bare link label"),
    ],
)
def test_runs_are_what_a_reader_sees_as_one(html: str, texts: list[str]) -> None:
    assert texts_of(html) == texts


def test_a_page_has_an_end() -> None:
    texts = texts_of("".join(f"<p>Word {number}</p>" for number in range(runs.RUNS_MAX + 5)))
    assert len(texts) == runs.RUNS_MAX
    assert texts[-1] == f"Word {runs.RUNS_MAX - 1}"


@settings(max_examples=200, deadline=None)
@given(pages)
@example(b"<table><tr><td>A<td>1<td><b>2</b><tr><td>B<td>" + b"3" * 130 + b"</table><br><br>x<br> <br>y<br><br>")
@example("<p>\u2003wide\u3000 \x1c spaces \xa0</p><p>a\n b</p><a href=x>1</a>".encode())
@example(b"<footer>a<blockquote>b<footer>c</footer></blockquote><footer>d</footer></footer>")
@example(b"")
def test_both_forms_read_the_same_runs(body: bytes) -> None:
    form, python = compiled_form("etl.extract._runs"), python_form("etl.extract.runs")
    doc = document.parse(body or b"<br>", url="https://paper.example/a")
    assert astuple(form.read(doc)) == astuple(python.read(doc))
