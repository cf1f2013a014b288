"""Every setting of an operator: one field each, with its unit, default and reason.

The command line reads them once from the environment (`NEWS_ETL_` and the field's name in capitals) and hands plain
values down; nothing below `etl.boot` sees them. What an editor of the site list would change is in a recipe instead.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from etl.errors import Misconfigured

PREFIX = "NEWS_ETL_"
TESTS_PREFIX = "NEWS_ETL_TEST_"
FILE_SUFFIX = "_FILE"
Parse = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a person wants to know about one setting."""

    name: str
    """The environment variable."""
    unit: str
    default: str
    reason: str
    is_secret: bool
    """It may also come from the file named by `<name>_FILE`, and is never shown."""


def text(value: str) -> str:
    return value


def folder(value: str) -> Path:
    return Path(value).expanduser()


def words(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.replace(",", " ").split() if part)


def whole(*, least: int = 0) -> Parse:
    def parse(value: str) -> int:
        if (number := int(value)) < least:
            raise ValueError(f"at least {least}")
        return number

    return parse


def seconds(*, least: float = 0.0) -> Parse:
    def parse(value: str) -> float:
        number = float(value)
        if not least <= number < float("inf"):
            raise ValueError(f"at least {least:g}")
        return number

    return parse


def one_of(*choices: str) -> Parse:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return parse


def told(parse: Parse, unit: str, reason: str, *, secret: bool = False, shown: str = "") -> Mapping[str, Any]:
    """Return the metadata of a field; *shown* describes a default that depends on others."""
    return {"parse": parse, "unit": unit, "reason": reason, "is_secret": secret, "shown": shown}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The operator's choices; every field has a default that works on one machine."""

    database_url: str | None = field(
        default=None,
        repr=False,
        metadata=told(
            text, "URL", "The Postgres to fill (15 to 18).", secret=True, shown="an embedded server in the data folder"
        ),
    )
    database_password: str | None = field(
        default=None,
        repr=False,
        metadata=told(
            text,
            "password",
            "Put into the URL when it has none, so that a secret can be a file of its own.",
            secret=True,
        ),
    )
    data_dir: Path = field(
        default=Path("news-data"),
        metadata=told(folder, "folder", "Where the embedded Postgres, the archive and the recipes live."),
    )
    recipes_dir: Path | None = field(
        default=None,
        metadata=told(
            folder, "folder", "The recipes of your sites, one TOML file each.", shown="`recipes` in the data folder"
        ),
    )
    archive: str | None = field(
        default=None,
        metadata=told(
            text,
            "folder or URL",
            "Where raw pages are kept (WARC), before parsing; URLs such as `s3://bucket/path` need the extra `s3`.",
            shown="`archive` in the data folder",
        ),
    )
    contact: str = field(
        default="",
        metadata=told(text, "URL or address", "Whom a publisher can ask; it is sent with every request."),
    )
    user_agent: str = field(
        default="news-etl",
        metadata=told(text, "product name", "Who we say we are, to servers and in robots.txt."),
    )
    open_addresses: tuple[str, ...] = field(
        default=(),
        metadata=told(
            words,
            "address:ports, …",
            "Exceptions from the rule that only public addresses on ports 80 and 443 are asked: `10.0.0.7:8000-9000`.",
        ),
    )
    proxy: str | None = field(
        default=None,
        repr=False,
        metadata=told(text, "URL", "An HTTP proxy for all requests; addresses are judged all the same.", secret=True),
    )
    ca_file: Path | None = field(
        default=None,
        metadata=told(folder, "file", "Certificates to trust instead of the usual ones, for a proxy that opens TLS."),
    )
    host_spacing_s: float = field(
        default=1.0,
        metadata=told(
            seconds(), "seconds", "The least pause between two requests to one host; robots.txt may ask more."
        ),
    )
    host_daily_budget: int = field(
        default=20_000,
        metadata=told(whole(least=1), "requests", "The most requests to one host in a day (UTC), whatever is due."),
    )
    cc_base: str = field(
        default="https://data.commoncrawl.org",
        metadata=told(
            text,
            "URL or folder",
            "Where `backfill ccnews` finds Common Crawl's files: the service itself, or a copy of it.",
        ),
    )
    wayback_base: str = field(
        default="https://web.archive.org",
        metadata=told(text, "URL", "The web archive that `backfill wayback` asks: its index (CDX) and its replay."),
    )
    fetch_connect_s: float = field(
        default=10.0,
        metadata=told(seconds(least=0.1), "seconds", "The most to wait for a connection."),
    )
    fetch_total_s: float = field(
        default=60.0,
        metadata=told(
            seconds(least=0.1), "seconds", "The most one page may take, redirects included; ends slow drips."
        ),
    )
    fetch_page_max_bytes: int = field(
        default=10_000_000,
        metadata=told(whole(least=1_000), "bytes", "Decoded size from which a page is refused; articles have < 3 MB."),
    )
    fetch_source_max_bytes: int = field(
        default=60_000_000,
        metadata=told(
            whole(least=1_000), "bytes", "The same for feeds and sitemaps, which may have 50 MB by their standard."
        ),
    )
    pool_max_connections: int = field(
        default=4,
        metadata=told(whole(least=1), "connections", "The most database connections of one process."),
    )
    workers: int = field(
        default=0,
        metadata=told(whole(), "processes", "Processes that fetch and parse on this machine.", shown="one per core"),
    )
    keep_captures_days: int = field(
        default=0,
        metadata=told(
            whole(), "days", "Raw pages older than this are dropped; articles and versions stay. 0 keeps all."
        ),
    )
    keep_articles_days: int = field(
        default=0,
        metadata=told(
            whole(),
            "days",
            "Pages last captured longer ago are dropped with their articles and versions; what names them again does not "
            "bring them back. 0 keeps all.",
        ),
    )
    keep_changes_days: int = field(
        default=0,
        metadata=told(
            whole(),
            "days",
            "Rows of `news.changes` older than this are dropped, by whole months; readers away for longer read the views "
            "again. 0 keeps all.",
        ),
    )
    web_address: str = field(
        default="127.0.0.1:8080",
        metadata=told(text, "address:port", "Where the status page and the health checks listen; there is no log-in."),
    )
    public_url: str | None = field(
        default=None,
        metadata=told(
            text,
            "URL",
            "Where the web server is reached from outside (`/websub/…` is enough): feeds with a hub are then pushed (WebSub).",
        ),
    )
    log_format: str = field(
        default="auto",
        metadata=told(
            one_of("auto", "json", "console"),
            "auto, json or console",
            "`auto`: for people on a terminal, else JSON lines.",
        ),
    )
    log_level: str = field(
        default="info",
        metadata=told(
            one_of("debug", "info", "warning", "error"),
            "debug, info, warning or error",
            "`info` is one line per finished unit of work.",
        ),
    )

    @property
    def recipes_folder(self) -> Path:
        return self.recipes_dir if self.recipes_dir is not None else self.data_dir / "recipes"

    @property
    def archive_place(self) -> str:
        if self.archive is None:
            return str(self.data_dir / "archive")
        return self.archive if "://" in self.archive else str(Path(self.archive).expanduser())

    @property
    def worker_count(self) -> int:
        """Processes to start: as asked, else one for each core that this process may use."""
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return self.workers or allowed or 1


