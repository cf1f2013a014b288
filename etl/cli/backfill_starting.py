"""What the commands that begin or continue a backfill do: make its plan, and see that it is worked on."""

from __future__ import annotations

import hashlib
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from glob import glob
from itertools import chain
from pathlib import Path
from typing import Any

import typer
from psycopg import Connection

from etl.discover import ccnews, wayback
from etl.errors import Misconfigured
from etl.flow.backfill_lists import FILE, file_item, place_of
from etl.flow.backfill_plan import Planner
from etl.flow.manners import host_of_url
from etl.run.backfill_jobs import Foreground, leader_watch
from etl.run.queue import STALLED_AFTER_S, STEPS_PER_WORKER, WORKER_NAME, put_steps, sync_app_of
from etl.run.scheduler import LEADER_LOCK
from etl.settings import Settings
from etl.store import backfill_items, backfills, schedule, searching
from etl.store.backfill_items import NewItem
from etl.store.backfills import Backfill

from . import console
from .backfill_costs import print_plan
from .backfill_kit import working_kit
from .backfill_watching import watching
from .backfilling import PARTLY_FAILED, end_with_exit_code, follow_until_over, found, print_backfill
from .session import Session, now, session, settings, whoami
from .url_lists import read_list

HOSTS_AT_ONCE = 8
WARC_NAMES = ("*.warc", "*.warc.gz", "*.warc.zst")
"""In folders; what is still being written has other names (`.open`, `.part`)."""
FILES_AT_ONCE = 4
"""Each has up to one batch of pages (64 MB) in memory."""


@dataclass(frozen=True, slots=True)
class Options:
    """What every command that begins a backfill is told."""

    hosts_max: int | None
    bytes_per_second: int | None
    again: bool
    where: str
    dry_run: bool
    as_json: bool


@dataclass(slots=True)
class Order:
    """What is asked for."""

    kind: str
    plan: dict[str, Any]
    items: list[NewItem]
    remarks: list[str] = field(default_factory=list[str])
    """Lines of a list that are junk or repeat another."""


def backfill_urls(file: str, *, form: str | None, options: Options) -> None:
    """Fetch the pages of a list."""
    listed = read_list(file, form=form)
    listed.tell()
    order = Order("urls", {}, listed.items, listed.remarks)
    if not order.items:
        raise Misconfigured(f"there is no URL in {'standard input' if file == '-' else file}")
    digest = hashlib.sha256("\n".join(item.item for item in order.items).encode()).hexdigest()
    name = "-" if file == "-" else Path(file).name
    order.plan = {"list": name, "urls": len(order.items), "sha256": digest, "lines_left_out": len(order.remarks)}
    _begin(order, options, settings())


def backfill_sitemap(url: str, *, since: str | None, until: str | None, takes_undated: bool, options: Options) -> None:
    """Fetch the pages of a sitemap, by their dates."""
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no address such as https://www.example.org/sitemap.xml")
    plan = {"sitemap": url, "undated": takes_undated, **_span(since, until)}
    _begin(Order("sitemap", plan, [NewItem(url, "sitemap", host_of_url(url))]), options, settings())


def backfill_warc(files: Sequence[str], *, options: Options) -> None:
    """Load WARC files of this machine and of others."""
    items = [file_item(place) for place in dict.fromkeys(chain.from_iterable(map(_warc_files, files)))]
    _begin(Order("warc", {"files": [[item.item, item.size] for item in items]}, items), options, settings())


def _warc_files(place: str) -> list[str]:
    """Return the WARC files that one argument names: an address, a file, all below a folder, or a pattern in quotes."""
    if place.startswith(("http://", "https://")):
        return [place]
    path = Path(place)
    if path.is_file():
        return [str(path.resolve())]
    if path.is_dir():
        found = [file for name in WARC_NAMES for file in path.rglob(name) if file.is_file()]
    else:
        found = [Path(name) for name in glob(place, recursive=True) if Path(name).is_file()]  # noqa: PTH207 - of any folder
    if not found:
        raise Misconfigured(
            f"no WARC file ({', '.join(WARC_NAMES)}) is below {place}" if path.is_dir() else f"there is no file {place}"
        )
    return sorted(str(file.resolve()) for file in found)


def backfill_ccnews(*, since: str, until: str, options: Options) -> None:
    """Load CC-NEWS by date."""
    chosen = settings()
    span = _span(since, until)
    begins, ends = datetime.fromisoformat(span["from"]), datetime.fromisoformat(span["to"])
    base = chosen.cc_base
    if not base.startswith(
        ("http://", "https://")
    ):  # Workers, and the one who goes on with it, stand in other folders.
        base = str(Path(base.removeprefix(FILE)).resolve())
    lists = [place_of(base, ccnews.list_path(*month)) for month in ccnews.months(begins, ends)]
    if not lists:
        raise typer.BadParameter("CC-NEWS begins in August 2016, and --from comes before --to")
    items = [NewItem(place, "files", _host(place)) for place in lists]
    _begin(Order("ccnews", {**span, "base": base}, items), options, chosen)


