"""The links of a page as data: kind, heading, title, kicker, rank and date of each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract import anchors, dates, document, links, teasers
from etl.model import Link

FETCHED_AT = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
PAGE = "https://news.example/town/2024/05/02/bridge-to-close-for-good"
TEXT = (
    "<p>The council met on Tuesday and decided, after three hours, that the bridge will be closed for good. The mayor "
    "had asked for a year more, but the engineers of the county would not put their names to it, and nobody else did.</p>"
)


def read(inner: str, *, url: str = PAGE, language: str = "en") -> tuple[Link, ...]:
    doc = document.parse(f"<html><body>{inner}</body></html>".encode(), url=url)
    return links.read(doc, teasers.find(doc), language=language, zone="Europe/London", fetched_at=FETCHED_AT)


def article(inner: str) -> str:
    return f"<main><article><h1>Bridge to close</h1>{TEXT}{inner}</article></main>"


@pytest.mark.parametrize(
    ("teaser", "title", "kicker", "rank", "label"),
    [
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a></li>',
            "Mayor defends the plan",
            None,
            None,
            None,
            id="a bare link",
        ),
        pytest.param(
            '<li><b>3</b><a href="/2024/05/mayor-defends-plan"><i>Politics</i><span>Mayor defends the plan</span></a>'
            "<em>2 hours ago</em></li>",
            "Mayor defends the plan",
            "Politics",
            3,
            "2 hours ago",
            id="everything in inline elements without names",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan"><img src="x.jpg"></a><div class="card__eyebrow">Politics</div>'
            '<h3><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a></h3><p>He said it had been known for '
            'years that the old bridge would not last.</p><span class="byline">By Ann Lee</span></li>',
            "Mayor defends the plan",
            "Politics",
            None,
            None,
            id="a card with image, deck and author",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan"><h3><span class="kicker-lead">After the vote:</span> '
            "Mayor defends the <em>whole</em> plan</h3></a></li>",
            "After the vote: Mayor defends the whole plan",
            None,
            None,
            None,
            id="a lead-in with a colon is part of the headline",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan"><strong>Mayor defends the plan before the council</strong> '
            "He said it had been known for years.</a></li>",
            "Mayor defends the plan before the council",
            None,
            None,
            None,
            id="a bold headline with its deck in one link",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan">Mayor defends the plan'
            '<span class="visually-hidden">, opens new tab</span></a> <span class="duration">03:12</span></li>',
            "Mayor defends the plan",
            None,
            None,
            None,
            id="screen-reader words and durations are not shown",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a>'
            '<time datetime="2024-05-01T18:30:00+01:00">yesterday</time></li>',
            "Mayor defends the plan",
            None,
            None,
            "yesterday",
            id="the time element's label",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan"><span class="t">Mayor defends the plan</span></a> '
            '<a href="/2024/05/mayor-defends-plan/#comments"><span>25</span></a></li>',
            "Mayor defends the plan",
            None,
            None,
            None,
            id="a number behind the headline counts comments",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan"><span class="bold">"I will not sign this":</span>'
            '<span class="line">Mayor defends the plan</span></a></li>',
            "Mayor defends the plan",
            '"I will not sign this":',
            None,
            None,
            id="what ends in a colon is the kicker, also when it is longer",
        ),
        pytest.param(
            '<li><figure><a href="/2024/05/mayor-defends-plan"><img src="x.jpg"></a><figcaption><div>Ann Lee/Agency'
            '</div></figcaption></figure><h3><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a></h3></li>',
            "Mayor defends the plan",
            None,
            None,
            None,
            id="a credit in the caption is no kicker",
        ),
        pytest.param(
            '<li><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a> <time datetime="PT2M53S">02:53</time>'
            '<time datetime="2024-05-01T18:30:00+01:00">1 May 2024</time></li>',
            "Mayor defends the plan",
            None,
            None,
            "1 May 2024",
            id="the length of a video is no time of day",
        ),
    ],
)
def test_a_teaser_is_told_apart(
    teaser: str, title: str, kicker: str | None, rank: int | None, label: str | None
) -> None:
    found = read(article(f"</article><section><h2>Latest</h2><ul>{teaser}</ul></section>"))
    assert [(link.title, link.kicker, link.rank, link.date and link.date.text) for link in found] == [
        (title, kicker, rank, label)
    ]


def test_a_machine_time_wins_over_its_label() -> None:
    found = read(
        article(
            '<aside><h3>Related</h3><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a>'
            '<time datetime="2024-05-01T18:30:00+01:00">last night</time></aside>'
        )
    )
    assert [dates.iso(link.date) for link in found] == ["2024-05-01T18:30:00+01:00"]


def test_a_label_nobody_can_read_gives_no_date() -> None:
    found = read(
        article(
            '<aside><h3>Related</h3><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a>'
            '<span class="date">03/04</span></aside>'
        )
    )
    assert [dates.iso(link.date) for link in found] == [None]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        pytest.param(
            f'<p>The mayor <a href="/2024/05/defended-plan">defended the plan</a> again before the council.</p>{TEXT}',
            [("inline", "defended the plan")],
            id="a link in a sentence",
        ),
        pytest.param(
            f'<p>See the <a href="https://doi.example/qbr17">study of 2021</a> by the engineers of the county.</p>{TEXT}',
            [("inline", "study of 2021")],
            id="a short link to a document elsewhere",
        ),
        pytest.param(
            f'<p>The <a href="/town/bridges/">bridges</a> of the <a href="/tag/old-towns-of-the-east">old town</a> '
            f"are known to everybody.</p>{TEXT}",
            [],
            id="sections and tags are no documents",
        ),
        pytest.param(
            f'<p>As <a href="{PAGE}#top">said above</a>, the engineers would not put their names to it.</p>{TEXT}',
            [],
            id="the page itself",
        ),
        pytest.param(
            f'<blockquote class="twitter-tweet"><p>It is over for the bridge, says the mayor in the council tonight. '
            f'<a href="https://x.com/mayor/status/2077693116711076122">May 1</a></p></blockquote>{TEXT}',
            [],
            id="an embedded post",
        ),
        pytest.param(
            f'{TEXT}<p>Sources:</p><p><a href="https://other.example/2024/05/bridge-report">other.example</a></p>{TEXT}',
            [("inline", "other.example")],
            id="a source on a line of its own",
        ),
        pytest.param(
            f'<h4>Read also</h4><div><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a></div>{TEXT}',
            [("related", "Mayor defends the plan")],
            id="a card between paragraphs",
        ),
    ],
)
def test_links_of_the_running_text(inner: str, expected: list[tuple[str, str]]) -> None:
    assert [(link.kind, link.title) for link in read(article(inner))] == expected


def test_a_page_has_one_record_per_url_and_kind() -> None:
    teaser = '<li><a href="/2024/05/mayor-defends-plan?utm_source=x">Mayor defends the plan</a></li>'
    full = '<li><a href="/2024/05/mayor-defends-plan">Mayor defends the plan before the council</a></li>'
    found = read(
        article(f"</article><h2>Most read</h2><ul>{teaser}{full}</ul><h2>Latest</h2><ul>{teaser}</ul>"), language="en"
    )
    assert [(link.kind, link.title, link.position) for link in found] == [
        ("most_read", "Mayor defends the plan before the council", 0),
        ("latest", "Mayor defends the plan", 1),
    ]


def test_tabs_rule_the_panel_behind_them() -> None:
    def panel(*names: str) -> str:
        items = "".join(f'<li><a href="/2024/05/{name}-speaks-out">{name} speaks out</a></li>' for name in names)
        return f"<div class=panel><ul>{items}</ul></div>"

    found = read(
        article(
            "</article><div><ul><li><button>Most read</button></li><li><button>Latest</button></li></ul>"
            + panel("The mayor of the town", "The county engineer")
            + panel("The last ferryman of all")
            + "</div>"
        )
    )
    assert [(link.kind, link.block) for link in found] == [
        ("most_read", "Most read"),
        ("most_read", "Most read"),
        ("latest", "Latest"),
    ]


def test_a_numbered_list_gives_the_rank() -> None:
    items = "".join(
        f'<li><a href="/2024/05/{name}-speaks-out-again">{name} speaks out</a></li>'
        for name in ("The mayor", "A ferryman")
    )
    found = read(article(f"</article><h3>Most read</h3><ol>{items}</ol>"))
    assert [link.rank for link in found] == [1, 2]


@pytest.mark.parametrize("printed", ["{}", "{}.", "#{}", "No. {}", "Nr. {}", "{}º", "{}位", "第{}位", "{}위"])
def test_a_rank_is_read_as_it_is_printed(printed: str) -> None:
    entries = "".join(
        f'<li><span>{printed.format(number)}</span><a href="/2024/05/0{number}/a-story-of-number-{number}">'
        f"The story that has number {word}</a></li>"
        for number, word in ((1, "one"), (2, "two"), (3, "three"))
    )
    links = read(f"<section><h2>Most read</h2><ul>{entries}</ul></section>")
    assert [(link.rank, link.title[-5:].strip()) for link in links] == [(1, "r one"), (2, "r two"), (3, "three")]


def test_numbers_that_do_not_rise_are_no_ranks() -> None:
    """A grid of galleries prints how many pictures each has."""
    counts = "".join(
        f'<li><b>{count}</b><a href="/2024/05/{name}-of-the-old-bridge">The {name} of the old bridge</a></li>'
        for count, name in ((3, "towers"), (7, "ropes"), (4, "lamps"))
    )
    found = read(article(f"</article><section><h2>Our pictures</h2><ul>{counts}</ul></section>"))
    assert [(link.kind, link.rank) for link in found] == [("latest", None)] * 3


def test_menus_and_footers_have_no_links() -> None:
    menu = "".join(
        f'<li><a href="/de/{name}/s-{number}">{name}</a></li>'
        for number, name in enumerate(("Deutschland", "Wissenschaft", "Gesellschaft", "Gute Buecher"), start=10001)
    )
    inner = (
        f"<nav><ul>{menu}</ul></nav><div><ul>{menu}</ul></div>{article('')}"
        '<footer><a href="/2020/01/how-we-work-and-who-pays-for-it">How we work and who pays for it</a></footer>'
    )
    assert read(inner) == ()


FRONT = "https://news.example/"


def test_a_front_page_keeps_the_order_of_its_teasers() -> None:
    def card(name: str, number: int) -> str:
        return (
            f'<div class="card"><a href="/2024/05/{name.lower().replace(" ", "-")}-{number}"><h3>{name}</h3></a>'
            f"<p>{'It was a long day in the town, and nobody knew how it would end. ' * 2}</p></div>"
        )

    names = ["The bridge is closed", "The mayor resigns", "The ferry is back"]
    found = read(
        "<main><section><h2>Town</h2>"
        + "".join(card(name, 81000 + number) for number, name in enumerate(names))
        + '</section><section><h2>Most read</h2><ol><li><a href="/2024/05/the-last-ferryman-81009">The last ferryman'
        "</a></li></ol></section></main>",
        url=FRONT,
    )
    assert [(link.kind, link.block, link.title, link.position) for link in found] == [
        ("latest", "Town", names[0], 0),
        ("latest", "Town", names[1], 1),
        ("latest", "Town", names[2], 2),
        ("most_read", "Most read", "The last ferryman", 3),
    ]


def test_urls_are_named_by_the_caller() -> None:
    doc = document.parse(
        article(
            '<aside><h3>Related</h3><a href="/2024/05/mayor-defends-plan?x=1">Mayor defends the plan</a></aside>'
        ).encode(),
        url=PAGE,
    )
    found = links.read(doc, teasers.find(doc), canonical=lambda url: url.partition("?")[0])
    assert [(link.url, link.href) for link in found] == [
        ("https://news.example/2024/05/mayor-defends-plan", "/2024/05/mayor-defends-plan?x=1")
    ]


_PIECES = st.sampled_from(
    [
        "<div>", "</div>", "<ul>", "<li>", "</ul>", "<p>", "</p>", "<h2>Related</h2>", "<h3>", "</h3>", "<article>", "<nav>",
        '<a href="/2024/05/mayor-defends-plan">', '<a href="/2024/05/ferry-is-back">', '<a href="#x">', "</a>", "<b>1</b>",
        "<time>2 hours ago</time>", TEXT, "Mayor defends the plan", "<table><tr><td>", "<button>Most read</button>", "<footer>",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=30))
def test_any_nesting_gives_well_formed_links(pieces: list[str]) -> None:
    doc = document.parse("".join(pieces).encode() or b"x", url=PAGE)
    found = teasers.find(doc)
    assert all(first < end for first, end in found.ranges)
    assert all(one[1] <= other[0] for one, other in zip(found.ranges, found.ranges[1:], strict=False))
    records = links.read(doc, found, fetched_at=FETCHED_AT)
    assert [link.position for link in records] == list(range(len(records)))
    assert len({(link.url, link.kind) for link in records}) == len(records)
    assert all(link.title for link in records)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param('<p><a href="/2024/05/mayor-{n}-defends-plan">Mayor {n} defends</a> and', id="one line"),
        pytest.param('<ol><li><a href="/2024/05/mayor-{n}-defends-plan">Mayor {n} defends</a>', id="nested lists"),
        pytest.param('<a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a>', id="one URL for ever"),
        pytest.param("<ul><li><button>One</button><li><button>Two</button></ul><div></div>", id="tabs for ever"),
        pytest.param(
            '<h3>Read next</h3><a href="/2024/05/mayor-{n}-defends-plan">Mayor {n} defends</a>', id="headings"
        ),
    ],
)
def test_a_hostile_page_gives_a_bounded_number_of_links(hostile: str) -> None:
    found = read("<h2>Most read</h2>" + "".join(hostile.replace("{n}", str(n)) for n in range(6000)))
    assert len(found) <= anchors.ANCHORS_MAX
