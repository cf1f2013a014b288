"""Names in bylines of many languages: where a name begins, where it ends, what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract import names

NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("By Ada Hill", ["Ada Hill"], id="English"),
        pytest.param("ByAda Hill", ["Ada Hill"], id="no space after By"),
        pytest.param("Von Ada Hügel und Bo Tal", ["Ada Hügel", "Bo Tal"], id="German, two"),
        pytest.param("Par Ada Colline, Bo Val et Cy Mont", ["Ada Colline", "Bo Val", "Cy Mont"], id="French, three"),
        pytest.param("Por Ada Loma y Bo Valle", ["Ada Loma", "Bo Valle"], id="Spanish"),
        pytest.param("Автор: Анна Холмова", ["Анна Холмова"], id="Russian with a colon"),
        pytest.param("文・写真 山田太郎", ["山田太郎"], id="Japanese"),
        pytest.param("記者：王小明、李大同", ["王小明", "李大同"], id="Chinese, two"),
        pytest.param("بقلم أحمد الجبلي", ["أحمد الجبلي"], id="Arabic"),
        pytest.param("Ada Hill | 3 May 2026, 10:15", ["Ada Hill"], id="date after a bar"),
        pytest.param("Ada Hill May 3, 2026", ["Ada Hill"], id="date without a separator"),
        pytest.param("Ada Hill, Senior Political Editor", ["Ada Hill"], id="role after a comma"),
        pytest.param("Ada Hill Senior Autos Reporter", ["Ada Hill"], id="role after the name"),
        pytest.param("Ada Hill Content Marketing Coordinator", ["Ada Hill"], id="another role"),
        pytest.param("Ada Hill, Founder & Lead Reviewer", ["Ada Hill"], id="two roles in one"),
        pytest.param("Ada Hügel, Projektleiterin der Hügelstiftung", ["Ada Hügel"], id="German role and where"),
        pytest.param("김산 기자", ["김산"], id="Korean role"),
        pytest.param("Erstellt von Ada Hügel", ["Ada Hügel"], id="made by"),
        pytest.param("More from Ada Hill", ["Ada Hill"], id="a link to all of hers"),
        pytest.param("No author", [], id="said to be nobody"),
        pytest.param("Guardian staff reporter", ["Guardian staff reporter"], id="a role alone is who wrote it"),
        pytest.param("Le Figaro et AFP", ["Le Figaro et AFP"], id="an and between single words stays"),
        pytest.param("【記者王小明／台北報導】", ["王小明"], id="Chinese dateline"),
        pytest.param("本报记者 王小明", ["王小明"], id="Chinese, our reporter"),
        pytest.param("文／王小明", ["王小明"], id="Chinese slash"),
        pytest.param("文＝山田太郎", ["山田太郎"], id="Japanese equals sign"),
        pytest.param("Ditulis oleh Adi Bukit", ["Adi Bukit"], id="Indonesian"),
        pytest.param("Napsala Ada Horská", ["Ada Horská"], id="Czech"),
        pytest.param("Piše: Ada Brdo", ["Ada Brdo"], id="Croatian"),
        pytest.param("লেখক: আদা পাহাড়", ["আদা পাহাড়"], id="Bengali"),
        pytest.param("Theo Hügel", ["Theo Hügel"], id="a given name is no word for by"),
        pytest.param("Ada Hill, Fact-checked by Bo Dale", ["Ada Hill"], id="who checked is no author"),
        pytest.param("Text: Ada Hügel, Fotos: Bo Tal", ["Ada Hügel"], id="who took the pictures is none"),
        pytest.param("Words by Ada Hill. Photos by Bo Dale", ["Ada Hill"], id="nor after a full stop"),
        pytest.param("Penulis: Adi Bukit Editor: Budi Lembah", ["Adi Bukit"], id="an editor with a colon is none"),
        pytest.param("Reporting by Ada Hill; Editing by Bo Dale", ["Ada Hill"], id="agency"),
        pytest.param("Text: Ada Kulle Foto: Bo Dal", ["Ada Kulle"], id="nor without a comma"),
        pytest.param("Interview: Ada Hügel", ["Ada Hügel"], id="a word that says what was done"),
        pytest.param("Rédigé par Ada Colline", ["Ada Colline"], id="French, drawn up by"),
        pytest.param("文・山田太郎", ["山田太郎"], id="Japanese dot"),
        pytest.param("Von unserer Redakteurin Ada Hügel", ["Ada Hügel"], id="German, our editor"),
        pytest.param("撮影：山田太郎", [], id="nor in Japanese"),
        pytest.param("Ada Hill Ada Hill", ["Ada Hill"], id="once more for screen readers"),
        pytest.param("Ada Hill ● 3 May", ["Ada Hill"], id="a bullet ends the name"),
        pytest.param("Ada Loma, Corresponsal en Atenas", ["Ada Loma"], id="Spanish role and where"),
        pytest.param("Brazil, Rachel", ["Rachel Brazil"], id="family name first"),
        pytest.param("Ada Hill, MD, PhD", ["Ada Hill"], id="degrees"),
        pytest.param("Ada Hill in Oslo", ["Ada Hill"], id="place"),
        pytest.param("Ada Hill (Reuters)", ["Ada Hill"], id="agency in brackets"),
        pytest.param("Ada Hill ada@paper.example", ["Ada Hill"], id="address"),
        pytest.param("Ada Hill Updated 3 hours ago", ["Ada Hill"], id="update"),
        pytest.param("https://paper.example/ada", [], id="an address"),
        pytest.param("@adahill", [], id="an account"),
        pytest.param("(Image: Getty Images)", [], id="a credit"),
        pytest.param("admin", [], id="nobody"),
        pytest.param("12.05.2026", [], id="a date"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_a_byline_is_split_into_names(text: str, found: list[str]) -> None:
    assert names.split(text) == found


@pytest.mark.parametrize(
    ("name", "is_organisation"),
    [
        pytest.param("Ada Hill", False, id="a person"),
        pytest.param("Anna Ansari", False, id="an agency's name inside a person's"),
        pytest.param("dpa", True, id="an agency"),
        pytest.param("The Associated Press", True, id="a press agency"),
        pytest.param("Redaktion", True, id="a desk"),
        pytest.param("毎日新聞", True, id="a Japanese paper"),
        pytest.param("hillpost.com", True, id="a web name"),
        pytest.param("AFP", True, id="capitals only"),
    ],
)
def test_organisations_are_told_from_people(name: str, is_organisation: bool) -> None:
    assert names.is_organisation(name, NOBODY) is is_organisation


@pytest.mark.parametrize(
    ("text", "is_role"),
    [
        pytest.param("Senior Autos Reporter", True, id="a role"),
        pytest.param("Head of Marketing", True, id="head of"),
        pytest.param("Ada Hill Senior Autos Reporter", False, id="a name before it"),
        pytest.param("News Hill", False, id="a name that begins like one"),
    ],
)
def test_roles_are_told_from_names(text: str, is_role: bool) -> None:
    assert names.is_role(text) is is_role


def test_the_site_itself_is_an_organisation() -> None:
    assert names.is_organisation("Hill Post", frozenset({"hill post"}))


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        pytest.param("By Ada", 2, id="By"),
        pytest.param("Written by: Ada", 10, id="Written by"),
        pytest.param("Byron Ada", 0, id="Byron"),
    ],
)
def test_the_words_that_introduce_an_author_are_measured(text: str, chars: int) -> None:
    assert names.prefix_chars(text) == chars


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_names_are_short_clean_and_few(text: str) -> None:
    found = names.split(text)
    assert len(found) <= names.NAMES_MAX
    for name in found:
        assert 0 < len(name) <= names.NAME_MAX_CHARS
        assert name == " ".join(name.split())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["Ada Hill", "Bo Dale", "Cy Moor", "Di Fenn"]), min_size=1, max_size=4, unique=True))
def test_a_list_of_people_comes_back_as_it_was(people: list[str]) -> None:
    assert names.split("By " + ", ".join(people)) == people
