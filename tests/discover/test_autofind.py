"""etl.discover.autofind: what a site offers to poll, the sure before the guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import discover
from etl.errors import Unreadable

URL = "https://www.example.org/"

HOME = """<!doctype html><html lang="fr-FR"><head><title> Le
 Journal &amp; Cie</title>
<link rel="alternate" type="application/rss+xml" title="Une" href="/rss/une.xml">
<link rel="alternate" type="application/rss+xml" title="Commentaires" href="/comments/feed/">
<link rel="ALTERNATE feed" type="application/atom+xml; charset=utf-8" href="https://feeds.example.net/une">
<link rel="alternate" hreflang="en" href="/en/"><link rel="stylesheet" href="/rss.css">
</head><body><header><nav><a href="/politique/">Politique</a> <a href="/monde">Monde</a> <a href="/login">Se connecter</a>
<a href="/meteo/">Météo</a> <a href="/labour">Labour</a> <a href="/author/a-b">A. B.</a>
<a href="/monde/un-article-du-jour-a-lire-12345">À lire</a> <a href="/?p=3">Plus</a>
<a href="https://ailleurs.example/sport/">Sport</a></nav></header>
<main><a href="/dossiers/">Dossiers</a> <a href="/services/flux.rss">Tous nos flux RSS</a></main>
<footer><a href="/mentions/">Mentions</a>
<a href="https://elsewhere.example/rss.xml">Un autre flux</a></footer></body></html>"""
ROBOTS = """User-agent: *\r\nDisallow: /prive/\r\n\r\nSitemap: https://www.example.org/sitemap_index.xml\r
 sitemap : /sitemap-news.xml
Sitemap: javascript:alert(1)
# Sitemap: /commented.xml
"""


def offered(
    kind: str | None = None, *, is_announced: bool = True, body: str = HOME, robots_txt: str = ROBOTS
) -> list[str]:
    home = discover.suggest(body.encode(), url=URL, robots_txt=robots_txt)
    return [
        one.url.removeprefix(URL)
        for one in home.suggestions
        if one.is_announced is is_announced and kind in {None, one.kind}
    ]


def test_announced_feeds_come_first_and_those_of_comments_not_at_all():
    assert offered("feed") == ["rss/une.xml", "https://feeds.example.net/une", "services/flux.rss"]
    assert offered()[:3] == offered("feed")


def test_sitemaps_are_those_of_robots_txt_news_first():
    assert offered("sitemap") == ["sitemap-news.xml", "sitemap_index.xml"]


def test_sections_are_short_names_in_the_menu_of_the_same_site():
    assert offered("listing") == ["politique/", "monde", "labour"]


def test_the_usual_addresses_are_guesses_and_come_last():
    guesses = offered(is_announced=False)
    assert {"feed", "rss.xml", "sitemap.xml"} <= set(guesses)
    assert "sitemap_index.xml" not in guesses  # It is announced.
    home = discover.suggest(HOME.encode(), url=URL, robots_txt=ROBOTS)
    flags = [one.is_announced for one in home.suggestions]
    assert flags == sorted(flags, reverse=True)
    assert len({one.url for one in home.suggestions}) == len(home.suggestions)


def test_a_home_page_says_its_name_and_language():
    home = discover.suggest(HOME.encode(), url=URL)
    assert (home.title, home.language) == ("Le Journal & Cie", "fr-FR")
    assert discover.suggest(b"<html lang='??'><p>x", url=URL).language is None
    assert discover.suggest(b"<p>x", url=URL).title == ""


def test_an_empty_page_is_named():
    with pytest.raises(Unreadable, match="empty"):
        discover.suggest(b" ", url=URL)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_page_and_any_robots_txt_give_usable_addresses(body: str, robots_txt: str):
    content = f"<link rel=alternate type=application/rss+xml href='{body}'><nav><a href='{body}'>{robots_txt}</a></nav>".encode()
    home = discover.suggest(content, url=URL, robots_txt="Sitemap: " + robots_txt)
    assert all(one.url.startswith(("http://", "https://")) for one in home.suggestions)


def test_a_robots_txt_of_blank_lines_takes_no_time():
    assert discover.suggest(HOME.encode(), url=URL, robots_txt="\n \n" * 200_000).suggestions
