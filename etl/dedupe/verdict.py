"""What an extracted article is to us: `New`, `Same`, `Changed` or `CopyOf`, and why. Pure: what is stored comes in as values.

**One article, its versions.** `content_key` is stored with each version; an equal key is `Same` without reading a text. Otherwise
`compare_versions` decides between `Same` (only volatile parts differ) and `Changed` with the fields and how much they matter.

**One story, incrementally.** The store does this in the page's own transaction, for an article that is new or whose text changed:

1. `keys = signature_keys(title, text)`: at most 14, in ascending order. Take `pg_advisory_xact_lock(key)` for each *in that
   order*: two copies that arrive at the same moment share a key, so the second waits and then finds the first; one order
   means no deadlock. A transaction that loads several articles takes the locks of all of them, sorted, before it reads the
   first row.
2. From `article_keys(key int4, article_id int8, primary key (key, article_id))` read per key the ROWS_PER_KEY newest rows.
3. `rank_candidates(rows)`: at most TEXTS_MAX articles; fetch title, text, host, time and story of those only.
4. `find_copy(document, candidates)`: `CopyOf` joins the story of the best candidate; `New` opens a story of its own. An article
   whose text changed stays in its story (consumers have seen it there): for it only 1, 2 and 5 are done.
5. Insert `keys_to_store(keys, rows, verdict)`: a new article adds its keys but those that ROWS_PER_KEY articles have already
   (heavy templates), a copy or a changed text adds only keys that nobody has. So a key never has more than ROWS_PER_KEY rows,
   however many copies and templates there are, and the cost of a verdict does not grow with them.

Nothing is global, so the same functions replay any decision (`redigest`) and explain it (`Finding.trials`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher

from etl.dedupe.likeness import Likeness, compare, discounts, profile, told
from etl.dedupe.meaning import passages, setting, spoken
from etl.model import Article, Block, Changed, CopyOf, Materiality, Moment, New, Same

ROWS_PER_KEY = 6
"""Rows read, and kept, per key: with 6 the recall of candidates is that of an unbounded index on all open sets."""
TEXTS_MAX = 8
"""Texts fetched per article: 16 find no further copy on the open sets."""
PUBLISHED_SLACK = timedelta(seconds=60)
"""Publishers round their times differently in the markup and in the text of one page."""
CUT_CHARS = 40
"""A shorter beginning may be shared by chance."""
SHOWN = "shown:"
"""So begin the rules of leads that stand on the page (`etl.extract.lead`)."""
DEGREES: tuple[Materiality, ...] = ("minor", "headline", "substantive")
TYPO_WORDS = 2
TYPO_LIKENESS = 0.75
"""Up to this many words may be replaced by words this alike (`recieve`, `receive`: 0.86) in a correction that is minor."""


@dataclass(frozen=True, slots=True)
class Document:
    """What `find_copy` needs to know of an article."""

    title: str
    text: str
    host: str = ""
    """Of the canonical URL (`host_of`): who published it."""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored article that shares a key with the new one."""

    article_id: int
    story_id: int
    document: Document


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate was judged: a line of `news-etl explain --against`."""

    article_id: int
    story_id: int
    similarity: float
    points: float
    """Above zero: a copy."""
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a new article, and every candidate with the reason why it was taken or not, best first."""

    verdict: New | CopyOf
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """The stored fields of the current version that decide whether a new capture changes anything.

    Images, tags, links and access are not among them: they are updated in place.
    """

    title: str
    lead: str | None
    body: tuple[Block, ...]
    authors: tuple[str, ...] = ()
    section: str | None = None
    published: Moment | None = None
    link_titles: tuple[str, ...] = ()
    """Headlines of the articles the stored capture linked to; a body block that only repeats one is a teaser."""
    lead_rule: str = ""
    """Which rule gave the lead."""


def version_of(article: Article) -> Version:
    """Return the fields of *article* that make versions."""
    return Version(
        title=article.title,
        lead=article.lead,
        body=article.body,
        authors=article.authors,
        section=article.section,
        published=article.published,
        link_titles=tuple(link.title for link in article.links),
        lead_rule=article.evidence.get("lead", ""),
    )


