"""Where one run of text ends and the next begins."""

from __future__ import annotations

import pytest

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
        pytest.param("<nav>Menu</nav><p>Text</p><footer>Foot</footer>", ["Text"], id="menu and footer"),
        pytest.param('<div><a href="/x">More</a></div><p><a href="/x">More</a></p>', ["More"], id="a bare link label"),
    ],
)
def test_runs_are_what_a_reader_sees_as_one(html: str, texts: list[str]) -> None:
    assert texts_of(html) == texts


def test_a_page_has_an_end() -> None:
    texts = texts_of("".join(f"<p>Word {number}</p>" for number in range(runs.RUNS_MAX + 5)))
    assert len(texts) == runs.RUNS_MAX
    assert texts[-1] == f"Word {runs.RUNS_MAX - 1}"
