"""What `news-etl doctor` checks: each finding says what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from etl import boot
from etl.errors import NewsEtlError
from etl.run.database import database
from etl.settings import Settings
from etl.store import health

from . import console
from .session import now, settings

FREE_MIN_BYTES = 2_000_000_000
CLOCK_MAX_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    is_well: bool
    words: str


def examine(*, as_json: bool) -> None:
    """Run all checks and print them; exit code 3 when one fails."""
    chosen = settings()
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_contact, _recipes, _archive, _database)
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check(chosen)
        except (NewsEtlError, OSError, psycopg.Error) as error:
            findings.append(Finding(check.__name__.strip("_"), False, str(error).strip()))
    if as_json:
        console.answer(findings)
    else:
        rows = [("ok" if found.is_well else "LOOK", found.check, found.words) for found in findings]
        console.table(None, ("", "check", "finding"), rows)
    if not all(found.is_well for found in findings):
        sys.exit(3)


def _contact(chosen: Settings) -> Iterator[Finding]:
    if chosen.contact:
        yield Finding("contact", True, f"publishers can ask {chosen.contact}")
    else:
        yield Finding(
            "contact",
            False,
            "nobody can be asked about our requests: set NEWS_ETL_CONTACT to a web page or a mail address",
        )


def _recipes(chosen: Settings) -> Iterator[Finding]:
    shelf = boot.shelf(chosen)
    count = sum(len(recipe.sources) for recipe in shelf.recipes)
    words = f"{len(shelf.recipes)} recipes with {count} sources in {chosen.recipes_folder}"
    advice = "" if count else ": `news-etl source add https://www.example.org/` writes the first"
    yield Finding("recipes", count > 0, words + advice)


def _archive(chosen: Settings) -> Iterator[Finding]:
    boot.archive(chosen).close()
    folder = Path(chosen.archive_place)
    is_writable = os.access(folder, os.W_OK)
    free = shutil.disk_usage(folder).free
    words = f"{folder}, {free / 1e9:.0f} GB free"
    if not is_writable:
        words += ": not writable for this user; change its owner or set NEWS_ETL_ARCHIVE"
    elif free < FREE_MIN_BYTES:
        words += ": make room or set NEWS_ETL_KEEP_CAPTURES_DAYS"
    yield Finding("archive", is_writable and free >= FREE_MIN_BYTES, words)


def _database(chosen: Settings) -> Iterator[Finding]:
    with database(chosen) as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        server = health.server(conn)
        is_supported = 150000 <= server.version < 190000
        words = f"PostgreSQL {server.version // 10000}"
        yield Finding("database", is_supported, words if is_supported else f"{words}: 15 to 18 are supported")
        yield Finding("schema", True, "at the version of this program")
        skew_s = abs((server.now - now()).total_seconds())
        advice = "" if skew_s <= CLOCK_MAX_S else ": set the clock of this machine or of the database (NTP)"
        yield Finding("clock", skew_s <= CLOCK_MAX_S, f"{skew_s:.1f} s from the database's{advice}")
        for failing in health.failing_sources(conn):
            yield Finding(
                f"source {failing.slug}",
                False,
                f"{failing.outcome} since {console.shown(failing.failing_since)}: {failing.outcome_detail}",
            )
        waiting = health.waiting(conn, now=now())
        yield Finding("work", True, f"{waiting.pages_due} pages due, {waiting.captures} captures wait for their digest")
