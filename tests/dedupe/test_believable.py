"""When the address that a page or a redirect declares is believed to name the same article."""

from __future__ import annotations

import pytest

from etl.dedupe.canonical import believable_canonical, canonical

BELIEVED = [
    pytest.param(
        "https://example.com/a/story-one-two?id=1&x=2",
        "https://example.com/a/story-one-two?id=1",
        True,
        id="a parameter less",
    ),
    pytest.param(
        "https://example.com/p/4711", "/2026/03/some-longer-story", True, id="relative, short link to the full path"
    ),
    pytest.param(
        "https://amp.example.com/2026/story-of-the-day-81234",
        "https://www.example.com/news/story-of-the-day-81234",
        True,
        id="same id",
    ),
    pytest.param(
        "https://example.com/old-words-here-81234",
        "https://example.com/quite-new-headline-81234",
        True,
        id="new slug, same id",
    ),
    pytest.param(
        "https://example.com/news/budget-vote-fails-again",
        "https://example.com/politics/budget-vote-fails",
        True,
        id="other section",
    ),
    pytest.param(
        "https://www.example.co.uk/news/story-81234",
        "https://www.example.com/news/story-81234",
        True,
        id="other domain of one name",
    ),
    pytest.param("https://example.com/2026/03/story-slug", "https://example.com/", False, id="front page"),
    pytest.param(
        "https://example.com/2026/03/story-slug",
        "https://example.com/index.html?x=1",
        False,
        id="front page with a parameter",
    ),
    pytest.param("https://example.com/world/2026/story-slug", "https://example.com/world", False, id="section page"),
    pytest.param(
        "https://example.com/news/story-slug-one",
        "https://example.com/news/?cat=3",
        False,
        id="section page with a parameter",
    ),
    pytest.param(
        "https://example.com/en/story-slug-81234", "https://example.com/de/story-slug-81234", False, id="language path"
    ),
    pytest.param("https://fr.example.com/story-81234", "https://example.com/story-81234", False, id="language host"),
    pytest.param(
        "https://example.com/fr/story-81234", "https://example.com/story-81234", False, id="language against none"
    ),
    pytest.param(
        "https://example.com/story-81234?lang=es",
        "https://example.com/story-81234?lang=en",
        False,
        id="language parameter",
    ),
    pytest.param(
        "https://example.com/pt-BR/story-81234", "https://example.com/pt/story-81234", False, id="region of a language"
    ),
    pytest.param(
        "https://example.com/news/budget-vote-81234", "https://example.com/news/budget-vote-81235", False, id="other id"
    ),
    pytest.param(
        "https://example.com/a?id=81234", "https://example.com/a?id=81235", False, id="other id in a parameter"
    ),
    pytest.param(
        "https://example.com/news/storm-hits-coast",
        "https://example.com/news/minister-quits-office",
        False,
        id="other slug",
    ),
    pytest.param(
        "https://example.com/story-81234", "https://elsewhere.example/story-81234", False, id="other publisher"
    ),
    pytest.param("https://example.com/story-81234", "javascript:void(0)", False, id="no address"),
    pytest.param("https://example.com/story-81234", "", False, id="empty"),
    pytest.param(
        "https://example.com/m/story-81234", "https://example.com/m/undefined", False, id="a script that failed"
    ),
    pytest.param("https://example.com/шторм-закрыл-порт", "https://example.com/новый-мэр-города", False, id="Cyrillic"),
    pytest.param(
        "https://example.com/o-voto-de-a-e-b-da-ponte-nova",
        "https://example.com/a-festa-de-b-e-o-dia-santo",
        False,
        id="short words",
    ),
]


@pytest.mark.parametrize(("page", "declared", "believed"), BELIEVED)
def test_a_declared_canonical_is_believed_only_for_the_same_article(page, declared, believed):
    answer = believable_canonical(page, declared)
    assert (answer is not None) is believed
    if answer is not None:
        assert answer == canonical(answer)


@pytest.mark.parametrize(
    ("page", "target", "believed"),
    [
        pytest.param("https://short.example/x1", "https://example.com/2026/03/story-slug", True, id="short link"),
        pytest.param(
            "https://example.com/old-slug-of-it", "https://example.com/new-words-altogether", True, id="renamed"
        ),
        pytest.param("https://example.com/old-slug-of-it", "https://example.com/", False, id="gone to the front page"),
        pytest.param(
            "https://example.com/news/old-slug-of-it", "https://example.com/news/", False, id="gone to the section"
        ),
        pytest.param(
            "https://example.com/story-81234", "https://example.com/story-81299", False, id="gone to another article"
        ),
        pytest.param(
            "https://example.com/en/story-81234",
            "https://example.com/de/story-81234",
            False,
            id="sent to another language",
        ),
        pytest.param(
            "https://example.com/story-81234",
            "https://example.com/login?return=/story-81234",
            False,
            id="sent to the login",
        ),
        pytest.param(
            "https://example.com/story-81234",
            "https://consent.example.com/?to=%2Fstory-81234",
            False,
            id="sent to a consent page",
        ),
    ],
)
def test_a_redirect_is_believed_unless_it_only_says_that_the_page_is_gone(page, target, believed):
    assert (believable_canonical(page, target, is_redirect=True) is not None) is believed


EN, ES = "https://example.com/news/bridge-closes-again-81234", "https://example.com/noticias/el-puente-cierra-81234"
UK = "https://example.com/britain/bridge-closes-again-81234"


@pytest.mark.parametrize(
    ("page", "declared", "versions", "language", "believed"),
    [
        pytest.param(EN, ES, [], "en", True, id="no versions named: the id counts"),
        pytest.param(EN, ES, [("en", EN), ("es", ES)], None, False, id="its version in another language"),
        pytest.param(EN, ES, [("en", EN), ("ES-mx", f"{ES[19:]}?utm_source=x")], None, False, id="relative, tracked"),
        pytest.param(EN, ES, [("es", ES)], "en", False, id="names all but itself: its own language counts"),
        pytest.param(EN, ES, [("es", ES)], None, True, id="its own language is not known"),
        pytest.param(EN, ES, [("x-default", ES), ("en", EN)], "en", True, id="the default is no language"),
        pytest.param(EN, ES, [("x-default", ES), ("es", ES), ("en", EN)], "en", False, id="default and another language"),
        pytest.param(EN, ES, [("en", ES), ("es", ES), ("en", EN)], "en", True, id="one address for all languages"),
        pytest.param(EN, UK, [("en-US", EN), ("en-GB", UK)], None, True, id="two regions of one language"),
        pytest.param(EN, UK, [("zh-CN", EN), ("zh-TW", UK)], None, False, id="two scripts of one language"),
        pytest.param(EN, UK, [("zh-Hant", EN), ("zh_HK", UK)], None, True, id="one script, said and meant"),
        pytest.param(EN, UK, [("nb", EN), ("no", UK)], None, True, id="two names of one language"),
        pytest.param(EN, UK, [("en", EN), ("", UK), ("english", UK), ("de", "")], "en", True, id="labels that are none"),
        pytest.param(f"{EN}.amp.html", EN, [("en", EN), ("es", ES)], "en", True, id="AMP page of the same language"),
        pytest.param(f"{EN}.amp.html", ES, [("en", EN), ("es", ES)], "en", False, id="AMP page of another language"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_redirect", [False, True])
def test_a_version_in_another_language_is_another_page(page, declared, versions, language, believed, is_redirect):
    answer = believable_canonical(page, declared, versions=versions, language=language, is_redirect=is_redirect)
    assert (answer is not None) is believed
