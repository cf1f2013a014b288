"""The three faces of the press: semantic HTML with JSON-LD, nested `div`s with meta tags, tables of the nineties."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.run.press.content import Box, Editions, Paper, Story, Teaser, paper_named, resolved
from etl.run.press.labels import dateline, teaser_label
from etl.run.press.places import Places

_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
escaped = html.escape


@dataclass(frozen=True, slots=True)
class Press:
    """What a page is printed from."""

    places: Places
    edition: int
    editions_at: Editions

    @property
    def now(self) -> datetime:
        """When the current edition came out: relative labels count from there."""
        return self.editions_at[self.edition - 1]

    def published_at(self, story: Story) -> datetime:
        return story.published_at(paper_named(story.paper), self.editions_at)

    def modified_at(self, story: Story) -> datetime:
        at = self.published_at(story)
        if self.edition < 2 or story.edited_title is None:
            return at
        return self.now.astimezone(at.tzinfo).replace(second=0, microsecond=0)

    def label(self, story: Story) -> str:
        return teaser_label(self.published_at(story), self.now, story.paper)


def article(press: Press, paper: Paper, story: Story) -> str:
    """Return the story's page."""
    page = {"aube": _semantic, "littoral": _divs, "ledger": _tables}[paper.key]
    return page(press, paper, story)


def amp(press: Press, paper: Paper, story: Story) -> str:
    """Return the story's AMP page: the same text, no boxes, and the way to the canonical page."""
    text = "".join(f"<p>{_linked(press, paper, one)}</p>" for one in story.paragraphs)
    return (
        f'<!doctype html><html amp lang="{paper.language}"><head><meta charset="utf-8"><title>{escaped(story.title)}</title>'
        f'<link rel="canonical" href="{escaped(press.places.url(story))}"></head>'
        f"<body><article><h1>{escaped(story.title)}</h1><p>{escaped(story.lead)}</p>{text}</article></body></html>"
    )


def section(press: Press, paper: Paper, name: str) -> str:
    """Return a section page: its stories, the newest first."""
    label = dict(paper.sections)[name]
    return _front(press, paper, f"{label} - {paper.name}", paper.in_section(name, press.edition))


def home(press: Press, paper: Paper) -> str:
    """Return the front page."""
    return _front(press, paper, paper.name, paper.printed(press.edition)[:12])


def _front(press: Press, paper: Paper, title: str, stories: Sequence[Story]) -> str:
    rows: list[str] = []
    for story in stories:
        if story.is_private:
            continue
        link = f'<a href="{escaped(press.places.named_in_section(story))}">{escaped(story.title)}</a>'
        at = press.published_at(story)
        if paper.key == "aube":
            rows.append(
                f'<article class="teaser"><h2>{link}</h2><p>{escaped(story.lead)}</p>'
                f'<time datetime="{at.isoformat()}">{escaped(press.label(story))}</time></article>'
            )
        elif paper.key == "littoral":
            rows.append(
                f'<div class="card"><div class="card__t">{link}</div><div class="card__d">{escaped(press.label(story))}</div></div>'
            )
        else:
            rows.append(
                f'<tr><td class="headline">{link}</td><td><font size="1">{escaped(press.label(story))}</font></td></tr>'
            )
    body = "\n".join(rows)
    if paper.key == "ledger":
        body = f'<table width="760" border="0">{body}</table>'
    kind = {"aube": "application/rss+xml", "littoral": "application/atom+xml"}.get(paper.key)
    feed = f'<link rel="alternate" type="{kind}" href="{press.places.feed_path(paper)}">' if kind else ""
    return (
        f'<!doctype html><html lang="{paper.language}"><head><meta charset="utf-8"><title>{escaped(title)}</title>{feed}</head>'
        f"<body>{_menu(press, paper)}<main><h1>{escaped(title)}</h1>{body}</main>{_footer(paper)}</body></html>"
    )


