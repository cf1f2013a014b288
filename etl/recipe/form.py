"""A recipe file → `Recipe`: every mistake is named with its file, its key and what to write in its place."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from etl.errors import Misconfigured
from etl.model import LinkKind
from etl.recipe.rules import (
    DEFAULT_FOLLOW_DEPTH,
    DEFAULT_FOLLOW_PER_DAY,
    DEFAULT_INTERVAL_S,
    FOLLOW_DEPTH_MAX,
    FetchRules,
    Layout,
    LinkRule,
    Recipe,
    Revisits,
    Rules,
    SourceRule,
)

FILE_MAX_BYTES = 1_000_000  # Hundreds of times a long recipe: more is another file.
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_Selectors = str | list[str]


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    """Every table of the file refuses keys it does not know: a misspelt key would otherwise be silence."""


class _Source(_Form):
    kind: Literal["feed", "sitemap", "listing"]
    url: str
    name: str | None = None
    interval: str | None = None
    fastest: str | None = None
    slowest: str | None = None
    cron: str | None = None
    zone: str | None = None
    selector: str | None = None
    follow: list[LinkKind] = []
    follow_depth: Annotated[int, msgspec.Meta(ge=1, le=FOLLOW_DEPTH_MAX)] | None = None
    follow_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


class _Fetch(_Form):
    allow: list[str] = []
    deny: list[str] = []
    min_interval: str | None = None
    requests_per_day: Annotated[int, msgspec.Meta(ge=1)] | None = None
    revisit_first: str | None = None
    revisit_longest: str | None = None
    revisit_for: str | None = None
    keep_captures_days: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _Links(_Form):
    selector: str
    kind: LinkKind
    zone: str | None = None


class _Rules(_Form):
    title: _Selectors = []
    authors: _Selectors = []
    lead: _Selectors = []
    body: _Selectors = []
    section: _Selectors = []
    tags: _Selectors = []
    published: _Selectors = []
    modified: _Selectors = []
    image: _Selectors = []
    drop: _Selectors = []
    links: list[_Links] = []
    zone: str | None = None
    country: str | None = None


class _Layout(_Rules):
    start: date | None = msgspec.field(name="from", default=None)
    end: date | None = msgspec.field(name="to", default=None)


class _Extract(_Rules):
    layouts: list[_Layout] = []


class _Recipe(_Form):
    home: str
    hosts: list[str] = []
    language: str | None = None
    country: str | None = None
    zone: str | None = None
    sources: list[_Source] = []
    fetch: _Fetch = msgspec.field(default_factory=_Fetch)
    extract: _Extract | None = None


_FIELDS = ("title", "authors", "lead", "body", "section", "tags", "published", "modified", "image", "drop")
_TABLES = {
    "the top of the file": _Recipe,
    "`[[sources]]`": _Source,
    "`[fetch]`": _Fetch,
    "`[extract]`": _Extract,
    "`[[extract.layouts]]`": _Layout,
    "`[[extract.links]]`": _Links,
}
_PLACES: dict[str, list[str]] = {}
"""Key → the tables that it belongs to."""
for _table, _form in _TABLES.items():
    for _field in msgspec.structs.fields(_form):
        _PLACES.setdefault(_field.encode_name, []).append(_table)


def read_recipe(text: str, *, name: str, file: str) -> Recipe:
    """Return the recipe that *text* (TOML) holds; raise `Misconfigured` naming *file*, the key and the remedy."""
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Misconfigured(f"{file}: this is not valid TOML: {error or 'nested too deep'}") from error
    try:
        form = msgspec.convert(raw, _Recipe, strict=True)
    except msgspec.ValidationError as error:
        raise Misconfigured(f"{file}: {_in_words(str(error))}") from error
    return _Reader(file).recipe(form, name)


def read_recipe_file(path: Path) -> Recipe:
    """Return the recipe in the file at *path*, named after the file."""
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise Misconfigured(f"{path}: a recipe has at most {FILE_MAX_BYTES:,} bytes; is this another file?")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return read_recipe(text, name=path.stem, file=str(path))


def _in_words(problem: str) -> str:
    """Turn msgspec's sentence into one that ends with what to write."""
    message, _, place = problem.partition(" - at `$")
    key = place.rstrip("`").lstrip(".") or "the top of the file"
    unknown = re.search(r"unknown field `(.*)`", message)
    if unknown:
        near = difflib.get_close_matches(unknown[1], sorted(_PLACES), n=1)
        if places := _PLACES.get(unknown[1]):
            remedy = f"it belongs to {' or '.join(places)}"
        elif near:
            remedy = f"did you mean `{near[0]}`?"
        else:
            remedy = "take it out, or see docs/recipes.md for the keys there are"
        return f"unknown key `{unknown[1]}` in {key}: {remedy}"
    missing = re.search(r"missing required field `(.*)`", message)
    if missing:
        return f"`{missing[1]}` is missing in {key}: add it"
    return f"{key}: {message[:1].lower()}{message[1:]}"


