"""Both forms of a module that can be compiled, and pages of no sense to compare them on."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest
from hypothesis import strategies as st

from etl import compiled

_LETTERS = "aZ b-_ é’” 。！？،、।؟…։. ! ? , : ; ( ) « ' \" 9 0 中文字 ไทย عرب K\u212a \u0130 \xa0"
_NAMES = (
    "article-body storyContent relatedLinks TEASER sidebar  nav menu_item footer article-footer siteHeader share-bar h1 "
    "byline caption wp-caption hidden sr-only comments adSlot textblock Überschrift page-header privacy xyz a1b2 "
)
words = st.text(alphabet=_LETTERS, max_size=14)
names = st.one_of(st.lists(st.sampled_from(_NAMES.split()), max_size=4).map(" ".join), words, st.text(max_size=8))
_sentences = st.lists(words, max_size=30).map(" ".join)
_TAGS = "div div section p p p span a b li ul ol h1 h2 h4 article aside figure figcaption nav footer blockquote td table br img"
_tags = st.sampled_from(_TAGS.split())
_ATTRIBUTES = ("class", "class", "id", "role", "itemprop", "hidden", "aria-hidden", "style")


@st.composite
def _elements(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    tag = draw(_tags)
    said = draw(st.lists(st.tuples(st.sampled_from(_ATTRIBUTES), names), max_size=2, unique_by=lambda pair: pair[0]))
    attributes = "".join(f' {name}="{value.replace(chr(34), "")}"' for name, value in said)
    inside = "".join(draw(st.lists(children, max_size=5)))
    return f"<{tag}{attributes}>{inside}" + ("" if tag in ("br", "img") else f"</{tag}>")


pages = st.lists(st.recursive(_sentences, _elements, max_leaves=30), max_size=6).map(
    lambda parts: f"<html><body class=page>{''.join(parts)}</body></html>".encode("utf-8", "replace")
)


def compiled_form(name: str) -> ModuleType:
    """Return the compiled module *name*; skip the test where the Python form is in use."""
    plain = name.replace("._", ".")
    importlib.import_module(plain)
    if not compiled.in_use()[plain]:
        pytest.skip(f"{plain} has no compiled form here: `python hatch_build.py`")
    return importlib.import_module(name)


def python_form(name: str) -> ModuleType:
    """Return the Python form of module *name*, loaded beside the one in use."""
    package, _, own = name.rpartition(".")
    beside = f"{package}._python_{own}"
    if beside not in sys.modules:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        found = importlib.util.spec_from_file_location(beside, spec.origin)
        assert found is not None
        assert found.loader is not None
        sys.modules[beside] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules[beside])
    return sys.modules[beside]
