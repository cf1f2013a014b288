"""Both forms of the walk see the same in any page, and the compiled one is used only where that was seen."""

from __future__ import annotations

import pytest
from extract.forms import compiled_form
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from etl import compiled
from etl.extract import tree

PIECES = (
    *(
        "x",
        " ",
        "\n",
        "\u00a0",
        "\u2003 y",
        "日本",
        "&nbsp;",
        "&amp;",
        "<!-- c -->",
        "<![CDATA[ z ]]>",
        "<?pi?>",
        "<!x>",
    ),
    *(
        "<p>",
        "<p class='a b' id=c>",
        "</p>",
        "<div hidden>",
        "</div>",
        "<b>",
        "</b>",
        "<i x=1>",
        "</i>",
        "<a href=/x>",
        "</a>",
    ),
    *(
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<svg viewBox=0>",
        "<foreignObject>",
        "</svg>",
        "<math>",
        "<mi>",
        "</math>",
    ),
    *(
        "<script>",
        "<script type=Application/LD+JSON>",
        "<script src=y>",
        "</script>",
        "<style>",
        "</style>",
        "<select>",
    ),
    *("<option>", "<textarea>", "</textarea>", "<template>", "</template>", "<noscript>", "</noscript>", "<iframe>"),
    *(
        "<custom-a>",
        "</custom-a>",
        "<a-name-of-more-than-sixteen>",
        "<p a-name-of-more-than-sixteen=1>",
        "<P DATA-é='ü'>",
    ),
    *(
        "<html lang=en>",
        "<body class=d>",
        "</body>",
        "<frameset>",
        "<br>",
        "<br/>",
        "<li>",
        "<ul>",
        "</ul>",
        "<x!->",
        "<h1>",
    ),
)
PAGES = st.lists(st.sampled_from(PIECES), max_size=80).map("".join).map(str.encode)


def root_of(page: bytes) -> LexborNode | None:
    return LexborHTMLParser(page, scripting=True, options=LexborDocumentOptions.WO_EVENTS.value).root


def by_python(root: LexborNode) -> tuple[object, ...]:
    arrays = tree.Arrays()
    tree.walk(arrays, root)
    tree.close(arrays)
    return (*arrays.sees(), arrays.select("*"))


def by_c(root: LexborNode) -> tuple[object, ...]:
    compiled_form("etl.extract.tree")
    arrays = tree.Arrays()
    assert tree.read(arrays, root, tree.UNSEEN, tree.INLINE, most=tree.NODES_MAX)
    return (*arrays.sees(), arrays.select("*"))


@given(PAGES)
@example(b"<p>a<b> </b>b<i>c</i> <u>d</u>")
@example(b"<b>a<i>b<u> </u></i></b>c")
@example(b"<frameset><frame></frameset> x")
@example(b"<svg><script>a<p>b</script><a xlink:href=c></svg>")
def test_both_forms_see_the_same_in_any_tags(page: bytes):
    root = root_of(b"<p>" + page)
    assert root is not None
    assert by_c(root) == by_python(root)


@given(st.binary(max_size=300))
def test_both_forms_see_the_same_in_any_bytes(body: bytes):
    root = root_of(b"<p>" + body)
    assert root is not None
    assert by_c(root) == by_python(root)


MANY = "".join(f" a{number}=1" for number in range(40))


def test_elements_that_nearly_say_the_same_keep_their_own():
    tags = (
        "<p>",
        "<p a=1 b>",
        "<p a=1 b=''>",
        "<p b a=1>",
        "<p a b=1>",
        f"<p{MANY}>",
        f"<p{MANY} z=2>",
        f"<p{MANY} z=3>",
    )
    root = root_of("".join(f"{tag}x" for tag in tags * 3).encode())
    assert root is not None
    assert by_c(root) == by_python(root)


def test_what_is_kept_outlives_the_parser():
    compiled_form("etl.extract.tree")
    arrays = tree.Arrays()
    root = root_of(b"<script>push(1)</script><p>one<p class=x>two")
    assert root is not None
    assert tree.read(arrays, root, tree.UNSEEN, tree.INLINE, most=tree.NODES_MAX)
    del root
    for _ in range(50):  # Whatever was freed would be written over.
        root_of(b"<div>" * 500 + b"x" * 10_000)
    assert list(arrays.scripts()) == ["push(1)"]
    assert [arrays.tags[element] for element in arrays.select("p.x")] == ["p"]


def test_a_page_of_too_many_nodes_is_left_to_python_untouched():
    compiled_form("etl.extract.tree")
    arrays = tree.Arrays()
    for page in (b"<p>x" * 50, b"<svg>" + b"<g>" * 100):
        root = root_of(page)
        assert root is not None
        assert not tree.read(arrays, root, tree.UNSEEN, tree.INLINE, most=60)
        assert arrays == tree.Arrays()


def test_both_forms_cut_a_huge_page_at_the_same_place():
    page = b"<body>" + b"<br>x" * (tree.NODES_MAX // 2 + 10)
    root = root_of(page)
    assert root is not None
    arrays = tree.Arrays()
    tree.fill(arrays, root)
    assert len(arrays.tags) + len(arrays.texts) == tree.NODES_MAX


def test_a_version_of_the_parser_that_nobody_tried_is_read_in_python(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tree, "connect", lambda _: True)
    monkeypatch.setattr(tree.selectolax, "__version__", "9.9.9")
    assert not tree._is_quick()


def faultless(arrays: tree.Arrays, root: LexborNode, *_: object, most: int) -> bool:
    tree.walk(arrays, root)
    tree.close(arrays)
    return True


def forgetful(arrays: tree.Arrays, root: LexborNode, *_: object, most: int) -> bool:
    faultless(arrays, root, most=0)
    arrays.attrs[-1]["x"] = "y"
    return True


@pytest.mark.parametrize(
    ("read", "look", "is_quick"),
    [
        pytest.param(faultless, tree.python_look, True, id="sees the same"),
        pytest.param(forgetful, tree.python_look, False, id="sees something else in the end"),
        pytest.param(faultless, lambda _: (0, [], None, None, {}), False, id="is told something else of a node"),
        pytest.param(lambda *_, **__: False, tree.python_look, False, id="gives up"),
    ],
)
def test_the_compiled_form_is_used_only_when_it_sees_what_python_sees(monkeypatch, read, look, is_quick):
    monkeypatch.setattr(tree, "connect", lambda _: True)
    monkeypatch.setattr(tree, "read", read)
    monkeypatch.setattr(tree, "look", look)
    assert tree._is_quick() is is_quick


def test_a_form_that_is_not_used_is_not_said_to_be(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiled, "_in_use", {"pack.thing": True})
    compiled.decline("pack.thing")
    assert compiled.in_use() == {"pack.thing": False}
