"""Boxes and lines that ask the reader for something are not body, whatever their theme calls them."""

from __future__ import annotations

import pytest

from etl.extract import article

TEXT = (
    "The council of the harbour town agreed on Friday to build a new quay for the ferries, after a debate of almost four hours.",
    "Residents had asked for a smaller plan, because the road along the water will be closed for a year and the bus too.",
    "The mayor said that the money had been set aside two years ago and that no further loan was needed, which others doubted.",
    "Work is to begin in spring, when the ice has gone, and the first ferry is expected at the new quay in the summer after next.",
)
FIRST, SECOND, THIRD, FOURTH = (f"<p>{text}</p>" for text in TEXT)


def body_of(inner: str) -> list[str]:
    page = (
        f"<html lang=en><body><main><article><h1>Council agrees on new quay</h1>{inner}</article></main></body></html>"
    )
    found = article.read(page.encode(), url="https://www.example.org/news/a-1", fetched_at=None)
    return [block.text for block in found.body]


APPEALS = {
    "newsletter with a field": (
        "<div class=x1><h3>Harbour news in your inbox</h3><p>Get the news of the harbour every morning, free of charge, before "
        "the first ferry leaves.</p><form><input type=email><button>Send</button></form></div>"
    ),
    "offer with a login": (
        "<div class=x2><h2>Read on in the full edition</h2><p>All articles of the town and its harbour for 1 € in the first month, "
        "every day.</p><p>Already with us? <a href='/login'>Log in</a></p></div>"
    ),
    "offer in German": (
        "<div class=x3><h2>Jetzt weiterlesen</h2><p>Alle Artikel aus Stadt und Hafen für 1 € im ersten Monat, danach monatlich "
        "kündbar.</p><p>Schon dabei? <a href='https://www.example.org/anmelden/'>Hier anmelden</a></p></div>"
    ),
    "line of doors and the sentence before it": (
        "<p>This article is for subscribers only. Subscribe now to read the full story and support local journalism.</p>"
        "<p><a href='/subscribe'>Subscribe</a> <a href='/account/login'>Log in</a></p>"
    ),
    **{
        f"follow line, {language}": f"<p><strong>{line}</strong></p>"
        for language, line in (
            ("English", "Follow us on Facebook and Instagram"),
            ("German", "Folgen Sie uns auf Facebook"),
            ("French", "Suivez-nous sur Facebook et Twitter"),
            ("Spanish", "Síguenos en Facebook, Twitter e Instagram"),
            ("Portuguese", "Siga-nos no Instagram"),
            ("Italian", "Seguici su Google News"),
            ("Dutch", "Volg ons op Facebook"),
            ("Swedish", "Följ oss på Facebook"),
            ("Polish", "Obserwuj nas w Google News"),
            ("Russian", "Подписывайтесь на наш канал в Telegram"),
            ("Turkish", "Bizi Google News'te takip edin"),
            ("Arabic", "تابعونا على فيسبوك"),
            ("Indonesian", "Ikuti kami di Google News"),
        )
    },
    "share line": "<p>Share this article: <a href='https://www.facebook.com/sharer/sharer.php?u=x'>Facebook</a></p>",
}


@pytest.mark.parametrize("box", APPEALS.values(), ids=APPEALS.keys())
def test_a_box_that_asks_is_not_body(box):
    assert body_of(FIRST + SECOND + box + THIRD + FOURTH) == list(TEXT)
    assert body_of(FIRST + SECOND + box) == list(TEXT[:2])


def test_the_stub_before_the_offer_stays():
    assert body_of(FIRST + APPEALS["offer with a login"]) == [TEXT[0]]


TEXTS = {
    "a sentence that follows somebody": (
        "Follow us through the harbour on Facebook, the mayor told residents, who had asked where the road would be closed and "
        "for how long the bus would not run along the water."
    ),
    "a line about a network": "The plan had been leaked on Facebook before the council met on Friday night.",
    "a sentence that links to a login": (
        "Whoever wants a berth has to fill in the form of the harbour office by the end of the month, after which the list is "
        "closed, and can do so <a href='/login'>on its pages</a>, in the office or by post."
    ),
    "a sentence that links to a post": (
        "The mayor shared the plan of the new quay with <a href='https://www.facebook.com/sharer/x'>everybody who follows her</a>, "
        "which the opposition had not known of until Friday night."
    ),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_about_such_things_stays(text):
    told = body_of(FIRST + SECOND + f"<p>{text}</p>" + THIRD)
    assert len(told) == 4
    assert told[2].startswith(text[:30])


def test_a_long_section_with_a_link_to_the_offers_stays():
    section = f"<section><h2>The plan</h2>{SECOND}{THIRD}{FOURTH}<p><a href='/subscribe'>Subscribe</a></p></section>"
    told = body_of(FIRST + section)
    assert set(TEXT) <= set(told)
