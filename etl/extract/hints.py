"""What authors of themes say about an element: words in its class, id, role and itemprop, as bits.

The words are those of themes, not of publishers: English, because themes are, with the German, French, Spanish, Italian,
Dutch, Portuguese and Scandinavian words seen for the same things. A name is cut at hyphens, underscores and capitals; each
word counts as a whole, or else by its first five letters. Looking words up takes a tenth of the time of one large pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

_WORDS = {
    "body": (
        "body articlebody storybody storytext articletext articlecontent bodytext entrycontent postcontent "
        "postbody richtext prose wysiwyg paragraph paragraphs artikeltext fliesstext copy bodycopy textblock"
    ),
    "text": (
        "article artikel articulo articolo artigo story entry post content contenu contenido inhalt contents text "
        "texte texto hentry maincontent main haupt news"
    ),
    "related": (
        "relat* relac* recir* recom* tease* read readmore more mehr also lire leia leer lees verwa* simil* popul* "
        "trend* most latest mostread outbr* taboo* promo promos promoted inread zergnet teads sugge* next further "
        "onward neueste similar linkbox moreon liste links keepreading viewmore list-link aktuell"
    ),
    "sidebar": "sideb* rail aside marginal complementary secondary",
    "widget": "widget widgets carou* slide* swipe* margi* grid card cards tile tiles module list item items",
    "share": (
        "share shares sharing sharebar socia* faceb* twitter whats* teilen parta* follow bookm* print toolbar "
        "tools action actions button buttons btn icon icons"
    ),
    "comment": "comme* komme* disqus reply replies respond discu* forum reader coral viafo* reactions",
    "offer": (
        "newsl* subsc* signup signin paywa* login regis* abo abonn* offer offers piano donat* support membe* cta "
        "promo app premi* regwall conversion upsell plus"
    ),
    "notice": (
        "cookie cookies conse* gdpr cmp onetr* ot otpc didomi priva* banner modal popup overlay dialog alert "
        "alerts toast breaking ticker notice notif*"
    ),
    "byline": (
        "autho* autor autoren auteur byline bylines writer bio contr* signature journ* redak* profi* avatar credits"
    ),
    "date": "date datum fecha time times publi* updat* datel* datet* times* posted pubdate",
    "meta": (
        "meta metadata info kicker overline eyebrow dachz* label badge flag rubri* readt* credit source agency "
        "location place overtitle"
    ),
    "caption": "capti* figcap* legend bildu* imagecaption photocaption bildtext",
    "picture": (
        "figure image images img photo photos foto fotos pictu* galle* galer* slideshow light* thumb* media video "
        "videos player audio podcast listen copyr* wp-caption bild hero"
    ),
    "menu": (
        "nav navb* navig* menu menus bread* header masth* topbar footer foot bottom pagin* pager skip search lang "
        "toc jump"
    ),
    "tag": "tag tags topic topics keyword keywords categ* schlagw* schla* themen hasht* label labels",
    "ad": (
        "ad ads adv advert* adver* spons* dfp gpt anzei* publicid* publi* werbu* comme* affil* shopp* produ* deal "
        "deals coupon adslot"
    ),
    "lead": (
        "lead summa* stand* intro intro* deck dek subhe* subtitle subline unter* excer* abstract descr* chapo "
        "chape* perex vorsp* ingress bajada entra* sotto* caten* keypo* highl* tldr pream* synop* teasertext"
    ),
    "title": "title headl* heading titel titre titulo titolo rubrik h1 hl",
    "quote": "quote quotes zitat citat* block* pullq* pullquote",
    "aside": (
        "infobox fact facts factbox fakta inset embed* box boxes callout siden* expla* backg* gloss* poll quiz "
        "toolt* inter* module"
    ),
    "note": "corre* discl* footn* endno* refer* sources copyr* licen* trust about impre* legal edito* note notes",
    "unseen": "hidden sr visua* scree* invis* offsc* none a11y nopri* assistive",
    "live": "live liveblog timel* entry updates",
}
NAMES = tuple(_WORDS)
BIT = {name: 1 << place for place, name in enumerate(NAMES)}
_ROLES = ("itemprop", "role")
STEM_LETTERS = 5
NAME_MAX_CHARS = 200
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LOWER = re.compile(r"[a-z]+")


def _dictionary() -> tuple[dict[str, int], dict[str, tuple[int, float | None]]]:
    whole: dict[str, int] = {}
    stems: dict[str, int] = {}
    for name, words in _WORDS.items():
        for word in words.split():
            table, key = (stems, word[:-1][:STEM_LETTERS]) if word.endswith("*") else (whole, word)
            table[key] = table.get(key, 0) | BIT[name]
    scores = _scores()
    return stems, {
        word: (whole.get(word) or stems.get(word[:STEM_LETTERS], 0), scores.get(word)) for word in whole | scores
    }


def _scores() -> dict[str, float]:
    """Return how much more often each word of a theme stands around body than around other text, as a logarithm.

    Counted over publishers, not pages (bench/chooser): themes share their words, publishers do not.
    """
    return json.loads(resources.files("etl.extract").joinpath("theme_words.json").read_text("utf-8"))


STEMS, KNOWN = _dictionary()
"""Bits by the first letters of a word, and the bits and the score of each word that has any of its own."""
Score = tuple[float, float, float]
"""Lowest, highest and sum of the scores of an element's words."""
NO_SCORE: Score = (0.0, 0.0, 0.0)
Said = tuple[int, Score]
"""The bits and the score of an element."""


def read(attrs: Mapping[str, str | None]) -> Said:
    """Return what *attrs* say about their element."""
    label, name = attrs.get("class") or "", attrs.get("id") or ""
    if len(label) > NAME_MAX_CHARS or len(name) > NAME_MAX_CHARS:
        label, name = label[:NAME_MAX_CHARS], name[:NAME_MAX_CHARS]
    said = look_up(label, name)
    if len(attrs) > 1 or not label:
        for role in _ROLES:
            if role in attrs and (words := attrs[role]):
                said = said[0] | look_up(words[:NAME_MAX_CHARS], "")[0], said[1]
    return said


@lru_cache(maxsize=4096)
def look_up(label: str, name: str) -> Said:
    """Return what a class and an id say. Remembered because pages share names: a site all, strangers one in five."""
    pieces = _pieces(label)
    if name:
        pieces += _pieces(name)
    if len(label) + len(name) < NAME_MAX_CHARS or not name:
        return _said(pieces)
    # What both say counts, but scores are summed over the words of one name.
    return _said(pieces)[0], _said(_pieces(f"{label} {name}"))[1]


def _pieces(words: str) -> list[str]:
    """Return the words of a name in lower case; a capital begins a word."""
    words = words[:NAME_MAX_CHARS]
    if words.islower():
        return _LOWER.findall(words)
    return [piece.lower() for piece in _PIECE.findall(words)]


def _said(pieces: list[str]) -> Said:
    bits = 0
    scores: list[float] = []
    known, stems = KNOWN, STEMS
    for word in dict.fromkeys(pieces):
        if word in known:
            said, score = known[word]
            bits |= said
            if score is not None:
                scores.append(score)
        else:
            stem = word[:STEM_LETTERS]
            if stem in stems:
                bits |= stems[stem]
    return bits, (min(scores), max(scores), sum(scores)) if scores else NO_SCORE
