"""People's names in bylines and markup, in many languages: what is a name, where one ends and the next begins."""

from __future__ import annotations

import re
from functools import lru_cache

from etl.extract import site, vocabulary
from etl.extract.structured import clean

NAME_MAX_CHARS = 80
NAMES_MAX = 40
TEXT_MAX_CHARS, PIECE_MAX_CHARS = 4_000, 200
"""Longer texts are no bylines; forty names with titles have 2,000 characters."""


def _any_of(name: str) -> str:
    """Return a pattern for one of the words of list *name*, the longest first."""
    return "|".join(re.escape(word) for word in sorted(vocabulary.words("byline", name), key=len, reverse=True))


_SET_OFF = "[:：／/|｜＝=●◎・]"
"""What stands between the word for an author and the name: "文／", "作者｜", "文＝"."""
_PREFIX = re.compile(
    rf"^(?:{_any_of('by')})(?:\s*{_SET_OFF}\s*|\s+)(?=\S)|^(?-i:By)(?-i:(?=[A-Z]))|^(?-i:de)\s+(?-i:(?=[A-ZĂÂÎȘȚ]))"
    r"|^[【(（\[]?(?:本[报報])?[记記]者\s?(?=[\u3400-\u9fff]{2,4}(?:$|[／/、]))",
    re.IGNORECASE,
)
_SHOWN = "photos?|fotos?|fotografie|bild(?:er)?|bilde|kuvat?|images?|video|gra(?:f|ph)ik|illustrations?"
_OTHERS = re.compile(
    rf"^(?:{_any_of('others')})(?:\s|\s*{_SET_OFF}|$)"
    rf"|^(?:{_SHOWN})\s*{_SET_OFF}",
    re.IGNORECASE,
)
"""What introduces somebody who is not the author: "Fact-checked by", "Fotos: "."""
_OTHERS_NEXT = re.compile(
    rf"(?<=\w)[\s.]+(?=(?:{_any_of('others')})(?:\s|\s*{_SET_OFF})|(?:{_SHOWN}|editors?|redaktur)\s*{_SET_OFF})",
    re.IGNORECASE,
)
"""Before such words in a line that began with the author: "Budi Santoso Editor: Siti Aminah"."""
_TOLD = re.compile(r"[^\W\d_]+\s?(?::\s+|：\s*)(?=\S)")
"""One word that says what somebody did: "Interview: "."""
_STARTS = frozenset(
    start
    for word in vocabulary.words("byline", "by")
    for start in ((word[:2],) if len(word) > 1 else (word, *(f"{word}{mark}" for mark in ":：／/|｜＝=●◎・ ")))
) | frozenset(f"{bracket}{word}" for bracket in "【(（[" for word in "記记本")
"""First two letters of the words that introduce an author: tells most lines apart without a pattern of 150 words."""
_ALONE = re.compile(rf"^(?:{_any_of('by')})\s*{_SET_OFF}?$", re.IGNORECASE)
_CUT = re.compile(
    r"\s*(?:\||•|·|●|∙|–\s|—|\s-\s|\s/\s|\(|\[|<|@|https?:|www\.|\S+@\S+|\d).*$|\s(?:in|on|at|for)\s.*$",
    re.DOTALL,
)
"""What ends a name: a separator, an address, a date, or a word that says where."""
_AND = re.compile(rf"\s+(?:{_any_of('and')})\s+|\s*[&＆]\s*", re.IGNORECASE)
_COMMA = re.compile(r"\s*[,;、，；\n／|]\s*|\s+/\s+")
_JUNK = re.compile(
    r"^(?:https?:|www\.|@|/)|\.(?:html?|php|jpe?g|png)\b|[{}<>=\[\]]|^\w+(?:\.\w+){2,}$|"
    r"\bimage:|\bphoto:|\bgetty images?\b|^[\W\d]*$|"
    rf"^(?:{_any_of('nobody')})$",
    re.IGNORECASE,
)
_REPORT = re.compile(r"[\u3400-\u9fff](?:報導|报道|報道|专访|專訪|电|電)[】)）\]]?$")
"""Where from, behind the name: "記者王小明／台北報導"."""
_WEB = re.compile(r"\w\.(?:com|de|fr|net|org|co|it|es|nl|tr|ru|jp|be|ch|at|uk|tv)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_ORGANISATIONS = frozenset(vocabulary.words("byline", "organisations"))
_ORGANISATION_PARTS = vocabulary.words("byline", "organisation_parts")
_PHRASES = frozenset(vocabulary.words("byline", "phrases"))
_ROLES = frozenset(vocabulary.words("byline", "roles"))
_ROLE_STARTS = _ROLES | frozenset(vocabulary.words("byline", "role_starts"))
_PLAIN = re.compile(r"[^\W\d_]+(?:(?:[ ’'-]|\. )[^\W\d_]+)+")
_SPECIAL = frozenset(
    word
    for name in ("by", "and", "cutoff", "roles", "nobody")
    for phrase in vocabulary.words("byline", name)
    for word in phrase.split()
)
"""Words that need a closer look; two or three other words with nothing but letters between them are one name."""
_PARTICLES = frozenset({"di", "von", "af", "av", "od", "de", "da"})
_AFTER_ROLE = frozenset(vocabulary.words("byline", "after_role"))
_ENDS = frozenset(vocabulary.words("byline", "cutoff"))
_COMPANY = re.compile(r"\b(?:inc|ltd|llc|gmbh|corp|s\.?r\.?l|s\.?a|plc|ag|co)\.?$", re.IGNORECASE)
_MONTH = re.compile(rf"(?:^|[\s,])(?:{_any_of('months')})\.?$", re.IGNORECASE)
_WEEKDAY = re.compile(rf"[\s,](?:{_any_of('weekdays')})(?=,?\s\d)", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "md", "phd", "esq", "mba", "rn", "dds", "do", "cfa", "cpa", "facp"})


