"""Four filters that speak JSON lines on standard input and output: for pipes, benchmarks and other languages.

A line that cannot be read is answered by a line with `error`, in its place: nothing is lost and the next line is unaffected.
"""

from __future__ import annotations

import gc
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec

from etl.dedupe.canonical import BadUrlError, canonical
from etl.errors import NewsEtlError
from etl.extract import dates
from etl.flow.reading import read_article

from .records import article_record, moment_text

Record = dict[str, Any]


def run_filter(answer: Callable[[Record], Record], lines: BinaryIO, out: BinaryIO) -> None:
    """Answer each line of *lines* on *out*, flushed per line so that a caller may wait for it."""
    encoder = msgspec.json.Encoder()
    for record in _records(lines):
        if "error" in record:
            reply = record
        else:
            try:
                reply = answer(record)
            except (NewsEtlError, KeyError, TypeError, ValueError) as error:
                reply = {"id": record.get("id"), "error": f"{type(error).__name__}: {error}"}
        out.write(_encode(encoder, reply) + b"\n")
        out.flush()


def _encode(encoder: msgspec.json.Encoder, reply: Record) -> bytes:
    try:
        return encoder.encode(reply)
    except UnicodeEncodeError as error:  # a lone surrogate from the page: no UTF-8 can carry it
        return encoder.encode({"id": str(reply.get("id")), "error": f"not writable as UTF-8: {error.reason}"})


def _records(lines: BinaryIO) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(Record)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield {"id": None, "error": f"line {number} is not a JSON object: {error}"}


def when(text: object) -> datetime | None:
    """Return an ISO 8601 time as an aware datetime; one without an offset is read as UTC."""
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def answer_extract(record: Record) -> Record:
    """{"id","url","html_b64","fetched_at"} → the article; a page that holds none comes back with `error`."""
    article = read_article(
        b64decode(record["html_b64"]), url=record.get("url") or "", fetched_at=when(record.get("fetched_at"))
    )
    return article_record(record.get("id"), article)


def answer_dates(record: Record) -> Record:
    """{"id","text","language","country","tz","fetched_at"} → {"id","published_at","precision","rule"}."""
    moment = dates.read_label(
        record["text"],
        language=record.get("language"),
        country=record.get("country"),
        zone=record.get("tz"),
        fetched_at=when(record.get("fetched_at")),
    )
    read = moment.at is not None
    return {
        "id": record.get("id"),
        "published_at": moment_text(moment),
        "precision": moment.precision if read else None,
        "rule": moment.rule,
    }


def answer_canonical(record: Record) -> Record:
    """{"url"} → {"url","canonical"}; what is no address of a web page comes back as it is, with `error`."""
    url = record["url"]
    try:
        return {"url": url, "canonical": canonical(url)}
    except BadUrlError as error:
        return {"url": url, "canonical": url, "error": str(error)}


def pump(answer: Callable[[Record], Record]) -> None:
    """Run a filter between this process's standard input and output."""
    # A page makes thousands of small objects and no cycles worth looking for: the collector cost 0.6 ms a page of 12.
    gc.freeze()
    gc.set_threshold(50_000)
    run_filter(answer, sys.stdin.buffer, sys.stdout.buffer)
