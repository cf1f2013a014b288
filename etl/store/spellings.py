"""How pages are spelled: every URL that leads to one, with the rule that joined them (etl.page_urls)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from etl.model import PageUrl

from . import arrays


def of(conn: Connection, keys: Iterable[UUID]) -> tuple[dict[UUID, int], set[UUID]]:
    """Return the page of each canonical key that is known, under any spelling, and the keys of all its spellings."""
    rows = conn.execute(
        """
        SELECT url_key, page_id, variant_key
        FROM etl.page_urls
        WHERE url_key = ANY (%(keys)s::uuid[])
        ORDER BY url_key, first_seen_at, page_id
        """,
        {"keys": arrays.uuids(keys)},
    ).fetchall()
    known: dict[UUID, int] = {}
    for url_key, page_id, _ in rows:
        known.setdefault(url_key, page_id)
    return known, {variant_key for _, _, variant_key in rows}


def add(
    conn: Connection, spelled: Sequence[tuple[int, PageUrl]], *, but: Set[UUID] = frozenset(), seen_at: datetime
) -> None:
    """Remember how pages are spelled: the canonical form and the form as written; *but* names keys that are stored.

    The canonical form stands under its own url_key, always: the views find the target of a link by that one row.
    """
    rows: dict[UUID, tuple[int, UUID, str, str]] = {}
    for page_id, u in spelled:
        if u.variant == u.url:
            rows.setdefault(u.url_key, (page_id, u.url_key, u.url, u.rule))
        else:
            rows.setdefault(u.variant_key, (page_id, u.url_key, u.variant, u.rule))
            rows.setdefault(u.url_key, (page_id, u.url_key, u.url, "canonical"))
    ordered = sorted(((key, row) for key, row in rows.items() if key not in but), key=lambda item: item[0].int)
    if not ordered:
        return
    conn.execute(
        """
        INSERT INTO etl.page_urls (variant_key, page_id, url_key, url, rule, first_seen_at)
        SELECT r.variant_key, r.page_id, r.url_key, r.url, r.rule, %(seen_at)s
        FROM unnest(%(variant_key)s::uuid[], %(page_id)s::bigint[], %(url_key)s::uuid[], %(url)s::text[],
                    %(rule)s::text[]) AS r (variant_key, page_id, url_key, url, rule)
        WHERE NOT EXISTS (SELECT FROM etl.page_urls u WHERE u.variant_key = r.variant_key)
        ORDER BY r.variant_key
        ON CONFLICT (variant_key) DO NOTHING
        """,
        {
            "variant_key": arrays.uuids(key for key, _ in ordered),
            "page_id": arrays.numbers(row[0] for _, row in ordered),
            "url_key": arrays.uuids(row[1] for _, row in ordered),
            "url": arrays.texts(row[2] for _, row in ordered),
            "rule": arrays.texts(row[3] for _, row in ordered),
            "seen_at": seen_at,
        },
    )
