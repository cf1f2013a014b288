"""What `backfill redigest` does and prints: first what would change, then what did."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import typer
from psycopg import Connection

from etl import boot
from etl.flow.redigest import PAGES_PER_BATCH, Far, Redigest, parts, redigest_pages, run_redigest
from etl.flow.rewrite import Told
from etl.flow.settle import EXTRACTOR
from etl.run.readers import Readers
from etl.store import backfills, redigests
from etl.store.backfills import Backfill
from etl.store.redigests import Extent, Meant

from . import console
from .session import now, session, settings, whoami

LOOKED_AT = 200
"""Pages read for the look before the question; `--dry-run` reads all."""
EXAMPLES = 3
SHOWN_CHARS = 150
MEANING = {
    "rewritten": "say something else now, or have other versions, links or copies",
    "same": "say what is stored",
    "stored": "held no article and hold one now",
    "copy": "the same, and it repeats a stored one",
    "not_an_article": "hold no article still",
    "kept": "stay as they are: none of their captures can be read (loaded, or aged out)",
    "lost": "hold no article for this program: kept as they are",
}


@dataclass(slots=True)
class _Diff:
    """What changes, added up over pages."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    fields: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict[str, list[tuple[str, str, str]]])
    """Field → (URL, before, after)."""
    moves: Counter[str] = field(default_factory=Counter[str])

    def add(self, told: Sequence[Told]) -> None:
        for page in told:
            self.outcomes[page.outcome] += 1
            self.fields.update({change.name for change in page.fields})
            for change in page.fields:
                self._show(change.name, page.url, change.before, change.after)
            if page.story:
                self.fields["story"] += 1
                self._show("story", page.url, "", page.story)
            self.moves.update(
                versions_added=page.versions_added,
                versions_removed=page.versions_removed,
                links_added=page.links_added,
                links_removed=page.links_removed,
            )

    def _show(self, name: str, url: str, before: str, after: str) -> None:
        shown = self.examples.setdefault(name, [])
        if len(shown) < EXAMPLES:
            shown.append((url, *apart(before, after)))

    def record(self) -> dict[str, Any]:
        examples = {
            name: [{"url": url, "before": before, "after": after} for url, before, after in shown]
            for name, shown in self.examples.items()
        }
        return {"outcomes": self.outcomes, "fields": self.fields, "examples": examples, **self.moves}


