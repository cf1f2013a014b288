"""What `news-etl doctor` checks: each finding says what is wrong and what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import psycopg

from etl import boot, compiled
from etl.errors import Misconfigured, NewsEtlError
from etl.run.database import CONNECT_S, answering, database
from etl.run.scheduler import LEADER_LOCK
from etl.run.watch import FAILING_SHOWN, LATE_S, UNATTENDED_S
from etl.settings import Settings
from etl.store import backfill_waits, changes, health, roles, schedule
from etl.store.migrate import current, folder, is_newer, require_head, require_utf8, steps

from . import console
from .backfill_words import amount, lasting
from .console import counted
from .session import now, settings

FREE_MIN_BYTES = 2_000_000_000
CLOCK_MAX_S = 5.0
QUARANTINED_SHOWN = 20
BACKFILLS_SEEN = 20
BACKFILL_STILL_MAX = timedelta(minutes=5)
FEED_WAITS_MAX_S = 300.0
"""A transaction of the service takes seconds; one that others run for minutes is worth a look."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    is_well: bool
    words: str


def examine(*, as_json: bool) -> None:
    """Run all checks and print them; exit code 3 when one fails."""
    chosen = settings()
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_program, _contact, _recipes, _archive, _database)
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


def _program(_: Settings) -> Iterator[Finding]:
    import_module("etl.extract.article")  # What it imports says what it uses.
    used = compiled.in_use()
    words = (
        "compiled"
        if used and all(used.values())
        else "pure Python: right, but slower than with a C compiler at installation (CONTRIBUTING.md)"
    )
    yield Finding("program", True, f"news-etl {version('news-etl')}, {words}")


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
    words = f"{counted(len(shelf.recipes), 'recipe')} with {counted(count, 'source')} in {chosen.recipes_folder}"
    advice = "" if count else ": `news-etl source add https://www.example.org/` writes the first"
    yield Finding("recipes", count > 0, words + advice)


def _archive(chosen: Settings) -> Iterator[Finding]:
    opened = boot.archive(chosen)
    opened.probe()
    opened.close()
    if "://" in chosen.archive_place:
        yield Finding("archive", True, f"{chosen.archive_place} takes what is put there")
        return
    folder = Path(chosen.archive_place).expanduser()
    free = shutil.disk_usage(folder).free
    words = f"{folder}, {amount(free, in_bytes=True)} free"
    if free < FREE_MIN_BYTES:
        words += (
            f", less than {amount(FREE_MIN_BYTES, in_bytes=True)}: on a full disk pages stay due and nothing is stored; make room "
            "or set NEWS_ETL_KEEP_CAPTURES_DAYS"
        )
    yield Finding("archive", free >= FREE_MIN_BYTES, words)


def _database(chosen: Settings) -> Iterator[Finding]:
    if chosen.database_url is not None:
        with answering(), psycopg.connect(chosen.database_url, connect_timeout=CONNECT_S) as conn:
            server = _server(conn)
            yield server
            if not server.is_well:
                return
            try:
                require_head(conn)
            except Misconfigured as error:  # All else asks tables that may not be there.
                yield Finding("schema", False, str(error))
                return
    with database(chosen) as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        if chosen.database_url is None:
            yield _server(conn)
        yield _schema(conn)
        yield _clock(conn)
        yield from _failing(conn)
        waiting = health.waiting(conn, now=now())
        captures = f"{counted(waiting.captures, 'capture waits', 'captures wait')} for the digest"
        yield Finding("work", True, f"{counted(waiting.pages_due, 'page')} due, {captures}")
        yield from _capacity(conn)
        yield from _backfills(conn)
        yield from _quarantine(conn)
        yield _feed(conn)
        yield _roles(conn)


def _failing(conn: psycopg.Connection) -> Iterator[Finding]:
    """Name the sources that fail: each of a few; of many, how many fail in which way."""
    kinds = health.failing_kinds(conn)
    if sum(kind.sources for kind in kinds) > FAILING_SHOWN:
        for kind in kinds:
            yield Finding(
                "sources",
                False,
                f"{kind.outcome}: {counted(kind.sources, 'source fails', 'sources fail')}, the first since "
                f"{console.shown(kind.failing_since)}: {', '.join(kind.slugs)}"
                f"{', …' if kind.sources > len(kind.slugs) else ''}; `news-etl source list` names all",
            )
        return
    for failing in health.failing_sources(conn):
        yield Finding(
            f"source {failing.slug}",
            False,
            f"{failing.outcome} since {console.shown(failing.failing_since)}: {failing.outcome_detail}",
        )


def _server(conn: psycopg.Connection) -> Finding:
    server = health.server(conn)
    words = f"PostgreSQL {server.version // 10000}"
    if not 150000 <= server.version < 190000:
        return Finding("database", False, f"{words}: 15 to 18 are supported")
    if server.is_standby:
        return Finding(
            "database", False, f"{words}, a standby, which takes no writes: let NEWS_ETL_DATABASE_URL name the primary"
        )
    if server.is_read_only:
        return Finding(
            "database",
            False,
            f"{words} is set to read only, so nothing can be stored: `ALTER DATABASE {conn.info.dbname} RESET "
            "default_transaction_read_only` (or the same for the role)",
        )
    try:
        require_utf8(conn)
    except Misconfigured as error:
        return Finding("database", False, f"{words}; {error}")
    return Finding("database", True, words)


def _schema(conn: psycopg.Connection) -> Finding:
    at, known = current(conn), steps(folder())
    if is_newer(at, known):
        words = f"at {at}, newer than this news-etl ({known[-1]}), which goes on beside it: upgrade this machine, too"
        return Finding("schema", True, words)
    return Finding("schema", True, "at the version of this program")


