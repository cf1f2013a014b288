from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.fetch.outcome import Outcome, classify

URL = "https://example.org/politics/2026/a-long-story"
STORY = (
    "<p>The council met on Monday evening and decided, after a debate of three hours, to postpone the vote.</p>" * 40
)
MENU = "<ul>" + "".join(f"<li><a href='/{n}'>Section number {n} of the paper</a></li>" for n in range(150)) + "</ul>"
SHARED = Path(os.environ.get("NEWS_ETL_SHARED") or Path(__file__).resolve().parents[2] / ".." / "shared")


def page(title: str, body: str = "<p>Please try again.</p>", head: str = "") -> bytes:
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>".encode()


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        pytest.param(200, {}, page("A story | Example", STORY), "ok", id="article"),
        pytest.param(200, {}, page("", STORY), "ok", id="article without a title"),
        pytest.param(200, {}, page("404 Media wins a prize", STORY), "ok", id="article about 404"),
        pytest.param(200, {}, page("Access denied: how walls work | Example", STORY), "ok", id="article about walls"),
        pytest.param(200, {}, page("Page not found", STORY), "ok", id="an odd title over a long text"),
        pytest.param(
            200,
            {},
            page("Short news", "<p>The bridge is open again since this morning, the city says.</p>"),
            "ok",
            id="brief",
        ),
        pytest.param(
            200,
            {},
            page(
                "Short news",
                "<p>The bridge is open again since this morning, the city says, after repairs that took longer than"
                " planned. Buses run as usual from noon; the night line follows on Tuesday. More than thirty workers had been busy"
                " around the clock for eleven days, and the mayor thanked them at a small ceremony on the southern side. The bill"
                " has not been settled yet: the city expects about two million, the contractor asks for three. Drivers are"
                " asked to keep to the new limit of thirty. The footpath on the western side stays closed until the railings"
                " have been painted, which depends on the weather. Cyclists have to dismount until then. The ferry that had"
                " carried commuters in the meantime makes its last trip this evening, with music on board, and returns to its"
                " home port on Wednesday. A book about the bridge will be in the shops by autumn, says the society.</p>"
                "<script src='https://www.google.com/recaptcha/api.js'></script>",
            ),
            "ok",
            id="brief with a captcha for its comments",
        ),
        pytest.param(404, {}, page("A story", STORY), "gone", id="404"),
        pytest.param(410, {}, b"", "gone", id="410"),
        pytest.param(200, {}, page("404"), "gone", id="soft 404, number"),
        pytest.param(200, {}, page("Error 404 - Example"), "gone", id="soft 404, with the site's name"),
        pytest.param(200, {}, page("Page not found | Example"), "gone", id="soft 404, English"),
        pytest.param(200, {}, page("Seite nicht gefunden - Beispiel"), "gone", id="soft 404, German"),
        pytest.param(200, {}, page("Page introuvable – Exemple"), "gone", id="soft 404, French"),
        pytest.param(200, {}, page("Página no encontrada"), "gone", id="soft 404, Spanish"),
        pytest.param(200, {}, page("Страница не найдена | Пример"), "gone", id="soft 404, Russian"),
        pytest.param(200, {}, page("ページが見つかりません"), "gone", id="soft 404, Japanese"),
        pytest.param(200, {}, page("الصفحة غير موجودة"), "gone", id="soft 404, Arabic"),
        pytest.param(200, {}, page("Oldal | A keresett oldal nem található"), "gone", id="soft 404, Hungarian"),
        pytest.param(200, {}, page("Example", "<h1>Page not found</h1>"), "gone", id="soft 404, heading"),
        pytest.param(
            200, {}, page("Example", "<h1><span>Error</span> 404</h1>" + MENU), "gone", id="soft 404 with a long menu"
        ),
        pytest.param(200, {}, page("Page not found", MENU + STORY), "ok", id="an odd title over a story with a menu"),
        pytest.param(
            200, {}, page("Example", "<h1>Not found: the lost city</h1>" + STORY), "ok", id="a heading that begins so"
        ),
        pytest.param(
            200, {}, page("example.org", "<h1>Pardon Our Interruption...</h1>"), "blocked", id="wall by its heading"
        ),
        pytest.param(200, {}, page("Nous respectons votre vie privée"), "blocked", id="consent page, French"),
        pytest.param(200, {}, page("Before you continue to Example"), "blocked", id="consent page"),
        pytest.param(200, {}, page("We value your privacy | Example", STORY), "ok", id="a story about privacy"),
        pytest.param(
            403, {}, page("", "<p>Enable JavaScript and cookies to continue</p>"), "blocked", id="wall by its words"
        ),
        pytest.param(
            200, {}, page("x", "We detected unusual traffic from your network."), "blocked", id="wall by its words, 200"
        ),
        pytest.param(200, {}, b"", "empty", id="no bytes"),
        pytest.param(200, {}, b" \r\n\t ", "empty", id="blanks"),
        pytest.param(200, {}, page("App", "<div id=root></div><script>start()</script>"), "empty", id="only scripts"),
        pytest.param(
            200,
            {},
            page("App", '<div></div><script id="__NEXT_DATA__">{"body": "..."}</script>'),
            "ok",
            id="text in a script",
        ),
        pytest.param(403, {}, b"", "blocked", id="403 without a word"),
        pytest.param(403, {"cf-mitigated": "challenge"}, page("x", STORY), "blocked", id="header of a wall"),
        pytest.param(202, {"x-amzn-waf-action": "challenge"}, b"", "blocked", id="header of a wall, no body"),
        pytest.param(200, {}, page("Just a moment..."), "blocked", id="wall by its title"),
        pytest.param(200, {}, page("Attention Required! | Cloudflare"), "blocked", id="wall by its title, with vendor"),
        pytest.param(200, {}, page("Example - Are you a robot?"), "blocked", id="wall by its title, with site"),
        pytest.param(403, {}, page("Access Denied"), "blocked", id="denied"),
        pytest.param(403, {}, page("Zugriff verweigert"), "blocked", id="denied, German"),
        pytest.param(
            200,
            {},
            page("example.org", "<script src='https://ct.captcha-delivery.com/c.js'></script>"),
            "blocked",
            id="wall by its script",
        ),
        pytest.param(200, {}, page("example.org", "<div id='px-captcha'></div>"), "blocked", id="wall by its element"),
        pytest.param(200, {}, b"%PDF-1.7 ...", "not_html", id="PDF"),
        pytest.param(200, {}, b"\xff\xd8\xff\xe0\x00\x10JFIF", "not_html", id="JPEG"),
        pytest.param(200, {}, b'{"title": "A story"}', "not_html", id="JSON"),
        pytest.param(200, {}, b'<?xml version="1.0"?>\n<!-- made by x -->\n<rss version="2.0">', "not_html", id="feed"),
        pytest.param(200, {}, b"\x00\x01\x02\x03" * 50, "not_html", id="binary"),
        pytest.param(
            200, {}, "\ufeff".encode("utf-16-le") + page("A", STORY).decode().encode("utf-16-le"), "ok", id="UTF-16"
        ),
        pytest.param(
            200,
            {},
            b'<?xml version="1.0"?><!DOCTYPE html><html><title>A</title><body>' + STORY.encode(),
            "ok",
            id="XHTML",
        ),
    ],
)
def test_a_page_is_named_for_what_it_is(status, headers, body, code):
    outcome = classify(status, headers, body, url=URL)
    assert outcome.code == code
    assert bool(outcome.evidence) is (code != "ok")


