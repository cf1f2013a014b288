"""Texts that wait in a script for JavaScript to print them."""

from __future__ import annotations

import json

import pytest

from etl.extract import document, hydration

PARAGRAPH = "The council has voted, after two hours of debate, to keep the night ferry running through the winter. "
HTML = "".join(f"<p>{PARAGRAPH}{number}</p>" for number in range(4))


def texts_of(script: str) -> list[str]:
    doc = document.parse(f"<div id=app></div><script>{script}</script>".encode(), url="https://paper.example/a")
    return [block.text for block in hydration.read(doc)]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(f"window.state={json.dumps({'body': HTML})}", id="HTML inside JSON"),
        pytest.param(
            f"self.push([1,{json.dumps(json.dumps({'body': HTML}).replace('<', chr(92) + 'u003c'))}])",
            id="escaped twice",
        ),
        pytest.param(f"var a='it\\'s';b={json.dumps(HTML)};c=\"never closed", id="before a string that nobody closes"),
    ],
)
def test_the_text_of_a_script_is_read(script: str) -> None:
    assert texts_of(script) == [f"{PARAGRAPH}{number}" for number in range(4)]


def test_escaped_quotes_that_nobody_closes_are_read_once() -> None:
    """Each was tried as the beginning of a string: 140 KB took 2 s, and 1.6 MB would take minutes."""
    assert texts_of('x="<p>' + '\\"' * 800_000) == []
