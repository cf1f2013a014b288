"""What a `Link` header says, and what is passed over in it."""

from __future__ import annotations

import time

import pytest

from etl.fetch.link_header import LINKS_MAX, LinkHeader, read_link_header

URL = "https://paper.example/news/quay-1"
HEADERS = {
    "none": ("", LinkHeader()),
    "a canonical address": (
        '<https://paper.example/news/quay>; rel="canonical"',
        LinkHeader((("canonical", "https://paper.example/news/quay"),)),
    ),
    "relative, in other letters, with a comma in a title": (
        '</news/quay>; title="a, b; c"; REL=Canonical, </feed>; rel="alternate"',
        LinkHeader((("canonical", "https://paper.example/news/quay"), ("alternate", "https://paper.example/feed"))),
    ),
    "several relations of one": (
        '<https://hub.example/>; rel="other hub"',
        LinkHeader((("other", "https://hub.example/"), ("hub", "https://hub.example/"))),
    ),
    "languages": (
        '</es/quay>; rel="alternate"; hreflang="es", </fr/quay>; hreflang=fr; rel=alternate, </>; rel=next; hreflang=it',
        LinkHeader(
            (
                ("alternate", "https://paper.example/es/quay"),
                ("alternate", "https://paper.example/fr/quay"),
                ("next", "https://paper.example/"),
            ),
            (("es", "https://paper.example/es/quay"), ("fr", "https://paper.example/fr/quay")),
        ),
    ),
    "the first of two parameters counts": (
        "</a>; rel=canonical; rel=hub",
        LinkHeader((("canonical", "https://paper.example/a"),)),
    ),
    "of something else": ('</a>; rel=canonical; anchor="/b"', LinkHeader()),
    "a parameter without a value": ("</a>; nopush; rel=preload", LinkHeader((("preload", "https://paper.example/a"),))),
    "nonsense": ("<http://[>; rel=canonical, rel=canonical, <", LinkHeader()),
    "no address of a web page": (
        "<mailto:a@b>; rel=alternate; hreflang=es",
        LinkHeader((("alternate", "mailto:a@b"),)),
    ),
}


@pytest.mark.parametrize(("value", "said"), HEADERS.values(), ids=HEADERS.keys())
def test_a_link_header_is_read(value, said):
    assert read_link_header(value, url=URL) == said


def test_a_header_of_any_length_is_read_up_to_a_cap():
    said = read_link_header(", ".join(f"</{n}>; rel=next" for n in range(10 * LINKS_MAX)), url=URL)
    assert len(said.targets) == LINKS_MAX
    assert said.first("next") == "https://paper.example/0"
    assert said.first("hub") is None


@pytest.mark.parametrize("piece", ["<", "<a>;", "<a>; ", "<a>;a", ";", "a", "<a>;a=", '<a>;a="', " ", "=", '"'])
def test_no_header_takes_long(piece):
    """Each of these took seconds with a pattern that begins anew at every place: its CPU time tells, not the clock."""
    for hostile in (piece * 60_000, "<a>" + piece * 60_000, "<a>;" + piece * 60_000, "<a>;rel=x" + piece * 60_000):
        began = time.process_time()
        read_link_header(hostile, url=URL)
        assert time.process_time() - began < 3
