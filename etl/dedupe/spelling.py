"""One pass of folding: the text of a URL → its name, and which rules were needed.

`canonical.fold` repeats this until nothing changes; *which* names and labels fold is data (`url_rules`), *how* is here. The order
is that of a browser (URL Standard, 4.4): white space, scheme, host, port, path, query, fragment.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

from etl.dedupe.url_rules import (
    ALWAYS_LABELS,
    DEVICE_LABELS,
    HOSTS,
    PUBLIC_LABELS,
    REDIRECTORS,
    Redirector,
    is_tracking,
    site_rules,
)

URL_MAX_CHARS = 8192
"""Longer addresses are refused: RFC 9110 asks for 8,000 octets, and no article of the corpora has more than 400."""
UNWRAP_MAX = 5
"""Redirectors inside redirectors that are followed: only hostile input has more."""


class BadUrlError(ValueError):
    """The text is not the address of a web page; the message says why."""


_PARTS = re.compile(r"(?:(https?):/*|//)([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_DOUBLED_SCHEME = re.compile(r"(?:https?:/*)+(?=https?://)", re.IGNORECASE)
_EDGES = "".join(map(chr, range(0x21)))
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HOST = re.compile(r"(?=.{1,253}\Z)(?!.*\.\.)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
# `cache:Abc123:https://…`, as search engines' caches name a page.
_CACHED = re.compile(r"\Acache:(?:[\w-]+:)?(?=https?:)")
_CDATA = re.compile(r"\A<!\[CDATA\[(.*)\]\]>\Z", re.DOTALL)
# Raw quotes and angle brackets cannot stand in an address: what follows is markup that a sloppy source left in.
_MARKUP = re.compile(r"[\"<>]")
_NUMBERED_WWW = re.compile(r"www-?\d{0,3}")
_SESSION = re.compile(
    r";(?:jsessionid|phpsessid|sessionid|sid)=[^/;]*"
    # Cookieless sessions of ASP.NET stand in a segment of their own: /(S(lit3py55t21z5v55vlm25s55))/
    r"|/\((?:[A-Z]\([^()/]*\))+\)(?=/|\Z)",
    re.IGNORECASE,
)
_SLASHES = re.compile(r"/{2,}")
_LATE_QUERY = re.compile(r"(?:\?|%3F)(?=utm_|fbclid=|gclid=|xtor=)", re.IGNORECASE)

# (rule, pattern): of what is found only the group stays. Most need a word in front, so that `/amp` alone stays a page.
_PATH_RULES = tuple(
    (rule, re.compile(pattern, re.IGNORECASE))
    for rule, pattern in (
        ("amp", r"([^/])/(?:amp|amphtml|amp\.html?)/?\Z"),
        ("amp", r"([^/])\.(?:amp|amphtml)/?\Z"),
        ("amp", r"([^/])[._-]amp(?=\.html?/?\Z)"),
        # Without an extension `-amp` may be a word (`guitar-amp`) unless it follows an id.
        ("amp", r"(\d)-amp/?\Z"),
        ("amp", r"\A()/amp(?=/[^/])"),
        # The second segment counts only in front of something like an article: `/music/amp/reviews` may be a topic.
        ("amp", r"\A(/[^/]+)/amp(?=/(?:[^/]+/)*[^/]*(?:-[^/]*-|\d{4})[^/]*\Z)"),
        ("amp", r"(/)amp_(?=[a-z]+/)"),
        ("amp", r"([a-z])_amp(?=/)"),
        ("print", r"([^/])/(?:print|printable|print-?version|imprimir|drucken|druckversion)/?\Z"),
        ("print", r"([^/])\.print(?:/?\Z|(?=\.html?/?\Z))"),
        ("print", r"(\d)[-_](?:print|druck)(?=\.html?/?\Z)"),
        ("index", r"()/(?:index|default)(?:\.(?:x?html?|shtml|php[3-7]?|phtml|aspx?|jsp|cfm|cgi|do))?/?\Z"),
    )
)
_PATH_HINT = re.compile(r"amp|print|druck|imprimir|index|default|;|/\(", re.IGNORECASE)

_PATH_SAFE = "/!$&'()*+,;=:@"
_ROUTE_SAFE = _PATH_SAFE + "?#"
_QUERY_SAFE = "!$'()*,/:;@?"
_PATH_PLAIN = re.compile(r"[A-Za-z0-9._~/!$&'()*+,;=:@-]*", re.ASCII)
_QUERY_PLAIN = re.compile(r"[A-Za-z0-9._~!$'()*,/:;@?-]*", re.ASCII)


def spell(url: str, rules: list[str]) -> str:
    """Return the name of the page after one pass, and add to *rules* what was folded. Raises BadUrlError."""
    for _ in range(UNWRAP_MAX):
        host, port, path, query, fragment = _split(url, rules)
        target = _target(host, path, query)
        if target is None:
            break
        rules.append("redirector")
        url = target
    else:
        raise BadUrlError("too many redirectors inside one another")
    name = host_name(host)
    if name != host:
        rules.append("host")
    path = _path(path, rules)
    pairs = _pairs(query, name, rules)
    if len(pairs) == 1 and pairs[0][0] == "_escaped_fragment_" and pairs[0][1]:
        # Google's scheme for crawlers of 2009: the query stands for the route behind `#!`.
        rules.append("escaped_fragment")
        fragment, pairs = "!" + _quote(pairs[0][1], _ROUTE_SAFE), []
    text = "&".join(_quote_pair(key) + ("=" + _quote_pair(value) if value else "") for key, value in pairs)
    route = _route(fragment, rules)
    return f"https://{name}{port}{path}{'?' + text if text else ''}{'#' + route if route else ''}"


def _split(url: str, rules: list[str]) -> tuple[str, str, str, str, str]:
    """Return host, port (with colon, or empty), path, query and fragment."""
    if len(url) > URL_MAX_CHARS:
        raise BadUrlError(f"{len(url)} characters are more than {URL_MAX_CHARS}")
    # Browsers drop line breaks and tabs inside an address (URL Standard, 4.4) and read a backslash as a slash.
    url = url.strip(_EDGES).replace("\t", "").replace("\n", "").replace("\r", "")
    if _MARKUP.search(url):
        url = _MARKUP.split(_CDATA.sub(r"\1", url).strip(_EDGES), maxsplit=1)[0].rstrip(_EDGES + "&")
    if _FORBIDDEN.search(url):
        raise BadUrlError("control characters or lone surrogates")
    doubled = _DOUBLED_SCHEME.match(url)
    if doubled is not None:
        url = url[doubled.end() :]
    head, mark, tail = url.partition("?")
    if "\\" in head:
        url = head.replace("\\", "/") + mark + tail
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise BadUrlError(f"not an absolute http address: {url[:80]!r}")
    scheme, authority, path, query, fragment = parts.groups()
    if scheme != "https":
        rules.append("scheme")
    host, port = _authority(authority, rules)
    return host, port, path, query or "", fragment or ""


def _authority(authority: str, rules: list[str]) -> tuple[str, str]:
    host = authority.rpartition("@")[2]
    port = ""
    if not host.endswith("]"):
        head, colon, digits = host.rpartition(":")
        if colon:
            host, port = head, _port(digits)
            rules.append("port")
    if "%" in host:
        host = unquote_to_bytes(host).decode("utf-8", "replace")
    host = (host.lower() if host.isascii() else _ascii_host(host)).rstrip(".")
    if not is_host(host):
        raise BadUrlError(f"no host: {host[:80]!r}")
    return host, port


def is_host(text: str) -> bool:
    """Say whether *text* can be a host in its ASCII form, or an address literal."""
    return _HOST.fullmatch(text) is not None


def _port(digits: str) -> str:
    if not digits:
        return ""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 5 or int(digits) > 65_535:
        raise BadUrlError(f"no port: {digits[:20]!r}")
    number = int(digits)
    return "" if number in {80, 443} else f":{number}"


def _ascii_host(host: str) -> str:
    # RFC 5891 without its tables: NFKC and lower case, then punycode. Keeps ß and ς apart from ss and σ, as registries do today.
    labels = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", host).lower()).replace("。", ".").split(".")
    try:
        return ".".join(_ascii_label(label) for label in labels)
    except UnicodeError as error:
        raise BadUrlError(f"no host: {host[:80]!r}") from error


def _ascii_label(label: str) -> str:
    if len(label) > 63:
        raise BadUrlError(f"a label of {len(label)} characters in the host")
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii").lower()


@lru_cache(maxsize=4096)
def host_name(host: str) -> str:
    """Drop the labels that choose a device or a server, and fold known other names of the host."""
    labels = host.split(".")
    while len(labels) > 2:
        rest_is_public = len(labels) == 3 and labels[1] in PUBLIC_LABELS and len(labels[2]) == 2
        if (
            labels[0] in ALWAYS_LABELS
            or _NUMBERED_WWW.fullmatch(labels[0])
            or (labels[0] in DEVICE_LABELS and not rest_is_public)
        ):
            labels = labels[1:]
        elif len(labels) > 3 and labels[1] in DEVICE_LABELS and len(labels[0]) in {2, 3}:
            labels = [labels[0], *labels[2:]]  # en.m.wikipedia.org
        else:
            break
    name = ".".join(labels)
    if name.endswith(".translate.goog"):
        # Google Translate writes the host's dots as hyphens and its hyphens twice.
        inner = name[: -len(".translate.goog")].replace("--", "\0").replace("-", ".").replace("\0", "-")
        return host_name(inner) if is_host(inner) else name
    return HOSTS.get(name, name)


@lru_cache(maxsize=4096)
def redirectors(host: str) -> tuple[Redirector, ...]:
    """Return the rules for addresses of *host* that only lead elsewhere."""
    return tuple(rule for rule in REDIRECTORS if rule.host.fullmatch(host))


def _target(host: str, path: str, query: str) -> str | None:
    """Return where a known redirector leads, or None."""
    for rule in redirectors(host):
        found = rule.path.fullmatch(path or "/")
        if found is None:
            continue
        if not rule.params:
            if rule.to:
                return rule.to + found.group(1)
            inner = _inner_url(found.group(1))
            return f"{inner}?{query}" if query else inner
        given = dict(reversed(_raw_pairs(query)))
        for param in rule.params:
            value = _CACHED.sub("", given.get(param, ""))
            if value.startswith(("http://", "https://", "//")):
                return value
    return None


def _inner_url(inner: str) -> str:
    """Return the address inside a path: `s/host/…` is https, and a slash after the scheme may have been folded away."""
    if inner.startswith("s/"):
        return "https://" + inner[2:]
    return inner if inner.startswith(("http:/", "https:/", "//")) else "https://" + inner


def _path(path: str, rules: list[str]) -> str:
    if _PATH_PLAIN.fullmatch(path) is None:
        quoted = _quote_path(path)
        if quoted != path:
            rules.append("encoding")
            path = quoted
    if "//" in path or "/." in path:
        rules.append("dots")
        path = _without_dots(_SLASHES.sub("/", path))
    if _PATH_HINT.search(path):
        shorter = _SESSION.sub("", path)
        if shorter != path:
            rules.append("session")
            path = shorter
        for rule, pattern in _PATH_RULES:
            shorter = pattern.sub(r"\1", path)
            if shorter != path:
                rules.append(rule)
                path = shorter
    return path.rstrip("/")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def _raw_pairs(query: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_decode(name), _decode(value)))
    return pairs


def _pairs(query: str, host: str, rules: list[str]) -> list[tuple[str, str]]:
    """Return the parameters that may select content, sorted by name; the values of one name keep their order."""
    if not query:
        return []
    if "amp;" in query:
        query = query.replace("&amp;", "&")
    if "?" in query or "%3" in query:
        query = _LATE_QUERY.sub("&", query)
    site = site_rules(host)
    kept: list[tuple[str, str]] = []
    for name, value in _raw_pairs(query):
        if is_tracking(name.lower().lstrip("?"), value, site):
            rules.append("tracking")
        elif name or value:
            kept.append((name, value))
    ordered = sorted(kept, key=_pair_name)
    if ordered != kept:
        rules.append("order")
    return ordered


def _pair_name(pair: tuple[str, str]) -> str:
    return pair[0]


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return _composed(unquote_to_bytes(text.replace("+", " ")))


def _composed(octets: bytes) -> str:
    """Decode, with one form for letters that may be written with a combining accent; bytes that are not UTF-8 are kept."""
    text = octets.decode("utf-8", "surrogateescape")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _quote_pair(text: str) -> str:
    if _QUERY_PLAIN.fullmatch(text):
        return text
    return _quote(text, _QUERY_SAFE + " ").replace(" ", "+")


def _quote(text: str, safe: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe=safe)


def _quote_path(path: str) -> str:
    # An encoded slash is not a slash (RFC 3986, 2.2): it is kept apart while everything else is decoded and encoded again.
    parts = re.split("%2[fF]", path)
    texts = (_composed(unquote_to_bytes(part)) for part in parts)
    return "%2F".join(_quote(text, _PATH_SAFE) for text in texts)


def _route(fragment: str, rules: list[str]) -> str:
    """Return a fragment that selects content: the routes of single-page applications, `#!…` and `#/…`."""
    if not fragment:
        return ""
    if fragment.startswith(("!", "/")) and fragment.strip("!/"):
        return quote_from_bytes(unquote_to_bytes(fragment), safe=_ROUTE_SAFE)
    rules.append("fragment")
    return ""