WALLS_ABROAD = {
    "German": "Bitte bestätigen Sie, dass Sie ein Mensch sind.",
    "German, box": "ICH BIN KEIN ROBOTER",
    "French": "Cochez la case : je ne suis pas un robot",
    "French, asked": "Merci de vérifier que vous n’êtes pas un robot.",
    "Spanish": "No soy un robot",
    "Spanish, traffic": "Hemos detectado tráfico inusual en su red.",
    "Italian": "Conferma di non essere un robot",
    "Portuguese": "Confirme que você não é um robô",
    "Dutch": "Bevestig dat u geen robot bent",
    "Polish": "Potwierdź, że nie jesteś robotem",
    "Swedish": "Bekräfta att du inte är en robot",
    "Turkish": "Robot olmadığınızı doğrulayın",
    "Russian": "Я НЕ РОБОТ",
    "Ukrainian": "Підтвердьте, що ви не робот",
    "Greek": "Επιβεβαιώστε: δεν είμαι ρομπότ",
    "Japanese": "ロボットではないことを確認してください",
    "Chinese": "请确认您不是机器人",
    "Korean": "로봇이 아닙니다",
}


@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in WALLS_ABROAD.items()])
def test_a_wall_is_known_in_other_languages_and_a_story_about_it_is_none(words):
    small = classify(200, {}, page("example.org", f"<p>{words}</p>"), url=URL)
    assert small.code == "blocked"
    assert "characters of text and" in small.evidence
    assert classify(200, {}, page("example.org", f"<p>{words}</p>{STORY}"), url=URL).code == "ok"


@pytest.mark.parametrize(
    "title",
    [
        *("Log in", "Sign in to continue", "Anmelden", "Se connecter", "Iniciar sesión", "Accedi", "Inloggen"),
        *("Войти", "ログイン", "登录", "로그인"),
    ],
)
def test_a_login_page_is_a_wall_and_a_story_with_such_a_name_is_none(title):
    assert classify(200, {}, page(f"{title} | Example"), url=URL) == Outcome("blocked", f"title {title!r}")
    assert classify(200, {}, page(f"{title} | Example", STORY), url=URL).code == "ok"
    brief = "<p>More papers ask their readers for an account, says a survey among editors.</p>"
    assert classify(200, {}, page(f"{title}: how readers pay", brief), url=URL).code == "ok"


