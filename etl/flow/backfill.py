"""A share of a backfill: one file, or one host for a while. Any number of workers, and the command itself, take shares at once.

What is to be done is data (`etl.backfill_items`), and who does it holds an advisory lock: on the host that is asked, or on the
file. So a worker that dies gives its share back by dying, and what it did not commit is still to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection

from etl.errors import NewsEtlError, Transient, TryLater, Unreadable
from etl.fetch import politeness
from etl.store import backfill_items, backfill_waits, backfills, runs
from etl.store.backfill_items import DueItem, ItemEnd
from etl.store.backfills import Backfill

from .backfill_files import WarcFile
from .backfill_lists import Found, ListReader, ask_list
from .backfill_pages import FIRST_PAUSE_S, PAGES_PER_BATCH, TRIES_MAX, PageBatch
from .backfill_turn import ASIDE, Kit, Turn

SHARE_S = 20.0
"""A host is given back after so long, so that others come to their turn."""
FILE_SHARE_S = 120.0
"""Longer, because a file of another machine has to be asked for again."""
MARK_EVERY_S = 5.0
HOSTS_LOOKED_AT = 32
FILES_LOOKED_AT = 64
"""Where some of the first are on other machines, all are looked at."""


class Share:
    """One worker's shares in one backfill."""

    def __init__(self, conn: Connection, kit: Kit, backfill_id: int) -> None:
        self.conn, self.kit, self.backfill_id = conn, kit, backfill_id
        self._resting: dict[str, datetime] = {}
        """Hosts that this worker leaves alone, and until when."""
        self._marked_at: datetime | None = None
        self._unseen: list[str] = []
        """Files that the last look did not find on this machine."""
        self.new_wait: str | None = None
        """What the backfill waits for, when this share was the first to say so."""

    @property
    def sees_nothing(self) -> bool:
        """Tell whether there was nothing to do but files that this machine does not see."""
        return bool(self._unseen)

    def take(self) -> bool:
        """Do one share of what is due; False when there is nothing for this worker to do now."""
        backfill = backfills.get(self.conn, self.backfill_id)
        if backfill is None or backfill.state != "running":
            return False
        with self._slot(backfill) as has_slot:
            if has_slot and (self._file(backfill) or self._host(backfill)):
                self._unseen = []
                self._mark()
                return True
        self._say_unseen()
        self._finish(backfill)
        return False

    @contextmanager
    def _slot(self, backfill: Backfill) -> Generator[bool]:
        """Take one of the places that the limit of hosts leaves, in the whole cluster."""
        if backfill.hosts_max is None:
            yield True
            return
        for number in range(backfill.hosts_max):
            name = f"slot {number}"
            if backfills.take(self.conn, backfill.id, name):
                try:
                    yield True
                finally:
                    backfills.give_back(self.conn, backfill.id, name)
                return
        yield False

    def _file(self, backfill: Backfill) -> bool:
        """Work on the first file that nobody holds."""
        now = self.kit.tools.now()
        for listed in self._files(now):
            if self._is_resting(listed.item):
                continue
            if not backfills.take(self.conn, backfill.id, listed.item):
                continue
            try:
                item = backfill_items.find(self.conn, backfill.id, listed.item)
                if item is None or item.reached < listed.reached:
                    continue
                if item.kind != "file":
                    self._local_list(backfill, item)
                    return True
                WarcFile(self.conn, backfill, item, self.kit).run(self._while(now, share_s=FILE_SHARE_S))
                self._rest(item.item, self.kit.tools.now() + ASIDE, unless_moved_from=item.reached)
                return True
            finally:
                backfills.give_back(self.conn, backfill.id, listed.item)
        return False

    def _files(self, now: datetime) -> Iterator[DueItem]:
        """Yield the files that are due and, as far as they are in a folder, seen on this machine."""
        self._unseen = []
        first = backfill_items.due_files(self.conn, self.backfill_id, now=now, limit=FILES_LOOKED_AT)
        yield from self._seen(first)
        if self._unseen and len(first) == FILES_LOOKED_AT:
            known = {item.item for item in first}
            others = backfill_items.due_files(self.conn, self.backfill_id, now=now, limit=None, only_local=True)
            yield from self._seen(item for item in others if item.item not in known)

    def _seen(self, items: Iterable[DueItem]) -> Iterator[DueItem]:
        for item in items:
            if self._is_elsewhere(item):
                self._unseen.append(item.item)
            else:
                yield item

    def _say_unseen(self) -> None:
        """Say what the backfill waits for when nobody works on it and this machine does not see what is left."""
        if not self._unseen:
            return
        first, *others = self._unseen
        more = f" and {len(others)} more files" if others else ""
        words = (
            f"waits: no worker sees {first}{more}; put such files where the workers run, or go on where they are: "
            f"`news-etl backfill resume {self.backfill_id} --run here`"
        )
        self.new_wait = (
            words if backfill_waits.say(self.conn, self.backfill_id, words, now=self.kit.tools.now()) else None
        )

    def _host(self, backfill: Backfill) -> bool:
        """Work on the first host that nobody holds and that has no live work."""
        now = self.kit.tools.now()
        resting = [host for host in self._resting if self._is_resting(host)]
        hosts = backfill_items.due_hosts(
            self.conn,
            backfill.id,
            now=now,
            without=resting,
            behind_live=self.kit.behind_live(),
            limit=HOSTS_LOOKED_AT,
        )
        for host in hosts:
            with self.kit.held(self.conn, f"//{host}/") as is_held:
                if not is_held:
                    continue
                turn = Turn(self.conn, self.kit, backfill, host)
                self._ask(turn, self._while(now))
                if turn.until is not None:
                    self._rest(host, turn.until)
                return True
        return False

    def _ask(self, turn: Turn, goes_on: Callable[[], bool]) -> None:
        """Ask the host for what is due, lists first: they say how much there is to do."""
        base = str(turn.backfill.plan.get("base", ""))
        while turn.until is None and goes_on():
            now = self.kit.tools.now()
            lists = backfill_items.due_lists(self.conn, turn.backfill.id, turn.host, now=now)
            if lists:
                self._list(turn, lists[0])
                continue
            due = backfill_items.due(self.conn, turn.backfill.id, turn.host, now=now, limit=PAGES_PER_BATCH)
            if not due:
                return
            PageBatch(turn, due, archive_base=base).run()

    def _list(self, turn: Turn, item: DueItem) -> None:
        answer = ask_list(turn, item, shelf=self.kit.tools.shelf)
        if answer is not None:
            self._keep_list(turn.backfill, item, answer)
            if isinstance(answer, TryLater):
                turn.until = answer.at

    def _local_list(self, backfill: Backfill, item: DueItem) -> None:
        try:
            reader = ListReader(backfill.plan, self.kit.tools.shelf, self.kit.tools.now())
            self._keep_list(backfill, item, reader.read_local(item))
        except Unreadable as error:
            self._keep_list(backfill, item, error)

    def _keep_list(self, backfill: Backfill, item: DueItem, answer: Found | NewsEtlError) -> None:
        """Write what a list gave and that it is done, or why it is asked again."""
        now = self.kit.tools.now()
        with self.conn.transaction():
            if isinstance(answer, Found):
                answer.counts["parts"] = backfill_items.add(self.conn, backfill.id, answer.items)
                backfill_items.keep_counts(self.conn, backfill.id, item.item, answer.counts)
                end = ItemEnd(item.item, "done", "ok", "; ".join(answer.problems) or None)
            elif isinstance(answer, TryLater | Transient) and item.tries + 1 < TRIES_MAX:
                pause_s = politeness.back_off_s(
                    item.tries + 1, jitter=self.kit.tools.random.random(), first_s=FIRST_PAUSE_S
                )
                at = answer.at if isinstance(answer, TryLater) else now + timedelta(seconds=pause_s)
                end = ItemEnd(item.item, "planned", answer.code, str(answer), due_at=at, is_failure=True)
            else:
                end = ItemEnd(item.item, "failed", answer.code, str(answer), is_failure=True)
            backfill_items.keep_ends(self.conn, backfill.id, [end], now=now)

    def _while(self, began: datetime, *, share_s: float = SHARE_S) -> Callable[[], bool]:
        """Return whether this share goes on: its time is not over, nobody paused the backfill or stopped the process."""
        ends_at = began + timedelta(seconds=share_s)

        def goes_on() -> bool:
            self._mark()
            return (
                self.kit.goes_on()
                and self.kit.tools.now() < ends_at
                and backfills.is_running(self.conn, self.backfill_id)
            )

        return goes_on

    def _mark(self) -> None:
        """Note how far the backfill is, for its speed."""
        now = self.kit.tools.now()
        if self._marked_at is None or now - self._marked_at >= timedelta(seconds=MARK_EVERY_S):
            self._marked_at = now
            backfills.mark(self.conn, self.backfill_id, now=now)

    def _rest(self, name: str, until: datetime, *, unless_moved_from: int | None = None) -> None:
        if unless_moved_from is not None:
            item = backfill_items.find(self.conn, self.backfill_id, name)
            if item is None or item.reached > unless_moved_from:
                return
        self._resting[name] = until

    def _is_elsewhere(self, item: DueItem) -> bool:
        return self.kit.is_of_service and item.host is None and not Path(item.item).exists()

    def _is_resting(self, name: str) -> bool:
        return self._resting.get(name, self.kit.tools.now()) > self.kit.tools.now()

    def _finish(self, backfill: Backfill) -> None:
        """End the backfill when nothing of it is left, and enter it into the book of runs."""
        now = self.kit.tools.now()
        if not backfills.finish(self.conn, backfill.id, now=now):
            return
        runs.add(
            self.conn,
            "backfill",
            started_at=backfill.started_at or backfill.created_at,
            ended_at=now,
            outcome="ok",
            counts=backfills.totals(self.conn, backfill.id),
            backfill_id=backfill.id,
        )
