"""Which characters the bytes of a page stand for.

The order of the HTML Standard (byte-order mark, transport, declaration) with one change: bytes that are valid UTF-8 beyond ASCII
are UTF-8 whatever was declared, because text in another encoding is valid UTF-8 by accident less than once in a million pages.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from etl.extract import scan

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_DECLARING = (b"charset", b"encoding")
_LANGUAGE = re.compile(rb"""<html\b[^>]{0,400}?\blang\s*=\s*["']?([a-zA-Z]{2})""", re.IGNORECASE)
_HEAD_BYTES = 4096
"""Declarations further down are ignored: the Standard looks at 1,024 bytes, pages with long comments need more."""

_WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}
"""Codecs that browsers read as a superset of what was declared (WHATWG Encoding Standard, section 4.2)."""
_SHIFTED = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "hz"})
"""Encodings whose bytes are all ASCII."""
_BY_LANGUAGE = {
    "ja": ("cp932", "euc_jp"),
    "zh": ("gb18030", "big5hkscs"),
    "ko": ("cp949",),
    "ru": ("cp1251", "koi8_r"),
    "uk": ("cp1251", "koi8_u"),
    "bg": ("cp1251",),
    "sr": ("cp1251", "cp1250"),
    "be": ("cp1251",),
    "mk": ("cp1251",),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "ar": ("cp1256",),
    "fa": ("cp1256",),
    "th": ("cp874",),
    "vi": ("cp1258",),
    "pl": ("cp1250", "iso8859_2"),
    "cs": ("cp1250", "iso8859_2"),
    "sk": ("cp1250", "iso8859_2"),
    "hu": ("cp1250", "iso8859_2"),
    "ro": ("cp1250", "iso8859_2"),
    "hr": ("cp1250", "iso8859_2"),
    "sl": ("cp1250", "iso8859_2"),
    "lt": ("cp1257",),
    "lv": ("cp1257",),
    "et": ("cp1257",),
}
_BEYOND_ASCII = bytes(range(128, 256))
_BROKEN_PER_CHARACTER = 0.02
"""A page that declares UTF-8 and has a few broken bytes (a cut teaser, one pasted comment) is still UTF-8."""


def utf8(body: bytes, *, content_type: str = "") -> bytes:
    """Return *body* as valid UTF-8 without byte-order mark. Bytes that mean nothing become U+FFFD."""
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return _encode(body[len(mark) :].decode(codec, "replace"))
    declared = _declared(body, content_type)
    if body.isascii() and declared not in _SHIFTED:
        return body
    if declared not in _SHIFTED and scan.is_utf8(body):
        return body
    return _encode(_decode(body, declared))


def _decode(body: bytes, declared: str) -> str:
    if wide := _wide(body):
        return body.decode(wide, "replace")
    lenient = body.decode("utf-8", "replace")
    broken = lenient.count("\ufffd")
    beyond_ascii = len(lenient) - len(body.translate(None, _BEYOND_ASCII))
    if declared in ("", "utf-8") and broken <= _BROKEN_PER_CHARACTER * beyond_ascii:
        return lenient
    if declared not in ("", "utf-8"):
        return body.decode(declared, "replace")
    language = _LANGUAGE.search(body[:_HEAD_BYTES])
    for codec in _BY_LANGUAGE.get(language[1].decode("ascii").lower() if language else "", ()):
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", "replace")


def _declared(body: bytes, content_type: str) -> str:
    """Return the Python codec that the header or else the page's head names; empty when neither names a known one."""
    for text in (content_type.encode("utf-8", "replace"), body[:_HEAD_BYTES]):
        for label in _labels(text):
            if codec := _codec(label):
                return codec
    return ""


def _labels(text: bytes) -> Iterator[bytes]:
    """Yield what *text* declares. The words are found first: the pattern would be tried at each of 4,096 bytes."""
    folded, at = text.lower(), 0
    while places := [place for word in _DECLARING if (place := folded.find(word, at)) >= 0]:
        found = _DECLARED.match(text, min(places))
        if found:
            yield found[1]
        at = found.end() if found else min(places) + 1


def _codec(label: bytes) -> str:
    """Return the name of a codec that makes text of bytes; Python also knows `base64` and `rot13`, which pages may not choose."""
    try:
        info = codecs.lookup(label.decode("ascii", "ignore"))
        b"aa".decode(info.name, "replace")
    except (LookupError, ValueError):
        return ""
    if info.name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7", "mbcs", "oem"):
        return ""
    # A page that we read as bytes to find its declaration cannot be UTF-16, says the Standard.
    if info.name.startswith(("utf-16", "utf-32")):
        return "utf-8"
    return _WIDER.get(info.name, info.name)


def _wide(body: bytes) -> str:
    """Return the UTF-16 codec of a page without byte-order mark: every other byte of its ASCII markup is zero."""
    head = body[:_HEAD_BYTES]
    if head.count(0) < len(head) // 4:
        return ""
    return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
