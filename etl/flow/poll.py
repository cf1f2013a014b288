"""Poll one source: what is new there? Fetch, discover, canonicalise, store; one transaction at the end.

A poll in which nothing changed costs one request and one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from croniter import croniter
from psycopg import Connection

from etl import discover
from etl.dedupe.canonical import BadUrlError
from etl.discover import Discovery
from etl.errors import NewsEtlError, TryLater
from etl.fetch import politeness
from etl.fetch.http import Fetched, NotModified
from etl.model import Candidate, Source
from etl.recipe.rules import Recipe, SourceRule
from etl.store import captures, hosts, pages, runs, sightings, sources
from etl.store.captures import Attempt
from etl.store.pages import PageUrl
from etl.store.sightings import Sighting

from .manners import host_of_url, host_with, manners_of, origin_of, pace_of, robots_of
from .reading import read_front, spell
from .settle import settle
from .visit import Tools

CHILDREN_MAX = 50  # Sitemaps read in one poll beside their index; what is left is read in the next polls.
SITEMAP_LOOKS_BACK = timedelta(days=3)
FAILED_POLL_MAX_S = 24 * 3600.0


@dataclass(slots=True)
class Polled:
    """What a poll found."""

    slug: str
    outcome: str
    detail: str | None = None
    found: int = 0
    """Different pages that the source named and the recipe wants."""
    new: int = 0
    """Of these, not known before."""
    unwanted: int = 0
    """Named, but not wanted by the recipe, or no address of a web page."""
    counts: Counter[str] = field(default_factory=Counter[str])


class Poll:
    """One poll of one source."""

    def __init__(self, conn: Connection, tools: Tools, source: Source) -> None:
        self.conn = conn
        self.tools = tools
        self.source = source
        self.recipe: Recipe | None = tools.shelf.named(source.recipe)
        self.rule: SourceRule | None = _rule(self.recipe, source)
        self.began = tools.now()

    def run(self) -> Polled:
        """Poll, write what came of it, and say so; an error of the source is an outcome, not an exception."""
        try:
            answer = self._get(self.source.url, etag=self.source.etag, last_modified=self.source.last_modified)
            if isinstance(answer, NotModified) or answer.capture.body_sha256 == self.source.body_sha256:
                return self._end("unchanged")
            found = self._discover(answer, self.source.url)
            return self._keep(answer, found)
        except NewsEtlError as error:
            return self._failed(error)

    def _get(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched | NotModified:
        """Ask for *url* as robots.txt and the pace of its host allow; a redirect is followed where robots.txt allows it."""
        tools, host = self.tools, host_of_url(url)
        state = hosts.get(self.conn, host)
        robots = robots_of(self.conn, tools.fetcher, state, origin_of(url), now=tools.now)
        robots.check(url)
        manners = manners_of(tools.manners, self.recipe.fetch if self.recipe else None)
        pace = pace_of(state)
        if state.free_at and (wait_s := (state.free_at - tools.now()).total_seconds()) > 0:
            if wait_s > manners.spacing_max_s:
                raise TryLater(f"{host} asked for patience", at=state.free_at, code="host_busy")
            tools.sleep(wait_s)
        began = tools.now()
        try:
            answer = tools.fetcher.get(
                url, now=tools.now, kind="source", etag=etag, last_modified=last_modified, may_follow=robots.allows
            )
        except NewsEtlError:
            pace = politeness.failed(pace, at=tools.now())
            raise
        else:
            pace = politeness.answered(pace, took_s=(tools.now() - began).total_seconds(), at=tools.now())
        finally:
            free_at = politeness.free_at(pace, now=tools.now(), manners=manners, crawl_delay_s=robots.crawl_delay_s)
            hosts.keep_pace(self.conn, host_with(state, pace, free_at))
        assert not hasattr(answer, "target")
        return answer  # pyright: ignore[reportReturnType]

    def _discover(self, answer: Fetched, url: str) -> list[Discovery]:
        """Read the answer and, for an index, its children that may hold something new."""
        since = self.began - SITEMAP_LOOKS_BACK
        first = discover.read(
            self.source.kind,
            answer.body,
            url=answer.capture.final_url or url,
            fetched_at=answer.capture.fetched_at,
            zone=self.source.zone,
            rule=self.rule,
            since=since,
        )
        read = [first]
        for child in first.children[:CHILDREN_MAX]:
            got = self._get(child.url)
            if isinstance(got, Fetched):
                read.append(
                    discover.read(
                        "sitemap",
                        got.body,
                        url=got.capture.final_url,
                        fetched_at=got.capture.fetched_at,
                        zone=self.source.zone,
                        rule=self.rule,
                        since=since,
                    )
                )
        return read

    def _keep(self, answer: Fetched, read: Sequence[Discovery]) -> Polled:
        now = self.tools.now()
        polled = Polled(self.source.slug, "ok")
        wanted = self._wanted(read, polled)
        problems = [problem for one in read for problem in one.problems]
        with self.conn.transaction():
            known = pages.ensure(
                self.conn, [spelled for spelled, _ in wanted.values()], found_at=now, next_visit_at=now
            )
            seen = [(known[key][0], candidate) for key, (_, candidate) in wanted.items() if key in known]
            polled.found = len(wanted)
            polled.new = sum(1 for key in wanted if key in known and known[key][1])
            sightings.add(
                self.conn, self.source.id, [_sighting(page_id, candidate) for page_id, candidate in seen], now=now
            )
            pages.wake(
                self.conn,
                [(page_id, c.modified.at) for page_id, c in seen if c.modified and c.modified.at],
                now=now,
            )
            if self.source.kind == "listing":
                settle(self.conn, [read_front(answer.capture, answer.body, shelf=self.tools.shelf)], now=now)
            self._write(polled, "; ".join(problems)[:500] or None, now, answer)
        return polled

    def _wanted(self, read: Sequence[Discovery], polled: Polled) -> dict[UUID, tuple[PageUrl, Candidate]]:
        """Return the pages named, one per canonical URL, the first naming of each."""
        wanted: dict[UUID, tuple[PageUrl, Candidate]] = {}
        for candidate in (candidate for one in read for candidate in one.candidates):
            try:
                spelled = spell(candidate.url)
            except BadUrlError:
                polled.unwanted += 1
                continue
            if self.recipe is not None and not self.recipe.fetch.allows(spelled.url):
                polled.unwanted += 1
                continue
            wanted.setdefault(spelled.url_key, (spelled, candidate))
        return wanted

    def _write(self, polled: Polled, problems: str | None, now: datetime, answer: Fetched) -> None:
        headers = answer.capture.headers
        sources.keep_poll(
            self.conn,
            self.source.id,
            outcome="ok",
            detail=problems,
            next_poll_at=self._next_poll(now),
            now=now,
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            body_sha256=answer.capture.body_sha256,
        )
        counts = {"found": polled.found, "new": polled.new, "unwanted": polled.unwanted}
        runs.add(
            self.conn,
            "poll",
            source_id=self.source.id,
            started_at=self.began,
            ended_at=now,
            outcome="ok",
            counts=counts,
            detail=problems,
        )

    def _end(self, outcome: str, detail: str | None = None, *, at: datetime | None = None) -> Polled:
        now = self.tools.now()
        sources.keep_poll(
            self.conn,
            self.source.id,
            outcome=outcome,
            detail=detail,
            next_poll_at=at or self._next_poll(now),
            now=now,
        )
        return Polled(self.source.slug, outcome, detail)

    def _failed(self, error: NewsEtlError) -> Polled:
        now = self.tools.now()
        with self.conn.transaction():
            captures.add_attempts(
                self.conn,
                [
                    Attempt(
                        self.source.url,
                        host_of_url(self.source.url),
                        error.code,
                        self.began,
                        detail=str(error)[:500],
                        took_s=(now - self.began).total_seconds(),
                        source_id=self.source.id,
                    )
                ],
            )
            at = error.at if isinstance(error, TryLater) else self._next_poll(now)
            return self._end(error.code, str(error)[:500], at=max(at, now))

    def _next_poll(self, now: datetime) -> datetime:
        return next_poll(self.source, now)


def next_poll(source: Source, now: datetime) -> datetime:
    """Return when the source is due after a poll at *now*: by its cron line in its own zone, or by its interval."""
    if source.cron:
        local = now.astimezone(ZoneInfo(source.zone)) if source.zone else now
        return croniter(source.cron, local).get_next(datetime)
    return now + timedelta(seconds=source.interval_s)


def _rule(recipe: Recipe | None, source: Source) -> SourceRule | None:
    if recipe is None:
        return None
    return next((rule for rule in recipe.sources if f"{recipe.name}/{rule.name}" == source.slug), None)


def _sighting(page_id: int, candidate: Candidate) -> Sighting:
    published = candidate.published
    return Sighting(
        page_id,
        candidate.found_by,
        position=candidate.position,
        title=candidate.title,
        published_at=published.at if published else None,
        published_text=published.text if published else None,
    )