def _semantic(press: Press, paper: Paper, story: Story) -> str:
    at, changed_at = press.published_at(story), press.modified_at(story)
    section_label = dict(paper.sections).get(story.section, paper.name)
    json_ld = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "description": story.lead,
        "datePublished": at.isoformat(),
        "dateModified": changed_at.isoformat(),
        "articleSection": section_label,
        "author": {"@type": "Person", "name": story.author},
        "mainEntityOfPage": press.places.url(story),
        "publisher": {"@type": "NewsMediaOrganization", "name": paper.name},
    }
    text = "".join(f"<p>{_linked(press, paper, one)}</p>" for one in story.paragraphs)
    kicker = f'<span class="kicker">{escaped(story.kicker)}</span>' if story.kicker else ""
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escaped(story.title)} | {escaped(paper.name)}</title>'
        f'<link rel="canonical" href="{press.places.url(story)}"><link rel="amphtml" href="{press.places.amp_path(story)}">'
        f'<meta property="og:type" content="article"><meta property="og:title" content="{escaped(story.title)}">'
        f'<meta name="description" content="{escaped(story.lead)}">'
        f'<script type="application/ld+json">{json.dumps(json_ld, ensure_ascii=False)}</script></head>'
        f"<body><header>{_menu(press, paper)}</header><main><article>{kicker}<h1>{escaped(story.title)}</h1>"
        f'<p class="chapo">{escaped(story.lead)}</p><p class="signature">Par <a rel="author" href="/auteurs/">'
        f"{escaped(story.author)}</a> - "
        f'<time datetime="{at.isoformat()}">{dateline(at, "aube")}</time></p>{text}</article>'
        f"<aside>{''.join(_semantic_box(press, box) for box in paper.boxes(story, press.edition))}</aside></main>"
        f"{_footer(paper)}</body></html>"
    )


def _semantic_box(press: Press, box: Box) -> str:
    def item(teaser: Teaser) -> str:
        kicker = f'<span class="label">{escaped(_section_label(teaser))}</span>' if teaser.has_kicker else ""
        time = f"<time>{escaped(press.label(teaser.story))}</time>" if teaser.has_date else ""
        rank = f'<span class="rank">{teaser.rank}</span>' if teaser.rank else ""
        link = (
            f'<a href="{escaped(press.places.path(teaser.story))}">{kicker}<h3>{escaped(teaser.story.title)}</h3></a>'
        )
        return f"<li>{rank}{link}{time}</li>"

    return f"<section><h2>{escaped(box.heading)}</h2><ul>{''.join(map(item, box.teasers))}</ul></section>"


def _divs(press: Press, paper: Paper, story: Story) -> str:
    at, changed_at = press.published_at(story), press.modified_at(story)
    text = "".join(f'<div class="t-p">{_linked(press, paper, one)}</div>' for one in story.paragraphs)
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escaped(story.title)} - {escaped(paper.name)}</title>'
        f'<link rel="canonical" href="{press.places.url(story)}"><meta property="og:type" content="article">'
        f'<meta property="og:title" content="{escaped(story.title)}"><meta property="og:site_name" content="{escaped(paper.name)}">'
        f'<meta property="article:published_time" content="{at.isoformat()}">'
        f'<meta property="article:modified_time" content="{changed_at.isoformat()}">'
        f'<meta property="article:section" content="{escaped(dict(paper.sections)[story.section])}">'
        f'<meta name="author" content="{escaped(story.author)}"><meta name="description" content="{escaped(story.lead)}"></head>'
        f'<body><div id="page">{_menu(press, paper)}<div class="g"><div class="g-8">'
        f'<div class="x-title"><h1>{escaped(story.title)}</h1></div>'
        f'<div class="x-meta"><span>{escaped(story.author)}</span> <span>{dateline(at, "littoral")}</span></div>'
        f'<div class="x-lead">{escaped(story.lead)}</div><div class="x-text">{text}</div>'
        f'<div class="share"><a href="https://www.facebook.com/sharer/sharer.php?u=x">Partager</a></div></div>'
        f'<div class="g-4">{"".join(_div_box(press, box) for box in paper.boxes(story, press.edition))}</div></div>'
        f"{_footer(paper)}</div></body></html>"
    )


