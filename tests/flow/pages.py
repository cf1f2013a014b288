"""Captures and readings for the tests of flow: real HTML through the real reader."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from html import escape

from etl.flow.reading import Reading, read_capture
from etl.model import Capture, Place

DAY = datetime(2026, 2, 7, 8, 15, tzinfo=UTC)

SENTENCES = (
    "The harbour board met on Tuesday to settle the question of the new ferry quay.",
    "Four of the nine members wanted to wait for the survey of the sea wall, which is due in spring.",
    "The mayor reminded them that the grant of 4.2 million runs out at the end of the year.",
    "Fishermen who moor at the old quay said that nobody had asked them about the dredging.",
    "A compromise was found late in the evening: the quay will be built in two parts.",
    "Work on the first part begins in September, when most of the summer traffic has gone.",
)


def page(title: str, paragraphs: tuple[str, ...] = SENTENCES, *, extra: str = "", head: str = "") -> bytes:
    """Return an article page with a navigation around it."""
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta property="og:type" content="article">{head}</head><body><nav><a href="/">Home</a> <a href="/news/">News</a>'
        f"</nav><main><article><h1>{escape(title)}</h1>{body}</article>{extra}</main></body></html>"
    ).encode()


def capture(url: str, body: bytes, *, at: datetime = DAY, number: int = 0, link: str | None = None) -> Capture:
    """Return the capture of an answer, as the fetcher or an imported archive gives it."""
    return Capture(
        url=url,
        final_url=url,
        status=200,
        headers={"content-type": "text/html; charset=utf-8"} | ({"link": link} if link else {}),
        body_sha256=hashlib.sha256(body).digest(),
        body_bytes=len(body),
        fetched_at=at,
        place=Place("test.warc.gz", number, 100),
    )


def reading(url: str, body: bytes, *, at: datetime = DAY, link: str | None = None) -> Reading:
    return read_capture(capture(url, body, at=at, link=link), body)


def later(**span: float) -> datetime:
    return DAY + timedelta(**span)
