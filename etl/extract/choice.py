"""One field's value with the rule that gave it, and what lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Choice(Generic[Value]):
    value: Value
    rule: str = ""
    """Empty when no rule gave a value."""
    losers: tuple[tuple[str, str], ...] = ()
    """(rule, value) of each candidate that lost."""


def losers(candidates: Iterable[tuple[str, str]], chosen: str) -> tuple[tuple[str, str], ...]:
    """Return the *candidates* that say something else than *chosen*, each value once."""
    seen = {chosen, ""}
    lost: list[tuple[str, str]] = []
    for rule, value in candidates:
        if value not in seen:
            seen.add(value)
            lost.append((rule, value))
    return tuple(lost)
