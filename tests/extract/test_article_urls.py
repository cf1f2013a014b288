"""URLs of articles are told from those of fronts, topics and services by their shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract.article_urls import OTHER, PLAIN, STRONG, WEAK, Own, is_topic, shape


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("news.example/world/mayor-defends-plan-to-close-bridge", STRONG, id="slug of a headline"),
        pytest.param("news.example/articles/20250114/k00/00m/030/335000c", STRONG, id="date and serial, no words"),
        pytest.param("news.example/News/Read/A2025051516330004328", STRONG, id="serial with a letter"),
        pytest.param("news.example/news/articleView.html?idxno=123456", STRONG, id="serial in the query"),
        pytest.param("news.example/live/?post=ef782fa2-a71a-4db0-9238-97e434e4ddd3", STRONG, id="post of a live blog"),
        pytest.param("news.example/%E5%8C%97%E4%BA%AC-a-b-c-d", STRONG, id="percent-encoded slug"),
        pytest.param("news.example/2024/05/02/bridge", STRONG, id="date in the path"),
        pytest.param("news.example/story/best-barefoot-shoes", WEAK, id="three words"),
        pytest.param("news.example/report.pdf", WEAK, id="a document"),
        pytest.param("news.example/world", PLAIN, id="a section"),
        pytest.param("news.example/2024/05", OTHER, id="archive of a month"),
        pytest.param("news.example/tag/war-in-the-east", OTHER, id="a tag with words"),
        pytest.param("news.example/author/anna-maria-van-berg", OTHER, id="an author"),
        pytest.param("news.example/article_author/by-anna-berg-carl-dorn-and-eva-falk/", OTHER, id="several authors"),
        pytest.param("news.example/podcast/the-hour/why-the-bridge-had-to-close", STRONG, id="episode of a podcast"),
        pytest.param("news.example/service/privacy-policy-6925316.html", OTHER, id="legal text with a number"),
        pytest.param("news.example/service/newsletter-the-week-in-town-1.52", OTHER, id="offer of a newsletter"),
        pytest.param(
            "news.example/life/topics/20241127-SYT8T6050497", STRONG, id="a dated document in a topic's folder"
        ),
        pytest.param("news.example/life/topics/20241127", OTHER, id="a topic's folder"),
        pytest.param("news.example/job/engineer-for-bridges-m-w-d-1843949315.html", OTHER, id="job advert"),
        pytest.param("news.example/photo-of-the-day-12345.jpg", OTHER, id="an image"),
        pytest.param("news.example", OTHER, id="the home page"),
    ],
)
def test_a_url_is_judged_by_its_shape_alone(key: str, expected: int) -> None:
    assert shape(key) == expected


@pytest.mark.parametrize(
    ("own", "key", "expected"),
    [
        pytest.param(
            "news.example/de/why-the-bridge-had-to-close/a-65464327",
            "news.example/de/bridges/t-17292877",
            WEAK,
            id="a number behind one word is a topic's where articles have headlines",
        ),
        pytest.param(
            "news.example/de/why-the-bridge-had-to-close/a-65464327",
            "news.example/de/our-ten-best-photos-of-bridges",
            WEAK,
            id="no number where articles have one",
        ),
        pytest.param(
            "news.example/de/why-the-bridge-had-to-close/a-65464327",
            "news.example/de/the-mayor-speaks-about-the-bridge/a-65464400",
            STRONG,
            id="an article like the page itself",
        ),
        pytest.param(
            "news.example/why-the-bridge-had-to-close",
            "news.example/2024/05/02/mayor",
            STRONG,
            id="a dated page is no topic",
        ),
    ],
)
def test_the_page_itself_tells_what_the_urls_of_its_site_mean(own: str, key: str, expected: int) -> None:
    assert shape(key, Own.of(own)) == expected


def test_topics_are_told_by_their_folder() -> None:
    assert is_topic("/emne/friidrett-1.8835305")
    assert not is_topic("/sport/friidrett-1.8835305")


@given(st.text(max_size=80))
def test_any_text_has_a_shape(text: str) -> None:
    assert shape(text) in (STRONG, WEAK, PLAIN, OTHER)
    assert shape(text, Own.of(text)) in (STRONG, WEAK, PLAIN, OTHER)
