"""What the papers announce: an RSS feed, an Atom feed, a news sitemap, robots.txt."""

from __future__ import annotations

from email.utils import format_datetime
from html import escape

from etl.run.press.content import Paper
from etl.run.press.layouts import Press
from etl.run.press.places import PRIVATE


def feed(press: Press, paper: Paper) -> tuple[str, str]:
    """Return the content type and the text of the paper's feed."""
    if paper.key == "aube":
        return "application/rss+xml; charset=utf-8", _rss(press, paper)
    if paper.key == "littoral":
        return "application/atom+xml; charset=utf-8", _atom(press, paper)
    return "application/xml; charset=utf-8", _news_sitemap(press, paper)


def robots(press: Press, paper: Paper) -> str:
    """Return robots.txt: one folder is refused, and the Ledger announces its sitemap."""
    lines = ["User-agent: *", f"Disallow: {PRIVATE}"]
    if paper.key == "ledger":
        lines.append(f"Sitemap: {press.places.bases[paper.key]}{press.places.feed_path(paper)}")
    return "\n".join(lines) + "\n"


def _rss(press: Press, paper: Paper) -> str:
    items = "".join(
        f"<item><title>{escape(story.title)}</title><link>{escape(url)}</link>"
        f'<guid isPermaLink="false">aube-{story.number}-{number}</guid>'
        f"<pubDate>{format_datetime(press.published_at(story))}</pubDate>"
        f"<description>{escape(story.lead)}</description></item>"
        for story in paper.fed(press.edition)
        for number, url in enumerate(press.places.named_in_feed(story))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{escape(paper.name)}</title>'
        f"<link>{press.places.bases[paper.key]}/</link><description>Toute l'actualité</description><ttl>15</ttl>{items}"
        "</channel></rss>"
    )


def _atom(press: Press, paper: Paper) -> str:
    base = press.places.bases[paper.key]
    entries = "".join(
        f"<entry><title>{escape(story.title)}</title><id>tag:littoral,{story.number}:{number}</id>"
        f'<link rel="alternate" type="text/html" href="{escape(url)}"/>'
        f"<published>{press.published_at(story).isoformat()}</published>"
        f"<updated>{press.modified_at(story).isoformat()}</updated><summary>{escape(story.lead)}</summary></entry>"
        for story in paper.fed(press.edition)
        for number, url in enumerate(press.places.named_in_feed(story))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f'<title>{escape(paper.name)}</title><id>{base}/</id><link rel="self" href="{base}/atom.xml"/>'
        f"<updated>{press.now.isoformat()}</updated>{entries}</feed>"
    )


def _news_sitemap(press: Press, paper: Paper) -> str:
    urls = "".join(
        f"<url><loc>{escape(url)}</loc><lastmod>{press.modified_at(story).isoformat()}</lastmod><news:news>"
        f"<news:publication><news:name>{escape(paper.name)}</news:name><news:language>en</news:language>"
        f"</news:publication><news:publication_date>{press.published_at(story).isoformat()}</news:publication_date>"
        f"<news:title>{escape(story.title)}</news:title></news:news></url>"
        for story in paper.fed(press.edition)
        for url in press.places.named_in_feed(story)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )
