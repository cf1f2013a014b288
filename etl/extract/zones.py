"""What a theme's own names (tags, classes, ids) say about a place on the page: chrome, or a kind of block."""

from __future__ import annotations

import re

from etl.extract.document import Document
from etl.model import LinkKind

_CHROME_TAGS = frozenset({"nav", "footer", "form", "button", "dialog", "menu"})
_CHROME = re.compile(
    r"(?<![a-z])(?:nav|navbar|navigation|navi|main-?nav|menu|mega-?menu|sub-?menu|main-?menu|bread-?crumbs?|footer|"
    r"colophon|share|sharing|social|cookies?|consent|skip|top-?bar|masthead|site-?header|page-?header|hamburger|"
    r"off-?canvas|author-?bio|byline|tags?|tag-?list|tag-?cloud|keywords|comments?|disqus|login|copyright)(?![a-z])"
)
_POPULAR = re.compile(
    r"most[-_]?(?:read|popular|viewed|watched|shared|seen|commented|clicked)|popular|trending|top-?read|ranking|"
    r"meist-?gelesen|plus-?lus|mas-?lei|mais-?lid|piu-?lett|mest-?l[aeæ]s|ultim[oa]s-?mas|best-?gelezen|topread"
)
_RELATED = re.compile(
    r"related|recirc|read-?(?:also|more|next)|see-?also|more-?on|similar|lire-?aussi|verwandt|relacionad|correlat|"
    r"relat(?:ert|erad|eret)|further-?reading|inline-?teaser|in-?article"
)
LEVELS_MAX = 6
"""How far above a teaser a theme names its block."""


class Zones:
    """Answers for one page, each element and each class name looked at once."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._is_chrome: dict[int, bool] = {}
        self._names: dict[str, bool] = {"": False}

    def is_chrome(self, element: int) -> bool:
        """Tell whether *element* stands in navigation, a footer, a form or a share bar."""
        doc, known = self._doc, self._is_chrome
        path: list[int] = []
        answer = False
        while element >= 0:
            if element in known:
                answer = known[element]
                break
            path.append(element)
            tag = doc.tags[element]
            if tag in _CHROME_TAGS or (
                tag not in ("body", "html", "article", "main", "a") and self._names_chrome(element)
            ):
                answer = True
                break
            element = doc.parents[element]
        for step in path:
            known[step] = answer
        return answer

    def _names_chrome(self, element: int) -> bool:
        attrs = self._doc.attrs[element]
        if not attrs:
            return False
        name = f"{attrs.get('class') or ''} {attrs.get('id') or ''} {attrs.get('role') or ''}"
        answer = self._names.get(name)
        if answer is None:
            answer = self._names[name] = _CHROME.search(name.lower()) is not None
        return answer

    def kind(self, element: int) -> LinkKind | None:
        """Return the kind that the names of the elements around *element* suggest, the nearest first."""
        doc = self._doc
        for level, above in enumerate(doc.ancestors(element)):
            if level > LEVELS_MAX or doc.tags[above] == "body":
                break
            hint = doc.hint(above)
            if _POPULAR.search(hint):
                return "most_read"
            if _RELATED.search(hint):
                return "related"
        return None
