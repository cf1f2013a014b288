"""The rule data of `url_rules.toml`, compiled once: which parts of a URL never select content.

Nothing here decides anything; `canonical.py` asks. Reading the file at import keeps the calls pure and costs 2 ms once.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple, cast

_LABEL = re.compile(r"(?=[^a-z]*[a-z])[a-z0-9_.|:-]{1,40}", re.IGNORECASE)


class Redirector(NamedTuple):
    host: re.Pattern[str]
    path: re.Pattern[str]
    params: tuple[str, ...]
    to: str
    """Where the first group of the path is put behind; empty when that group is an address itself."""


def _table(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", _DATA[name])


def _site(names: list[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    exact = frozenset(name.lower() for name in names if not name.endswith("*"))
    return exact, tuple(name[:-1].lower() for name in names if name.endswith("*"))


_DATA: dict[str, Any] = tomllib.loads(
    resources.files("etl.dedupe").joinpath("url_rules.toml").read_text(encoding="utf-8")
)
TRACKING_NAMES = frozenset(cast("str", name).lower() for name in _table("tracking")["names"])
TRACKING_PREFIXES = tuple(cast("list[str]", _table("tracking")["prefixes"]))
VALUED = {name: frozenset(cast("list[str]", values)) for name, values in _table("valued").items()}
SITES = {host: _site(cast("list[str]", names)) for host, names in _table("sites").items()}
HOSTS = cast("dict[str, str]", _table("hosts"))
ALWAYS_LABELS = tuple(cast("list[str]", _table("labels")["always"]))
CHANNELS = frozenset(cast("list[str]", _table("channels")["words"]))
DEVICE_LABELS = frozenset(cast("list[str]", _table("labels")["device"]))
PUBLIC_LABELS = frozenset(cast("list[str]", _table("labels")["public"]))
LANGUAGES = frozenset(cast("str", _table("places")["languages"]).split())
WALLS = frozenset(cast("list[str]", _table("places")["walls"]))
PAGE_NUMBERS = frozenset(cast("list[str]", _table("places")["page_numbers"]))
REDIRECTORS = tuple(
    Redirector(re.compile(rule["host"]), re.compile(rule["path"]), tuple(rule.get("param", ())), rule.get("to", ""))
    for rule in cast("list[dict[str, Any]]", _DATA["redirector"])
)


def is_tracking(name: str, value: str, site: tuple[frozenset[str], tuple[str, ...]] | None) -> bool:
    """Say whether the parameter never changes the page. `name` is lower-case and both are decoded."""
    if name in TRACKING_NAMES or name.startswith(TRACKING_PREFIXES):
        return True
    if site is not None and (name in site[0] or name.startswith(site[1])):
        return True
    values = VALUED.get(name)
    return values is not None and _has_value(values, value.lower())


def _has_value(values: frozenset[str], value: str) -> bool:
    if value in values or "*" in values:
        return True
    if "#word" in values and (value in CHANNELS or not value):
        return True
    if "#label" in values:
        return not value or _LABEL.fullmatch(value) is not None
    if "#session" in values:
        return len(value) >= 24 and value.isalnum()
    return any(rule != "*" and _wild(rule, value) for rule in values if "*" in rule)


def _wild(rule: str, value: str) -> bool:
    return value.endswith(rule[1:]) if rule.startswith("*") else value.startswith(rule[:-1])


@lru_cache(maxsize=4096)
def site_rules(host: str) -> tuple[frozenset[str], tuple[str, ...]] | None:
    """Return the names dropped on *host* or on the nearest host above it."""
    while host:
        rules = SITES.get(host)
        if rules is not None:
            return rules
        host = host.partition(".")[2]
    return None
