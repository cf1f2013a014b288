"""Articles from another system: they have no page of ours behind them, but the same verdicts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from psycopg import Connection

from etl.extract.dates import read_label
from etl.model import Article, Block, Capture, Moment, Place

from .reading import Reading, keyed, spell
from .settle import PAGES_PER_TRANSACTION, Settled, settle

NOWHERE = Place("", 0, 0)
EPOCH = re.compile(r"-?\d{1,11}(\.\d+)?")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no article; nothing of it is stored."""

    number: int
    reason: str


@dataclass(slots=True)
class Loaded:
    """How far the loading is."""

    lines: int = 0
    settled: list[Settled] = field(default_factory=list[Settled])
    """Of the last batch."""
    bad: list[BadLine] = field(default_factory=list[BadLine])
    """Of the last batch."""


def load(
    conn: Connection, records: Iterable[Mapping[str, Any] | BadLine], *, now: Callable[[], datetime]
) -> Iterator[Loaded]:
    """Store articles given as {"id","url","title","text","published_at"}, batch by batch; yield after each commit.

    Lines keep their order: of two with the same URL the later one is the newer version.
    """
    loaded = Loaded()
    batch: list[Reading] = []
    began = now()
    for record in records:
        loaded.lines += 1
        at = began + timedelta(microseconds=loaded.lines)
        if isinstance(record, BadLine):
            loaded.bad.append(record)
            continue
        try:
            batch.append(loaded_reading(record, at=at))
        except (KeyError, TypeError, ValueError) as error:
            loaded.bad.append(BadLine(loaded.lines, f"{type(error).__name__}: {error}"))
        if len(batch) >= PAGES_PER_TRANSACTION:
            yield _store(conn, batch, loaded, now())
            batch, loaded.bad, loaded.settled = [], [], []
    if batch or loaded.bad:
        yield _store(conn, batch, loaded, now())


def _store(conn: Connection, batch: Sequence[Reading], loaded: Loaded, now: datetime) -> Loaded:
    with conn.transaction():
        loaded.settled = settle(conn, batch, now=now, is_live=False)
    return loaded


def loaded_reading(record: Mapping[str, Any], *, at: datetime) -> Reading:
    """Return the reading of one line. Raises KeyError, TypeError or ValueError for what is no article."""
    external_id = str(record["id"])
    text = record["text"]
    title = record.get("title") or ""
    if not isinstance(text, str) or not isinstance(title, str):
        raise TypeError("title and text must be strings")
    if not text.strip() and not title.strip():
        raise ValueError("neither title nor text")
    url = str(record.get("url") or f"https://loaded.invalid/{quote(external_id, safe='')}")
    page = spell(url)
    article = Article(
        title=title.strip(),
        body=tuple(Block("paragraph", " ".join(line.split())) for line in text.splitlines() if line.strip()),
        language=record.get("language") or record.get("lang"),
        published=published(record.get("published_at")),
        evidence={"body": "loaded"},
    )
    capture = Capture(
        url=url,
        final_url=url,
        status=200,
        headers={},
        body_sha256=hashlib.sha256(text.encode("utf-8", "replace")).digest(),
        body_bytes=len(text),
        fetched_at=at,
        place=NOWHERE,
    )
    return keyed(Reading(capture, page, page, "article", article=article, external_id=external_id))


def published(value: object) -> Moment | None:
    """Return the time of publication as another system wrote it: ISO 8601, seconds since 1970, or a printed label."""
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    if EPOCH.fullmatch(text):
        try:
            return Moment(datetime.fromtimestamp(float(text), UTC), "minute", text, "epoch", "UTC")
        except (OverflowError, OSError, ValueError):
            return Moment(None, "minute", text, "unreadable")
    return read_label(text, language=None, country=None, zone=None, fetched_at=None)
