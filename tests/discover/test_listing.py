"""etl.discover.listing: the teasers of a section page, by selector or by the pattern they share."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import discover
from etl.discover.listing import is_headline, is_same_site, looks_like_article, shape_of
from etl.errors import Unreadable
from etl.recipe import SourceRule

FETCHED = datetime(2024, 3, 1, 12, tzinfo=UTC)
URL = "https://www.example.org/politique/"


def read(body: str | bytes, *, selector: str | None = None, url: str = URL) -> discover.Discovery:
    rule = SourceRule(kind="listing", url=url, name="1", selector=selector, zone="Europe/Paris")
    content = body.encode() if isinstance(body, str) else body
    return discover.read("listing", content, url=url, fetched_at=FETCHED, rule=rule)


MENU = (
    '<nav><a href="/politique/">Politique</a> <a href="/monde/">Monde</a> <a href="/sport/">Sport</a></nav>'
    '<div class="main-menu"><a href="/2024/02/01/un-article-du-menu-a-ne-pas-prendre">Un article du menu à ne pas prendre</a></div>'
)
FOOTER = (
    '<footer><ul><li><a href="/mentions-legales-et-conditions-generales">Mentions légales et conditions générales</a></li>'
    '<li><a href="/gestion-des-cookies-et-des-traceurs">Gestion des cookies et des traceurs</a></li>'
    '<li><a href="/toutes-les-archives-du-journal">Toutes les archives du journal</a></li></ul></footer>'
)
HEADLINES = [
    "Le conseil municipal adopte son budget de nuit",
    "La ligne de train rouvrira au printemps prochain",
    "Sécheresse : trois communes privées d'eau potable",
    "Un maire sur deux renonce à se représenter",
]


def slug(headline: str) -> str:
    return "-".join(word for word in headline.lower().replace("'", " ").split() if word.isalpha())


def cards(template: str, *, path: str = "/politique/{slug}-{number}.html") -> str:
    return "".join(
        template.format(
            url=path.format(slug=slug(headline), number=20240 + number),
            headline=headline,
            number=number,
            hour=8 + number,
        )
        for number, headline in enumerate(HEADLINES)
    )


def page(inside: str) -> str:
    return f"<!doctype html><html><body>{MENU}<main>{inside}</main>{FOOTER}</body></html>"


@pytest.mark.parametrize(
    "template",
    [
        pytest.param('<article><h2><a href="{url}">{headline}</a></h2></article>', id="link in a heading"),
        pytest.param('<a href="{url}"><h3>{headline}</h3><p>Une phrase de chapô.</p></a>', id="heading in a link"),
        pytest.param('<li><a href="{url}">{headline}</a></li>', id="a list"),
        pytest.param('<div class="c c-{number}"><a class="t" href="{url}">{headline}</a></div>', id="numbered classes"),
        pytest.param(
            '<div class="c"><a href="{url}"><img src="x.jpg"></a><h3><a href="{url}">{headline}</a></h3>'
            '<a href="{url}">Lire la suite</a></div>',
            id="three links to each",
        ),
        pytest.param('<tr><td><font><a href="{url}">{headline}</a></font></td></tr>', id="tables"),
        pytest.param(
            '<div><div class="k">Politique</div><a href="{url}"><span>{headline}</span></a></div>', id="a kicker beside"
        ),
    ],
)
def test_teasers_are_found_by_their_build(template: str):
    found = read(page(cards(template)))
    assert [one.title for one in found.candidates] == HEADLINES
    assert [one.position for one in found.candidates] == [0, 1, 2, 3]
    assert all(one.found_by == "listing" for one in found.candidates)


@pytest.mark.parametrize(
    "path",
    [
        "/{slug}",
        "/politique/{slug}",
        "/2024/02/29/{slug}/",
        "/story.php?id={number}",
        "/a/{number}",
        "/news/{slug}.shtml",
    ],
)
def test_addresses_of_any_shape_are_taken(path: str):
    found = read(page(cards('<article><h2><a href="{url}">{headline}</a></h2></article>', path=path)))
    assert [one.title for one in found.candidates] == HEADLINES


def test_the_lead_story_of_another_build_is_taken_by_the_shape_of_its_address():
    lead = '<div class="lead"><h1><a href="/politique/la-une-du-jour-en-grand-20299.html">La une du jour, en grand</a></h1></div>'
    found = read(page(lead + cards('<li><a href="{url}">{headline}</a></li>')))
    assert [one.title for one in found.candidates] == ["La une du jour, en grand", *HEADLINES]


def test_what_is_no_teaser_is_left():
    noise = (
        '<ul><li><a href="/auteur/12345">Marie Durand, journaliste politique</a></li>'
        '<li><a href="/tag/12345">Tous nos articles sur les élections</a></li>'
        '<li><a href="https://other.example/une-reclame-tres-longue-1234">Une réclame très longue et très chère</a></li>'
        '<li><a href="/photo-12345-grand-format.jpg">La photo en grand format</a></li></ul>'
    )
    found = read(page(noise + cards('<article><h2><a href="{url}">{headline}</a></h2></article>')))
    assert [one.title for one in found.candidates] == HEADLINES


def test_scripts_without_spaces_have_headlines():
    headlines = ["首相が予算案を国会に提出した", "台風が週末に九州へ接近する", "新しい図書館が来月開館する"]
    inside = "".join(f'<li><a href="/articles/2024022{n}/k00">{text}</a></li>' for n, text in enumerate(headlines))
    assert [one.title for one in read(page(inside)).candidates] == headlines


def test_a_machine_readable_time_in_the_teaser_is_its_time():
    template = (
        '<div><h3><a href="{url}">{headline}</a></h3><time datetime="2024-02-29T{hour:02d}:00:00">matin</time></div>'
    )
    times = [one.published for one in read(page(cards(template))).candidates]
    assert [time.at.hour for time in times if time and time.at] == [8, 9, 10, 11]
    assert {time.zone for time in times if time} == {"Europe/Paris"}
    without = read(page(cards('<li><a href="{url}">{headline}</a></li>') + '<time datetime="2024-02-29">x</time>'))
    assert [one.published for one in without.candidates] == [None] * 4


@pytest.mark.parametrize(
    ("selector", "titles"),
    [
        pytest.param("#top a", HEADLINES, id="the links"),
        pytest.param("#top li", HEADLINES, id="one element for each teaser"),
        pytest.param("#top", HEADLINES, id="one element around all"),
        pytest.param("#top li:first-child", HEADLINES[:1], id="one teaser"),
        pytest.param("#short", ["Direct"], id="no headline: the only link"),
        pytest.param("#far a", ["Chez un autre journal"], id="another site, when the recipe says so"),
    ],
)
def test_a_selector_says_what_the_teasers_are(selector: str, titles: list[str]):
    inside = (
        f'<ul id="top">{cards("<li><a href={url}>{headline}</a></li>")}</ul><p id="short"><a href="/direct">Direct</a></p>'
        '<p id="far"><a href="https://other.example/x">Chez un autre journal</a></p>'
    )
    assert [one.title for one in read(page(inside), selector=selector).candidates] == titles


@pytest.mark.parametrize(
    ("body", "selector", "code", "words"),
    [
        pytest.param("", None, "not_a_listing", "empty", id="nothing"),
        pytest.param(page(""), None, "not_a_listing", "no teasers", id="no teasers"),
        pytest.param(page(""), ".gone a", "not_a_listing", "`.gone a` matches no link", id="selector without a match"),
        pytest.param(page(""), "a[", "not_a_listing", "no CSS selector", id="no selector"),
        pytest.param("x" * 20_000_001, None, "too_large", "limit", id="too large"),
    ],
)
def test_a_page_without_teasers_is_named(body: str, selector: str | None, code: str, words: str):
    with pytest.raises(Unreadable, match=words) as caught:
        read(body, selector=selector)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "title"),
    [
        pytest.param(b'<meta charset="utf-8">{}', "Élections : où voter ?", id="utf-8"),
        pytest.param(b'<meta charset="iso-8859-1">{}', "Élections : où voter ?", id="latin-1 is windows-1252"),
        pytest.param(b"{}", "Élections : où voter ?", id="nothing declared"),
    ],
)
def test_a_page_is_decoded_by_what_it_declares(content: bytes, title: str):
    charset = "cp1252" if b"8859" in content else "utf-8"
    body = content.replace(b"{}", f'<a id="x" href="/a">{title}</a>'.encode(charset))
    assert [one.title for one in read(body, selector="#x").candidates] == [title]


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_wins(charset: str):
    body = ("\ufeff" + '<meta charset="utf-8"><a id="x" href="/a">où</a>').encode(charset)
    assert [one.title for one in read(body, selector="#x").candidates] == ["où"]


@pytest.mark.parametrize("charset", ["x-unknown", "zip", "rot13", "utf-16", "", "'\"><", "a" * 5000])
def test_a_charset_that_is_none_is_passed_over(charset: str):
    body = f'<meta charset="{charset}"><a id="x" href="/a">titre</a>'
    assert [one.title for one in read(body, selector="#x").candidates] == ["titre"]


@pytest.mark.parametrize("content_type", ["text/html; charset=windows-1251", 'text/html;charset="Windows-1251"'])
def test_the_charset_of_the_header_wins_over_the_pages(content_type: str):
    body = '<meta charset="utf-8"><a id="x" href="/a">Привет</a>'.encode("cp1251")
    rule = SourceRule(kind="listing", url=URL, name="1", selector="#x")
    found = discover.read("listing", body, url=URL, fetched_at=FETCHED, rule=rule, content_type=content_type)
    assert [one.title for one in found.candidates] == ["Привет"]
    unknown = discover.read(
        "listing", body, url=URL, fetched_at=FETCHED, rule=rule, content_type="text/html; charset=zip"
    )
    assert len(unknown.candidates) == 1


def test_relative_links_start_at_the_base():
    body = '<base href="https://www.example.org/x/"><a id="x" href="a.html">A</a>'
    assert [one.url for one in read(body, selector="#x").candidates] == ["https://www.example.org/x/a.html"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Politique", False),
        ("Lire la suite", False),
        ("Le maire démissionne ce soir", True),
        ("首相が予算案を提出した", True),
        ("政治・社会", False),
        ("รัฐบาลประกาศงบประมาณ", True),
    ],
)
def test_a_headline_has_some_length(text: str, verdict: bool):
    assert is_headline(text) is verdict


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/politique/", False),
        ("/a-propos", False),
        ("/politique/le-maire-demissionne-ce-soir", True),
        ("/article/123456", True),
        ("/2024/2/un", True),
        ("/story.php?id=20240", True),
        ("/le-maire.html", True),
        ("/index.html", False),
    ],
)
def test_an_article_has_an_address_of_its_own(path: str, verdict: bool):
    assert looks_like_article("https://x.org" + path) is verdict


def test_the_shape_of_an_address_is_what_its_segments_are_made_of():
    assert shape_of("https://x.org/politique/le-maire-part-123456.html") == ("x.org", "word", "id.html")
    assert shape_of("https://x.org/2024/02/le-maire-part") == ("x.org", "number", "number", "slug")


def test_a_site_is_its_host_and_what_is_under_it():
    assert is_same_site("https://www.x.org/a", "http://x.org/")
    assert is_same_site("https://sport.x.org/a", "https://www.x.org/")
    assert not is_same_site("https://yx.org/a", "https://x.org/")
    assert not is_same_site("http://127.0.0.1:81/a", "http://127.0.0.1:80/")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<div>" * 100_000 + "<a href=/a-b-c-d>x</a>", id="depth"),
        pytest.param("<a href=/a-b-c-d-1234>un titre assez long" * 10_000, id="links never closed"),
        pytest.param("<b>" * 3_000 + "<a href=/a-b-c-d-1234>un titre assez long</a>" * 3_000, id="deep links"),
        pytest.param('<a href="/x" class="' + "c " * 500_000 + '">y</a>' * 3, id="endless class"),
        pytest.param("<a href='/" + "x" * 3_000_000 + "'>y</a>", id="endless address"),
        pytest.param("<a href=/a-b-c-d-1234>" + "mot " * 1_000_000 + "</a>", id="endless text"),
        pytest.param("<a" * 500_000, id="open tags"),
        pytest.param("<meta charset=" * 100_000, id="charsets"),
        pytest.param("<a href=/a-b-c-d " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</a>", id="attributes"),
        pytest.param("<x-y>" * 100_000 + "<a href=/a-b-c-d>x</a>", id="depth of own elements"),
        pytest.param(
            "<time datetime=2024-01-01>" * 20_000 + "<a href=/a-b-c-d-1234>un titre assez long</a>" * 500, id="times"
        ),
    ],
)
def test_a_hostile_page_ends_soon(body: str):
    for selector in (None, "a"):
        began = time.process_time()
        try:
            found = read(body, selector=selector)
        except Unreadable:
            found = None
        assert time.process_time() - began < 5
        assert all(len(one.title or "") <= 1000 for one in (found.candidates if found else ()))


def test_a_hostile_page_in_a_wide_coding_ends_soon():
    with pytest.raises(Unreadable, match="nesting"):
        read(("<div>" * 100_000 + "<a href=/a-b-c-d>x</a>").encode("utf-16"))


SEED = page(
    cards('<article><h2><a href="{url}">{headline}</a></h2><time datetime="2024-02-29">x</time></article>')
).encode()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), st.binary(max_size=12)), max_size=6),
    st.sampled_from([None, "a", "h2", "main"]),
)
def test_a_damaged_page_is_read_or_named(edits: list[tuple[float, int, bytes]], selector: str | None):
    mutated = bytearray(SEED)
    for where, length, new in edits:
        at = int(where * len(mutated))
        mutated[at : at + length] = new
    try:
        found = read(bytes(mutated), selector=selector)
    except Unreadable as error:
        assert error.code == "not_a_listing"  # noqa: PT017 - both ways are right here
    else:
        assert all(one.url.startswith("http") for one in found.candidates)