def _clock(conn: psycopg.Connection) -> Finding:
    ahead_s = (now() - health.server(conn).now).total_seconds()
    if abs(ahead_s) <= CLOCK_MAX_S:
        return Finding("clock", True, f"{abs(ahead_s):.1f} s from the database's")
    words = f"this machine's clock is {lasting(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} the database's"
    return Finding(
        "clock", False, f"{words}, whose times are stored: set the clock of the one that is wrong (`timedatectl`, NTP)"
    )


def _capacity(conn: psycopg.Connection) -> Iterator[Finding]:
    """Tell whether somebody says what is due, and whether the workers keep up with it."""
    found = schedule.capacity(conn, now=now())
    words = (
        f"{counted(found.workers, 'worker')}; {counted(found.polls_wanted, 'poll')} an hour wanted, "
        f"{counted(found.overdue_sources, 'source')} due; {counted(found.pages_visited, 'page')} visited in the last hour, "
        f"{found.pages_due:,} due"
    )
    leads = health.leader(conn, lock_key=LEADER_LOCK) is not None
    if not found.workers:
        is_left = leads and found.longest_overdue_s > UNATTENDED_S
        advice = (
            f"a scheduler leads, but no worker lives, and the oldest poll is {lasting(found.longest_overdue_s)} late: "
            "start `news-etl worker` (`docker compose up -d worker`)"
            if is_left
            else "nobody works now (`news-etl run`, or `news-etl run --once` from cron)"
        )
        yield Finding("capacity", not is_left, f"{words}: {advice}")
        return
    if not leads:
        advice = "start `news-etl scheduler` (`docker compose up -d scheduler`)"
        yield Finding(
            "scheduler", False, f"workers live, but no scheduler leads, so nothing that falls due is begun: {advice}"
        )
    oldest = health.oldest_waiting_capture(conn)
    late = [
        f"the oldest {what} is {lasting(late_s)} late"
        for what, late_s in (
            ("poll", found.longest_overdue_s),
            ("digest", 0.0 if oldest is None else (now() - oldest).total_seconds()),
        )
        if late_s > LATE_S
    ]
    if late:
        words += (
            f"; {' and '.join(late)}: start more workers (NEWS_ETL_WORKERS, `docker compose up -d --scale worker=4`), or give "
            "sources longer intervals"
        )
    yield Finding("capacity", not late, words)


def _backfills(conn: psycopg.Connection) -> Iterator[Finding]:
    """Name the backfills that failed, and those that run and on which nobody works."""
    for one in health.backfills_progress(conn, limit=BACKFILLS_SEEN):
        if one.state == "failed":
            yield Finding(
                f"backfill {one.id}",
                False,
                f"failed {console.shown(one.ended_at)}: {one.detail}; `news-etl backfill resume {one.id}` goes on, "
                f"`news-etl backfill cancel {one.id}` gives it up",
            )
    has_workers = schedule.capacity(conn, now=now()).workers > 0
    for one in backfill_waits.standing(conn, since=now() - BACKFILL_STILL_MAX):
        if one.waits_for is not None:
            yield Finding(f"backfill {one.backfill_id}", False, one.waits_for)
        elif not has_workers:  # Workers would go on with it; they wait for its hosts.
            yield Finding(
                f"backfill {one.backfill_id}",
                False,
                f"it runs, but nothing of it was done since {console.shown(one.worked_at)} and no worker lives: if its command was "
                f"killed, the same command or `news-etl backfill resume {one.backfill_id}` goes on",
            )


def _quarantine(conn: psycopg.Connection) -> Iterator[Finding]:
    """Name the pages that our reader could not bear."""
    found = health.quarantined(conn, limit=QUARANTINED_SHOWN + 1)
    for held in found[:QUARANTINED_SHOWN]:
        yield Finding(
            "quarantine",
            False,
            f"{held.url}: {held.outcome} at {console.shown(held.outcome_at)}: {held.outcome_detail}; its bytes are kept: "
            "report it, and read it again with a newer news-etl (`news-etl backfill redigest`)",
        )
    if len(found) > QUARANTINED_SHOWN:
        outcomes = ", ".join(f"'{outcome}'" for outcome in health.QUARANTINE)
        yield Finding("quarantine", False, f"and more; all: SELECT url FROM etl.pages WHERE outcome IN ({outcomes})")


def _feed(conn: psycopg.Connection) -> Finding:
    """Tell whether news.changes shows what is committed, and if not, who holds it back."""
    held = changes.held_back(conn)
    waits_s = 0.0 if held is None else (now() - held.waiting_since).total_seconds()
    if held is None or waits_s <= FEED_WAITS_MAX_S:
        return Finding("changes", True, "news.changes shows all that is committed" if held is None else "up to date")
    words = f"news.changes shows nothing since {console.shown(held.waiting_since)} because a transaction is open: {held.who}"
    if held.running_since is not None:
        words += f", since {console.shown(held.running_since)}"
    if held.pid is not None:
        words += f"; end it, or let the owner run: SELECT pg_terminate_backend({held.pid});"
    return Finding("changes", False, words)


def _roles(conn: psycopg.Connection) -> Finding:
    """Tell whether the roles are what they should be, and else which statements make them so."""
    statements = roles.to_mend(conn)
    if not statements:
        return Finding("roles", True, "news_writer and news_reader have their rights")
    return Finding("roles", False, "let the owner or a superuser run in this database: " + " ".join(statements))
