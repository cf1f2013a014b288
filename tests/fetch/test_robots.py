from __future__ import annotations

import time
from datetime import timedelta

import pytest
from fetch.conftest import LIMITS, NOON
from hypothesis import assume, example, given
from hypothesis import strategies as st
from newsroom import Reply
from protego import Protego

from etl.errors import Refused, TryLater
from etl.fetch.http import Fetcher
from etl.fetch.robots import READ_MAX_BYTES, RobotsAnswer, fetch_robots, parse, product_token

AGENT = "news-etl/1.0 (+https://example.org/bot)"
HOST = "https://example.org"


def allows(text: str, path: str) -> bool:
    return parse(text, AGENT).allows(HOST + path)


@pytest.mark.parametrize(
    ("text", "path", "is_allowed"),
    [
        pytest.param("", "/a", True, id="empty"),
        pytest.param("User-agent: *\nDisallow:", "/a", True, id="disallow nothing"),
        pytest.param("User-agent: *\nDisallow: /", "/a", False, id="disallow all"),
        pytest.param("User-agent: *\nDisallow: /", "/robots.txt", True, id="robots.txt itself"),
        pytest.param("Disallow: /", "/a", True, id="a rule of no group"),
        pytest.param("User-agent: other\nDisallow: /", "/a", True, id="a group for somebody else"),
        pytest.param("User-agent: news\nDisallow: /", "/a", True, id="a token that ours only starts with"),
        pytest.param("User-agent: news-etl-pro\nDisallow: /", "/a", True, id="a token that starts with ours"),
        pytest.param("user-AGENT: News-ETL\ndisALLOW: /", "/a", False, id="case does not matter"),
        pytest.param("User-agent: news-etl/2.0\nDisallow: /", "/a", False, id="our token with a version"),
        pytest.param("User-agent: *\nDisallow: /\n\nUser-agent: news-etl\nAllow: /", "/a", True, id="ours wins over *"),
        pytest.param(
            "User-agent: news-etl\nDisallow:\n\nUser-agent: *\nDisallow: /", "/a", True, id="ours wins though empty"
        ),
        pytest.param(
            "User-agent: news-etl\n\nUser-agent: *\nDisallow: /",
            "/a",
            False,
            id="agents with only a blank between share",
        ),
        pytest.param("User-agent: a\nUser-agent: news-etl\nDisallow: /x", "/x", False, id="two agents, one group"),
        pytest.param(
            "User-agent: news-etl\nDisallow: /x\n\nUser-agent: b\nDisallow: /\n\nUser-agent: news-etl\nDisallow: /y",
            "/y",
            False,
            id="groups of one agent are merged",
        ),
        pytest.param(
            "User-agent: a\nCrawl-delay: 1\nUser-agent: *\nDisallow: /x", "/x", False, id="crawl-delay ends the agents"
        ),
        pytest.param(
            "User-agent: a\nSitemap: /s\nUser-agent: *\nDisallow: /x", "/x", False, id="sitemap does not end them"
        ),
        pytest.param("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/b/c", True, id="longest wins, allow"),
        pytest.param("User-agent: *\nAllow: /a\nDisallow: /a/b", "/a/b/c", False, id="longest wins, disallow"),
        pytest.param("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True, id="the same length: allow"),
        pytest.param("User-agent: *\nDisallow: /a*.php", "/a/b.php?x", False, id="star in the middle"),
        pytest.param("User-agent: *\nDisallow: /*.php$", "/a/b.php", False, id="star and end"),
        pytest.param("User-agent: *\nDisallow: /*.php$", "/a/b.php?x", True, id="end does not match more"),
        pytest.param("User-agent: *\nDisallow: /a$", "/a", False, id="end alone"),
        pytest.param("User-agent: *\nDisallow: /a$", "/ab", True, id="end alone, longer"),
        pytest.param("User-agent: *\nDisallow: /a*a$", "/a", True, id="parts may not overlap"),
        pytest.param("User-agent: *\nDisallow: *?print", "/x?print=1", False, id="pattern that begins with a star"),
        pytest.param("User-agent: *\nDisallow: /**/x", "/a/x", False, id="two stars are one"),
        pytest.param("User-agent: *\nDisallow: private/", "/private/a", False, id="forgotten slash"),
        pytest.param("User-agent: *\nDisallow: /a # comment", "/a", False, id="comment behind"),
        pytest.param("# User-agent: *\nDisallow: /", "/a", True, id="comment before"),
        pytest.param("\ufeffUser-agent: *\nDisallow: /a", "/a", False, id="byte order mark"),
        pytest.param("User-agent: *\rDisallow: /a\rDisallow: /b", "/b", False, id="old Macintosh line ends"),
        pytest.param("User-agent: *\nDisallow: /caf%C3%A9", "/café", False, id="escaped pattern, plain path"),
        pytest.param("User-agent: *\nDisallow: /café", "/caf%c3%a9", False, id="plain pattern, escaped path"),
        pytest.param("User-agent: *\nDisallow: /%7Ejoe", "/~joe/a", False, id="escaped unreserved in the pattern"),
        pytest.param("User-agent: *\nDisallow: /~joe", "/%7ejoe/a", False, id="escaped unreserved in the path"),
        pytest.param("User-agent: *\nDisallow: /a%2Fb", "/a/b", True, id="an escaped slash is no slash"),
        pytest.param("User-agent: *\nDisallow: /a%24", "/a$b", False, id="escaped dollar is a dollar"),
        pytest.param("User-agent: *\nDisallow: /a$b", "/a$b", False, id="dollar in the middle is a dollar"),
        pytest.param("User-agent: *\nDisallow: /a$b", "/a", True, id="dollar in the middle is no end"),
        pytest.param("User-agent: *\nDisallow: /a%2Ab", "/a*b", False, id="escaped star is a star"),
        pytest.param("User-agent: *\nDisallow: /a%2ab", "/axb", True, id="escaped star stands for nothing else"),
        pytest.param("User-agent: *\nDisallow: /a?$", "/a?", False, id="query without a word"),
        pytest.param("User-agent: *\nDisallow: /b/", "/a/../b/c", False, id="dot segments are not asked for"),
        pytest.param("User-agent: *\nDisallow: /b/", "/a/%2e%2E/b/c", False, id="escaped dot segments"),
        pytest.param("User-agent: *\nDisallow: /b/$", "/a/../b/c/..", False, id="dot segment at the end"),
        pytest.param("User-agent: *\nDisallow: /b", "/a?x=/../b", True, id="dots in a query are none"),
        pytest.param("User-agent: x\n\nUser-agent: *\nDisallow: /a", "/a", False, id="empty lines part no group"),
        pytest.param("User-agent: *\nDissalow: /a", "/a", False, id="misspelt as many do"),
        pytest.param("<html><title>Not found</title></html>", "/a", True, id="a page in place of the file"),
        pytest.param("User-agent: *\nDisallow: /a", "", True, id="a URL without a path is the root"),
    ],
)
def test_rules_mean_what_the_rfc_says(text, path, is_allowed):
    assert allows(text, path) is is_allowed


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("news-etl", "news-etl"),
        ("news-etl (+https://example.org/bot)", "news-etl"),
        ("PaperBot/2.1 (+https://example.org/bot)", "paperbot"),
        ("Mozilla/5.0 (compatible; PaperBot/2.1; +https://example.org/bot)", "paperbot"),
    ],
)
def test_robots_calls_us_by_our_product_token(agent, token):
    assert product_token(agent) == token


