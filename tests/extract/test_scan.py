"""Both forms of the scan of a page's bytes and characters say the same of anything."""

from __future__ import annotations

import sys

import pytest
from extract.forms import compiled_form, python_form
from hypothesis import example, given
from hypothesis import strategies as st

from etl.extract import scan

SPACES = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())
SPACED = st.one_of(
    st.text(max_size=40),
    *(
        st.text(alphabet=letters, max_size=40)
        for letters in (SPACES + "a", " ab", " \n\xa0a\xe9", " \u3000a\u20ac\U0010ffff\ud800\x1b\x7f\x80")
    ),
)
PYTHON = python_form("etl.extract.scan")
PIECES = (
    *(
        b"<",
        b">",
        b"/",
        b"=",
        b'"',
        b"'",
        b" ",
        b"\n",
        b"\r",
        b"\t",
        b"\f",
        b"\0",
        b"!",
        b"-",
        b"a",
        b"B",
        b"7",
        b"\xe9",
    ),
    *(b"html", b"body", b"big", b"strong", b"nobr", b"u", b"script", b' class="x"', b" id='y'", b" z=1", b" hidden"),
    *(b'<p class="a b">', b"<a href=/x>", b"<br/>", b"</p>", b"<!-- -->", b' a=""' * 12, b" b=1" * 12),
)
TAGS = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)
LETTERS = st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))


def places(form, body: bytes) -> list[int]:
    found: list[int] = []
    start = form.next_unclear(body, 0)
    while start >= 0:
        found.append(start)
        start = form.next_unclear(body, start + 1)
    return found


def test_plainly_short_tags_are_passed_over():
    body = b'<p class="x">1 < 2 <b>bold</b> <b id=1> <P> <br/><a href=x y="' + b"<html lang=en>"
    assert [body[place:][:4] for place in places(PYTHON, body)] == [b"<b i", b"<P> ", b"<a h", b"<htm"]


@given(TAGS)
@example(b"<")
@example(b"<a")
@example(b"<a b=")
@example(b'<a b="')
@example(b"<a b='c")
@example(b"<p" + b' a=""' * 12 + b" b" * 12 + b">")
@example(b"<p" + b' a=""' * 12 + b" b" * 13 + b">")
def test_the_same_places_are_unclear(body: bytes):
    assert places(compiled_form("etl.extract._scan"), body) == places(PYTHON, body)


@given(TAGS, st.integers(0, 30), st.integers(1, 60))
def test_the_same_tags_are_short(body: bytes, start: int, most: int):
    compiled, start = compiled_form("etl.extract._scan"), min(start, len(body))
    assert compiled.end_of_short(body, start, most) == PYTHON.end_of_short(body, start, most)


@given(TAGS, st.integers(0, 30), st.booleans())
@example(b"<a" + b" b" * 150, 0, True)
@example(b"<a b='", 0, True)
@example(b"<a b= ", 0, True)
@example(b"b = >", 0, False)
@example(b"<", 0, True)
def test_the_same_attributes_are_read(body: bytes, start: int, is_tag: bool):
    compiled, start = compiled_form("etl.extract._scan"), min(start, len(body))
    assert compiled.past_attributes(body, start, is_tag=is_tag) == PYTHON.past_attributes(body, start, is_tag=is_tag)


@given(TAGS, st.integers(1, 60), st.sampled_from((40_000_000, 4_000)), st.sampled_from((1_000_000, 300)))
@example(b"<html a b><HTML c d><body/e><Font x><b\x0by><i>", 400, 40_000_000, 1_000_000)
@example(b"<p" + b" a" * 250 + b">", 100, 4_000, 1_000_000)
@example(b"<html" + b" a" * 90 + b"><html" + b" b" * 90 + b">", 400, 4_000, 1_000_000)
@example(b"<a b='" * 40, 400, 40_000_000, 300)
def test_the_same_is_affordable(body: bytes, most: int, comparisons: int, read: int):
    compiled = compiled_form("etl.extract._scan")
    with pytest.MonkeyPatch.context() as patch:
        for form in (PYTHON, scan):
            patch.setattr(form, "COMPARISONS_MAX", comparisons)
            patch.setattr(form, "READ_LEAST", read)
            patch.setattr(form, "READ_MAX", 0)
        assert compiled.affordable(body, most) == PYTHON.affordable(body, most)


@given(st.one_of(st.binary(max_size=40), LETTERS, st.tuples(LETTERS, st.binary(max_size=3), LETTERS).map(b"".join)))
@example(b"\xed\xa0\x80")
@example(b"\xf4\x90\x80\x80")
@example(b"\xc0\x80")
@example(b"\xe0\x9f\xbf")
@example(b"\xf0\x8f\xbf\xbf")
@example(b"x" * 8 + b"\xe2\x82")
def test_the_same_bytes_are_utf8(body: bytes):
    assert compiled_form("etl.extract._scan").is_utf8(body) == PYTHON.is_utf8(body)


@given(SPACED)
@example("")
@example(" ")
@example("one word")
@example("  two\n\tlines ")
@example("a\xa0b")
@example("\u3000a\u2003b\u3000")
@example("\U0001f600  \xe9")
@example("a  " * 3_000 + "b")
@example("\u3042\u3000" * 3_000)
@example("\U0001f600\n" * 3_000)
def test_white_space_is_collapsed_alike(text: str):
    made, expected = compiled_form("etl.extract._scan").collapse(text), PYTHON.collapse(text)
    assert made == expected
    # As wide as its widest letter, or it would be found in no dictionary.
    assert {expected: 1}.get(made) == 1
    assert made is text or sys.getsizeof(made) == sys.getsizeof("".join(list(expected)))


def test_text_without_double_spaces_is_given_back_as_it_is():
    text = "A line of text, as most are."
    assert compiled_form("etl.extract._scan").collapse(text) is text
    assert compiled_form("etl.extract._scan").collapse(text + " ") == text
    with pytest.raises(TypeError):
        compiled_form("etl.extract._scan").collapse(None)


LETTERS_KEPT = bytes(code if chr(code).isalnum() else 32 for code in range(128)) + bytes(128)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
@example("")
@example(" .-\n")
@example("One, two;  three. ")
@example("a, " * 3_000)
def test_letters_are_spelled_alike(text: str):
    assert compiled_form("etl.extract._scan").spelled(text, LETTERS_KEPT) == PYTHON.spelled(text, LETTERS_KEPT)


def test_only_ascii_is_spelled():
    for form in (compiled_form("etl.extract._scan"), PYTHON):
        assert form.spelled(" One, two-three\n", LETTERS_KEPT) == "One two three"
        for text, letters in (("caf\xe9", LETTERS_KEPT), ("\u3042", LETTERS_KEPT), ("a", b"abc")):
            with pytest.raises(ValueError):
                form.spelled(text, letters)
