"""Records of somebody's WARC file → captures in our archive → readings: the import half of a backfill.

The raw answer is copied into our archive before anything is parsed, so a redigest never needs the old file again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import Connection

from etl.dedupe.canonical import BadUrlError
from etl.discover import BrokenRecord, WarcRecord
from etl.fetch.archive import Archive
from etl.fetch.exchange import Exchange, Hop
from etl.fetch.outcome import classify
from etl.model import Capture
from etl.store import captures, erasures, pages

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
    wanted: list[WarcRecord] = []
    for record in records:
        refusal = refusal_of(record)
        if refusal is None:
            assert isinstance(record, WarcRecord)
            wanted.append(record)
            continue
        imported.counts[refusal[0]] += 1
        if isinstance(record, BrokenRecord):
            imported.problems.append(f"{record.offset}: {refusal[1]}")
    fresh = _without_known(conn, wanted, imported)
    kept: list[tuple[Capture, bytes | None]] = [(_keep(record, archive, now=now), record.body) for record in fresh]
    archive.sync()
    for settled in settle(conn, read(kept), now=now, is_live=False):
        imported.counts[settled.outcome] += 1
    return imported


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


def _without_known(conn: Connection, records: Sequence[WarcRecord], imported: Imported) -> list[WarcRecord]:
    """Leave out what an earlier run has stored, and what is buried, before it is copied into the archive a second time."""
    keys = [spell(record.url).url_key for record in records]
    page_of = pages.find(conn, keys)
    own = pages.by_own_key(conn, keys)
    known = captures.known(conn, sorted({*page_of.values(), *own.values()}))
    times = {(page_id, at, sha) for page_id, at, sha in known}
    buried = erasures.buried(conn, keys)
    fresh: list[WarcRecord] = []
    for key, record in zip(keys, records, strict=True):
        sha256 = hashlib.sha256(record.body).digest()
        places = {(page_id, record.fetched_at, sha256) for page_id in (page_of.get(key, 0), own.get(key, 0))}
        if key in buried:
            imported.counts["buried"] += 1
        elif places & times:
            imported.counts["known"] += 1
        else:
            fresh.append(record)
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
