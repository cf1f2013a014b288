"""What comes of asking for a URL, when it is no error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO

from etl.fetch.spool import Spool
from etl.model import Capture

PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that is in the archive, and its decoded body, so that nobody has to read it back."""

    capture: Capture
    held: bytes | Spool
    """The body of a large source is spooled."""
    wire_bytes: int
    """What it cost both sides."""
    took_s: float

    @property
    def body(self) -> bytes:
        """All of it, in memory."""
        return self.held.stream().read() if isinstance(self.held, Spool) else self.held

    def stream(self) -> BinaryIO:
        """Return the body from its beginning; one reader at a time."""
        return self.held.stream() if isinstance(self.held, Spool) else BytesIO(self.held)


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: nothing new since the validators we sent."""

    url: str
    etag: str | None
    last_modified: str | None
    fetched_at: datetime
    took_s: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect that `may_follow` told us not to follow: the target belongs to another host's queue."""

    url: str
    """That answered with the redirect."""
    target: str
    status: int
    redirects: tuple[tuple[int, str], ...]
    """All so far, this one included."""
    fetched_at: datetime
    took_s: float

    @property
    def is_permanent(self) -> bool:
        """Whether every redirect on the way was a permanent one, so that the page folds into its target."""
        return bool(self.redirects) and all(status in PERMANENT for status, _ in self.redirects)
