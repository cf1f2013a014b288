"""Captures in a real archive, settled as an older program read them, and read again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

import psycopg

from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.fetch.exchange import Exchange, Hop
from etl.flow.reading import Reading, keyed, read_capture
from etl.flow.redigest import Redigest, redigest_pages
from etl.flow.rewrite import Told
from etl.flow.settle import settle
from etl.model import Capture
from etl.recipe.shelf import Shelf
from etl.run.reader import unread
from etl.store import redigests
from etl.store.redigests import Meant
from tests.flow.pages import DAY, later

URL = "https://www.example.org/news/ferry-quay-12345"
TITLE = "Quay to be built in two parts"
NOW = later(days=30)


class Press:
    """Captures in a real archive, settled as an older program read them, and read again."""

    def __init__(self, conn: psycopg.Connection, archive: Archive) -> None:
        self.conn, self.archive = conn, archive
        self.shelf: Shelf | None = None

    def capture(self, url: str, body: bytes, at: datetime) -> Capture:
        sha256 = hashlib.sha256(body).digest()
        hop = Hop(url, b"", 200, "OK", "HTTP/1.1", (("content-type", "text/html; charset=utf-8"),), body, "")
        place = self.archive.append(Exchange(url, (hop,), body, sha256, at, 0.0), at=at)
        return Capture(url, url, 200, hop.by_name, sha256, len(body), at, place)

    def store(self, body: bytes, *, url: str = URL, at: datetime = DAY, as_read=lambda article: article) -> Reading:
        """Store a capture as a program read it that saw *as_read* of the article."""
        read = read_capture(self.capture(url, body, at), body)
        if read.outcome == "article":
            assert read.article is not None
            read = keyed(replace(read, article=as_read(read.article)))
        (done,) = settle(self.conn, [read], now=at)
        assert done.outcome not in ("unstorable", "buried"), done
        self.conn.commit()
        return read

    def read(self, some):
        self.archive.sync()
        readings = []
        for capture, _ in some:
            try:
                readings.append(read_capture(capture, self.archive.read(capture.place).body, shelf=self.shelf))
            except NewsEtlError as error:
                readings.append(unread(capture, error.code, str(error)))
        return readings

    def again(self, *, rejudges_all: bool = False, keeps: bool = True) -> list[Told]:
        ids = redigests.meant_pages(self.conn, Meant(), after=0, last=2**62, limit=100)
        kit = Redigest(self.read, lambda: NOW, rejudges_all=rejudges_all, keeps=keeps)
        told = redigest_pages(self.conn, ids, kit)
        self.conn.commit()
        return told


def without_last(article):
    return replace(article, body=article.body[:-1])


def titled(title: str):
    return lambda article: replace(article, title=title)
