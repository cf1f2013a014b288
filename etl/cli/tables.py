"""The forms in which articles leave: each writer takes one at a time and keeps little in memory."""

from __future__ import annotations

import csv
import io
from importlib import import_module
from typing import Any, BinaryIO, Protocol

import msgspec

from etl.errors import Misconfigured
from etl.store.articles import StoredArticle

from .records import stored_record

ROWS_PER_GROUP = 2_000
"""Rows of a Parquet row group: held in memory until it is written, 10 MB of usual articles."""
COLUMNS = (
    *("id", "url", "title", "authors", "description", "text", "section", "tags", "language", "published_at"),
    *("modified_at", "image", "access", "article_id", "story_id", "copy_of", "first_seen_at", "changed_at"),
)


class Writer(Protocol):
    def add(self, stored: StoredArticle) -> None: ...

    def close(self) -> None:
        """Write what is still held; the stream stays open."""
        ...


def writer_of(form: str, stream: BinaryIO) -> Writer:
    """Return the writer of that form. Raises Misconfigured when the library that it needs is not installed."""
    return {"jsonl": JsonLines, "csv": Csv, "parquet": Parquet}[form](stream)


class JsonLines:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._encoder = stream, msgspec.json.Encoder()

    def add(self, stored: StoredArticle) -> None:
        self._stream.write(self._encoder.encode(stored_record(stored)) + b"\n")

    def close(self) -> None:
        self._stream.flush()


class Csv:
    """RFC 4180 in UTF-8, with a line of headings; lists as JSON, for names may hold any separator."""

    def __init__(self, stream: BinaryIO) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
        self._rows = csv.writer(self._text)
        self._rows.writerow(COLUMNS)

    def add(self, stored: StoredArticle) -> None:
        record = stored_record(stored)
        self._rows.writerow(
            msgspec.json.encode(value).decode() if isinstance(value := record[name], list) else value
            for name in COLUMNS
        )

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class Parquet:
    """Row groups with zstd. Times are instants in UTC; `published_precision` says when only the day is known."""

    def __init__(self, stream: BinaryIO) -> None:
        try:
            pa: Any = import_module("pyarrow")
            pq: Any = import_module("pyarrow.parquet")
        except ImportError as error:
            raise Misconfigured("Parquet needs the extra `parquet`: pip install 'news-etl[parquet]'") from error
        self._pa = pa
        instant, number, words = pa.timestamp("us", tz="UTC"), pa.int64(), pa.list_(pa.string())
        types: dict[str, Any] = dict.fromkeys(COLUMNS, pa.string())
        types |= dict.fromkeys(("authors", "tags"), words)
        types |= dict.fromkeys(("published_at", "modified_at", "first_seen_at", "changed_at"), instant)
        types |= dict.fromkeys(("article_id", "story_id", "copy_of"), number)
        self._schema: Any = pa.schema([*types.items(), ("published_precision", pa.string())])
        self._writer: Any = pq.ParquetWriter(Counted(stream), self._schema, compression="zstd")
        self._rows: list[dict[str, object]] = []

    def add(self, stored: StoredArticle) -> None:
        instants = {
            "published_at": stored.published_at,
            "modified_at": stored.modified_at,
            "first_seen_at": stored.first_seen_at,
            "changed_at": stored.changed_at,
            "published_precision": stored.published_precision,
        }
        record = stored_record(stored)
        self._rows.append({**record, **instants, "id": str(record["id"])})
        if len(self._rows) >= ROWS_PER_GROUP:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._rows:
            self._writer.write_table(self._pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


class Counted(io.RawIOBase):
    """A stream that knows how far it is: Parquet asks, and a pipe does not tell. Closing it leaves the stream open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._at = stream, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._at += len(data)
        self._stream.write(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        if not self._stream.closed:
            self._stream.flush()
