"""WebSub whole: a feed that announces a hub, the hub, and our callback, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
from newsroom import Newsroom, Reply, Request

from etl.discover import Discovery
from etl.fetch.http import Limits
from etl.flow.listed import listed_sources
from etl.flow.poll import Poll, Polled
from etl.flow.websub import announced
from etl.recipe.rules import Recipe, SourceRule
from etl.recipe.shelf import Shelf
from etl.store import sources
from tests.flow import visiting
from tests.flow.visiting import Clock, tools_for
from tests.run.test_web import served

SLUG = "paper/news"
FEED = (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>News</title>{links}'
    "<item><title>Quay agreed</title><link>{origin}/news/quay-1</link></item></channel></rss>"
)


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom() as opened:
        yield opened


@pytest.fixture
def live(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield conn


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.at = datetime.now(UTC)  # The callback goes by real time.
    return clock


@pytest.fixture
def port(dsn: str) -> Iterator[int]:
    with served(dsn) as opened:
        yield opened


@pytest.fixture
def hub(room):
    opened = room.site("hub", address="127.0.0.9")
    opened.put("/", Reply(status=202))
    return opened


@pytest.fixture
def site(room, hub):
    opened = room.site("paper")
    opened.robots("")
    links = f'<atom:link rel="hub" href="{hub.url("/")}"/><atom:link rel="self" href="{opened.url("/feed")}"/>'
    opened.put(
        "/feed", Reply(FEED.format(links=links, origin=opened.origin).encode(), content_type="application/rss+xml")
    )
    return opened


@pytest.fixture
def poll(live, clock, site, port, tmp_path) -> Callable[..., Polled]:
    def polled(*, public: bool = True) -> Polled:
        shelf = Shelf.of(
            [Recipe("paper", site.url("/"), sources=(SourceRule("feed", site.url("/feed"), name="news"),))]
        )
        sources.sync(live, listed_sources(shelf), now=clock.at)
        tools = replace(
            tools_for(tmp_path, clock, shelf=shelf), public_url=f"http://127.0.0.1:{port}" if public else None
        )
        source = sources.named(live, SLUG)
        assert source is not None
        try:
            return Poll(live, tools, source).run()
        finally:
            tools.fetcher.close()

    return polled


def ask(
    port: int, method: str, path: str, *, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def state(conn: psycopg.Connection) -> tuple[object, ...]:
    row = conn.execute("SELECT state, pushes FROM etl.subscriptions").fetchone()
    assert row is not None
    return row


def verify(port: int, asked: dict[str, str], **changed: str) -> tuple[int, str]:
    fields = {
        "hub.mode": "subscribe",
        "hub.topic": asked["hub.topic"],
        "hub.challenge": "c-77",
        "hub.lease_seconds": "86400",
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in (fields | changed).items())
    return ask(port, "GET", f"{urlsplit(asked['hub.callback']).path}?{query}")


def test_a_push_makes_the_feed_due(live, site, hub, poll, port, clock):
    assert poll().outcome == "ok"
    (request,) = hub.asked()
    asked = form(request)
    assert (request.method, asked["hub.mode"], asked["hub.topic"]) == ("POST", "subscribe", site.url("/feed"))
    assert state(live) == ("asked", 0)
    assert verify(port, asked) == (200, "c-77")
    assert state(live) == ("active", 0)

    live.execute(
        "UPDATE etl.sources SET next_poll_at = now() + interval '1 hour', polled_at = now() - interval '1 hour'"
    )
    path = urlsplit(asked["hub.callback"]).path
    body = b"<rss>something new</rss>"
    signature = "sha256=" + hmac.new(asked["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
    assert ask(port, "POST", path, body=body, headers={"X-Hub-Signature": "sha256=" + "0" * 64})[0] == 202
    assert ask(port, "POST", path, body=body)[0] == 202
    assert ask(port, "POST", path, body=body + b" ", headers={"X-Hub-Signature": signature})[0] == 202
    assert state(live) == ("active", 0)
    assert live.execute("SELECT next_poll_at > now() FROM etl.sources").fetchone() == (True,)
    assert ask(port, "POST", path, body=body, headers={"X-Hub-Signature": signature})[0] == 202
    assert state(live) == ("active", 1)
    assert live.execute("SELECT next_poll_at <= now() FROM etl.sources").fetchone() == (True,)


def test_a_hub_that_verifies_before_it_answers_is_told_yes(live, hub, poll, port, clock, monkeypatch):
    monkeypatch.setattr(visiting, "LIMITS", Limits(total_s=120.0, first_byte_s=90.0))
    verified: list[tuple[int, str]] = []

    def answer(request: Request) -> Reply:
        verified.append(verify(port, form(request)))
        return Reply(status=202)

    hub.put("/", answer)
    assert poll().outcome == "ok"
    assert verified == [(200, "c-77")]
    assert state(live) == ("active", 0)
    row = live.execute("SELECT ask_at < %s FROM etl.subscriptions", (clock.at + timedelta(hours=23),)).fetchone()
    assert row == (True,)  # Nine tenths of the lease it granted, and not the day of a hub that says nothing.


def test_the_hub_is_asked_again_before_the_lease_ends_and_not_sooner(live, hub, poll, port, clock):
    poll()
    asked = form(hub.asked()[0])
    verify(port, asked)
    clock.sleep(3600)
    poll()
    assert len(hub.asked()) == 1
    clock.sleep(22 * 3600)
    poll()
    assert len(hub.asked()) == 2
    assert state(live) == ("active", 0)
    assert form(hub.asked()[1])["hub.callback"] == asked["hub.callback"]


NOT_OURS = {
    "another topic": {"hub.topic": "http://127.0.0.1/other"},
    "not a subscription": {"hub.mode": "unsubscribe"},
    "no challenge": {"hub.challenge": ""},
}


@pytest.mark.parametrize("changed", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_what_we_did_not_ask_for_is_not_verified(live, hub, poll, port, changed):
    poll()
    assert verify(port, form(hub.asked()[0]), **changed)[0] == 404
    assert state(live) == ("asked", 0)


def test_a_hub_that_says_no_is_left_alone_for_a_day(live, hub, poll, port, clock):
    poll()
    verify(port, form(hub.asked()[0]), **{"hub.mode": "denied", "hub.reason": "members only"})
    assert live.execute("SELECT state, detail FROM etl.subscriptions").fetchone() == ("denied", "members only")
    clock.sleep(3600)
    poll()
    assert len(hub.asked()) == 1


def test_a_hub_that_fails_costs_the_poll_nothing(live, hub, poll):
    hub.put("/", Reply(status=500))
    assert poll().outcome == "ok"
    assert state(live) == ("failed", 0)


def test_without_a_public_address_no_hub_is_asked(live, hub, poll):
    poll(public=False)
    assert not hub.asked()
    assert state(live) == ("wanted", 0)


def test_unknown_callbacks(port):
    assert ask(port, "POST", "/websub/nonsense")[0] == 410
    assert ask(port, "GET", "/websub/00000000000000000000000000000000?hub.mode=subscribe")[0] == 404


HUB, TOPIC = "https://hub.example/", "https://paper.example/feed"
ANNOUNCED = {
    "in the feed": ({}, Discovery(hub=HUB, topic=TOPIC), (HUB, TOPIC)),
    "in headers, which win": (
        {"link": f'<{HUB}>; rel="hub", <{TOPIC}>; rel=self'}, Discovery(hub="https://old.example/"), (HUB, TOPIC),
    ),
    "one relation of several": ({"link": f'<{HUB}>; title="x, y"; rel="other hub"'}, Discovery(), (HUB, "https://paper.example/")),
    "relative": ({"link": "</hub>; rel=hub"}, Discovery(), ("https://paper.example/hub", "https://paper.example/")),
    "no hub": ({"link": f"<{TOPIC}>; rel=self"}, Discovery(topic=TOPIC), None),
    "not a web address": ({}, Discovery(hub="ftp://hub.example/"), None),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "found", "expected"), ANNOUNCED.values(), ids=ANNOUNCED.keys())
def test_announced(headers, found, expected):
    assert announced(headers, found, url="https://paper.example/") == expected


def test_a_new_hub_gets_a_new_secret(live, site, poll, clock):
    poll()
    before = live.execute("SELECT hub, secret, token FROM etl.subscriptions").fetchone()
    clock.sleep(timedelta(hours=1).total_seconds())
    links = '<atom:link rel="hub" href="http://127.0.0.10:1/"/>'
    site.put("/feed", Reply(FEED.format(links=links, origin=site.origin).encode(), content_type="application/rss+xml"))
    poll(public=False)
    after = live.execute("SELECT hub, secret, token FROM etl.subscriptions").fetchone()
    assert not set(before) & set(after)
