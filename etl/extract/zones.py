"""What a theme's own names (tags, classes, ids) say about a place on the page: chrome, or a kind of block."""

from __future__ import annotations

import re

from etl.extract.document import Document
from etl.extract.running_text import Running
from etl.model import LinkKind

TEXT, MENU, FOOTER = 0, 1, 2
"""Where an element stands. A menu may show headlines; a footer's links are never teasers."""

_MENU = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|navi|mainnav|topnav|menu|megamenu|submenu|mainmenu|breadcrumbs?|share|sharing|"
    r"sharebar|social|socials|cookies?|consent|skip|topbar|masthead|hamburger|offcanvas|keywords|tags|taglist|tagcloud|"
    r"byline|bylines)(?=$|[\s_-])"
    r"|(?:site|page)-?header|tag-(?:list|cloud|links)|author-?bio"
)
_FOOTER = re.compile(
    r"(?:^|\s|(?<!article)(?<!content)(?<!entry)(?<!post)(?<!story)(?<!body)(?<!card)(?<![_-])[_-]{1,2})"
    r"(?:footer|colophon|copyright|imprint|comments|disqus|privacy|cookiebar)(?=$|[\s_-])"
)
_EMBED = re.compile(r"tweet|twitter|instagram|tiktok|bluesky|mastodon|facebook|fb-post")
_POPULAR = re.compile(
    r"most[-_]?(?:read|popular|viewed|watched|shared|seen|commented|clicked)|popular|trending|top-?read|ranking|"
    r"meist-?gelesen|plus-?lus|mas-?lei|mais-?lid|piu-?lett|mest-?l[aeæ]s|best-?gelezen"
)
_RELATED = re.compile(
    r"related|read-?(?:also|more)|see-?also|more-?on|similar|lire-?aussi|verwandt|relacionad|correlat|"
    r"relat(?:ert|erad|eret)|further-?reading"
)
LEVELS_MAX = 6
"""How far above a teaser a theme names its block."""


class Zones:
    """Answers for one page, each element and each class name looked at once."""

    def __init__(self, doc: Document, running: Running) -> None:
        self._doc = doc
        self._running = running
        self._zones: dict[int, int] = {-1: TEXT}
        self._named: dict[str, int] = {"": TEXT}

    def zone(self, element: int) -> int:
        """Return TEXT, MENU or FOOTER for the place of *element*."""
        doc, known = self._doc, self._zones
        path: list[int] = []
        while element not in known:
            path.append(element)
            element = doc.parents[element]
        answer = known[element]
        for step in reversed(path):
            answer = known[step] = max(answer, self._own_zone(step))
        return answer

    def _own_zone(self, element: int) -> int:
        doc, tag = self._doc, self._doc.tags[element]
        if tag == "nav":
            return MENU
        if element <= self._running.container < doc.ends[element] or tag in ("a", "body", "html"):
            return TEXT
        if tag == "footer":
            return MENU if self._in_article(element) else FOOTER
        attrs = doc.attrs[element]
        if not attrs or tag == "article":
            return TEXT
        name = f"{attrs.get('class') or ''} {attrs.get('id') or ''} {attrs.get('role') or ''}"
        answer = self._named.get(name)
        if answer is None:
            lower = name.lower()
            answer = FOOTER if _FOOTER.search(lower) else MENU if _MENU.search(lower) else TEXT
            self._named[name] = answer
        if tag == "blockquote" and _EMBED.search(name.lower()):
            return FOOTER
        return answer

    def _in_article(self, element: int) -> bool:
        """Tell the foot of an article, where its related blocks stand, from the foot of the page."""
        return any(self._doc.tags[above] in ("article", "main") for above in self._doc.ancestors(element))

    def kind(self, element: int, *, is_headed: bool = False) -> tuple[LinkKind, str]:
        """Return the kind that the names of the elements around *element* suggest, and the rule: "latest" if none.

        Below a printed heading that says nothing we know only a ranking is believed: themes use one "related" box
        for everything.
        """
        doc = self._doc
        for level, above in enumerate(doc.ancestors(element)):
            if level > LEVELS_MAX or doc.tags[above] == "body":
                break
            hint = doc.hint(above)
            if _POPULAR.search(hint):
                return "most_read", "theme"
            if not is_headed and _RELATED.search(hint):
                return "related", "theme"
        return "latest", "default"
