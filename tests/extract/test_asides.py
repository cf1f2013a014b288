"""Lines that a page prints in its text and that are not the article's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import article
from etl.extract.asides import is_aside

ASIDES = (
    "Advertisement",
    "ADVERTISEMENT",
    "Advertisement - scroll to continue",
    "Story continues below advertisement",
    "La suite après la publicité",
    "- Anzeige -",
    "Реклама",
    "広告",
    "إعلان",
    "Read more: Council votes on the new budget",
    "READ ALSO: Storm damages the quay",
    "Lire aussi : Le conseil vote le budget",
    "Lesen Sie auch: Rat stimmt ab",
    "Читайте также: Совет голосует",
    "Share this article",
    "Artikel teilen",
    "Partager",
    "シェアする",
    "5 min read",
    "Temps de lecture : 3 min",
    "Photo: Ada Hill/Paper",
    "Foto: Ada Hügel/Agentur",
    "Tags: bridge, river",
    "Sign up for our newsletter",
    "Have a tip? Email us at tips@paper.example",
    "Il vous reste 70 % de cet article à lire.",
    "この記事は会員限定です",
    "© Riproduzione riservata",
)
TEXTS = (
    "Advertisers left the network within a week, said two people who had seen the letter.",
    "Sponsored athletes were told to stay at home.",
    "Share prices fell by a third in the first hour of trading.",
    "Print runs were cut, and the paper closed in May.",
    "“Read more,” she told the children, “and the river will answer.”",
    "More: the word that Oliver should not have said changed his life. The board was shocked, and so was the parish in the end.",
    "Foto und Film gehörten für sie zusammen.",
    "Photo-journalists were sent home.",
    "Werbung macht reich.",
    "Ad astra.",
    "Get more sleep.",
    "Sign up for the marathon before the end of May.",
    "Soutenez votre dos avec un coussin.",
    "Yes.",
    "Watch",
    "42",
)


@pytest.mark.parametrize("text", ASIDES)
def test_a_line_of_the_page_is_no_text(text):
    assert is_aside(text, "paragraph")


@pytest.mark.parametrize("text", TEXTS)
def test_a_line_of_an_article_is(text):
    assert not is_aside(text, "paragraph")


@pytest.mark.parametrize(
    ("text", "kind", "is_one"),
    [
        ("Print", "list", False),
        ("Email", "heading", False),
        ("Comments", "quote", False),
        ("Advertisement", "heading", True),
        ("Read also", "heading", True),
    ],
)
def test_short_items_and_headings_of_a_text_stay(text, kind, is_one):
    assert is_aside(text, kind) is is_one


SENTENCES = (
    "The council met on Monday to discuss the future of the harbour, which has been closed since last winter.",
    "Residents had complained about long detours and lost customers, and several shops closed.",
    "The works cost four million, most of which the region pays, the mayor said in the evening.",
)


@pytest.mark.parametrize("line", ["Advertisement", "Read more: Council votes on the new budget", "Share this article"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_they_are_not_in_the_body_wherever_they_stand(line, place):
    told = [*SENTENCES[:place], line, *SENTENCES[place:]]
    page = f"""<html lang="en"><title>Harbour opens again</title><body><h1>Harbour opens again</h1>
        <div>{"".join(f"<p>{text}</p>" for text in told)}</div></body></html>"""
    read = article.read(page.encode(), url="https://paper.example/a/1", fetched_at=datetime(2026, 5, 2, tzinfo=UTC))
    assert [block.text for block in read.body] == list(SENTENCES)


@given(st.text(max_size=200), st.sampled_from(("paragraph", "heading", "list", "quote")))
def test_any_text_is_one_or_none(text, kind):
    assert is_aside(text, kind) in (True, False)
