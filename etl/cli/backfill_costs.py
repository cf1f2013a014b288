"""How the plan of a backfill and its cost are printed (`--dry-run`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.flow.backfill_plan import FILE_BYTES_PER_S, PAGE_BYTES, Plan

from . import console
from .backfill_words import LEFT_OUT, amount, lasting
from .console import counted

HOSTS_SHOWN = 20
FILES_SHOWN = 20
PARTS = {"page": "pages to fetch", "capture": "captures to fetch", "file": "files to read"}
LISTS = {
    "sitemap": "sitemaps, read for this plan and then again",
    "captures": "answers of the index, read for this plan and then again",
    "files": "lists of files, read for this plan and then again",
}
ENTRIES = {
    "named": "entries named by them",
    **{name: f"left out: {words}" for name, words in LEFT_OUT.items()},
    "sitemaps": "sitemaps that an index names",
}
PROBLEMS_SHOWN = 20


def print_plan(
    plan: Plan, *, kind: str, remarks: Sequence[str], takes_s: float, has_service: bool, as_json: bool
) -> None:
    """Print what would be done and what it would cost."""
    files = [{"file": item.item, "bytes": item.size} for item in plan.items if item.kind == "file"]
    if as_json:
        console.answer(
            {
                "kind": kind,
                "parts": plan.parts,
                "lists": plan.counts,
                "files": files,
                "requests": plan.requests,
                "bytes": plan.bytes,
                "file_bytes": plan.file_bytes,
                "takes_s": round(takes_s, 1),
                "guesses": list(_guesses(plan)),
                "hosts": plan.hosts,
                "left_out": list(remarks),
                "problems": plan.problems,
            }
        )
        return
    rows = [(words, plan.parts[name]) for name, words in {**PARTS, **LISTS}.items() if plan.parts[name]]
    counts = plan.counts
    rows += [(words, counts[name]) for name, words in ENTRIES.items() if counts[name]]
    rows += [
        (f"entries: {name.replace('_', ' ')}", n) for name, n in sorted(counts.items()) if n and name not in ENTRIES
    ]
    rows += [("lines left out", len(remarks))] if remarks else []
    if rows:
        console.table("The plan; nothing is done yet", ("", "number"), rows)
    else:
        console.out.print("The plan: nothing to do.")
    if plan.hosts:
        console.table(
            f"What {counted(len(plan.hosts), 'host')} would be asked",
            ("host", "requests", "bytes, about", "answers in", "pause", "takes"),
            [
                (
                    one.host,
                    one.requests,
                    amount(one.bytes, in_bytes=True),
                    f"{one.latency_s:.2f} s",
                    f"{one.spacing_s:.2f} s",
                    lasting(one.takes_s),
                )
                for one in plan.hosts[:HOSTS_SHOWN]
            ],
        )
        if len(plan.hosts) > HOSTS_SHOWN:
            console.out.print(f"… and {len(plan.hosts) - HOSTS_SHOWN} hosts more")
    elif files:
        shown = [(file["file"], file["bytes"]) for file in files[:FILES_SHOWN]]
        console.table("Would read, without any request:", ("file", "bytes"), shown)
        if len(files) > FILES_SHOWN:
            console.out.print(f"… and {len(files) - FILES_SHOWN:,} files more")
    for words in _guesses(plan):
        console.out.print(words)
    for problem in plan.problems[:PROBLEMS_SHOWN]:
        console.out.print(f"Problem: {problem}")
    if len(plan.problems) > PROBLEMS_SHOWN:
        console.out.print(f"… and {len(plan.problems) - PROBLEMS_SHOWN:,} problems more: --json names all")
    guess = f" (sizes of {counted(plan.files_unsized, 'file')} are taken from the others)" if plan.files_unsized else ""
    console.out.print(
        f"In all {counted(plan.requests, 'request')}, about {amount(plan.bytes, in_bytes=True)} to fetch{guess}"
        + (f", {amount(plan.file_bytes, in_bytes=True)} of files to read" if files else "")
        + f", about {lasting(takes_s)} at the pace that {'the hosts allow' if plan.pages else 'we read'}."
    )
    if has_service:
        console.out.print("A service runs: its workers would do it, after live work.")


def _guesses(plan: Plan) -> Iterator[str]:
    """Say what the plan takes for granted, for nobody measured it."""
    if unasked := sum(1 for host in plan.hosts if not host.is_latency_known):
        taken = (
            f"as {counted(plan.latency_of, 'host that was', 'hosts that were')}"
            if plan.latency_of
            else "which is a guess"
        )
        yield f"{counted(unasked, 'host was', 'hosts were')} never asked: taken to answer in {plan.latency_s:.2f} s, {taken}."
    if unseen := sum(1 for host in plan.hosts if not host.are_bytes_known):
        yield (
            f"Nothing of {counted(unseen, 'host')} is stored: a page is taken to have {amount(PAGE_BYTES, in_bytes=True)}, "
            "which is a guess."
        )
    if plan.file_bytes:
        rate, known = plan.file_bytes_per_s or FILE_BYTES_PER_S, plan.file_bytes_per_s is not None
        yield f"Files are taken to be stored at {amount(rate, in_bytes=True)} a second" + (
            ", as those before." if known else " by each process, which is a guess."
        )
    if plan.requests:
        yield "Not in the plan: redirects, second tries after failures, and what live work on the same hosts takes."