def apart(before: str, after: str) -> tuple[str, str]:
    """Return both texts from where they part, cut to what fits a line or two."""
    same = next((n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    start = min(len(before), len(after)) if same is None else same
    start = 0 if start < SHOWN_CHARS // 2 else start - SHOWN_CHARS // 4
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    piece = text[start : start + SHOWN_CHARS].replace("\n", " ¶ ")
    return ("…" if start and text else "") + piece + ("…" if len(text) > start + SHOWN_CHARS else "")


@dataclass(frozen=True, slots=True)
class _Job:
    """The command while it works."""

    conn: Connection
    kit: Redigest
    meant: Meant
    plan: dict[str, Any]
    extent: Extent

    def look(self, steps: console.Steps, *, limit: int | None) -> _Diff:
        """Find out what would change, in all pages or in up to *limit* of them, spread evenly."""
        kit, diff, done = replace(self.kit, keeps=False), _Diff(), 0
        ids = redigests.sample(self.conn, self.meant, limit=limit or self.extent.pages)
        for start in range(0, len(ids), PAGES_PER_BATCH):
            some = ids[start : start + PAGES_PER_BATCH]
            diff.add(redigest_pages(self.conn, some, kit))
            done += len(some)
            steps.at("looking", done, len(ids))
        return diff

    def begin(self, *, keeps: bool) -> tuple[Backfill, bool]:
        """Return the backfill and whether it is new; without *keeps*, it is not written down."""
        with self.conn.transaction(force_rollback=not keeps):
            items = parts(self.extent.last_page_id)
            return backfills.begin(self.conn, "redigest", self.plan, items, by=whoami(), now=now())

    def work(self, job: Backfill, steps: console.Steps) -> _Diff:
        """Read and write all that is left to do."""
        diff, before = _Diff(), backfills.totals(self.conn, job.id)
        done = sum(before.values())

        def watch(far: Far) -> None:
            nonlocal done
            diff.add(far.told)
            done += len(far.told)
            steps.at("redigest", done, max(done, self.extent.pages), f"{diff.outcomes['rewritten']} rewritten")

        run_redigest(
            self.conn,
            job,
            self.meant,
            self.kit,
            watch=watch,
            goes_on=lambda: backfills.is_running(self.conn, job.id),
        )
        return diff


def redigest_captures(
    meant: Meant, plan: dict[str, Any], *, stories: bool, yes: bool, again: bool, dry_run: bool, as_json: bool
) -> None:
    """Show what would change, ask, and do it."""
    chosen = settings()
    shelf = boot.shelf(chosen)
    recipes = hashlib.sha256(repr(shelf.recipes).encode()).hexdigest()[:16]
    with (
        session(chosen) as opened,
        opened.pool.connection() as conn,
        Readers(chosen.worker_count, shelf=shelf, archive=chosen.archive_place) as readers,
    ):
        conn.autocommit = True
        kit = Redigest(readers.read, now, rejudges_all=stories)
        extent = redigests.extent(conn, meant)
        job = _Job(conn, kit, meant, {**plan, "extractor": EXTRACTOR, "recipes": recipes}, extent)
        if dry_run:
            with console.steps() as steps:
                diff = job.look(steps, limit=None)
            _print(diff, extent, would=True, as_json=as_json)
            return
        known, is_new = job.begin(keeps=False)
        is_over = known.state in ("done", "cancelled")
        if is_over and not again:
            console.err.print(
                f"Nothing new: backfill {known.id} is {known.state}, since {console.shown(known.ended_at)}. "
                "--again begins anew."
            )
            return
        if (is_new or is_over) and not yes:
            with console.steps() as steps:
                diff = job.look(steps, limit=LOOKED_AT)
            _print(diff, extent, would=True, as_json=False)
            typer.confirm("Write this?", abort=True, err=True)
        backfill, _ = job.begin(keeps=True)
        if is_over:
            backfills.start_again(conn, backfill.id)
        elif not is_new:
            console.err.print(f"Going on with backfill {backfill.id}.")
        with console.steps() as steps:
            diff = job.work(backfill, steps)
        _end(conn, backfill.id, diff, extent, as_json=as_json)


def _end(conn: Connection, backfill_id: int, diff: _Diff, extent: Extent, *, as_json: bool) -> None:
    """Print what was done, and where it stopped if somebody paused it."""
    now_is = backfills.get(conn, backfill_id)
    assert now_is is not None
    totals = backfills.totals(conn, backfill_id)
    if as_json:
        record = diff.record() | {"backfill": backfill_id, "state": now_is.state, "outcomes": totals}
        console.answer(record | {"pages": sum(totals.values())})
        return
    diff.outcomes = Counter(totals)
    _print(diff, extent, would=False, as_json=False)
    if now_is.state != "done":
        going_on = "--again begins anew" if now_is.state == "cancelled" else "the same command goes on"
        console.out.print(f"Backfill {backfill_id} is {now_is.state}: {going_on}.")


def _print(diff: _Diff, extent: Extent, *, would: bool, as_json: bool) -> None:
    looked_at = diff.outcomes.total()
    if as_json:
        console.answer({**diff.record(), "pages": extent.pages, "looked_at": looked_at, **_cost(extent)})
        return
    if would:
        some = "" if looked_at >= extent.pages else f"; {looked_at} of them, spread evenly, were looked at"
        console.out.print(
            f"{console.counted(extent.pages, 'page')} with {console.counted(extent.captures, 'capture')} would be read again: "
            f"{extent.archive_bytes / 1e6:.1f} MB "
            f"of the archive, no request{some}.",
            markup=False,
        )
    rows = [
        (name, diff.outcomes[name], MEANING.get(name, "")) for name in (*MEANING, *diff.outcomes) if diff.outcomes[name]
    ]
    console.table(None, ("outcome", "pages", "meaning"), list(dict.fromkeys(rows)))
    if diff.fields:
        console.table(
            "Fields that would read otherwise" if would else "Fields that read otherwise now",
            ("field", "pages"),
            diff.fields.most_common(),
        )
    moves = [f"{number} {name.replace('_', ' ')}" for name, number in diff.moves.items() if number]
    if moves:
        console.out.print(", ".join(moves), markup=False)
    for name, shown in diff.examples.items():
        console.out.print(f"\n{name}", markup=False, style="bold")
        for url, before, after in shown:
            console.out.print(f"  {url}\n    - {before}\n    + {after}", markup=False)


def _cost(extent: Extent) -> dict[str, int]:
    return {"captures": extent.captures, "archive_bytes": extent.archive_bytes, "requests": 0}