def about_settings() -> tuple[About, ...]:
    """Return what is to be known about each setting, in their order."""
    return tuple(
        About(
            name=PREFIX + each.name.upper(),
            unit=each.metadata["unit"],
            default=each.metadata["shown"] or _shown(each.default),
            reason=each.metadata["reason"],
            is_secret=each.metadata["is_secret"],
        )
        for each in fields(Settings)
    )


def _shown(default: object) -> str:
    return "none" if default in (None, "", ()) else f"`{default}`"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of this environment. Raises Misconfigured, naming the variable and what it may be.

    An empty variable counts as unset, because compose files pass `${NAME:-}` on.
    """
    values: dict[str, Any] = {}
    for each in fields(Settings):
        name = PREFIX + each.name.upper()
        given = _given(environ, name, is_secret=each.metadata["is_secret"])
        if not given:
            continue
        try:
            values[each.name] = each.metadata["parse"](given)
        except ValueError as error:
            shown = "its value" if each.metadata["is_secret"] else repr(given)
            raise Misconfigured(f"{name}: {shown} is not {each.metadata['unit']} ({error})") from error
    _refuse_near_misses(environ)
    if "database_url" in values and (password := values.get("database_password")):
        values["database_url"] = with_password(values["database_url"], password)
    return Settings(**values)


def with_password(database_url: str, password: str) -> str:
    """Return the URL, or the `key=value` form, with that password unless it already has one."""
    scheme, mark, rest = database_url.partition("://")
    if not mark:
        quoted = password.replace("\\", "\\\\").replace("'", "\\'")
        return database_url if "password=" in database_url else f"{database_url} password='{quoted}'"
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at or ":" in user:
        return database_url
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}{slash}{path}"


def _given(environ: Mapping[str, str], name: str, *, is_secret: bool) -> str:
    direct = environ.get(name, "").strip()
    path = environ.get(name + FILE_SUFFIX, "").strip() if is_secret else ""
    if not path:
        return direct
    if direct:
        raise Misconfigured(f"{name} and {name}{FILE_SUFFIX} are both set: keep one")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name}{FILE_SUFFIX}: cannot read {path}: {error}") from error


def _refuse_near_misses(environ: Mapping[str, str]) -> None:
    """A setting with a slip in its name would silently do nothing; names that resemble none may be somebody else's."""
    known = [about.name for about in about_settings()]
    known += [about.name + FILE_SUFFIX for about in about_settings() if about.is_secret]
    for name in sorted(environ):
        if name.startswith(PREFIX) and not name.startswith(TESTS_PREFIX) and name not in known:
            near = difflib.get_close_matches(name.removeprefix(PREFIX), [n.removeprefix(PREFIX) for n in known], 1, 0.8)
            if near:
                raise Misconfigured(f"there is no setting {name}; did you mean {PREFIX}{near[0]}?")