def backfill_wayback(place: str, *, since: str | None, until: str | None, options: Options) -> None:
    """Load what a web archive keeps of a site."""
    chosen = settings()
    place = place.removeprefix("https://").removeprefix("http://").removeprefix("*.")
    if "." not in place.partition("/")[0] or " " in place:
        raise typer.BadParameter(f"{place!r} is no domain: example.org, or example.org/news/")
    plan = {"place": place, "base": chosen.wayback_base, **_span(since, until)}
    begins, ends = plan.get("from"), plan.get("to")
    asked = wayback.query(
        chosen.wayback_base,
        place,
        since=datetime.fromisoformat(begins) if begins else None,
        until=datetime.fromisoformat(ends) - timedelta(seconds=1) if ends else None,
    )
    _begin(Order("wayback", plan, [NewItem(asked, "captures", host_of_url(asked))]), options, chosen)


def resume_backfill(number: int, *, where: str, dry_run: bool, as_json: bool) -> None:
    """Go on with a backfill."""
    chosen = settings()
    with session(chosen, connections=HOSTS_AT_ONCE + 4) as opened, opened.pool.connection() as conn:
        job = _of_workers(conn, number)
        if job.state in ("done", "cancelled"):
            raise Misconfigured(
                f"backfill {number} is {job.state}: `backfill retry` does failed parts again, --again all"
            )
        if dry_run:
            _say_would(number, job.state, "running", as_json=as_json)
            return
        _see_to_it(opened, conn, job, where=where, as_json=as_json)


def retry_backfill(number: int, *, reasons: Sequence[str], where: str, dry_run: bool, as_json: bool) -> None:
    """Do failed parts again."""
    chosen = settings()
    with session(chosen, connections=HOSTS_AT_ONCE + 4) as opened, opened.pool.connection() as conn:
        job = _of_workers(conn, number)
        with conn.transaction(force_rollback=dry_run):
            count = backfill_items.plan_again(conn, number, reasons=reasons)
            if count:
                backfills.open_again(conn, number)
        words = f"{count} parts of backfill {number} " + ("would be tried again" if dry_run else "are tried again")
        console.err.print(words if count else f"No part of backfill {number} ended so: there is nothing to try again.")
        if dry_run or not count:
            if as_json:
                console.answer({"backfill": number, "parts": count, "dry_run": dry_run})
            return
        _see_to_it(opened, conn, job, where=where, as_json=as_json)


def _begin(order: Order, options: Options, chosen: Settings) -> None:
    with session(chosen, connections=HOSTS_AT_ONCE + 4) as opened, opened.pool.connection() as conn:
        if options.dry_run:
            _print_plan(opened, conn, order, options)
            return
        with conn.transaction():
            job, is_new = backfills.begin(conn, order.kind, order.plan, order.items, by=whoami(), now=now())
        if job.state in ("done", "cancelled") and not options.again:
            console.err.print(
                f"Nothing new: backfill {job.id} is this one; it is {job.state} since {console.shown(job.ended_at)}. "
                "--again does it once more."
            )
            print_backfill(conn, job.id, as_json=options.as_json)
            end_with_exit_code(conn, job.id)
            return
        if options.again and not is_new:
            backfills.start_again(conn, job.id)
        elif not is_new:
            console.err.print(f"Going on with backfill {job.id}.")
        if is_new or options.hosts_max or options.bytes_per_second:
            backfills.limit(conn, job.id, hosts_max=options.hosts_max, bytes_per_second=options.bytes_per_second)
        _see_to_it(opened, conn, job, where=options.where, as_json=options.as_json)


def _see_to_it(opened: Session, conn: Connection, job: Backfill, *, where: str, as_json: bool) -> None:
    """Let the workers of a running service do it, or do it here; then print how it ended."""
    backfills.move(conn, job.id, "running", now=now())
    behind_live = leader_watch(opened.pool, LEADER_LOCK)
    alive_since = now() - timedelta(seconds=STALLED_AFTER_S)
    workers = backfills.workers(conn, alive_since=alive_since) if behind_live() else 0
    has_service = workers > 0
    if has_service and where != "here" and _needs_this_machine(job) and not schedule.has_beside(conn, name=WORKER_NAME):
        words = "The workers of the service are on other machines and may not see these files"
        console.err.print(f"{words}: done here." if where == "auto" else f"{words}; what none of them sees waits.")
        where = "here" if where == "auto" else where
    if where == "service" or (where == "auto" and has_service):
        follows = f"`news-etl backfill show {job.id} --follow` shows how far it is."
        who = "is done by the workers of the service" if has_service else "waits for a service, for none runs now"
        console.err.print(f"Backfill {job.id} {who}. {follows}")
        _put_steps(opened.dsn, job, workers)
        if where == "service":
            if as_json:
                print_backfill(conn, job.id, as_json=True)
            return
        try:
            follow_until_over(opened.pool, job.id)
        except KeyboardInterrupt:
            console.err.print(f"The service goes on with it; `news-etl backfill pause {job.id}` stops it.")
            raise typer.Exit from None
    else:
        _do_here(opened, conn, job, behind_live)
    with opened.pool.connection() as after:  # The one before may have gone with a restart of the database.
        print_backfill(after, job.id, as_json=as_json)
        end_with_exit_code(after, job.id)


