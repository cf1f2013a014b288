"""The status page: what is wrong and since when comes first. One HTML document without scripts, readable on a phone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from etl.run.backfill_plans import asked_for
from etl.run.watch import FAILING_SHOWN, Facts
from etl.store.health import BackfillProgress, PolledSource

REFRESH_S = 60
TICK_LATE_S = 30.0
"""A leader asks every two seconds; one that has not for this long hangs."""
WAITING_LONG_S = 600.0
"""A capture is digested seconds after it is fetched; one that waits this long has nobody to read it."""
STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --good: #1b7a3d; --quiet: #777; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7bd89a; --quiet: #999; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
p { margin: .3rem 0; } .quiet { color: var(--quiet); } .bad { color: var(--bad); } .good { color: var(--good); }
ul.wrong { list-style: none; margin: .6rem 0; padding: 0; }
ul.wrong li { border-left: .25rem solid var(--bad); margin: .4rem 0; overflow-wrap: anywhere; padding: .2rem .7rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 600; } td.number { font-variant-numeric: tabular-nums; text-align: right; }
td { overflow-wrap: anywhere; } time, .word { white-space: nowrap; }
@media (max-width: 40rem) {
  thead { display: none; } tr { border-bottom: 1px solid var(--line); display: block; padding: .4rem 0; }
  td, td.number { border: 0; display: block; padding: 0; text-align: left; }
  td:empty { display: none; } td::before { color: var(--quiet); content: attr(data-name) " "; }
}
"""
STYLE_SHA256 = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_SHA256}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Cell = str
"""HTML that is ready: made by `text`, `number`, `moment` or `span`."""


def text(value: object) -> Cell:
    """Return any value as HTML; nothing that came from the web goes around this."""
    return "" if value is None else escape(str(value))


def moment(at: datetime | None, now: datetime) -> Cell:
    """Return a time as people say it, with the exact one beside it for those who point at it."""
    if at is None:
        return ""
    exact = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return f'<time datetime="{at.isoformat()}" title="{exact}">{ago(at, now)}</time>'


def since(at: datetime | None, now: datetime) -> Cell:
    """Return since when something is so, as a person would ask for it: the minute, and how long ago that is."""
    if at is None:
        return ""
    return (
        f'since <time datetime="{at.isoformat()}">{at:%Y-%m-%d %H:%M}</time> UTC ({span((now - at).total_seconds())})'
    )


def ago(at: datetime, now: datetime) -> str:
    """Return how far a moment is from now: `4 min ago`, `in 2 h`."""
    seconds = (now - at).total_seconds()
    words = span(abs(seconds))
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def span(seconds: float) -> str:
    """Return a duration in its largest unit: `48 s`, `5 min`, `3 h`, `12 d`."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table whose cells carry their column's name, for a phone shows them one below the other."""
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    body = ""
    for row in rows:
        cells = "".join(f'<td data-name="{text(name)}">{cell}</td>' for name, cell in zip(columns, row, strict=True))
        body += f"<tr>{cells}</tr>\n"
    if not body:
        return '<p class="quiet">None.</p>'
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'


