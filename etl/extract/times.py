"""When an article was published and last changed: the page's claims are weighed, the printed label gives what they lack.

Markup for machines comes first: where JSON-LD names a publication it was right on all pages of the measuring corpus. Claims that
name a day only, or no zone, are completed by a claim for the same day that does. A time after the fetch is not accepted, an update
before the publication neither; what lost is kept for `explain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from etl.extract import date_zones, dates, time_claims
from etl.extract.dates import Place
from etl.extract.document import Document
from etl.extract.structured import Structured
from etl.extract.time_claims import Claim, TimeRole
from etl.extract.time_labels import Labels
from etl.extract.time_namings import LABEL_MIN_WEIGHT, Seen
from etl.model import Moment

if TYPE_CHECKING:
    from etl.extract.body import Main
    from etl.extract.teasers import Teasers

LOSERS_MAX = 8
SURE = 4
"""Claims trusted less are asked only when nothing better is there."""
WEAK = 9
"""Claims trusted less are taken only when the page has nothing else."""
STATED_DAY = 3
"""A day without time in a claim trusted no more than this gives way to a strong label with its time."""
STRONG_LABEL = 7
TRUST_OF_WEIGHT = 12
MOVED = timedelta(days=60)
"""An address that tells a day so much earlier than the markup was there first."""
GENERIC_DOMAINS = frozenset(
    {"tv", "io", "me", "co", "ai", "fm", "ly", "to", "cc", "ws", "eu", "la", "nu", "am", "gg", "sh", "so", "vc"}
)
"""Country domains that publishers of any country use."""
_OFFSET = re.compile(r"[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?\s?([+-]\d\d:?\d\d)$")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)?(Z|[+-]00:?00)?")


@dataclass(frozen=True, slots=True)
class Times:
    published: Moment | None = None
    modified: Moment | None = None
    evidence: dict[str, str] = field(default_factory=dict[str, str])
    """Field name → rule that gave it."""
    losers: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict[str, tuple[tuple[str, str], ...]])
    country: str | None = None
    """Where the page is published, as far as it says: what the date labels of its links need too."""
    zone: str | None = None
    """The publisher's zone: a name, or an offset that its markup tells."""


@dataclass(frozen=True, slots=True)
class _Option:
    moment: Moment
    trust: int


def read(
    doc: Document,
    facts: Structured,
    main: Main,
    *,
    language: str | None = None,
    country: str | None = None,
    zone: str | None = None,
    fetched_at: datetime | None = None,
    teasers: Teasers | None = None,
    title: str = "",
    raw: bytes = b"",
) -> Times:
    """Return the times of the page's article; a field is None when nothing on the page says it.

    *raw* are the bytes of the page: its scripts are asked when nothing that a reader sees tells the publication.
    """
    claims = time_claims.find(doc, facts)
    place = publisher(doc, facts, claims, language=language, country=country, zone=zone, fetched_at=fetched_at)
    published = _unmoved(list(_options(claims, "published", place)), doc.url, place)
    modified = list(_options(claims, "modified", place))
    if not _is_settled(published):
        labels = Labels(doc, main, teasers, place, title=title or _title(doc, facts))
        _add_seen(labels, published, modified)
        published += _options(_of_address(doc.url, place), "published", place)
        if not published or min(option.trust for option in published) > WEAK:
            published += _options(time_claims.in_scripts(raw), "published", place)
            published += _options(time_claims.of_names(doc), "published", place)
        if not published and not modified:
            seen = labels.named()
            published, modified = _seen(seen, "published"), _seen(seen, "modified")
        published.sort(key=lambda option: option.trust)
    return _chosen(published, modified, place)


def _unmoved(published: list[_Option], url: str, place: Place) -> list[_Option]:
    """Return the options of the publication, before them the day in the folders of the address when it is far earlier.

    Whoever moves to another content system keeps the addresses, and often loses the times.
    """
    day = time_claims.permanent_day(url) if published else None
    claims = [Claim("published", day, "url", 0)] if day else []
    kept = [option for option in _options(claims, "published", place) if _day(published[0]) - _day(option) >= MOVED]
    return [*kept, *published]


def _of_address(url: str, place: Place) -> list[Claim]:
    is_open = place.country is None and (place.language or "en").startswith("en")
    try:
        return time_claims.of_address(url, is_month_first=is_open or place.country in dates.MONTH_FIRST)
    except ValueError:  # no address
        return []


def _add_seen(labels: Labels, published: list[_Option], modified: list[_Option]) -> None:
    seen = labels.find()
    published += _seen(seen, "published")
    modified += _seen(seen, "modified")


def _chosen(published: list[_Option], modified: list[_Option], place: Place) -> Times:
    """Return the best of the options of each time, most trusted first, and what lost."""
    published = _possible(published, modified)
    first = _best(published)
    if first is None and modified:  # the page tells one time only
        first, modified = _best(modified), []
    second = _best([o for o in modified if first is None or _is_later(o.moment, first)])
    chosen = {"published_at": first, "modified_at": second}
    losers = {
        name: tuple((o.moment.rule, o.moment.text[:100]) for o in options if o.moment is not chosen[name])[:LOSERS_MAX]
        for name, options in (("published_at", published), ("modified_at", modified))
    }
    return Times(
        published=first,
        modified=second,
        evidence={name: moment.rule for name, moment in chosen.items() if moment is not None},
        losers={name: lost for name, lost in losers.items() if lost},
        country=place.country,
        zone=place.zone_name,
    )


