DROP VIEW news.urls, news.coverage_gaps, news.source_health;
DROP FUNCTION news.article_diff(bigint, bigint, bigint), news.line_diff(text[], text[]), news.articles_asof(timestamptz);
DROP FUNCTION news.search(text, text, timestamptz, timestamptz, text, integer);
DROP TRIGGER search_inserted ON etl.article_versions;
DROP TRIGGER search_updated ON etl.article_versions;
DROP TRIGGER search_inserted ON etl.sightings;
DROP FUNCTION etl.wait_for_search(), etl.fill_search(integer), etl.newest_hits(tsquery, timestamptz, timestamptz, integer),
    etl.snippet(text, regconfig, tsquery, text), etl.search_mark(text, text), etl.search_query(text, regconfig),
    etl.search_words(text, regconfig), etl.in_pairs(text, boolean), etl.unmarked(text, regconfig), etl.unspaced_letters(),
    etl.search_config(text);
DROP TABLE etl.search_configs, etl.search_waiting, etl.search_texts;
