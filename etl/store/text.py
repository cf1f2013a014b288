"""What Postgres can hold as text: no NUL, no lone surrogate (both occur in JSON-LD escapes of real pages)."""

from __future__ import annotations

NULL = r"\N"
"""No value, in the text form of COPY."""
SPECIAL = ("\\", "\t", "\n", "\r", "\0")
"""What the text form of COPY cannot hold as it is; NUL cannot be stored at all."""
_QUOTED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": None})


def storable(text: str) -> str:
    """Return *text* as Postgres can hold it: NUL dropped, a lone surrogate replaced by `?`."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def in_copy(text: str) -> str:
    """Return *text* as a field of COPY in its text form, NUL dropped."""
    return text.translate(_QUOTED)