def test_what_is_forbidden_is_refused_by_name():
    with pytest.raises(Refused) as caught:
        parse("User-agent: *\nDisallow: /", AGENT).check(HOST + "/a")
    assert caught.value.code == "robots"
    parse("", AGENT).check(HOST + "/a")


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        pytest.param("User-agent: *\nCrawl-delay: 10", 10.0, id="whole"),
        pytest.param("User-agent: *\nCrawl-delay: 0.5", 0.5, id="fraction"),
        pytest.param("User-agent: *\nCrawl-delay: 5\nUser-agent: news-etl\nDisallow: /x", None, id="not of our group"),
        pytest.param("User-agent: *\nCrawl-delay: soon", None, id="not a number"),
        pytest.param("User-agent: *\nCrawl-delay: -1", None, id="negative"),
        pytest.param("User-agent: *\nCrawl-delay: nan", None, id="not a number by name"),
        pytest.param("User-agent: *\nCrawl-delay: 2\nCrawl-delay: 7", 7.0, id="the largest"),
        pytest.param("Crawl-delay: 2", None, id="of no group"),
    ],
)
def test_crawl_delay_is_that_of_our_group(text, delay_s):
    assert parse(text, AGENT).crawl_delay_s == delay_s


def test_sitemaps_belong_to_the_host_and_come_once_each():
    text = "Sitemap: https://e.org/1.xml\nUser-agent: x\nDisallow: /\nsitemap:https://e.org/2.xml\nSitemap: https://e.org/1.xml"
    assert parse(text, AGENT).sitemaps == ("https://e.org/1.xml", "https://e.org/2.xml")


paths = st.text(alphabet="ab/.?*$", max_size=12).map(lambda text: "/" + text)
plain = st.text(alphabet="ab/.", max_size=14).map(lambda text: "/" + text)
files = st.lists(st.tuples(st.sampled_from(["Allow", "Disallow"]), paths), max_size=6)


