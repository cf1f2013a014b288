-- The alembic version table lives in etl, so the schema itself stays.
DROP TABLE etl.runs, etl.backfill_items, etl.backfills, etl.tombstones, etl.links, etl.article_keys, etl.article_versions,
    etl.external_ids, etl.articles, etl.stories, etl.attempts, etl.captures, etl.sightings, etl.page_urls, etl.pages, etl.sources, etl.hosts;
DROP SCHEMA news;
