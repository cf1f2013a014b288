"""`run --once`: poll what is due, fetch what that found, digest it, and end. The same steps as the service, without its queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from etl.flow.digest import digest_pending
from etl.flow.poll import Poll, Polled
from etl.flow.visit import HostVisit, Tools, Visited
from etl.run.held import host_held
from etl.run.readers import Readers, read_archived
from etl.store import hosts, pages, searching, sources
from etl.store.pool import Pool

HOSTS_AT_ONCE = 8
SOURCES_AT_ONCE = 1_000
DIGESTS_AT_ONCE = 50
WAITS_AT_MOST = timedelta(seconds=90)
"""For a host that asked for patience; what it holds is due again in the next run."""
PAUSE_S = 0.05


@dataclass(slots=True)
class Progress:
    """How far the run is: what `watch` is told after each step."""

    sources: int = 0
    polled: int = 0
    found: int = 0
    fetched: int = 0
    digested: int = 0
    waiting: int = 0
    """Pages still due, as far as known."""


@dataclass(slots=True)
class Once:
    """What the run did; the numbers per source come from the database (`store.reports`)."""

    started_at: datetime
    polls: list[Polled] = field(default_factory=list[Polled])
    visits: list[Visited] = field(default_factory=list[Visited])
    digested: int = 0
    left: int = 0
    """Pages that are due but whose hosts asked for patience."""


class RunOnce:
    """One pass over all that is due."""

    def __init__(
        self, pool: Pool, tools: Tools, readers: Readers, *, watch: Callable[[Progress], None] = lambda _: None
    ) -> None:
        self.pool = pool
        self.tools = tools
        self.readers = readers
        self.watch = watch
        self.progress = Progress()
        self.once = Once(tools.now())
        self._busy = threading.Lock()

    def run(self, only: Sequence[str] | None = None) -> Once:
        """Poll the due sources (or those named in *only*, due or not), visit what is due, digest what was fetched."""
        with ThreadPoolExecutor(HOSTS_AT_ONCE, thread_name_prefix="visit") as threads:
            self._poll(threads, only)
            self._visit_and_digest(threads)
        with self.pool.connection() as conn:
            searching.fill_all(conn)
        return self.once

    def _poll(self, threads: ThreadPoolExecutor, only: Sequence[str] | None) -> None:
        with self.pool.connection() as conn:
            if only is None:
                due = sources.due(conn, now=self.tools.now(), limit=SOURCES_AT_ONCE)
            else:
                due = [source for slug in only if (source := sources.named(conn, slug)) is not None]
        self.progress.sources = len(due)
        by_host: dict[str, list[sources.Source]] = {}
        for source in due:
            by_host.setdefault(source.url.split("/")[2], []).append(source)
        for _ in threads.map(self._poll_host, by_host.values()):
            pass

    def _poll_host(self, listed: list[sources.Source]) -> None:
        """Poll the sources of one host one after the other: one visit per host at a time."""
        with self.pool.connection() as conn, host_held(conn, listed[0].url, waits=True):
            for source in listed:
                polled = Poll(conn, self.tools, source).run()
                with self._busy:
                    self.once.polls.append(polled)
                    self.progress.polled += 1
                    self.progress.found += polled.found
                    self.watch(self.progress)

    def _visit_and_digest(self, threads: ThreadPoolExecutor) -> None:
        ends_at = self.tools.now() + WAITS_AT_MOST
        visiting: dict[str, Future[Visited]] = {}
        while True:
            with self.pool.connection() as conn:
                due = pages.due_hosts(conn, now=self.tools.now(), limit=HOSTS_AT_ONCE * 4)
                self.progress.waiting = sum(count for _, count in due)
            for host, _ in due:
                if host not in visiting and len(visiting) < HOSTS_AT_ONCE:
                    visiting[host] = threads.submit(self._visit, host)
            digested = self._digest()
            for host, visit in [(host, visit) for host, visit in visiting.items() if visit.done()]:
                self.once.visits.append(visit.result())
                del visiting[host]
                ends_at = self.tools.now() + WAITS_AT_MOST
            if visiting:
                wait(visiting.values(), timeout=PAUSE_S, return_when=FIRST_COMPLETED)
            elif not digested and not due:
                soon = self._soonest(ends_at)
                if soon is None:
                    return
                self.tools.sleep(max(PAUSE_S, (soon - self.tools.now()).total_seconds()))

    def _visit(self, host: str) -> Visited:
        with self.pool.connection() as conn, host_held(conn, f"//{host}/", waits=True):
            visited = HostVisit(conn, self.tools, host).run()
        with self._busy:
            self.progress.fetched += visited.counts["fetched"]
            self.watch(self.progress)
        return visited

    def _digest(self) -> int:
        read = partial(read_archived, self.readers)
        with self.pool.connection() as conn:
            settled = digest_pending(conn, read, now=self.tools.now, shelf=self.tools.shelf, limit=DIGESTS_AT_ONCE)
        self.once.digested += len(settled)
        if settled:
            with self._busy:
                self.progress.digested += len(settled)
                self.watch(self.progress)
        return len(settled)

    def _soonest(self, ends_at: datetime) -> datetime | None:
        """Return when the next host that has due pages may be asked, if that is worth waiting for."""
        with self.pool.connection() as conn:
            soonest, left = hosts.soonest_with_due(conn, now=self.tools.now())
        self.once.left = left
        return soonest if soonest is not None and soonest <= ends_at else None