def split(text: str) -> list[str]:
    """Return the names in *text*, a byline or one value of the markup; empty when it holds none.

    "Maya Gebeily and Anthony Deutsch" are two, "Le Figaro et AFP" is one: an *and* parts names of two words or more.
    """
    text = clean(text[:TEXT_MAX_CHARS])
    if (
        prefix_chars(text) == 0
        and _PLAIN.fullmatch(text)
        and 2 <= len(words := text.lower().split()) <= 3
        and _SPECIAL.isdisjoint(words)
    ):
        return [text]
    if _DIGIT.search(text):
        text = _WEEKDAY.sub(",", text)
    parts = [_OTHERS_NEXT.split(part, 1)[0] for part in _COMMA.split(text)]
    pieces = [piece for part in parts if (piece := part.strip(" .:·•-–—"))]
    if len(pieces) == 2 and _is_reversed(pieces):
        pieces = [f"{pieces[1]} {pieces[0]}"]
    found: list[str] = []
    for piece in pieces:
        if _OTHERS.match(piece) or is_prefix(piece) or _REPORT.search(piece):
            continue
        if found and piece.casefold().rstrip(".").replace(".", "") in _SUFFIXES:
            continue
        parts = _AND.split(piece)
        whole = len(parts) == 1 or not all(_has_words(part, 2) for part in parts)
        for part in [piece] if whole else parts:
            name = tidy(part)
            # "Guardian staff reporter" alone is who wrote it, after a name it is the name's role.
            if name and name not in found and not (found and _is_role(part)):
                found.append(name)
    return found[:NAMES_MAX]


def tidy(text: str) -> str:
    """Return the name alone, without *by*, role, date, address or account; empty when *text* is no name."""
    name = without_prefix(" ".join(text[:PIECE_MAX_CHARS].split()))
    if (told := _TOLD.match(name)) and not name[0].islower() and looks_like_person(name[told.end() :]):
        name = name[told.end() :]
    if cut := _CUT.search(name):
        name = _MONTH.sub("", name[: cut.start()]) if cut.start() > 0 else ""
    words = name.split(" ")
    for at, word in enumerate(words):
        if at > 0 and word.lower().strip(".:") in _ENDS:
            words = words[:at]
            break
    for end in range(1 if not name.isascii() else 2, len(words)):
        # "Keith Barry Senior Autos Reporter" is a name with its role; "Guardian staff reporter" is not.
        if is_role(name) or not (words[1][:1].isupper() or _is_spaceless(words[0])):
            break
        if _is_role(" ".join(words[end:])):
            words = words[:end]
            break
    name = " ".join(words).strip(" ,.;:|/·•-–—\"“”'《》【】")
    half = len(name) // 2
    if name[:half] == name[half + 1 :] and name[half : half + 1] == " ":
        # Once for readers and once for screen readers.
        name = name[:half]
    if not name or len(name) > NAME_MAX_CHARS or len(name.split()) > 8 or _JUNK.search(name):
        return ""
    return name


