"""The callback that hubs ask (W3C WebSub, sections 5.3 and 7): they verify what we subscribed to, and say when a feed has news.

A push is believed when it is signed with the subscription's secret, and then only wakes the poll of that feed: what it carries
is not read. An unsigned or wrongly signed one is answered like any other, as the recommendation wants, and ignored.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from etl.flow.websub import ASK_AGAIN, CALLBACK_PATH, LEASE_S, renewed_at
from etl.store import subscriptions
from etl.store.subscriptions import Subscription

log = structlog.get_logger()
PUSH_MAX_BYTES = 5_000_000
"""More is not read; a feed of that size is read at its next poll all the same."""
LEASE_LEAST_S, LEASE_MOST_S = 60, 90 * 24 * 3600
ALGORITHMS = {"sha1", "sha256", "sha384", "sha512"}
CONNECT_S = 3


def routes(dsn: str) -> list[Route]:
    """Return the callback's routes; the database at *dsn* need not answer yet."""

    def connected() -> psycopg.Connection:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_S, application_name="news-etl websub")

    def verify(request: Request) -> Response:
        with connected() as conn:
            return _verified(conn, request, now=datetime.now(UTC))

    async def push(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse("too much\n", status_code=413)
        return await run_in_threadpool(pushed, request, body)

    def pushed(request: Request, body: bytes) -> Response:
        with connected() as conn:
            known = _known(conn, request)
            if known is None:
                return PlainTextResponse("no such subscription\n", status_code=410)
            if _is_signed(known, request.headers.get("x-hub-signature", ""), body):
                subscriptions.pushed(conn, known.source_id, now=datetime.now(UTC))
                log.info("feed_pushed", source_id=known.source_id)
            else:
                log.warning("push_not_signed", source_id=known.source_id)
        return Response(status_code=202)

    path = CALLBACK_PATH + "{token}"
    return [Route(path, verify, methods=["GET"]), Route(path, push, methods=["POST"])]


async def _body(request: Request) -> bytes | None:
    """Return the body, or None when it is larger than PUSH_MAX_BYTES or breaks off."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > PUSH_MAX_BYTES:
                return None
            pieces.append(piece)
    except ClientDisconnect:
        return None
    return b"".join(pieces)


def _known(conn: psycopg.Connection, request: Request) -> Subscription | None:
    try:
        return subscriptions.of_token(conn, UUID(request.path_params["token"]))
    except ValueError:
        return None


def _verified(conn: psycopg.Connection, request: Request, *, now: datetime) -> Response:
    asked = request.query_params
    known = _known(conn, request)
    if known is None or asked.get("hub.topic") != known.topic:
        return PlainTextResponse("no such subscription\n", status_code=404)
    if asked.get("hub.mode") == "denied":
        subscriptions.denied(
            conn, known.source_id, reason=asked.get("hub.reason", "no reason given")[:500], ask_at=now + ASK_AGAIN
        )
        return PlainTextResponse("understood\n")
    challenge = asked.get("hub.challenge")
    if asked.get("hub.mode") != "subscribe" or not challenge or known.state not in ("asked", "active"):
        return PlainTextResponse("not asked for\n", status_code=404)
    told = asked.get("hub.lease_seconds", "")
    lease_s = min(max(int(told), LEASE_LEAST_S), LEASE_MOST_S) if told.isascii() and told.isdigit() else LEASE_S
    ends_at = now + timedelta(seconds=lease_s)
    subscriptions.verified(conn, known.source_id, lease_ends_at=ends_at, ask_at=renewed_at(now, lease_s=lease_s))
    log.info("subscription_verified", source_id=known.source_id, hub=known.hub, lease_s=lease_s)
    return PlainTextResponse(challenge)


def _is_signed(known: Subscription, signature: str, body: bytes) -> bool:
    """Tell whether *signature*, such as `sha256=…`, is that of *body* under the subscription's secret."""
    algorithm, _, digest = signature.partition("=")
    if algorithm not in ALGORITHMS:
        return False
    expected = hmac.new(known.secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()
    return hmac.compare_digest(expected.encode(), digest.strip().lower().encode("latin-1", "replace"))
