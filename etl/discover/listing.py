"""Section pages → candidates: by the recipe's selector, or by the pattern that the page's own teasers share.

A section page repeats itself: its teasers are links of one build (same tags, same classes, three levels up) whose
texts are headlines and whose addresses have one shape. So links are grouped by build, groups that read like headlines
are taken, and from them the shapes of this site's article addresses are learned; a lone link of such a shape with a
headline for its text (the lead story has a build of its own) is taken as well.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from etl.discover.discovery import Discovery, plain_text
from etl.discover.moments import moment
from etl.discover.page import PageLink, links
from etl.errors import Unreadable
from etl.model import Candidate, Moment

BUILD_LEVELS = 4  # The link and three ancestors: enough to tell a list from a menu. Other numbers were not tried.
GROUP_MIN = 3
HEADLINE_MIN_WORDS = 3
HEADLINE_MIN_LETTERS = 20
HEADLINE_MIN_IDEOGRAPHS = 9
SHORT_HEADLINE_MIN_LETTERS = 8
CANDIDATES_MAX = 2_000
_IDEOGRAPHS = re.compile(r"[\u0e00-\u0e7f\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp[34]|zip|xml|rss|css|js)\Z", re.IGNORECASE)
_NO_ARTICLE = re.compile(
    r"/(?:tags?|topics?|themes?|authors?|auteurs?|autores?|categor(?:y|ies|ia|ie)|search|login|signin|account|subscribe"
    r"|newsletters?|privacy|contact|about|legal|impressum|datenschutz|abo)(?:/|\Z)",
    re.IGNORECASE,
)


def read_listing(
    tree: LexborHTMLParser, *, url: str, fetched_at: datetime, zone: str | None = None, selector: str | None = None
) -> Discovery:
    """Return the teasers of the section page at *url*, from top to bottom.

    Raises `Unreadable` with `not_a_listing`: no teasers, or a selector that matches nothing.
    """
    found = _selected(tree, selector, url) if selector else _teasers(list(links(tree, url=url)), url)
    best: dict[str, PageLink] = {}
    for one in found:
        if one.url not in best or _weight(one) > _weight(best[one.url]):
            # The first link to a page keeps the place, the best one gives the headline.
            best[one.url] = one
    if not best:
        what = f"`{selector}` matches no link" if selector else "no teasers were found"
        raise Unreadable(f"{what} on this page: {url}", code="not_a_listing")
    chosen = {one.node.mem_id for one in best.values()}
    candidates = tuple(
        Candidate(
            url=one.url,
            found_by="listing",
            title=plain_text(one.text.replace("<", "&lt;")),
            published=_time_beside(one.node, chosen, zone, fetched_at),
            position=position,
        )
        for position, one in enumerate(list(best.values())[:CANDIDATES_MAX])
    )
    left_out = len(best) - len(candidates)
    problems = (f"{left_out} teasers beyond the first {CANDIDATES_MAX:,} were left out",) if left_out else ()
    return Discovery(candidates=candidates, problems=problems)


def _weight(one: PageLink) -> tuple[bool, int]:
    return one.is_heading and bool(one.text), min(len(one.text), 200)


def _selected(tree: LexborHTMLParser, selector: str, url: str) -> Iterable[PageLink]:
    try:
        matched = tree.css(selector)
    except SelectolaxError as error:
        raise Unreadable(f"`{selector}` is no CSS selector: {url}", code="not_a_listing") from error
    known = {one.node.mem_id: one for one in links(tree, url=url)}
    for node in matched:
        anchors = [node] if node.tag == "a" else node.css("a[href]")
        inside = [known[anchor.mem_id] for anchor in anchors if anchor.mem_id in known]
        headlines = [one for one in inside if one.is_heading or is_headline(one.text)]
        # One element per teaser is the usual case; one around many gives each of its headlines.
        if headlines:
            yield from headlines
        elif inside:
            yield max(inside, key=_weight)


def _teasers(found: Sequence[PageLink], url: str) -> list[PageLink]:
    """Return the links that are teasers of the page's own site."""
    usable = [one for one in found if not one.is_menu and is_same_site(one.url, url) and _may_be_article(one.url)]
    groups: dict[tuple[str, ...], list[PageLink]] = defaultdict(list)
    for one in usable:
        groups[one.path[:BUILD_LEVELS]].append(one)
    sure = [one for group in groups.values() if _is_teaser_group(group) for one in group if _is_in_group(one)]
    shapes = Counter(shape for shape in {one.url: shape_of(one.url) for one in sure}.values())
    learned = {shape for shape, count in shapes.items() if count >= GROUP_MIN and shape[1:] != ("word",)}
    taken = {one.url for one in sure} | {
        one.url for one in usable if shape_of(one.url) in learned and is_headline(one.text)
    }
    return [one for one in usable if one.url in taken]


