"""Printed headings announce a kind of links, in many languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import headings


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        pytest.param("Sur le\u00a0même thème", "related", id="fr"),
        pytest.param("LES + LUS", "most_read", id="fr plus sign"),
        pytest.param("Das könnte Sie auch interessieren", "related", id="de"),
        pytest.param("Meistgelesen in Kultur", "most_read", id="de with a section"),
        pytest.param("Lo más leído", "most_read", id="es"),
        pytest.param("Am beliebtesten", "most_read", id="de superlative"),
        pytest.param("Leggi anche:", "related", id="it"),
        pytest.param("Czytaj także", "related", id="pl"),
        pytest.param("İLGİLİ HABERLER", "related", id="tr dotted capital"),
        pytest.param("Читайте также", "related", id="ru"),
        pytest.param("Найпопулярніше", "most_read", id="uk"),
        pytest.param("الأكثر قراءة", "most_read", id="ar"),
        pytest.param("مواضيع ذات صلة", "related", id="ar related"),
        pytest.param("यह भी पढ़ें", "related", id="hi"),
        pytest.param("সর্বাধিক পঠিত", "most_read", id="bn"),
        pytest.param("社会アクセスランキング", "most_read", id="ja without spaces"),
        pytest.param("関連記事はこちら", "related", id="ja"),
        pytest.param("많이 본 뉴스", "most_read", id="ko"),
        pytest.param("热门新闻", "most_read", id="zh"),
        pytest.param("ข่าวที่เกี่ยวข้อง", "related", id="th"),
        pytest.param("Tin liên quan", "related", id="vi"),
        pytest.param("Berita terkait", "related", id="id"),
        pytest.param("Zilizosomwa Zaidi", "most_read", id="sw"),
        pytest.param("Most popular related stories", "most_read", id="popularity wins"),
        pytest.param("Latest", "latest", id="en latest"),
        pytest.param("Sport", None, id="a section says nothing"),
        pytest.param("Correlated errors in polls", None, id="only whole words count"),
        pytest.param("Related " + "word " * 30, None, id="too long for a heading"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_heading_announces_its_kind(heading: str, kind: str | None) -> None:
    assert headings.kind(heading) == kind


@pytest.mark.parametrize(
    "line",
    [
        "Advertisement",
        "REKLAM",
        "Anzeige: Sparen Sie",
        "Tümü",
        "Show more",
        "Voir plus »",
        "Sign in",
        "Следующая страница",
    ],
)
def test_lines_that_head_nothing_are_noise(line: str) -> None:
    assert headings.judge(line) == (None, True)


def test_generic_headings_leave_the_kind_to_their_items() -> None:
    assert headings.is_generic("Read next")
    assert headings.is_generic("More from Example News")
    assert not headings.is_generic("Read also")


@given(st.text(max_size=120))
def test_any_text_is_judged(text: str) -> None:
    assert headings.kind(text) in ("most_read", "related", "latest", None)
    assert headings.judge(text)[1] in (True, False)
