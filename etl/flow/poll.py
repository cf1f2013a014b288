"""Poll one source: what is new there? Fetch, discover, canonicalise, store (`etl.flow.finds`); one transaction at the end.

A poll in which nothing changed costs one request and writes one row, that of the source: it also says how the host stands after the
request (`sources.keep_quiet_poll`). Nothing is written before it (`flow.manners.known`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from etl import discover
from etl.discover import Discovery
from etl.errors import NewsEtlError, Refused, TryLater
from etl.fetch import politeness
from etl.fetch.answer import PERMANENT
from etl.fetch.http import Fetched, Moved, NotModified
from etl.fetch.politeness import Manners
from etl.fetch.robots import parse
from etl.model import Source, SourceKind
from etl.recipe.rules import Recipe, SourceRule
from etl.store import captures, child_sitemaps, hosts, runs, sightings, sources, subscriptions
from etl.store.captures import Attempt
from etl.store.child_sitemaps import ChildAnswer
from etl.store.hosts import Host

from .finds import Finds
from .manners import (
    HELD_FOR,
    Attention,
    attended,
    host_of_url,
    is_usual,
    known,
    manners_of,
    origin_of,
    rest_after_ends,
    rested,
    robots_of,
)
from .reading import read_front
from .revisit import YIELD_OF, next_poll
from .settle import settle
from .visit import Tools
from .websub import announced, subscribe

CHILDREN_MAX = 50  # Sitemaps read in one poll beside their index; what is left is read in the next polls.
SITEMAP_LOOKS_BACK = timedelta(days=3)
REDIRECTS_MAX = 5
BACK_OFF_MAX_S = 6 * 3600.0  # A publisher that is back is found again within the working day.


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
        self.notes: list[str] = []
        """What a person may want to know, in words."""
        self.problems: list[str] = []
        """What could not be read in the answers."""
        self.is_done = True
        """Whether the same answer again would be nothing new."""
        self.children_read = 0
        self.child_answers: dict[UUID, ChildAnswer] = {}
        """Of the sitemaps that said something new."""
        self.rested: Host | None = None
        """How the source's host stands after an answer in which nothing changed: written with the source, in one row."""
        self.finds = Finds(conn, source.id, recipe=self.recipe, now=tools.now)

    def run(self) -> Polled:
        """Poll, write what came of it, and say so; an error of the source is an outcome, not an exception."""
        try:
            answer = self._get(self.source.url, etag=self.source.etag, last_modified=self.source.last_modified)
            if isinstance(answer, NotModified) or answer.capture.body_sha256 == self.source.body_sha256:
                subscribe(self.conn, self.tools, self.source.id)
                return self._end("unchanged", self._detail())
            polled = self._keep(answer, self._discover(answer))
        except NewsEtlError as error:
            return self._failed(error)
        finally:
            if self.rested is not None and not self.conn.closed:
                hosts.keep_pace(self.conn, self.rested)
        subscribe(self.conn, self.tools, self.source.id)
        return polled

    def _get(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched | NotModified:
        """Ask for *url* and go where it leads: each redirect is a request of its own, by the rules and pace of its host."""
        hops: list[tuple[int, str]] = []
        target = url
        while isinstance(answer := self._ask(target, etag=etag, last_modified=last_modified), Moved):
            hops.append((answer.status, target))
            target = answer.target
            if len(hops) > REDIRECTS_MAX or any(target == earlier for _, earlier in hops):
                raise Refused(f"{len(hops)} redirects, the last to {target}", code="redirect_loop")
            if not target.startswith(("http://", "https://")):
                raise Refused(f"it leads to no web page: {target}", code="bad_url")
        if not hops:
            return answer
        if url == self.source.url and all(status in PERMANENT for status, _ in hops):
            self.notes.append(f"moved for good to {target}: the recipe should name that address")
        if isinstance(answer, NotModified):
            return answer
        return replace(answer, capture=replace(answer.capture, url=url, redirects=tuple(hops)))

    def _ask(self, url: str, *, etag: str | None, last_modified: str | None) -> Fetched | NotModified | Moved:
        """Make one request as robots.txt and the pace of the host allow; the source's own host is held by the caller."""
        tools, host = self.tools, host_of_url(url)
        manners = manners_of(tools.manners, self.recipe.fetch if self.recipe else None)
        is_ours = host == host_of_url(self.source.url)
        if not is_ours and not hosts.hold(self.conn, host):
            raise TryLater(f"{host} is being asked by another worker", at=tools.now() + HELD_FOR, code="host_busy")
        try:
            # Of a source that goes well most answers are that nothing has changed: they cost one row.
            may_be_quiet = url == self.source.url and self.source.body_sha256 is not None and not self.source.failures
            with (known if may_be_quiet else attended)(
                self.conn, tools.fetcher, host, manners=manners, now=tools.now
            ) as attention:
                return self._request(url, attention, manners, etag=etag, last_modified=last_modified)
        finally:
            if not is_ours and not self.conn.closed:
                hosts.let_go(self.conn, host)

    def _request(
        self, url: str, attention: Attention, manners: Manners, *, etag: str | None, last_modified: str | None
    ) -> Fetched | NotModified | Moved:
        tools, host = self.tools, host_of_url(url)
        self._wait(host, manners)
        robots = robots_of(self.conn, tools.fetcher, origin_of(url), manners=manners, now=tools.now, sleep=tools.sleep)
        robots.check(url)
        # Looked at once more, because a server lets go of the locks of a session that dies one after the other.
        rest_after_ends(self.conn, tools.fetcher, host, manners=manners, now=tools.now)
        state = self._wait(host, manners)
        began = tools.now()
        error: NewsEtlError | None = None
        try:
            answer = tools.fetcher.get(
                url,
                now=tools.now,
                kind="source",
                etag=etag,
                last_modified=last_modified,
                may_follow=lambda _: False,
            )
        except NewsEtlError as raised:
            error = raised
            raise
        finally:
            attention.rested = rested(state, error, began=began, now=tools.now(), manners=manners, robots=robots)
        if self._is_the_same(answer) and is_usual(state, attention.rested, manners=manners, robots=robots):
            attention.is_left = attention.may_leave
            self.rested = attention.rested if attention.is_left else None
        return answer

    def _is_the_same(self, answer: Fetched | NotModified | Moved) -> bool:
        if isinstance(answer, Fetched):
            return answer.capture.body_sha256 == self.source.body_sha256
        return isinstance(answer, NotModified)

    def _wait(self, host: str, manners: Manners) -> Host:
        """Wait until *host* may be asked and return how it stands; a longer wait than its pause between requests is not ours."""
        state = hosts.get(self.conn, host)
        wait_s = (state.free_at - self.tools.now()).total_seconds() if state.free_at else 0.0
        if state.free_at and wait_s > manners.spacing_max_s:
            wish_s = parse(state.robots_text or "", self.tools.fetcher.agent).crawl_delay_s or 0.0
            if wait_s > min(wish_s, politeness.CRAWL_DELAY_MAX_S):
                raise TryLater(f"{host} asked for patience", at=state.free_at, code="host_busy")
        if wait_s > 0:
            self.tools.sleep(wait_s)
        return state

    def _discover(self, answer: Fetched) -> Discovery:
        """Read the answer and, for an index, its children that may hold something new."""
        first = self._read(self.source.kind, answer)
        # An index that says of each child when it changed is done with when all are read. Any other, and one of which a part
        # was not to be had, must be read again however little it changed itself.
        self.is_done = len(first.children) <= CHILDREN_MAX and all(c.lastmod and c.lastmod.at for c in first.children)
        start = self.source.children_read if self.source.children_read < len(first.children) else 0
        turn = first.children[start : start + CHILDREN_MAX]
        self.children_read = start + len(turn) if start + len(turn) < len(first.children) else 0
        known = child_sitemaps.known(self.conn, self.source.id, [child.url for child in turn])
        for child in turn:
            try:
                self._read_child(child.url, known.get(child_sitemaps.key_of(child.url)))
            except NewsEtlError as error:
                self.is_done = False
                self.notes.append(f"{error.code}: {error}")
                if isinstance(error, TryLater):
                    break
        return first

    def _read_child(self, url: str, before: ChildAnswer | None) -> None:
        """Read one sitemap of the index, if it says something new."""
        etag, last_modified = (before.etag, before.last_modified) if before else (None, None)
        got = self._get(url, etag=etag, last_modified=last_modified)
        if not isinstance(got, Fetched) or (before is not None and got.capture.body_sha256 == before.body_sha256):
            return
        self._read("sitemap", got)
        headers, key = got.capture.headers, child_sitemaps.key_of(url)
        self.child_answers[key] = ChildAnswer(
            key, headers.get("etag"), headers.get("last-modified"), got.capture.body_sha256
        )

    def _read(self, kind: SourceKind, answer: Fetched) -> Discovery:
        capture = answer.capture
        read = discover.read(
            kind,
            answer.stream(),
            url=capture.final_url,
            fetched_at=capture.fetched_at,
            zone=self.source.zone,
            rule=self.rule,
            since=self.began - SITEMAP_LOOKS_BACK,
            content_type=capture.content_type,
            each=self.finds.take,
        )
        self.problems += read.problems
        return read

    def _keep(self, answer: Fetched, first: Discovery) -> Polled:
        now = self.tools.now()
        polled = Polled(self.source.slug, "ok")
        self.notes += self.problems
        with self.conn.transaction():
            self.finds.store()
            counts = self.finds.counts
            polled.found, polled.new, polled.unwanted = counts["found"], counts["new"], counts["unwanted"]
            if self.source.kind == "feed" and (hub := announced(answer.capture.headers, first, url=self.source.url)):
                subscriptions.want(self.conn, self.source.id, hub=hub[0], topic=hub[1], now=now)
            if self.source.kind == "listing":
                settle(self.conn, [read_front(answer.capture, answer.body, shelf=self.tools.shelf)], now=now)
            if self.child_answers:
                child_sitemaps.keep(self.conn, self.source.id, list(self.child_answers.values()), now=now)
            self._write(now, answer)
            polled.detail = self._detail()
        return polled

    def _write(self, now: datetime, answer: Fetched) -> None:
        headers = answer.capture.headers
        sources.keep_poll(
            self.conn,
            self.source.id,
            outcome="ok",
            detail=self._detail(),
            next_poll_at=self._next_poll(now),
            now=now,
            etag=headers.get("etag") if self.is_done else None,
            last_modified=headers.get("last-modified") if self.is_done else None,
            body_sha256=answer.capture.body_sha256 if self.is_done else None,
            children_read=self.children_read,
        )
        runs.add(
            self.conn,
            "poll",
            source_id=self.source.id,
            started_at=self.began,
            ended_at=now,
            outcome="ok",
            counts=dict(self.finds.counts),
            detail=self._detail(),
        )

    def _detail(self) -> str | None:
        return "; ".join(self.notes)[:500] or None

    def _end(self, outcome: str, detail: str | None = None, *, at: datetime | None = None) -> Polled:
        now = self.tools.now()
        if self.rested is not None and outcome == "unchanged":
            sources.keep_quiet_poll(
                self.conn,
                self.source.id,
                detail=detail,
                next_poll_at=self._next_poll(now),
                host_free_at=self.rested.free_at,
                now=now,
            )
            self.rested = None
            return Polled(self.source.slug, outcome, detail)
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
            return self._end(error.code, str(error)[:500], at=max(self._after(error, now), now))

    def _after(self, error: NewsEtlError, now: datetime) -> datetime:
        """Return when to poll again after *error*: as it says, or as planned, but ever more rarely while it goes on."""
        if isinstance(error, TryLater):
            return error.at
        back_off_s = politeness.back_off_s(self.source.failures + 1, jitter=self.tools.random.random())
        return max(self._next_poll(now), now + timedelta(seconds=min(back_off_s, BACK_OFF_MAX_S)))

    def _next_poll(self, now: datetime) -> datetime:
        newest = sightings.newest(self.conn, self.source.id, limit=YIELD_OF)
        return next_poll(self.source, now, rule=self.rule, newest=newest)


def _rule(recipe: Recipe | None, source: Source) -> SourceRule | None:
    if recipe is None:
        return None
    return next((rule for rule in recipe.sources if f"{recipe.name}/{rule.name}" == source.slug), None)
