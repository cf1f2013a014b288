"""What went wrong between us and a host: one of our errors, in words for people.

The libraries tell it for programmers, in the forms of their objects (`GuardedTlsPool(host=…): Read timed out.`), and these words
stand on the status page, in `doctor` and in the column `detail`.
"""

from __future__ import annotations

import http.client
import re
import ssl

from urllib3 import exceptions
from urllib3.util import parse_url

from etl.errors import NewsEtlError, Transient

OBJECT = re.compile(r"^(?:\w+\(.*?\)|<.*?>|_ssl\.c:\d+): ")
"""What urllib3 and ssl put before their words."""
BEGINNING_LENGTH = 60
"""So much of what should have been HTTP is shown."""


def error_of(error: Exception, url: str) -> NewsEtlError:
    """Return our error for one of urllib3's, the socket's or the TLS library's. An unknown one is a bug and is raised again."""
    cause = error.args[1] if isinstance(error, exceptions.ProtocolError) and len(error.args) > 1 else error
    for classes, code, words in FAILURES:
        if isinstance(error, classes) or isinstance(cause, classes):
            return Transient(f"{words}: {url} ({_place(url)}: {_words(error)})", code=code)
    raise error


def _place(url: str) -> str:
    parts = parse_url(url)
    return f"{parts.host}, port {parts.port or (443 if parts.scheme == 'https' else 80)}"


def _words(error: BaseException) -> str:
    """Return what happened, as the innermost error knows it."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate was refused, {error.verify_message.rstrip('.')}"
        case ssl.SSLError() if error.reason:
            return f"TLS failed, {error.reason.lower().replace('_', ' ')}"
        case http.client.RemoteDisconnected():
            return "closed without an answer"
        case http.client.BadStatusLine():
            return f"it begins with {str(error.args[0]).strip()[:BEGINNING_LENGTH]!r}"
        case exceptions.IncompleteRead() | http.client.IncompleteRead():
            came = error.partial if isinstance(error.partial, int) else len(error.partial)
            return f"{came} bytes came" + (f", {error.expected} more were to come" if error.expected else "")
        case OSError() if error.strerror:
            return error.strerror
        case _:
            inner = next((each for each in (*error.args[:2], error.__cause__) if isinstance(each, BaseException)), None)
            return OBJECT.sub("", str(error)) or type(error).__name__ if inner is None else _words(inner)


# The first that fits counts, because the classes overlap: NewConnectionError is a ConnectTimeoutError, a time-out is an OSError.
FAILURES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    ((exceptions.NameResolutionError,), "dns", "the name has no address"),
    ((exceptions.NewConnectionError, exceptions.ProxyError), "connect", "no connection"),
    ((TimeoutError, exceptions.TimeoutError), "timeout", "no answer in time"),
    ((exceptions.SSLError, ssl.SSLError), "tls", "no trusted connection"),
    ((exceptions.IncompleteRead, http.client.IncompleteRead), "truncated", "the answer breaks off"),
    ((http.client.RemoteDisconnected, ConnectionError), "reset", "the connection broke"),
    (
        (exceptions.ProtocolError, exceptions.InvalidHeader, http.client.HTTPException, ValueError),
        "bad_answer",
        "not an HTTP answer",
    ),
    ((exceptions.HTTPError, OSError), "reset", "the connection broke"),
)
