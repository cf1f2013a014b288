"""Records of somebody's WARC file → captures in our archive → readings: the import half of a backfill.

The raw answer is copied into our archive before anything is parsed, so a redigest never needs the old file again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from .settle import Settled, settle

PAGE_TYPES = ("text/html", "application/xhtml+xml")
SENT_MAX_BYTES = 2_000_000
"""A larger body is read from the archive by the child that needs it, and not held here until its turn comes."""
MEMBER_MIN_BYTES = 1_000
Read = Callable[[Sequence[tuple[Capture, bytes | None]]], Sequence[Reading]]
"""Captures with their bodies in, one reading each out; without a body it is read from the archive."""


@dataclass(frozen=True, slots=True)
class RecordEnd:
    """What became of one record."""

    outcome: str
    detail: str | None = None
    page_id: int | None = None


@dataclass(slots=True)
class Prepared:
    """Records on their way: those that hold no new page have ended, the bytes of the others are safe in the archive."""

    records: int
    ends: dict[int, RecordEnd]
    numbers: list[int]
    pages: list[tuple[Capture, bytes | None]]
    """Beside `numbers`: what is to be read."""

    def ended(self, settled: Iterator[Settled]) -> list[RecordEnd]:
        """Return what became of each record, in their order; the next of *settled* are those of `numbers`."""
        ends = dict(self.ends)
        for number in self.numbers:
            done = next(settled)
            ends[number] = RecordEnd(done.outcome, done.detail, done.page_id)
        return [ends[number] for number in range(self.records)]


def import_records(
    conn: Connection, records: Sequence[WarcRecord | BrokenRecord], *, archive: Archive, read: Read, now: datetime
) -> list[RecordEnd]:
    """Store the pages among *records* and say what became of each, in their order. The caller owns the transaction."""
    if not records:
        return []
    prepared = prepare(conn, records, archive=archive, now=now)
    return store(conn, [(prepared, read(prepared.pages))], now=now)[0]


def prepare(
    conn: Connection, records: Sequence[WarcRecord | BrokenRecord], *, archive: Archive, now: datetime
) -> Prepared:
    """Copy the pages among *records* into the archive, those left out that are stored already. Needs no transaction."""
    ends: dict[int, RecordEnd] = {}
    wanted: dict[int, WarcRecord] = {}
    for number, record in enumerate(records):
        refusal = refusal_of(record)
        if refusal is None:
            assert isinstance(record, WarcRecord)
            wanted[number] = record
        else:
            ends[number] = RecordEnd(*refusal)
    hashes = {number: hashlib.sha256(record.body).digest() for number, record in wanted.items()}
    fresh = _without_known(conn, wanted, hashes, ends)
    pages: list[tuple[Capture, bytes | None]] = [
        (
            _keep(record, archive, sha256=hashes[number], now=now),
            record.body if len(record.body) <= SENT_MAX_BYTES else None,
        )
        for number, record in fresh.items()
    ]
    archive.sync()
    return Prepared(len(records), ends, list(fresh), pages)


def store(
    conn: Connection, read: Sequence[tuple[Prepared, Sequence[Reading]]], *, now: datetime
) -> list[list[RecordEnd]]:
    """Store what was prepared and read; say what became of each record, in their order. The caller owns the transaction."""
    readings = [reading for _, some in read for reading in some]
    plans = backfill_items.plans_of(conn, sorted(pages.find(conn, _names(readings)).values()))
    settled = iter(settle(conn, readings, now=now, is_live=False))
    backfill_items.keep_plans(conn, plans)
    return [prepared.ended(settled) for prepared, _ in read]


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
    conn: Connection, records: Mapping[int, WarcRecord], hashes: Mapping[int, bytes], ends: dict[int, RecordEnd]
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
        places = {(page_id, record.fetched_at, hashes[number]) for page_id in (page_of.get(key, 0), own.get(key, 0))}
        if key in buried:
            ends[number] = RecordEnd("buried", "erased or aged out: it does not come back")
        elif places & known:
            ends[number] = RecordEnd("known", page_id=page_of.get(key) or own.get(key))
        else:
            fresh[number] = record
    return fresh


def _keep(record: WarcRecord, archive: Archive, *, sha256: bytes, now: datetime) -> Capture:
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
        place=archive.append(exchange, at=now, member=_as_it_came(record)),
    )


def _as_it_came(record: WarcRecord) -> bytes | None:
    """Return the record as its producer packed it, where our archive would keep the same of it.

    Not one that is bound to another record, for it would be erased with that one; nor a small one, for the note that a
    record was erased has to fit into its place.
    """
    fields = record.warc_headers
    if record.member is None or len(record.member) < MEMBER_MIN_BYTES or record.truncated is not None:
        return None
    if "warc-concurrent-to" in fields or "warc-record-id" not in fields:
        return None
    if fields["warc-type"] != "response" or fields["warc-target-uri"] != record.url or not record.url.isascii():
        return None
    try:
        is_dated = datetime.fromisoformat(fields["warc-date"]) == record.fetched_at
    except ValueError:
        return None
    return record.member if is_dated else None