def _put_steps(dsn: str, job: Backfill, workers: int) -> None:
    """Let the workers begin at once: the scheduler would put the same steps in at its next tick, up to two seconds later."""
    if not workers:
        return
    queue = sync_app_of(dsn)
    with queue.open():
        put_steps(queue, [job.id], at_most=STEPS_PER_WORKER * workers)


def _needs_this_machine(job: Backfill) -> bool:
    """Tell whether the plan names files of a machine, not addresses."""
    places = [*(place for place, _ in job.plan.get("files", ())), job.plan.get("base", "https://")]
    return any(not str(place).startswith(("http://", "https://")) for place in places)


def _do_here(opened: Session, conn: Connection, job: Backfill, behind_live: Callable[[], bool]) -> None:
    stopping = threading.Event()
    files = backfill_items.files(conn, job.id)
    threads = min(job.hosts_max or HOSTS_AT_ONCE, HOSTS_AT_ONCE)
    if job.kind in ("warc", "ccnews"):
        at_most = FILES_AT_ONCE if job.kind == "ccnews" else files
        threads = max(1, min(opened.settings.worker_count, FILES_AT_ONCE, at_most))
    with (
        working_kit(opened.settings, stopping=stopping, behind_live=behind_live) as kit,
        watching() as watch,
    ):
        try:
            with _ctrl_c_stops(stopping):
                Foreground(opened.pool, kit, job.id, threads, watch, stopping).run()
        except KeyboardInterrupt:
            backfills.move(conn, job.id, "paused", now=now(), detail="stopped by Ctrl-C")
            raise
    if not behind_live():
        searching.fill_all(conn)


@contextmanager
def _ctrl_c_stops(stopping: threading.Event) -> Generator[None]:
    """Let the first Ctrl-C end what is in hand before it is raised: raised at once it may land in a finalizer, where it is lost."""
    asked = threading.Event()

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asked.set()
        stopping.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked.is_set():
        raise KeyboardInterrupt


def _print_plan(opened: Session, conn: Connection, order: Order, options: Options) -> None:
    behind_live = leader_watch(opened.pool, LEADER_LOCK)
    with working_kit(opened.settings, stopping=threading.Event(), behind_live=lambda: False) as kit:
        plan = Planner(conn, kit, order.kind, order.plan).read(order.items)
    has_service = behind_live()
    workers = backfills.workers(conn, alive_since=now() - timedelta(seconds=STALLED_AFTER_S)) if has_service else 0
    at_once = workers * STEPS_PER_WORKER or HOSTS_AT_ONCE
    takes_s = plan.takes_s(
        hosts_at_once=min(options.hosts_max or at_once, at_once),
        bytes_per_second=options.bytes_per_second,
        readers=workers or opened.settings.worker_count,
    )
    print_plan(
        plan,
        kind=order.kind,
        remarks=order.remarks,
        takes_s=takes_s,
        has_service=has_service,
        as_json=options.as_json,
    )
    if plan.lists_failed:  # As it would end.
        raise typer.Exit(PARTLY_FAILED if plan.items else 1)


def _say_would(number: int, was: str, state: str, *, as_json: bool) -> None:
    if as_json:
        console.answer({"backfill": number, "was": was, "state": state, "dry_run": True})
        return
    console.out.print(f"Backfill {number} would be {state} (it is {was}).")


def _of_workers(conn: Connection, number: int) -> Backfill:
    job = found(conn, number)
    if job.kind not in backfills.KINDS_OF_FLOW:
        raise Misconfigured(f"backfill {number} is a {job.kind}: the command that began it goes on with it")
    return job


def _host(place: str) -> str | None:
    return host_of_url(place) if place.startswith(("http://", "https://")) else None


def _span(since: str | None, until: str | None) -> dict[str, str]:
    """Return the range as the plan keeps it; a day of --to counts to its end."""
    span: dict[str, str] = {}
    if since is not None:
        span["from"] = _moment(since, "--from").isoformat()
    if until is not None:
        ends = _moment(until, "--to")
        span["to"] = (ends + timedelta(days=1) if len(until.strip()) == len("2026-02-07") else ends).isoformat()
    if len(span) == 2 and span["from"] >= span["to"]:
        raise typer.BadParameter(f"--from {since} is not before --to {until}")
    return span


def _moment(text: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{option}: {text!r} is no day (2026-02-07) and no moment (ISO 8601)") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
