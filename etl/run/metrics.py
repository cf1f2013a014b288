"""The metrics in the text format of Prometheus (version 0.0.4): read from the database, so each process may be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from etl.run.watch import Facts
from etl.store.digest_times import Step

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]


def family(name: str, about: str, samples: Iterable[Sample], *, kind: Literal["gauge"] = "gauge") -> str:
    """Return one metric with its samples, one line each."""
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}")
    return "\n".join(lines) + "\n"


def histogram(name: str, about: str, steps: Sequence[Step]) -> str:
    """Return *steps* as a histogram: cumulative counts by upper end, their sum and their number."""
    lines = [f"# HELP {name} {about}", f"# TYPE {name} histogram"]
    count = 0
    for step in steps:
        count += step.pages
        lines.append(f'{name}_bucket{{le="{step.at_most_s:g}"}} {count}'.replace('"inf"', '"+Inf"'))
    lines += [f"{name}_sum {sum(step.seconds for step in steps):.15g}", f"{name}_count {count}"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def exposed(facts: Facts | None, *, is_ready: bool) -> str:
    """Return all metrics; without *facts* (no database, or an older schema) only that we are not ready."""
    ready = family(
        "news_etl_ready", "1 when the database answers and has the schema of this program.", [({}, is_ready)]
    )
    return ready if facts is None else ready + "".join(_families(facts))


def _families(facts: Facts) -> Sequence[str]:
    active = [source for source in facts.sources if source.is_active]
    oldest_s = 0.0 if facts.oldest_waiting is None else max(0.0, (facts.at - facts.oldest_waiting).total_seconds())
    ticked_at = facts.leader.ticked_at if facts.leader else None
    families = [
        family(
            "news_etl_pages",
            "Pages by the outcome of their last visit; up to a minute old.",
            [({"outcome": outcome}, count) for outcome, count in facts.pages.by_outcome.items()],
        ),
        family("news_etl_pages_due", "Pages whose visit is due.", [({}, facts.waiting.pages_due)]),
        family(
            "news_etl_source_lag_seconds",
            "How long the poll of an active source is overdue.",
            [
                ({"source": source.slug}, max(0.0, (facts.at - source.next_poll_at).total_seconds()))
                for source in active
            ],
        ),
        family(
            "news_etl_source_failures",
            "Polls of an active source that failed in a row.",
            [({"source": source.slug}, source.failures) for source in active],
        ),
        family(
            "news_etl_queue_jobs",
            "Jobs in the queue: todo waits, doing runs.",
            [({"job": queued.job, "status": queued.status}, queued.count) for queued in facts.jobs],
        ),
        family("news_etl_captures_waiting", "Captures that wait for their digest.", [({}, facts.waiting.captures)]),
        family("news_etl_captures_oldest_seconds", "How long the oldest of them has waited.", [({}, oldest_s)]),
        family("news_etl_scheduler_leads", "1 when a scheduler leads.", [({}, facts.leader is not None)]),
        family("news_etl_workers", "Workers that showed a sign of life just now.", [({}, facts.workers)]),
    ]
    families.append(
        histogram("news_etl_digest_seconds", "Time to read, compare and store a page, by workers.", facts.digest_times)
    )
    if ticked_at is not None:
        about = "When the scheduler last asked what is due."
        families.append(family("news_etl_last_tick_timestamp_seconds", about, [({}, ticked_at.timestamp())]))
    return families
