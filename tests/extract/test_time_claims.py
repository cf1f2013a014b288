"""Claims of the markup: names of meta elements that tell a time, days in addresses, states of scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.extract import document, time_claims


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *(
            pytest.param(name, "published", id=name)
            for name in (
                "article:published_time",
                "datepublished",
                "parsely-pub-date",
                "dc.date.issued",
                "dcterms.created",
                "citation_publication_date",
                "publish_date",
                "article_date_original",
                "date",
            )
        ),
        *(
            pytest.param(name, "modified", id=name)
            for name in (
                "article:modified_time",
                "og:updated_time",
                "last-modified",
                "dcterms.modified",
                "date_updated",
            )
        ),
        *(
            pytest.param(name, None, id=name)
            for name in (
                "article:expiration_time",
                "publisher",
                "article:publisher",
                "event:start_date",
                "copyright",
                "update-frequency",
                "reading-time",
                "viewport",
                "cxenseparse:pub-year",
                "birthdate",
            )
        ),
    ],
)
def test_the_name_of_a_meta_element_tells_its_role(name: str, role: str | None) -> None:
    told = time_claims.meta_role(name)
    assert (told[0] if told else None) == role


@pytest.mark.parametrize(
    ("url", "day"),
    [
        pytest.param("https://a.example/2024/05/03/rain", "2024-05-03", id="folders"),
        pytest.param("https://a.example/2024/5/3/rain", "2024-05-03", id="folders without zeros"),
        pytest.param("https://a.example/news/20240503/rain", "2024-05-03", id="eight digits"),
        pytest.param("https://a.example/rain-20240503105634-nt.html", "2024-05-03", id="with the time of day"),
        pytest.param("https://a.example/rain-2024-05-03", "2024-05-03", id="in the slug"),
        pytest.param("https://a.example/rain-20240503", "2024-05-03", id="at the end"),
        pytest.param("https://web.archive.org/web/20240503101112/https://a.example/rain", None, id="day of a capture"),
        pytest.param(
            "https://web.archive.org/web/20240503101112/https://a.example/2023/02/01/rain", "2023-02-01", id="archived"
        ),
        pytest.param("https://a.example/2024/may/3/rain", "2024-05-03", id="a month in letters"),
        pytest.param("https://a.example/2024/September/03/rain", "2024-09-03", id="a month in full"),
        pytest.param("https://a.example/2024/maybe/3/rain", None, id="a word that begins so"),
        pytest.param("https://a.example/2024/05/rain", None, id="a month only"),
        pytest.param("https://a.example/news/A2024050316330004328", "2024-05-03", id="a minute opens a number"),
        pytest.param("https://a.example/news/A2024050399330004328", None, id="no such hour"),
        pytest.param("https://a.example/rain-2170537.html", None, id="a number"),
        pytest.param("https://a.example/news/11862251/rain", None, id="another number"),
        pytest.param("https://2024-05-03.example/rain", None, id="in the host"),
        pytest.param("https://a.example/rain?from=2024-05-03", None, id="in the query"),
        pytest.param("https://a.example/2024/13/03/rain", None, id="no such month"),
    ],
)
def test_a_day_in_the_path_of_an_address_is_found(url: str, day: str | None) -> None:
    assert time_claims.url_day(url) == day


@given(st.text(max_size=100))
def test_no_address_breaks_the_search(url: str) -> None:
    day = time_claims.url_day(url)
    assert day is None or len(day) == 10


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(b'{"publishDate":"2024-05-03T10:00:00Z"}', "2024-05-03T10:00:00Z", id="JSON"),
        pytest.param(b'{"date":"2024-05-03","title":"Rain"}', "2024-05-03", id="a day"),
        pytest.param(b'{"regDt":"2024.05.03 10:00"}', "2024.05.03 10:00", id="a Korean state"),
        pytest.param(b"window.page = {pubDate: '03-05-2024'}", "03-05-2024", id="JavaScript"),
        pytest.param(b'{"datePublished":"2024-05-03"} {"datePublished":"2024-05-04"}', None, id="two answers are none"),
        pytest.param(
            b'{"published_at":"2024-05-03T10:00:00", "published_at":"2024-05-03T10:00:00+01:00"}',
            "2024-05-03T10:00:00+01:00",
            id="one time with and without its zone",
        ),
        pytest.param(b'{"date":"1714730400"}', None, id="a number may be anything"),
        pytest.param(b'{"update":"2024-05-03","expires":"2024-05-09"}', None, id="other names"),
        pytest.param(b"", None, id="nothing"),
    ],
)  # fmt: skip
def test_scripts_are_believed_when_they_agree(raw: bytes, text: str | None) -> None:
    assert [claim.text for claim in time_claims.in_scripts(raw)] == ([text] if text else [])


@pytest.mark.parametrize(
    ("url", "is_month_first", "day"),
    [
        pytest.param("https://a.example/news/23-01-2022-rain", False, "2022-01-23", id="in the slug"),
        pytest.param("https://a.example/news/08112021-rain", False, "2021-11-08", id="eight digits"),
        pytest.param("https://a.example/news/08112021-rain", True, None, id="perhaps August"),
        pytest.param("https://a.example/news/rain-23112021.html", True, "2021-11-23", id="no month 23"),
        pytest.param("https://a.example/news/123112021", False, None, id="in a longer number"),
        pytest.param("https://a.example/news/rain?day=23-01-2022", False, None, id="in the query"),
        pytest.param("https://a.example/2022/02/03/rain-23-01-2022", False, "2022-02-03", id="folders go before"),
    ],
)
def test_a_day_that_stands_before_its_month_in_an_address(url: str, is_month_first: bool, day: str | None) -> None:
    found = time_claims.of_address(url, is_month_first=is_month_first)
    assert [claim.text for claim in found] == ([day] if day else [])


@pytest.mark.parametrize(
    ("body", "day"),
    [
        pytest.param('<body id="news20240503_k1001">', "2024-05-03", id="the page"),
        pytest.param('<body><main class="wide day-2024-05-03">', "2024-05-03", id="the class of its main part"),
        pytest.param('<body class="postid-20240503 v120240503">', None, id="a number"),
        pytest.param('<body class="v20241503">', None, id="no month"),
        pytest.param('<body><div id="d20240503">', None, id="any other element"),
    ],
)
def test_a_day_in_the_name_of_the_page_is_found(body: str, day: str | None) -> None:
    doc = document.parse(f"<html>{body}<p>Rain</p>".encode(), url="https://a.example/rain")
    assert [claim.text for claim in time_claims.of_names(doc)] == ([day] if day else [])
