"""As many distinct news pages as a benchmark needs, from a few: the same markup and weight, other words in another order.

The words of each paragraph, headline and summary are shuffled by the number of the copy, alike wherever the same text stands
(the headline in `<h1>`, `<title>` and JSON-LD), and the page gets an address of its own, also where it names itself. So each
copy costs an extractor what its original costs, and is no near-copy of it. Originals come from a WARC file, or are made up:
an article of 700 words among menus, teasers, scripts and a comment form, 190 KB in all.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl.discover import WarcRecord, records

SHUFFLED = re.compile(
    rb"""(?P<open><(p|h1|title)(?=[\s>])[^>]*>)(?P<body>.*?)(?=</\2>)"""
    rb"""|(?P<name>"(?:headline|description|articleBody|alternativeHeadline)"\s*:\s*")(?P<value>(?:[^"\\]|\\.)*)""",
    re.DOTALL,
)
PIECES = re.compile(rb"<[^>]*>|&#?\w+;|[^<&]+")
WORDS_MIN = 3
TEXT_MIN_BYTES = 1_000
"""An original with less shuffled text than this would give near-copies: it is left out."""


@dataclass(frozen=True, slots=True)
class Original:
    url: str
    body: bytes
    at: datetime


def of_warc(path: Path) -> list[Original]:
    """Return the articles of a WARC file whose copies can be told apart."""
    originals: dict[str, Original] = {}
    with path.open("rb") as stream:
        for record in records(stream):
            if not isinstance(record, WarcRecord) or record.status != 200 or b"<html" not in record.body[:4000].lower():
                continue
            text = sum(len(m["body"] or m["value"] or b"") for m in SHUFFLED.finditer(record.body))
            if text >= TEXT_MIN_BYTES and b" " in record.body:
                url = record.url.partition("?")[0].partition("#")[0]
                originals.setdefault(url, Original(url, record.body, record.fetched_at))
    return list(originals.values())


def copy_of(original: Original, number: int, *, at: str | None = None) -> tuple[str, bytes]:
    """Return URL and page of copy *number*; *at* is the origin it is served from, its own when None."""
    scheme, _, rest = original.url.partition("://")
    host, _, path = rest.partition("/")
    url = f"{at or f'{scheme}://{host}'}/{number}/{path.rstrip('/') or 'article'}"
    body = SHUFFLED.sub(lambda found: _shuffled(found, number), original.body)
    return url, body.replace(original.url.encode(), url.encode())


def _shuffled(found: re.Match[bytes], number: int) -> bytes:
    if found["name"] is not None:
        return found["name"] + _mixed(found["value"], number)
    pieces: list[bytes] = PIECES.findall(found["body"])
    return found["open"] + b"".join(piece if piece[:1] in b"<&" else _mixed(piece, number) for piece in pieces)


def _mixed(text: bytes, number: int) -> bytes:
    words = text.split()
    if len(words) < WORDS_MIN or b"\\" in text:
        return text
    random.Random(number * 1_000_003 + len(words)).shuffle(words)
    return b" ".join(words)


def made_up(count: int = 24, *, now: datetime) -> list[Original]:
    """Return made-up originals of the weight of news pages, each with its own words."""
    return [Original(f"https://paper{n % 8}.example.org/news/story-{n}", _page(n, now), now) for n in range(count)]


SOUNDS = ("ba", "ce", "di", "fo", "gu", "ha", "ki", "lo", "mu", "ne", "pra", "sto", "tri", "vel", "wan", "zor")
GLUE = ("the", "of", "and", "to", "in", "that", "was", "for", "on", "with", "as", "by", "at", "from", "said", "had")


class _Words:
    def __init__(self, number: int) -> None:
        self.dice = random.Random(number)
        self.known = ["".join(self.dice.choices(SOUNDS, k=self.dice.randint(2, 4))) for _ in range(3_000)]

    def some(self, count: int) -> str:
        return " ".join(self.dice.choice(GLUE if self.dice.random() < 0.4 else self.known) for _ in range(count))

    def sentence(self) -> str:
        return self.some(self.dice.randint(9, 24)).capitalize() + "."

    def paragraph(self) -> str:
        return " ".join(self.sentence() for _ in range(self.dice.randint(2, 4)))


def _page(number: int, now: datetime) -> bytes:
    words = _Words(number)
    url = f"https://paper{number % 8}.example.org/news/story-{number}"
    title, summary = words.some(9).capitalize(), words.sentence()
    paragraphs = "".join(f'<p class="story__text">{words.paragraph()}</p>\n' for _ in range(14))
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": title,
        "description": summary,
        "datePublished": now.isoformat(timespec="seconds"),
        "author": [{"@type": "Person", "name": "Ada Ferrand"}],
        "mainEntityOfPage": url,
        "articleSection": "Region",
    }
    state = json.dumps({f"k{n}": {"id": n, "text": words.some(6), "flags": [n % 2, n % 3]} for n in range(900)})
    teasers = "".join(_teaser(words) for _ in range(40))
    ranking = "".join(
        f'<li><span class="rank">{n}</span><a href="/news/{words.some(5).replace(" ", "-")}-{words.dice.randrange(10**6)}">'
        f"{words.some(8).capitalize()}</a></li>"
        for n in range(1, 11)
    )
    menu = "".join(
        f'<li class="menu__item"><a class="menu__link" href="/{words.some(1)}/">{words.some(2)}</a></li>'
        for _ in range(220)
    )
    style = "".join(f".c{n}{{margin:{n}px;padding:{n % 7}px;color:#{n:06x}}}" for n in range(900))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta property="og:title" content="{title}"><meta name="description" content="{summary}"><link rel="canonical" href="{url}">
<style>{style}</style><script type="application/ld+json">{json.dumps(facts)}</script>
<script>window.__STATE__={state};</script></head><body><header><nav><ul>{menu}</ul></nav></header>
<main><article class="story"><h1>{title}</h1><p class="story__lead">{summary}</p>
<div class="byline">By <a rel="author" href="/by/ada">Ada Ferrand</a> <time datetime="{now.isoformat()}">{now:%d %B %Y}</time></div>
{paragraphs}</article><section class="related"><h2>Related stories</h2>{teasers}</section>
<aside class="most-read"><h2>Most read</h2><ol>{ranking}</ol></aside></main>
<footer><ul>{menu}</ul></footer></body></html>
""".encode()


def _teaser(words: _Words) -> str:
    link = f"/news/{words.some(5).replace(' ', '-')}-{words.dice.randrange(10**6)}"
    image = f"{words.dice.randrange(10**9)}.jpg"
    return (
        f'<div class="teaser"><a class="teaser__link" href="{link}"><picture><source srcset="/i/{image}?w=320 320w, '
        f'/i/{image}?w=640 640w, /i/{image}?w=1280 1280w"><img '
        f'loading="lazy" class="teaser__image" src="/i/{image}" alt=""></picture>'
        f'<span class="teaser__kicker">{words.some(1)}</span><h3 class="teaser__title">{words.some(8).capitalize()}</h3></a>'
        f'<div class="teaser__meta"><span class="dot"></span><svg viewBox="0 0 24 24"><path d="M12 2{"L4 8" * 40}"/></svg>'
        "</div></div>"
    )


def weight(pages: list[bytes]) -> str:
    """Return the mean weight of pages, as they are and compressed, in words."""
    plain = sum(map(len, pages)) / len(pages)
    packed = sum(len(gzip.compress(page, 6)) for page in pages) / len(pages)
    return f"{plain / 1000:.0f} KB, {packed / 1000:.0f} KB as gzip"
