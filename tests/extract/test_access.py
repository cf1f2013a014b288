"""Free, metered or paid: what the page declares, then the marks of a wall around a short text."""

from __future__ import annotations

import pytest

from etl.extract import access, document, structured


def read(head: str = "", *, body: str = "", text: str = "") -> tuple[str | None, str]:
    doc = document.parse(f"<html><head>{head}</head><body>{body}</body></html>".encode(), url="https://paper.example/x")
    choice = access.read(doc, structured.read(doc), text=text)
    return choice.value, choice.rule


def ld(fields: str) -> str:
    return f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"Rain",{fields}}}</script>'


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(ld('"isAccessibleForFree":true'), "free", id="free"),
        pytest.param(ld('"isAccessibleForFree":"False"'), "paid", id="not free, as a text"),
        pytest.param(ld('"isAccessibleForFree":"http://schema.org/True"'), "free", id="as an address"),
        pytest.param(ld('"hasPart":{"isAccessibleForFree":false}'), "paid", id="a part is not free"),
        pytest.param('<meta property="article:content_tier" content="metered">', "metered", id="tier"),
        pytest.param(
            ld('"isAccessibleForFree":false') + '<meta name="article:content_tier" content="metered">',
            "metered",
            id="metered wall",
        ),
        pytest.param("", None, id="nothing is said"),
    ],
)
def test_what_the_page_declares(head: str, expected: str | None) -> None:
    assert read(head)[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Two lines.", ("paid", "wall"), id="short"),
        pytest.param("A full text. " * 200, (None, ""), id="full"),
    ],
)
def test_a_wall_counts_only_around_a_short_text(text: str, expected: tuple[str | None, str]) -> None:
    assert read(body='<div class="c-paywall__box">Subscribe now</div>', text=text) == expected
