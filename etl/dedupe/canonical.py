"""One name for one page: the canonical spelling of a URL, and when to believe a page that declares another.

The canonical form is a **name, not an address**. It says `https`, has no `www.`, no port 80 or 443, no trailing slash and no
`index.html`, although the host may answer under another spelling only: fetch the URL as found, compare and store by the
canonical one. It is what two spellings share, so it is idempotent (`canonical(canonical(u)) == canonical(u)`) and never
touches what selects content: path case, parameters nobody listed as tracking, `#!` and `#/` routes, language labels and
paths.

Rule data live in `url_rules.toml`. `url_key` is the 128-bit BLAKE2b of the canonical form and stays what it is for ever *for
a given canonical form*; a new rule changes the form of the URLs it folds. Stored variants (`page_urls`) keep their old keys,
so a lookup by the old spelling still finds its page, and a redigest joins those that the new rule has made equal.

Guards on declared canonicals: `believable_canonical`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

from etl.dedupe.url_rules import (
    ALWAYS_LABELS,
    DEVICE_LABELS,
    HOSTS,
    PUBLIC_LABELS,
    REDIRECTORS,
    is_tracking,
    site_rules,
)

URL_MAX_CHARS = 8192
"""Longer addresses are refused: RFC 9110 asks for 8,000 octets, and no article of the corpora has more than 400."""
UNWRAP_MAX = 5
"""Redirectors inside redirectors that are followed; a cycle cannot be longer than the text, this only bounds hostile input."""
CACHED_URLS = 16_384
"""A site repeats its navigation on every page: most links of a page were folded a moment ago. About 6 MB."""


class BadUrlError(ValueError):
    """The text is not the address of a web page; the message says why."""


_PARTS = re.compile(r"(?:(https?):/*|//)([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_DOUBLED_SCHEME = re.compile(r"(?:https?:/*)+(?=https?://)", re.IGNORECASE)
_EDGES = "".join(map(chr, range(0x21)))
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HOST = re.compile(r"(?=.{1,253}\Z)(?!.*\.\.)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
# Already canonical, or one `www.` or `/` away: most links. Whatever a path rule may touch goes the long way.
_CLEAN = re.compile(
    r"https?://(?:www\.)?((?!www\d*\.|xn--)[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)((?:/[\w~!$'()*,@-][\w.~!$'()*,@-]*)*)/?",
    re.ASCII,
)
_SUSPECT = re.compile(r"/(?:index|default)\b|amp(?![a-z])|(?<![a-z])amp|print|druck|imprimir|/\(", re.IGNORECASE)
_NUMBERED_WWW = re.compile(r"www?\d{0,3}|www-?\d{1,3}")

_SESSION_PATH = re.compile(
    r";(?:jsessionid|phpsessid|sessionid|sid)=[^/;]*|/\((?:[A-Z]\([^()/]*\))+\)(?=/|\Z)", re.IGNORECASE
)
_INDEX = re.compile(
    r"/(?:index|default)(?:\.(?:x?html?|shtml|php[3-7]?|phtml|aspx?|jsp|cfm|cgi|do))?/?\Z", re.IGNORECASE
)
_AMP_TAIL = re.compile(
    r"(?<=[^/])(?:/amp|\.amp|/amp\.html?|\.amphtml|/amphtml)/?\Z|(?<=.)[._](?:amp)(?=\.html?\Z)|(?<=\d)-amp(?=(?:\.html?)?/?\Z)|-amp(?=\.html?\Z)",
    re.IGNORECASE,
)
_AMP_HEAD = re.compile(r"\A/amp(?=/.)", re.IGNORECASE)
# `/news/amp/world-68012345`: the second segment counts only in front of something like a slug, since `/music/amp/` may be a topic.
_AMP_SECOND = re.compile(r"\A(/[^/]+)/amp(?=/(?:[^/]+/)*[^/]*(?:-[^/]*-|\d{4})[^/]*\Z)", re.IGNORECASE)
_AMP_WORD = re.compile(r"(?<=/)amp_(?=[a-z]+/)|(?<=[a-z])_amp(?=/)", re.IGNORECASE)
_PRINT_TAIL = re.compile(
    r"(?<=[^/])(?:/(?:print|printable|print-version|printversion|imprimir|drucken|druckversion)|\.print)/?\Z|(?<=\d)[-_.](?:print|druck)(?=\.html?\Z)|\.print(?=\.html?\Z)",
    re.IGNORECASE,
)
_SLASHES = re.compile(r"/{2,}")
_LATE_QUERY = re.compile(r"(?:\?|%3F)(?=(?:utm_|fbclid=|gclid=|xtor=))", re.IGNORECASE)
_PATH_SAFE = "/!$&'()*+,;=:@"
_QUERY_SAFE = "!$'()*,/:;@?"
_PATH_PLAIN = re.compile(r"[A-Za-z0-9._~/!$&'()*+,;=:@-]*", re.ASCII)
_QUERY_PLAIN = re.compile(r"[A-Za-z0-9._~!$'()*,/:;@?-]*", re.ASCII)
_ROUTE = re.compile(r"!?/?[^/!]")


def canonical(url: str) -> str:
    """Return the canonical spelling of *url*; raise BadUrlError when it is not the absolute address of a web page."""
    return fold(url)[0]


@lru_cache(maxsize=CACHED_URLS)
def fold(url: str) -> tuple[str, tuple[str, ...]]:
    """Return the canonical spelling and the names of the rules that were needed, in order of application.

    Raises BadUrlError for anything but http and https (`//host/path` counts as https), for more than URL_MAX_CHARS characters,
    control characters, lone surrogates, and hosts or ports that cannot be.
    """
    clean = _CLEAN.fullmatch(url) if len(url) < 1000 else None
    if clean is not None and _SUSPECT.search(url) is None:
        host, path = clean.groups()
        if host not in HOSTS and _host_name(host) == host:
            name = f"https://{host}{path}"
            return name, (() if name == url else ("spelling",))
    rules: list[str] = []
    name = _fold(url, rules)
    if name != url and not rules:
        rules.append("spelling")
    return name, tuple(dict.fromkeys(rules))


def url_key(url: str) -> uuid.UUID:
    """Return the 128-bit key of the page: BLAKE2b of the canonical form in UTF-8. Equal for ever for equal canonical forms."""
    return uuid.UUID(bytes=hashlib.blake2b(canonical(url).encode(), digest_size=16).digest())


def host_of(url: str) -> str:
    """Return the canonical host (no `www.`, no device label, ASCII), with its port when that is not 80 or 443."""
    return canonical(url)[8:].partition("/")[0].partition("?")[0].partition("#")[0]


def _fold(url: str, rules: list[str]) -> str:
    for _ in range(UNWRAP_MAX):
        host, port, path, query, fragment = _split(url, rules)
        target = _target(host, path, query)
        if target is None:
            break
        rules.append("redirector")
        url = target
    else:
        raise BadUrlError("too many redirectors inside one another")
    name = _host_name(host)
    if name != host:
        rules.append("host")
    path = _path(path, rules)
    pairs = _pairs(query, name, rules)
    if pairs and pairs[0][0] == "_escaped_fragment_" and len(pairs) == 1:
        fragment, pairs = "!" + pairs[0][1], []
    query_text = "&".join(
        f"{_quote(k, _QUERY_SAFE, plus=True)}{'=' + _quote(v, _QUERY_SAFE, plus=True) if v else ''}" for k, v in pairs
    )
    route = _route(fragment, rules)
    return f"https://{name}{port}{path}{'?' + query_text if query_text else ''}{'#' + route if route else ''}"


def _split(url: str, rules: list[str]) -> tuple[str, str, str, str, str]:
    if len(url) > URL_MAX_CHARS:
        raise BadUrlError(f"{len(url)} characters are more than {URL_MAX_CHARS}")
    # Browsers drop line breaks and tabs inside an address (URL Standard, 4.4) and read a backslash as a slash.
    url = url.strip(_EDGES).replace("\t", "").replace("\n", "").replace("\r", "")
    if _FORBIDDEN.search(url):
        raise BadUrlError("control characters or lone surrogates")
    if "://" in url[8:]:
        url = _DOUBLED_SCHEME.sub("", url) if _DOUBLED_SCHEME.match(url) else url
    if "\\" in url.partition("?")[0]:
        head, mark, tail = url.partition("?")
        url = head.replace("\\", "/") + mark + tail
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise BadUrlError(f"not an absolute http address: {url[:80]!r}")
    scheme, authority, path, query, fragment = parts.groups()
    if scheme != "https":
        rules.append("scheme")
    authority, port = _authority(authority, rules)
    return authority, port, path, query or "", fragment or ""


def _authority(authority: str, rules: list[str]) -> tuple[str, str]:
    host = authority.rpartition("@")[2]
    port = ""
    if not host.endswith("]"):
        head, colon, tail = host.rpartition(":")
        if colon:
            if tail and not (tail.isascii() and tail.isdigit() and int(tail[:6]) < 65_536 and len(tail) < 7):
                raise BadUrlError(f"no port: {tail[:20]!r}")
            host, port = head, "" if tail in {"", "80", "443"} else f":{int(tail)}"
            rules.append("port")
    host = host.lower().rstrip(".")
    if "%" in host:
        host = unquote_to_bytes(host).decode(errors="replace").lower()
    if not host.isascii():
        host = _ascii_host(host)
    if _HOST.fullmatch(host) is None:
        raise BadUrlError(f"no host: {host[:80]!r}")
    return host, port


def _ascii_host(host: str) -> str:
    # RFC 5891 without its tables: NFKC and lower case, then punycode. Keeps ß and ς apart from ss and σ, as registries do today.
    labels = unicodedata.normalize("NFKC", host).lower().replace("。", ".").split(".")
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
        )
    except UnicodeError as error:
        raise BadUrlError(f"no host: {host[:80]!r}") from error


@lru_cache(maxsize=4096)
def _host_name(host: str) -> str:
    """Drop the labels that choose a device or a server, and fold known other names of the host."""
    labels = host.split(".")
    while len(labels) > 2:
        rest_is_public = len(labels) == 3 and labels[1] in PUBLIC_LABELS and len(labels[2]) == 2
        if (
            labels[0] in ALWAYS_LABELS
            or (labels[0].startswith("www") and _NUMBERED_WWW.fullmatch(labels[0]))
            or (labels[0] in DEVICE_LABELS and not rest_is_public)
        ):
            labels = labels[1:]
        elif len(labels) > 3 and labels[1] in DEVICE_LABELS and len(labels[0]) in {2, 3}:
            labels = [labels[0], *labels[2:]]  # en.m.wikipedia.org
        else:
            break
    name = ".".join(labels)
    if name.endswith(".translate.goog"):
        name = name[:-15].replace("--", "\0").replace("-", ".").replace("\0", "-")
        return _host_name(name)
    return HOSTS.get(name, name)


def _target(host: str, path: str, query: str) -> str | None:
    """Return where a known redirector leads, or None."""
    for rule in REDIRECTORS:
        if rule.host.fullmatch(host) is None:
            continue
        found = rule.path.fullmatch(path or "/")
        if found is None:
            continue
        if not rule.params:
            inner = found.group(1)
            if inner.startswith("s/"):
                inner = "https://" + inner[2:]
            elif "://" not in inner[:9]:
                inner = (
                    "https://" + inner.replace(":/", "://") if ":/" not in inner[:7] else inner.replace(":/", "://", 1)
                )
            return f"{inner}?{query}" if query else inner
        given = dict(reversed(_raw_pairs(query)))
        for param in rule.params:
            value = given.get(param, "")
            if value.startswith(("http://", "https://", "//")):
                return value
    return None


def _path(path: str, rules: list[str]) -> str:
    if _PATH_PLAIN.fullmatch(path) is None:
        quoted = _quote_path(path)
        if quoted != path:
            rules.append("encoding")
            path = quoted
    before = path
    path = _SESSION_PATH.sub("", path)
    if path != before:
        rules.append("session")
    if "//" in path or "/." in path:
        path = _without_dots(_SLASHES.sub("/", path))
        rules.append("dots")
    for rule, patterns in (
        ("amp", (_AMP_TAIL, _AMP_HEAD, _AMP_SECOND, _AMP_WORD)),
        ("print", (_PRINT_TAIL,)),
        ("index", (_INDEX,)),
    ):
        for pattern in patterns:
            shorter = pattern.sub(r"\1" if pattern is _AMP_SECOND else "", path)
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
    if not query:
        return []
    if "amp;" in query:
        query = query.replace("&amp;", "&")
    if "?" in query or "%3f" in query.lower():
        query = _LATE_QUERY.sub("&", query)
    site = site_rules(host)
    kept: list[tuple[str, str]] = []
    for name, value in _raw_pairs(query):
        if is_tracking(name.lower().lstrip("?"), value, site):
            rules.append("tracking")
        else:
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
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape")


def _quote(text: str, safe: str, *, plus: bool = False) -> str:
    if _QUERY_PLAIN.fullmatch(text):
        return text
    quoted = quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe=safe + (" " if plus else ""))
    return quoted.replace(" ", "+") if plus else quoted


def _quote_path(path: str) -> str:
    # An encoded slash is not a slash (RFC 3986, 2.2): it is kept apart while everything else is decoded and encoded again.
    parts = re.split("%2[fF]", path)
    return "%2F".join(quote_from_bytes(unquote_to_bytes(part), safe=_PATH_SAFE) for part in parts)


def _route(fragment: str, rules: list[str]) -> str:
    if not fragment:
        return ""
    if fragment.startswith(("!", "/")) and _ROUTE.match(fragment):
        return _quote(unquote_to_bytes(fragment).decode("utf-8", "surrogateescape"), _PATH_SAFE + "?")
    rules.append("fragment")
    return ""


def believable_canonical(page_url: str, declared: str, *, is_redirect: bool = False) -> str | None:
    """Return the canonical form of the page that *page_url* declares itself to be, or None when that is not to be believed."""
    try:
        page, other = fold(page_url)[0], fold(declared)[0]
    except BadUrlError:
        return None
    if other.count("/") < 3 and page.count("/") >= 3:
        return None
    return other if is_redirect or host_of(other) == host_of(page) else None
