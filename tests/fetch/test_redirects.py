"""Where a redirect leads, who is asked about it, and what is never sent along."""

from __future__ import annotations

import socket

import pytest
from fetch.conftest import LIMITS
from newsroom import Reply

from etl.errors import Refused
from etl.fetch.http import Fetcher, Moved

TEXT = "<title>Hallo</title><p>Ein Absatz mit Text.</p>"


def test_redirects_are_followed_and_recorded(room, fetcher, now):
    old, new = room.site("old"), room.site("new")
    old.redirect("/1", "/2?x=ä b#top", status=301)
    old.redirect("/2?x=%E4%20b", new.url("/3"), status=307)
    new.page("/3", TEXT)
    capture = fetcher.get(old.url("/1"), now=now).capture
    assert capture.redirects == ((301, old.url("/1")), (307, old.url("/2?x=%E4%20b")))
    assert (capture.url, capture.final_url) == (old.url("/1"), new.url("/3"))


def test_a_location_in_utf_8_is_understood(room, fetcher, now):
    site = room.site("a")
    site.redirect("/1", "/straße".encode().decode("latin-1"))
    site.page("/stra%C3%9Fe", TEXT)
    assert fetcher.get(site.url("/1"), now=now).capture.final_url == site.url("/stra%C3%9Fe")


def test_a_location_with_a_host_in_other_letters_is_looked_up_in_its_ascii_form(room, archive, now):
    site = room.site("a")
    site.redirect("/1", f"http://bücher.example:{site.port}/straße".encode().decode("latin-1"))
    site.page("/stra%C3%9Fe", TEXT)
    names: list[str] = []

    def resolve(host: str, _: int) -> list[tuple[int, str]]:
        names.append(host)
        return [(socket.AF_INET, "127.0.0.1")]

    fetcher = Fetcher(archive=archive, open_addresses=[f"127.0.0.1:{site.port}"], limits=LIMITS, resolve=resolve)
    assert fetcher.get(site.url("/1"), now=now).body.decode() == TEXT
    assert names[-1] == "xn--bcher-kva.example"


def test_a_redirect_that_may_not_be_followed_is_reported_with_its_target(room, fetcher, now):
    old, new = room.site("old"), room.site("new")
    old.redirect("/1", "/2", status=301)
    old.redirect("/2", new.url("/3"), status=308)
    new.page("/3", TEXT)
    moved = fetcher.get(old.url("/1"), now=now, may_follow=lambda url: url.startswith(old.origin))
    assert isinstance(moved, Moved)
    assert (moved.url, moved.target, moved.status) == (old.url("/2"), new.url("/3"), 308)
    assert moved.redirects == ((301, old.url("/1")), (308, old.url("/2")))
    assert moved.is_permanent
    assert new.asked() == []


def test_robots_of_the_target_may_speak(room, fetcher, now):
    site = room.site("a")
    site.redirect("/1", "/private/2")

    def forbids(url: str) -> bool:
        raise Refused(url, code="robots")

    with pytest.raises(Refused) as caught:
        fetcher.get(site.url("/1"), now=now, may_follow=forbids)
    assert caught.value.code == "robots"
    assert len(site.requests) == 1


def test_no_cookie_and_no_credential_is_ever_sent(room, fetcher, now):
    first, second = room.site("first"), room.site("second")
    first.put("/1", Reply(status=302, headers={"Location": second.url("/2"), "Set-Cookie": "id=1; Path=/"}))
    second.put("/2", Reply(status=302, headers={"Location": first.url("/3"), "Set-Cookie": "id=2; Path=/"}))
    first.page("/3", TEXT)
    fetcher.get(first.url("/1"), now=now)
    for _, request in room.requests():
        assert not {"cookie", "authorization", "referer", "proxy-authorization"} & set(request.headers)


@pytest.mark.parametrize(
    "location",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://10.0.0.1/",
    ],
)
def test_a_redirect_leads_nowhere_we_would_not_go_ourselves(room, archive, now, location):
    site = room.site("a")
    site.redirect("/1", location)
    fetcher = Fetcher(archive=archive, open_addresses=[f"127.0.0.1:{site.port}"], limits=LIMITS)
    with pytest.raises(Refused) as caught:
        fetcher.get(site.url("/1"), now=now)
    assert caught.value.code in ("address_refused", "bad_url")