@pytest.mark.parametrize(
    ("asked", "answered", "code"),
    [
        pytest.param(URL, URL, "ok", id="itself"),
        pytest.param(URL, "https://example.org/", "gone", id="the front page"),
        pytest.param(URL, "https://www.example.org/en/", "gone", id="the front page of a language"),
        pytest.param("https://example.org/", "https://example.org/en/", "ok", id="front page asked for"),
        pytest.param(URL, "https://example.org/politics/2026/a-new-slug", "ok", id="a new slug"),
        pytest.param(URL, "https://consent.example.org/?back=1", "blocked", id="consent host"),
        pytest.param(URL, "https://example.org/login?next=%2Fa", "blocked", id="login"),
        pytest.param(URL, "https://example.org/sign-in", "blocked", id="sign in"),
        pytest.param(URL, "https://example.org/consent/", "blocked", id="consent path"),
        pytest.param(
            "https://example.org/privacy/consent/", "https://example.org/privacy/consent/", "ok", id="asked for"
        ),
        pytest.param("https://id.example.org/a/b", "https://id.example.org/a/c", "ok", id="a host that is called so"),
        pytest.param(URL, "https://example.org/?p=1234", "ok", id="an address by number"),
    ],
)
def test_where_redirects_end_says_what_happened(asked, answered, code):
    assert classify(200, {}, page("A story", STORY), url=asked, final_url=answered).code == code


@pytest.mark.parametrize(
    ("meta", "target"),
    [
        pytest.param('<meta http-equiv="refresh" content="0; url=/new">', "https://example.org/new", id="relative"),
        pytest.param(
            "<meta http-equiv=refresh content='1;URL=https://other.example/x'>",
            "https://other.example/x",
            id="absolute",
        ),
        pytest.param(
            '<META HTTP-EQUIV="Refresh" CONTENT="0;url=\'/new\'">', "https://example.org/new", id="quoted inside"
        ),
        pytest.param(
            '<meta content="0; url=/a?x=1&amp;y=2" http-equiv="refresh">',
            "https://example.org/a?x=1&y=2",
            id="entities",
        ),
        pytest.param('<mEta http-equiv="reFRESH" content="0; url=/new">', "https://example.org/new", id="any case"),
        pytest.param('<meta http-equiv="refresh" content="300">', None, id="reloads itself"),
        pytest.param(f'<meta http-equiv="refresh" content="5; url={URL}">', None, id="reloads itself by name"),
        pytest.param('<meta http-equiv="refresh" content="900; url=/live">', None, id="much later"),
        pytest.param(
            '<noscript><meta http-equiv="refresh" content="0; url=/noscript"></noscript>',
            None,
            id="without scripts only",
        ),
        pytest.param('<!-- <meta http-equiv="refresh" content="0; url=/x"> -->', None, id="in a comment"),
        pytest.param('<meta http-equiv="refresh" content="0; url=javascript:go()">', None, id="not an address"),
        pytest.param('<meta http-equiv="refresh" content="10">', None, id="reloads itself soon"),
        pytest.param('<meta http-equiv="refresh" content="0 /new">', "https://example.org/new", id="without url="),
        pytest.param('<meta http-equiv="refresh" content="now">', None, id="not a number"),
        pytest.param('<meta http-equiv="refresh" content="1.2.3; url=/x">', None, id="not a number either"),
    ],
)
def test_a_page_that_only_forwards_names_its_target(meta, target):
    outcome = classify(200, {}, page("A story", STORY, head=meta), url=URL)
    assert (outcome.code, outcome.target) == (("moved", target) if target else ("ok", None))


@given(st.binary(max_size=500))
def test_any_bytes_have_an_outcome(body):
    assert classify(200, {}, body, url=URL).code in ("ok", "blocked", "gone", "empty", "not_html", "moved")


HOSTILE = [
    b"<p ",
    b"<p>",
    b"<",
    b"<!--",
    b"<script>",
    b"<h1>",
    b"<title>",
    b"</p",
    b"<meta ",
    b"<noscript>",
    b"content='",
    b"&#x",
    b"\t",
]


@pytest.mark.parametrize(
    "piece", [*HOSTILE, b"<meta http-equiv=refresh content=", b"<svg><h1 ", b"<p><script "], ids=repr
)
@pytest.mark.parametrize("start", [b"", b"<title>404</title>", b"<h1>Access denied</h1>"], ids=repr)
def test_no_page_takes_long_to_judge(piece, start):
    body = start + piece * (3_000_000 // len(piece))
    started = time.process_time()
    classify(200, {}, body, url=URL)
    classify(200, {}, body[:60_000], url=URL)
    assert time.process_time() - started < 3.0


@pytest.mark.corpus
def test_articles_are_never_taken_for_walls():
    """All hand-annotated news pages that hold an article: a wall found there would be an article lost."""
    folders = [SHARED / "corpus" / name for name in ("fundus", "scrapinghub", "postlight", "links")]
    files = [file for folder in folders for file in sorted(folder.rglob("*.html.gz"))]
    if not files:
        pytest.skip("needs the measuring corpus: a folder `shared` beside the repository, or NEWS_ETL_SHARED")
    wrong = {}
    for file in files:
        outcome = classify(200, {}, gzip.decompress(file.read_bytes()), url=URL)
        if outcome.code != "ok":
            wrong[file.name] = outcome
    assert wrong == {}, json.dumps({name: str(outcome) for name, outcome in wrong.items()}, indent=1)
