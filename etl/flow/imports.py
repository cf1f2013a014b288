"""Records of somebody's WARC file → captures in our archive → readings: the import half of a backfill.

The raw answer is copied into our archive before anything is parsed, so a redigest never needs the old file again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError
from etl.discover import BrokenRecord, WarcRecord
from etl.fetch.archive import Archive
from etl.fetch.exchange import Exchange, Hop
from etl.fetch.outcome import classify
from etl.model import Capture
from etl.store import backfill_items, captures, erasures, pages

from .reading import Reading, spell
from .settle import settle

PAGE_TYPES = ("text/html", "application/xhtml+xml")
Read = Callable[[Sequence[tuple[Capture, bytes | None]]], Sequence[Reading]]
"""Captures with their bodies in, one reading each out; without a body it is read from the archive."""


@dataclass(slots=True)
class Imported:
    """What became of the records of one batch; the numbers add up to its length."""

    counts: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    """Records that failed, by offset and reason."""


def import_batch(
    conn: Connection, records: Sequence[WarcRecord | BrokenRecord], *, archive: Archive, read: Read, now: datetime
) -> Imported:
    """Store the pages among *records*. Runs in the caller's transaction; the archive is on the disk when it returns."""
    imported = Imported()
    for record, end in zip(records, import_records(conn, records, archive=archive, read=read, now=now), strict=True):
        imported.counts[end.outcome] += 1
        if isinstance(record, BrokenRecord):
            imported.problems.append(f"{record.offset}: {end.detail}")
    return imported


@dataclass(frozen=True, slots=True)
class RecordEnd:
    """What became of one record."""

    outcome: str
    detail: str | None = None
    page_id: int | None = None


def import_records(
    conn: Connection, records: Sequence[WarcRecord | BrokenRecord], *, archive: Archive, read: Read, now: datetime
) -> list[RecordEnd]:
    """Store the pages among *records* and say what became of each, in their order. The caller owns the transaction."""
    if not records:
        return []
    ends: dict[int, RecordEnd] = {}
    wanted: dict[int, WarcRecord] = {}
    for number, record in enumerate(records):
        refusal = refusal_of(record)
        if refusal is None:
            assert isinstance(record, WarcRecord)
            wanted[number] = record
        else:
            ends[number] = RecordEnd(*refusal)
    fresh = _without_known(conn, wanted, ends)
    kept: list[tuple[Capture, bytes | None]] = [
        (_keep(record, archive, now=now), record.body) for record in fresh.values()
    ]
    archive.sync()
    readings = read(kept)
    plans = backfill_items.plans_of(conn, sorted(pages.find(conn, _names(readings)).values()))
    for number, settled in zip(fresh, settle(conn, readings, now=now, is_live=False), strict=True):
        ends[number] = RecordEnd(settled.outcome, settled.detail, settled.page_id)
    backfill_items.keep_plans(conn, plans)
    return [ends[number] for number in range(len(records))]


def _names(readings: Sequence[Reading]) -> set[UUID]:
    return {name.url_key for reading in readings for name in (reading.asked, reading.answered)}


def refusal_of(record: WarcRecord | BrokenRecord) -> tuple[str, str] | None:
    """Return the outcome and the reason of a record that holds no page, or None when it may hold one."""
    if isinstance(record, BrokenRecord):
        return "broken_record", record.reason
    if record.kind == "revisit":
        return "revisit", "repeats the body of another record"
    if record.status != 200:
        return f"http_{record.status}", f"status {record.status}"
    content_type = record.headers.get("content-type", "")
    if content_type and content_type.partition(";")[0].strip().lower() not in PAGE_TYPES:
        return "content_type", content_type
    try:
        spell(record.url)
    except BadUrlError as error:
        return "bad_url", str(error)
    seen = classify(record.status, record.headers, record.body, url=record.url)
    if seen.code not in ("ok", "moved"):
        return seen.code, seen.evidence
    return None


def _without_known(
    conn: Connection, records: Mapping[int, WarcRecord], ends: dict[int, RecordEnd]
) -> dict[int, WarcRecord]:
    """Leave out what an earlier run has stored, and what is buried, before it is copied into the archive a second time."""
    keys = {number: spell(record.url).url_key for number, record in records.items()}
    page_of = pages.find(conn, keys.values())
    own = pages.by_own_key(conn, list(keys.values()))
    known = captures.known(conn, sorted({*page_of.values(), *own.values()}))
    buried = erasures.buried(conn, list(keys.values()))
    fresh: dict[int, WarcRecord] = {}
    for number, record in records.items():
        key = keys[number]
        sha256 = hashlib.sha256(record.body).digest()
        places = {(page_id, record.fetched_at, sha256) for page_id in (page_of.get(key, 0), own.get(key, 0))}
        if key in buried:
            ends[number] = RecordEnd("buried", "erased or aged out: it does not come back")
        elif places & known:
            ends[number] = RecordEnd("known", page_id=page_of.get(key) or own.get(key))
        else:
            fresh[number] = record
    return fresh


def _keep(record: WarcRecord, archive: Archive, *, now: datetime) -> Capture:
    sha256 = hashlib.sha256(record.body).digest()
    hop = Hop(
        url=record.url,
        request=b"",
        status=record.status,
        reason="OK",
        version="HTTP/1.1",
        headers=tuple(record.headers.items()),
        wire=record.body,
        address=record.warc_headers.get("warc-ip-address", ""),
    )
    exchange = Exchange(record.url, (hop,), record.body, sha256, record.fetched_at, 0.0)
    return Capture(
        url=record.url,
        final_url=record.url,
        status=record.status,
        headers=hop.by_name,
        body_sha256=sha256,
        body_bytes=len(record.body),
        fetched_at=record.fetched_at,
        # Into the folder of today: the days of the archive are those of keeping, and an old day may have expired.
        place=archive.append(exchange, at=now),
    )
