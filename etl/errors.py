"""What can go wrong, sorted by what to do about it.

Each error has a stable `code`: the outcome column, the label on the status page and a row in docs/operations.md.
An exception of any other class is a bug: it fails the job loudly, and the page is kept for replay.
"""

from __future__ import annotations

from datetime import datetime


class NewsEtlError(Exception):
    """Carries a stable `code` beside the words for a person."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class TryLater(NewsEtlError):
    """The host asked for patience (429, 503, busy): no failure. `at` says when to come back."""

    code = "try_later"

    def __init__(self, message: str, *, at: datetime, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.at = at


class Transient(NewsEtlError):
    """It may work next time (timeout, reset, 5xx): back off with jitter."""

    code = "transient"


class Refused(NewsEtlError):
    """The other side, or our own rules, said no (robots, 401/403/451, 404/410, type, too large): rare re-check."""

    code = "refused"


class Unreadable(NewsEtlError):
    """The bytes are here but hold nothing we can read (no article, broken feed)."""

    code = "unreadable"


class Misconfigured(NewsEtlError):
    """A person must change a setting, a recipe or the machine; the message says which and how."""

    code = "misconfigured"
