-- migrate:autocommit
-- news.urls is asked for a URL, news.coverage_gaps for the failed polls of a source and day. An index over partitions cannot be
-- made concurrently; etl.attempts is small, for retention keeps it so.
DROP INDEX CONCURRENTLY IF EXISTS etl.page_urls_by_url;
CREATE INDEX CONCURRENTLY page_urls_by_url ON etl.page_urls USING hash (url);
CREATE INDEX IF NOT EXISTS attempts_by_source ON etl.attempts (source_id, attempted_at) WHERE source_id IS NOT NULL;