@given(files, plain)
@example([("Disallow", "/a*a$")], "/a")
def test_protego_agrees_where_the_rfc_leaves_no_choice(rules, path):
    # Protego reads a "$" inside a pattern, and lengths of folded stars, in its own way; and it widens /index.html to its folder.
    assume(all("$" not in pattern[:-1] and "**" not in pattern and not pattern.endswith("*$") for _, pattern in rules))
    text = "User-agent: *\n" + "\n".join(f"{key}: {pattern}" for key, pattern in rules)
    assume(not {".", ".."} & set(path.split("/")))  # Protego asks for them as they are written.
    lengths = [len(pattern) for key, pattern in rules]
    assume(len(set(lengths)) == len(lengths))
    assert allows(text, path) == Protego.parse(text).can_fetch(HOST + path, "news-etl")


@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text_can_be_read_and_asked(text, path):
    parse(text, AGENT).allows(f"{HOST}/{path}")


def test_no_pattern_and_no_size_holds_us_up():
    hostile = "User-agent: *\n" + "Disallow: /" + "*a" * 2000 + "b\n" + "Disallow: /x*y*z\n" * 30_000
    started = time.process_time()
    robots = parse(hostile, AGENT)
    for _ in range(20):
        assert robots.allows(HOST + "/" + "a" * 5000)
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize(
    ("reply", "text", "status"),
    [
        pytest.param(
            Reply(b"User-agent: *\nDisallow: /", content_type="text/plain"), "User-agent: *\nDisallow: /", 200, id="200"
        ),
        pytest.param(Reply(b"nothing", status=404), "", 404, id="404"),
        pytest.param(Reply(b"no", status=403), "", 403, id="403"),
        pytest.param(Reply(b"no", status=401), "", 401, id="401"),
        pytest.param(Reply(b"no", status=410), "", 410, id="410"),
        pytest.param(Reply(status=302, headers={"Location": "/robots.txt"}), "", 0, id="redirect to itself"),
        pytest.param(
            Reply(b"User-agent: *\nDisallow: /", content_type="application/octet-stream"),
            "User-agent: *\nDisallow: /",
            200,
            id="odd type",
        ),
        pytest.param(Reply(b"\xff\xfe"), "\ufffd\ufffd", 200, id="not UTF-8"),
    ],
)
def test_an_answer_is_a_text_and_no_file_allows_everything(room, fetcher, now, reply, text, status):
    site = room.site("a")
    site.put("/robots.txt", reply)
    assert fetch_robots(fetcher, site.origin, now=now) == RobotsAnswer(text, status, NOON)


@pytest.mark.parametrize(
    ("reply", "wait_s"),
    [
        pytest.param(Reply(status=500), 1800, id="500"),
        pytest.param(Reply(status=503), 1800, id="503"),
        pytest.param(Reply(status=503, headers={"Retry-After": "90"}), 90, id="503 with a moment"),
        pytest.param(Reply(status=429, headers={"Retry-After": "90"}), 90, id="429"),
        pytest.param(Reply(resets="request"), 1800, id="reset"),
        pytest.param(Reply(b"User-agent: *\n" * 99, cut_after=30), 1800, id="broken off"),
        pytest.param(Reply(delay_s=4), 1800, id="silence"),
    ],
)
def test_a_host_whose_robots_cannot_be_read_is_left_alone(room, fetcher, now, reply, wait_s):
    site = room.site("a")
    site.put("/robots.txt", reply)
    with pytest.raises(TryLater) as caught:
        fetch_robots(fetcher, site.origin, now=now)
    assert caught.value.code == "robots_unreachable"
    assert caught.value.at == NOON + timedelta(seconds=wait_s)


def test_redirects_are_followed_to_other_hosts(room, fetcher, now):
    old, new = room.site("old"), room.site("new")
    old.redirect("/robots.txt", new.url("/other.txt"), status=301)
    new.put("/other.txt", Reply(b"User-agent: *\nDisallow: /x", content_type="text/plain"))
    assert fetch_robots(fetcher, old.origin, now=now).text == "User-agent: *\nDisallow: /x"


def test_more_than_500_kib_are_not_read(room, fetcher, now):
    site = room.site("a")
    site.put("/robots.txt", Reply(b"User-agent: *\n" + b"Disallow: /x\n" * 100_000, content_type="text/plain"))
    assert len(fetch_robots(fetcher, site.origin, now=now).text) == READ_MAX_BYTES


def test_an_address_we_must_not_ask_is_refused_not_allowed(archive, now):
    with pytest.raises(Refused) as caught:
        fetch_robots(Fetcher(archive=archive, limits=LIMITS), "http://127.0.0.1", now=now)
    assert caught.value.code == "address_refused"


def test_an_answer_is_fresh_for_a_day():
    answer = RobotsAnswer("", 404, NOON)
    assert answer.is_fresh(now=NOON + timedelta(hours=23))
    assert not answer.is_fresh(now=NOON + timedelta(hours=24))
