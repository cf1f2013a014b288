"""Dialogs about cookies are told from articles about cookies."""

from __future__ import annotations

import pytest

from etl.extract import consent, document


@pytest.mark.parametrize(
    ("html", "is_dialog"),
    [
        pytest.param("<div id=onetrust-pc-sdk><div><p>We store cookies.</p></div></div>", True, id="a consent program"),
        pytest.param("<div class=ot-main-content><p>We store cookies.</p></div>", True, id="a part of it"),
        pytest.param("<section class=CookieBanner><p>We store cookies.</p></section>", True, id="a theme's banner"),
        pytest.param(
            "<div class=cookie-bar><h1>Cookies</h1><p>We store cookies.</p></div>", False, id="has a headline"
        ),
        pytest.param("<div class=recipe-cookies><p>Bake them well.</p></div>", False, id="cookies to eat"),
        pytest.param("<div class=text><p>We store cookies.</p></div>", False, id="another name"),
    ],
)
def test_a_dialog_is_told_by_its_name_and_has_no_headline(html: str, is_dialog: bool) -> None:
    doc = document.parse(
        f"<html><body class=has-cookie-banner>{html}</body></html>".encode(), url="https://paper.example/"
    )
    assert consent.Dialogs(doc).hold(doc.by_tag["p"][0]) is is_dialog
