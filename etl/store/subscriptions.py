"""Subscriptions at hubs (WebSub): one per feed that announces one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

POLL_GAP = timedelta(seconds=30)
"""However often a hub pushes, its feed is not read more often than this."""


@dataclass(frozen=True, slots=True)
class Subscription:
    source_id: int
    hub: str
    topic: str
    token: UUID
    secret: str
    state: str


def want(conn: Connection, source_id: int, *, hub: str, topic: str, now: datetime) -> None:
    """Remember that the feed announces *hub*; another hub or topic than before is asked anew, with another secret."""
    conn.execute(
        """
        INSERT INTO etl.subscriptions AS s (source_id, hub, topic, state, ask_at)
        VALUES (%(source_id)s, %(hub)s, %(topic)s, 'wanted', %(now)s)
        ON CONFLICT (source_id) DO UPDATE
        SET hub = excluded.hub, topic = excluded.topic, state = 'wanted', ask_at = excluded.ask_at, detail = NULL,
            token = excluded.token, secret = excluded.secret, lease_ends_at = NULL
        WHERE (s.hub, s.topic) IS DISTINCT FROM (excluded.hub, excluded.topic)
        """,
        {"source_id": source_id, "hub": hub, "topic": topic, "now": now},
    )


def due(conn: Connection, source_id: int, *, now: datetime) -> Subscription | None:
    """Return the subscription of the source when its hub is to be asked now."""
    with conn.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(
            """
            SELECT source_id, hub, topic, token, secret, state
            FROM etl.subscriptions
            WHERE source_id = %(source_id)s AND ask_at <= %(now)s
            """,
            {"source_id": source_id, "now": now},
        ).fetchone()


def asked(
    conn: Connection, source_id: int, *, state: str | None, ask_at: datetime, now: datetime, detail: str | None = None
) -> None:
    """Write that the hub was asked; *state* None leaves an active subscription active while it is being renewed."""
    conn.execute(
        """
        UPDATE etl.subscriptions
        SET asked_at = %(now)s, ask_at = %(ask_at)s, detail = %(detail)s,
            state = coalesce(%(state)s, CASE WHEN state = 'active' THEN state ELSE 'asked' END)
        WHERE source_id = %(source_id)s
        """,
        {"source_id": source_id, "state": state, "ask_at": ask_at, "now": now, "detail": detail},
    )


def of_token(conn: Connection, token: UUID) -> Subscription | None:
    with conn.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(
            """
            SELECT source_id, hub, topic, token, secret, state
            FROM etl.subscriptions
            WHERE token = %(token)s
            """,
            {"token": token},
        ).fetchone()


def verified(conn: Connection, source_id: int, *, lease_ends_at: datetime, ask_at: datetime) -> None:
    """Write that the hub pushes from now on, until *lease_ends_at*; it is asked again at *ask_at*."""
    conn.execute(
        """
        UPDATE etl.subscriptions
        SET state = 'active', detail = NULL, lease_ends_at = %(lease_ends_at)s, ask_at = %(ask_at)s
        WHERE source_id = %(source_id)s
        """,
        {"source_id": source_id, "lease_ends_at": lease_ends_at, "ask_at": ask_at},
    )


def denied(conn: Connection, source_id: int, *, reason: str, ask_at: datetime) -> None:
    """Write that the hub refused, or ended what it had granted."""
    conn.execute(
        """
        UPDATE etl.subscriptions
        SET state = 'denied', detail = %(reason)s, lease_ends_at = NULL, ask_at = %(ask_at)s
        WHERE source_id = %(source_id)s
        """,
        {"source_id": source_id, "reason": reason, "ask_at": ask_at},
    )


def pushed(conn: Connection, source_id: int, *, now: datetime) -> None:
    """Count a push, and let its feed be polled as soon as may be."""
    with conn.transaction():
        conn.execute(
            """
            UPDATE etl.subscriptions
            SET pushed_at = %(now)s, pushes = pushes + 1
            WHERE source_id = %(source_id)s
            """,
            {"source_id": source_id, "now": now},
        )
        conn.execute(
            """
            UPDATE etl.sources
            SET next_poll_at = least(next_poll_at, greatest(%(now)s, polled_at + %(gap)s))
            WHERE id = %(source_id)s AND is_active
            """,
            {"source_id": source_id, "now": now, "gap": POLL_GAP},
        )
