"""Times of a page: published, modified and other dates are told apart; what the markup lacks the printed line gives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import dates, document, structured, times
from etl.extract.body import Main
from etl.extract.times import Times

URL = "https://www.hillpost.example/news/rain-in-the-hills.html"
READ_AT = datetime(2025, 3, 12, 14, 0, tzinfo=UTC)
TEXT = "".join(
    f"<p>Rain fell on the hills for the {n}th day, and the river rose by another metre overnight.</p>"
    for n in range(4, 9)
)


def read(head: str = "", top: str = "", bottom: str = "", *, url: str = URL, **known: str) -> Times:
    lang = known.pop("lang", "en")
    page = f"""<html lang="{lang}"><head><title>Rain in the hills | Hill Post</title>{head}</head><body>
        <nav><a href="/">Home</a> <span class="date">Wednesday 12 March 2025</span></nav>
        <article><h1>Rain in the hills</h1>{top}{TEXT}{bottom}</article>
        <aside class="sidebar"><h3>Most read</h3><ul><li>
            <a href="/news/a-flood-in-the-valley-42">A flood in the valley drowns three hundred sheep
            <time datetime="2025-03-01">1 March 2025</time></a></li></ul></aside>
        <div class="comments"><p class="date">Bo, 11 March 2025 10:00</p></div>
        <footer>Copyright 2 January 2025 Hill Post</footer></body></html>"""
    doc = document.parse(page.encode(), url=url)
    return times.read(
        doc, structured.read(doc), body_of(doc), fetched_at=READ_AT, raw=page.encode(), **{"language": lang, **known}
    )


def body_of(doc: document.Document) -> Main:
    inside = [p for p in doc.by_tag["p"] if doc.text(p).startswith("Rain fell")]
    return Main(spans=tuple((doc.first_text[p], doc.last_text[p]) for p in inside), elements=tuple(inside))


def ld(published: str, modified: str = "") -> str:
    return (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Rain in the hills", '
        f'"datePublished": "{published}", "dateModified": "{modified}"}}</script>'
    )


@pytest.mark.parametrize(
    ("head", "top", "expected", "rule"),
    [
        pytest.param(
            ld("2025-03-10T09:15:00+01:00"), "", "2025-03-10T09:15:00+01:00", "json-ld:datePublished", id="JSON-LD"
        ),
        pytest.param(
            '<meta property="article:published_time" content="2025-03-10T08:15:00Z">',
            "",
            "2025-03-10T08:15:00+00:00",
            "meta:article:published_time",
            id="Open Graph",
        ),
        pytest.param(
            '<meta name="publish-date" content="10 Mar 2025 08:15 GMT">',
            "",
            "2025-03-10T08:15:00+00:00",
            "meta:publish-date",
            id="a meta name of its own",
        ),
        pytest.param(
            '<meta name="expiration_date" content="2025-03-11">', "", None, None, id="an expiry is no publication"
        ),
        pytest.param(
            "",
            '<p><time datetime="2025-03-10T09:15:00+01:00">10 March</time></p>',
            "2025-03-10T09:15:00+01:00",
            "label:time",
            id="a time element",
        ),
        pytest.param(
            "", '<p class="byline">By Ada Hill | 10 March 2025</p>', "2025-03-10", "label:hinted", id="a byline"
        ),
        pytest.param(
            "", "<p>10 March 2025, 9:15 GMT</p>", "2025-03-10T09:15:00+00:00", "label:line", id="a line without class"
        ),
        pytest.param(
            "",
            "<p>Published 10 March 2025, updated 11 March 2025</p>",
            "2025-03-10",
            "label:line",
            id="the one called published",
        ),
        pytest.param("", "", None, None, id="dates of menu, teasers, comments and copyright are not the article's"),
        pytest.param(ld("2025-03-20T09:15:00Z"), "", None, None, id="after the fetch"),
        pytest.param(ld("yesterday-ish"), "<p>10 March 2025</p>", "2025-03-10", "label:line", id="broken JSON-LD"),
        pytest.param(
            '<script>var state = {"publishDate": "2025-03-10T09:15:00Z"}</script>',
            "",
            "2025-03-10T09:15:00+00:00",
            "script",
            id="a script's state",
        ),
    ],
)
def test_the_publication_comes_from_the_best_claim(head: str, top: str, expected: str | None, rule: str | None) -> None:
    found = read(head, top)
    assert (dates.iso(found.published), found.evidence.get("published_at")) == (expected, rule)


def test_a_day_is_completed_by_the_printed_time_of_that_day() -> None:
    found = read('<meta name="date" content="2025-03-10">', "<p>10 March 2025, 9:15 GMT</p>")
    assert dates.iso(found.published) == "2025-03-10T09:15:00+00:00"


def test_the_day_of_a_url_is_taken_when_the_page_shows_none() -> None:
    found = read(url="https://www.hillpost.example/2025/03/10/rain-in-the-hills.html")
    assert (dates.iso(found.published), found.evidence["published_at"]) == ("2025-03-10", "url")


@pytest.mark.parametrize(
    ("head", "top", "published", "modified"),
    [
        pytest.param(
            ld("2025-03-10T09:15:00Z", "2025-03-11T10:00:00Z"),
            "",
            "2025-03-10T09:15:00+00:00",
            "2025-03-11T10:00:00+00:00",
            id="JSON-LD",
        ),
        pytest.param(
            ld("2025-03-10T09:15:00Z", "2025-03-09T10:00:00Z"),
            "",
            "2025-03-10T09:15:00+00:00",
            None,
            id="an update before the publication is none",
        ),
        pytest.param(
            "",
            "<p>Published 9 March 2025</p><p>Last updated 11 March 2025</p>",
            "2025-03-09",
            "2025-03-11",
            id="printed",
        ),
        pytest.param(
            "",
            '<p class="date published">9 March 2025</p><p class="date updated">11 March 2025</p>',
            "2025-03-09",
            "2025-03-11",
            id="by class",
        ),
        pytest.param("", "<p>Last updated 11 March 2025</p>", "2025-03-11", None, id="the only time of a page"),
    ],
)
def test_published_and_modified_are_told_apart(head: str, top: str, published: str, modified: str | None) -> None:
    found = read(head, top)
    assert (dates.iso(found.published), dates.iso(found.modified)) == (published, modified)


@pytest.mark.parametrize(
    ("known", "head", "expected"),
    [
        pytest.param({"zone": "Asia/Tokyo"}, "", "2025-03-10T09:15:00+09:00", id="the recipe's zone"),
        pytest.param({"country": "fr"}, "", "2025-03-10T09:15:00+01:00", id="the country's"),
        pytest.param({"lang": "en-IE"}, "", "2025-03-10T09:15:00+00:00", id="of the region of the language"),
        pytest.param({"url": "https://www.hillpost.co.nz/rain"}, "", "2025-03-10T09:15:00+13:00", id="of the domain"),
        pytest.param(
            {},
            '<meta name="last-modified" content="2025-03-11T10:00:00-05:00">',
            "2025-03-10T09:15:00-05:00",
            id="of another time of the page",
        ),
        pytest.param(
            {},
            ld("", "2025-03-11T10:00:00Z") + '<meta name="lastmod" content="2025-03-11 15:30:00">',
            "2025-03-10T09:15:00+05:30",
            id="of one moment told twice",
        ),
        pytest.param({}, "", "2025-03-10", id="none: the day only"),
    ],
)
def test_a_printed_time_is_resolved_in_the_publishers_zone(known: dict[str, str], head: str, expected: str) -> None:
    assert dates.iso(read(head, "<p>10 March 2025, 9:15</p>", **known).published) == expected


def test_the_publishers_zone_is_told_for_the_labels_of_links() -> None:
    found = read(url="https://www.hillpost.example.fr/rain")
    assert (found.country, found.zone) == ("fr", "Europe/Paris")


def test_what_lost_is_kept_with_its_rule() -> None:
    found = read(ld("2025-03-10T09:15:00Z") + '<meta name="date" content="2025-03-09">')
    assert ("meta:date", "2025-03-09") in found.losers["published_at"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_in_markup_or_line_breaks_the_reader(head: str, line: str) -> None:
    cleaned = head.replace('"', "").replace("<", "")
    found = read(f'<meta name="date" content="{cleaned}">', f"<p class='date'>{line.replace('<', '')}</p>")
    assert found.published is None or found.published.at is not None


@pytest.mark.parametrize(
    ("text", "expected", "rule"),
    [
        pytest.param(
            "<p>Hillton, (10.03.2025). It rained.</p>", "2025-03-10", "label:dateline", id="a dateline opens the text"
        ),
        pytest.param("<p>HILLTON, 10 March 2025 – It rained on.</p>", "2025-03-10", "label:dateline", id="with a dash"),
        pytest.param(
            "<p>It rained on 10 March 2025 and on 11 March 2025 too.</p>", None, None, id="a day in a sentence"
        ),
        pytest.param("<p>On 10 March 2025 we want to walk, rain or not.</p>", None, None, id="a day that begins one"),
    ],
)
def test_a_press_release_is_dated_by_its_first_words(text: str, expected: str | None, rule: str | None) -> None:
    opened = text.replace("</p>", " " + "Rain. " * 40 + "</p>")
    page = f"<html lang='en-GB'><body><h1>Rain in the hills</h1>{'<p>Menu</p>' * 12}{opened}</body></html>"
    doc = document.parse(page.encode(), url=URL)
    opening = doc.by_tag["p"][-1]
    body = Main(spans=((doc.first_text[opening], doc.last_text[opening]),), elements=(opening,))
    found = times.read(doc, structured.read(doc), body, language="en-GB", fetched_at=READ_AT)
    assert (dates.iso(found.published), found.evidence.get("published_at")) == (expected, rule)


PLAIN = "<html lang='en-GB'><body>{menu}<h1>Rain in the hills</h1>{menu}{above}{text}{below}</body></html>"


@pytest.mark.parametrize(
    ("above", "below", "expected", "rule"),
    [
        pytest.param(
            "",
            "<p>Published 10.03.2025<br>Length: 50:11 min</p>",
            "2025-03-10",
            "label:named",
            id="a line cut by breaks",
        ),
        pytest.param(
            "<h2><a href='/2025/03/10/a-flood-in-the-valley'>Monday, 10 March 2025, 18:52:00</a></h2>",
            "",
            "2025-03-10T18:52:00+00:00",
            "label:above",
            id="a date that links",
        ),
        pytest.param("<h2>Rain until 14 March 2025</h2>", "", None, None, id="a date with other words"),
        pytest.param("", "<p>Length: 50:11 min<br>10.03.2025</p>", None, None, id="a piece that names nothing"),
        pytest.param(
            "<span class=updated title='2025-03-10T18:52:11+00:00'></span>",
            "",
            "2025-03-10T18:52:11+00:00",
            "label:title",
            id="hAtom for machines only",
        ),
    ],
)
def test_what_only_undated_pages_are_asked_for(above: str, below: str, expected: str | None, rule: str | None) -> None:
    menu = "<p>Menu</p>" * 60
    page = PLAIN.format(menu=menu, above=above, text=TEXT, below=menu + below)
    doc = document.parse(page.encode(), url=URL)
    found = times.read(doc, structured.read(doc), body_of(doc), language="en-GB", fetched_at=READ_AT)
    assert (dates.iso(found.published), found.evidence.get("published_at")) == (expected, rule)


@pytest.mark.parametrize(
    ("top", "bottom", "expected"),
    [
        pytest.param("", '<footer class="entry-footer"><time>9 March 2025</time></footer>', "2025-03-09", id="foot"),
        pytest.param('<div class="article-hero__footer"><p>9 March 2025</p></div>', "", "2025-03-09", id="above"),
        pytest.param('<div class="social-comments"><p>9 March 2025</p></div>', "", "2025-03-09", id="beside comments"),
        pytest.param("<p>By Ada Hill@adahill 9 March 2025</p>", "", "2025-03-09", id="beside an account"),
        pytest.param("<p><i>Ada Hill</i><i>Mar 9, 2025</i>| 6 comments</p>", "", "2025-03-09", id="set apart by style"),
        pytest.param('<p class="date"><b>9</b><b>Mar</b><b>2025</b></p>', "", "2025-03-09", id="leaf of a calendar"),
        pytest.param("<p>2025 | 03 | 09</p>", "", "2025-03-09", id="bars"),
        pytest.param("<p>02 • 03 • 2025</p>", "", None, id="bars, order unknown"),
        pytest.param("<p>03 | 04 | 05</p>", "", None, id="pages"),
        pytest.param('<x-time publishdate="2025-03-09T10:00:00Z"></x-time>', "", "2025-03-09", id="custom element"),
        pytest.param('<ins datetime="2025-03-09T10:00:00Z">More rain.</ins>', "", None, id="an edit is none"),
        pytest.param("<p>Rivers (@rivers) 9 March 2025</p>", "", None, id="another's post"),
        pytest.param(
            "", '</article><article data-published-at="2025-03-09"><p>A flood.</p>', None, id="another article's"
        ),
        pytest.param("", '<footer class="page-footer">9 March 2025</footer>', "2025-03-09", id="foot of the article"),
    ],
)
def test_a_date_line_is_found_where_themes_put_it(top: str, bottom: str, expected: str | None) -> None:
    published = read("", top, bottom).published
    assert (str(published.at)[:10] if published and published.at else None) == expected


def test_an_article_may_carry_its_time_for_scripts() -> None:
    page = f"""<html lang="en"><body><article data-publish-date="March 9, 2025"><h1>Rain in the hills</h1>{TEXT}</article>
        <article data-publish-date="March 1, 2025"><h2>A flood in the valley</h2></article></body></html>"""
    doc = document.parse(page.encode(), url=URL)
    found = times.read(doc, structured.read(doc), body_of(doc), language="en", fetched_at=READ_AT, raw=page.encode())
    assert found.published is not None
    assert (dates.iso(found.published), found.published.rule) == ("2025-03-09", "label:attribute")


@pytest.mark.parametrize(
    "title", ["A flood in the valley drowns three hundred sheep", "A flood"], ids=["long", "short"]
)
def test_the_date_in_a_link_to_another_article_is_that_articles(title: str) -> None:
    card = f'<div class="x"><a href="/news/flood-42"><h4>{title}</h4><span>5 March 2025</span></a></div>'
    assert read(bottom=card).published is None


def test_the_date_in_a_headline_that_links_to_its_own_page_counts() -> None:
    top = '<a href="/news/rain-in-the-hills.html"><h2>Rain in the hills goes on</h2><span>5 March 2025</span></a>'
    assert dates.iso(read(top=top).published) == "2025-03-05"


@pytest.mark.parametrize(
    "line",
    [
        "© 2025 Hill Post. Last updated 11 March 2025.",
        "Copyright 2020-2025 Hill Post | Last updated: 11.03.2025",
    ],
)
def test_when_a_site_was_altered_is_no_time_of_the_article(line: str) -> None:
    assert dates.iso(read(top="<p>10 March 2025</p>", bottom=f"<p>{line}</p>").published) == "2025-03-10"
    for found in (read(top="<p>10 March 2025</p>", bottom=f"<p>{line}</p>"), read(bottom=f"<p>{line}</p>")):
        assert found.modified is None
    assert read(bottom=f"<p>{line}</p>").published is None


def test_a_clock_beside_a_date_in_another_element_is_no_time_of_today() -> None:
    top = "<div class=meta><span class=date>April 25, 2023</span><span class=time>2:26 PM GMT+2</span></div>"
    assert dates.iso(read(top=top).published).startswith("2023-04-25")


def test_one_time_for_both_gives_way_to_the_line_under_the_headline() -> None:
    kept = ld("Mar 10, 2025", "Mar 10, 2025")
    assert dates.iso(read(kept, "<p class=date>August 25, 2024</p>").published) == "2024-08-25"
    assert dates.iso(read(kept, "<p class=date>March 11, 2025</p>").published) == "2025-03-10"
    assert dates.iso(read(kept, "<p>The quay of August 25, 2024 has fallen in.</p>").published) == "2025-03-10"
    two = ld("Mar 10, 2025", "Mar 11, 2025")
    assert dates.iso(read(two, "<p class=date>August 25, 2024</p>").published) == "2025-03-10"


def test_a_weak_line_later_than_the_update_is_no_publication() -> None:
    found = read(
        top="<p class=date>Last modified: August 8, 2024</p>", bottom="<p>Next walk over the hills: March 5, 2025</p>"
    )
    assert dates.iso(found.published) == "2024-08-08"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("2017/7/12/rain", "2017-07-12", id="moved from another system"),
        pytest.param("2025/3/9/rain", "2025-03-10", id="the evening before"),
        pytest.param("20170712/rain", "2025-03-10", id="may be a number"),
        pytest.param("2025/12/24/rain", "2025-03-10", id="may be an event's"),
    ],
)
def test_a_day_in_the_folders_of_the_address_that_is_far_earlier_was_first(path: str, expected: str) -> None:
    found = read(ld("2025-03-10T09:15:00+01:00"), url=f"https://www.hillpost.example/{path}")
    assert dates.iso(found.published)[:10] == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("Comment", "2025-03-09"), ("NewsArticle", "2025-03-11T08:00:00+00:00")]
)
def test_microdata_of_a_comment_gives_no_time(kind: str, expected: str) -> None:
    inner = "<time itemprop=datePublished datetime=2025-03-11T08:00:00Z>11 March</time>"
    bottom = f"<div itemscope itemtype=https://schema.org/{kind}>{inner}</div>"
    assert dates.iso(read(top="<p>Published 9 March 2025</p>", bottom=bottom).published) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("{'publishedAt':1741597200000,'publish_time':1741597201}", "2025-03-10", id="agree"),
        pytest.param("{'publishedAt':1741597200000,'publish_time':1641597201}", None, id="differ"),
        pytest.param("{'expiresAt':1741597200000}", None, id="another name"),
    ],
)
def test_seconds_in_scripts_date_a_page_that_says_nothing_else(script: str, expected: str | None) -> None:
    found = read(f"<script>window.state={script}</script>").published
    assert (dates.iso(found) or "")[:10] == (expected or "")
