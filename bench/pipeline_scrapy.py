"""The usual way, for comparison: Scrapy fetches, trafilatura reads, psycopg stores. Run by bench/pipeline.py.

    python bench/pipeline_scrapy.py DSN SITEMAP…

One table, a row per page with title, authors, date, text and links, 100 rows to a commit; robots.txt obeyed, no delay, 16
requests at a time.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import psycopg
import scrapy
import trafilatura
from scrapy.crawler import CrawlerProcess

ROWS_PER_COMMIT = 100


class PageSpider(scrapy.Spider):
    name = "pages"
    custom_settings = {  # noqa: RUF012 - as Scrapy wants it
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "DOWNLOAD_DELAY": 0,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "ITEM_PIPELINES": {"pipeline_scrapy.PostgresPipeline": 300},
    }

    def parse(self, response: Any) -> Any:
        for url in response.xpath("//*[local-name()='loc']/text()").getall():
            yield scrapy.Request(url, callback=self.parse_page)

    def parse_page(self, response: Any) -> Any:
        found = trafilatura.bare_extraction(response.body, url=response.url, with_metadata=True, include_comments=False)
        facts = {} if found is None else found if isinstance(found, dict) else found.as_dict()
        links = [response.urljoin(href) for href in response.css("a::attr(href)").getall()]
        yield {"url": response.url, "links": links, **{k: facts.get(k) for k in ("title", "author", "date", "text")}}


class PostgresPipeline:
    def open_spider(self) -> None:
        self.conn = psycopg.connect(sys.argv[1])
        self.conn.execute("""
            CREATE TABLE IF NOT EXISTS scraped
                (url text PRIMARY KEY, title text, author text, published_on text, text text, links jsonb)
            """)
        self.rows = 0

    def process_item(self, item: Any) -> Any:
        self.conn.execute(
            "INSERT INTO scraped VALUES (%(url)s, %(title)s, %(author)s, %(date)s, %(text)s, %(links)s) "
            "ON CONFLICT DO NOTHING",
            {**item, "links": json.dumps(item["links"])},
        )
        self.rows += 1
        if self.rows % ROWS_PER_COMMIT == 0:
            self.conn.commit()
        return item

    def close_spider(self) -> None:
        self.conn.commit()
        self.conn.close()


def main() -> None:
    process = CrawlerProcess()
    process.crawl(PageSpider, start_urls=sys.argv[2:])
    process.start()


if __name__ == "__main__":
    main()
