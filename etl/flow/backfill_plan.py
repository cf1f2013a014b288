"""What a backfill would do and what it would cost, without doing it: lists are read, pages and files are not.

The lists belong to the cost: they are asked for again when it is done.

The time is what the hosts allow, or what we ourselves take where that is longer. Of a host: its requests one after the other,
each as long as it usually answers, with the pause it is owed and our reading of the page, and no more in a day than the share of
the budget that backfills have. What was never measured is taken from other hosts, or guessed, and the plan says so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from psycopg import Connection

from etl.errors import NewsEtlError, TryLater
from etl.fetch import politeness
from etl.fetch.robots import RobotsAnswer, parse
from etl.store import backfill_costs, hosts
from etl.store.backfill_items import DueItem, NewItem
from etl.store.backfills import Backfill
from etl.store.hosts import Host

from .backfill_lists import Found, ListReader, ask_list
from .backfill_turn import BUDGET_SHARE, Kit, Turn
from .manners import manners_of, pace_of

SIZED_AT_MOST = 10
"""Files of other machines whose size is asked for; the others are taken to be as large as those on average."""
PAGE_BYTES = 58_000
"""On the wire, as gzip: what news pages of 284 KB take (see etl.fetch.http), where nothing of the host is stored yet."""
LATENCY_S = 0.5
"""Of a host that was never asked, where none was. A guess."""
READING_S = 0.02
"""To read, compare and store a page: the CPU of the whole way (bench/pipeline.py). A host is not asked while its pages are read."""
FILE_BYTES_PER_S = 2_500_000
"""Of WARC files, in each process that reads pages: 65 pages a second (bench/warc.py) of 40 kB, as most producers pack them."""


@dataclass(slots=True)
class HostCost:
    """What one host would be asked."""

    host: str
    requests: int
    bytes: int
    """Expected."""
    spacing_s: float
    latency_s: float
    """In which it answers."""
    takes_s: float
    is_latency_known: bool
    """False: never asked, so taken from other hosts, or guessed."""
    are_bytes_known: bool
    """False: nothing of it is stored, so guessed."""


@dataclass(slots=True)
class Plan:
    """What would be done."""

    parts: Counter[str] = field(default_factory=Counter[str])
    """Kind of part to number."""
    counts: Counter[str] = field(default_factory=Counter[str])
    """What the lists said: named, and of these left out by reason."""
    hosts: list[HostCost] = field(default_factory=list[HostCost])
    file_bytes: int = 0
    files_unsized: int = 0
    """Files whose size is an estimate."""
    file_bytes_per_s: float | None = None
    """As fast as the last files were stored; None: no such backfill yet."""
    problems: list[str] = field(default_factory=list[str])
    lists_failed: int = 0
    items: list[NewItem] = field(default_factory=list[NewItem])
    latency_s: float = LATENCY_S
    """Taken for hosts that were never asked."""
    latency_of: int = 0
    """So many hosts have that latency in the median; 0: a guess."""

    @property
    def pages(self) -> int:
        """To be fetched, read and stored one by one."""
        return self.parts["page"] + self.parts["capture"]

    @property
    def requests(self) -> int:
        return sum(host.requests for host in self.hosts)

    @property
    def bytes(self) -> int:
        """To be fetched."""
        return sum(host.bytes for host in self.hosts)

    def takes_s(self, *, hosts_at_once: int, bytes_per_second: int | None, readers: int) -> float:
        """Return the seconds it takes: the slowest host, all hosts by turns, all bytes, or our own work, whichever is longest."""
        longest = max((host.takes_s for host in self.hosts), default=0.0)
        by_turns = sum(host.takes_s for host in self.hosts) / max(1, hosts_at_once)
        by_bytes = self.bytes / bytes_per_second if bytes_per_second else 0.0
        by_work = self.pages * READING_S / max(1, readers)
        at_once = max(1, min(readers, self.parts["file"]))
        by_files = self.file_bytes / (self.file_bytes_per_s or FILE_BYTES_PER_S * at_once)
        return max(longest, by_turns, by_bytes, by_work, by_files)


class Planner:
    """Reads the lists of a backfill that is not begun."""

    def __init__(self, conn: Connection, kit: Kit, kind: str, plan: Mapping[str, Any]) -> None:
        self.conn, self.kit = conn, kit
        now = kit.tools.now()
        self.backfill = Backfill(0, kind, plan, "planned", now, "", None, None, None)
        self.plan = Plan()
        self._requests: Counter[str] = Counter()
        """Host to lists asked for."""
        self._wire: Counter[str] = Counter()

    def read(self, items: Sequence[NewItem]) -> Plan:
        """Return what these parts, and those that their lists name, would cost."""
        waiting = deque(items)
        seen: set[str] = set()
        while waiting:
            item = waiting.popleft()
            if item.item in seen:  # A backfill has each part once, however many lists name it.
                if item.kind in ("page", "capture"):
                    self.plan.counts["duplicates"] += 1
                continue
            seen.add(item.item)
            if item.kind in ("page", "capture", "file"):
                self.plan.items.append(item)
                self.plan.parts[item.kind] += 1
                continue
            answer = self._ask(item)
            if isinstance(answer, Found):
                self.plan.parts[item.kind] += 1
                self.plan.counts += answer.counts
                self.plan.problems += answer.problems
                waiting.extendleft(reversed(answer.items))
            else:
                self.plan.lists_failed += 1
                self.plan.problems.append(f"{item.item}: {answer}")
        self._cost()
        return self.plan

    def _ask(self, item: NewItem) -> Found | NewsEtlError:
        due = DueItem(item.item, 0, item.kind, item.host, 0, item.depth, 0, item.size, {})
        tools = self.kit.tools
        try:
            if item.host is None:
                return ListReader(self.backfill.plan, tools.shelf, tools.now()).read_local(due)
            with self.kit.held(self.conn, f"//{item.host}/", waits=True):
                turn = Turn(self.conn, self.kit, self.backfill, item.host)
                answer = ask_list(turn, due, shelf=tools.shelf)
            self._requests[item.host] += 1
            self._wire[item.host] += turn.paid_bytes
        except NewsEtlError as error:
            return error
        return answer if answer is not None else TryLater(f"{item.host} is not to be asked now", at=tools.now())

    def _cost(self) -> None:
        pages: Counter[str] = Counter()
        requests, wire = self._requests, self._wire
        means = backfill_costs.mean_bytes(self.conn, sorted({item.host for item in self.plan.items if item.host}))
        for item in self.plan.items:
            if item.kind == "file":
                continue
            assert item.host is not None
            pages[item.host] += 1
            wire[item.host] += item.size if item.size is not None else means.get(item.host, PAGE_BYTES)
        requests.update(pages)
        for host, size, number in self._files():
            requests[host] += number
            wire[host] += size
        self.plan.file_bytes_per_s = backfill_costs.file_bytes_per_s(self.conn) if self.plan.parts["file"] else None
        known_s, self.plan.latency_of = hosts.usual_latency_s(self.conn)
        if known_s is not None:
            self.plan.latency_s = known_s
        self.plan.hosts = [
            self._host(host, number, wire[host], pages=pages[host], are_bytes_known=host in means or not pages[host])
            for host, number in requests.most_common()
        ]

    def _files(self) -> list[tuple[str, int, int]]:
        """Add up the files; return (host, bytes, number) of those that are fetched."""
        files = [item for item in self.plan.items if item.kind == "file"]
        remote = [item for item in files if item.host is not None]
        sizes = {item.item: size for item in _spread(remote) if (size := self._size(item)) is not None}
        mean = sum(sizes.values()) // len(sizes) if sizes else 0
        self.plan.files_unsized = len(remote) - len(sizes)
        by_host: dict[str, tuple[int, int]] = {}
        for item in remote:
            size, number = by_host.get(item.host or "", (0, 0))
            by_host[item.host or ""] = size + sizes.get(item.item, mean), number + 1
        self.plan.file_bytes = sum(item.size or 0 for item in files) + sum(size for size, _ in by_host.values())
        return [(host, size, number) for host, (size, number) in by_host.items()]

    def _size(self, item: NewItem) -> int | None:
        assert item.host is not None
        now = self.kit.tools.now
        try:
            with self.kit.held(self.conn, item.item, waits=True):
                turn = Turn(self.conn, self.kit, self.backfill, item.host)
                answer = turn.ask(item.item, lambda _: self.kit.remote.size(item.item, now=now), is_bulk=True)
        except NewsEtlError as error:
            answer = error
        if isinstance(answer, NewsEtlError):
            self.plan.problems.append(str(answer))
            return None
        return answer

    def _host(self, host: str, number: int, wire_bytes: int, *, pages: int, are_bytes_known: bool) -> HostCost:
        tools, state = self.kit.tools, hosts.find(self.conn, host) or Host(host)
        recipe = tools.shelf.recipe_for(f"https://{host}/")
        manners = manners_of(tools.manners, recipe.fetch if recipe else None)
        delay_s = None
        requests = number
        kept = None
        if state.robots_text is not None and state.robots_fetched_at is not None:
            kept = RobotsAnswer(state.robots_text, state.robots_status or 0, state.robots_fetched_at)
            delay_s = parse(kept.text, tools.fetcher.agent).crawl_delay_s
        if kept is None or not kept.is_fresh(now=tools.now()):
            requests += 1
        latency_s = state.latency_s or self.plan.latency_s
        pace = replace(pace_of(state), latency_s=latency_s)
        spacing_s = politeness.spacing_s(pace, manners=manners, crawl_delay_s=delay_s)
        takes_s = requests * (spacing_s + latency_s) + pages * READING_S
        if manners.requests_per_day is not None:
            days = requests // max(1, int(manners.requests_per_day * BUDGET_SHARE))
            takes_s = max(takes_s, timedelta(days=days).total_seconds())
        return HostCost(host, requests, wire_bytes, spacing_s, latency_s, takes_s, state.latency_s > 0, are_bytes_known)


def _spread(items: Sequence[NewItem]) -> list[NewItem]:
    """Return up to SIZED_AT_MOST of the items, from beginning to end."""
    if len(items) <= SIZED_AT_MOST:
        return list(items)
    return [items[number * len(items) // SIZED_AT_MOST] for number in range(SIZED_AT_MOST)]
