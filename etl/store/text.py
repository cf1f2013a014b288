"""What Postgres can hold as text: no NUL, no lone surrogate (both occur in JSON-LD escapes of real pages)."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return *text* as Postgres can hold it: NUL dropped, a lone surrogate replaced by `?`."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