def _is_teaser_group(group: Sequence[PageLink]) -> bool:
    urls = {one.url for one in group}
    if len(urls) < GROUP_MIN:
        return False
    headlines = {one.url for one in group if is_headline(one.text)}
    articles = {url for url in urls if looks_like_article(url)}
    is_headed = sum(one.is_heading for one in group) > len(group) / 2
    return len(headlines) >= 0.5 * len(urls) and (len(articles) >= 0.5 * len(urls) or is_headed)


def _is_in_group(one: PageLink) -> bool:
    """Among teasers, an article's address makes up for a headline of two words."""
    return is_headline(one.text) or (len(one.text) >= SHORT_HEADLINE_MIN_LETTERS and looks_like_article(one.url))


def is_headline(text: str) -> bool:
    """Tell whether *text* has the length of a headline; scripts without spaces count their signs."""
    if len(_IDEOGRAPHS.findall(text)) >= HEADLINE_MIN_IDEOGRAPHS:
        return True
    return len(text) >= HEADLINE_MIN_LETTERS and len(text.split()) >= HEADLINE_MIN_WORDS


def looks_like_article(url: str) -> bool:
    """Tell whether the address has what addresses of articles have: a long slug, a number, a date, a page's suffix."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    slug = path.rpartition("/")[2]
    return (
        len(re.findall(r"[-_]", slug)) >= 3
        or bool(re.search(r"\d{4,}", path + "?" + parts.query))
        or bool(re.search(r"/(?:19|20)\d{2}/\d{1,2}/", path))
        or bool(re.search(r"\.(?:s?html?|php|aspx?|jsp)\Z", path) and slug.count("-") >= 1)
    )


def shape_of(url: str) -> tuple[str, ...]:
    """Return the build of an address: its host, and per path segment what it is made of."""
    parts = urlsplit(url)
    kinds = [_kind_of(segment) for segment in parts.path.split("/") if segment]
    return (parts.hostname or "", *kinds)


def _kind_of(segment: str) -> str:
    suffix = re.search(r"\.[a-z]{2,5}\Z", segment)
    tail = suffix[0] if suffix else ""
    if re.fullmatch(r"\d+", segment):
        return "number"
    if re.search(r"\d{4,}", segment):
        return "id" + tail
    return ("slug" if len(re.findall(r"[-_]", segment)) >= 2 else "word") + tail


def is_same_site(url: str, page_url: str) -> bool:
    """Tell whether two addresses share their host, `www.` and sub-domains of each other aside."""
    host, other = (urlsplit(one).netloc.lower().removeprefix("www.") for one in (url, page_url))
    return host == other or host.endswith("." + other) or other.endswith("." + host)


def _may_be_article(url: str) -> bool:
    path = urlsplit(url).path
    return path not in {"", "/"} and not _FILE.search(path) and not _NO_ARTICLE.search(path)


def _time_beside(node: LexborNode, chosen: Collection[int], zone: str | None, fetched_at: datetime) -> Moment | None:
    """Return the only machine-readable time of the teaser around *node*, the widest element without another teaser."""
    current: LexborNode | None = node
    for _level in range(BUILD_LEVELS + 1):
        if current is None or current.tag in {"body", "html"}:
            return None
        times = current.css("time[datetime]")
        if times:
            if len(times) > 1 or sum(one.mem_id in chosen for one in current.css("a[href]")) > 1:
                return None
            label = times[0].attributes.get("datetime") or ""
            return moment(label, rule="listing:time", zone=zone, fetched_at=fetched_at)
        current = current.parent
    return None
