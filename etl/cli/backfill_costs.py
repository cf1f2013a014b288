"""How the plan of a backfill and its cost are printed (`--dry-run`)."""

from __future__ import annotations

from collections.abc import Sequence

from etl.flow.backfill_plan import Plan

from . import console
from .backfill_words import amount, lasting

HOSTS_SHOWN = 20
PARTS = {"page": "pages to fetch", "capture": "captures to fetch", "file": "files to read"}
LISTS = {"sitemap": "sitemaps read for this plan", "captures": "index answers read", "files": "lists of files read"}


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
                "takes_s": round(takes_s, 1),
                "hosts": plan.hosts,
                "left_out": list(remarks),
                "problems": plan.problems,
            }
        )
        return
    rows = [(words, plan.parts[name]) for name, words in {**PARTS, **LISTS}.items() if plan.parts[name]]
    rows += [(f"entries: {name.replace('_', ' ')}", number) for name, number in sorted(plan.counts.items()) if number]
    rows += [("lines left out", len(remarks))] if remarks else []
    console.table("The plan; nothing is done yet", ("", "number"), rows)
    if plan.hosts:
        console.table(
            f"What {len(plan.hosts)} hosts would be asked",
            ("host", "requests", "bytes, about", "pause", "takes"),
            [
                (one.host, one.requests, amount(one.bytes, in_bytes=True), f"{one.spacing_s:g} s", lasting(one.takes_s))
                for one in plan.hosts[:HOSTS_SHOWN]
            ],
        )
        if len(plan.hosts) > HOSTS_SHOWN:
            console.out.print(f"… and {len(plan.hosts) - HOSTS_SHOWN} hosts more")
    elif files:
        console.table("Would read, without any request:", ("file", "bytes"), [(f["file"], f["bytes"]) for f in files])
    for problem in plan.problems:
        console.out.print(f"Problem: {problem}")
    guess = f" (sizes of {plan.files_unsized} files are taken from the others)" if plan.files_unsized else ""
    console.out.print(
        f"In all {plan.requests:,} requests, about {amount(plan.bytes, in_bytes=True)} to fetch{guess}"
        + (f", {lasting(takes_s)} at the pace that the hosts allow." if plan.hosts else ".")
    )
    if has_service:
        console.out.print("A service runs: its workers would do it, after live work.")