def _div_box(press: Press, box: Box) -> str:
    def item(teaser: Teaser) -> str:
        kicker = f'<div class="k">{escaped(_section_label(teaser))}</div>' if teaser.has_kicker else ""
        time = f'<div class="d">{escaped(press.label(teaser.story))}</div>' if teaser.has_date else ""
        rank = f'<div class="n">{teaser.rank}</div>' if teaser.rank else ""
        link = f'<a href="{escaped(press.places.path(teaser.story))}">{escaped(teaser.story.title)}</a>'
        return f'<div class="it">{rank}{kicker}{link}{time}</div>'

    return f'<div class="bx"><div class="bx-h">{escaped(box.heading)}</div>{"".join(map(item, box.teasers))}</div>'


def _tables(press: Press, paper: Paper, story: Story) -> str:
    text = "".join(f"<p>{_linked(press, paper, one)}</p>" for one in story.paragraphs)
    boxes = "".join(_table_box(press, box) for box in paper.boxes(story, press.edition))
    return (
        f'<html><head><meta charset="utf-8"><title>{escaped(story.title)} - {escaped(paper.name)}</title>'
        f'<meta name="description" content="{escaped(story.lead)}"></head><body bgcolor="#ffffff">{_menu(press, paper)}'
        f'<table width="760" border="0"><tr><td width="520" valign="top"><h1>{escaped(story.title)}</h1>'
        f"<p><b>{escaped(story.lead)}</b></p>"
        f'<p><font size="2">By {escaped(story.author)}<br>{dateline(press.published_at(story), "ledger")}</font></p>'
        f'{text}</td><td width="240" valign="top">{boxes}</td></tr></table>{_footer(paper)}</body></html>'
    )


def _table_box(press: Press, box: Box) -> str:
    def row(teaser: Teaser) -> str:
        rank = f"<td>{teaser.rank}.</td>" if teaser.rank else "<td></td>"
        time = f' <font size="1">{escaped(press.label(teaser.story))}</font>' if teaser.has_date else ""
        link = f'<a href="{escaped(press.places.path(teaser.story))}">{escaped(teaser.story.title)}</a>'
        return f"<tr>{rank}<td>{link}{time}</td></tr>"

    heading = f'<tr><th colspan="2" align="left">{escaped(box.heading)}</th></tr>'
    return f'<table border="0" width="240">{heading}{"".join(map(row, box.teasers))}</table>'


def _section_label(teaser: Teaser) -> str:
    return teaser.story.kicker or dict(paper_named(teaser.story.paper).sections)[teaser.story.section]


def _linked(press: Press, paper: Paper, text: str) -> str:
    """Return a paragraph as HTML, its links with their addresses."""
    parts: list[str] = []
    end = 0
    for match in _LINK.finditer(text):
        owner, target = resolved(paper, match[2])
        url = press.places.path(target) if owner.key == paper.key else press.places.url(target)
        parts.append(f'{escaped(text[end : match.start()])}<a href="{escaped(url)}">{escaped(match[1])}</a>')
        end = match.end()
    return "".join(parts) + escaped(text[end:])


def _menu(press: Press, paper: Paper) -> str:
    links = " ".join(
        f'<a href="{press.places.section_path(paper, name)}">{escaped(label)}</a>' for name, label in paper.sections
    )
    return f"<nav>{links}</nav>"


def _footer(paper: Paper) -> str:
    words = ("Mentions légales", "Contact") if paper.language == "fr" else ("Legal notice", "Contact us")
    return f'<footer><a href="/legal">{words[0]}</a> <a href="/contact">{words[1]}</a> {escaped(paper.name)}</footer>'
