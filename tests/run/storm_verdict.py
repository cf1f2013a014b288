"""What the storm left in the database and in the archive, compared with what is right."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from etl.errors import NewsEtlError
from etl.fetch.archive import Archive
from etl.model import Place
from tests.run.storm_press import Gold, Printed

SHOWN = 20


def lagging(conn: psycopg.Connection, *, since: datetime, sources: int, pages: int) -> dict[str, int]:
    """Return what is not done yet of an edition of *pages* pages that came out at *since*; empty when all is."""
    row = conn.execute(
        """
        SELECT %(sources)s - (SELECT count(*) FROM etl.sources WHERE polled_at >= %(since)s),
               %(pages)s - (SELECT count(*) FROM etl.pages WHERE captured_at >= %(since)s),
               (SELECT count(*) FROM etl.captures WHERE digested_at IS NULL),
               (SELECT count(*) FROM queue.procrastinate_jobs)
        """,
        {"since": since, "sources": sources, "pages": pages},
    ).fetchone()
    assert row is not None
    return {name: n for name, n in zip(("sources", "pages", "captures", "jobs"), row, strict=True) if n}


def let_time_pass(conn: psycopg.Connection) -> None:
    """Do not wait out the pauses that failures of ours put on pages, hosts and sources: they are hours in the end."""
    conn.execute("UPDATE etl.pages SET next_visit_at = now() WHERE failures > 0 AND next_visit_at > now()")
    conn.execute("UPDATE etl.hosts SET free_at = now() WHERE failures > 0 AND free_at > now()")
    conn.execute("UPDATE etl.sources SET next_poll_at = now() WHERE failing_since IS NOT NULL AND next_poll_at > now()")


def differences(conn: psycopg.Connection, gold: Gold, *, archive: Path) -> list[str]:
    """Return in words what is lost, doubled, skipped or damaged."""
    return [
        *_articles(conn, gold),
        *_versions(conn, gold),
        *_stories(conn, gold),
        *_links(conn, gold),
        *_queue(conn),
        *_archive(conn, archive),
    ]


def _articles(conn: psycopg.Connection, gold: Gold) -> list[str]:
    stored = Counter(url for (url,) in conn.execute("SELECT url FROM news.articles"))
    outcomes = dict(
        conn.execute("SELECT url, outcome || coalesce(': ' || outcome_detail, '') FROM etl.pages").fetchall()
    )
    return [
        *(f"lost: {url} ({outcomes.get(url, 'page unknown')})" for url in _few(gold.versions.keys() - stored.keys())),
        *(f"invented: {url}" for url in _few(stored.keys() - gold.versions.keys())),
        *(f"doubled: {url} {count} times" for url, count in stored.items() if count > 1),
        *(
            f"page doubled: {url}"
            for (url,) in conn.execute("SELECT url FROM etl.pages GROUP BY url HAVING count(*) > 1")
        ),
    ]


def _versions(conn: psycopg.Connection, gold: Gold) -> list[str]:
    stored: dict[str, list[Printed]] = {}
    for url, title, text in conn.execute(
        """
        SELECT p.url, v.title, v.text
        FROM etl.article_versions v
        JOIN etl.articles a ON a.id = v.article_id
        JOIN etl.pages p ON p.id = a.page_id
        ORDER BY p.url, v.valid_from
        """
    ):
        stored.setdefault(url, []).append(Printed(title, tuple(text.split("\n"))))
    found: list[str] = []
    for url, versions in gold.versions.items():
        have = stored.get(url, [])
        if have and have != versions:
            missing = sum(version not in have for version in versions)
            found.append(
                f"versions of {url}: {len(have)} instead of {len(versions)}, {missing} skipped; "
                f"have {[v.title[-30:] for v in have]}, right are {[v.title[-30:] for v in versions]}"
            )
    return _few(found)


def _stories(conn: psycopg.Connection, gold: Gold) -> list[str]:
    stored: dict[int, set[str]] = {}
    for story, url in conn.execute("SELECT coalesce(story_id, -article_id), url FROM news.articles"):
        stored.setdefault(story, set()).add(url)
    have = {frozenset(urls) for urls in stored.values()}
    return [f"story: {sorted(urls)} is none of ours" for urls in _few(have - gold.stories, key=sorted)]


def _links(conn: psycopg.Connection, gold: Gold) -> list[str]:
    stored: dict[str, list[str]] = {}
    for page, target in conn.execute(
        "SELECT page_url, target_url FROM news.links WHERE still_there AND kind = 'related'"
    ):
        stored.setdefault(page, []).append(target)
    return _few(
        [
            f"links of {url}: {sorted(stored.get(url, []))} instead of {sorted(targets)}"
            for url, targets in gold.links.items()
            if sorted(stored.get(url, [])) != sorted(targets)
        ]
    )


def _queue(conn: psycopg.Connection) -> list[str]:
    rows = conn.execute(
        "SELECT task_name, status::text, count(*) FROM queue.procrastinate_jobs GROUP BY 1, 2"
    ).fetchall()
    return [f"stuck: {count} jobs {name} ({status})" for name, status, count in rows]


def _archive(conn: psycopg.Connection, folder: Path) -> list[str]:
    """Every row's bytes are where it says, and every file reads to its end."""
    found: list[str] = []
    archive = Archive(folder)
    archive.repair()
    for row in conn.execute("SELECT archive_file, archive_offset, archive_length, url, body_sha256 FROM etl.captures"):
        try:
            answer = archive.read(Place(row[0], row[1], row[2]))
        except NewsEtlError as error:
            found.append(f"capture of {row[3]}: {error.code}: {error}")
            continue
        if answer.url != row[3] or _sha256(answer.body) != bytes(row[4]):
            found.append(f"capture of {row[3]}: other bytes")
    for name in archive.files():
        found += _read_whole(folder / name)
    archive.close()
    return _few(found)


def _read_whole(path: Path) -> list[str]:
    """Read a WARC file with warcio where it is installed (a reader that is not ours), else with ours."""
    try:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed
    except ImportError:
        return [] if list(Archive(path.parents[1]).walk(f"{path.parent.name}/{path.name}")) else [f"empty: {path}"]
    try:
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                record.content_stream().read()
    except (ArchiveLoadFailed, OSError) as error:
        return [f"not readable: {path.name}: {error}"]
    return []


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _few(found: Iterable[Any], *, key: Callable[[Any], Any] | None = None) -> list[Any]:
    return sorted(found, key=key)[:SHOWN]
