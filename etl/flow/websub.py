"""Subscribe to the hubs that feeds announce, so that news is read when it appears and not at the next poll (W3C WebSub).

What a hub pushes only wakes the feed's poll: the feed itself stays the source of what is stored. A hub that does not answer, or
stops pushing, costs nothing but time, for polls go on at their interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from psycopg import Connection

from etl.discover import Discovery
from etl.errors import NewsEtlError
from etl.fetch import politeness
from etl.fetch.link_header import read_link_header
from etl.fetch.robots import Robots
from etl.store import hosts, subscriptions
from etl.store.subscriptions import Subscription

from .manners import attended, host_of_url, rested
from .visit import Tools

CALLBACK_PATH = "/websub/"
LEASE_S = 10 * 24 * 3600
"""What we ask for; hubs decide. Ten days is what the recommendation's examples and most hubs use."""
ASK_AGAIN = timedelta(days=1)
"""After a refusal, a failure, or silence: a hub that did not verify within a day has forgotten the request."""


def announced(headers: Mapping[str, str], found: Discovery, *, url: str) -> tuple[str, str] | None:
    """Return hub and topic that the answer for the feed at *url* names, or None.

    `Link` headers come before the feed's own elements (WebSub, section 4). A feed that names no topic is its own.
    """
    linked = read_link_header(headers.get("link", ""), url=url)
    hub = linked.first("hub") or found.hub
    if hub is None or not hub.startswith(("http://", "https://")):
        return None
    return hub, linked.first("self") or found.topic or url


def subscribe(conn: Connection, tools: Tools, source_id: int) -> None:
    """Ask the hub of this source, if that is due and we can be reached; what went wrong is written with the subscription.

    The answer comes later, at the callback: the hub verifies that it was we who asked.
    """
    wanted = subscriptions.due(conn, source_id, now=tools.now()) if tools.public_url is not None else None
    if wanted is None or tools.public_url is None:
        return
    host = host_of_url(wanted.hub)
    if not hosts.hold(conn, host):
        return  # Somebody else asks that hub: it is still due at the next poll.
    now = tools.now()
    # Before the request: many a hub verifies while we still wait for its answer, and only who asked may say yes.
    subscriptions.asked(conn, source_id, state=None, ask_at=now + ASK_AGAIN, now=now)
    try:
        _ask(conn, tools, wanted, tools.public_url)
    except NewsEtlError as error:
        now = tools.now()
        subscriptions.asked(conn, source_id, state="failed", ask_at=now + ASK_AGAIN, now=now, detail=str(error)[:500])
    finally:
        if not conn.closed:
            hosts.let_go(conn, host)


def _ask(conn: Connection, tools: Tools, wanted: Subscription, public_url: str) -> None:
    host = host_of_url(wanted.hub)
    with attended(conn, tools.fetcher, host, manners=tools.manners, now=tools.now) as attention:
        state = hosts.get(conn, host)
        wait_s = (state.free_at - tools.now()).total_seconds() if state.free_at else 0.0
        tools.sleep(min(max(wait_s, 0.0), politeness.CRAWL_DELAY_MAX_S))
        began = tools.now()
        error: NewsEtlError | None = None
        try:
            tools.fetcher.post(wanted.hub, form_of(wanted, public_url), now=tools.now)
        except NewsEtlError as raised:
            error = raised
            raise
        finally:
            attention.rested = rested(
                state, error, began=began, now=tools.now(), manners=tools.manners, robots=Robots()
            )


def callback_url(public_url: str, wanted: Subscription) -> str:
    return f"{public_url.rstrip('/')}{CALLBACK_PATH}{wanted.token.hex}"


def form_of(wanted: Subscription, public_url: str) -> bytes:
    """Return the request of a subscriber (WebSub, section 5.1)."""
    fields = {
        "hub.callback": callback_url(public_url, wanted),
        "hub.mode": "subscribe",
        "hub.topic": wanted.topic,
        "hub.lease_seconds": str(LEASE_S),
        "hub.secret": wanted.secret,
    }
    return urlencode(fields).encode()


def renewed_at(now: datetime, *, lease_s: int) -> datetime:
    """Return when to ask again for a lease of *lease_s* granted *now*: when nine tenths of it are over."""
    return now + timedelta(seconds=lease_s * 0.9)
