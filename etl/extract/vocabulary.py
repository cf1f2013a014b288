"""The word lists of `markup_words.toml`: what themes, content systems and bylines call things."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


def words(table: str, name: str) -> tuple[str, ...]:
    """Return one list in the order it is written."""
    return tuple(word for part in _tables()[table][name].split(";") if (word := " ".join(part.split())))


@cache
def _tables() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("etl.extract") / "markup_words.toml").read_text("utf-8"))
