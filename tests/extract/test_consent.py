"""Dialogs about cookies are told from articles about cookies."""

from __future__ import annotations

import pytest

from etl.extract import article, consent, document


@pytest.mark.parametrize(
    ("html", "is_dialog"),
    [
        pytest.param("<div id=onetrust-pc-sdk><div><p>We store cookies.</p></div></div>", True, id="a consent program"),
        pytest.param("<div class=ot-main-content><p>We store cookies.</p></div>", True, id="a part of it"),
        pytest.param("<section class=CookieBanner><p>We store cookies.</p></section>", True, id="a theme's banner"),
        pytest.param(
            "<div class=cookie-bar><h1>Cookies</h1><p>We store cookies.</p></div>", False, id="has a headline"
        ),
        pytest.param("<div role=dialog><p>We store cookies.</p></div>", True, id="says that it is a dialog"),
        pytest.param("<div role=dialog><p>We print a chart.</p></div>", False, id="a dialog about something else"),
        pytest.param("<div class=recipe-cookies><p>Bake them well.</p></div>", False, id="cookies to eat"),
        pytest.param("<div class=text><p>We store cookies.</p></div>", False, id="another name"),
    ],
)
def test_a_dialog_is_told_by_its_name_and_has_no_headline(html: str, is_dialog: bool) -> None:
    doc = document.parse(
        f"<html><body class=has-cookie-banner>{html}</body></html>".encode(), url="https://paper.example/"
    )
    assert consent.Dialogs(doc).hold(doc.by_tag["p"][0]) is is_dialog


TEXT = (
    "The council of the harbour town agreed on Friday to build a new quay for the ferries, after a debate of almost four hours.",
    "Residents had asked for a smaller plan, because the road along the water will be closed for a year and the bus too.",
    "The mayor said that the money had been set aside two years ago and that no further loan was needed, which others doubted.",
)
ENGLISH = (
    "<div class=zx-1><div><h2>Your privacy</h2><p>We and our 842 partners store and access information on a device, such as "
    "cookies, and process personal data for personalised ads and content.</p><p>You can change your choices at any time by "
    "clicking on the link at the bottom of each page, where partners are named too.</p><button>Accept all</button>"
    "<button>Reject all</button></div></div>"
)
GERMAN = (
    "<div class=m3x><p>Diese Website verwendet Cookies, um Inhalte und Anzeigen zu personalisieren, Funktionen für soziale Medien "
    "anbieten zu können und die Zugriffe auf unsere Website zu analysieren.</p><p>Details finden Sie in unserer "
    "<a href=/datenschutz>Datenschutzerklärung</a>.</p><button>Alle akzeptieren</button></div>"
)
FRENCH = (
    "<div class=m3x><p>Ce site utilise des cookies pour mesurer l'audience, personnaliser le contenu et afficher des publicités "
    "adaptées à vos centres d'intérêt.</p><a href=# role=button>Tout accepter</a></div>"
)
RUSSIAN = (
    "<div class=m3x><p>Наш сайт использует файлы куки, чтобы вам было удобнее им пользоваться, а нам было легче понять, что вам "
    "интересно.</p><input type=button value=Принять></div>"
)


def body_of(inner: str, *, before: str = "", after: str = "") -> list[str]:
    main = f"<main><article><h1>Council agrees on new quay</h1>{inner}</article></main>"
    page = f"<html lang=en><body>{before}{main}{after}</body></html>"
    found = article.read(page.encode(), url="https://www.example.org/news/a-1", fetched_at=None)
    return [block.text for block in found.body]


@pytest.mark.parametrize("dialog", [ENGLISH, GERMAN, FRENCH, RUSSIAN], ids=["en", "de", "fr", "ru"])
def test_a_box_that_speaks_of_cookies_and_has_them_accepted_is_not_body(dialog: str) -> None:
    text = "".join(f"<p>{line}</p>" for line in TEXT)
    assert body_of(text, before=dialog) == list(TEXT)
    assert body_of(text, after=dialog) == list(TEXT)
    assert body_of(text + dialog) == list(TEXT)


def test_an_article_about_cookies_stays() -> None:
    told = (
        "The watchdog fined the shop for setting cookies before its customers had pressed a button to accept them.",
        "The shop said that the cookies had been set by mistake, and that it would ask first from the next month on.",
    )
    text = "".join(f"<p>{line}</p>" for line in (*told, *TEXT))
    assert body_of(f"{text}<button>Copy link</button>") == [*told, *TEXT]


@pytest.mark.parametrize(
    "line",
    [
        "An dieser Stelle findest du einen externen Inhalt von YouTube, der den Artikel ergänzt. Du kannst ihn dir mit einem Klick "
        "anzeigen lassen.",
        "This article contains content provided by Example Maps. We ask for your permission before anything is loaded.",
        "Pour afficher ce contenu issu des réseaux sociaux, vous devez accepter les traceurs publicitaires.",
    ],
)
def test_what_stands_in_for_an_embed_is_not_body(line: str) -> None:
    text = [f"<p>{one}</p>" for one in TEXT]
    assert body_of(text[0] + text[1] + f"<p>{line}</p>" + text[2]) == list(TEXT)