def _possible(published: list[_Option], modified: list[_Option]) -> list[_Option]:
    """Return the options of the publication, most trusted first, without what the page's other times rule out.

    A weak line that tells a later day than a strong update is no publication. Content systems that keep one time tell the day of
    the update as that of the publication; the line under the headline then tells the earlier one.
    """
    update = modified[0] if modified else None
    if update is None or not published:
        return published
    told = published[0]
    if told.trust > WEAK and update.trust <= STRONG_LABEL and _day(told) > _day(update):
        return [option for option in published if _day(option) <= _day(update)]
    if told.trust < SURE and told.moment.precision == "day" and _day(told) == _day(update):
        earlier = (o for o in published if SURE <= o.trust <= STRONG_LABEL and _day(o) < _day(told))
        if (option := next(earlier, None)) is not None:
            return [option, *(o for o in published if o is not option)]
    return published


def _day(option: _Option) -> date:
    assert option.moment.at is not None
    return option.moment.at.date()


def publisher(
    doc: Document,
    facts: Structured,
    claims: Iterable[Claim],
    *,
    language: str | None,
    country: str | None,
    zone: str | None,
    fetched_at: datetime | None,
) -> Place:
    """Return where the page is published: zone and country as given, else from the domain, the language's region, the markup."""
    place = dates.locate(language, country or country_of(doc, facts), zone, fetched_at)
    if place.zone is None and (offset := _offset(claims)):
        return dates.in_offset(place, offset)
    return place


def _offset(claims: Iterable[Claim]) -> str | None:
    """Return the offset that the claims tell: written behind a time, or as local time beside the same time in UTC."""
    local: list[datetime] = []
    universal: list[datetime] = []
    for claim in claims:
        if found := _OFFSET.search(claim.text):
            if found[1][1:] not in ("00:00", "0000"):
                return found[1]
        elif found := _STAMP.fullmatch(claim.text):
            (universal if found[2] else local).append(datetime.fromisoformat(found[1].replace(" ", "T")))
    for one in local:
        for other in universal:
            minutes = (one - other).total_seconds() / 60
            if minutes and minutes % 15 == 0 and -12 * 60 <= minutes <= 14 * 60:
                sign, total = ("-" if minutes < 0 else "+"), abs(int(minutes))
                return f"{sign}{total // 60:02}:{total % 60:02}"
    return None


def country_of(doc: Document, facts: Structured) -> str | None:
    """Return the country of a page's publisher: of its domain, of the region in its language, of og:locale."""
    try:
        domain = (urlsplit(doc.url).hostname or "").rpartition(".")[2]
    except ValueError:
        domain = ""
    if (
        len(domain) == 2
        and domain not in GENERIC_DOMAINS
        and (domain in date_zones.ZONES or domain in ("us", "ca", "au"))
    ):
        return domain
    declared = [doc.attribute(0, "lang") if doc.tags else "", facts.first("og:locale"), facts.first("content-language")]
    for tag in declared:
        found = re.fullmatch(r"[a-zA-Z]{2,3}[-_]([A-Za-z]{2})(?:\W.*)?", tag.strip())
        if found and found[0].lower().replace("_", "-") != "en-us":  # what themes say when nobody set it
            return found[1].lower()
    return None


def _options(claims: Iterable[Claim], role: TimeRole, place: Place) -> Iterable[_Option]:
    for claim in claims:
        if claim.role != role:
            continue
        for reading in dates.readings(claim.text, place)[:1]:
            if reading.moment.at is not None:
                yield _Option(dates.ruled(dates.at_home(reading.moment, place), claim.rule), claim.trust)


def _seen(seen: Iterable[Seen], role: TimeRole) -> list[_Option]:
    return [
        _Option(dates.ruled(one.moment, f"label:{one.rule}"), TRUST_OF_WEIGHT - min(one.weight, 10))
        for one in seen
        if (one.role or "published") == role and one.weight >= LABEL_MIN_WEIGHT
    ]


def _title(doc: Document, facts: Structured) -> str:
    if title := facts.first("og:title"):
        return title
    elements = doc.by_tag.get("title", ())
    return doc.text(elements[0]) if elements else ""


def _is_settled(options: list[_Option]) -> bool:
    return bool(options) and options[0].trust < SURE and options[0].moment.precision == "minute"


def _best(options: list[_Option]) -> Moment | None:
    """Return the most trusted time; a bare day is completed by the most trusted time of that day."""
    if not options:
        return None
    best = options[0].moment
    if best.precision == "day" and options[0].trust >= STATED_DAY:
        # Print editions carry the day of the paper in meta elements; the line under the headline says when it went online.
        best = next((o.moment for o in options if o.trust <= STRONG_LABEL and o.moment.precision == "minute"), best)
    if best.precision == "day":
        for option in options[1:]:
            if option.moment.precision == "minute" and _is_same_day(option.moment, best):
                return option.moment
    return best


def _is_same_day(one: Moment, other: Moment) -> bool:
    assert one.at is not None
    assert other.at is not None
    return one.at.date() == other.at.date()


def _is_later(moment: Moment, published: Moment) -> bool:
    assert moment.at is not None
    assert published.at is not None
    if "day" in (moment.precision, published.precision):
        return moment.at.date() >= published.at.date()
    return moment.at >= published.at - timedelta(minutes=1)