class _Reader:
    """Checks what types cannot: zones, URLs, intervals, selectors. Holds only the file's name, for messages."""

    def __init__(self, file: str) -> None:
        self._file = file

    def recipe(self, form: _Recipe, name: str) -> Recipe:
        zone = self._zone(form.zone, "zone")
        country = self._country(form.country, "country")
        language = self._language(form.language)
        sources = tuple(
            self._source(source, number, default_zone=zone) for number, source in enumerate(form.sources, start=1)
        )
        names = [source.name for source in sources]
        for twice in {one for one in names if names.count(one) > 1}:
            raise self._wrong("sources", f"two sources are called `{twice}`: give each a `name` of its own")
        return Recipe(
            name=name,
            home=self._url(form.home, "home"),
            hosts=tuple(self._host(host, f"hosts[{number}]") for number, host in enumerate(form.hosts)),
            language=language,
            country=country,
            zone=zone,
            sources=sources,
            fetch=self._fetch(form.fetch),
            extract=self._extract(form, Rules(zone=zone, country=country, language=language)),
            file=self._file,
        )

    def _source(self, form: _Source, number: int, *, default_zone: str | None) -> SourceRule:
        key = f"sources[{number - 1}]"
        if form.selector is not None and form.kind != "listing":
            raise self._wrong(f"{key}.selector", f"a {form.kind} has no selector: take it out, or use kind = 'listing'")
        if form.cron is not None and not _is_cron_line(form.cron):
            raise self._wrong(
                f"{key}.cron", f"`{form.cron}` is no cron line: write five fields, e.g. '*/10 6-22 * * *'"
            )
        name = str(number) if form.name is None else form.name
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            raise self._wrong(f"{key}.name", f"`{name}`: use small letters, digits, `-` and `_`")
        fastest_s = self._seconds(form.fastest, f"{key}.fastest")
        slowest_s = self._seconds(form.slowest, f"{key}.slowest")
        if fastest_s is not None and slowest_s is not None and fastest_s > slowest_s:
            raise self._wrong(f"{key}.fastest", "is longer than `slowest`: swap them")
        for limit in ("follow_depth", "follow_per_day"):
            if getattr(form, limit) is not None and not form.follow:
                raise self._wrong(f"{key}.{limit}", "nothing is followed: add `follow`, e.g. follow = ['related']")
        selector = None if form.selector is None else self._selector(form.selector, f"{key}.selector")
        return SourceRule(
            kind=form.kind,
            url=self._url(form.url, f"{key}.url"),
            name=name,
            interval_s=self._seconds(form.interval, f"{key}.interval") or DEFAULT_INTERVAL_S,
            fastest_s=fastest_s,
            slowest_s=slowest_s,
            cron=form.cron,
            zone=self._zone(form.zone, f"{key}.zone") or default_zone,
            selector=selector,
            follow=tuple(dict.fromkeys(form.follow)),
            follow_depth=form.follow_depth or DEFAULT_FOLLOW_DEPTH,
            follow_per_day=form.follow_per_day or DEFAULT_FOLLOW_PER_DAY,
        )

    def _fetch(self, form: _Fetch) -> FetchRules:
        for key in ("allow", "deny"):
            for number, pattern in enumerate(getattr(form, key)):
                if not pattern.startswith(("/", "*")):
                    raise self._wrong(f"fetch.{key}[{number}]", f"`{pattern}`: begin with `/` or `*`, as in robots.txt")
        return FetchRules(
            allow=tuple(form.allow),
            deny=tuple(form.deny),
            min_interval_s=self._seconds(form.min_interval, "fetch.min_interval"),
            requests_per_day=form.requests_per_day,
            revisits=self._revisits(form),
            keep_captures_days=form.keep_captures_days,
        )

    def _revisits(self, form: _Fetch) -> Revisits:
        usual = Revisits()
        revisits = Revisits(
            self._seconds(form.revisit_first, "fetch.revisit_first") or usual.first_gap_s,
            self._seconds(form.revisit_longest, "fetch.revisit_longest") or usual.longest_gap_s,
            self._seconds(form.revisit_for, "fetch.revisit_for") or usual.watched_for_s,
        )
        if revisits.first_gap_s > revisits.longest_gap_s:
            raise self._wrong("fetch.revisit_first", "it is longer than `revisit_longest`")
        return revisits

    def _extract(self, form: _Recipe, site: Rules) -> Rules | None:
        """Return the rules with the site's zone, country and language as defaults; None when the file says nothing."""
        if form.extract is None:
            return site if site != Rules() else None
        rules = self._rules(form.extract, "extract", default=site)
        layouts: list[Layout] = []
        for number, layout in enumerate(form.extract.layouts):
            key = f"extract.layouts[{number}]"
            if layout.start is None and layout.end is None:
                raise self._wrong(key, "say when it holds: add `from`, `to` or both, as dates (2019-03-01)")
            if layout.start is not None and layout.end is not None and layout.start > layout.end:
                raise self._wrong(key, "`from` is later than `to`: swap them")
            layouts.append(Layout(layout.start, layout.end, self._rules(layout, key, default=rules)))
        return replace(rules, layouts=tuple(layouts))

    def _rules(self, form: _Rules, key: str, *, default: Rules) -> Rules:
        """Return what *form* says, and *default* for every field it leaves out."""
        fields: dict[str, tuple[str, ...]] = {
            name: self._selectors(getattr(form, name), f"{key}.{name}") or getattr(default, name) for name in _FIELDS
        }
        links = tuple(
            LinkRule(
                selector=self._selector(block.selector, f"{key}.links[{number}].selector"),
                kind=block.kind,
                zone=self._zone(block.zone, f"{key}.links[{number}].zone"),
            )
            for number, block in enumerate(form.links)
        )
        return replace(
            Rules(**fields),  # pyright: ignore[reportArgumentType]  # _FIELDS are the fields that hold selectors.
            links=links or default.links,
            zone=self._zone(form.zone, f"{key}.zone") or default.zone,
            country=self._country(form.country, f"{key}.country") or default.country,
            language=default.language,
        )

    def _selectors(self, given: str | Sequence[str], key: str) -> tuple[str, ...]:
        if isinstance(given, str):
            return (self._selector(given, key),)
        return tuple(self._selector(one, f"{key}[{number}]") for number, one in enumerate(given))

    def _selector(self, selector: str, key: str) -> str:
        css, at, attribute = selector.rpartition("@")
        if not at or "]" in attribute:
            css = selector
        elif not re.fullmatch(r"[A-Za-z_:][-\w:.]*", attribute):
            raise self._wrong(key, f"`{selector}`: after `@` comes the name of one attribute, e.g. `time@datetime`")
        try:
            LexborHTMLParser("").css_first(css)
        except SelectolaxError as error:
            raise self._wrong(key, f"`{selector}` is no CSS selector: write one, e.g. `div.article > p`") from error
        return selector

    def _url(self, url: str, key: str) -> str:
        try:
            parts = urlsplit(url)
            is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_usable = False
        if not is_usable or re.search(r"[\x00-\x20\x7f]", url):
            raise self._wrong(key, f"`{url}` is no web address: write all of it, e.g. `https://www.example.com/rss`")
        return url

    def _host(self, host: str, key: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9\u0080-\U0010ffff]([-.A-Za-z0-9\u0080-\U0010ffff])*(:\d+)?", host):
            raise self._wrong(key, f"`{host}` is no host name: write it without `https://` and path")
        return host.lower()

    def _zone(self, zone: str | None, key: str) -> str | None:
        if zone is None:
            return None
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError; folders are OSErrors.
            raise self._wrong(key, f"`{zone}` is no time zone: use an IANA name, e.g. `Europe/Paris`") from error
        return zone

    def _country(self, country: str | None, key: str) -> str | None:
        if country is not None and not re.fullmatch(r"[A-Za-z]{2}", country):
            raise self._wrong(key, f"`{country}`: use two letters (ISO 3166), e.g. `FR`")
        return country and country.upper()

    def _language(self, language: str | None) -> str | None:
        if language is not None and not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language):
            raise self._wrong("language", f"`{language}`: use a language tag (BCP 47), e.g. `fr` or `pt-BR`")
        return language

    def _seconds(self, text: str | None, key: str) -> float | None:
        if text is None:
            return None
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([smhd])", text)
        if found is None or float(found[1]) == 0:
            raise self._wrong(key, f"`{text}`: write a number and a unit (s, m, h, d), e.g. `15m`")
        return float(found[1]) * _UNITS_S[found[2]]

    def _wrong(self, key: str, remedy: str) -> Misconfigured:
        return Misconfigured(f"{self._file}: {key}: {remedy}")


def _is_cron_line(line: str) -> bool:
    from croniter import croniter  # Here, because loading it takes 30 ms of CPU, and few recipes have such a line.

    return bool(croniter.is_valid(line))
