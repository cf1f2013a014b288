"""Articles from another system: they have no page of ours behind them, but the same verdicts.

A load is a backfill with one part. Line n has the time of the load's beginning plus n microseconds, whichever run stores it. So of
two lines with one URL the later is the newer version, and lines that are read a second time find themselves. A load that was
killed goes on behind the last line that was committed, when the lines before it are those of the first time.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast, get_args
from urllib.parse import quote

from psycopg import Connection

from etl.errors import Misconfigured
from etl.extract.dates import read_label
from etl.model import Access, Article, Block, Capture, Image, Moment, Place
from etl.store import backfills, loads
from etl.store.backfills import Backfill

from .batch import PAGES_PER_TRANSACTION
from .reading import Reading, keyed, spell
from .settle import settle

NOWHERE = Place("", 0, 0)
EPOCH = re.compile(r"-?\d{1,11}(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input: a record, or the reason why it is none."""

    number: int
    record: Mapping[str, Any] | None = None
    problem: str = ""


class Lines(Protocol):
    """The input, line by line, in constant memory."""

    def __iter__(self) -> Iterator[Line]: ...

    def prefix_sha256(self) -> str:
        """Return the SHA-256 of all lines given out so far."""
        ...


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no article; nothing of it is stored."""

    number: int
    reason: str


@dataclass(slots=True)
class Loaded:
    """How far the loading is."""

    line: int = 0
    counts: Counter[str] = field(default_factory=Counter[str])
    """Of the whole load, earlier runs included."""
    bad: list[BadLine] = field(default_factory=list[BadLine])
    """Of the last batch."""


def begin(conn: Connection, *, head_sha256: str, by: str, now: datetime, anew: bool = False) -> Backfill:
    """Return the load of the input that begins like this: the same input again is the same load."""
    plan = {"head_sha256": head_sha256} | ({"anew": now.isoformat()} if anew else {})
    with conn.transaction():
        job, _ = backfills.begin(conn, "load", plan, [loads.PART], by=by, now=now)
        if job.state in ("done", "cancelled"):
            backfills.start_again(conn, job.id)
        backfills.move(conn, job.id, "running", now=now)
    return job


def load(conn: Connection, job: Backfill, lines: Lines, *, now: Callable[[], datetime]) -> Iterator[Loaded]:
    """Store articles given as {"id","url","title","text","published_at"}, batch by batch; yield after each commit.

    What else `export` writes of an article (authors, description, section, tags, language, image, modified_at, access) is
    taken, too. Raises Misconfigured when another process loads them, or when an interrupted load cannot go on with these lines.
    """
    if not backfills.take(conn, job.id, loads.PART):
        raise Misconfigured(f"another process works on load {job.id}")
    try:
        yield from _load(conn, job, lines, now)
    finally:
        backfills.give_back(conn, job.id, loads.PART)


def _load(conn: Connection, job: Backfill, lines: Lines, now: Callable[[], datetime]) -> Iterator[Loaded]:
    reached, prefix_sha256, counts = loads.reached(conn, job.id)
    loaded = Loaded(counts=Counter(counts))
    batch: list[Reading] = []
    is_ours = reached == 0
    for line in lines:
        if line.number == reached:
            is_ours = lines.prefix_sha256() == prefix_sha256
        if line.number <= reached:
            continue
        if not is_ours:
            break
        loaded.line = line.number
        try:
            batch.append(_reading(line, job.created_at))
        except (TypeError, ValueError) as error:
            loaded.bad.append(BadLine(line.number, str(error)))
        if len(batch) + len(loaded.bad) >= PAGES_PER_TRANSACTION:
            yield _store(conn, job, batch, loaded, lines=lines, now=now())
            batch, loaded.bad = [], []
    if not is_ours:
        raise Misconfigured(
            f"load {job.id} was interrupted at line {reached}, and these are not the lines it had read: "
            "give it the same input, or say --anew to load this as another one"
        )
    if batch or loaded.bad:
        yield _store(conn, job, batch, loaded, lines=lines, now=now())
    backfills.end_item(conn, job.id, loads.PART, state="done", now=now(), detail=None)
    backfills.finish(conn, job.id, now=now())


def _store(
    conn: Connection, job: Backfill, batch: Sequence[Reading], loaded: Loaded, *, lines: Lines, now: datetime
) -> Loaded:
    with conn.transaction():
        counts = Counter(settled.outcome for settled in settle(conn, batch, now=now, is_live=False))
        counts["bad_line"] += len(loaded.bad)
        loaded.counts += counts
        loads.keep(conn, job.id, reached=loaded.line, counts=loaded.counts, prefix_sha256=lines.prefix_sha256())
    return loaded


def _reading(line: Line, began: datetime) -> Reading:
    if line.record is None:
        raise ValueError(line.problem)
    return loaded_reading(line.record, at=began + timedelta(microseconds=line.number))


def loaded_reading(record: Mapping[str, Any], *, at: datetime) -> Reading:
    """Return the reading of one line. Raises TypeError or ValueError for what is no article."""
    for name in ("id", "text"):
        if record.get(name) is None:
            raise ValueError(f"no `{name}`")
    external_id = str(record["id"])
    text = record["text"]
    title = record.get("title") or ""
    if not isinstance(text, str) or not isinstance(title, str):
        raise TypeError("`title` and `text` must be strings")
    if not text.strip() and not title.strip():
        raise ValueError("neither title nor text")
    url = str(record.get("url") or f"https://loaded.invalid/{quote(external_id, safe='')}")
    page = spell(url)
    image, access = _word(record, "image"), _word(record, "access")
    article = Article(
        title=title.strip(),
        body=tuple(Block("paragraph", " ".join(line.split())) for line in text.splitlines() if line.strip()),
        language=_word(record, "language") or _word(record, "lang"),
        published=published(record.get("published_at")),
        authors=_words(record, "authors"),
        lead=_word(record, "description"),
        section=_word(record, "section"),
        tags=_words(record, "tags"),
        image=Image(image) if image else None,
        modified=published(record.get("modified_at")),
        access=cast("Access", access) if access in get_args(Access) else None,
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


def _word(record: Mapping[str, Any], name: str) -> str | None:
    """Return a field that need not be there, as `export` writes it; what another system calls so in another form is left out."""
    value = record.get(name)
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _words(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name)
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    words = (" ".join(word.split()) for word in listed if isinstance(word, str))
    return tuple(dict.fromkeys(word for word in words if word))


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
