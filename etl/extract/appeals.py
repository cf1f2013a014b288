"""What stands in the text and asks the reader for something: to sign up, to subscribe, to log in, to share, to follow.

The judge of the body knows such boxes by the names and words of themes. Here they are known by what they do, in any language: a
field for an e-mail address, a link to the login or the offers, a link that posts to a social network. A line that asks to
follow the publisher on such a network is known by its words.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import compress
from urllib.parse import urlsplit

from etl.extract import asides, consent, headings, vocabulary, wording
from etl.extract.body import Main
from etl.extract.document import Document

BOX_MAX_CHARS = 300
"""A box that says more than this is no appeal, whatever stands in it."""
BEFORE_MAX_CHARS = 200
"""Of a paragraph in a box that is most of the page: below a stub stands an offer, and no paragraph of an article."""
LINE_MAX_CHARS = 120
"""A longer paragraph with a link to a login, or one that shares, is text: companies write about what they offer."""
SHARE_MAX_CHARS = 80
LEVELS_MAX = 4
AFTER = 12
"""Elements behind the last block where the door of its box may be."""
_DOORS = re.compile(
    r"/(?:(?:my-?)?account/)?(?:log-?in|sign-?in|sign-?up|wp-login\.php|regist(?:er|ration|rieren|ro)|anmelden|anmeldung|connexion|"
    r"inscription|abonn(?:er|ieren|ement|ements)?|abos?|subscri(?:be|ption|ptions)|suscri(?:bete|birse|pcion|pciones)|assine|assinatura|"
    r"abbonati|abbonamenti|prenumerera|tilaa|newsletters?|nyhetsbrev|nieuwsbrief)(?:\.\w{2,5})?/?$",
    re.IGNORECASE,
)
_DOOR_PARTS = (
    *("log", "sign", "regist", "anmeld", "connexion", "inscription", "abo", "subscri", "suscri", "assin", "abbona"),
    *("prenumerera", "tilaa", "newsletter", "nyhetsbrev", "nieuwsbrief"),
)
"""One of these is in each door."""
_POSTS = re.compile(
    r"//(?:[\w-]+\.)*(?:facebook\.com/(?:sharer|share|dialog)|(?:twitter|x)\.com/(?:intent|share|home\?status)|wa\.me/\?|api\.whatsapp\.com/send|"
    r"t\.me/share|telegram\.me/share|linkedin\.com/(?:share|sharing|cws/share)|pinterest\.[a-z.]+/pin/create|reddit\.com/submit|"
    r"vk\.com/share|connect\.ok\.ru/offer|social-plugins\.line\.me/|lineit\.line\.me/|tumblr\.com/(?:share|widgets)|flipboard\.com/.*share|"
    r"getpocket\.com/(?:save|edit)|b\.hatena\.ne\.jp/(?:entry|add))",
    re.IGNORECASE,
)
FOLLOW_MAX_CHARS = 120
_FOLLOW = tuple(map(headings.normal, vocabulary.words("follow", "starts")))
_FOLLOW_LAST = tuple(map(headings.normal, vocabulary.words("follow", "ends")))
_FIRST, _LAST = frozenset(line[:2] for line in _FOLLOW), frozenset(line[-2:] for line in _FOLLOW_LAST)
_CHANNELS = tuple(map(headings.normal, vocabulary.words("follow", "channels")))
_OFFER = 1 << wording.NAMES.index("offer")


def without(doc: Document, main: Main) -> Main:
    """Return the body without such boxes and lines. The first block always stays: a page that only asks has no other text."""
    if len(main.spans) < 2:
        return main
    gone = {number for box in _boxes(doc, main) if box for number in _inside(doc, main, box)}
    gone |= {number for number in _lines(doc, main) if number}
    gone |= {number for number, block in enumerate(main.blocks) if number and is_follow(block.text)}
    gone |= {number for number, block in enumerate(main.blocks) if asides.is_aside(block.text, block.kind)}
    gone |= {number for number, block in enumerate(main.blocks) if number and consent.is_embed(block.text)}
    # "This article is for subscribers only." stands before its links.
    for number in sorted(gone, reverse=True):
        text = main.blocks[number - 1].text
        if number > 1 and len(text) <= BEFORE_MAX_CHARS and wording.read(text) & _OFFER:
            gone.add(number - 1)
    if not gone:
        return main
    kept = [number not in gone for number in range(len(main.blocks))]
    for number in range(len(kept) - 1, 0, -1):  # headings with nothing left below them
        is_last = number + 1 == len(kept)
        if main.blocks[number].kind == "heading" and (is_last or number + 1 in gone) and not any(kept[number + 1 :]):
            kept[number] = False
    return replace(
        main,
        blocks=tuple(compress(main.blocks, kept)),
        spans=tuple(compress(main.spans, kept)),
        elements=tuple(compress(main.elements, kept)),
    )


def _boxes(doc: Document, main: Main) -> Iterator[int]:
    """Yield the boxes in the text that hold a field for an address, or a link to a door."""
    start, stop = main.elements[0], doc.ends[main.elements[-1]] + AFTER
    fields = (one for one in doc.by_tag.get("input", ()) if doc.attribute(one, "type").lower() == "email")
    for one in fields:
        if start < one < stop:
            yield _box(doc, main, one)
    for one in _links(doc, start, stop):
        if _is_door(doc.attribute(one, "href")):
            first = doc.first_text[one]
            told = next((n for n, (begin, end) in enumerate(main.spans) if begin <= first < end), None)
            if told is None or len(main.blocks[told].text) <= LINE_MAX_CHARS:
                yield _box(doc, main, one)


def _links(doc: Document, before: int, end: int) -> Sequence[int]:
    """Return the links behind the element *before* and before *end*."""
    links = doc.by_tag.get("a", [])
    return links[bisect_right(links, before) : bisect_left(links, end)]


def _box(doc: Document, main: Main, element: int) -> int:
    """Return the largest element around *element* that is no more than a box beside the text; 0 when there is none."""
    found = 0
    for above, _ in zip(doc.ancestors(element), range(LEVELS_MAX), strict=False):
        if doc.text_length(above) > BOX_MAX_CHARS or above <= main.elements[0] < doc.ends[above]:
            break
        found = above
    inside = [len(main.blocks[number].text) for number in _inside(doc, main, found)] if found else []
    is_small = 2 * sum(inside) < sum(len(block.text) for block in main.blocks)
    return found if is_small or max(inside, default=0) <= BEFORE_MAX_CHARS else 0


def _inside(doc: Document, main: Main, box: int) -> Sequence[int]:
    return [number for number, element in enumerate(main.elements) if box <= element < doc.ends[box]]


def _lines(doc: Document, main: Main) -> Iterator[int]:
    """Yield the blocks that are a line with a link that posts the page to a social network."""
    posting = [
        doc.first_text[one]
        for one in _links(doc, main.elements[0], doc.ends[main.elements[-1]])
        if doc.text_length(one) and "//" in (href := doc.attribute(one, "href")) and _POSTS.search(href)
    ]
    for number, (first, last) in enumerate(main.spans) if posting else ():
        if len(main.blocks[number].text) <= SHARE_MAX_CHARS and any(first <= chunk < last for chunk in posting):
            yield number


def is_follow(text: str) -> bool:
    """Say whether a line asks to follow its publisher somewhere: "Follow us on Facebook", "Folgen Sie uns auf Instagram"."""
    if len(text) > FOLLOW_MAX_CHARS or not (text[:2].lower() in _FIRST or text[-2:].lower() in _LAST):
        return False
    line = headings.normal(text)
    is_asking = line.startswith(_FOLLOW) or line.endswith(_FOLLOW_LAST)
    return is_asking and any(channel in line for channel in _CHANNELS)


def _is_door(href: str) -> bool:
    if href.isascii() and not any(map(href.lower().__contains__, _DOOR_PARTS)):
        return False
    try:
        return _DOORS.search(urlsplit(href).path) is not None
    except ValueError:
        return False