def rank_candidates(rows: Iterable[tuple[int, int]], *, limit: int = TEXTS_MAX) -> list[int]:
    """Return the articles whose texts are worth reading, best first. *rows* are (key, article_id) as read from the index.

    A key shared with few articles says more than one shared with many: each counts 1 / (articles that carry it).
    """
    distinct = set(rows)
    carriers = Counter(key for key, _ in distinct)
    weights: dict[int, float] = {}
    for key, article_id in sorted(distinct):
        weights[article_id] = weights.get(article_id, 0.0) + 1 / carriers[key]
    return sorted(weights, key=lambda article_id: (-weights[article_id], article_id))[:limit]


def keys_to_store(keys: Iterable[int], rows: Iterable[tuple[int, int]], verdict: New | CopyOf | Changed) -> list[int]:
    """Return the keys to insert for the article just judged; *rows* are those that were read for it.

    An article whose text changed adds only keys that nobody has, itself included, like a copy: a ticker that is rewritten
    all day must not fill the rows of keys that others share.
    """
    carriers = Counter(key for key, _ in set(rows))
    most = ROWS_PER_KEY if isinstance(verdict, New) else 1
    return [key for key in keys if carriers[key] < most]


def find_copy(new: Document, candidates: Sequence[Stored]) -> Finding:
    """Return whose copy *new* is, or New, with the reasons for each candidate.

    A copy may be the longer text: the full story that arrives after its teaser joins the teaser's story.
    """
    if not candidates:
        return Finding(New("no stored text shares a key with it"))
    own = profile(new.title, new.text, host=new.host, published_at=new.published_at)
    others = [
        profile(doc.title, doc.text, host=doc.host, published_at=doc.published_at)
        for doc in (stored.document for stored in candidates)
    ]
    lost = discounts(own, [(stored.story_id, other) for stored, other in zip(candidates, others, strict=True)])
    judged = [(stored, compare(own, other, lost)) for stored, other in zip(candidates, others, strict=True)]
    judged.sort(key=lambda pair: (-pair[1].points, pair[0].article_id))
    best, likeness = judged[0]
    trials = tuple(_trial(stored, each, taken=stored is best and each.points > 0) for stored, each in judged)
    if likeness.points <= 0:
        return Finding(New(f"closest is article {best.article_id}: {trials[0].reason}"), trials)
    return Finding(CopyOf(best.article_id, best.story_id, trials[0].similarity, trials[0].reason), trials)


def _trial(stored: Stored, likeness: Likeness, *, taken: bool) -> Trial:
    verdict = "a copy" if likeness.points > 0 else "no copy"
    return Trial(
        article_id=stored.article_id,
        story_id=stored.story_id,
        similarity=round(likeness.similarity, 4),
        points=round(likeness.points, 2),
        taken=taken,
        reason=f"{verdict} ({likeness.points:+.1f}): {told(likeness)}",
    )


def content_key(article: Article) -> bytes:
    """Return 16 bytes that are equal for two captures only if `compare_versions` calls them Same."""
    version = version_of(article)
    lead = setting(version.lead)
    parts = [setting(version.title), lead, *_without(_passages(version), {lead}), "\x00", *_people(version.authors)]
    parts += ["\x00", setting(version.section), _instant(version.published)]
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def compare_versions(old: Version, new: Article) -> Same | Changed:
    """Say whether *new* changes what is stored, in which fields and how much.

    `substantive`: other words or figures in the lead or the body; `headline`: in the title only; `minor`: letter case, punctuation,
    a corrected spelling, order of paragraphs, authors, section, time of publication. A field that a capture does not show at all is
    no change: pages that answer half are common, authors who withdraw their name are not.
    """
    now = version_of(new)
    old_lead, new_lead = setting(old.lead), setting(now.lead)
    before, after = _passages(old), _passages(now)
    degrees: dict[str, Materiality] = {}
    if now.title and setting(old.title) != setting(now.title):
        degrees["title"] = "minor" if spoken(setting(old.title)) == spoken(setting(now.title)) else "headline"
    # A lead that only now is marked as such, and stood in the text before, is no news.
    is_known = new_lead in before or _is_cut(old_lead, new_lead) or _is_hidden(old, now)
    if new_lead and not is_known and (degree := _text_degree([old_lead], [new_lead])):
        degrees["lead"] = degree
    leads = {old_lead, new_lead}
    before, after = _without(before, leads), _without(after, leads)
    before = _still_shown(before, after, new.beside)
    if after and (degree := _text_degree(before, after)):
        degrees["body"] = degree
    if now.authors and _people(old.authors) != _people(now.authors):
        degrees["authors"] = "minor"
    if now.section and setting(old.section).casefold() != setting(now.section).casefold():
        degrees["section"] = "minor"
    if _moved(old.published, now.published):
        degrees["published"] = "minor"
    if not degrees:
        return Same("nothing differs but what belongs to the page")
    most = max(degrees.values(), key=DEGREES.index)
    reason = ", ".join(f"{field}: {degree}" for field, degree in degrees.items())
    return Changed(tuple(degrees), most, reason)


