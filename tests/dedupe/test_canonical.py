"""Canonical names of pages: what folds and what never does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from etl.dedupe.canonical import BadUrlError, canonical, fold, host_of, url_key

PAGE = "https://example.com/2026/03/story-slug"
SHARED = Path(os.environ.get("NEWS_ETL_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param("http://example.com/2026/03/story-slug", id="scheme"),
        pytest.param("//www.example.com/2026/03/story-slug", id="no scheme"),
        pytest.param("HTTPS://WWW.EXAMPLE.COM/2026/03/story-slug/", id="case of host, slash"),
        pytest.param("https://www2.example.com:443/2026/03/story-slug", id="server label and port"),
        pytest.param("https://m.example.com/2026/03/story-slug", id="mobile host"),
        pytest.param("https://amp.example.com./2026/03/story-slug", id="amp host and root dot"),
        pytest.param("https://reader:pw@example.com/2026/03/story-slug", id="credentials"),
        pytest.param("https://example.com//2026/./03/x/../story-slug", id="dot segments and slashes"),
        pytest.param("https://example.com/2026/03/%73tory-slug", id="needless encoding"),
        pytest.param(
            "https://example.com/2026/03/story-slug/index.php?utm_medium=a&UTM_Source=b", id="index and tracking"
        ),
        pytest.param("https://example.com/2026/03/story-slug?&fbclid=1&gclid=2&&xtor=RSS-1#xtor=RSS-1", id="click ids"),
        pytest.param("https://example.com/2026/03/story-slug?ref=homepage&source=rss&share=twitter", id="channels"),
        pytest.param("https://example.com/2026/03/story-slug;jsessionid=0A1B2C3D?PHPSESSID=9", id="sessions"),
        pytest.param("https://example.com/(S(lit3py55t21z5v55vlm25s55))/2026/03/story-slug", id="session segment"),
        pytest.param("https://example.com/2026/03/story-slug/amp/", id="amp segment"),
        pytest.param("https://example.com/2026/03/story-slug.amp", id="amp suffix"),
        pytest.param("https://example.com/2026/03/story-slug?amp=1&outputType=amp", id="amp parameter"),
        pytest.param("https://example.com/amp/2026/03/story-slug", id="amp in front"),
        pytest.param("https://example.com/2026/03/story-slug/print/?print=1", id="print"),
        pytest.param("https://example.com/2026/03/story-slug#comments", id="fragment"),
        pytest.param("https://example.com/2026/03/story-slug#:~:text=said", id="text fragment"),
        pytest.param(
            "https://www.google.com/url?sa=t&url=https%3A%2F%2Fexample.com%2F2026%2F03%2Fstory-slug", id="redirector"
        ),
        pytest.param("https://www.google.com/amp/s/example.com/2026/03/story-slug/amp", id="amp viewer"),
        pytest.param("https://example-com.cdn.ampproject.org/c/s/example.com/2026/03/story-slug", id="amp cache"),
        pytest.param(
            "https://web.archive.org/web/20260301000000id_/http://example.com/2026/03/story-slug", id="archive"
        ),
        pytest.param("https://www-example-com.translate.goog/2026/03/story-slug?_x_tr_sl=de", id="translated host"),
        pytest.param(
            "https://webcache.googleusercontent.com/search?q=cache:Ab1:https://example.com/2026/03/story-slug",
            id="cache",
        ),
        pytest.param("<![CDATA[https://example.com/2026/03/story-slug]]>", id="character data"),
        pytest.param('https://example.com/2026/03/story-slug">more', id="markup behind it"),
        pytest.param("http://http://example.com/2026/03/story-slug", id="scheme twice"),
        pytest.param(" https://example.com/2026/03/\nstory-slug\t", id="white space"),
        pytest.param("https:\\\\example.com\\2026\\03\\story-slug", id="backslashes"),
    ],
)
def test_spellings_of_one_page_have_one_name(spelling):
    assert canonical(spelling) == PAGE


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param(
            "https://example.com/a?b=2&a=1&b=1", "https://example.com/a?a=1&b=2&b=1", id="order of names, not of values"
        ),
        pytest.param("https://example.com/a?q=x%20y&e=", "https://example.com/a?e&q=x+y", id="spaces and empty values"),
        pytest.param("http://BÜCHER.example/ü", "https://xn--bcher-kva.example/%C3%BC", id="international host"),
        pytest.param("http://straße.example/", "https://xn--strae-oqa.example", id="sharp s is its own host"),
        pytest.param("http://[::1]:8080/a", "https://[::1]:8080/a", id="address literal"),
        pytest.param("https://en.m.wikipedia.org/wiki/A", "https://en.wikipedia.org/wiki/A", id="mobile label inside"),
        pytest.param("https://example.com/#!/a/1", "https://example.com#!/a/1", id="route"),
        pytest.param("https://example.com/?_escaped_fragment_=/a/1", "https://example.com#!/a/1", id="escaped route"),
        pytest.param(
            "https://example.com/news/amp/world-68012345", "https://example.com/news/world-68012345", id="amp inside"
        ),
        pytest.param(
            "https://youtu.be/dQw4w9WgXcQ?si=x", "https://youtube.com/watch?v=dQw4w9WgXcQ", id="short link of a video"
        ),
        pytest.param(
            "https://example.com/a?hss_channel=tw-1&feedType=RSS&feedName=world&sara_ref=re-xx&xing_share=news",
            "https://example.com/a",
            id="channels of newsletters, feeds and shares",
        ),
        pytest.param("https://example.com/a?cid=rss", "https://example.com/a", id="a channel as cid"),
        pytest.param("https://example.com/a?cid=12", "https://example.com/a?cid=12", id="an id as cid"),
        pytest.param("https://example.com/caf%65%CC%81", "https://example.com/caf%C3%A9", id="combining accent"),
        pytest.param("https://example.com/a%a3b", "https://example.com/a%A3b", id="bytes that are not UTF-8"),
        pytest.param("https://example.com/a%2fb", "https://example.com/a%2Fb", id="an encoded slash stays one"),
        pytest.param("https://example.com", "https://example.com", id="front page"),
        pytest.param(
            "https://example.com/a?1?utm_source=x&id=3", "https://example.com/a?1&id=3", id="second question mark"
        ),
    ],
)
def test_canonical_form(url, name):
    assert canonical(url) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://example.com/a?id=1", "https://example.com/a?id=2", id="id"),
        pytest.param("https://example.com/a?id=1", "https://example.com/a", id="id or none"),
        pytest.param("https://example.com/a?page=2", "https://example.com/a?page=3", id="page"),
        pytest.param("https://example.com/a?lang=de", "https://example.com/a?lang=fr", id="language parameter"),
        pytest.param("https://de.example.com/a", "https://fr.example.com/a", id="language host"),
        pytest.param("https://example.com/de/a", "https://example.com/fr/a", id="language path"),
        pytest.param("https://example.com/s/AbC1", "https://example.com/s/aBc1", id="case of path"),
        pytest.param("https://example.com/#/a/1", "https://example.com/#/a/2", id="routes"),
        pytest.param("https://example.com:8443/a", "https://example.com/a", id="port"),
        pytest.param("https://example.com/a%252Fb", "https://example.com/a%2Fb", id="double encoding"),
        pytest.param("https://example.com/a%2Fb", "https://example.com/a/b", id="encoded slash"),
        pytest.param("https://example.com/100%25-sure", "https://example.com/100-sure", id="per cent"),
        pytest.param("https://example.com/guitar-amp", "https://example.com/guitar", id="a slug that ends in amp"),
        pytest.param("https://example.com/amplify/x", "https://example.com/x", id="a segment that starts with amp"),
        pytest.param(
            "https://example.com/music/amp/reviews", "https://example.com/music/reviews", id="a topic called amp"
        ),
        pytest.param("https://example.com/amp", "https://example.com/", id="only amp"),
        pytest.param("https://example.com/3d-print", "https://example.com/3d", id="a slug that ends in print"),
        pytest.param("https://example.com/print", "https://example.com/", id="only print"),
        pytest.param("https://example.com/view?source=afp-7", "https://example.com/view", id="a source that selects"),
        pytest.param("https://example.com/a?ref=8271", "https://example.com/a?ref=8272", id="a reference number"),
        pytest.param("https://example.com/list?from=10", "https://example.com/list?from=20", id="an offset"),
        pytest.param("https://example.com/story?m=20260301", "https://example.com/story?m=20260302", id="a date"),
        pytest.param("https://alice.blogs.example/a", "https://bob.blogs.example/a", id="labels that are people"),
        pytest.param("https://m.co.uk/a", "https://co.uk/a", id="a site called m"),
        pytest.param("https://mobile.example/a", "https://example.example/a", id="a domain called mobile"),
        pytest.param("https://www.google.com/search?q=a", "https://www.google.com/search?q=b", id="no redirect"),
        pytest.param(
            "https://example.com/login?url=https://example.com/a",
            "https://example.com/login?url=https://example.com/b",
            id="not a known redirector",
        ),
    ],
)
def test_what_selects_content_is_kept(one, other):
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("javascript:void(0)", id="javascript"),
        pytest.param("mailto:desk@example.com", id="mailto"),
        pytest.param("ftp://example.com/a", id="other scheme"),
        pytest.param("/2026/03/story", id="relative"),
        pytest.param("", id="empty"),
        pytest.param("https://", id="no host"),
        pytest.param("https:///", id="only slashes"),
        pytest.param("https://example.com:99999/", id="port too high"),
        pytest.param("https://example.com:8a/", id="port with a letter"),
        pytest.param("https://example.com:²/", id="port with a superscript"),
        pytest.param("https://exa mple.com/", id="space in the host"),
        pytest.param("https://a..b/", id="empty label"),
        pytest.param("https://[::1/", id="open bracket"),
        pytest.param("https://example.com/\x00a", id="NUL"),
        pytest.param("https://example.com/\ud800", id="lone surrogate"),
        pytest.param("https://example.com/" + "a" * 2_000_000, id="two megabytes"),
        pytest.param("https://" + "ü" * 300 + ".example/", id="host too long"),
    ],
)
def test_what_is_no_page_is_said_to_be_none(bad):
    with pytest.raises(BadUrlError):
        canonical(bad)


def test_the_rules_that_were_needed_are_named():
    assert fold("https://example.com/a") == ("https://example.com/a", ())
    name, rules = fold("http://m.example.com:80/b/../a/amp/index.html?utm_source=x&b=1&a=2#top")
    assert name == "https://example.com/a?a=2&b=1"
    assert set(rules) == {"scheme", "host", "port", "dots", "amp", "index", "tracking", "order", "fragment"}


def test_host_has_no_label_of_a_device_or_a_server():
    assert host_of("http://www.m.example.co.uk:8080/a?b#c") == "example.co.uk:8080"
    assert host_of("https://example.com?x=1") == "example.com"


def test_keys_never_change():
    # Stored keys must be found by every later release: this value may never be edited.
    assert url_key("http://www.example.com/a/?utm_source=x") == uuid.UUID("969065ef-e4e1-60eb-6d90-f3b0ab5cc775")


def test_keys_are_the_same_in_every_process():
    code = "from etl.dedupe.canonical import url_key; print(url_key('https://example.com/ü?b=1&a=2'))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert answers == {f"{url_key('https://example.com/ü?a=2&b=1')}\n"}


# fmt: off
_PIECES = st.sampled_from([
    "/", ".", ";", ":", "?", "&", "=", "#", "%", "+", "@", "!", "$", "(", ")", "[", "]", "\\", "~", "-", "_", "..",
    "//", "amp", "/amp", "/amp/", ".amp", "-amp.html", "/print", ".html", "/index.html", "index", "www.", "m.",
    "%2e", "%2F", "%252F", "%3Famp", "%00", "%ff", "%EF%BC%8F", "ü", "日本", "a", "B", "1", "?utm_source=x", "&amp;",
    "&id=7", "#!/", "#/x", "_escaped_fragment_=", ":80", "http:", "https://example.com/",
    "/url?q=https://a.example/b", "web.archive.org/web/2020/", ";jsessionid=1", "(S(a))", "xn--", "amp_", "_amp",
    " ", "\t", "\u3000",
])
# fmt: on
# fmt: off
_HOSTS = st.sampled_from([
    "example.com", "www.example.com", "m.example.co.uk", "www.google.com", "web.archive.org", "cdn.ampproject.org",
    "bücher.example", "[::1]", "l.facebook.com", "www-example-com.translate.goog", "a.b.c", "xn--80ak6aa92e.com",
    "WWW.EXAMPLE.com.", "duckduckgo.com", "www.www.example", "www.m.amp.example.com",
])
# fmt: on
_ODD_URLS = st.builds(lambda host, tail: f"https://{host}/{tail}", _HOSTS, st.lists(_PIECES, max_size=12).map("".join))


@settings(max_examples=600, deadline=None)
@given(_ODD_URLS)
@example("https://example.com/a/amp/amp/")
@example("https://example.com/%2e%2e/a%2Famp")
@example("https://example.com/a.amp.amp/index.html/index.html")
@example("https://example.com/?_escaped_fragment_=")
@example("https://example.com/?_escaped_fragment_=%ff")
def test_canonical_is_idempotent_and_raises_nothing_else(url):
    try:
        name = canonical(url)
    except BadUrlError:
        assume(False)
        return
    assert canonical(name) == name
    assert name.isascii()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.text(max_size=60).map("https://".__add__))
def test_any_text_has_a_name_or_a_bad_url_error(text):
    try:
        name = canonical(text)
    except BadUrlError:
        return
    assert canonical(name) == name


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"[a-zA-Z0-9]{1,12}", fullmatch=True),
    st.sampled_from(["id", "p", "article", "aid", "oid", "story_id", "page", "lang", "n", "nid", "date", "v"]),
    st.lists(
        st.sampled_from(["utm_source=x", "fbclid=1", "ref=tw", "amp=1", "PHPSESSID=ab", "xtor=2", "print=1"]),
        max_size=3,
        unique=True,
    ),
)
def test_ids_that_select_content_survive_any_tracking(value, name, noise):
    plain = canonical(f"https://example.com/a?{name}={value}")
    assume(plain != "https://example.com/a")
    assert plain == f"https://example.com/a?{name}={value}"
    assert canonical("https://www.example.com/a/?" + "&".join([*noise, f"{name}={value}"])) == plain


@pytest.mark.corpus
def test_open_pairs_of_spellings_keep_their_floor():
    pairs = SHARED / "corpus" / "copies" / "urls.jsonl"
    if not pairs.exists():
        pytest.skip("the measuring corpus is not beside the repository")
    right = {"same": [0, 0], "diff": [0, 0]}
    for line in pairs.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        equal = canonical(pair["a"]) == canonical(pair["b"])
        right[pair["verdict"]][equal == (pair["verdict"] == "same")] += 1
    assert right["same"][1] / sum(right["same"]) >= 0.97
    assert right["diff"][1] / sum(right["diff"]) >= 0.99
