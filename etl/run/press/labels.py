"""How the papers print times: absolute in their language, and relative for what is fresh."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Style = Literal["aube", "littoral", "ledger"]
_MOIS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def dateline(at: datetime, style: Style) -> str:
    """Return the line under an article's headline; *at* is in the paper's zone."""
    if style == "ledger":
        return f"Posted: {_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}, {_clock(at)}"
    day = "1er" if at.day == 1 else str(at.day)
    if style == "littoral":
        return f"Le {day} {_MOIS[at.month - 1]} {at.year} à {at:%H:%M}"
    return f"Publié le {day} {_MOIS[at.month - 1]} {at.year} à {at.hour}h{at.minute:02d}"


def teaser_label(at: datetime, now: datetime, style: Style) -> str:
    """Return what stands beside a teaser: hours for today's, `hier` for yesterday's, else the date."""
    now = now.astimezone(at.tzinfo)
    age_min = int((now - at).total_seconds() // 60)
    if style == "ledger":
        if age_min < 24 * 60:
            return _count(age_min // 60, "hour") if age_min >= 60 else _count(max(1, age_min), "minute")
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    if at.date() == now.date():
        if age_min >= 60:
            hours = age_min // 60
            return f"il y a {hours} heure{'s' if hours > 1 else ''}"
        minutes = max(1, age_min)
        return f"il y a {minutes} minute{'s' if minutes > 1 else ''}"
    if at.date() == now.date() - timedelta(days=1):
        return f"Publié hier à {at.hour}h{at.minute:02d}"
    return dateline(at, style)


def is_vague(at: datetime, now: datetime, style: Style) -> bool:
    """Tell whether the label beside a teaser says less than the minute."""
    label = teaser_label(at, now, style)
    return label.startswith("il y a") or label.endswith(" ago") or (style == "ledger")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' if number > 1 else ''} ago"


def _clock(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02d}{'am' if at.hour < 12 else 'pm'}"