def _passages(version: Version) -> list[str]:
    return passages(version.body, version.link_titles)


def _without(texts: Iterable[str], leads: Collection[str]) -> list[str]:
    """Leave out the leads: whether the body begins with the lead is for the page to choose, and it is compared by itself."""
    return [text for text in texts if text not in leads]


def _still_shown(before: Sequence[str], after: Sequence[str], beside: Sequence[str]) -> list[str]:
    """Return *before* without the paragraphs that the page still shows, though this reading left them out.

    One counter more on a page can tip a reading, and no editor did anything. What was withdrawn is nowhere on the page.
    """
    lost = set(before).difference(after)
    if lost:
        lost.intersection_update(map(setting, beside))
    return [text for text in before if text not in lost]


def _is_cut(one: str, other: str) -> bool:
    """Say whether one lead is the other cut short: descriptions in the markup often end in `…`, and captures differ."""
    stems = [lead[: -len(end)].rstrip() for lead in (one, other) for end in ("...", "…") if lead.endswith(end)]
    return any(len(stem) >= CUT_CHARS and one.startswith(stem) and other.startswith(stem) for stem in stems)


def _is_hidden(old: Version, new: Version) -> bool:
    """Say whether a lead that was shown on the page gave way to one of the markup, which often describes the whole site."""
    return old.lead_rule.startswith(SHOWN) and bool(new.lead_rule) and not new.lead_rule.startswith(SHOWN)


def _people(authors: Iterable[str]) -> list[str]:
    return sorted({setting(author).casefold() for author in authors})


def _text_degree(before: Sequence[str], after: Sequence[str]) -> Materiality | None:
    """Return how much two texts differ, None when not at all: where paragraphs are broken does not matter."""
    old, new = " ".join(before), " ".join(after)
    if old == new:
        return None
    old_words, new_words = spoken(old), spoken(new)
    if old_words == new_words or sorted(before) == sorted(after):
        return "minor"
    return "minor" if _is_spelling(old_words, new_words) else "substantive"


def _is_spelling(old: list[str], new: list[str]) -> bool:
    """Say whether a few words were replaced by words almost the same, figures excepted."""
    if len(old) != len(new):
        return False
    pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    return len(pairs) <= TYPO_WORDS and all(
        min(len(one), len(other)) > 3
        and not any(map(str.isdigit, one + other))
        and SequenceMatcher(None, one, other).ratio() >= TYPO_LIKENESS
        for one, other in pairs
    )


def _moved(old: Moment | None, new: Moment | None) -> bool:
    """Say whether the time of publication was changed: relative labels drift, and a day says nothing of the minute."""
    if new is None or new.at is None or "relative" in new.rule:
        return False
    if old is None or old.at is None or "relative" in old.rule:
        return old is None or old.at is None
    if "day" in (old.precision, new.precision):
        return old.at.date() != new.at.date()
    return abs(old.at - new.at) > PUBLISHED_SLACK


def _instant(moment: Moment | None) -> str:
    if moment is None or moment.at is None or "relative" in moment.rule:
        return ""
    return (
        moment.at.date().isoformat()
        if moment.precision == "day"
        else moment.at.astimezone(UTC).isoformat(timespec="minutes")
    )
