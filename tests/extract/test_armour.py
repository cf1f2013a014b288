"""What is cut from a page before it is parsed, and above all what is not."""

from __future__ import annotations

import pytest

from etl.extract import armour

LONG = b"x" * 20_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<p>one</p>", id="a small page"),
        pytest.param(b"<div>" * 300 + b"</div>" * 300, id="deep, but browsers go deeper"),
        pytest.param(b"<p>one" * 9_000, id="many paragraphs that nobody closes"),
        pytest.param(b"<ul>" + b"<li>one" * 9_000 + b"</ul>", id="a long list"),
        pytest.param(b'<img src="data:image/png;base64,' + LONG + b'"><p>text', id="a picture in an attribute"),
        pytest.param(b'<a class="a"">one</a><p>' + b"it's \"" * 3_000 + b"</p>", id="quotes that open no value"),
        pytest.param(b"<a\n" + b" " * 9_000 + b'href="b">one</a>', id="a tag full of white space"),
        pytest.param(b"<script>for(;i<n;i++){x='" + LONG + b"'}</script><p>text", id="a comparison in a script"),
        pytest.param(b"<!-- a<b " + LONG + b' " --><p>text', id="a comparison in a comment"),
        pytest.param(b'<div data-state="' + b"&quot;a&quot; " * 3_000 + b'">text', id="state in an attribute"),
        pytest.param(b'<font color="red">a</font> ' * 3_000, id="much formatting, all of it closed"),
        pytest.param(b"<b>a</b><i>b</i>" * 5_000, id="plain formatting"),
    ],
)
def test_honest_pages_are_not_touched(body: bytes) -> None:
    assert armour.tame(body) == body


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        pytest.param(b"<div " + b" ".join(b"a%d" % n for n in range(9_000)) + b">text", b">text", id="attributes"),
        pytest.param(
            b"<div " + b" ".join(b'a%d=">"' % n for n in range(13_000)) + b">text",
            b">text",
            id="attributes that hold >",
        ),
        pytest.param(
            b"<div " + b" ".join(b"a%d" % n if n % 40 else b'a%d="<p>"' % n for n in range(9_000)) + b">text",
            b">text",
            id="attributes without value around some that hold a tag",
        ),
        pytest.param(
            b"<div " + b" ".join(b"a%d = '>'" % n for n in range(13_000)) + b">text",
            b">text",
            id="attributes with room around the sign",
        ),
        pytest.param(
            b"<div " + b"".join(b"a%d=''" % n for n in range(9_000)) + b">text",
            b">text",
            id="attributes with nothing between them",
        ),
        pytest.param(
            b"<div = = '>' " + b" ".join(b"a%d" % n for n in range(9_000)) + b">text",
            b">text",
            id="an attribute of which only the Standard knows where it ends",
        ),
        pytest.param(
            b"".join(b"<p " + b" ".join(b"a%d" % n for n in range(300)) + b">x" for _ in range(1_000)) + b">text",
            b">text",
            id="a long page of tags that a short one may have",
        ),
        pytest.param(b"<div>" * 20_000 + b"text", b">text", id="depth"),
        pytest.param(b"".join(b"<b id=%d><p>" % n for n in range(1_000)) + b"text", b">text", id="formatting"),
    ],
)
def test_hostile_pages_lose_what_is_too_much_and_keep_their_text(body: bytes, kept: bytes) -> None:
    tamed = armour.tame(body)
    assert len(tamed) < len(body) / 2
    assert tamed.endswith(kept)


ATTRIBUTES = b"<b " + b" ".join(b"a%d" % n for n in range(9_000)) + b">text"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<svg><style>" + ATTRIBUTES, id="style in svg is no raw text"),
        pytest.param(b"<math><title>" + ATTRIBUTES, id="nor is title in mathml"),
        pytest.param(b"<svg><![CDATA[ <script> ]]>" + ATTRIBUTES, id="a script in a section of svg"),
        pytest.param(b"<xmp><script></xmp>" + ATTRIBUTES, id="a script in an example"),
        pytest.param(b"<noscript><!--</noscript>" + ATTRIBUTES, id="a comment in noscript"),
        pytest.param(b"<title-x>" + ATTRIBUTES, id="an element whose name begins like another"),
        pytest.param(b"<!-->" + ATTRIBUTES, id="a comment that ends where it begins"),
        pytest.param(b"<!-- --!>" + ATTRIBUTES, id="a comment that ends wrong"),
        pytest.param(
            b"".join(b"<body " + b" ".join(b"a%dx%d" % (n, m) for m in range(300)) + b">" for n in range(60)),
            id="attributes of many bodies, which all go to the first",
        ),
        pytest.param(b"<svg><style>" + b"<div>" * 20_000, id="depth behind raw text that is none"),
        pytest.param(b"<!-->" + b"<div>" * 20_000, id="depth behind a comment that is none"),
        pytest.param(b"<div><table><td></div></td></table>" * 20_000, id="end tags that a table holds back"),
        pytest.param(b"<div><template></div></template>" * 20_000, id="end tags that a template holds back"),
        pytest.param(b"<svg>" + b"<div><style></div></style>" * 20_000, id="end tags in raw text"),
    ],
)
def test_what_only_the_parser_knows_to_be_tags_is_cut_all_the_same(body: bytes) -> None:
    assert len(armour.tame(body)) < len(body) * 0.9


def test_zero_bytes_are_dropped_and_a_page_has_an_end() -> None:
    assert armour.tame(b"<p>a\0b") == b"<p>ab"
    assert len(armour.tame(b"x" * (armour.BODY_MAX_BYTES + 5))) == armour.BODY_MAX_BYTES
