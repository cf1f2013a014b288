"""What a site offers is asked for and read before it is believed."""

from __future__ import annotations

from newsroom import Reply

from etl.flow.scout import scout
from tests.flow.visiting import SPACING_S, tools_for

# In EBCDIC, which nothing but the header gives away: a guess from the bytes finds no feed at all.
FEED = '<rss version="2.0"><channel><title>News</title><item><title>Quay agreed</title><link>{0}</link></item></channel></rss>'


def test_a_feed_is_read_in_the_charset_of_its_header_and_all_requests_are_spaced(room, clock, tmp_path):
    site = room.site("paper")
    home = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head><body>News</body></html>'
    site.put("/robots.txt", clock.seen(Reply(b"", content_type="text/plain")))
    site.put("/", clock.seen(Reply(home)))
    feed = FEED.format(site.url("/news/1")).encode("cp037", "replace")
    site.put("/feed", clock.seen(Reply(feed, content_type="application/rss+xml; charset=cp037")))
    site.fallback = clock.seen(Reply(status=404))
    tools = tools_for(tmp_path / "archive", clock)
    found = scout(tools.fetcher, site.url("/"), now=clock.now, sleep=clock.sleep, spacing_s=SPACING_S)
    tools.fetcher.close()
    assert [rule.url for rule in found.sources()] == [site.url("/feed")]
    assert min(clock.pauses()) >= SPACING_S
