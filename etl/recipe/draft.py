"""A first recipe for a site, as text for a person to read, try and correct."""

from __future__ import annotations

import json
from collections.abc import Sequence

from etl.recipe.rules import DEFAULT_FOLLOW_DEPTH, DEFAULT_FOLLOW_PER_DAY, SourceRule

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


def draft(
    home: str,
    *,
    sources: Sequence[SourceRule],
    language: str | None = None,
    country: str | None = None,
    zone: str | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Return the TOML of a recipe for *home*; what is not known stands there as a comment to fill in.

    *notes* become comments at the top, one line each. The text reads back through `read_recipe` to the same values.
    """
    lines = [f"# {_one_line(note)}" for note in notes]
    lines.append(f"home = {_quoted(home)}")
    for key, value, example in (
        ("language", language, "fr"),
        ("country", country, "FR"),
        ("zone", zone, "Europe/Paris"),
    ):
        lines.append(f"{key} = {_quoted(value)}" if value else f'# {key} = "{example}"')
    for source in sources:
        lines += ["", "[[sources]]", *_source_lines(source, site_zone=zone)]
    lines += [
        "",
        "# Pages of the site that are no articles, as in robots.txt:",
        "# [fetch]",
        '# deny = ["/games/", "/*/live$"]',
        "",
        "# Only where the generic way falls short (`news-etl explain URL` shows what it finds):",
        "# [extract]",
        '# body = "div.article-text"',
        '# drop = ["div.newsletter"]',
        "",
    ]
    return "\n".join(lines)


def _source_lines(source: SourceRule, *, site_zone: str | None) -> list[str]:
    values: list[tuple[str, str | None]] = [
        ("name", None if source.name.isdigit() else source.name),
        ("kind", source.kind),
        ("url", source.url),
        ("interval", _span(source.interval_s)),
        ("fastest", _span(source.fastest_s)),
        ("slowest", _span(source.slowest_s)),
        ("cron", source.cron),
        ("zone", source.zone if source.zone != site_zone else None),
        ("selector", source.selector),
    ]
    lines = [f"{key} = {_quoted(value)}" for key, value in values if value is not None]
    if source.follow:
        lines.append(f"follow = [{', '.join(map(_quoted, source.follow))}]")
        if source.follow_depth != DEFAULT_FOLLOW_DEPTH:
            lines.append(f"follow_depth = {source.follow_depth}")
        if source.follow_per_day != DEFAULT_FOLLOW_PER_DAY:
            lines.append(f"follow_per_day = {source.follow_per_day}")
    return lines


def _span(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds % size == 0), ("s", 1))
    return f"{seconds / size:g}{unit}"


def _quoted(text: str) -> str:
    # A JSON string without escaped surrogate pairs is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return " ".join(part for part in text.split() if part.isprintable())
