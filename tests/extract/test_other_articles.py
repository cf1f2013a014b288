"""Other articles that stand below this one with their whole texts are not its body."""

from __future__ import annotations

import pytest

from etl.extract import article

TEXT = (
    "The council of the harbour town agreed on Friday to build a new quay for the ferries, after a debate of almost four hours.",
    "Residents had asked for a smaller plan, because the road along the water will be closed for a year and the bus too.",
    "The mayor said that the money had been set aside two years ago and that no further loan was needed, which others doubted.",
)
OTHERS = (
    "The lighthouse keeper has painted the stairs of his tower by himself, which took him a summer and a good part of the autumn.",
    "Herring has become so dear that the smokehouse on the square sells it by the piece now, and sometimes by the half of one.",
    "Nobody knows who put the old anchor before the school, but the children have given it a name and will not let it go again.",
)


def body_of(inner: str) -> list[str]:
    main = f"<main><article class=post><h1>Council agrees on new quay</h1>{inner}</article></main>"
    found = article.read(
        f"<html lang=en><body>{main}</body></html>".encode(), url="https://www.example.org/news/a-1", fetched_at=None
    )
    return [block.text for block in found.body]


PARAGRAPHS = "".join(f"<p>{text}</p>" for text in TEXT)
ARTICLES = "".join(
    f"<article class='post box'><a href=/news/b-{n}><img src=x.jpg></a><p>{text}</p></article>"
    for n, text in enumerate(OTHERS)
)
HEADLINES = "".join(
    f"<h4><a href=/news/b-{n}>News of the town {n}</a></h4><p>{text}</p>" for n, text in enumerate(OTHERS)
)


@pytest.mark.parametrize("entries", [ARTICLES, HEADLINES], ids=["articles", "headlines"])
@pytest.mark.parametrize("heading", ["You might also like", "Você pode gostar...", "Andere Artikel", "おすすめの記事"])
def test_texts_under_a_heading_that_announces_others_are_not_body(heading: str, entries: str) -> None:
    assert body_of(f"{PARAGRAPHS}<section class=x><h3>{heading}</h3>{entries}</section>") == list(TEXT)


def test_a_chapter_with_its_own_texts_stays() -> None:
    chapter = f"<section class=x><h3>More stories</h3><p>{OTHERS[0]}</p><p>{OTHERS[1]}</p></section>"
    assert set(OTHERS[:2]) <= set(body_of(f"{PARAGRAPHS}{chapter}"))


def test_headlines_under_a_heading_that_announces_nothing_stay() -> None:
    told = body_of(f"{PARAGRAPHS}<section class=x><h3>What the ferries cost</h3>{HEADLINES}</section>")
    assert set(OTHERS) <= set(told)
