"""Feed mutated pages to the whole extraction and count what went wrong: exceptions other than Unreadable, slow pages.

    python bench/fuzz.py FOLDER --pages 1000000 [--seed 1] [--slow-s 2]

FOLDER holds saved pages (*.html or *.html.gz, any depth). Mutations cut, repeat, swap and overwrite bytes, break tags and
entities, nest and unclose elements, and splice two pages. The run is reproducible from its seed; a page that fails is
written beside the report, so that it can become a test. Time is CPU time: a busy machine makes no page slow.
"""

from __future__ import annotations

import argparse
import gzip
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from etl.errors import Unreadable
from etl.extract import article

SMALL_BYTES = 20_000
"""Most mutations work on a slice of a page: a million small pages find more than a thousand large ones."""
FRAGMENTS = (
    b"<", b">", b"</", b"<!--", b"-->", b"<![CDATA[", b"&#x110000;", b"&#xD800;", b"&nbsp", b"\0", b"\xff", b"\xed\xa0\x80",
    b"<table>", b"</p>", b"<p", b"<a href=", b"<a href='//[x'>", b"<script>", b"</script>", b"<title>", b"<textarea>",
    b"<svg><style>", b"<math><mi>", b"<template>", b"<select>", b"<b id=1><p>", b"<li>", b"<td colspan=9007199254740991>",
    b'<meta charset="utf-16">', b"<base href='http://[::'>", b'<script type="application/ld+json">', b'{"@type":"NewsArticle"',
    b'"datePublished":"99999-99-99"', b'"articleBody":null', b"[" * 500, b'{"a":' * 300, b"\xe2\x80\xae", b"\xf0\x9f\x98\x80" * 20,
    b"<p " + b" ".join(b"a%d" % number for number in range(900)), b" b='<p>' " + b"c=1 d" * 50,
    b"<time datetime='0000-00-00T99:99'>", b"31.02.2024", b"<h1>", b"<div>" * 200, b"<br>" * 50,
)  # fmt: skip

PROGRESS_PAGES = 10_000

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def _overwrite(chance: random.Random, page: bytes, _other: bytes) -> bytes:
    at = chance.randrange(len(page) + 1)
    return page[:at] + chance.randbytes(chance.randrange(1, 9)) + page[at + chance.randrange(9) :]


def _insert(chance: random.Random, page: bytes, _other: bytes) -> bytes:
    at = chance.randrange(len(page) + 1)
    return page[:at] + chance.choice(FRAGMENTS) * chance.choice((1, 1, 1, 2, 30)) + page[at:]


def _cut(chance: random.Random, page: bytes, _other: bytes) -> bytes:
    first = chance.randrange(len(page) + 1)
    return page[:first] + page[first + chance.randrange(1, 2_000) :]


def _repeat(chance: random.Random, page: bytes, _other: bytes) -> bytes:
    first = chance.randrange(len(page) + 1)
    piece = page[first : first + chance.randrange(1, 200)]
    return page[:first] + piece * chance.randrange(2, 40) + page[first:]


def _splice(chance: random.Random, page: bytes, other: bytes) -> bytes:
    return page[: chance.randrange(len(page) + 1)] + other[chance.randrange(len(other) + 1) :]


def _unclose(chance: random.Random, page: bytes, _other: bytes) -> bytes:
    tag = chance.choice((b"</p>", b"</div>", b"</a>", b"</li>", b"</script>", b"</title>", b"-->", b'"', b">"))
    return page.replace(tag, b"", chance.randrange(1, 20))


MUTATIONS: tuple[Mutation, ...] = (_overwrite, _insert, _insert, _cut, _repeat, _splice, _unclose)


def mutate(chance: random.Random, page: bytes, other: bytes) -> bytes:
    """Return a slice of *page* with one to six mutations."""
    if chance.random() < 0.98:
        size = chance.randrange(200, SMALL_BYTES)
        first = chance.randrange(max(1, len(page) - size))
        page = page[first : first + size]
    for _ in range(chance.randrange(1, 7)):
        page = chance.choice(MUTATIONS)(chance, page, other[:SMALL_BYTES])
    return page


def _until_interrupted(pages: int) -> Iterator[int]:
    """Yield the numbers of *pages* until Ctrl-C, so that a run that is cut short says what it found."""
    asked_to_end = False

    def end(*_: object) -> None:
        nonlocal asked_to_end
        asked_to_end = True

    signal.signal(signal.SIGINT, end)
    for number in range(pages):
        if asked_to_end:
            return
        yield number


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--pages", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--slow-s", type=float, default=2.0)
    options.add_argument("--out", type=Path, default=Path("fuzz-failures"))
    asked = options.parse_args()
    files = sorted(path for path in asked.folder.rglob("*.html*") if path.suffix in (".gz", ".html"))
    if not files:
        print(f"no *.html or *.html.gz below {asked.folder}")
        return 2
    pages = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files[:400]]
    chance = random.Random(asked.seed)
    crashes = slow = unreadable = 0
    worst = 0.0
    fetched_at = datetime(2026, 1, 1, tzinfo=UTC)
    started = time.process_time()
    number = 0
    for number in _until_interrupted(asked.pages):
        body = mutate(chance, chance.choice(pages), chance.choice(pages))
        begun = time.process_time()
        failure = ""
        try:
            article.read(body, url="https://paper.example/news/a-headline-123", fetched_at=fetched_at)
        except Unreadable:
            unreadable += 1
        except Exception as error:  # noqa: BLE001 - a crash is what we are looking for
            crashes += 1
            failure = f"{type(error).__name__}: {error}"
        took_s = time.process_time() - begun
        worst = max(worst, took_s)
        if took_s > asked.slow_s:
            slow += 1
            failure = failure or f"{took_s:.1f} s"
        if failure:
            asked.out.mkdir(parents=True, exist_ok=True)
            (asked.out / f"{asked.seed}-{number}.html").write_bytes(body)
            print(f"page {number}: {failure}", flush=True)
        if (number + 1) % PROGRESS_PAGES == 0:
            print(
                f"{number + 1} pages, {crashes} crashes, {slow} slow, slowest {worst:.2f} s",
                file=sys.stderr,
                flush=True,
            )
    spent = time.process_time() - started
    print(
        f"{number + 1} pages from {len(pages)} files, seed {asked.seed}: {crashes} crashes, {slow} over {asked.slow_s:g} s, "
        f"{unreadable} unreadable, slowest {worst:.2f} s, {spent / (number + 1) * 1e3:.2f} ms a page"
    )
    return 1 if crashes or slow else 0


if __name__ == "__main__":
    sys.exit(main())