def document(title: str, body: str) -> str:
    """Return the whole document."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH_S}">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def not_ready(words: str) -> str:
    """Return the page for a database that cannot be looked at."""
    return document(
        "news-etl: not ready", f'<h1>news-etl</h1>\n<ul class="wrong"><li><b>Not ready</b>: {text(words)}</li></ul>'
    )


def page(facts: Facts, *, words: str) -> str:
    """Return the status page."""
    wrong = troubles(facts)
    if wrong:
        first = '<ul class="wrong">\n' + "\n".join(f"<li>{line}</li>" for line in wrong) + "\n</ul>"
    else:
        first = '<p class="good">Nothing is wrong.</p>'
    note = "" if words == "ready" else f'<p class="bad">{text(words)}</p>'
    parts = [
        "<h1>news-etl</h1>",
        f'<p class="quiet">As of {facts.at:%Y-%m-%d %H:%M:%S} UTC; new every {REFRESH_S} s.</p>',
        note,
        first,
        "<h2>Work</h2>",
        _work(facts),
        "<h2>Sources</h2>",
        _sources(facts),
        "<h2>Backfills</h2>",
        _backfills(facts),
        "<h2>Last runs</h2>",
        _runs(facts),
    ]
    title = f"news-etl: {len(wrong)} to look at" if wrong else "news-etl: well"
    return document(title, "\n".join(part for part in parts if part))


def troubles(facts: Facts) -> list[Cell]:
    """Return what is wrong, the service itself first, each with since when and why."""
    now = facts.at
    found: list[Cell] = []
    if facts.leader is None:
        found.append("<b>No scheduler leads</b>: nothing is polled. Start <code>news-etl scheduler</code>.")
    elif facts.leader.ticked_at and (now - facts.leader.ticked_at).total_seconds() > TICK_LATE_S:
        found.append(f"<b>The scheduler hangs</b>: its last tick was {moment(facts.leader.ticked_at, now)}.")
    if facts.leader is not None and facts.late.sources:
        polls = "1 poll is" if facts.late.sources == 1 else f"{facts.late.sources:,} polls are"
        due = f"{polls} due, the first {since(facts.late.since, now)}"
        found.append(
            f"<b>Polls are late</b>: {due}. Start more workers, or give sources longer intervals."
            if facts.workers
            else f"<b>No worker lives</b>: {due}. Start <code>news-etl worker</code>."
        )
    oldest = facts.oldest_waiting
    if oldest is not None and (now - oldest).total_seconds() > WAITING_LONG_S:
        found.append(
            f"<b>Captures wait for their digest</b> ({facts.waiting.captures}), the oldest {since(oldest, now)}: "
            "too few workers, or none (<code>news-etl worker</code>)."
        )
    found += _failing(facts)
    for backfill in facts.backfills:
        if backfill.state == "running" and backfill.detail:
            found.append(f"<b>Backfill {backfill.id}</b> {text(backfill.detail)}")
        elif backfill.state == "failed":
            found.append(
                f"<b>Backfill {backfill.id} failed</b> {since(backfill.ended_at, now)}: {text(backfill.detail)}. "
                f"<code>news-etl backfill resume {backfill.id}</code> goes on, <code>cancel</code> gives it up."
            )
    found += [
        f"<b>{text(held.outcome)}</b> {moment(held.outcome_at, now)}, kept for replay: {text(held.url)}"
        f"{': ' + text(held.outcome_detail) if held.outcome_detail else ''}"
        for held in facts.pages.quarantined
    ]
    return found


def _failing(facts: Facts) -> list[Cell]:
    """Return the sources that fail: each of a few; of many, how many fail in which way, for nobody reads 300 lines."""
    now = facts.at
    if sum(kind.sources for kind in facts.failing) > FAILING_SHOWN:
        return [
            f"<b>{text(kind.outcome)}</b>: {kind.sources} source{'s fail' if kind.sources > 1 else ' fails'}, "
            f"the first {since(kind.failing_since, now)}: {text(', '.join(kind.slugs))}"
            f"{', …' if kind.sources > len(kind.slugs) else ''}"
            for kind in facts.failing
        ]
    return [
        f"<b>{text(source.slug)}</b>: {text(source.outcome)} {since(source.failing_since, now)}"
        f"{': ' + text(source.outcome_detail) if source.outcome_detail else ''}"
        for source in facts.sources
        if source.is_active and source.failing_since is not None
    ]


def _work(facts: Facts) -> str:
    now = facts.at
    leader = "no scheduler leads"
    if facts.leader is not None:
        tick = f", last tick {moment(facts.leader.ticked_at, now)}" if facts.leader.ticked_at else ""
        leader = f"leads {since(facts.leader.since, now)}{tick}"
    oldest = f", the oldest {since(facts.oldest_waiting, now)}" if facts.oldest_waiting else ""
    jobs = [(f"queue: {job.job} ({job.status})", str(job.count)) for job in facts.jobs]
    outcomes = ", ".join(f"{text(outcome)} {count}" for outcome, count in facts.pages.by_outcome.items())
    rows = [
        ("scheduler", leader),
        ("workers", str(facts.workers)),
        ("pages due", str(facts.waiting.pages_due)),
        ("captures waiting", f"{facts.waiting.captures}{oldest}"),
        *((text(name), count) for name, count in jobs or [("queue", "empty")]),
        ("pages by outcome", outcomes or "none"),
    ]
    return table(("", ""), rows)


def _sources(facts: Facts) -> str:
    now = facts.at
    rows = [
        (
            text(source.slug),
            text(source.kind),
            _outcome(source),
            moment(source.polled_at, now),
            _next_poll(source, now),
        )
        for source in facts.sources
    ]
    left = facts.source_count - len(rows)
    more = f'\n<p class="quiet">And {left} more: <code>news-etl source list</code>.</p>' if left > 0 else ""
    return table(("source", "kind", "outcome", "last poll", "next poll"), rows) + more


def _outcome(source: PolledSource) -> Cell:
    if not source.is_active:
        return f'<span class="quiet">paused: {text(source.paused_because)}</span>'
    if source.failing_since is not None:
        return f'<span class="bad">{text(source.outcome)}</span>'
    return text(source.outcome) or '<span class="quiet">not polled yet</span>'


def _next_poll(source: PolledSource, now: datetime) -> Cell:
    if not source.is_active:
        return ""
    return moment(source.next_poll_at, now) if source.next_poll_at > now else f"due {moment(source.next_poll_at, now)}"


def _backfills(facts: Facts) -> str:
    rows = [
        (
            str(backfill.id),
            f'<span class="word">{text(backfill.kind)}</span>',
            text(asked_for(backfill.plan)),
            f'<span class="word">{text(backfill.state)}</span>',
            _progress(backfill),
            text(", ".join(f"{name} {count}" for name, count in backfill.outcomes.items())),
            moment(backfill.created_at, facts.at),
            moment(backfill.ended_at or backfill.ends_at, facts.at),
            text(backfill.detail),
        )
        for backfill in facts.backfills
    ]
    return table(
        ("number", "kind", "of", "state", "progress", "outcomes", "begun", "ended, or ends about", "detail"), rows
    )


def _progress(backfill: BackfillProgress) -> Cell:
    part = f"{backfill.done} of {backfill.items} parts"
    # Of files, bytes say more than parts.
    done, of = (
        (backfill.done, backfill.items) if backfill.units <= backfill.items else (backfill.units_done, backfill.units)
    )
    share = f" ({100 * done // of} %)" if of else ""
    failed = f', <span class="bad">{backfill.failed} failed</span>' if backfill.failed else ""
    return part + share + failed


def _runs(facts: Facts) -> str:
    rows = [
        (
            text(run.kind),
            text(run.name),
            moment(run.started_at, facts.at),
            span(run.took_s) if run.took_s >= 1 else "< 1 s",
            text(run.outcome),
            text(", ".join(f"{name} {count}" for name, count in run.counts.items() if count)),
        )
        for run in facts.runs
    ]
    return table(("run", "of", "begun", "took", "outcome", "counts"), rows)