def without_prefix(text: str) -> str:
    """Return *text* without the words that introduce its author ("By", "Von", "Par", "文・")."""
    text = text.strip()
    for _ in range(2):
        found = _PREFIX.match(text) if text[:2].lower() in _STARTS else None
        if found is None:
            break
        rest = text[found.end() :].strip()
        if (
            found.group().strip().lower() in _PARTICLES
            and " " not in rest
            and rest.istitle()
            and not _says_organisation(rest)
        ):
            # "Di Canio" and "Von Trapp" are names; "Von dpa" and "di Ada Colle" are not.
            break
        text = rest
    return text


def prefix_chars(text: str) -> int:
    """Return the length of the words that introduce an author at the start of *text*; 0 without."""
    found = _PREFIX.match(text) if text[:2].lower() in _STARTS else None
    return len(found.group().rstrip(" :：／/|｜＝=●◎・")) if found else 0


def is_prefix(text: str) -> bool:
    """Say whether *text* is nothing but words that introduce an author."""
    return text[:2].lower() in _STARTS and _ALONE.match(text) is not None


def is_company(name: str) -> bool:
    """Say whether *name* is a company by its legal form: who owns the site, not who wrote."""
    return _COMPANY.search(name) is not None


def is_sentence(text: str) -> bool:
    """Say whether *text* ends in a word that begins no name: "Edit topics", but not "Hill Post" or "newsdesk"."""
    first, _, last = text.rpartition(" ")
    return bool(first) and last[:1].islower()


def is_acronym(name: str) -> bool:
    """Say whether *name* is one short word in capitals: an agency or a desk."""
    return 2 <= len(name) <= 6 and name.isalpha() and name.isascii() and name.isupper()


def is_phrase(text: str) -> bool:
    """Say whether *text* is a label of the page ("About the author", "Read more") rather than a name."""
    return not _PHRASES.isdisjoint(_WORD.findall(text.lower()))


def is_role(text: str) -> bool:
    """Say whether *text* is what somebody is, and no name before it: "Senior Autos Reporter", "Head of News"."""
    words = _WORD.findall(text.lower())
    return bool(words) and words[0] in _ROLE_STARTS and _is_role(text)


def _is_role(text: str) -> bool:
    """Say whether *text* ends in what somebody is, or says where: "Senior Autos Reporter", "editor at large"."""
    words = _WORD.findall(text.lower())
    for at, word in enumerate(words[:6]):
        if (word in _ROLES or word == "head") and (at + 1 == len(words) or words[at + 1] in _AFTER_ROLE):
            return True
    return False


def _is_spaceless(word: str) -> bool:
    """Say whether *word* is a whole name in a script that writes family and given name as one word."""
    return "\u3040" <= word[:1] <= "\u9fff" or "\uac00" <= word[:1] <= "\ud7af"


def is_organisation(name: str, site_names: frozenset[str]) -> bool:
    """Say whether *name* is a publisher, an agency or a desk rather than a person."""
    return _says_organisation(name) or site.is_name(name, site_names)


@lru_cache(maxsize=1_024)
def _says_organisation(name: str) -> bool:
    if name.isupper() and len(name) <= 6:
        return True
    low = name.lower()
    if not _ORGANISATIONS.isdisjoint(_WORD.findall(low)) or any(part in low for part in _ORGANISATION_PARTS):
        return True
    return _WEB.search(name) is not None


def looks_like_person(name: str) -> bool:
    """Say whether *name* has the shape of a person's: two to six words, no digit, upper-case initials where there are cases."""
    words = name.split()
    if any(character.isdigit() for character in name):
        return False
    if not any(word[:1].lower() != word[:1].upper() for word in words):
        return 1 <= len(words) <= 6 and 2 <= len(name) <= 40
    return 2 <= len(words) <= 6 and words[0][:1].isupper() and words[-1][:1].isupper()


def _has_words(text: str, least: int) -> bool:
    return len(text.split()) >= least


def _is_reversed(pieces: list[str]) -> bool:
    """Say whether two pieces are one person, family name first: libraries write "Brazil, Rachel"."""
    return all(len(piece.split()) == 1 and piece[:1].isupper() and piece.isalpha() for piece in pieces)
