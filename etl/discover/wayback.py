"""Web archives that speak the CDX server's language (the Wayback Machine, OpenWayback, pywb): what they have, and where.

The index is asked in pieces that follow each other by `resumeKey`: `page=` counts blocks of the index, answers nothing for
some prefixes, and collapses duplicates block by block only (CDX server's README, sections "Resumption Key" and "Pagination API").
Of captures of one URL that follow each other with the same digest the first is enough: the page did not change in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from etl.errors import Unreadable

CDX_PATH = "/cdx/search/cdx"
ROWS_PER_ANSWER = 5_000
"""A few hundred kB: short enough for the servers, which end long answers, and for one transaction."""
FIELDS: tuple[str, ...] = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
PAGE_TYPES = ("text/html", "application/xhtml+xml")
_PYWB = {"mime": "mimetype", "status": "statuscode", "url": "original"}
_STAMP = re.compile(r"\d{14}")
_REPLAY = re.compile(r"/(\d{14})(?:[a-z]{2}_)?/")


@dataclass(frozen=True, slots=True)
class Listed:
    """One capture that the archive has."""

    url: str
    taken_at: datetime
    digest: str
    length: int | None = None
    """Bytes of its record in the archive, compressed."""

    @property
    def stamp(self) -> str:
        return f"{self.taken_at:%Y%m%d%H%M%S}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer of the index."""

    captures: tuple[Listed, ...]
    duplicates: int
    """Captures left out because the one before them, of the same URL, has the same body."""
    resume_key: str | None
    """Where the next answer begins; None after the last."""
    last: str
    """`urlkey digest` of the last row: the next answer may go on with the same page."""


def query(
    base: str,
    place: str,
    *,
    since: datetime | None,
    until: datetime | None,
    resume_key: str | None = None,
    last: str = "",
) -> str:
    """Return the URL that asks the archive at *base* for its captures of pages below *place* (a domain, or domain/path).

    Its fragment, which no server sees, carries *last* to the reader of the answer.
    """
    asked = place.removeprefix("http://").removeprefix("https://").removesuffix("*")
    is_domain = not asked.strip("/").count("/")
    parameters = [
        ("url", asked.rstrip("/") if is_domain else asked),
        ("matchType", "domain" if is_domain else "prefix"),
        ("output", "json"),
        ("fl", ",".join(FIELDS)),
        ("filter", "statuscode:200"),
        ("filter", f"mimetype:{'|'.join(re.escape(kind) for kind in PAGE_TYPES)}"),
        ("collapse", "digest"),
        ("limit", str(ROWS_PER_ANSWER)),
        ("showResumeKey", "true"),
    ]
    if since is not None:
        parameters.append(("from", f"{since.astimezone(UTC):%Y%m%d%H%M%S}"))
    if until is not None:
        parameters.append(("to", f"{until.astimezone(UTC):%Y%m%d%H%M%S}"))
    if resume_key is not None:
        parameters.append(("resumeKey", resume_key))
    carried = f"#{urlencode({'last': last})}" if last else ""
    return f"{base.rstrip('/')}{CDX_PATH}?{urlencode(parameters)}{carried}"


def next_query(asked: str, resume_key: str, last: str) -> str:
    """Return the URL that goes on behind the answer to *asked*."""
    parts = urlsplit(asked)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "resumeKey"]
    return parts._replace(
        query=urlencode([*kept, ("resumeKey", resume_key)]), fragment=urlencode({"last": last})
    ).geturl()


def read_listing_of(body: bytes, *, asked: str) -> Listing:
    """Read the answer to the URL *asked*: JSON rows under a header, JSON lines (pywb), or text with a space between fields.

    Raises Unreadable (`broken_index`) when it is none of these. A row that cannot be read is left out.
    """
    text = body.decode("utf-8", "replace").strip()
    carried = dict(parse_qsl(urlsplit(asked).fragment)).get("last", "")
    if not text:
        return Listing((), 0, None, carried)
    rows, resume_key = _rows(text, asked)
    captures: list[Listed] = []
    duplicates = 0
    for row in rows:
        listed = _listed(row)
        if listed is None:
            continue
        place = f"{row.get('urlkey') or listed.url} {listed.digest}"
        if place == carried:
            duplicates += 1
        else:
            captures.append(listed)
        carried = place
    return Listing(tuple(captures), duplicates, resume_key, carried)


def replay_url(base: str, item: str) -> str:
    """Return where the archive gives the capture *item* (`stamp url`) as it came, without banner and rewritten links (`id_`)."""
    stamp, _, url = item.partition(" ")
    return f"{base.rstrip('/')}/web/{stamp}id_/{url}"


def replayed_at(url: str) -> datetime | None:
    """Return the time of the capture that a replay URL names: archives lead from the time asked for to the nearest they have."""
    found = _REPLAY.search(urlsplit(url).path)
    return _instant(found[1]) if found else None


def _rows(text: str, asked: str) -> tuple[list[dict[str, str]], str | None]:
    if text.startswith("["):
        return _json_rows(text, asked)
    if text.startswith("{"):
        return [_renamed(row) for row in _json_lines(text, asked)], None
    if text[:1] == "<" or not re.match(r"\S+ \d{14} ", text):
        raise Unreadable(f"no index of captures ({text[:60]!r}): {asked}", code="broken_index")
    lines = text.splitlines()
    # The resume key stands alone in the last line, behind a blank one.
    key = lines[-1].strip() if len(lines) > 1 and not lines[-2].strip() else None
    rows = [dict(zip(FIELDS, line.split(" "), strict=False)) for line in lines if line.count(" ") >= len(FIELDS) - 1]
    return rows, unquote(key) if key else None


def _json_rows(text: str, asked: str) -> tuple[list[dict[str, str]], str | None]:
    try:
        table = cast("list[list[Any]]", json.loads(text))
    except ValueError as error:
        raise Unreadable(f"the index of captures is no JSON ({error}): {asked}", code="broken_index") from error
    if not table:
        return [], None
    names = [str(name) for name in table[0]]
    # With showResumeKey the last two rows are [] and [key].
    key = unquote(str(table[-1][0])) if len(table) > 2 and not table[-2] and len(table[-1]) == 1 else None
    rows = [dict(zip(names, map(str, row), strict=True)) for row in table[1:] if len(row) == len(names)]
    return rows, key


def _json_lines(text: str, asked: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Unreadable(f"the index of captures is no JSON ({error}): {asked}", code="broken_index") from error
        if isinstance(row, dict):
            yield cast("dict[str, Any]", row)


def _renamed(row: dict[str, Any]) -> dict[str, str]:
    return {_PYWB.get(name, name): str(value) for name, value in row.items()}


def _listed(row: dict[str, str]) -> Listed | None:
    """Return the row as a capture of a page; the filters of the question are not spoken by every server."""
    at = _instant(row.get("timestamp", ""))
    url = row.get("original", "")
    kind = row.get("mimetype", "").partition(";")[0]
    if at is None or not url.startswith(("http://", "https://")):
        return None
    if row.get("statuscode", "200") not in ("200", "-", "") or kind not in (*PAGE_TYPES, "-", ""):
        return None
    length = row.get("length", "")
    return Listed(url, at, row.get("digest", ""), int(length) if length.isdigit() else None)


def _instant(stamp: str) -> datetime | None:
    if not _STAMP.fullmatch(stamp):
        return None
    try:
        return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
